package cli

import (
	"context"
	"regexp"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"keyfob/internal/handover"
	"keyfob/internal/wire"
)

// serveOptions is `serve credentials`.
type serveOptions struct {
	// Start starts the server, which ends with end.
	Start func(ctx context.Context) (s served, end func(), err error)
	Print func(string) error

	For     []string // which recipes
	Profile string   // that the recipes are for
	Only    []string // the profiles that are served; empty for all
	Region  string
	Syntax  func(v handover.Variable) (string, error) // a line of the person's shell
	Unset   []string                                  // its lines that take variables away
}

// served is a server that runs.
type served struct {
	Port    string
	URL     func(profile string) string
	Clients []servedClient
}

// servedClient is whoever may ask a server: with a token, which is in a file or is to be told.
type servedClient struct {
	Name  string
	Token wire.Secret
	File  string // "" for none
}

const (
	forShell        = "shell"
	forDocker       = "docker"
	forCompose      = "compose"
	forDevContainer = "devcontainer"
	forSSH          = "ssh"
)

func recipeNames() []string {
	return []string{forShell, forDocker, forCompose, forDevContainer, forSSH}
}

// serveFlags are the flags of `serve credentials`.
type serveFlags struct {
	profiles, clients, recipes []string
	listen, tokenDir           string
}

const clientName = `^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$`

func (a *app) newServeCredentials() *cobra.Command {
	var f serveFlags
	c := &cobra.Command{
		Use:   "credentials",
		Short: "serve credentials to containers, editors and other machines",
		Long: `Serves the credentials of profiles, on this machine alone, by the protocol that every AWS SDK knows as that of
containers (AWS_CONTAINER_CREDENTIALS_FULL_URI), until it is interrupted. Each profile has a path of its own,
/credentials/PROFILE. Credentials are got and renewed when somebody asks, as they are for any other command; files
that are edited, sign-ins and sign-outs count at once. Nobody is ever asked anything: without a usable sign-in a
client is told which command signs in.

Whoever asks needs a token. Every --client has one of its own, which is new each time and printed once; with
--token-dir it is written to DIR/CLIENT/token instead, for AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE, and removed at
the end. What to set where is printed for a local shell, docker, docker compose, dev containers and a machine that
is reached with ssh -R. SDKs take plain http from 127.0.0.1 and localhost alone, so a container has to share this
machine's network.`,
		Example: `    keyfob serve credentials --profile dev
    keyfob serve credentials --listen 127.0.0.1:9911 --client api --client web --token-dir ~/.local/state/keyfob
    keyfob serve credentials --profile dev --profile prod --for compose`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := f.check(cmd); err != nil {
				return err
			}
			o, err := a.buildServe(cmd, f)
			if err != nil {
				return err
			}
			return o.Run(cmd.Context())
		},
	}
	fs := c.Flags()
	fs.StringArrayVar(&f.profiles, "profile", nil, "serve this `profile`, and others only if they are named too; else all there are")
	fs.StringVar(&f.listen, "listen", "127.0.0.1:0", "listen at this `address`, which must be one of this machine alone; port 0 is a free one")
	fs.StringArrayVar(&f.clients, "client", nil, "make a token for a client of this `name`; may be given again (default: one client, \"local\")")
	fs.StringVar(&f.tokenDir, "token-dir", "", "write each token to a file in this `folder`")
	fs.StringArrayVar(&f.recipes, "for", nil, "print what to set for this `kind` of client alone: "+strings.Join(recipeNames(), ", "))
	_ = c.RegisterFlagCompletionFunc("profile", a.completeProfiles)
	_ = c.RegisterFlagCompletionFunc("for", cobra.FixedCompletions(recipeNames(), cobra.ShellCompDirectiveNoFileComp))
	return c
}

func (f *serveFlags) check(cmd *cobra.Command) error {
	if len(f.clients) == 0 {
		f.clients = []string{"local"}
	}
	name := regexp.MustCompile(clientName)
	for i, c := range f.clients {
		switch {
		case !name.MatchString(c):
			return &usageError{cmd, "--client " + quoted(c) + " is no name: it may have letters, digits, dots, dashes and underscores"}
		case slices.ContainsFunc(f.clients[:i], func(before string) bool { return strings.EqualFold(before, c) }):
			return &usageError{cmd, "--client " + quoted(c) + " is given twice"}
		}
	}
	for _, r := range f.recipes {
		if !slices.Contains(recipeNames(), r) {
			return &usageError{cmd, "--for " + quoted(r) + " is none of " + strings.Join(recipeNames(), ", ")}
		}
	}
	for i, p := range f.profiles {
		if slices.Contains(f.profiles[:i], p) {
			return &usageError{cmd, "--profile " + quoted(p) + " is given twice"}
		}
	}
	if len(f.recipes) == 0 {
		f.recipes = recipeNames()
	}
	return nil
}

// Run serves until ctx is done, which is how a server ends well.
func (o *serveOptions) Run(ctx context.Context) error {
	s, end, err := o.Start(ctx)
	if err != nil {
		return err
	}
	defer end()
	text, err := o.text(s)
	if err == nil {
		err = o.Print(text)
	}
	if err != nil {
		return err
	}
	<-ctx.Done()
	return nil
}

func (o *serveOptions) text(s served) (string, error) {
	var b strings.Builder
	b.WriteString("Serving credentials until Ctrl-C:\n")
	profiles := o.Only
	if len(profiles) == 0 {
		profiles = []string{o.Profile}
		b.WriteString("every profile at its own path, such as\n")
	}
	for _, p := range profiles {
		b.WriteString("    " + s.URL(p) + "\n")
	}
	for _, c := range s.Clients {
		b.WriteString("\nClient " + c.Name + ":\n")
		for _, name := range o.For {
			r, err := o.recipe(name, s, c)
			if err != nil {
				return "", err
			}
			b.WriteString("\n  " + r.title + ":\n")
			for _, l := range r.lines {
				b.WriteString("    " + l + "\n")
			}
		}
	}
	return b.String(), nil
}
