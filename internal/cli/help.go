package cli

import (
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// printHelp writes a command's page in the form of a manual page.
func printHelp(w io.Writer, cmd *cobra.Command) {
	var b strings.Builder
	section := func(title, body string) {
		if body = strings.TrimRight(body, "\n"); body != "" {
			fmt.Fprintf(&b, "%s\n%s\n\n", title, body)
		}
	}
	section("NAME", "    "+cmd.CommandPath()+" - "+cmd.Short)
	section("SYNOPSIS", "    "+synopsis(cmd))
	section("DESCRIPTION", indent(cmd.Long))
	section("COMMANDS", commands(cmd))
	section("OPTIONS", options(cmd.LocalNonPersistentFlags()))
	if cmd.HasParent() {
		section("GLOBAL OPTIONS", options(cmd.InheritedFlags()))
	} else {
		section("GLOBAL OPTIONS", options(cmd.PersistentFlags()))
	}
	section("EXAMPLES", cmd.Example)
	if !cmd.HasParent() {
		section("FILES", files)
		section("ENVIRONMENT", environment)
		section("EXIT STATUS", exitStatus)
	}
	_, _ = io.WriteString(w, strings.TrimRight(b.String(), "\n")+"\n")
}

const files = `    ~/.aws/config             profiles and sso-sessions (AWS_CONFIG_FILE)
    ~/.aws/credentials        keys and overrides (AWS_SHARED_CREDENTIALS_FILE)
    ~/.aws/sso/cache          tokens and client registrations, shared with the AWS CLI and SDKs
    ~/.aws/cli/cache          role credentials, shared with the AWS CLI`

const environment = `    AWS_PROFILE, AWS_REGION, AWS_DEFAULT_OUTPUT, AWS_PAGER, PAGER, AWS_CA_BUNDLE, AWS_ENDPOINT_URL and AWS_ENDPOINT_URL_SSO_OIDC, _SSO, _STS, _ECR,
    _ECR_PUBLIC, _CODEARTIFACT and _SIGNIN, AWS_MAX_ATTEMPTS, HTTPS_PROXY, NO_PROXY and BROWSER have the meaning
    they have for the AWS CLI.`

const exitStatus = `    0    success
    130  interrupted
    252  the command line makes no sense
    253  the configuration is wrong
    254  a service said no
    255  anything else
    exec and shell: the command's; 127 if there is none, 126 if it cannot be run`

// printUsage is the short form that goes with a mistake.
func printUsage(w io.Writer, cmd *cobra.Command) error {
	_, err := fmt.Fprintf(w, "usage: %s\n", synopsis(cmd))
	return err
}

func synopsis(cmd *cobra.Command) string {
	if cmd.HasAvailableSubCommands() {
		return cmd.CommandPath() + " [options] <command>"
	}
	_, arguments, _ := strings.Cut(cmd.Use, " ")
	return strings.TrimRight(cmd.CommandPath()+" [options] "+arguments, " ")
}

func indent(s string) string {
	if s == "" {
		return ""
	}
	lines := strings.Split(s, "\n")
	for i, l := range lines {
		if l != "" {
			lines[i] = "    " + l
		}
	}
	return strings.Join(lines, "\n")
}

func commands(cmd *cobra.Command) string {
	var b strings.Builder
	for _, c := range cmd.Commands() {
		if c.IsAvailableCommand() {
			fmt.Fprintf(&b, "    %-22s %s\n", c.Name(), c.Short)
		}
	}
	return b.String()
}

func options(fs *pflag.FlagSet) string {
	var b strings.Builder
	fs.VisitAll(func(f *pflag.Flag) {
		if f.Hidden {
			return
		}
		name, usage := pflag.UnquoteUsage(f)
		if f.Name == "help" {
			usage = "show this page" // cobra's own word is less
		}
		head := "--" + f.Name
		if name != "" {
			head += " <" + name + ">"
		}
		if f.DefValue != "" && f.DefValue != "false" {
			usage += " (default " + f.DefValue + ")"
		}
		fmt.Fprintf(&b, "    %-34s %s\n", head, usage)
	})
	return b.String()
}
