package cli

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"keyfob/internal/awsconfig"
	"keyfob/internal/lint"
	"keyfob/internal/shellquote"
)

// checkOptions is `configure check`.
type checkOptions struct {
	Env  awsconfig.Env
	Look func(*awsconfig.Config) lint.Input // what is checked, with what only the disk knows
	// Update replaces the content of a file and returns the path of the backup, "" when there is none.
	Update func(ctx context.Context, path string, edit func([]byte) ([]byte, error)) (backup string, err error)
	// Confirm asks whether to go on; nil when there is nobody to ask.
	Confirm func(ctx context.Context, question string) (bool, error)
	Print   func(result string) error
	JSON    func(result any) error
	Say     io.Writer // what is no result
	Warn    func(format string, args ...any)

	Profile string // "" for all
	AsJSON  bool
	Fix     bool
	Yes     bool
}

// faultyError is a check that found errors.
type faultyError struct{ errors int }

func (e *faultyError) Error() string {
	return "the configuration has " + count(e.errors, "error") + ": something will not work"
}

// unconfirmedError is a change that nobody is there to agree to.
type unconfirmedError struct{}

func (*unconfirmedError) Error() string {
	return "nothing was written: there is no terminal to ask at, and no --yes"
}

func (a *app) newConfigureCheck() *cobra.Command {
	var fix, yes bool
	c := &cobra.Command{
		Use:   "check",
		Short: "find mistakes in the config files, and say what to do about each",
		Long: `Looks at the config and the credentials file, at what environment variables do to the profiles, and at who else may
read the files, and says for each finding where it is, what it means and what to do. It calls nobody, changes
nothing, and reads no token. With --profile, only what concerns that profile is told.

A finding is an error when something will not work, a warning when it is probably not what was meant, and a note
when it works and could be better. With --output json the result is a list of objects with severity, code, file,
line, text, fix and, where it applies, variable, profile and session; the codes are stable. The exit status is 253
when there is an error, else 0.

--fix rewrites profiles of the legacy format into ones of an sso-session: a session that is configured for the
same start URL and region, else a new one named after the start URL's host. It shows what would change, asks, and
keeps a backup of the file. Every AWS tool then reads the same values as before; only the sign-in is a new one.
Profiles that cannot be rewritten so stay as they are, and it says why.`,
		Example: `    keyfob configure check
    keyfob configure check --profile dev
    keyfob configure check --output json
    keyfob configure check --fix`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if yes && !fix {
				return &usageError{cmd, "--yes is for --fix"}
			}
			o := a.buildCheck()
			if f := a.global.output; f != "" && f != "json" {
				return &usageError{cmd, "--output " + quoted(f) + " is not supported here; json is"}
			}
			o.Profile, o.AsJSON, o.Fix, o.Yes = a.global.profile, a.global.output == "json", fix, yes
			return o.Run(cmd.Context())
		},
	}
	c.Flags().BoolVar(&fix, "fix", false, "rewrite profiles of the legacy format, after showing the change")
	c.Flags().BoolVar(&yes, "yes", false, "with --fix, do not ask")
	return c
}

// Run fixes what it is told to, and checks what there is then.
func (o *checkOptions) Run(ctx context.Context) error {
	c, err := awsconfig.Load(o.Env)
	if err == nil && o.Profile != "" {
		err = c.RequireProfile(o.Profile)
	}
	if err != nil {
		return err
	}
	if o.Fix {
		if err := o.fix(ctx, c.ConfigFile()); err != nil {
			return err
		}
		if c, err = awsconfig.Load(o.Env); err != nil {
			return err
		}
	}
	found := lint.Check(o.Look(c))
	if o.Profile != "" {
		p, _ := c.Profile(o.Profile)
		session, _ := p.Get("sso_session")
		found = slices.DeleteFunc(found, func(f lint.Finding) bool { return !f.About(o.Profile, session) })
	}
	if o.AsJSON {
		err = o.JSON(append([]lint.Finding{}, found...))
	} else {
		err = o.Print(o.text(c, found))
	}
	if n := tally(found)[lint.Error]; err == nil && n > 0 {
		err = &faultyError{n}
	}
	return err
}

