package cli

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"syscall"

	"github.com/spf13/cobra"

	"keyfob/internal/awsconfig"
	"keyfob/internal/childprocess"
	"keyfob/internal/credentials"
	"keyfob/internal/output"
	"keyfob/internal/pager"
	"keyfob/internal/prompt"
	"keyfob/internal/session"
	"keyfob/internal/shellquote"
	"keyfob/internal/signin"
	"keyfob/internal/sources"
	"keyfob/internal/ssoapi"
	"keyfob/internal/wire"
	"keyfob/internal/wizard"
)

// Exit codes, those of the AWS CLI.
const (
	exitOK            = 0
	exitNoValue       = 1
	exitNotExecutable = 126 // as a shell says it
	exitNotFound      = 127
	exitInterrupted   = 130
	exitHungUp        = 129
	exitTerminated    = 143
	exitUsage         = 252
	exitConfiguration = 253
	exitService       = 254
	exitGeneral       = 255
)

// usageError is a command line that makes no sense.
type usageError struct {
	cmd  *cobra.Command
	text string
}

func (e *usageError) Error() string { return e.text }

// report says on stderr what went wrong and what to do about it, and returns the exit code. It is the
// only place that knows either.
func (a *app) report(err error) int {
	if err == nil {
		return exitOK
	}
	if i := (Interrupted{}); errors.As(err, &i) {
		_, _ = io.WriteString(a.sys.Stderr, "\n")
		switch i.Signal {
		case syscall.SIGTERM:
			return exitTerminated
		case syscall.SIGHUP:
			return exitHungUp
		}
		return exitInterrupted
	}
	if errors.Is(err, prompt.ErrInterrupted) {
		_, _ = io.WriteString(a.sys.Stderr, "\n")
		return exitInterrupted
	}
	if child := new(childExit); errors.As(err, &child) {
		return child.code
	}
	if none := new(noValueError); errors.As(err, &none) && none.text == "" {
		return exitNoValue
	}
	code, hints := a.advise(err)
	if errors.As(err, new(*helperError)) {
		// Docker shows this, and knows some errors by it. It is told before a person who may not be there.
		_, _ = fmt.Fprintln(a.sys.Stdout, printable(strings.Join(append([]string{err.Error()}, hints...), "; ")))
		if errors.As(err, new(dockerError)) {
			return exitNoValue // nothing for a person to do
		}
	}
	_, _ = fmt.Fprintf(a.sys.Stderr, "keyfob: error: %s\n", printable(err.Error()))
	for _, h := range hints {
		_, _ = fmt.Fprintf(a.sys.Stderr, "keyfob: hint: %s\n", printable(h))
	}
	return code
}

func (a *app) advise(err error) (code int, hints []string) {
	var usage *usageError
	if errors.As(err, &usage) {
		return exitUsage, []string{"run " + usage.cmd.CommandPath() + " --help"}
	}
	if r := new(sources.UnavailableError); errors.As(err, &r) {
		_, hints := a.advise(r.Err)
		return exitConfiguration, hints
	}
	if u := new(wizard.UnfinishedError); errors.As(err, &u) {
		code, hints = a.advise(u.Err)
		return code, append(hints, "you are signed in, and nothing was written; to go on from here: "+goOn(u))
	}
	if code, hints, ok := adviseAnswers(err); ok {
		return code, hints
	}
	if m := new(awsconfig.MissingKeysError); errors.As(err, &m) && a.config != nil {
		if s, err := a.config.Source(m.Profile, false); err == nil && s.Kind == awsconfig.SourceRole && s.Root().Kind == awsconfig.SourceSSO {
			return exitConfiguration, []string{fmt.Sprintf("profile %q assumes a role with another sign-in: run %s", m.Profile, sources.LoginCommand(sources.TargetOf(s.Root().SSO)))}
		}
	}
	switch {
	case errors.As(err, new(*childprocess.NotFoundError)):
		return exitNotFound, nil
	case errors.As(err, new(*childprocess.NotExecutableError)):
		return exitNotExecutable, nil
	case errors.As(err, new(*nestedShellError)):
		return exitGeneral, []string{"leave it with exit, or start another inside it with --force"}
	}
	if code, hints, ok := adviseConfig(err); ok {
		return code, hints
	}
	if code, hints, ok := adviseSource(err); ok {
		return code, hints
	}
	if code, hints, ok := adviseSignIn(err); ok {
		return code, hints
	}
	return adviseService(err)
}

