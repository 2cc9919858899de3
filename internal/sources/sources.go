package sources

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"runtime"
	"strconv"
	"strings"
	"time"

	"keyfob/internal/awsconfig"
	"keyfob/internal/cache"
	"keyfob/internal/configfile"
	"keyfob/internal/credentials"
	"keyfob/internal/credprocess"
	"keyfob/internal/fastpath"
	"keyfob/internal/metadata"
	"keyfob/internal/ssoapi"
	"keyfob/internal/wire"
)

// Of returns what gets the credentials of a profile, in the AWS CLI's order: the environment's keys, if flag
// names no profile; what the profile says (see awsconfig.Config.Source); a container's service; an EC2
// instance's. Errors: *UnavailableError and those of the config file.
func (w *World) Of(c *awsconfig.Config, flag string) (Made, error) {
	name, explicit := c.ActiveProfile(flag)
	chain, _ := w.LookupEnv(credentials.RecursionVariable)
	chain, err := credentials.Descend(chain, name)
	if err != nil {
		return Made{}, err
	}
	if flag == "" {
		keys, ok, err := credentials.Environment(w.LookupEnv)
		if err != nil {
			return Made{}, &UnavailableError{err}
		}
		if ok {
			return Made{Get: credentials.Fixed(keys, w.Clock)}, nil
		}
	}
	if explicit {
		if err := c.RequireProfile(name); err != nil {
			return Made{}, err
		}
	}
	source, err := c.Source(name, flag == "")
	if err != nil {
		return Made{}, &UnavailableError{err}
	}
	b := &sources{World: w, config: c, profile: name, chain: chain}
	return b.source(&source)
}

// KeptOf returns what is cached of one source that a profile says, good or not.
func (w *World) KeptOf(c *awsconfig.Config, s *awsconfig.Source) (credentials.Credentials, bool) {
	m, err := (&sources{World: w, config: c, profile: s.Profile}).source(s)
	if err != nil {
		return credentials.Credentials{}, false
	}
	return m.Kept()
}

// sources makes the sources of one profile's credentials.
type sources struct {
	*World
	config  *awsconfig.Config
	profile string // the active one, whose region and endpoints hold for all calls
	chain   string // of profiles, for processes that are run

	files  *cache.Files
	client *ssoapi.Client
}

// Made is what gets a profile's credentials.
type Made struct {
	Get   credentials.Get
	Files fastpath.Sources // where what was got is cached; empty for nowhere

	origin  string                                 // tells it from others
	foreign func() bool                            // what was cached because of it is another organisation's; nil for never
	cached  func() (credentials.Credentials, bool) // what there is already, good or not; nil for nothing
}

// Kept returns what is cached, good or not.
func (m Made) Kept() (credentials.Credentials, bool) {
	if m.cached == nil || m.foreign != nil && m.foreign() {
		return credentials.Credentials{}, false
	}
	return m.cached()
}

// adapters are Made for the sources that need them: keys of a profile need no home folder.
func (b *sources) adapters() (err error) {
	if b.client != nil {
		return nil
	}
	if b.files, err = b.Cache(); err != nil {
		return err
	}
	b.client, err = b.API(b.config, b.profile, "")
	return err
}

func (b *sources) source(s *awsconfig.Source) (Made, error) {
	switch s.Kind {
	case awsconfig.SourceRole:
		return b.role(s)
	case awsconfig.SourceWebIdentity:
		return b.webIdentity(s)
	case awsconfig.SourceSSO:
		return b.sso(s)
	case awsconfig.SourceKeys:
		return b.keys(s)
	case awsconfig.SourceProcess:
		run := &credprocess.Runner{Stdin: b.Stdin, Stderr: b.Stderr, Extra: []string{credentials.RecursionVariable + "=" + b.chain}}
		p := &credentials.Process{Command: s.Command, Windows: runtime.GOOS == "windows", Run: run.Run, Clock: b.Clock}
		return Made{Get: p.Get, origin: credentials.Origin("process", s.Command)}, nil
	case awsconfig.SourceEnvironment:
		keys, ok, err := credentials.Environment(b.LookupEnv)
		if err == nil && !ok {
			err = nothingThere("Environment", s.Profile)
		}
		if err != nil {
			return Made{}, &UnavailableError{err}
		}
		return Made{Get: credentials.Fixed(keys, b.Clock), origin: credentials.Origin("keys", keys.AccessKeyID)}, nil
	case awsconfig.SourceContainer:
		c := b.container()
		if !c.Configured() {
			return Made{}, &UnavailableError{nothingThere("EcsContainer", s.Profile)}
		}
		return Made{Get: c.Get, origin: credentials.Origin("container")}, nil
	case awsconfig.SourceInstance:
		i, ok := b.instance()
		if !ok {
			return Made{}, &UnavailableError{nothingThere("Ec2InstanceMetadata", s.Profile)}
		}
		return Made{Get: i.Get, origin: credentials.Origin("instance")}, nil
	}
	return b.unconfigured()
}

