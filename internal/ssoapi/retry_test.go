package ssoapi

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"testing"
	"time"

	"keyfob/internal/clock"
	"keyfob/internal/wire"
)

func TestRetries(t *testing.T) {
	good := answer(200, goodAccounts)
	refusal := func(status int, code string, headers ...string) http.HandlerFunc {
		return answer(status, `{"__type":"`+code+`","message":"no"}`, headers...)
	}
	for _, c := range []struct {
		name    string
		answers []http.HandlerFunc
		asked   int
		code    wire.Code // of the error; "" and ok is success
		ok      bool
		least   time.Duration // of all waits
	}{
		{name: "a broken connection", answers: []http.HandlerFunc{reset, reset, good}, asked: 3, ok: true},
		{name: "500", answers: []http.HandlerFunc{refusal(500, "InternalServerException"), good}, asked: 2, ok: true},
		{name: "502 in HTML", answers: []http.HandlerFunc{answer(502, "<html>"), good}, asked: 2, ok: true},
		{name: "503", answers: []http.HandlerFunc{answer(503, ""), good}, asked: 2, ok: true},
		{name: "504", answers: []http.HandlerFunc{answer(504, ""), good}, asked: 2, ok: true},
		{name: "429 with Retry-After", answers: []http.HandlerFunc{refusal(429, "TooManyRequestsException", "Retry-After", "7"), good}, asked: 2, ok: true, least: 7 * time.Second},
		{name: "x-amz-retry-after", answers: []http.HandlerFunc{answer(503, "", "x-amz-retry-after", "4500"), good}, asked: 2, ok: true, least: 4500 * time.Millisecond},
		{name: "throttling that says 400", answers: []http.HandlerFunc{refusal(400, "ThrottlingException"), good}, asked: 2, ok: true},
		{name: "500 for ever", answers: []http.HandlerFunc{refusal(500, "InternalServerException")}, asked: 3, code: wire.CodeInternalServer},
		{name: "429 for ever", answers: []http.HandlerFunc{refusal(429, "TooManyRequestsException")}, asked: 3, code: wire.CodeTooManyRequests},

		{name: "slow_down", answers: []http.HandlerFunc{refusal(400, "SlowDownException"), good}, asked: 1, code: wire.CodeSlowDown},
		{name: "slow_down that says 429", answers: []http.HandlerFunc{refusal(429, "SlowDownException"), good}, asked: 1, code: wire.CodeSlowDown},
		{name: "authorization_pending", answers: []http.HandlerFunc{answer(400, `{"error":"authorization_pending"}`), good}, asked: 1, code: wire.CodeAuthorizationPending},
		{name: "400", answers: []http.HandlerFunc{refusal(400, "InvalidRequestException"), good}, asked: 1, code: wire.CodeInvalidRequest},
		{name: "401", answers: []http.HandlerFunc{refusal(401, "UnauthorizedException"), good}, asked: 1, code: wire.CodeUnauthorized},
		{name: "403", answers: []http.HandlerFunc{refusal(403, "ForbiddenException"), good}, asked: 1, code: wire.CodeForbidden},
		{name: "404", answers: []http.HandlerFunc{refusal(404, "ResourceNotFoundException"), good}, asked: 1, code: wire.CodeResourceNotFound},
		{name: "501", answers: []http.HandlerFunc{refusal(501, "NotImplemented"), good}, asked: 1, code: "NotImplemented"},
	} {
		t.Run(c.name, func(t *testing.T) {
			r, s := newRig(t), newScript(t, c.answers...)
			_, err := accounts(r, t.Context(), s.URL)
			r.withoutSecrets(t, err)
			if s.count() != c.asked {
				t.Errorf("asked %d times, want %d", s.count(), c.asked)
			}
			var refused *wire.ServiceError
			switch errors.As(err, &refused); {
			case c.ok && err != nil:
				t.Errorf("failed: %v", err)
			case !c.ok && (refused == nil || refused.Code != c.code || refused.Attempts != c.asked):
				t.Errorf("error %#v, want %s after %d attempts", err, c.code, c.asked)
			}
			sleeps := r.clock.Sleeps()
			if len(sleeps) != c.asked-1 {
				t.Fatalf("waited %v", sleeps)
			}
			var all time.Duration
			for i, d := range sleeps {
				if d < 50*time.Millisecond || d > max(c.least, time.Second<<i) {
					t.Errorf("wait %d is %v", i, d)
				}
				all += d
			}
			if all < c.least {
				t.Errorf("waited %v in all, was asked to wait %v", all, c.least)
			}
			for i, got := range s.asked {
				if want := fmt.Sprintf("attempt=%d; max=3", i+1); got.Header.Get("amz-sdk-request") != want {
					t.Errorf("attempt %d says %q", i+1, got.Header.Get("amz-sdk-request"))
				}
				if got.Header.Get("amz-sdk-invocation-id") != s.asked[0].Header.Get("amz-sdk-invocation-id") {
					t.Error("the invocation's id changes between attempts")
				}
			}
		})
	}
}