// adviseAnswers covers answers that are missing or wrong, and people who are assigned nothing.
func adviseAnswers(err error) (code int, hints []string, ok bool) {
	var nothing *wizard.NothingError
	switch {
	case errors.As(err, new(*wizard.FlagError)), errors.As(err, new(*prompt.MissingError)), errors.As(err, new(*unconfirmedError)),
		errors.As(err, new(*awsconfig.InvalidDestinationError)):
		return exitUsage, nil, true
	case errors.As(err, new(*awsconfig.UnwritableError)):
		return exitGeneral, []string{"nothing was written"}, true
	case errors.As(err, &nothing):
		return exitGeneral, []string{"whoever administers Identity Center has to assign you a permission set"}, true
	}
	return 0, nil, false
}

// goOn is the command that takes up what was interrupted.
func goOn(u *wizard.UnfinishedError) string {
	command := "keyfob configure sso"
	for _, word := range u.Flags {
		command += " " + shellquote.Word(word)
	}
	return command
}

// adviseConfig covers what is wrong in the config files.
func adviseConfig(err error) (code int, hints []string, ok bool) {
	var profile *awsconfig.ProfileNotFoundError
	var dangling *awsconfig.DanglingSessionError
	var differ *awsconfig.InconsistentValueError
	var unknownSession *awsconfig.SessionNotFoundError
	var none *credentials.NotFoundError
	var noToken *tokenProviderError
	var noEndpoint *sources.NoEndpointError
	switch {
	case errors.As(err, new(*noValueError)):
		return exitNoValue, nil, true
	case errors.As(err, new(*formatError)):
		return exitGeneral, []string{"the formats are " + strings.Join(output.Formats(), ", ")}, true
	case errors.As(err, new(*pager.StartError)):
		return exitConfiguration, []string{"AWS_PAGER, cli_pager and PAGER name it; --no-cli-pager or an empty AWS_PAGER does without"}, true
	case errors.As(err, new(*awsconfig.SectionExistsError)), errors.As(err, new(*awsconfig.HiddenSectionError)):
		return exitGeneral, []string{"nothing was changed"}, true
	case errors.As(err, &profile):
		return exitGeneral, []string{"keyfob configure list-profiles shows the profiles there are"}, true
	case errors.As(err, &dangling):
		return exitGeneral, []string{addSession(dangling.Session, dangling.Profile)}, true
	case errors.As(err, &noToken) && noToken.Missing == nil:
		return exitGeneral, []string{addSession(noToken.Session, noToken.Profile)}, true
	case errors.As(err, &noToken):
		return exitGeneral, []string{fmt.Sprintf("add %s to [sso-session %s] in the config file", strings.Join(noToken.Missing, " and "), noToken.Session)}, true
	case errors.As(err, &differ):
		return exitGeneral, []string{fmt.Sprintf("remove %s from profile %q; the sso-session has it", differ.Key, differ.Profile)}, true
	case errors.As(err, new(*longLivedKeysError)):
		return exitConfiguration, []string{"name a profile of a role with --profile; one with role_arn and source_profile assumes a role with these keys"}, true
	case errors.As(err, new(*faultyError)):
		return exitConfiguration, nil, true
	case errors.As(err, &noEndpoint) && noEndpoint.Service == awsconfig.ServiceSignin:
		return exitConfiguration, []string{"set AWS_ENDPOINT_URL_SIGNIN, or signin in the services section of the profile"}, true
	case errors.As(err, new(*sources.NoEndpointError)):
		return exitConfiguration, []string{"set AWS_ENDPOINT_URL_SSO_OIDC and AWS_ENDPOINT_URL_SSO, or name a services section in the profile"}, true
	case errors.As(err, &none):
		return exitConfiguration, []string{fmt.Sprintf("profile %q has no SSO role and no keys; keyfob configure list-profiles shows the profiles there are", none.Profile)}, true
	case errors.As(err, &unknownSession):
		return exitConfiguration, []string{"sessions are the [sso-session NAME] sections of the config file"}, true
	}
	if c := awsconfig.ConfigError(nil); errors.As(err, &c) {
		return exitConfiguration, nil, true
	}
	return 0, nil, false
}

