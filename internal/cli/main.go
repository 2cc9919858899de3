package cli

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"keyfob/internal/awsconfig"
	"keyfob/internal/clock"
	"keyfob/internal/fastpath"
	"keyfob/internal/handover"
	"keyfob/internal/output"
	"keyfob/internal/query"
	"keyfob/internal/wizard"
)

// System is what the program gets from outside; tests bring their own.
type System struct {
	Name      string   // the program's, as it was called
	Args      []string // without the program's name
	LookupEnv func(key string) (string, bool)
	Environ   []string // "NAME=value", for programs that are run
	Home      string   // "" when there is none
	Stdin     io.Reader
	Stdout    io.Writer
	Stderr    io.Writer
	Clock     clock.Clock
	Random    io.Reader
	Version   string
	Windows   bool

	// Question is the call as the fast path understood it and could not answer; nil for other calls.
	Question *fastpath.Question
}

// Interrupted is the cause of a context that a signal cancelled.
type Interrupted struct{ Signal os.Signal }

// Error implements error.
func (i Interrupted) Error() string { return "interrupted by " + i.Signal.String() }

// Main runs one command and returns the process's exit code. A ctx that is cancelled with
// [Interrupted] ends whatever the command is doing.
func Main(ctx context.Context, sys System) int {
	a := &app{sys: withoutReached(sys)}
	a.reached = handover.Reached(sys.LookupEnv)
	args := helpLast(asDockerHelper(sys.Name, sys.Args))
	root := a.root(args)
	root.SetArgs(args)
	err := root.ExecuteContext(ctx)
	if err != nil && ctx.Err() != nil && !errors.As(err, new(*childExit)) {
		// Whatever the interrupted step made of it, this is why it ended.
		err = context.Cause(ctx)
	}
	return a.report(err)
}

// withoutReached takes away the endpoints that keyfob itself has put into the environment for a profile:
// the one that is asked for now may be another.
func withoutReached(sys System) System {
	gone := handover.Reached(sys.LookupEnv)
	if len(gone) == 0 {
		return sys
	}
	lookup := sys.LookupEnv
	sys.LookupEnv = func(name string) (string, bool) {
		if slices.Contains(gone, name) {
			return "", false
		}
		return lookup(name)
	}
	sys.Environ = slices.DeleteFunc(slices.Clone(sys.Environ), func(e string) bool {
		name, _, _ := strings.Cut(e, "=")
		return slices.Contains(gone, name)
	})
	return sys
}

// helpLast lets a command be asked for help the way `aws` is: by a last word.
func helpLast(args []string) []string {
	last := len(args) - 1
	if last < 1 || args[last] != "help" || args[0] == "exec" && last > 1 || slices.ContainsFunc(args, func(a string) bool { return strings.HasPrefix(a, "-") }) {
		return args
	}
	return append(slices.Clone(args[:last]), "--help")
}

// app is one run of the program.
type app struct {
	sys    System
	global globalOptions
	config *awsconfig.Config
	query  *query.Expression // of --query; nil without one

	// reached names the variables that withoutReached took away.
	reached []string

	// neverAsk keeps credentials from asking for an MFA code although there is a terminal: somebody
	// else's, of whom the caller is a part.
	neverAsk bool
}

// globalOptions are spelled as `aws` spells them and hold for every command.
type globalOptions struct {
	profile        string
	region         string
	endpointURL    string
	caBundle       string
	output         string
	query          string
	color          string
	noPager        bool
	noPaginate     bool
	noVerifySSL    bool
	debug          bool
	connectTimeout int
	readTimeout    int
}

