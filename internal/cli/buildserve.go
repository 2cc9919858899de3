package cli

import (
	"context"
	"net"
	"path/filepath"
	"slices"
	"strings"
	"unicode"

	"github.com/spf13/cobra"

	"keyfob/internal/cache"
	"keyfob/internal/childprocess"
	"keyfob/internal/credentials"
	"keyfob/internal/handover"
	"keyfob/internal/loopback"
)

// buildServe makes what serves credentials of profiles.
func (a *app) buildServe(cmd *cobra.Command, f serveFlags) (*serveOptions, error) {
	if _, _, err := loopback.CheckAddress(f.listen); err != nil {
		return nil, &usageError{cmd, "--listen " + err.Error()}
	}
	c, err := a.loadTalking()
	if err != nil {
		return nil, err
	}
	for _, p := range f.profiles {
		if err := c.RequireProfile(p); err != nil {
			return nil, err
		}
	}
	switch all := c.Profiles(); {
	case len(f.profiles) > 0:
		a.global.profile = f.profiles[0]
	case len(all) > 0: // for the recipes to have one, if nothing else says which
		if name, explicit := c.ActiveProfile(""); !explicit && c.RequireProfile(name) != nil {
			a.global.profile = all[0]
		}
	}
	profile, _, err := a.activeProfile(c)
	if err != nil {
		return nil, err
	}
	if slices.Contains(f.recipes, forShell) {
		a.warnOfDefault()
	}
	if f.tokenDir, err = tokenFolder(f.tokenDir); err != nil {
		return nil, &usageError{cmd, err.Error()}
	}
	syntax := envSyntax(a.shellFormat())
	o := &serveOptions{
		Print: a.print, For: f.recipes, Profile: profile, Only: f.profiles, Region: a.ownRegion(),
		Syntax: func(v handover.Variable) (string, error) { return syntax.Export(v.Name, v.Value) },
		Unset: syntax.Unset(slices.DeleteFunc(handover.Strays(), func(name string) bool {
			return name == handover.FullURI || f.tokenDir == "" && name == handover.Token || f.tokenDir != "" && name == handover.TokenFile
		})...),
	}
	o.Start = func(ctx context.Context) (served, func(), error) { return a.startServing(ctx, f) }
	return o, nil
}

// warnOfDefault says what stands in the way of programs on this machine, which see its config files.
func (a *app) warnOfDefault() {
	for _, f := range a.sharedFiles() {
		if b, err := readConfig(f.path); err == nil {
			if _, has := handover.WithoutCredentials(b, f.section); has {
				a.warn("SDKs prefer the credentials of [default] in %s to served ones: where it is in sight, set AWS_CONFIG_FILE and AWS_SHARED_CREDENTIALS_FILE to a file without", f.path)
			}
		}
	}
}

type tokenFolderError struct{ folder string }

func (e *tokenFolderError) Error() string {
	return "--token-dir " + quoted(e.folder) + ` has a character that not everything can be told: a control character, a quotation mark, a comma or a dollar sign`
}

func tokenFolder(folder string) (string, error) {
	if folder == "" {
		return "", nil
	}
	if strings.ContainsFunc(folder, unicode.IsControl) || strings.ContainsAny(folder, `",$`) {
		return "", &tokenFolderError{folder}
	}
	return filepath.Abs(folder)
}

func (a *app) startServing(ctx context.Context, f serveFlags) (s served, end func(), err error) {
	var clients []loopback.Client
	for _, name := range f.clients {
		token, err := newToken(a.sys.Random)
		if err != nil {
			return served{}, nil, err
		}
		clients = append(clients, loopback.Client{Name: name, Token: token})
		s.Clients = append(s.Clients, servedClient{Name: name, Token: token})
	}
	server, err := loopback.ServeCredentials(ctx, loopback.CredentialConfig{
		Address: f.listen, Clients: clients,
		Serves:      func(profile string) bool { return len(f.profiles) == 0 || slices.Contains(f.profiles, profile) },
		Credentials: a.credentialsOf, Refuse: a.refusal, Clock: a.sys.Clock, Log: a.log(),
	})
	if err != nil {
		return served{}, nil, &listenError{f.listen, err}
	}
	release := childprocess.Hold()
	var files []func()
	end = func() {
		for _, remove := range files {
			remove()
		}
		_ = server.Close()
		release()
	}
	if f.tokenDir != "" {
		for i := range s.Clients {
			path, remove, err := cache.WriteClientToken(f.tokenDir, s.Clients[i].Name, s.Clients[i].Token)
			if err != nil {
				end()
				return served{}, nil, err
			}
			files = append(files, remove)
			s.Clients[i].File = path
		}
	}
	s.URL = server.URL
	_, s.Port, _ = net.SplitHostPort(server.Address())
	return s, end, nil
}

// credentialsOf gets the credentials of a profile that a client has asked for by its name: those of the
// environment are nobody's.
func (a *app) credentialsOf(ctx context.Context, profile string) (credentials.Credentials, error) {
	if profile == "" {
		profile = "default"
	}
	return a.unasked(ctx, profile)
}

// listenError is an address that is taken, or not to be had.
type listenError struct {
	address string
	err     error
}

func (e *listenError) Error() string {
	return "cannot listen at " + e.address + ": " + rootCause(e.err).Error()
}
