package signin_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"keyfob/internal/signin"
	"keyfob/internal/wire"
)

// Which cached registration does for which flow. Both flows share the file.
func TestRegistrationReuse(t *testing.T) {
	code := []string{"authorization_code", "refresh_token"}
	for name, c := range map[string]struct {
		grants  []string
		left    time.Duration
		request signin.Request
		reused  bool
	}{
		"code for code":              {code, time.Hour, corp(), true},
		"device for device":          {nil, time.Hour, device(corp()), true},
		"device for legacy":          {nil, time.Hour, legacy(), true},
		"device for code":            {nil, time.Hour, corp(), false},
		"code for device":            {code, time.Hour, device(corp()), false},
		"other grants for code":      {[]string{"refresh_token"}, time.Hour, corp(), false},
		"exactly the window left":    {code, 15 * time.Minute, corp(), true},
		"a second less":              {code, 15*time.Minute - time.Second, corp(), false},
		"a second less, device":      {nil, 15*time.Minute - time.Second, device(corp()), false},
		"expired":                    {code, -time.Hour, corp(), false},
		"without an end, as damaged": {code, -1 << 62, corp(), false},
	} {
		t.Run(name, func(t *testing.T) {
			s := newStage(t)
			key := keyOf(signin.RegistrationKey{Region: "us-east-1", Session: c.request.Target.Session, StartURL: c.request.Target.StartURL})
			s.cached[key] = signin.Registration{ClientID: "cached", ClientSecret: "cached-secret", ExpiresAt: start().Add(c.left), GrantTypes: c.grants}
			if err := s.flow().SignIn(t.Context(), c.request); err != nil {
				t.Fatal(err)
			}
			if reused := s.registrations == 0; reused != c.reused {
				t.Errorf("reused %v, want %v", reused, c.reused)
			}
			want := "cached"
			if !c.reused {
				want = "client-1"
			}
			if s.cached[key].ClientID != want || s.saved[c.request.Target.Key()].ClientID != want {
				t.Errorf("cached %v, saved %v", s.cached, s.saved)
			}
		})
	}
	t.Run("one per set of scopes", func(t *testing.T) {
		s := newStage(t)
		for _, r := range []signin.Request{corp(), scoped(corp(), "a"), corp(), scoped(corp(), "a")} {
			if err := s.flow().SignIn(t.Context(), r); err != nil {
				t.Fatal(err)
			}
		}
		if s.registrations != 2 {
			t.Errorf("%d registrations", s.registrations)
		}
	})
}

func withCached(s *stage, r signin.Request) {
	reg := signin.Registration{ClientID: "stale", ClientSecret: "stale-secret", ExpiresAt: start().Add(time.Hour)}
	if !r.UseDevice && r.Target.Session != "" {
		reg.GrantTypes = []string{"authorization_code", "refresh_token"}
	}
	s.cached[keyOf(signin.RegistrationKey{Region: "us-east-1", Session: r.Target.Session, StartURL: r.Target.StartURL})] = reg
}

// A registration that the service no longer knows is made again, once.
func TestStaleRegistration(t *testing.T) {
	unknown, unauthorized := refused(wire.CodeInvalidClient, 401), refused(wire.CodeUnauthorizedClient, 400)
	ok := wire.StartDeviceAuthorizationResponse{DeviceCode: "device-code", UserCode: "X", Interval: 1}
	redirected := func(s *stage, failures int) {
		s.wait = func(context.Context) (signin.Callback, error) {
			if failures--; failures >= 0 {
				return signin.Callback{Err: &signin.AuthorizeError{Code: "invalid_client"}}, nil
			}
			return signin.Callback{Code: "the-code"}, nil
		}
	}
	for name, c := range map[string]struct {
		request signin.Request
		stale   bool
		spoil   func(*stage)
		made    int
		fails   bool
	}{
		"device, at the start":             {legacy(), true, func(s *stage) { s.devices = []any{unknown, ok} }, 1, false},
		"device, at a poll":                {legacy(), true, func(s *stage) { s.tokens = []any{pending(), unauthorized, approved()} }, 1, false},
		"code, at the exchange":            {corp(), true, func(s *stage) { s.tokens = []any{unknown, approved()} }, 1, false},
		"code, in the browser":             {corp(), true, func(s *stage) { redirected(s, 1) }, 1, false},
		"device, for ever":                 {legacy(), true, func(s *stage) { s.devices = []any{unknown} }, 1, true},
		"code, for ever":                   {corp(), true, func(s *stage) { s.tokens = []any{unknown} }, 1, true},
		"code, for ever in the browser":    {corp(), true, func(s *stage) { redirected(s, 9) }, 1, true},
		"device, new and still unknown":    {legacy(), false, func(s *stage) { s.devices = []any{unknown} }, 1, true},
		"code, new and still unknown":      {corp(), false, func(s *stage) { s.tokens = []any{unknown} }, 1, true},
		"stale, but something else failed": {corp(), true, func(s *stage) { s.tokens = []any{refused(wire.CodeInvalidGrant, 400)} }, 0, true},
	} {
		t.Run(name, func(t *testing.T) {
			s := newStage(t)
			if c.stale {
				withCached(s, c.request)
			}
			c.spoil(s)
			err := s.flow().SignIn(t.Context(), c.request)
			if (err != nil) != c.fails || s.registrations != c.made {
				t.Errorf("got %v with %d registrations after\n%q", err, s.registrations, s.log)
			}
			if saved := s.saved[c.request.Target.Key()]; !c.fails && saved.ClientID != "client-1" || c.fails && len(s.saved) != 0 {
				t.Errorf("saved %+v", saved)
			}
		})
	}
	t.Run("not registered again", func(t *testing.T) {
		s := newStage(t)
		withCached(s, corp())
		s.tokens, s.registerErr = []any{unknown}, errors.New("offline")
		if err := s.flow().SignIn(t.Context(), corp()); !errors.Is(err, s.registerErr) || len(s.saved) != 0 {
			t.Errorf("got %v", err)
		}
	})
}
