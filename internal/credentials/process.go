package credentials

import (
	"bytes"
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"strings"

	"keyfob/internal/clock"
	"keyfob/internal/commandline"
)

// Process hands out what another program prints: a profile's credential_process.
type Process struct {
	Command string // as it is configured
	Windows bool   // split it as programs on Windows split theirs
	// Run runs a program with arguments, without a shell, and returns what it printed.
	Run   func(ctx context.Context, argv []string) ([]byte, error)
	Clock clock.Clock
}

const processProvider = "custom-process"

// Get runs the program. Nothing is cached: the program may do so.
func (p *Process) Get(ctx context.Context) (Credentials, error) {
	c, err := p.get(ctx)
	switch {
	case err == nil:
		return c, nil
	case ctx.Err() != nil:
		return Credentials{}, context.Cause(ctx)
	case errors.Is(err, ErrExpiredOnArrival):
		return Credentials{}, err
	}
	return Credentials{}, &RetrievalError{Provider: processProvider, Err: err}
}

func (p *Process) get(ctx context.Context) (Credentials, error) {
	split := commandline.SplitPOSIX
	if p.Windows {
		split = commandline.SplitWindows
	}
	argv, err := split(p.Command)
	if err != nil {
		return Credentials{}, fmt.Errorf("credential_process: %w", err)
	}
	if len(argv) == 0 {
		return Credentials{}, errors.New("credential_process names no program")
	}
	out, err := p.Run(ctx, argv)
	if err != nil {
		return Credentials{}, err
	}
	d, err := parseDocument(bytes.TrimPrefix(out, []byte("\xef\xbb\xbf")))
	if err != nil {
		return Credentials{}, err
	}
	if string(d.Version) != "1" {
		//lint:ignore ST1005 the AWS CLI's text
		return Credentials{}, fmt.Errorf("Unsupported version '%s' for credential process provider, supported versions: 1", d.version())
	}
	return d.credentials(p.Clock, d.SessionToken)
}

// RecursionVariable is the environment variable in which processes that hand out credentials tell each
// other for which profiles, as a row of CSV. It is the AWS CLI's.
const RecursionVariable = "_AWS_CLI_PROFILE_CHAIN"

const maxRecursion = 4

// RecursionError is credential processes that call each other without end.
type RecursionError struct {
	Seen    []string
	Profile string // which is there already; "" when there are too many
}

// Error is the AWS CLI's text.
func (e *RecursionError) Error() string {
	if e.Profile == "" {
		return fmt.Sprintf("Maximum recursive credential process resolution reached (%d).\nProfiles seen: %s", maxRecursion, strings.Join(e.Seen, " -> "))
	}
	return "Credential process resolution detected an infinite loop, profile cycle: " + strings.Join(append(e.Seen, e.Profile), " -> ")
}

// Descend returns the value of [RecursionVariable] for the processes that a profile's credentials come
// from, given its own value. It fails with a *RecursionError where they would call each other for ever.
func Descend(chain, profile string) (string, error) {
	var seen []string
	if chain != "" {
		r := csv.NewReader(strings.NewReader(chain))
		r.LazyQuotes = true
		seen, _ = r.Read() // one that nobody of ours wrote says nothing
	}
	if len(seen) >= maxRecursion {
		return "", &RecursionError{Seen: seen}
	}
	for _, s := range seen {
		if s == profile {
			return "", &RecursionError{Seen: seen, Profile: profile}
		}
	}
	var b strings.Builder
	w := csv.NewWriter(&b)
	_ = w.Write(append(seen, profile)) // to memory
	w.Flush()
	return strings.TrimRight(b.String(), "\r\n"), nil
}
