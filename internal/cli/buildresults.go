package cli

import (
	"errors"
	"os"
	"runtime"

	"keyfob/internal/awsconfig"
	"keyfob/internal/commandline"
	"keyfob/internal/pager"
	"keyfob/internal/terminal"
)

// buildResults makes what prints a service's answers. It comes before the call: nobody waits for an answer that
// then cannot be printed.
func (a *app) buildResults() (*results, error) {
	c, err := a.load()
	if err != nil {
		return nil, err
	}
	profile, _ := c.ActiveProfile(a.global.profile)
	format, err := a.format(profile)
	if err != nil {
		return nil, err
	}
	r := &results{Format: format, Query: a.query, Color: a.global.color == "on", Show: a.print}
	out, _ := a.sys.Stdout.(*os.File)
	if !terminal.Is(out) {
		return r, nil
	}
	r.Width = terminal.Width(out)
	if no, _ := a.sys.LookupEnv("NO_COLOR"); a.global.color == "auto" && no == "" {
		r.Color = true
	}
	r.Show = func(text string) error { return a.page(c, profile, text) }
	return r, nil
}

// page shows a text with the pager of AWS_PAGER, cli_pager or PAGER, or with less if there is one. An empty
// setting is none.
func (a *app) page(c *awsconfig.Config, profile, text string) error {
	command, chosen := c.Setting(profile, "cli_pager", "AWS_PAGER")
	if !chosen {
		command, chosen = a.sys.LookupEnv("PAGER")
	}
	split := commandline.SplitPOSIX
	if !chosen {
		command = "less"
	}
	if runtime.GOOS == "windows" {
		split = commandline.SplitWindows
		if !chosen {
			command = "more"
		}
	}
	if text == "" || a.global.noPager {
		return a.print(text)
	}
	argv, err := split(command)
	if err != nil {
		return &pager.StartError{Name: command, Err: err}
	}
	if len(argv) == 0 {
		return a.print(text)
	}
	err = pager.Show(argv, text, a.sys.Stdout, a.sys.Stderr)
	if e := new(pager.StartError); !chosen && errors.As(err, &e) && e.Missing() {
		return a.print(text) // nobody asked for it
	}
	return err
}
