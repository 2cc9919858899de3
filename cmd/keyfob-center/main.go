// Command keyfob-center is an Identity Center of one's own: the OIDC service, the access portal's API,
// STS and the pages people sign in on.
//
// This package reads flags, files, the terminal and the clock, and puts a center and its listeners
// together; what a center does is in internal/center. Nothing imports it.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"github.com/spf13/cobra"

	"keyfob/internal/center/seed"
)

// Exit codes, which are the AWS CLI's.
const (
	exitFailed      = 1 // it was checked, and is not as it should be
	exitInterrupted = 130
	exitUsage       = 252
	exitConfig      = 253
	exitOther       = 255
)

// stdio is where a command reads and writes.
type stdio struct {
	in       *os.File
	out, err io.Writer
}

func main() {
	os.Exit(run(os.Args[1:], stdio{os.Stdin, os.Stdout, os.Stderr}))
}

func run(args []string, io stdio) int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	context.AfterFunc(ctx, stop) // a second Ctrl-C does not wait for anything
	cmd := rootCommand(io)
	cmd.SetArgs(args)
	return report(io, cmd.ExecuteContext(ctx))
}

func rootCommand(io stdio) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "keyfob-center",
		Short: "An IAM Identity Center of your own",
		Long: `keyfob-center serves an IAM Identity Center that unmodified AWS clients sign in
to: the OIDC service, the access portal, STS, and the pages for people.

It keeps everything in one folder: center.yaml, which you write, and beside it
center.db and keys.json, which it writes.

  keyfob-center init       writes an example center.yaml
  keyfob-center serve      serves it on http://127.0.0.1:8480`,
		Version:       versionLine(),
		SilenceErrors: true, SilenceUsage: true,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) > 0 {
				return usageError{fmt.Errorf("unknown command %q", args[0])}
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.SetIn(io.in)
	cmd.SetOut(io.out)
	cmd.SetErr(io.err)
	cmd.SetVersionTemplate("{{.Version}}\n")
	cmd.CompletionOptions.DisableDefaultCmd = true
	cmd.SetFlagErrorFunc(func(_ *cobra.Command, err error) error { return usageError{err} })
	cmd.AddCommand(applyCommand(io), auditCommand(io), backupCommand(io), caCommand(io), clientCommand(io), exportCommand(io), generateCommand(io), healthcheckCommand(io), initCommand(io), keysCommand(io), restoreCommand(io), schemaCommand(io), serveCommand(io), userCommand(io), validateCommand(io), versionCommand(io))
	return cmd
}

// groupCommand is a command that only has others below it.
func groupCommand(name, short, long string) *cobra.Command {
	return &cobra.Command{
		Use: name, Short: short, Long: long,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) > 0 {
				return usageError{fmt.Errorf("unknown command %q", name+" "+args[0])}
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
}

// usageError is a command line that makes no sense.
type usageError struct{ error }

// configError is a setting or a file that has to be changed before it can work.
type configError struct{ error }

// failedError is the bad result of a check.
type failedError struct{ error }

func (e failedError) Unwrap() error { return e.error }
func (e usageError) Unwrap() error  { return e.error }
func (e configError) Unwrap() error { return e.error }

// hinted is an error with what to do about it.
type hinted struct {
	error
	hint string
}

func (e hinted) Unwrap() error { return e.error }

// report prints an error in the one form that all have, and returns the exit code.
func report(io stdio, err error) int {
	if err == nil {
		return 0
	}
	if errors.Is(err, context.Canceled) {
		return exitInterrupted
	}
	var problems seed.Problems
	if errors.As(err, &problems) {
		for _, p := range problems {
			fmt.Fprintf(io.err, "%s\n", p.Error())
		}
		err = configError{hinted{fmt.Errorf("%s has %s", problems[0].File, count(len(problems), "problem")), "correct the lines named above"}}
	}
	fmt.Fprintf(io.err, "keyfob-center: error: %s\n", oneLine(err.Error()))
	var usage usageError
	var config configError
	var failed failedError
	var h hinted
	if errors.As(err, &h) {
		fmt.Fprintf(io.err, "keyfob-center: hint: %s\n", oneLine(h.hint))
	}
	switch {
	case errors.As(err, &usage):
		fmt.Fprintln(io.err, "keyfob-center: hint: keyfob-center --help lists commands, keyfob-center COMMAND --help their options")
		return exitUsage
	case errors.As(err, &config):
		return exitConfig
	case errors.As(err, &failed):
		return exitFailed
	}
	return exitOther
}

// oneLine keeps an error on its line, whatever a library put into it.
func oneLine(s string) string {
	return strings.Join(strings.FieldsFunc(s, func(r rune) bool { return r < ' ' || r == 0x7f }), "; ")
}

func count(n int, what string) string {
	if n != 1 {
		what += "s"
	}
	return fmt.Sprintf("%d %s", n, what)
}

// noArgs and oneArg refuse what a command has no use for, as usage errors.
func noArgs(_ *cobra.Command, args []string) error {
	if len(args) > 0 {
		return usageError{fmt.Errorf("unexpected argument %q", args[0])}
	}
	return nil
}

func oneArg(what string) cobra.PositionalArgs {
	return func(_ *cobra.Command, args []string) error {
		if len(args) != 1 {
			return usageError{fmt.Errorf("give one %s", what)}
		}
		return nil
	}
}