// adviseSource covers roles that are assumed, and the other sources of credentials.
func adviseSource(err error) (code int, hints []string, ok bool) {
	var without *awsconfig.RoleWithoutSourceError
	var unknown *awsconfig.SourceProfileNotFoundError
	var source *awsconfig.UnknownCredentialSourceError
	var needed *credentials.CodeNeededError
	switch {
	case errors.As(err, &without):
		return exitGeneral, []string{"name the profile to assume the role with: keyfob configure set source_profile NAME --profile " + shellquote.Word(without.Profile)}, true
	case errors.As(err, &unknown):
		return exitGeneral, []string{"keyfob configure list-profiles shows the profiles there are"}, true
	case errors.As(err, &source):
		return exitGeneral, []string{"it is one of Environment, EcsContainer and Ec2InstanceMetadata"}, true
	case errors.As(err, new(*credentials.RecursionError)):
		return exitConfiguration, []string{"the credential_process of these profiles leads back to keyfob or the AWS CLI"}, true
	case errors.As(err, &needed):
		return exitGeneral, []string{"at a terminal, run keyfob configure export-credentials --format env --profile " + shellquote.Word(needed.Profile) +
			" once: the credentials are then cached, for every AWS tool"}, true
	}
	return 0, nil, false
}

func addSession(session, profile string) string {
	return fmt.Sprintf("add [sso-session %s] to the config file, or correct sso_session in profile %q", session, profile)
}

// adviseSignIn covers everything that a sign-in mends, and what goes wrong with one.
func adviseSignIn(err error) (code int, hints []string, ok bool) {
	var required *session.SignInRequiredError
	var refused *signin.AuthorizeError
	switch {
	case errors.As(err, &required):
		return exitGeneral, []string{"run " + sources.LoginCommand(required.Target)}, true
	case errors.As(err, new(*signin.ListenError)):
		return exitGeneral, []string{"--use-device-code needs no listener"}, true
	case errors.As(err, &refused):
		if refused.Denied() {
			return exitGeneral, []string{"the request was denied in the browser; nothing was changed"}, true
		}
		return exitGeneral, nil, true
	case errors.As(err, new(*signin.ExpiredError)):
		return exitGeneral, []string{"nothing was changed; run the same command again"}, true
	case errors.Is(err, credentials.ErrExpiredOnArrival):
		return exitGeneral, []string{"check this machine's clock"}, true
	}
	return 0, nil, false
}

// aboutTime reports whether a signature was refused for when it was made.
func aboutTime(e *wire.ServiceError) bool {
	return e.Code == "RequestExpired" || e.Code == "RequestTimeTooSkewed" || strings.HasPrefix(e.Message, "Signature expired") || strings.HasPrefix(e.Message, "Signature not yet current")
}

// adviseService covers services that say no, and services that are not reached.
func adviseService(err error) (code int, hints []string) {
	var service *wire.ServiceError
	var tls *ssoapi.TLSError
	var connect *ssoapi.ConnectError
	switch {
	case errors.As(err, &service):
		switch {
		case service.Operation == "GetRoleCredentials" && service.Code != "" && (service.Status == 403 || service.Status == 404):
			hints = []string{"this role is not assigned to you; keyfob sso list-accounts and list-account-roles show what is"}
		case service.Operation == "getSigninToken" && service.Status == 400:
			hints = []string{"the federation endpoint takes credentials of a role that have not expired; it takes --duration for some of them only"}
		case service.Operation == wire.ActionAssumeRole && service.Code == "AccessDenied":
			hints = []string{"the role has to trust whoever assumes it, and they have to be allowed sts:AssumeRole; keyfob sts get-caller-identity --profile SOURCE shows who it is"}
		case service.Code == "" && service.Status == 404:
			hints = []string{"this is not an answer of the service; check the configured endpoint and region"}
		case service.Status == 429:
			hints = []string{"the service is throttling; try again in a moment"}
		case aboutTime(service):
			hints = []string{"check this machine's clock: the service's differs"}
		}
		return exitService, hints
	case errors.As(err, &tls):
		return exitGeneral, []string{"if the certificate is signed by a private authority, name its file with --ca-bundle, AWS_CA_BUNDLE or ca_bundle"}
	case errors.As(err, &connect):
		return exitGeneral, []string{"check the network, the proxy variables and the configured region and endpoint"}
	}
	return exitGeneral, nil
}
