package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"keyfob/internal/center/clientconfig"
)

// write changes the config file after asking.
func (o *clientOptions) write(ctx context.Context, s clientconfig.Settings) error {
	path, before, err := o.readConfig()
	if err != nil {
		return err
	}
	merged, diff := clientconfig.Merge(before, s.Sections())
	if len(diff) == 0 {
		_, err := fmt.Fprintf(o.io.out, "%s has all of it already.\n", path)
		return err
	}
	fmt.Fprintf(o.io.out, "In %s:\n", path)
	for _, line := range diff {
		fmt.Fprintln(o.io.out, printable(line))
	}
	if !o.Yes {
		yes, err := o.ask(ctx, "Write this? [y/N] ")
		if err != nil {
			return err
		}
		if !yes {
			_, err := fmt.Fprintln(o.io.out, "Nothing was changed.")
			return err
		}
	}
	// Whatever happened while somebody thought about it must not be lost.
	if _, now, err := o.readConfig(); err != nil || string(now) != string(before) {
		return errors.Join(err, hinted{fmt.Errorf("%s was changed meanwhile; nothing was written", path), "run the command again"})
	}
	if err := replaceConfig(path, merged); err != nil {
		return configError{err}
	}
	_, err = fmt.Fprintf(o.io.out, "Wrote %s. Next: aws sso login --profile %s\n", path, s.Profile)
	return err
}

// printable shows text of a file that anybody may have written.
func printable(s string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' && r != '\t' || r == 0x7f || r >= 0x80 && r < 0xa0 || r >= 0x202a && r <= 0x202e || r >= 0x2066 && r <= 0x2069 {
			return '\uFFFD'
		}
		return r
	}, s)
}

// readConfig reads the config file; that there is none is no error.
func (o *clientOptions) readConfig() (path string, content []byte, err error) {
	path = o.ConfigFile
	if path == "" {
		path = o.Getenv("AWS_CONFIG_FILE")
	}
	if path == "" {
		home, err := o.Home()
		if err != nil {
			return "", nil, configError{err}
		}
		path = filepath.Join(home, ".aws", "config")
	}
	if real, err := filepath.EvalSymlinks(path); err == nil {
		path = real // a link stays one
	}
	content, err = os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return path, nil, nil
	} else if err != nil {
		return path, nil, configError{err}
	}
	return path, content, nil
}

// replaceConfig writes the file as a whole, with the mode it had.
func replaceConfig(path string, content []byte) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return err
	}
	mode := fs.FileMode(0o600)
	if st, err := os.Stat(path); err == nil {
		mode = st.Mode().Perm()
	}
	if err := replace(path, content); err != nil {
		return err
	}
	return os.Chmod(path, mode)
}

// ask reads an answer from the terminal, or from whatever standard input is; anything but yes is no.
func (o *clientOptions) ask(ctx context.Context, question string) (bool, error) {
	fmt.Fprint(o.io.out, question)
	answered := make(chan string, 1)
	go func() {
		line, _ := bufio.NewReader(io.LimitReader(o.io.in, 256)).ReadString('\n') // the end of input is a no
		answered <- strings.ToLower(strings.TrimSpace(line))
	}()
	select {
	case a := <-answered:
		return a == "y" || a == "yes", nil
	case <-ctx.Done(): // the read goes on until the program ends, which is now
		fmt.Fprintln(o.io.out)
		return false, ctx.Err()
	}
}