func nothingThere(source, profile string) error {
	return &credentials.RetrievalError{Provider: source, Err: errors.New("No credentials found in credential_source referenced in profile " + profile)}
}

// unconfigured is what is left for a profile that says nothing about credentials: who runs this machine.
func (b *sources) unconfigured() (Made, error) {
	if c := b.container(); c.Configured() {
		return Made{Get: c.Get}, nil
	}
	none := &credentials.NotFoundError{Profile: b.profile}
	i, ok := b.instance()
	if !ok {
		return Made{}, &UnavailableError{none}
	}
	return Made{Get: func(ctx context.Context) (credentials.Credentials, error) {
		c, err := i.Get(ctx)
		if errors.As(err, new(*credentials.RetrievalError)) {
			b.Log.Debug("no credentials of an instance", "error", err)
			err = none // as nearly everywhere
		}
		return c, err
	}}, nil
}

func (b *sources) keys(s *awsconfig.Source) (Made, error) {
	value := func(keys ...string) string {
		for _, k := range keys {
			if v, ok := s.Keys.Get(k); ok {
				return v
			}
		}
		return ""
	}
	keys, ok, err := credentials.Static(s.KeysFile, value("aws_access_key_id"), value("aws_secret_access_key"), value("aws_security_token", "aws_session_token"), "")
	if err == nil && !ok {
		err = &credentials.NotFoundError{Profile: s.Profile}
	}
	if err != nil {
		return Made{}, &UnavailableError{err}
	}
	return Made{Get: credentials.Fixed(keys, b.Clock), origin: credentials.Origin("keys", keys.AccessKeyID)}, nil
}

func (b *sources) sso(s *awsconfig.Source) (Made, error) {
	if err := b.adapters(); err != nil {
		return Made{}, err
	}
	sso, role := s.SSO, RoleOf(s.SSO)
	source := &credentials.Source{
		Store: b.files, Tokens: b.Tokens(b.config, b.client, b.files, sso), Clock: b.Clock, Log: b.Log,
		Portal: credentials.PortalFunc(func(ctx context.Context, region string, token wire.Secret, accountID, roleName string) (wire.RoleCredentials, error) {
			url, _, err := Endpoint(b.config, awsconfig.ServiceSSO, sso, region)
			if err != nil {
				return wire.RoleCredentials{}, err
			}
			return b.client.GetRoleCredentials(ctx, url, token, accountID, roleName)
		}),
	}
	return Made{
		Get:     func(ctx context.Context) (credentials.Credentials, error) { return source.Get(ctx, role) },
		origin:  credentials.Origin(credentials.RootSSO, role.Target.Key(), role.Target.StartURL, role.AccountID, role.RoleName),
		foreign: func() bool { return source.OtherOrganisation(role.Target) },
		cached:  func() (credentials.Credentials, bool) { return b.files.LoadRole(role) },
		Files:   fastpath.Sources{Token: cache.TokenFile(role.Target.Key()), Role: cache.RoleFile(role)},
	}, nil
}

func (b *sources) role(s *awsconfig.Source) (Made, error) {
	from, err := b.source(s.From)
	if err == nil {
		err = b.adapters()
	}
	if err != nil {
		return Made{}, err
	}
	assume := &credentials.Assume{
		Role: AssumedOf(s, from.origin), From: from.Get, Foreign: from.foreign, Code: b.ask,
		Store: b.files, Clock: b.Clock, Log: b.Log,
		Call: func(ctx context.Context, keys credentials.Credentials, r credentials.AssumedRole, code string) (wire.AssumeRoleResult, error) {
			url, region, err := b.sts(s.Root())
			if err != nil {
				return wire.AssumeRoleResult{}, err
			}
			return b.client.AssumeRole(ctx, url, region, ssoapi.Keys{
				AccessKeyID: keys.AccessKeyID, SecretAccessKey: keys.SecretAccessKey, SessionToken: keys.SessionToken,
			}, ssoapi.AssumeRoleRequest{
				RoleARN: r.ARN, RoleSessionName: r.SessionName, DurationSeconds: r.Duration, ExternalID: r.ExternalID, SerialNumber: r.MFASerial, TokenCode: code,
			})
		},
	}
	files := fastpath.Sources{}
	if from.Files.Token != "" {
		files = fastpath.Sources{Token: from.Files.Token, Role: cache.AssumedFile(assume.Role)}
	}
	return Made{
		Get: assume.Get, foreign: from.foreign, Files: files,
		cached: func() (credentials.Credentials, bool) { return b.files.LoadAssumed(assume.Role) },
		origin: credentials.Origin(credentials.RootOf(from.origin), s.Role.ARN, s.Role.SessionName, s.Role.ExternalID, s.Role.MFASerial, from.origin),
	}, nil
}