// text is the findings for a person.
func (o *checkOptions) text(c *awsconfig.Config, found []lint.Finding) string {
	if len(found) == 0 {
		files := slices.DeleteFunc([]string{c.ConfigFile(), c.CredentialsFile()}, func(path string) bool { return path == "" })
		what := strings.Join(files, " and ")
		switch {
		case o.Profile != "":
			what = "profile " + quoted(o.Profile)
		case what == "":
			what = "the environment, which is all there is"
		}
		return "Nothing is wrong with " + printable(what) + ".\n"
	}
	var b strings.Builder
	for _, f := range found {
		fmt.Fprintf(&b, "%s: %s: %s\n    fix: %s\n", printable(place(f)), f.Severity, printable(f.Text), printable(f.Fix))
	}
	var counts []string
	tally := tally(found)
	for _, s := range [...]lint.Severity{lint.Error, lint.Warning, lint.Note} {
		if tally[s] > 0 {
			counts = append(counts, count(tally[s], string(s)))
		}
	}
	return b.String() + strings.Join(counts, ", ") + "\n"
}

// place says where a finding is.
func place(f lint.Finding) string {
	switch {
	case f.Variable != "":
		return "$" + f.Variable
	case f.Line == 0:
		return f.File
	}
	return fmt.Sprintf("%s:%d", f.File, f.Line)
}

func tally(found []lint.Finding) map[lint.Severity]int {
	n := map[lint.Severity]int{}
	for _, f := range found {
		n[f.Severity]++
	}
	return n
}

func count(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}

// fix rewrites legacy profiles. All it says is no result: that is what is found afterwards.
func (o *checkOptions) fix(ctx context.Context, path string) error {
	if path == "" {
		return errNoConfigFile
	}
	before, err := o.Env.ReadFile(path)
	if err != nil && !isMissing(err) {
		return err
	}
	fixed, err := lint.Fix(o.Env, path, before, o.Profile)
	if err != nil {
		return err
	}
	for _, left := range fixed.Left {
		o.Warn("profile %q is left as it is: %s", left.Profile, left.Why)
	}
	if len(fixed.Rewritten) == 0 {
		o.say("There is nothing to rewrite.\n")
		return nil
	}
	o.say("%s:\n", path)
	for _, l := range awsconfig.Diff(before, fixed.Data) {
		o.say("%s\n", l)
	}
	if ok, err := o.agreed(ctx, "Write this to "+path+"? [y/N] "); err != nil || !ok {
		return err
	}
	backup, err := o.Update(ctx, path, func(now []byte) ([]byte, error) {
		if !bytes.Equal(now, before) {
			return nil, errors.New("the file has changed in the meantime; nothing was written")
		}
		return fixed.Data, nil
	})
	if err != nil {
		return err
	}
	o.say("Written.")
	if backup != "" {
		o.say(" The file as it was is in %s.", backup)
	}
	o.say("\nTo sign in to what is new:\n")
	var sessions []string
	for _, r := range fixed.Rewritten {
		if !slices.Contains(sessions, r.Session) {
			sessions = append(sessions, r.Session)
			o.say("    keyfob sso login --sso-session %s\n", shellquote.Word(r.Session))
		}
	}
	o.say("\n")
	return nil
}

func (o *checkOptions) agreed(ctx context.Context, question string) (bool, error) {
	switch {
	case o.Yes:
		return true, nil
	case o.Confirm == nil:
		return false, &unconfirmedError{}
	}
	ok, err := o.Confirm(ctx, printable(question))
	if err == nil && !ok {
		o.say("Nothing was written.\n\n")
	}
	return ok, err
}

// say prints a text of ours, in which the arguments may be anybody's.
func (o *checkOptions) say(format string, args ...any) {
	for i, arg := range args {
		args[i] = printable(fmt.Sprint(arg))
	}
	_, _ = fmt.Fprintf(o.Say, format, args...)
}

// warnAbout says what the check has to say about a profile or session that somebody signs in to: all but
// notes, and nothing about others. What is wrong with the files as such has been said when they were read.
func warnAbout(found []lint.Finding, profile, session string, variables bool, warn func(format string, args ...any)) {
	for _, f := range found {
		mine := f.Profile != "" && f.Profile == profile || f.Session != "" && f.Session == session || f.Variable != "" && variables
		if mine && f.Severity != lint.Note {
			warn("%s: %s; fix: %s", place(f), f.Text, f.Fix)
		}
	}
}