// root returns the commands, or only the first of args with what is below it.
func (a *app) root(args []string) *cobra.Command {
	version := false
	root := &cobra.Command{
		Use:   "keyfob",
		Short: "sign in to AWS IAM Identity Center and hand out its credentials",
		Long: `keyfob signs you in to AWS IAM Identity Center and gives the credentials to whatever needs them. It reads and
writes the files of the AWS CLI (~/.aws/config, ~/.aws/sso/cache, ~/.aws/cli/cache), so every AWS tool sees
its sign-in, and it sees theirs.`,
		Example: `    keyfob sso login --profile dev
    keyfob sts get-caller-identity --profile dev
    keyfob exec --profile dev -- terraform plan
    eval "$(keyfob env --profile dev)"
    keyfob sso logout`,
		Args:          cobra.ArbitraryArgs,
		SilenceErrors: true,
		SilenceUsage:  true,
		RunE: func(cmd *cobra.Command, args []string) error {
			if version {
				return a.printVersion()
			}
			return noSuchCommand(cmd, args)
		},
	}
	root.SetOut(a.sys.Stdout)
	root.SetErr(a.sys.Stderr)
	root.SetHelpFunc(func(cmd *cobra.Command, _ []string) { printHelp(a.sys.Stdout, cmd) })
	root.SetUsageFunc(func(cmd *cobra.Command) error { return printUsage(a.sys.Stderr, cmd) })
	root.SetFlagErrorFunc(func(cmd *cobra.Command, err error) error { return &usageError{cmd, err.Error()} })
	root.Flags().BoolVar(&version, "version", false, "print the version and exit")

	g, f := &a.global, root.PersistentFlags()
	f.StringVar(&g.profile, "profile", "", "use this `profile` of the config file")
	f.StringVar(&g.region, "region", "", "make calls in this `region` (a sign-in uses its own sso_region)")
	f.StringVar(&g.endpointURL, "endpoint-url", "", "send service calls to this `URL` (not those of a sign-in)")
	f.StringVar(&g.caBundle, "ca-bundle", "", "trust the certificates in this `file` of PEM, instead of the system's")
	f.BoolVar(&g.noVerifySSL, "no-verify-ssl", false, "do not verify the servers' certificates")
	f.StringVar(&g.output, "output", "", "the `format` of results: json, text, table, yaml, yaml-stream or off")
	f.StringVar(&g.query, "query", "", "print what this JMESPath `expression` picks from the result")
	f.StringVar(&g.color, "color", "auto", "color tables: on, off or auto, `which` is on at a terminal")
	f.BoolVar(&g.noPager, "no-cli-pager", false, "do not show results with a pager")
	f.BoolVar(&g.noPaginate, "no-paginate", false, "make one call only, for the first page of a list")
	f.Bool("no-cli-auto-prompt", false, "nothing is prompted for anyway")
	_ = f.MarkHidden("no-cli-auto-prompt")
	f.BoolVar(&g.debug, "debug", false, "say on stderr what is done; secrets are left out")
	f.IntVar(&g.connectTimeout, "cli-connect-timeout", 60, "wait so many `seconds` for a connection; 0 waits for ever")
	f.IntVar(&g.readTimeout, "cli-read-timeout", 60, "wait so many `seconds` for an answer; 0 waits for ever")
	_ = root.RegisterFlagCompletionFunc("profile", a.completeProfiles)
	_ = root.RegisterFlagCompletionFunc("output", cobra.FixedCompletions(output.Formats(), cobra.ShellCompDirectiveNoFileComp))
	_ = root.RegisterFlagCompletionFunc("color", cobra.FixedCompletions([]string{"on", "off", "auto"}, cobra.ShellCompDirectiveNoFileComp))
	root.PersistentPreRunE = func(cmd *cobra.Command, _ []string) error { return a.checkGlobals(cmd) }

	all := a.commands()
	for _, c := range all {
		if len(args) > 0 && args[0] == c.name {
			root.AddCommand(c.make())
			return root
		}
	}
	for _, c := range all {
		root.AddCommand(c.make())
	}
	root.InitDefaultHelpCmd()
	root.InitDefaultCompletionCmd()
	if completion, _, err := root.Find([]string{"completion"}); err == nil {
		completion.Short = "print a completion script for your shell"
	}
	return root
}

// firstWord is a command that comes directly after the program's name. It is made when it is needed: most
// calls need one.
type firstWord struct {
	name string
	make func() *cobra.Command
}

func (a *app) commands() []firstWord {
	return []firstWord{
		{"sso", func() *cobra.Command {
			return group("sso", "sign in, sign out, and see what you may use",
				a.newLogin(), a.newLogout(), a.newToken(), a.newListAccounts(), a.newListAccountRoles(), a.newGetRoleCredentials())
		}},
		{"configure", func() *cobra.Command {
			return group("configure", "set up profiles, and hand out their credentials",
				a.newConfigureSSO(), a.newConfigureSSOSession(), a.newConfigureCheck(), a.newExportCredentials(), a.newListProfiles(),
				a.newConfigureList(), a.newConfigureGet(), a.newConfigureSet(), a.newConfigureUnset(), a.newConfigureRename())
		}},
		{"sts", func() *cobra.Command { return group("sts", "ask AWS who you are", a.newGetCallerIdentity()) }},
		{"console", a.newConsole},
		{"eks", func() *cobra.Command { return group("eks", "sign in to Kubernetes on AWS", a.newEKSToken()) }},
		{"ecr", func() *cobra.Command {
			return group("ecr", "sign in to registries of container images on AWS", a.newDockerCredential())
		}},
		{"codeartifact", func() *cobra.Command {
			return group("codeartifact", "sign in to repositories of packages on AWS", a.newCodeArtifactToken())
		}},
		{"rds", func() *cobra.Command { return group("rds", "sign in to databases on AWS", a.newRDSToken()) }},
		{"process", a.newProcess},
		{"exec", a.newExec},
		{"env", a.newEnv},
		{"shell", a.newShell},
		{"serve", func() *cobra.Command {
			return group("serve", "serve credentials to other programs", a.newServeCredentials())
		}},
	}
}

// Root returns the whole command tree, unbound from any system, for the generator of the manual.
func Root() *cobra.Command {
	a := &app{sys: System{Stdout: io.Discard, Stderr: io.Discard, LookupEnv: func(string) (string, bool) { return "", false }}}
	return a.root(nil)
}

// group is a command that only has commands.
func group(use, short string, commands ...*cobra.Command) *cobra.Command {
	c := &cobra.Command{Use: use, Short: short, Args: cobra.ArbitraryArgs}
	c.RunE = noSuchCommand
	c.AddCommand(commands...)
	return c
}

