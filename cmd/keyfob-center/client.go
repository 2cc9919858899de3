package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"keyfob/internal/center/clientconfig"
	"keyfob/internal/center/doctor"
	"keyfob/internal/clock"
)

// clientOptions is the commands under client. They run where clients do, and need nothing of the center's
// but its address.
type clientOptions struct {
	Clock  clock.Clock
	Getenv func(string) string
	Home   func() (string, error)
	io     stdio

	clientconfig.Settings
	CA         string
	Shell      string
	ConfigFile string
	Write, Yes bool
	Timeout    time.Duration
}

func clientCommand(io stdio) *cobra.Command {
	o := &clientOptions{Clock: clock.System{}, Getenv: os.Getenv, Home: os.UserHomeDir, io: io}
	cmd := groupCommand("client", "Set up and check a client of a center", `Says what the AWS CLI, SDKs and other clients on this machine need to use a center,
and checks whether they have it. It runs where the clients are, needs no file of the
center, and asks the center at --url for its region and start URL.`)
	env := &cobra.Command{
		Use: "env", Short: "Print environment variables for clients that read no services section",
		Example: "  eval \"$(keyfob-center client env --url https://center.example.com --profile dev)\"",
		Args:    noArgs,
		RunE:    func(cmd *cobra.Command, _ []string) error { return o.env(cmd.Context()) },
	}
	env.Flags().StringVar(&o.Shell, "shell", "sh", strings.Join(clientconfig.Shells(), ", "))
	config := &cobra.Command{
		Use: "config", Short: "Print, or write, the sections of ~/.aws/config",
		Long: `Prints the profile, sso-session and services sections that lead to the center. With
--write it shows what would change in ~/.aws/config, asks, and puts them there: in
the place of sections of the same name, else at the end. The rest of the file stays
as it is.`,
		Example: "  keyfob-center client config --url https://center.example.com --profile dev --account 111111111111 --role ReadOnlyAccess",
		Args:    noArgs,
		RunE:    func(cmd *cobra.Command, _ []string) error { return o.config(cmd.Context()) },
	}
	f := config.Flags()
	f.StringVar(&o.Account, "account", "", "account of the profile")
	f.StringVar(&o.Role, "role", "", "permission set or role of the profile")
	f.StringVar(&o.Session, "session", "lab", "name for the sso-session and the services section; token caches go by it")
	f.BoolVar(&o.Write, "write", false, "write them to the config file, after asking")
	f.BoolVar(&o.Yes, "yes", false, "with --write: do not ask")
	examine := &cobra.Command{
		Use: "doctor", Short: "Check from here whether clients can use the center",
		Long: `Checks, one line each: whether the center is reachable, its certificate trusted, its
clock near this machine's, whether it is the one it says it is, whether new AWS CLIs
accept its start URL, and whether config file and environment lead there. Whatever
is wrong comes with what to do about it; the exit code is then 1.

It trusts what clients do: --ca, else AWS_CA_BUNDLE, else the system.`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return o.doctor(cmd.Context()) },
	}
	for _, c := range []*cobra.Command{env, config, examine} {
		f := c.Flags()
		f.StringVar(&o.URL, "url", "http://127.0.0.1:8480", "URL of the center")
		f.StringVar(&o.CA, "ca", "", "file with the CA that signed the center's certificate, PEM")
		f.DurationVar(&o.Timeout, "timeout", 10*time.Second, "how long to wait for an answer")
		if c == examine {
			f.StringVar(&o.Profile, "profile", "", "check this profile; default all that lead to the center")
		} else {
			f.StringVar(&o.Profile, "profile", "", "name of the profile (required)")
			f.StringVar(&o.Region, "region", "", "region; default what the center says")
			f.StringVar(&o.StartURL, "start-url", "", "start URL; default what the center says")
		}
		if c != env {
			f.StringVar(&o.ConfigFile, "config-file", "", "default $AWS_CONFIG_FILE or ~/.aws/config")
		}
		cmd.AddCommand(c)
	}
	return cmd
}

