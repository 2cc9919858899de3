package cli

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"keyfob/internal/credentials"
	"keyfob/internal/handover"
	"keyfob/internal/terminal"
)

// buildShell makes what runs a shell with a profile's credentials. clean takes away what the shell, if it
// was started, has taken away itself.
func (a *app) buildShell(server bool) (o *execOptions, clean func(), err error) {
	shell, _ := a.sys.LookupEnv("SHELL")
	if shell == "" && a.sys.Windows {
		shell, _ = a.sys.LookupEnv("ComSpec")
	}
	if shell == "" {
		shell = "/bin/sh"
	}
	if o, err = a.buildExec([]string{shell}, server); err != nil {
		return nil, nil, err
	}
	folder, err := os.MkdirTemp("", "keyfob-shell-")
	if err != nil {
		return nil, nil, err
	}
	clean = func() { _ = os.RemoveAll(folder) }
	zdotdir, hasZdotdir := a.sys.LookupEnv("ZDOTDIR")
	var p prompting
	if in, ok := a.sys.Stdin.(*os.File); ok && terminal.Is(in) { // else it prompts nobody
		p = promptOf(shell, folder, zdotdir, hasZdotdir)
	}
	for name, content := range p.files {
		if err := os.WriteFile(filepath.Join(folder, name), []byte(content), 0o600); err != nil {
			clean()
			return nil, nil, err
		}
	}
	if len(p.files) == 0 {
		clean()
	}
	o.Command = append(o.Command, p.args...)
	profile, _ := a.config.ActiveProfile(a.global.profile)
	o.Extra = func(c credentials.Credentials) []handover.Variable {
		set := append([]handover.Variable{{Name: handover.Profile, Value: printable(profile)}}, p.set...)
		until := ""
		switch {
		case server:
			until = "; they are renewed for as long as it runs"
		case !c.ExpiresAt.IsZero():
			set = append(set, handover.Variable{Name: handover.Expires, Value: handover.Instant(c.ExpiresAt)})
			until = fmt.Sprintf(" until %s, for %s", c.ExpiresAt.Local().Format("2006-01-02 15:04:05 MST"),
				c.ExpiresAt.Sub(a.sys.Clock.Now()).Truncate(time.Second))
		}
		_, _ = io.WriteString(a.sys.Stderr, "keyfob: this shell has the credentials of profile "+quoted(profile)+until+"\n")
		return set
	}
	return o, clean, nil
}
