package credentials_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"keyfob/internal/clock"
	"keyfob/internal/credentials"
)

const processAnswer = `{"Version": 1, "AccessKeyId": "A", "SecretAccessKey": "s-e-c-r-e-t", "SessionToken": "t", "Expiration": "2026-11-23T11:00:00Z"}`

func TestProcess(t *testing.T) {
	whole := credentials.Credentials{AccessKeyID: "A", SecretAccessKey: "s-e-c-r-e-t", SessionToken: "t", ExpiresAt: start().Add(time.Hour)}
	lasting := credentials.Credentials{AccessKeyID: "A", SecretAccessKey: "s"}
	const prefix = "Error when retrieving credentials from custom-process: "
	for out, want := range map[string]any{
		processAnswer:                   whole,
		"\ufeff" + processAnswer + "\n": whole,
		`{"Version": 1, "AccessKeyId": "A", "SecretAccessKey": "s", "SessionToken": null, "Expiration": null, "Other": []}`: lasting,
		`{"Version": 2, "AccessKeyId": "A", "SecretAccessKey": "s-e-c-r-e-t"}`:                                              prefix + "Unsupported version '2' for credential process provider, supported versions: 1",
		`{"Version": "1", "AccessKeyId": "A", "SecretAccessKey": "s-e-c-r-e-t"}`:                                            prefix + "Unsupported version '1' for credential process provider, supported versions: 1",
		`{"AccessKeyId": "A", "SecretAccessKey": "s-e-c-r-e-t"}`:                                                            prefix + "Unsupported version '<Version key not provided>' for credential process provider, supported versions: 1",
		`{"Version": 1, "SecretAccessKey": "s-e-c-r-e-t"}`:                                                                  prefix + "Missing required key in response: 'AccessKeyId'",
		`{"Version": 1, "AccessKeyId": "A"}`:                                                                                prefix + "Missing required key in response: 'SecretAccessKey'",
		strings.Replace(processAnswer, "11:00", "10:00", 1):                                                                 credentials.ErrExpiredOnArrival.Error(),
		strings.Replace(processAnswer, "2026", "soon", 1):                                                                   prefix + "its Expiration is not a time",
		`{"Version": 1, "AccessKeyId": 1, "SecretAccessKey": "s-e-c-r-e-t"}`:                                                prefix + "its answer is not JSON with credentials",
		processAnswer + processAnswer:                                                                                       prefix + "its answer is not JSON with credentials",
		"":                                                                                                                  prefix + "its answer is not JSON with credentials",
		"s-e-c-r-e-t":                                                                                                       prefix + "its answer is not JSON with credentials",
	} {
		var argv []string
		p := credentials.Process{Command: `tool "a b"`, Clock: clock.NewFake(start()), Run: func(_ context.Context, a []string) ([]byte, error) {
			argv = a
			return []byte(out), nil
		}}
		got, err := p.Get(t.Context())
		if text, failed := want.(string); failed {
			if err == nil || err.Error() != text || strings.Contains(err.Error(), "s-e-c-r-e-t") {
				t.Errorf("%s: %v, want %s", out, err, text)
			}
		} else if err != nil || got != want {
			t.Errorf("%s: %+v, %v", out, got, err)
		}
		if !slices.Equal(argv, []string{"tool", "a b"}) {
			t.Errorf("ran %q", argv)
		}
	}
	for command, want := range map[string]string{
		"":      prefix + "credential_process names no program",
		`"tool`: prefix + "credential_process: No closing quotation",
		"tool":  prefix + "tool failed: exit status 1",
	} {
		p := credentials.Process{Command: command, Clock: clock.NewFake(start()), Run: func(context.Context, []string) ([]byte, error) { return nil, errors.New("tool failed: exit status 1") }}
		if _, err := p.Get(t.Context()); err == nil || err.Error() != want {
			t.Errorf("%q: %v, want %s", command, err, want)
		}
	}
}

// The rows are what Python's csv module writes, which is how the AWS CLI passes the profiles on.
func TestDescend(t *testing.T) {
	for _, c := range []struct{ chain, profile, want, err string }{
		{"", "a", "a", ""},
		{"a", "b", "a,b", ""},
		{"a b", "c,d", `a b,"c,d"`, ""},
		{`a b,"c,d"`, `q"u`, `a b,"c,d","q""u"`, ""},
		{"a,b", "b", "", "Credential process resolution detected an infinite loop, profile cycle: a -> b -> b"},
		{`"c,d"`, "c,d", "", "Credential process resolution detected an infinite loop, profile cycle: c,d -> c,d"},
		{"a,b,c", "d", "a,b,c,d", ""},
		{"a,b,c,d", "e", "", "Maximum recursive credential process resolution reached (4).\nProfiles seen: a -> b -> c -> d"},
		{"a,b,c,d", "a", "", "Maximum recursive credential process resolution reached (4).\nProfiles seen: a -> b -> c -> d"},
	} {
		got, err := credentials.Descend(c.chain, c.profile)
		text := ""
		if err != nil {
			text = err.Error()
		}
		if got != c.want || text != c.err {
			t.Errorf("%q, %q: %q, %v", c.chain, c.profile, got, err)
		}
	}
}
