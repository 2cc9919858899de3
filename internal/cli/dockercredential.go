package cli

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"keyfob/internal/awsconfig"
	"keyfob/internal/wire"
)

// dockerHelper is the name that Docker looks for when its config says "keyfob". What follows a hyphen
// after it is a profile.
const dockerHelper = "docker-credential-keyfob"

// asDockerHelper returns the arguments of the command that a program of that name is.
func asDockerHelper(name string, args []string) []string {
	name = name[strings.LastIndexAny(name, `/\`)+1:]
	name = strings.TrimSuffix(name, ".exe")
	rest, ok := strings.CutPrefix(name, dockerHelper)
	if !ok {
		return args
	}
	if rest != "" {
		profile, named := strings.CutPrefix(rest, "-")
		if !named || profile == "" {
			return args
		}
		args = append([]string{"--profile=" + profile}, args...)
	}
	return append([]string{"ecr", "docker-credential"}, args...)
}

// dockerCredentialOptions is `ecr docker-credential get`.
type dockerCredentialOptions struct {
	Password func(ctx context.Context, r awsconfig.Registry) (username string, password wire.Secret, err error)
	Print    func(string) error
	Stdin    io.Reader
}

// dockerCredential is the answer to get, members in the protocol's order.
type dockerCredential struct {
	ServerURL string
	Username  string
	Secret    string
}

// helperError is an error as a docker-credential-helper reports it: on stdout, where Docker looks for it.
type helperError struct{ err error }

func (e *helperError) Error() string { return e.err.Error() }
func (e *helperError) Unwrap() error { return e.err }

// The protocol's own errors, which Docker knows by their texts.
type dockerError string

const (
	errNotInKeychain dockerError = "credentials not found in native keychain"
	errNoServerURL   dockerError = "no credentials server URL"
)

func (e dockerError) Error() string { return string(e) }

// maxServerURL is what a server's name may take. Docker's take a line.
const maxServerURL = 64 << 10

func (a *app) newDockerCredential() *cobra.Command {
	get := &cobra.Command{
		Use:   "get",
		Short: "read a registry's name, print who to sign in as",
		Args:  noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			o := &dockerCredentialOptions{Print: a.print, Stdin: a.sys.Stdin, Password: a.registryPassword}
			if err := o.Run(cmd.Context()); err != nil {
				return &helperError{err}
			}
			return nil
		},
	}
	list := &cobra.Command{
		Use: "list", Short: "list what is kept, which is nothing", Args: noArgs,
		RunE: func(*cobra.Command, []string) error { return a.print("{}\n") },
	}
	// docker login and docker logout say these. What get answers is made when it is asked for, so there is
	// nothing to keep or to forget; but what is sent has to be read, or Docker has nobody to write it to.
	ignore := func(use, short string) *cobra.Command {
		return &cobra.Command{Use: use, Short: short, Args: noArgs, RunE: func(*cobra.Command, []string) error {
			_, err := io.Copy(io.Discard, a.sys.Stdin)
			return err
		}}
	}
	c := group("docker-credential", "sign Docker in to registries of ECR",
		get, list, ignore("store", "do nothing"), ignore("erase", "do nothing"))
	c.Long = `Speaks Docker's credential helper protocol: Docker asks for the password of a registry, and gets one that is made
with the profile's credentials, good for 12 hours. Nothing is kept. Registries are those of ECR in every region and
partition, and public.ecr.aws; for all others the answer is that there is no password.

Docker finds a helper by its name, and so the program is installed a second time, as a link that is called
docker-credential-keyfob. With -PROFILE at its end it is for that profile, otherwise for that of AWS_PROFILE, or for
[default].`
	c.Example = `    ln -s "$(command -v keyfob)" ~/.local/bin/docker-credential-keyfob
    ln -s "$(command -v keyfob)" ~/.local/bin/docker-credential-keyfob-dev

    # in ~/.docker/config.json
    {"credHelpers": {"111122223333.dkr.ecr.eu-central-1.amazonaws.com": "keyfob-dev", "public.ecr.aws": "keyfob"}}`
	return c
}

// Run answers get.
func (o *dockerCredentialOptions) Run(ctx context.Context) error {
	b, err := io.ReadAll(io.LimitReader(o.Stdin, maxServerURL))
	if err != nil {
		return err
	}
	server := strings.TrimSpace(string(b))
	if server == "" {
		return errNoServerURL
	}
	registry, ok := awsconfig.ParseRegistry(server)
	if !ok {
		return errNotInKeychain
	}
	user, password, err := o.Password(ctx, registry)
	if err != nil {
		return err
	}
	var out bytes.Buffer
	e := json.NewEncoder(&out)
	e.SetEscapeHTML(false)
	if err := e.Encode(dockerCredential{ServerURL: server, Username: user, Secret: password.Reveal()}); err != nil {
		return err
	}
	return o.Print(out.String())
}
