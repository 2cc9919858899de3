// Command keyfob signs a person in to AWS IAM Identity Center and hands the credentials to whatever
// needs them.
package main

import (
	"context"
	"crypto/rand"
	"os"
	"os/signal"
	"os/user"
	"runtime"
	"syscall"
	"time"

	"keyfob/internal/cli"
	"keyfob/internal/clock"
	"keyfob/internal/fastpath"
)

// version is set when the program is built.
var version = "dev"

func main() {
	args := os.Args[1:]
	if len(args) == 1 && args[0] == "--version" {
		answer([]byte(cli.VersionLine(version)))
	}
	home := homeFolder()
	environ := os.Environ()
	question, plain := fastpath.Ask(version, home, args, environ)
	if plain {
		if document, ok := question.Answer(time.Now().UnixNano()); ok {
			answer(document)
		}
	}
	var asked *fastpath.Question
	if plain {
		asked = &question
	}

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
		Args:      args,
		LookupEnv: os.LookupEnv,
		Environ:   environ,
		Home:      home,
		Stdin:     os.Stdin,
		Stdout:    os.Stdout,
		Stderr:    os.Stderr,
		Clock:     clock.System{},
		Random:    rand.Reader,
		Version:   version,
		Windows:   runtime.GOOS == "windows",
		Question:  asked,
	}))
}

// answer prints what is known at once and ends the program, unless it cannot be printed: the long way says
// why, or ends by the signal that a closed pipe is.
func answer(document []byte) {
	if _, err := os.Stdout.Write(document); err == nil {
		os.Exit(0)
	}
}

// homeFolder is the person's: what HOME says, or the user database where it says nothing.
func homeFolder() string {
	if h, err := os.UserHomeDir(); err == nil && h != "" {
		return h
	}
	if u, err := user.Current(); err == nil {
		return u.HomeDir
	}
	return ""
}