// noSuchCommand is what remains when a command that only has commands is run itself.
func noSuchCommand(cmd *cobra.Command, args []string) error {
	if len(args) == 0 {
		return &usageError{cmd, "a command is missing"}
	}
	cmd.SuggestionsMinimumDistance = 2
	text := "unknown command " + quoted(args[0])
	if like := cmd.SuggestionsFor(args[0]); len(like) > 0 {
		text += "; did you mean " + strings.Join(like, " or ") + "?"
	}
	return &usageError{cmd, text}
}

func noArgs(cmd *cobra.Command, args []string) error {
	if len(args) > 0 {
		return &usageError{cmd, "unexpected argument " + quoted(args[0])}
	}
	return nil
}

func (a *app) checkGlobals(cmd *cobra.Command) error {
	g := a.global
	switch {
	case g.endpointURL != "" && !hasHTTPScheme(g.endpointURL):
		return &usageError{cmd, "Bad value for --endpoint-url " + quoted(g.endpointURL) +
			": scheme is missing.  Must be of the form http://<hostname>/ or https://<hostname>/"}
	case g.output != "" && !slices.Contains(output.Formats(), g.output) && !answersOutput(cmd):
		return &usageError{cmd, "--output " + quoted(g.output) + " is none of " + strings.Join(output.Formats(), ", ")}
	case g.color != "on" && g.color != "off" && g.color != "auto":
		return &usageError{cmd, "--color is on, off or auto, not " + quoted(g.color)}
	case g.connectTimeout < 0 || g.readTimeout < 0:
		return &usageError{cmd, "a timeout cannot be negative"}
	}
	return a.compileQuery(cmd)
}

// answersOutput reports whether --output is an answer of the command's, not the format of its result.
func answersOutput(cmd *cobra.Command) bool { return cmd.Flag(flagName(wizard.FlagProfile)) != nil }

func hasHTTPScheme(u string) bool {
	for _, p := range []string{"http://", "https://"} {
		if len(u) > len(p) && u[:len(p)] == p {
			return true
		}
	}
	return false
}

func (a *app) configEnv() awsconfig.Env {
	return awsconfig.Env{Lookup: a.sys.LookupEnv, Home: a.sys.Home, ReadFile: readConfig}
}

// load reads the config files, once.
func (a *app) load() (*awsconfig.Config, error) {
	if a.config != nil {
		return a.config, nil
	}
	c, err := awsconfig.Load(a.configEnv())
	if err != nil {
		return nil, err
	}
	for _, w := range c.Warnings {
		a.log().Debug("config", "file", w.File, "line", w.Line, "warning", w.Text)
	}
	a.config = c
	return c, nil
}

// loadTalking is load for commands that a person runs: they see what is wrong with the files.
func (a *app) loadTalking() (*awsconfig.Config, error) {
	c, err := a.load()
	if err == nil && !a.global.debug {
		for _, w := range c.Warnings {
			a.warn("%s:%d: %s", w.File, w.Line, w.Text)
		}
	}
	return c, err
}

// loadNothing is load for files that cannot be read: what the environment alone says.
func (a *app) loadNothing() (*awsconfig.Config, error) {
	nothing := func(string) ([]byte, error) { return nil, fs.ErrNotExist }
	return awsconfig.Load(awsconfig.Env{Lookup: a.sys.LookupEnv, Home: a.sys.Home, ReadFile: nothing})
}

// activeProfile returns the profile that the command works with. One that was named must exist.
func (a *app) activeProfile(c *awsconfig.Config) (name string, explicit bool, err error) {
	name, explicit = c.ActiveProfile(a.global.profile)
	if explicit {
		err = c.RequireProfile(name)
	}
	return name, explicit, err
}

func (a *app) completeProfiles(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
	c, err := a.load()
	if err != nil {
		return nil, cobra.ShellCompDirectiveError
	}
	return c.Profiles(), cobra.ShellCompDirectiveNoFileComp
}

func (a *app) completeSessions(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
	c, err := a.load()
	if err != nil {
		return nil, cobra.ShellCompDirectiveError
	}
	return c.Sessions(), cobra.ShellCompDirectiveNoFileComp
}

func (a *app) printVersion() error { return a.print(VersionLine(a.sys.Version)) }

// VersionLine is the answer to --version.
func VersionLine(version string) string { return "keyfob/" + version + "\n" }

// print writes a result. A result that could not be written is an error: a full disk or a closed pipe
// must not look like success.
func (a *app) print(s string) error {
	if _, err := io.WriteString(a.sys.Stdout, s); err != nil {
		return &outputError{err}
	}
	return nil
}

type outputError struct{ err error }

func (e *outputError) Error() string {
	return "the result could not be written: " + rootCause(e.err).Error()
}

func rootCause(err error) error {
	for {
		inner := errors.Unwrap(err)
		if inner == nil {
			return err
		}
		err = inner
	}
}

func (a *app) log() *slog.Logger {
	return slog.New(&logHandler{w: a.sys.Stderr, debug: a.global.debug})
}
