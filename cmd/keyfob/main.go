// Command keyfob signs a person in to AWS IAM Identity Center and hands the credentials to whatever
// needs them.
package main

import (
	"context"
	"crypto/rand"
	"os"
	"os/signal"
	"os/user"
	"syscall"

	"keyfob/internal/cli"
	"keyfob/internal/clock"
)

// version is set when the program is built.
var version = "dev"

func main() {
	ctx, cancel := context.WithCancelCause(context.Background())
	signals := make(chan os.Signal, 1)
	for _, s := range []os.Signal{os.Interrupt, syscall.SIGTERM, syscall.SIGHUP} {
		if !signal.Ignored(s) { // as nohup has it
			signal.Notify(signals, s)
		}
	}
	go func() {
		s := <-signals
		signal.Stop(signals) // a second one kills
		cancel(cli.Interrupted{Signal: s})
	}()
	os.Exit(cli.Main(ctx, cli.System{
		Name:      os.Args[0],
		Args:      os.Args[1:],
		LookupEnv: os.LookupEnv,
		Home:      home(),
		Stdin:     os.Stdin,
		Stdout:    os.Stdout,
		Stderr:    os.Stderr,
		Clock:     clock.System{},
		Random:    rand.Reader,
		Version:   version,
	}))
}

// home is the person's home folder: what HOME says, or the user database where it says nothing.
func home() string {
	if h, err := os.UserHomeDir(); err == nil && h != "" {
		return h
	}
	if u, err := user.Current(); err == nil {
		return u.HomeDir
	}
	return ""
}
