package terminal

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"

	"keyfob/internal/prompt"
)

func TestLinesAsk(t *testing.T) {
	region := prompt.Field{
		Prompt: "Region [us-east-1]: ", Flag: "--region", Default: "us-east-1", Help: "Where it is",
		Check: func(answer string) error {
			if answer == "mars" {
				return errors.New("there is no such region")
			}
			return nil
		},
	}
	for _, c := range []struct{ in, want, out string }{
		{"eu-west-1\n", "eu-west-1", "Region [us-east-1]: "},
		{"  eu-west-1\r\n", "eu-west-1", "Region [us-east-1]: "},
		{"\n", "us-east-1", "Region [us-east-1]: "},
		{"mars\nmars\nvenus\n", "venus", "Region [us-east-1]: there is no such region\nRegion [us-east-1]: there is no such region\nRegion [us-east-1]: "},
		{"no line end", "no line end", "Region [us-east-1]: "},
	} {
		var out strings.Builder
		l := &Lines{In: strings.NewReader(c.in), Out: &out}
		if got, err := l.Ask(t.Context(), region); err != nil || got != c.want || out.String() != c.out {
			t.Errorf("%q: %q, %v, printed %q", c.in, got, err, out.String())
		}
	}

	var out strings.Builder
	l := &Lines{In: strings.NewReader("a\nb\n"), Out: &out, Verbose: true, Echo: true}
	for _, want := range []string{"a", "b"} { // each question takes its own line
		if got, err := l.Ask(t.Context(), region); err != nil || got != want {
			t.Errorf("%q, %v", got, err)
		}
	}
	var missing *prompt.MissingError
	if _, err := l.Ask(t.Context(), region); !errors.As(err, &missing) || missing.Flag != "--region" {
		t.Errorf("%v", err)
	}
	if want := "Where it is\nRegion [us-east-1]: a\nWhere it is\nRegion [us-east-1]: b\nWhere it is\nRegion [us-east-1]: \n"; out.String() != want {
		t.Errorf("printed %q", out.String())
	}
	l = &Lines{In: strings.NewReader(strings.Repeat("a", 2*maxLine)), Out: io.Discard}
	if _, err := l.Ask(t.Context(), region); err == nil || !strings.Contains(err.Error(), "--region is too long") {
		t.Errorf("%v", err)
	}
}

func TestLinesChoose(t *testing.T) {
	menu := prompt.Menu{
		Title: "There are 2 accounts.", Noun: "account", Flag: "--account-id", Selected: 1,
		Rows: []prompt.Row{{Label: "Prod (111111111111)", Fields: []string{"Prod", "111111111111"}}, {Label: "Dev (000000000002)", Fields: []string{"Dev", "000000000002"}}},
	}
	const list = "There are 2 accounts.\n    1  Prod (111111111111)\n    2  Dev (000000000002)\nChoose 1-2 [2]: "
	for _, c := range []struct {
		in   string
		want int
		out  string
	}{
		{"1\n", 0, list},
		{"\n", 1, list},
		{"Prod\n", 0, list},
		{"111111111111\n", 0, list},
		{"Dev (000000000002)\n", 1, list},
		{"3\n0\nx\n1\n", 0, list + `There is no account "3"; give a number from 1 to 2` + "\nChoose 1-2 [2]: " + `There is no account "0"; give a number from 1 to 2` +
			"\nChoose 1-2 [2]: " + `There is no account "x"; give a number from 1 to 2` + "\nChoose 1-2 [2]: "},
	} {
		var out strings.Builder
		l := &Lines{In: strings.NewReader(c.in), Out: &out}
		if got, err := l.Choose(t.Context(), menu); err != nil || got != c.want || out.String() != c.out {
			t.Errorf("%q: %d, %v, printed %q", c.in, got, err, out.String())
		}
	}
	l := &Lines{In: strings.NewReader(""), Out: io.Discard}
	if _, err := l.Choose(t.Context(), menu); !errors.As(err, new(*prompt.MissingError)) {
		t.Errorf("%v", err)
	}
}

// A wrong answer chooses nothing, whatever it looks like: accounts of one name, an id that is not listed.
func TestLinesChooseWrong(t *testing.T) {
	menu := prompt.Menu{Title: "Which?", Noun: "account", Flag: "--account-id", Selected: 99}
	for i := range 50 {
		id := fmt.Sprintf("%012d", 100+i)
		name := fmt.Sprintf("Team %d", i/2)
		menu.Rows = append(menu.Rows, prompt.Row{Label: name + " (" + id + ")", Fields: []string{name, id}})
	}
	for answer, want := range map[string]string{
		"000000000042": `There is no account "000000000042"; give a number from 1 to 50` + "\n",
		"007":          `There is no account "007"; give a number from 1 to 50` + "\n",
		"51":           `There is no account "51"; give a number from 1 to 50` + "\n",
		"Team 3":       `There is more than one account "Team 3"; give a number from 1 to 50` + "\n    7  Team 3 (000000000106)\n    8  Team 3 (000000000107)\n",
		"team 24 149":  `There is no account "team 24 149"; give a number from 1 to 50` + "\n   50  Team 24 (000000000149)\n",
		"x\x1b[2J":     `There is no account "x\x1b[2J"; give a number from 1 to 50` + "\n",
	} {
		var out strings.Builder
		_, err := (&Lines{In: strings.NewReader(answer + "\n"), Out: &out}).Choose(t.Context(), menu)
		if !errors.As(err, new(*prompt.MissingError)) {
			t.Errorf("%q: %v", answer, err)
		}
		if _, said, _ := strings.Cut(out.String(), "[50]: "); !strings.HasPrefix(said, want+"Choose") {
			t.Errorf("%q: printed %q", answer, said)
		}
	}
	if got, err := (&Lines{In: strings.NewReader("\n"), Out: io.Discard}).Choose(t.Context(), menu); err != nil || got != 49 {
		t.Errorf("%d, %v", got, err)
	}
	if _, err := (&Lines{In: strings.NewReader("\n"), Out: io.Discard}).Choose(t.Context(), prompt.Menu{}); !errors.As(err, new(*prompt.MissingError)) {
		t.Errorf("%v", err)
	}
}

// A signal ends a question although nobody answers it.
func TestLinesCancelled(t *testing.T) {
	r, w := io.Pipe()
	defer w.Close() //nolint:errcheck // it ends the read that still waits
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(errors.New("interrupted"))
	l := &Lines{In: r, Out: io.Discard}
	if _, err := l.Ask(ctx, prompt.Field{}); err == nil || err.Error() != "interrupted" {
		t.Errorf("%v", err)
	}
}
