package grant_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"keyfob/internal/center/grant"
	"keyfob/internal/center/granttest"
	"keyfob/internal/center/request"
	"keyfob/internal/center/store"
	"keyfob/internal/center/throttle"
	"keyfob/internal/wire"
)

func TestSecurity21UserCode(t *testing.T) {
	c := granttest.New(t)
	client := c.Register(granttest.Device(wire.ScopeAccountAccess))
	seen, letters := map[string]bool{}, map[rune]bool{}
	for range 100 {
		d := c.StartDevice(client)
		code := strings.ReplaceAll(d.UserCode, "-", "")
		if len(d.UserCode) != 9 || d.UserCode[4] != '-' || len(code) != 8 || strings.ContainsAny(code, "AEIOUY0123456789") || seen[code] {
			t.Fatalf("user code %q", d.UserCode)
		}
		seen[code] = true
		for _, l := range code {
			letters[l] = true
		}
		if d.VerificationURI != granttest.BaseURL+"/device" || d.VerificationURIComplete != d.VerificationURI+"?user_code="+d.UserCode {
			t.Errorf("verification URIs %q, %q", d.VerificationURI, d.VerificationURIComplete)
		}
		if d.ExpiresIn != 600 || d.Interval != 1 {
			t.Errorf("expires in %d, interval %d", d.ExpiresIn, d.Interval)
		}
	}
	if len(letters) != 20 {
		t.Errorf("800 letters use %d of the alphabet", len(letters))
	}
	shown := c.StartDevice(client).UserCode
	// 32: what is kept of so short a code takes a key to compute.
	if _, err := c.Store.DeviceByUserCode(c.Ctx, store.HashSecret(wire.Secret(strings.ReplaceAll(shown, "-", "")))); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("the user code is found by its bare digest: %v", err)
	}
	for _, typed := range []string{shown, strings.ToLower(shown), strings.ReplaceAll(shown, "-", ""), " " + strings.ReplaceAll(shown, "-", " ") + "\n"} {
		p, err := c.Grants.PendingDevice(c.Ctx, typed, c.Ada)
		c.Must(err)
		if p.UserCode != shown || p.ClientName != "botocore-client-lab" || p.RemoteIP != "192.0.2.1" || p.UserAgent != "test/1" || len(p.Scopes) != 1 {
			t.Errorf("%q finds %+v", typed, p)
		}
	}
}

func TestSecurity22WrongCodeLimit(t *testing.T) {
	c := granttest.New(t)
	client := c.Register(granttest.Device())
	good := c.StartDevice(client).UserCode
	guess := func(ctx context.Context, p grant.Person) error {
		_, err := c.Grants.PendingDevice(ctx, "BBBB-BBBB", p)
		return err
	}
	blocked := func(err error) time.Duration {
		t.Helper()
		var b *grant.ThrottledError
		if !errors.As(err, &b) {
			t.Fatalf("error is %v, want throttled", err)
		}
		return b.Until.Sub(c.Clock.Now())
	}
	t.Run("right codes do not count", func(t *testing.T) {
		for range 50 {
			_, err := c.Grants.PendingDevice(c.Ctx, good, c.Ada)
			c.Must(err)
		}
	})
	t.Run("per session", func(t *testing.T) {
		throttled := func(err error) bool {
			var b *grant.ThrottledError
			return errors.As(err, &b)
		}
		// Guesses made at once are not more guesses.
		guesses := c.Race(20, func() error {
			if err := guess(c.Ctx, c.Ada); !errors.Is(err, grant.ErrUnknownCode) {
				return err
			}
			return nil
		}, throttled)
		if guesses != 5 {
			t.Errorf("%d of 20 guesses at once were let through, want 5", guesses)
		}
		// A blocked session cannot use a right code either, nor decide.
		_, err := c.Grants.PendingDevice(c.Ctx, good, c.Ada)
		blocked(err)
		blocked(c.Grants.DecideDevice(c.Ctx, good, true, c.Ada))
		if _, err := c.Grants.PendingDevice(c.Ctx, good, c.Grace); err != nil {
			t.Errorf("somebody else's session: %v", err)
		}
		for _, want := range []time.Duration{time.Minute, 2 * time.Minute, 4 * time.Minute} {
			if d := blocked(guess(c.Ctx, c.Ada)); d != want {
				t.Errorf("blocked for %s, want %s", d, want)
			}
			c.Clock.Advance(want)
			if err := guess(c.Ctx, c.Ada); !errors.Is(err, grant.ErrUnknownCode) {
				t.Errorf("after %s: %v", want, err)
			}
		}
		c.Clock.Advance(15 * time.Minute)
		good = c.StartDevice(client).UserCode
		_, err = c.Grants.PendingDevice(c.Ctx, good, c.Ada)
		c.Must(err)
	})
	t.Run("per network", func(t *testing.T) {
		for i := range 30 {
			p := c.SignIn("u-grace", fmt.Sprint("network", i))
			ctx := granttest.At(fmt.Sprintf("2001:db8:0:1::%x", i+1))
			if err := guess(ctx, p); !errors.Is(err, grant.ErrUnknownCode) {
				t.Fatalf("guess %d: %v", i, err)
			}
		}
		// Whoever their network has blocked does not use up their session's attempts.
		for range 10 {
			blocked(guess(granttest.At("2001:db8:0:1:ffff::1"), c.Grace))
		}
		if _, err := c.Grants.PendingDevice(granttest.At("2001:db8:0:2::1"), good, c.Grace); err != nil {
			t.Errorf("from the next network: %v", err)
		}
	})
	t.Run("global", func(t *testing.T) {
		c.Grants.Guesses = grant.DefaultGuesses()
		c.Grants.Guesses.Everybody.Free = 40
		for i := range 10 {
			if err := guess(granttest.At(fmt.Sprint("198.51.100.", i)), c.SignIn("u-grace", fmt.Sprint("global", i))); !errors.Is(err, grant.ErrUnknownCode) {
				t.Fatalf("guess %d: %v", i, err)
			}
		}
		blocked(guess(granttest.At("203.0.113.1"), c.SignIn("u-grace", "last")))
		if n := len(c.Audited("DeviceAuthorization")); n != 0 {
			t.Errorf("%d decisions audited", n)
		}
	})
}