func (b *sources) webIdentity(s *awsconfig.Source) (Made, error) {
	if err := b.adapters(); err != nil {
		return Made{}, err
	}
	origin := credentials.Origin("web", s.TokenFile, s.Role.ARN, s.Role.SessionName)
	w := &credentials.WebIdentity{
		Role: AssumedOf(s, origin), Store: b.files, Clock: b.Clock, Log: b.Log,
		Token: func() (wire.Secret, error) {
			token, err := configfile.Read(s.TokenFile)
			if err != nil {
				return "", fmt.Errorf("the web identity token file %s cannot be read: %w", s.TokenFile, cause(err))
			}
			return wire.Secret(strings.TrimRight(string(token), "\r\n")), nil
		},
		Call: func(ctx context.Context, r credentials.AssumedRole, token wire.Secret) (wire.AssumeRoleWithWebIdentityResult, error) {
			url, _, err := b.sts(s)
			if err != nil {
				return wire.AssumeRoleWithWebIdentityResult{}, err
			}
			return b.client.AssumeRoleWithWebIdentity(ctx, url, ssoapi.AssumeRoleRequest{RoleARN: r.ARN, RoleSessionName: r.SessionName}, token)
		},
	}
	cached := func() (credentials.Credentials, bool) { return b.files.LoadAssumed(w.Role) }
	return Made{Get: w.Get, origin: origin, cached: cached}, nil
}

// sts is where a role is assumed: always in the region of the active profile, as AWS CLI version 2 does.
// Credentials of a center of one's own are none of AWS's business.
func (b *sources) sts(root *awsconfig.Source) (url, region string, err error) {
	region = b.config.Region(b.Region, b.profile)
	url, _, err = Endpoint(b.config, awsconfig.ServiceSTS, awsconfig.SSO{Profile: b.profile, StartURL: root.SSO.StartURL}, region)
	if err == nil && region == "" {
		err = &awsconfig.NoRegionError{}
	}
	return url, region, err
}

func (b *sources) container() *credentials.Container {
	service := &metadata.Client{Clock: b.Clock, UserAgent: b.UserAgent()}
	return &credentials.Container{LookupEnv: b.LookupEnv, ReadFile: configfile.Read, Fetch: service.Container, Clock: b.Clock}
}

// instance is the service of EC2, unless it is switched off.
func (b *sources) instance() (*credentials.Instance, bool) {
	if off, _ := b.LookupEnv("AWS_EC2_METADATA_DISABLED"); strings.EqualFold(off, "true") {
		return nil, false
	}
	at := "http://169.254.169.254"
	if mode, _ := b.config.Setting(b.profile, "ec2_metadata_service_endpoint_mode", "AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE"); strings.EqualFold(mode, "ipv6") {
		at = "http://[fd00:ec2::254]"
	}
	if own, _ := b.config.Setting(b.profile, "ec2_metadata_service_endpoint", "AWS_EC2_METADATA_SERVICE_ENDPOINT"); own != "" {
		at = own
	}
	patience := time.Second
	if s, _ := b.config.Setting(b.profile, "metadata_service_timeout", "AWS_METADATA_SERVICE_TIMEOUT"); s != "" {
		if n, err := strconv.Atoi(s); err == nil && n > 0 && n <= 60 {
			patience = time.Duration(n) * time.Second
		}
	}
	service := &metadata.Client{Timeout: patience, Clock: b.Clock, UserAgent: b.UserAgent()}
	return &credentials.Instance{
		Clock: b.Clock, Fetch: func(ctx context.Context) ([]byte, error) { return service.Instance(ctx, at) },
	}, true
}

// ask asks for the code of an MFA device, where there is somebody to ask.
func (b *sources) ask(ctx context.Context, serial string) (string, error) {
	if b.AskCode == nil {
		return "", &credentials.CodeNeededError{Serial: serial, Profile: b.profile}
	}
	return b.AskCode(ctx, serial, b.profile)
}

// cause is what went wrong with a file, without its path.
func cause(err error) error {
	if p := new(fs.PathError); errors.As(err, &p) {
		return p.Err
	}
	return err
}
