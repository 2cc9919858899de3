package cli

import (
	"context"
	"encoding/base64"
	"io"
	"os"
	"path/filepath"

	"keyfob/internal/awsconfig"
	"keyfob/internal/childprocess"
	"keyfob/internal/credentials"
	"keyfob/internal/handover"
	"keyfob/internal/loopback"
	"keyfob/internal/wire"
)

// buildExec makes what runs a command with a profile's credentials, or with a server of them.
func (a *app) buildExec(command []string, server bool) (*execOptions, error) {
	source, err := a.buildSource(&a.global.profile)
	if err != nil {
		return nil, err
	}
	reach, err := a.reach()
	if err != nil {
		return nil, err
	}
	o := &execOptions{
		Reach: reach,

		Find: childprocess.Find, Credentials: source.get, Clock: a.sys.Clock,
		Replace: func(path string, argv, environ []string) (int, error) {
			return childprocess.Program{Path: path, Argv: argv, Env: environ}.Replace()
		},
		Child: func(path string, argv, environ []string) (int, error) {
			return childprocess.Program{Path: path, Argv: argv, Env: environ}.Run()
		},
		Command: command, Region: a.ownRegion(), Environ: a.sys.Environ, Fold: a.sys.Windows,
	}
	if server {
		o.Serve = func(ctx context.Context) ([]handover.Variable, func(), error) { return a.serveOne(ctx, o.Region) }
	}
	return o, nil
}

// buildEnv makes what prints a profile's credentials as variables.
func (a *app) buildEnv() (*envOptions, error) {
	source, err := a.buildSource(&a.global.profile)
	if err != nil {
		return nil, err
	}
	reach, err := a.reach()
	if err != nil {
		return nil, err
	}
	return &envOptions{
		Credentials: source.get, Clock: a.sys.Clock, Print: a.print, Region: a.ownRegion(), Reach: reach, Reached: a.reached,
	}, nil
}

// reach says how the active profile reaches AWS, if that is not the usual way.
func (a *app) reach() ([]handover.Variable, error) {
	name, _ := a.config.ActiveProfile(a.global.profile)
	endpoints, err := a.config.EndpointVariables(name)
	if err != nil {
		return nil, err
	}
	var set []handover.Variable
	for _, e := range endpoints {
		set = append(set, handover.Variable{Name: e.Name, Value: e.URL})
	}
	if p, ok := a.config.Profile(name); ok {
		own, _ := a.sys.LookupEnv("AWS_CA_BUNDLE")
		if bundle, _ := p.Get("ca_bundle"); bundle != "" && own == "" {
			set = append(set, handover.CABundle(bundle))
		}
	}
	return handover.Reach(set), nil
}

// serveOne starts a server of the active profile's credentials for one child.
func (a *app) serveOne(ctx context.Context, region string) (set []handover.Variable, end func(), err error) {
	name, _ := a.config.ActiveProfile(a.global.profile)
	token, err := newToken(a.sys.Random)
	if err != nil {
		return nil, nil, err
	}
	release := childprocess.Hold()
	defer func() {
		if err != nil {
			release()
		}
	}()
	set, clean, err := a.withoutDefault()
	if err != nil {
		return nil, nil, err
	}
	flag := a.global.profile
	server, err := loopback.ServeCredentials(ctx, loopback.CredentialConfig{
		Address: "127.0.0.1:0", Clients: []loopback.Client{{Name: "command", Token: token}},
		Serves:      func(profile string) bool { return profile == name },
		Credentials: func(ctx context.Context, _ string) (credentials.Credentials, error) { return a.unasked(ctx, flag) },
		Refuse:      a.refusal, Clock: a.sys.Clock, Log: a.log(),
	})
	if err != nil {
		clean()
		return nil, nil, err
	}
	end = func() {
		clean()
		_ = server.Close()
		release()
	}
	return append(set, handover.Server(server.URL(name), token, region)...), end, nil
}

// unasked gets credentials for somebody who cannot be asked, the whole way anew: what was edited, signed in
// to or signed out of since counts.
func (a *app) unasked(ctx context.Context, flag string) (credentials.Credentials, error) {
	fresh := &app{sys: a.sys, global: a.global, neverAsk: true}
	fresh.global.profile = flag
	source, err := fresh.buildSource(&fresh.global.profile)
	if err != nil {
		return credentials.Credentials{}, err
	}
	return lasting(ctx, source.get, a.sys.Clock)
}

func newToken(random io.Reader) (wire.Secret, error) {
	var b [32]byte
	if _, err := io.ReadFull(random, b[:]); err != nil {
		return "", err
	}
	return wire.Secret(base64.RawURLEncoding.EncodeToString(b[:])), nil
}

// sharedFile is one of the config files, and where its profile "default" stands in it.
type sharedFile struct {
	variable, path string
	section        awsconfig.Header
}

func (a *app) sharedFiles() []sharedFile {
	return []sharedFile{
		{"AWS_CONFIG_FILE", a.config.ConfigFile(), awsconfig.Header{Kind: awsconfig.ProfileSection, Name: "default"}},
		{"AWS_SHARED_CREDENTIALS_FILE", a.config.CredentialsFile(), awsconfig.Header{Kind: awsconfig.BareSection, Name: "default"}},
	}
}

// withoutDefault returns what makes a child see the config files without the credentials of [default],
// which all SDKs prefer to those that are served: copies, which clean takes away.
func (a *app) withoutDefault() (set []handover.Variable, clean func(), err error) {
	clean = func() {}
	folder := ""
	for _, f := range a.sharedFiles() {
		before, err := readConfig(f.path)
		if err != nil {
			continue // there is none
		}
		after, changed := handover.WithoutCredentials(before, f.section)
		if !changed {
			continue
		}
		if folder == "" {
			if folder, err = os.MkdirTemp("", "keyfob-exec-"); err != nil {
				return nil, clean, err
			}
			clean = func() { _ = os.RemoveAll(folder) }
		}
		path := filepath.Join(folder, filepath.Base(f.path))
		if err := os.WriteFile(path, after, 0o600); err != nil {
			clean()
			return nil, nil, err
		}
		set = append(set, handover.Variable{Name: f.variable, Value: path})
	}
	return set, clean, nil
}

// ownRegion is the region that a profile's credentials are handed over with: --region, the profile's own,
// the environment's. For the AWS CLI the environment comes before the profile; but there it may be what
// another profile was handed over with.
func (a *app) ownRegion() string {
	name, _ := a.config.ActiveProfile(a.global.profile)
	if p, ok := a.config.Profile(name); ok && a.global.region == "" {
		if region, _ := p.Get("region"); region != "" {
			return region
		}
	}
	return a.config.Region(a.global.region, name)
}
