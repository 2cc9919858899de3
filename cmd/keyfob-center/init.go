package main

import (
	"context"
	"crypto/rand"
	_ "embed"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"keyfob/internal/center/directory"
	"keyfob/internal/center/seed"
	"keyfob/internal/wire"
)

//go:embed center.yaml
var exampleFile string

const configName = "center.yaml"

// initOptions is the command init.
type initOptions struct {
	Random io.Reader
	Out    io.Writer
	Dir    string
}

func initCommand(io stdio) *cobra.Command {
	o := initOptions{Random: rand.Reader, Out: io.out}
	cmd := &cobra.Command{
		Use:   "init",
		Short: "Write an example center.yaml",
		Long: `Writes a center.yaml with comments: an organisation of two accounts, two
permission sets and two people, one of whom may do everything and the other only
look. Their passwords are made up and shown once; the file holds their hashes.

An existing file is never overwritten.`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return o.Run(cmd.Context()) },
	}
	cmd.Flags().StringVar(&o.Dir, "dir", ".", "folder to write center.yaml into; made if it does not exist")
	return cmd
}

// Run writes the file.
func (o initOptions) Run(ctx context.Context) error {
	hasher := directory.NewHasher(1)
	content := exampleFile
	passwords := map[string]wire.Secret{}
	for _, user := range []string{"ada", "grace"} {
		p, err := directory.NewPassword(o.Random)
		if err != nil {
			return err
		}
		hash, err := hasher.Hash(ctx, p)
		if err != nil {
			return err
		}
		passwords[user] = p
		content = strings.ReplaceAll(content, "HASH-OF-"+user, hash)
	}
	if _, err := seed.Parse(configName, []byte(content), seed.Sources{}); err != nil {
		return fmt.Errorf("the example is wrong: %w", err)
	}
	path := filepath.Join(o.Dir, configName)
	if err := os.MkdirAll(o.Dir, 0o700); err != nil {
		return configError{err}
	}
	if err := writeNew(path, content); errors.Is(err, os.ErrExist) {
		return configError{hinted{fmt.Errorf("%s exists already and is left as it is", path), "choose another folder with --dir"}}
	} else if err != nil {
		return configError{err}
	}
	_, err := fmt.Fprintf(o.Out, `Wrote %s: an example organisation of two accounts and two people.

  user    password                  may use
  ada     %s   AdministratorAccess and ReadOnlyAccess in both accounts; is administrator
  grace   %s   ReadOnlyAccess in both accounts

The passwords are shown this once; the file holds only their hashes.

Next: keyfob-center serve --config %s
`, path, passwords["ada"].Reveal(), passwords["grace"].Reveal(), path)
	return err
}

// writeNew writes a file that others cannot read, all of it or nothing, and never over another one.
func writeNew(path, content string) error {
	tmp, err := os.CreateTemp(filepath.Dir(path), ".center-*")
	if err != nil {
		return err
	}
	defer os.Remove(tmp.Name()) //nolint:errcheck // best effort
	_, err = tmp.WriteString(content)
	if err := errors.Join(err, tmp.Sync(), tmp.Close()); err != nil {
		return err
	}
	return os.Link(tmp.Name(), path)
}
