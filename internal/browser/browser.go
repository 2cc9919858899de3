// Package browser opens a page in the person's browser, or says that there is none to open it in.
// The command line's presenter calls it; it knows nothing of what the page is for.
package browser

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"os/exec"
	"runtime"
	"strings"
	"time"
)

// Opener opens pages. The zero value of a field other than LookupEnv means the real thing.
type Opener struct {
	LookupEnv func(key string) (string, bool)
	Run       func(ctx context.Context, argv []string) error // for tests
	GOOS      string                                         // for tests
}

// patience is how long a launcher may take to report failure. One that still runs then is taken for
// the browser itself, which stays.
const patience = time.Second

// ErrNoBrowser says that there is no browser to be seen, as on a machine that is reached over SSH.
var ErrNoBrowser = errors.New("no browser is available here")

// Open opens an http or https page. $BROWSER is a list of commands separated as $PATH is, in which %s
// stands for the page; without it the system's own way is taken. Success means that a command was
// started and did not fail at once; what the person sees, nobody knows.
func (o Opener) Open(ctx context.Context, page string) error {
	u, err := url.Parse(page)
	if err != nil || (u.Scheme != "https" && u.Scheme != "http") || u.Host == "" {
		return errors.New("it is not a web address")
	}
	run := o.Run
	if run == nil {
		run = launch
	}
	candidates := o.candidates(page)
	err = ErrNoBrowser
	for _, argv := range candidates {
		if err = run(ctx, argv); err == nil || ctx.Err() != nil {
			return err
		}
	}
	if errors.Is(err, exec.ErrNotFound) {
		err = ErrNoBrowser
	}
	return err
}

func (o Opener) candidates(page string) [][]string {
	env := func(k string) string { v, _ := o.LookupEnv(k); return v }
	goos := o.GOOS
	if goos == "" {
		goos = runtime.GOOS
	}
	if list := env("BROWSER"); list != "" {
		separator := ":"
		if goos == "windows" {
			separator = ";"
		}
		return fromList(list, separator, page)
	}
	switch goos {
	case "darwin":
		return [][]string{{"open", page}}
	case "windows":
		return [][]string{{"rundll32", "url.dll,FileProtocolHandler", page}}
	}
	if env("WSL_DISTRO_NAME") != "" {
		return [][]string{{"wslview", page}, {"xdg-open", page}}
	}
	if env("DISPLAY") == "" && env("WAYLAND_DISPLAY") == "" {
		return nil // whatever is installed would have nowhere to show it
	}
	return [][]string{{"xdg-open", page}, {"x-www-browser", page}, {"www-browser", page}}
}

func fromList(list, separator, page string) [][]string {
	var all [][]string
	for command := range strings.SplitSeq(list, separator) {
		argv := strings.Fields(command)
		if len(argv) == 0 {
			continue
		}
		placed := false
		for i, a := range argv {
			if strings.Contains(a, "%s") {
				argv[i], placed = strings.ReplaceAll(a, "%s", page), true
			}
		}
		if !placed {
			argv = append(argv, page)
		}
		all = append(all, argv)
	}
	return all
}

// launch starts a command in a session of its own, so that neither Ctrl-C nor the terminal's end closes
// the browser and it cannot take the terminal, with nothing to read and nowhere to write.
func launch(ctx context.Context, argv []string) error {
	c := exec.Command(argv[0], argv[1:]...) //nolint:gosec // the person's own browser
	detach(c)
	if err := c.Start(); err != nil {
		return fmt.Errorf("%s: %w", argv[0], err)
	}
	done := make(chan error, 1)
	go func() { done <- c.Wait() }()
	t := time.NewTimer(patience)
	defer t.Stop()
	select {
	case err := <-done:
		if err != nil {
			return fmt.Errorf("%s: %w", argv[0], err)
		}
		return nil
	case <-t.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}
