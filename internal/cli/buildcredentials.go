package cli

import (
	"context"
	"errors"
	"os"
	"time"

	"keyfob/internal/credentials"
	"keyfob/internal/prompt"
	"keyfob/internal/sources"
	"keyfob/internal/terminal"
)

// world is what package sources needs of the one around, and what flags say of it.
func (a *app) world() *sources.World {
	w := &sources.World{
		Home: a.sys.Home, LookupEnv: a.sys.LookupEnv, Clock: a.sys.Clock, Random: a.sys.Random, Log: a.log(), Version: a.sys.Version,
		Stdin: a.sys.Stdin, Stderr: a.sys.Stderr,
		Region: a.global.region, CABundle: a.global.caBundle, NoVerifySSL: a.global.noVerifySSL,
		ConnectTimeout: time.Duration(a.global.connectTimeout) * time.Second, ReadTimeout: time.Duration(a.global.readTimeout) * time.Second,
	}
	if !a.neverAsk {
		w.AskCode = a.askCode
	}
	return w
}

// buildCredentials returns what gets a profile's credentials; see [sources.World.Of].
func (a *app) buildCredentials(flag *string) (func(context.Context) (credentials.Credentials, error), error) {
	got, err := a.buildSource(flag)
	return got.Get, err
}

func (a *app) buildSource(flag *string) (sources.Made, error) {
	c, err := a.load()
	if err != nil {
		return sources.Made{}, err
	}
	return a.world().Of(c, *flag)
}

// askCode asks whoever runs the command for the code of an MFA device. The question goes to stderr: what
// goes to stdout is often for another program.
func (a *app) askCode(ctx context.Context, serial, profile string) (string, error) {
	in, _ := a.sys.Stdin.(*os.File)
	out, _ := a.sys.Stderr.(*os.File)
	if !terminal.Is(in) || !terminal.Is(out) {
		return "", &credentials.CodeNeededError{Serial: serial, Profile: profile}
	}
	question := prompt.Field{Prompt: "Enter MFA code for " + serial + ": ", Help: "the six digits that the device shows", Flag: "the MFA code"}
	question.Check = func(answer string) error { _, err := credentials.CheckCode(answer); return err }
	var answer string
	var err error
	if t, ok := terminal.Open(in, out, a.sys.LookupEnv); ok {
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
