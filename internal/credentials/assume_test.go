package credentials_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"keyfob/internal/cache"
	"keyfob/internal/clock"
	"keyfob/internal/credentials"
	"keyfob/internal/session"
	"keyfob/internal/wire"
)

const adminARN = "arn:aws:iam::111122223333:role/Admin"

func stsAnswer(id string, left time.Duration) wire.AssumeRoleResult {
	return wire.AssumeRoleResult{
		Credentials:     wire.STSCredentials{AccessKeyID: id, SecretAccessKey: "k", SessionToken: "t", Expiration: start().Add(left)},
		AssumedRoleUser: wire.AssumedRoleUser{AssumedRoleID: "AROA:n", ARN: "arn:aws:sts::111122223333:assumed-role/Admin/n"},
	}
}

// assuming is a role that is assumed with the keys FROM, kept in real files.
type assuming struct {
	credentials.Assume
	mu    sync.Mutex
	calls []string
	reply wire.AssumeRoleResult
	err   error
	from  error
	clock *clock.Fake
}

func newAssuming(t *testing.T) *assuming {
	a := &assuming{reply: stsAnswer("new", time.Hour), clock: clock.NewFake(start())}
	a.Assume = credentials.Assume{
		Role:  credentials.AssumedRole{ARN: adminARN, Origin: "keys:FROM"},
		Store: cache.New(t.TempDir()), Clock: a.clock, Log: slog.New(slog.NewTextHandler(io.Discard, nil)),
		From: func(context.Context) (credentials.Credentials, error) {
			return credentials.Credentials{AccessKeyID: "FROM", SecretAccessKey: "s"}, a.from
		},
		Call: func(_ context.Context, from credentials.Credentials, r credentials.AssumedRole, code string) (wire.AssumeRoleResult, error) {
			a.mu.Lock()
			defer a.mu.Unlock()
			a.calls = append(a.calls, strings.TrimRight(from.AccessKeyID+" "+r.ARN+" "+r.SessionName+" "+r.ExternalID+" "+code, " "))
			return a.reply, a.err
		},
	}
	return a
}

// get asks, and checks whose credentials come back after how many calls.
func (a *assuming) get(t *testing.T, wantID string, wantErr string, calls int) {
	t.Helper()
	got, err := a.Get(t.Context())
	text := ""
	if err != nil {
		text = err.Error()
	}
	if got.AccessKeyID != wantID || text != wantErr || len(a.calls) != calls {
		t.Errorf("got %q, %v after %d calls; want %q, %q, %d", got.AccessKeyID, err, len(a.calls), wantID, wantErr, calls)
	}
}

func TestAssume(t *testing.T) {
	a := newAssuming(t)
	got, err := a.Get(t.Context())
	want := credentials.Credentials{AccessKeyID: "new", SecretAccessKey: "k", SessionToken: "t", ExpiresAt: start().Add(time.Hour), AccountID: "111122223333"}
	if err != nil || got != want {
		t.Errorf("got %+v, %v", got, err)
	}
	if name := fmt.Sprintf("FROM %s botocore-session-%d", adminARN, start().Unix()); a.calls[0] != name {
		t.Errorf("called with %s, want %s", a.calls[0], name)
	}
	a.reply = stsAnswer("newer", 2*time.Hour)
	a.get(t, "new", "", 1) // kept
	a.clock.Advance(45 * time.Minute)
	a.get(t, "new", "", 1) // to the second
	a.clock.Advance(time.Second)
	a.get(t, "newer", "", 2)
}

func TestAssumeFallsBack(t *testing.T) {
	serviceError := func(status int, code wire.Code) error {
		return &wire.ServiceError{Operation: "AssumeRole", Status: status, Code: code, Message: "no"}
	}
	for name, c := range map[string]struct {
		err, from error
		want      string // "new" for what was kept
	}{
		"not reached":            {err: errors.New("no network"), want: "new"},
		"broken":                 {err: serviceError(503, "ServiceUnavailable"), want: "new"},
		"signed out":             {from: &session.SignInRequiredError{Reason: session.TokenExpired}, want: "new"},
		"denied":                 {err: serviceError(403, "AccessDenied")},
		"the source role denied": {from: serviceError(403, "ForbiddenException")},
		"Ctrl-C at the prompt":   {err: &credentials.CodeError{Err: errors.New("interrupted")}},
		"no terminal":            {err: &credentials.CodeNeededError{Serial: "s"}, want: "new"},
	} {
		t.Run(name, func(t *testing.T) {
			a := newAssuming(t)
			a.get(t, "new", "", 1)
			a.err, a.from = c.err, c.from
			a.clock.Advance(50 * time.Minute)
			got, err := a.Get(t.Context())
			if got.AccessKeyID != c.want || (err != nil) != (c.want == "") {
				t.Errorf("with ten minutes left: %q, %v", got.AccessKeyID, err)
			}
			a.clock.Advance(10 * time.Minute)
			if got, err := a.Get(t.Context()); err == nil {
				t.Errorf("at their end: %q", got.AccessKeyID)
			}
		})
	}
}

