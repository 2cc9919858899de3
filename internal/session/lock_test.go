package session_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"keyfob/internal/session"
	"keyfob/internal/wire"
)

// What has changed while a process waited for the lock counts, not what it saw before.
func TestReadAgainUnderTheLock(t *testing.T) {
	for name, c := range map[string]struct {
		before, during session.Token
		gone           bool
		calls          int
		want           wire.Secret
		reason         session.Reason
	}{
		"refreshed":                     {tokenFor(0), with(tokenFor(time.Hour), "others"), false, 0, "others", 0},
		"refreshed, lives shortly":      {tokenFor(0), with(tokenFor(5*time.Minute), "others"), false, 0, "others", 0},
		"refreshed, but expired again":  {tokenFor(-time.Hour), with(tokenFor(0), "others"), false, 1, fresh, 0},
		"signed out":                    {tokenFor(time.Minute), session.Token{}, true, 0, "", session.NeverSignedIn},
		"signed in elsewhere":           {tokenFor(time.Minute), elsewhere(), false, 0, "", session.OtherStartURL},
		"can no longer be refreshed":    {tokenFor(0), session.Token{AccessToken: old, ExpiresAt: start()}, false, 0, "", session.TokenExpired},
		"no longer refreshed, but good": {tokenFor(time.Minute), session.Token{AccessToken: old, ExpiresAt: start().Add(time.Minute)}, false, 0, old, 0},
	} {
		t.Run(name, func(t *testing.T) {
			m, svc := newMemory(), answering(renewed(), nil)
			m.put("corp", c.before)
			m.onLock = func() {
				m.put("corp", c.during)
				if c.gone {
					delete(m.tokens, "corp")
				}
			}
			got, err := source(m, svc).Token(t.Context(), corp())
			if len(svc.requests) != c.calls || got.AccessToken != c.want {
				t.Errorf("got %q, %v after %d refreshes", got.AccessToken.Reveal(), err, len(svc.requests))
			}
			var signIn *session.SignInRequiredError
			if c.want == "" && (!errors.As(err, &signIn) || signIn.Reason != c.reason) {
				t.Errorf("got %v", err)
			}
		})
	}
}

func with(t session.Token, access wire.Secret) session.Token {
	t.AccessToken = access
	return t
}

func elsewhere() session.Token {
	t := tokenFor(time.Hour)
	t.StartURL = "https://d-evil.awsapps.com/start"
	return t
}

// The latest token is what is left when the refresh fails, not the one from before the wait.
func TestFallBackToTheLatest(t *testing.T) {
	m := newMemory()
	m.put("corp", tokenFor(time.Minute))
	m.onLock = func() {
		tok := tokenFor(2 * time.Minute)
		tok.RefreshToken = "others-refresh"
		m.put("corp", tok)
	}
	svc := answering(wire.CreateTokenResponse{}, errors.New("offline"))
	got, err := source(m, svc).Token(t.Context(), corp())
	if err != nil || !got.ExpiresAt.Equal(start().Add(2*time.Minute)) || svc.requests[0].RefreshToken != "others-refresh" {
		t.Errorf("got %+v, %v", got, err)
	}
}

func TestNoLock(t *testing.T) {
	for left, want := range map[time.Duration]wire.Secret{time.Minute: old, 0: ""} {
		m, svc := newMemory(), answering(renewed(), nil)
		m.put("corp", tokenFor(left))
		m.lockErr = errors.New("read-only file system")
		got, err := source(m, svc).Token(t.Context(), corp())
		if got.AccessToken != want || (want == "" && !errors.Is(err, m.lockErr)) || len(svc.requests) != 0 {
			t.Errorf("%v left: got %+v, %v, %d refreshes", left, got, err, len(svc.requests))
		}
	}
}

// A process that hangs while it holds the lock costs the others a bounded wait.
func TestLockWaitIsBounded(t *testing.T) {
	for left, want := range map[time.Duration]wire.Secret{time.Minute: old, 0: ""} {
		for set, bound := range map[time.Duration]time.Duration{0: session.DefaultLockWait, time.Second: time.Second} {
			synctest.Test(t, func(t *testing.T) {
				m := newMemory()
				m.put("corp", tokenFor(left))
				m.locked <- struct{}{}
				s := source(m, answering(renewed(), nil))
				s.LockWait = set
				began := time.Now()
				got, err := s.Token(t.Context(), corp())
				if took := time.Since(began); took != bound {
					t.Errorf("waited %v, want %v", took, bound)
				}
				if got.AccessToken != want || (want == "") != (err != nil) {
					t.Errorf("got %+v, %v", got, err)
				}
				if err != nil && !strings.Contains(err.Error(), "another process has been refreshing the token of corp") {
					t.Errorf("says %v", err)
				}
			})
		}
	}
}