func TestSecurity24LookingDecidesNothing(t *testing.T) {
	c := granttest.New(t)
	client := c.Register(granttest.Device())
	d := c.StartDevice(client)
	_, err := c.Grants.PendingDevice(c.Ctx, d.UserCode, c.Ada)
	c.Must(err)
	_, err = c.Grants.Exchange(c.Ctx, granttest.PollRequest(client, d.DeviceCode))
	c.Refused(err, wire.CodeAuthorizationPending)
	for name, p := range map[string]grant.Person{"nobody": {}, "session of another": {User: c.Grace.User, Session: c.Ada.Session}} {
		if err := c.Grants.DecideDevice(c.Ctx, d.UserCode, true, p); !errors.Is(err, grant.ErrNotSignedIn) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestSecurity26Polling(t *testing.T) {
	c := granttest.New(t)
	client := c.Register(granttest.Device())
	d := c.StartDevice(client)
	for i, step := range []struct {
		wait time.Duration
		want wire.Code
	}{
		{0, wire.CodeAuthorizationPending},
		{0, wire.CodeAuthorizationPending}, // the second may follow at once
		{999 * time.Millisecond, wire.CodeAuthorizationPending},
		{time.Second, wire.CodeAuthorizationPending},
		{500 * time.Millisecond, wire.CodeSlowDown}, // interval is now 6 s
		{time.Second, wire.CodeSlowDown},            // 11 s
		{11 * time.Second, wire.CodeAuthorizationPending},
		{6 * time.Second, wire.CodeSlowDown}, // 16 s
		{16 * time.Second, wire.CodeAuthorizationPending},
	} {
		c.Clock.Advance(step.wait)
		_, err := c.Grants.Exchange(c.Ctx, granttest.PollRequest(client, d.DeviceCode))
		var s *wire.ServiceError
		if !errors.As(err, &s) || s.Code != step.want {
			t.Errorf("poll %d: %v, want %s", i+1, err, step.want)
		}
	}
	// A third poll at once is one too many.
	hasty := c.StartDevice(client)
	for _, want := range []wire.Code{wire.CodeAuthorizationPending, wire.CodeAuthorizationPending, wire.CodeSlowDown} {
		_, err := c.Grants.Exchange(c.Ctx, granttest.PollRequest(client, hasty.DeviceCode))
		c.Refused(err, want)
	}
	// Somebody else's polls slow nobody down.
	other := c.Register(granttest.Device())
	_, err := c.Grants.Exchange(c.Ctx, granttest.PollRequest(other, d.DeviceCode))
	c.Refused(err, wire.CodeInvalidGrant)
	c.Clock.Advance(16 * time.Second)
	_, err = c.Grants.Exchange(c.Ctx, granttest.PollRequest(client, d.DeviceCode))
	c.Refused(err, wire.CodeAuthorizationPending)
	// Once decided, the answer does not wait.
	c.Must(c.Grants.DecideDevice(c.Ctx, d.UserCode, true, c.Ada))
	_, err = c.Grants.Exchange(c.Ctx, granttest.PollRequest(client, d.DeviceCode))
	c.Must(err)
}

func TestSecurity27ExpiredAndDeniedAreFinal(t *testing.T) {
	c := granttest.New(t)
	client := c.Register(granttest.Device())
	expired, denied, late := c.StartDevice(client), c.StartDevice(client), c.StartDevice(client)
	c.Must(c.Grants.DecideDevice(c.Ctx, denied.UserCode, false, c.Ada))
	c.Must(c.Grants.DecideDevice(c.Ctx, late.UserCode, true, c.Ada))
	if err := c.Grants.DecideDevice(c.Ctx, denied.UserCode, true, c.Ada); !errors.Is(err, grant.ErrUnknownCode) {
		t.Errorf("approving what was denied: %v", err)
	}
	for _, decided := range []string{denied.UserCode, late.UserCode} {
		if _, err := c.Grants.PendingDevice(c.Ctx, decided, c.Ada); !errors.Is(err, grant.ErrUnknownCode) {
			t.Errorf("looking at what is decided: %v", err)
		}
	}
	for range 2 {
		_, err := c.Grants.Exchange(c.Ctx, granttest.PollRequest(client, denied.DeviceCode))
		c.Refused(err, wire.CodeAccessDenied)
	}
	c.Clock.Advance(grant.DeviceLifetime - time.Second)
	_, err := c.Grants.Exchange(c.Ctx, granttest.PollRequest(client, expired.DeviceCode))
	c.Refused(err, wire.CodeAuthorizationPending)
	c.Clock.Advance(time.Second)
	if err := c.Grants.DecideDevice(c.Ctx, expired.UserCode, true, c.Ada); !errors.Is(err, grant.ErrUnknownCode) {
		t.Errorf("approving what has expired: %v", err)
	}
	for range 2 {
		_, err := c.Grants.Exchange(c.Ctx, granttest.PollRequest(client, expired.DeviceCode))
		c.Refused(err, wire.CodeExpiredToken)
		_, err = c.Grants.Exchange(c.Ctx, granttest.PollRequest(client, denied.DeviceCode))
		c.Refused(err, wire.CodeAccessDenied)
		_, err = c.Grants.Exchange(c.Ctx, granttest.PollRequest(client, late.DeviceCode))
		c.Refused(err, wire.CodeExpiredToken)
	}
	if got := fmt.Sprint(c.Audited("DeviceAuthorization")); got != "[success denied]" {
		t.Errorf("audited: %s", got)
	}
}

func TestSecurity28DeviceCodeSingleUse(t *testing.T) {
	c := granttest.New(t)
	client := c.Register(granttest.Device())
	d := c.StartDevice(client)
	decided := c.Race(10, func() error { return c.Grants.DecideDevice(c.Ctx, d.UserCode, true, c.Ada) }, func(err error) bool {
		return errors.Is(err, grant.ErrUnknownCode) || errors.As(err, new(*grant.ThrottledError))
	})
	if decided != 1 {
		t.Errorf("%d of 10 approvals succeeded", decided)
	}
	won := c.Race(10, func() error {
		_, err := c.Grants.Exchange(c.Ctx, granttest.PollRequest(client, d.DeviceCode))
		return err
	}, isRefusal(wire.CodeInvalidGrant))
	if won != 1 {
		t.Errorf("%d of 10 redemptions of one device code succeeded", won)
	}
}

func TestSecurity29DeviceGrantCanBeDisabled(t *testing.T) {
	c := granttest.New(t)
	client := c.Register(granttest.Device())
	d := c.StartDevice(client)
	c.Grants.NoDevices = true
	start := wire.StartDeviceAuthorizationRequest{ClientID: client.ClientID, ClientSecret: client.ClientSecret, StartURL: granttest.BaseURL}
	_, err := c.Grants.StartDevice(c.Ctx, start)
	c.Refused(err, wire.CodeUnauthorizedClient)
	if _, err := c.Grants.PendingDevice(c.Ctx, d.UserCode, c.Ada); !errors.Is(err, grant.ErrUnknownCode) {
		t.Errorf("a code from before: %v", err)
	}
	if err := c.Grants.DecideDevice(c.Ctx, d.UserCode, true, c.Ada); !errors.Is(err, grant.ErrUnknownCode) {
		t.Errorf("a code from before: %v", err)
	}
	_, err = c.Grants.Exchange(c.Ctx, granttest.PollRequest(client, d.DeviceCode))
	c.Refused(err, wire.CodeUnauthorizedClient)
	c.SignInCLI() // the other way still works

	c.Grants.NoDevices = false
	codeOnly := c.Register(granttest.CLI())
	start.ClientID, start.ClientSecret = codeOnly.ClientID, codeOnly.ClientSecret
	_, err = c.Grants.StartDevice(c.Ctx, start)
	c.Refused(err, wire.CodeUnauthorizedClient)
}

func TestSecurity22and44DeviceAuthorizationsAreLimited(t *testing.T) {
	c := granttest.New(t)
	c.Grants.Starts = throttle.Limit{Free: 2, Window: time.Hour, Block: time.Minute, MaxBlock: time.Minute}
	client := c.Register(granttest.Device())
	c.StartDevice(client)
	c.StartDevice(client)
	in := wire.StartDeviceAuthorizationRequest{ClientID: client.ClientID, ClientSecret: client.ClientSecret, StartURL: granttest.BaseURL}
	_, err := c.Grants.StartDevice(c.Ctx, in)
	c.Refused(err, wire.CodeSlowDown)
	_, err = c.Grants.StartDevice(granttest.At("198.51.100.1"), in)
	c.Must(err)
	c.Clock.Advance(time.Minute)
	c.StartDevice(client)
}

func TestStartDevice(t *testing.T) {
	c := granttest.New(t)
	client := c.Register(granttest.Device())
	start := func(change func(*wire.StartDeviceAuthorizationRequest)) (wire.StartDeviceAuthorizationResponse, error) {
		in := wire.StartDeviceAuthorizationRequest{ClientID: client.ClientID, ClientSecret: client.ClientSecret, StartURL: granttest.BaseURL + "/start"}
		change(&in)
		return c.Grants.StartDevice(c.Ctx, in)
	}
	_, err := start(func(in *wire.StartDeviceAuthorizationRequest) { in.StartURL = "https://other.awsapps.com/start" })
	if s := c.Refused(err, wire.CodeInvalidRequest); !strings.Contains(s.Message, "https://my-lab.awsapps.com/start") || !strings.Contains(s.Message, granttest.BaseURL) {
		t.Errorf("message %q", s.Message)
	}
	_, err = start(func(in *wire.StartDeviceAuthorizationRequest) { in.StartURL = "" })
	c.Refused(err, wire.CodeInvalidRequest)
	_, err = start(func(in *wire.StartDeviceAuthorizationRequest) { in.ClientSecret = "x" })
	c.Refused(err, wire.CodeInvalidClient)

	c.Grants.Interval = 1500 * time.Millisecond
	c.Ctx = request.NewContext(c.Ctx, request.Info{RemoteIP: "192.0.2.9", UserAgent: strings.Repeat("ü", 1000)})
	d, err := start(func(*wire.StartDeviceAuthorizationRequest) {})
	c.Must(err)
	if d.Interval != 2 {
		t.Errorf("interval %d, want whole seconds that are enough", d.Interval)
	}
	p, err := c.Grants.PendingDevice(c.Ctx, d.UserCode, c.Ada)
	c.Must(err)
	if len(p.UserAgent) > 256 || p.UserAgent != strings.Repeat("ü", len(p.UserAgent)/2) {
		t.Errorf("user agent of %d bytes: %q", len(p.UserAgent), p.UserAgent)
	}
	// Its session over, an approval is worth nothing.
	c.Must(c.Grants.DecideDevice(c.Ctx, d.UserCode, true, c.Ada))
	c.Must(c.Store.EndSession(c.Ctx, c.Ada.Session.ID, "test", c.Clock.Now()))
	_, err = c.Grants.Exchange(c.Ctx, granttest.PollRequest(client, d.DeviceCode))
	c.Refused(err, wire.CodeInvalidGrant)
}