// Nobody is handed what somebody else assumed, although the file's name is the same.
func TestAssumeIsForOneIdentity(t *testing.T) {
	a := newAssuming(t)
	a.get(t, "new", "", 1)
	a.reply = stsAnswer("others", time.Hour)
	a.Role.Origin = "keys:OTHER"
	a.get(t, "others", "", 2)
	a.get(t, "others", "", 2)
	a.Role.Origin = "keys:FROM"
	a.get(t, "others", "", 3)

	foreign := false
	a.Foreign = func() bool { return foreign }
	a.get(t, "others", "", 3)
	foreign = true // the session's name stands for another organisation
	a.from = &session.SignInRequiredError{Reason: session.OtherStartURL}
	a.get(t, "", a.from.Error(), 3)
}

func TestAssumeWithCode(t *testing.T) {
	a := newAssuming(t)
	a.Role.MFASerial, a.Role.ExternalID, a.Role.SessionName = "serial", "e", "ada"
	asked := 0
	a.Code = func(_ context.Context, serial string) (string, error) {
		asked++
		return "123456", map[bool]error{true: errors.New("asked for " + serial)}[serial != "serial"]
	}
	a.get(t, "new", "", 1)
	a.get(t, "new", "", 1)
	if asked != 1 || a.calls[0] != "FROM "+adminARN+" ada e 123456" {
		t.Errorf("asked %d times, called %v", asked, a.calls)
	}
	for answer, want := range map[string]string{"123456": "123456", " 123 456 ": "123456", "12345": "", "1234567": "", "12345a": "", "": "", "１２３４５６": ""} {
		if got, err := credentials.CheckCode(answer); got != want || (err == nil) != (want != "") {
			t.Errorf("%q: %q, %v", answer, got, err)
		}
	}
}

func TestAssumeNonsense(t *testing.T) {
	for name, reply := range map[string]wire.AssumeRoleResult{
		"no keys": {}, "no secret": {Credentials: wire.STSCredentials{AccessKeyID: "A", SessionToken: "t", Expiration: start().Add(time.Hour)}},
		"no token":          {Credentials: wire.STSCredentials{AccessKeyID: "A", SecretAccessKey: "s", Expiration: start().Add(time.Hour)}},
		"expired":           stsAnswer("A", 0),
		"impossible expiry": stsAnswer("A", 1<<63-1),
	} {
		a := newAssuming(t)
		if a.reply = reply; name == "impossible expiry" {
			a.reply.Credentials.Expiration = time.Date(10000, 1, 1, 0, 0, 0, 0, time.UTC)
		}
		if got, err := a.Get(t.Context()); err == nil {
			t.Errorf("%s: %+v", name, got)
		}
	}
}

func TestAssumeOnce(t *testing.T) {
	home, from := t.TempDir(), atomic.Int32{}
	var calls atomic.Int32
	var wg sync.WaitGroup
	for range 32 {
		a := newAssuming(t)
		a.Store = cache.New(home)
		a.From = func(context.Context) (credentials.Credentials, error) {
			from.Add(1)
			return credentials.Credentials{AccessKeyID: "FROM"}, nil
		}
		a.Call = func(context.Context, credentials.Credentials, credentials.AssumedRole, string) (wire.AssumeRoleResult, error) {
			calls.Add(1)
			time.Sleep(30 * time.Millisecond)
			return stsAnswer("new", time.Hour), nil
		}
		wg.Go(func() {
			if got, err := a.Get(context.Background()); err != nil || got.AccessKeyID != "new" {
				t.Errorf("got %v, %v", got, err)
			}
		})
	}
	wg.Wait()
	if n := calls.Load(); n != 1 {
		t.Errorf("%d calls to STS", n)
	}
}

func TestWebIdentity(t *testing.T) {
	tokens, calls := 0, []string{}
	now := clock.NewFake(start())
	w := credentials.WebIdentity{
		Role:  credentials.AssumedRole{ARN: adminARN, SessionName: "pod", Origin: "web:x"},
		Store: cache.New(t.TempDir()), Clock: now, Log: slog.New(slog.NewTextHandler(io.Discard, nil)),
		Token: func() (wire.Secret, error) { tokens++; return wire.Secret(fmt.Sprintf("token%d", tokens)), nil },
		Call: func(_ context.Context, r credentials.AssumedRole, token wire.Secret) (wire.AssumeRoleWithWebIdentityResult, error) {
			calls = append(calls, r.SessionName+" "+token.Reveal())
			a := stsAnswer(token.Reveal(), time.Duration(len(calls))*time.Hour)
			return wire.AssumeRoleWithWebIdentityResult{Credentials: a.Credentials, AssumedRoleUser: a.AssumedRoleUser}, nil
		},
	}
	for _, want := range []string{"token1", "token1", "token2"} {
		if want == "token2" {
			now.Advance(50 * time.Minute) // the token is read anew
		}
		if got, err := w.Get(t.Context()); err != nil || got.AccessKeyID != want {
			t.Errorf("got %v, %v, want %s", got, err, want)
		}
	}
	if len(calls) != 2 || calls[0] != "pod token1" {
		t.Errorf("calls %v", calls)
	}
}
