package session_test

import (
	"errors"
	"log/slog"
	"strings"
	"testing"
	"time"

	"keyfob/internal/session"
	"keyfob/internal/wire"
)

func TestRefresh(t *testing.T) {
	t.Run("request and result", func(t *testing.T) {
		m, svc := newMemory(), answering(renewed(), nil)
		before := tokenFor(time.Minute)
		before.StartURL, before.Region = "https://d-abc.awsapps.com/start/", "eu-west-1"
		m.put("corp", before)
		got, err := source(m, svc).Token(t.Context(), corp())
		want := session.Token{
			StartURL: "https://d-abc.awsapps.com/start", Region: "us-east-1",
			AccessToken: "new-access", ExpiresAt: start().Add(time.Hour),
			ClientID: "client", ClientSecret: "client-secret", RegistrationExpiresAt: start().Add(time.Hour),
			RefreshToken: "new-refresh",
		}
		if err != nil || got != want {
			t.Errorf("got %+v, %v", got, err)
		}
		if saved, _ := m.LoadToken("corp"); saved != want {
			t.Errorf("saved %+v", saved)
		}
		request := wire.CreateTokenRequest{ClientID: "client", ClientSecret: "client-secret", GrantType: "refresh_token", RefreshToken: "old-refresh"}
		if len(svc.requests) != 1 || !equal(svc.requests[0], request) || svc.regions[0] != "us-east-1" {
			t.Errorf("asked %+v in %v", svc.requests, svc.regions)
		}
	})
	t.Run("a reply without a refresh token keeps the old one", func(t *testing.T) {
		m := newMemory()
		m.put("corp", tokenFor(0))
		reply := renewed()
		reply.RefreshToken = ""
		got, err := source(m, answering(reply, nil)).Token(t.Context(), corp())
		saved, _ := m.LoadToken("corp")
		if err != nil || got.RefreshToken != "old-refresh" || saved != got {
			t.Errorf("got %+v, %v; saved %+v", got, err, saved)
		}
	})
	t.Run("a reply without an access token is a failure", func(t *testing.T) {
		for left, want := range map[time.Duration]wire.Secret{time.Minute: old, 0: ""} {
			m := newMemory()
			m.put("corp", tokenFor(left))
			got, err := source(m, answering(wire.CreateTokenResponse{ExpiresIn: 3600}, nil)).Token(t.Context(), corp())
			if got.AccessToken != want || (err == nil) != (want != "") {
				t.Errorf("%v left: got %+v, %v", left, got, err)
			}
			if saved, _ := m.LoadToken("corp"); saved != tokenFor(left) {
				t.Errorf("saved %+v", saved)
			}
		}
	})
	t.Run("a token that cannot be saved is good all the same, and said", func(t *testing.T) {
		m := newMemory()
		m.put("corp", tokenFor(0))
		m.saveErr = errors.New("no space left on device")
		var log strings.Builder
		s := source(m, answering(renewed(), nil))
		s.Log = slog.New(slog.NewTextHandler(&log, nil))
		if got, err := s.Token(t.Context(), corp()); err != nil || got.AccessToken != fresh {
			t.Errorf("got %+v, %v", got, err)
		}
		if !strings.Contains(log.String(), "level=WARN") || !strings.Contains(log.String(), "no space left on device") {
			t.Errorf("logged %q", log.String())
		}
	})
	t.Run("without a place for the new token the old refresh token is not spent", func(t *testing.T) {
		for left, want := range map[time.Duration]wire.Secret{time.Minute: old, 0: ""} {
			m, svc := newMemory(), answering(renewed(), nil)
			m.put("corp", tokenFor(left))
			m.roomErr = errors.New("no space left on device")
			got, err := source(m, svc).Token(t.Context(), corp())
			if got.AccessToken != want || want == "" && !errors.Is(err, m.roomErr) || want != "" && err != nil {
				t.Errorf("%v left: got %+v, %v", left, got, err)
			}
			if len(svc.requests) != 0 {
				t.Errorf("asked %+v", svc.requests)
			}
		}
	})
	t.Run("the place is given back", func(t *testing.T) {
		for _, failure := range []error{nil, refused(wire.CodeInvalidGrant, 400)} {
			m := newMemory()
			m.put("corp", tokenFor(time.Minute))
			if _, err := source(m, answering(renewed(), failure)).Token(t.Context(), corp()); err != nil || m.room != 0 {
				t.Errorf("%v, %d places", err, m.room)
			}
		}
	})
	t.Run("nothing secret is logged", func(t *testing.T) {
		var log strings.Builder
		for _, failure := range []error{nil, refused(wire.CodeInvalidGrant, 400)} {
			m := newMemory()
			m.put("corp", tokenFor(time.Minute))
			s := source(m, answering(renewed(), failure))
			s.Log = slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}))
			if _, err := s.Token(t.Context(), corp()); err != nil {
				t.Error(err)
			}
		}
		for _, secret := range []string{"old-access", "new-access", "old-refresh", "new-refresh", "client-secret"} {
			if log.Len() == 0 || strings.Contains(log.String(), secret) {
				t.Errorf("%q in the log %q", secret, log.String())
			}
		}
	})
}

func equal(a, b wire.CreateTokenRequest) bool {
	return a.ClientID == b.ClientID && a.ClientSecret == b.ClientSecret && a.GrantType == b.GrantType && a.RefreshToken == b.RefreshToken &&
		a.DeviceCode == "" && a.Code == "" && a.Scope == nil && a.RedirectURI == "" && a.CodeVerifier == ""
}
