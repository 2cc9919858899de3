// Package wizard is what `configure sso` and `configure sso-session` ask, in which order, and what the
// answers add up to: changes to the config file.
//
// The commands call it and write the changes. It knows no terminal, no file and no HTTP: [Asker] asks,
// and whatever else it needs are functions. An answer that was given as a flag is not asked for; one
// that is asked for can be gone back to, and nothing is lost by that.
package wizard

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"keyfob/internal/awsconfig"
	"keyfob/internal/prompt"
)

// Asker asks a person. Its errors are those of package prompt, and the cause of a cancelled context.
type Asker interface {
	Ask(ctx context.Context, f prompt.Field) (string, error)
	Choose(ctx context.Context, m prompt.Menu) (int, error)
	// Say prints a line, or several.
	Say(text string)
}

// The flags that answer questions.
const (
	FlagSession  = "--session-name"
	FlagStartURL = "--start-url"
	FlagRegion   = "--sso-region"
	FlagScopes   = "--scopes"
	FlagAccount  = "--account-id"
	FlagRole     = "--role-name"
	FlagDefault  = "--region"
	FlagOutput   = "--output"
	FlagProfile  = "--profile-name"
)

// Answers are where answers come from.
type Answers struct {
	Asker
	// Given returns the answer that a flag gives.
	Given func(flag string) (answer string, ok bool)
	// Defaults takes the default wherever no flag answers: nobody is asked.
	Defaults bool
}

// FlagError is a flag whose value is no answer.
type FlagError struct {
	Flag string
	Err  error
}

func (e *FlagError) Error() string { return e.Flag + ": " + e.Err.Error() }

// Unwrap returns what is wrong with it.
func (e *FlagError) Unwrap() error { return e.Err }

// field answers one question. asked is false when no person was.
func (a *Answers) field(ctx context.Context, f prompt.Field) (answer string, asked bool, err error) {
	given, ok := a.Given(f.Flag)
	switch {
	case ok:
		answer = strings.TrimSpace(given)
	case a.Defaults:
		answer = f.Default
	default:
		answer, err = a.Ask(ctx, f)
		return answer, true, err
	}
	if f.Check != nil {
		err = f.Check(answer)
	}
	// Somebody who gives a region that keyfob does not know has typed it once and means it.
	if u := new(unsureError); errors.As(err, &u) {
		a.Say("Note: " + u.doubt)
		err = nil
	}
	switch {
	case err == nil:
		return answer, false, nil
	case ok:
		return "", false, &FlagError{f.Flag, err}
	}
	return "", false, &prompt.MissingError{Flag: f.Flag}
}

// step is one question, or something to be done between two. asked is whether a person was asked, who
// can then come back to it.
type step func(ctx context.Context) (asked bool, err error)

// run takes the steps one after the other, and back to the last one that asked when a person wants that.
func run(ctx context.Context, steps []step) error {
	var asked []int
	for i := 0; i < len(steps); {
		was, err := steps[i](ctx)
		switch {
		case errors.Is(err, prompt.ErrBack):
			if n := len(asked); n > 0 {
				i, asked = asked[n-1], asked[:n-1]
			}
			continue
		case err != nil:
			return err
		}
		if was {
			asked = append(asked, i)
		}
		i++
	}
	return nil
}

// Change sets a key of a section, or takes it away.
type Change struct {
	Section awsconfig.Header
	Key     string
	Value   string
	Unset   bool
}

// Apply makes changes with an editor.
func Apply(e *awsconfig.Editor, changes []Change) error {
	for _, c := range changes {
		if c.Unset {
			e.Unset(c.Section, c.Key)
			continue
		}
		if err := e.Set(c.Section, c.Key, c.Value); err != nil {
			return err
		}
	}
	return nil
}

// writable says why a section of that name or a value could not be written, or nil.
func writable(section awsconfig.Header, key, value string) error {
	return awsconfig.Edit(nil).Set(section, key, value)
}

// withCurrent is a prompt with what Enter alone answers: "SSO region [us-east-1]: ".
func withCurrent(label, current string) string {
	if current == "" {
		current = "None"
	}
	return fmt.Sprintf("%s [%s]: ", label, current)
}