// Ctrl-C does not throw away a refresh token that the service is just rotating.
func TestInterrupt(t *testing.T) {
	interrupted := errors.New("interrupted")
	run := func(t *testing.T, answersAfter time.Duration) (session.Token, *memory, time.Duration, error) {
		m := newMemory()
		m.put("corp", tokenFor(time.Minute))
		ctx, cancel := context.WithCancelCause(t.Context())
		svc := &service{answer: func(ctx context.Context) (wire.CreateTokenResponse, error) {
			cancel(interrupted)
			select {
			case <-time.After(answersAfter):
				return renewed(), nil
			case <-ctx.Done():
				return wire.CreateTokenResponse{}, context.Cause(ctx)
			}
		}}
		began := time.Now()
		tok, err := source(m, svc).Token(ctx, corp())
		return tok, m, time.Since(began), err
	}
	t.Run("the answer comes in time", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			tok, m, _, err := run(t, 900*time.Millisecond)
			if saved, _ := m.LoadToken("corp"); err != nil || tok.AccessToken != fresh || saved != tok {
				t.Errorf("got %+v, %v; saved %+v", tok, err, saved)
			}
		})
	})
	t.Run("it does not", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			tok, m, took, err := run(t, time.Hour)
			if !errors.Is(err, interrupted) || tok.AccessToken != "" || took != time.Second {
				t.Errorf("got %+v, %v after %v", tok, err, took)
			}
			if saved, _ := m.LoadToken("corp"); saved != tokenFor(time.Minute) {
				t.Errorf("saved %+v", saved)
			}
		})
	})
	t.Run("while waiting for the lock", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			m, svc := newMemory(), answering(renewed(), nil)
			m.put("corp", tokenFor(time.Minute))
			m.locked <- struct{}{}
			ctx, cancel := context.WithCancelCause(t.Context())
			time.AfterFunc(time.Second, func() { cancel(interrupted) })
			began := time.Now()
			_, err := source(m, svc).Token(ctx, corp())
			if !errors.Is(err, interrupted) || time.Since(began) != time.Second || len(svc.requests) != 0 {
				t.Errorf("got %v after %v", err, time.Since(began))
			}
		})
	})
}

// A sign-in waits for another process's refresh, but is not lost to one that hangs.
func TestPut(t *testing.T) {
	signedIn := with(tokenFor(time.Hour), "signed-in")
	synctest.Test(t, func(t *testing.T) {
		m := newMemory()
		m.locked <- struct{}{}
		time.AfterFunc(time.Second, func() {
			m.put("corp", tokenFor(0)) // what the other process has refreshed
			<-m.locked
		})
		if err := source(m, nil).Put(t.Context(), "corp", signedIn); err != nil || m.tokens["corp"] != signedIn {
			t.Errorf("got %v, saved %+v", err, m.tokens)
		}
	})
	synctest.Test(t, func(t *testing.T) {
		m := newMemory()
		m.locked <- struct{}{}
		began := time.Now()
		err := source(m, nil).Put(t.Context(), "corp", signedIn)
		if err != nil || m.tokens["corp"] != signedIn || time.Since(began) != session.DefaultLockWait {
			t.Errorf("got %v after %v, saved %+v", err, time.Since(began), m.tokens)
		}
	})
	synctest.Test(t, func(t *testing.T) {
		m, interrupted := newMemory(), errors.New("interrupted")
		m.locked <- struct{}{}
		ctx, cancel := context.WithCancelCause(t.Context())
		time.AfterFunc(time.Second, func() { cancel(interrupted) })
		if err := source(m, nil).Put(ctx, "corp", signedIn); !errors.Is(err, interrupted) || len(m.tokens) != 0 {
			t.Errorf("got %v, saved %+v", err, m.tokens)
		}
	})
	m := newMemory()
	m.saveErr = errors.New("no space left on device")
	if err := source(m, nil).Put(t.Context(), "corp", signedIn); !errors.Is(err, m.saveErr) {
		t.Errorf("got %v", err)
	}
}
