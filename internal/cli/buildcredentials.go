package cli

import (
	"context"
	"errors"
	"fmt"
	"os"
	"runtime"
	"strconv"
	"strings"
	"time"

	"keyfob/internal/awsconfig"
	"keyfob/internal/cache"
	"keyfob/internal/credentials"
	"keyfob/internal/credprocess"
	"keyfob/internal/fastpath"
	"keyfob/internal/metadata"
	"keyfob/internal/prompt"
	"keyfob/internal/ssoapi"
	"keyfob/internal/terminal"
	"keyfob/internal/wire"
)

// buildCredentials returns what gets a profile's credentials, in the AWS CLI's order: the environment's
// keys, if no profile is named with --profile; what the profile says (see awsconfig.Config.Source); a
// container's service; an EC2 instance's.
func (a *app) buildCredentials(flag *string) (func(context.Context) (credentials.Credentials, error), error) {
	got, err := a.buildSource(flag)
	return got.get, err
}

func (a *app) buildSource(flag *string) (made, error) {
	c, err := a.load()
	if err != nil {
		return made{}, err
	}
	name, explicit := c.ActiveProfile(*flag)
	chain, _ := a.sys.LookupEnv(credentials.RecursionVariable)
	if chain, err = credentials.Descend(chain, name); err != nil {
		return made{}, err
	}
	if *flag == "" {
		keys, ok, err := credentials.Environment(a.sys.LookupEnv)
		if err != nil {
			return made{}, &retrieveError{err}
		}
		if ok {
			return made{get: credentials.Fixed(keys, a.sys.Clock)}, nil
		}
	}
	if explicit {
		if err := c.RequireProfile(name); err != nil {
			return made{}, err
		}
	}
	source, err := c.Source(name, *flag == "")
	if err != nil {
		return made{}, &retrieveError{err}
	}
	b := &sources{app: a, config: c, profile: name, chain: chain}
	return b.source(&source)
}

// sources makes the sources of one profile's credentials.
type sources struct {
	*app
	config  *awsconfig.Config
	profile string // the active one, whose region and endpoints hold for all calls
	chain   string // of profiles, for processes that are run

	files  *cache.Files
	client *ssoapi.Client
}

// made is a source with what tells it from others.
type made struct {
	get     credentials.Get
	origin  string
	foreign func() bool                            // what was cached because of it is another organisation's; nil for never
	cached  func() (credentials.Credentials, bool) // what there is already, good or not; nil for nothing
	files   fastpath.Sources                       // where what was got is cached; empty for nowhere
}

// adapters are made for the sources that need them: keys of a profile need no home folder.
func (b *sources) adapters() (err error) {
	if b.client != nil {
		return nil
	}
	if b.files, err = b.cache(); err != nil {
		return err
	}
	b.client, err = b.api(b.config, b.profile, "")
	return err
}

func (b *sources) source(s *awsconfig.Source) (made, error) {
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
		run := &credprocess.Runner{Stdin: b.sys.Stdin, Stderr: b.sys.Stderr, Extra: []string{credentials.RecursionVariable + "=" + b.chain}}
		p := &credentials.Process{Command: s.Command, Windows: runtime.GOOS == "windows", Run: run.Run, Clock: b.sys.Clock}
		return made{get: p.Get, origin: credentials.Origin("process", s.Command)}, nil
	case awsconfig.SourceEnvironment:
		keys, ok, err := credentials.Environment(b.sys.LookupEnv)
		if err == nil && !ok {
			err = nothingThere("Environment", s.Profile)
		}
		if err != nil {
			return made{}, &retrieveError{err}
		}
		return made{get: credentials.Fixed(keys, b.sys.Clock), origin: credentials.Origin("keys", keys.AccessKeyID)}, nil
	case awsconfig.SourceContainer:
		c := b.container()
		if !c.Configured() {
			return made{}, &retrieveError{nothingThere("EcsContainer", s.Profile)}
		}
		return made{get: c.Get, origin: credentials.Origin("container")}, nil
	case awsconfig.SourceInstance:
		i, ok := b.instance()
		if !ok {
			return made{}, &retrieveError{nothingThere("Ec2InstanceMetadata", s.Profile)}
		}
		return made{get: i.Get, origin: credentials.Origin("instance")}, nil
	}
	return b.unconfigured()
}

func nothingThere(source, profile string) error {
	return &credentials.RetrievalError{Provider: source, Err: errors.New("No credentials found in credential_source referenced in profile " + profile)}
}

// unconfigured is what is left for a profile that says nothing about credentials: who runs this machine.
func (b *sources) unconfigured() (made, error) {
	if c := b.container(); c.Configured() {
		return made{get: c.Get}, nil
	}
	none := &credentials.NotFoundError{Profile: b.profile}
	i, ok := b.instance()
	if !ok {
		return made{}, &retrieveError{none}
	}
	return made{get: func(ctx context.Context) (credentials.Credentials, error) {
		c, err := i.Get(ctx)
		if errors.As(err, new(*credentials.RetrievalError)) {
			b.log().Debug("no credentials of an instance", "error", err)
			err = none // as nearly everywhere
		}
		return c, err
	}}, nil
}

func (b *sources) keys(s *awsconfig.Source) (made, error) {
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
		return made{}, &retrieveError{err}
	}
	return made{get: credentials.Fixed(keys, b.sys.Clock), origin: credentials.Origin("keys", keys.AccessKeyID)}, nil
}