// TestRetriesSendTheBodyAgain: a body is read once, so each attempt needs one of its own.
func TestRetriesSendTheBodyAgain(t *testing.T) {
	r, s := newRig(t), newScript(t, reset, answer(500, ""), answer(200, `{"accessToken":"t"}`))
	if _, err := r.CreateToken(t.Context(), s.URL, wire.CreateTokenRequest{ClientSecret: secretClient}); err != nil {
		t.Fatal(err)
	}
	for i, body := range s.bodies {
		if body != s.bodies[0] || body == "" {
			t.Errorf("attempt %d sent %q", i+1, body)
		}
	}
}

func TestMaxAttempts(t *testing.T) {
	for _, n := range []int{1, 5} {
		r, s := newRig(t, func(c *Config) { c.MaxAttempts = n }), newScript(t, answer(503, ""))
		_, err := accounts(r, t.Context(), s.URL)
		if err == nil || s.count() != n {
			t.Errorf("asked %d times of %d: %v", s.count(), n, err)
		}
	}
}

// TestRetryAfterHasALimit: a service must not put the program to sleep for a year.
func TestRetryAfterHasALimit(t *testing.T) {
	for _, h := range []string{"Retry-After", "x-amz-retry-after"} {
		// The second is more nanoseconds than there are.
		for _, v := range []string{"99999999", "9223372036854775807"} {
			r, s := newRig(t), newScript(t, answer(503, "", h, v), answer(200, goodAccounts))
			if _, err := accounts(r, t.Context(), s.URL); err != nil {
				t.Fatalf("%s: %s: %v", h, v, err)
			}
			if d := r.clock.Sleeps()[0]; d != maxBackoff {
				t.Errorf("%s: %s: waited %v", h, v, d)
			}
		}
	}
	for _, v := range []string{"-5", "soon", "Wed, 21 Oct 2099 07:28:00 GMT", ""} {
		if d := retryAfter(http.Header{"Retry-After": {v}}); d != 0 {
			t.Errorf("%q is %v", v, d)
		}
	}
}

// TestCancelDuringBackoff: Ctrl-C ends the wait at once, and says why.
func TestCancelDuringBackoff(t *testing.T) {
	stop := errors.New("interrupted")
	ctx, cancel := context.WithCancelCause(t.Context())
	r := newRig(t, func(c *Config) { c.Clock = clock.System{} })
	s := newScript(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Retry-After", "20")
		w.WriteHeader(503)
		time.AfterFunc(50*time.Millisecond, func() { cancel(stop) })
	})
	began := time.Now()
	_, err := accounts(r, ctx, s.URL)
	if !errors.Is(err, stop) || time.Since(began) > 5*time.Second || s.count() != 1 {
		t.Errorf("%v after %v, asked %d times", err, time.Since(began), s.count())
	}
}

// TestCancelDuringCall: and it ends a call that nobody answers.
func TestCancelDuringCall(t *testing.T) {
	stop := errors.New("interrupted")
	ctx, cancel := context.WithCancelCause(t.Context())
	r := newRig(t)
	s := newScript(t, func(_ http.ResponseWriter, req *http.Request) {
		cancel(stop)
		<-req.Context().Done()
	})
	_, err := accounts(r, ctx, s.URL)
	if !errors.Is(err, stop) || s.count() != 1 {
		t.Errorf("%v, asked %d times", err, s.count())
	}
}
