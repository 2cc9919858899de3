package main

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"keyfob/internal/center/labca"
	"keyfob/internal/clock"
)

// caOptions is the commands under ca.
type caOptions struct {
	Clock  clock.Clock
	Random io.Reader
	Out    io.Writer

	Config, Dir       string
	Name              string
	CertFile, KeyFile string
	Life              time.Duration
}

func caCommand(io stdio) *cobra.Command {
	o := &caOptions{Clock: clock.System{}, Random: rand.Reader, Out: io.out}
	cmd := groupCommand("ca", "A certificate authority of your own, for TLS in a lab", `Makes and uses a certificate authority (CA) that can sign for the hosts of this
center only: its certificate says so (name constraints), so that whoever steals
its key can pretend to be this center, but no bank.

  keyfob-center ca init center.example.com    makes it
  keyfob-center ca trust                      prints how clients come to trust it
  keyfob-center serve --tls lab …             serves with it, and renews by itself`)
	initialize := &cobra.Command{
		Use: "init HOST…", Short: "Make the CA, for these host names and addresses",
		Long: `Makes the CA. It will be able to sign for the DNS names given, and what is below
them, and for the IP addresses given, and for nothing else: to add one later, a new
CA is needed, which clients then have to trust anew.`,
		Example: "  keyfob-center ca init center.example.com 192.0.2.7\n  keyfob-center ca init localhost 127.0.0.1",
		Args:    someHosts,
		RunE:    func(_ *cobra.Command, hosts []string) error { return o.init(hosts) },
	}
	initialize.Flags().StringVar(&o.Name, "name", "Identity Center lab CA", "what systems show as its name")
	issue := &cobra.Command{
		Use: "issue HOST…", Short: "Sign a certificate, for a proxy in front of the center",
		Long: `Makes a key and signs a certificate for it, for programs other than serve, which
does this by itself. Both files are written over what is there, the key with mode
0600.`,
		Args: someHosts,
		RunE: func(_ *cobra.Command, hosts []string) error { return o.issue(hosts) },
	}
	issue.Flags().StringVar(&o.CertFile, "cert", "server.pem", "file for the certificate and the CA's, PEM")
	issue.Flags().StringVar(&o.KeyFile, "key", "server-key.pem", "file for the key, PEM")
	issue.Flags().DurationVar(&o.Life, "life", labca.LeafLife, "how long it is good for, 9528h at most")
	show := &cobra.Command{
		Use: "show", Short: "Show the CA: fingerprint, hosts, how long it is good for", Args: noArgs,
		RunE: func(*cobra.Command, []string) error { return o.show() },
	}
	trust := &cobra.Command{
		Use: "trust", Short: "Print how systems and SDKs come to trust the CA; changes nothing", Args: noArgs,
		RunE: func(*cobra.Command, []string) error { return o.trust() },
	}
	for _, c := range []*cobra.Command{initialize, issue, show, trust} {
		c.Flags().StringVar(&o.Config, "config", configName, "the file that declares the instance")
		c.Flags().StringVar(&o.Dir, "ca-dir", "", "folder of the CA; default ca beside the config file")
		cmd.AddCommand(c)
	}
	return cmd
}

func someHosts(_ *cobra.Command, args []string) error {
	if len(args) == 0 {
		return usageError{errors.New("give one host name or address at least")}
	}
	return nil
}

func (o *caOptions) init(hosts []string) error {
	dir := caDir(o.Dir, o.Config)
	a, err := labca.New(o.Random, o.Clock.Now(), o.Name, hosts)
	var bad *labca.HostError
	if errors.As(err, &bad) {
		return usageError{err}
	} else if err != nil {
		return err
	}
	if err := a.Save(dir); errors.Is(err, fs.ErrExist) {
		return configError{hinted{fmt.Errorf("there is a lab CA in %s already and it is left as it is", dir), "move the folder away to make a new one; clients then have to trust that"}}
	} else if err != nil {
		return configError{err}
	}
	if err := o.describe(a, dir); err != nil {
		return err
	}
	_, err = fmt.Fprintf(o.Out, "\nNext: keyfob-center ca trust, and keyfob-center serve --tls lab\n")
	return err
}

func (o *caOptions) show() error {
	dir := caDir(o.Dir, o.Config)
	a, err := loadCA(dir)
	if err != nil {
		return err
	}
	return o.describe(a, dir)
}

func (o *caOptions) describe(a *labca.Authority, dir string) error {
	_, err := fmt.Fprintf(o.Out, `File:        %s
Name:        %s
SHA-256:     %s
Good until:  %s
Signs for:   %s, and nothing else
`, filepath.Join(dir, labca.CertName), oneLine(a.Root.Subject.CommonName), a.Fingerprint(), a.Root.NotAfter.Format(time.DateOnly), strings.Join(a.Hosts(), ", "))
	return err
}

func (o *caOptions) issue(hosts []string) error {
	a, err := loadCA(caDir(o.Dir, o.Config))
	if err != nil {
		return err
	}
	if o.Life <= 0 || o.Life > labca.MaxLeafLife {
		return usageError{fmt.Errorf("--life is more than 0 and %s at most, which is what systems accept", labca.MaxLeafLife)}
	}
	c, err := a.Issue(o.Random, o.Clock.Now(), o.Life, hosts)
	var bad *labca.HostError
	if errors.As(err, &bad) {
		return usageError{err}
	} else if err != nil {
		return configError{err}
	}
	if err := a.SaveLeaf(c, o.CertFile, o.KeyFile); err != nil {
		return configError{err}
	}
	_, err = fmt.Fprintf(o.Out, "Wrote %s and %s, good until %s.\n", o.CertFile, o.KeyFile, c.Leaf.NotAfter.Format(time.RFC3339))
	return err
}

func (o *caOptions) trust() error {
	dir := caDir(o.Dir, o.Config)
	a, err := loadCA(dir)
	if err != nil {
		return err
	}
	file, err := filepath.Abs(filepath.Join(dir, labca.CertName))
	if err != nil {
		return err
	}
	_, err = io.WriteString(o.Out, trustText(file, a.Fingerprint()))
	return err
}
