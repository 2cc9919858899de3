package cli

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"

	"golang.org/x/term"

	"keyfob/internal/awsconfig"
	"keyfob/internal/configfile"
	"keyfob/internal/lint"
	"keyfob/internal/prompt"
	"keyfob/internal/terminal"
)

func isMissing(err error) bool { return errors.Is(err, fs.ErrNotExist) }

func (a *app) buildCheck() *checkOptions {
	o := &checkOptions{
		Env:   a.configEnv(),
		Print: a.print, JSON: a.printJSON, Say: a.sys.Stderr, Warn: a.warn,
	}
	o.Look = func(c *awsconfig.Config) lint.Input {
		in := lint.Input{Config: c, Lookup: a.sys.LookupEnv}
		if runtime.GOOS != "windows" { // whose modes say nothing about others
			in.Files = lookAt(c.ConfigFile(), c.CredentialsFile())
			for _, cache := range [...]string{"sso", "cli"} {
				paths, _ := filepath.Glob(filepath.Join(globEscape(a.sys.Home), ".aws", cache, "cache", "*.json"))
				in.Cache = append(in.Cache, lookAt(paths...))
			}
		}
		return in
	}
	o.Update = func(ctx context.Context, path string, edit func([]byte) ([]byte, error)) (string, error) {
		done, err := configfile.Update(ctx, path, edit)
		return done.Backup, err
	}
	if in, ok := a.sys.Stdin.(*os.File); ok && term.IsTerminal(int(in.Fd())) {
		lines := &terminal.Lines{In: in, Out: a.sys.Stderr} // the result alone goes to stdout
		o.Confirm = func(ctx context.Context, question string) (bool, error) {
			answered := make(chan error, 1)
			answer := ""
			go func() {
				var err error
				answer, err = lines.Ask(ctx, prompt.Field{Prompt: question, Flag: "--yes"})
				answered <- err
			}()
			select {
			case <-ctx.Done(): // nobody reads a terminal that Ctrl-C was pressed at
				return false, context.Cause(ctx)
			case err := <-answered:
				answer = strings.ToLower(strings.TrimSpace(answer))
				return err == nil && (answer == "y" || answer == "yes"), err
			}
		}
	}
	return o
}

// lookAt returns what the modes of regular files are, and of the folders they are in.
func lookAt(paths ...string) (files []lint.File) {
	for _, path := range paths {
		st, err := os.Stat(path)
		if err != nil || !st.Mode().IsRegular() {
			continue
		}
		// The folder of the file itself: a link may lead anywhere.
		real, err := filepath.EvalSymlinks(path)
		if err != nil {
			continue
		}
		folder, err := os.Stat(filepath.Dir(real))
		if err != nil {
			continue
		}
		files = append(files, lint.File{Path: path, Mode: st.Mode(), Folder: folder.Mode()})
	}
	return files
}

// globEscape makes a pattern that matches a path itself.
func globEscape(path string) string {
	return strings.NewReplacer(`\`, `\\`, `*`, `\*`, `?`, `\?`, `[`, `\[`).Replace(path)
}