func (b *sources) sso(s *awsconfig.Source) (made, error) {
	if err := b.adapters(); err != nil {
		return made{}, err
	}
	sso, role := s.SSO, roleOf(s.SSO)
	source := &credentials.Source{
		Store: b.files, Tokens: b.tokens(b.config, b.client, b.files, sso), Clock: b.sys.Clock, Log: b.log(),
		Portal: credentials.PortalFunc(func(ctx context.Context, region string, token wire.Secret, accountID, roleName string) (wire.RoleCredentials, error) {
			url, _, err := endpoint(b.config, awsconfig.ServiceSSO, sso, region)
			if err != nil {
				return wire.RoleCredentials{}, err
			}
			return b.client.GetRoleCredentials(ctx, url, token, accountID, roleName)
		}),
	}
	return made{
		get:     func(ctx context.Context) (credentials.Credentials, error) { return source.Get(ctx, role) },
		origin:  credentials.Origin(credentials.RootSSO, role.Target.Key(), role.Target.StartURL, role.AccountID, role.RoleName),
		foreign: func() bool { return source.OtherOrganisation(role.Target) },
		cached:  func() (credentials.Credentials, bool) { return b.files.LoadRole(role) },
		files:   fastpath.Sources{Token: cache.TokenFile(role.Target.Key()), Role: cache.RoleFile(role)},
	}, nil
}

func (b *sources) role(s *awsconfig.Source) (made, error) {
	from, err := b.source(s.From)
	if err == nil {
		err = b.adapters()
	}
	if err != nil {
		return made{}, err
	}
	assume := &credentials.Assume{
		Role: assumedOf(s, from.origin), From: from.get, Foreign: from.foreign, Code: b.askCode,
		Store: b.files, Clock: b.sys.Clock, Log: b.log(),
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
	if from.files.Token != "" {
		files = fastpath.Sources{Token: from.files.Token, Role: cache.AssumedFile(assume.Role)}
	}
	return made{
		get: assume.Get, foreign: from.foreign, files: files,
		cached: func() (credentials.Credentials, bool) { return b.files.LoadAssumed(assume.Role) },
		origin: credentials.Origin(credentials.RootOf(from.origin), s.Role.ARN, s.Role.SessionName, s.Role.ExternalID, s.Role.MFASerial, from.origin),
	}, nil
}

func (b *sources) webIdentity(s *awsconfig.Source) (made, error) {
	if err := b.adapters(); err != nil {
		return made{}, err
	}
	origin := credentials.Origin("web", s.TokenFile, s.Role.ARN, s.Role.SessionName)
	w := &credentials.WebIdentity{
		Role: assumedOf(s, origin), Store: b.files, Clock: b.sys.Clock, Log: b.log(),
		Token: func() (wire.Secret, error) {
			token, err := readConfig(s.TokenFile)
			if err != nil {
				return "", fmt.Errorf("the web identity token file %s cannot be read: %w", s.TokenFile, rootCause(err))
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
	return made{get: w.Get, origin: origin, cached: cached}, nil
}

// sts is where a role is assumed: always in the region of the active profile, as AWS CLI version 2 does.
// Credentials of a center of one's own are none of AWS's business.
func (b *sources) sts(root *awsconfig.Source) (url, region string, err error) {
	region = b.config.Region(b.global.region, b.profile)
	url, _, err = endpoint(b.config, awsconfig.ServiceSTS, awsconfig.SSO{Profile: b.profile, StartURL: root.SSO.StartURL}, region)
	if err == nil && region == "" {
		err = &awsconfig.NoRegionError{}
	}
	return url, region, err
}

func (b *sources) container() *credentials.Container {
	service := &metadata.Client{Clock: b.sys.Clock, UserAgent: b.userAgent()}
	return &credentials.Container{LookupEnv: b.sys.LookupEnv, ReadFile: readConfig, Fetch: service.Container, Clock: b.sys.Clock}
}

// instance is the service of EC2, unless it is switched off.
func (b *sources) instance() (*credentials.Instance, bool) {
	if off, _ := b.sys.LookupEnv("AWS_EC2_METADATA_DISABLED"); strings.EqualFold(off, "true") {
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
	service := &metadata.Client{Timeout: patience, Clock: b.sys.Clock, UserAgent: b.userAgent()}
	return &credentials.Instance{
		Clock: b.sys.Clock, Fetch: func(ctx context.Context) ([]byte, error) { return service.Instance(ctx, at) },
	}, true
}

// askCode asks whoever runs the command for the code of an MFA device. The question goes to stderr: what
// goes to stdout is often for another program.
func (b *sources) askCode(ctx context.Context, serial string) (string, error) {
	in, _ := b.sys.Stdin.(*os.File)
	out, _ := b.sys.Stderr.(*os.File)
	if b.neverAsk || !terminal.Is(in) || !terminal.Is(out) {
		return "", &credentials.CodeNeededError{Serial: serial, Profile: b.profile}
	}
	question := prompt.Field{Prompt: "Enter MFA code for " + serial + ": ", Help: "the six digits that the device shows", Flag: "the MFA code"}
	question.Check = func(answer string) error { _, err := credentials.CheckCode(answer); return err }
	var answer string
	var err error
	if t, ok := terminal.Open(in, out, b.sys.LookupEnv); ok {
		answer, err = t.Ask(ctx, question)
	} else {
		answer, err = (&terminal.Lines{In: in, Out: out}).Ask(ctx, question)
	}
	if errors.Is(err, prompt.ErrBack) {
		err = prompt.ErrInterrupted
	}
	if err != nil {
		return "", &credentials.CodeError{Err: err}
	}
	return credentials.CheckCode(answer)
}