// settle asks the center for what was not given, and checks the rest.
func (o *clientOptions) settle(ctx context.Context) (clientconfig.Settings, error) {
	s := o.Settings
	s.URL = strings.TrimRight(s.URL, "/")
	if s.Profile == "" {
		return s, usageError{errors.New("give --profile")}
	}
	if o.CA != "" {
		var err error
		if s.CAFile, err = filepath.Abs(o.CA); err != nil {
			return s, err
		}
	}
	if s.Region != "" && s.StartURL != "" {
		return s, nil
	}
	p, err := o.patient()
	if err != nil {
		return s, err
	}
	m, err := p.Discover(ctx)
	if err != nil {
		return s, hinted{fmt.Errorf("the center cannot be asked: %w", err), "keyfob-center client doctor --url " + s.URL + " finds out why; with --region and --start-url nothing is asked"}
	}
	if s.Region == "" {
		s.Region = m.Region
	}
	if s.StartURL == "" {
		s.StartURL = m.StartURL()
	}
	return s, nil
}

func (o *clientOptions) env(ctx context.Context) error {
	known := false
	for _, shell := range clientconfig.Shells() {
		known = known || shell == o.Shell
	}
	if !known {
		return usageError{fmt.Errorf("--shell is one of %s", strings.Join(clientconfig.Shells(), ", "))}
	}
	// Account and role are the profile's.
	o.Account, o.Role, o.Session = "000000000000", "-", "-"
	s, err := o.settle(ctx)
	if err != nil {
		return err
	}
	if err := s.Check(); err != nil {
		return usageError{err}
	}
	for _, v := range s.Env() {
		if _, err := fmt.Fprintln(o.io.out, clientconfig.Export(o.Shell, v)); err != nil {
			return err
		}
	}
	return nil
}

func (o *clientOptions) config(ctx context.Context) error {
	if o.Yes && !o.Write {
		return usageError{errors.New("--yes goes with --write")}
	}
	s, err := o.settle(ctx)
	if err != nil {
		return err
	}
	if err := s.Check(); err != nil {
		return usageError{err}
	}
	if o.Write {
		return o.write(ctx, s)
	}
	for _, n := range s.Notes() {
		if _, err := fmt.Fprintf(o.io.out, "# %s\n", n); err != nil {
			return err
		}
	}
	text, _ := clientconfig.Merge(nil, s.Sections())
	_, err = fmt.Fprintf(o.io.out, "\n%s", text)
	return err
}

// patient is the center as this machine's clients see it.
func (o *clientOptions) patient() (doctor.Patient, error) {
	p := doctor.Patient{URL: o.URL, Clock: o.Clock, Profile: o.Profile, Getenv: o.Getenv, ReadFile: os.ReadFile, Timeout: o.Timeout}
	file := o.CA
	if p.CAFrom = "--ca"; file == "" {
		if file = o.Getenv("AWS_CA_BUNDLE"); file != "" {
			p.CAFrom = "AWS_CA_BUNDLE"
		}
	}
	if file == "" {
		p.CAFrom = ""
		return p, nil
	}
	b, err := os.ReadFile(file)
	if err != nil {
		return p, configError{fmt.Errorf("%s: %w", p.CAFrom, err)}
	}
	p.CA = b
	return p, nil
}

func (o *clientOptions) doctor(ctx context.Context) error {
	p, err := o.patient()
	if err != nil {
		return err
	}
	if _, p.Config, err = o.readConfig(); err != nil {
		return err
	}
	ill := 0
	for _, f := range p.Examine(ctx) {
		line := "ok    " + f.Check + ": " + f.Text
		if !f.OK {
			ill++
			line = "FAIL  " + f.Check + ": " + f.Text + ". Remedy: " + f.Remedy
		}
		if _, err := fmt.Fprintln(o.io.out, oneLine(printable(line))); err != nil {
			return err
		}
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	if ill > 0 {
		return failedError{fmt.Errorf("%s failed", count(ill, "check"))}
	}
	return nil
}
