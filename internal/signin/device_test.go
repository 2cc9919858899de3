package signin_test

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"keyfob/internal/session"
	"keyfob/internal/signin"
	"keyfob/internal/wire"
)

const poll = `CreateToken {"clientId":"client-1","clientSecret":"secret-1","grantType":"urn:ietf:params:oauth:grant-type:device_code","deviceCode":"device-code"}`

func TestDeviceFlow(t *testing.T) {
	for name, c := range map[string]struct {
		request              signin.Request
		register, start, key string
	}{
		"session": {
			device(corp()), `RegisterClient {"clientName":"botocore-client-corp","clientType":"public"}`,
			`StartDeviceAuthorization {"clientId":"client-1","clientSecret":"secret-1","startUrl":"https://d-abc.awsapps.com/start"}`, "corp",
		},
		"legacy": { // device by itself; the start URL goes as it is, fragment and all
			legacy(), `RegisterClient {"clientName":"botocore-client-1795428000","clientType":"public"}`,
			`StartDeviceAuthorization {"clientId":"client-1","clientSecret":"secret-1","startUrl":"https://d-abc.awsapps.com/start#/"}`, "https://d-abc.awsapps.com/start#/",
		},
		"scopes": {
			scoped(device(corp()), "a", "b"), `RegisterClient {"clientName":"botocore-client-corp","clientType":"public","scopes":["a","b"]}`,
			`StartDeviceAuthorization {"clientId":"client-1","clientSecret":"secret-1","startUrl":"https://d-abc.awsapps.com/start"}`, "corp",
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := newStage(t)
			s.tokens = []any{pending(), pending(), approved()}
			if err := s.flow().SignIn(t.Context(), c.request); err != nil {
				t.Fatal(err)
			}
			s.wantLog(c.register, c.start, poll, "enter ABCD-EFGH", poll, poll, "save "+c.key)
			want := session.Token{
				StartURL: c.request.Target.StartURL, Region: "us-east-1", AccessToken: "access", ExpiresAt: start().Add(time.Hour + 2*time.Second),
				ClientID: "client-1", ClientSecret: "secret-1", RegistrationExpiresAt: start().Add(90 * 24 * time.Hour), RefreshToken: "refresh",
			}
			if got := s.saved[c.key]; got != want {
				t.Errorf("saved %+v\nwant %+v", got, want)
			}
			for _, reg := range s.cached {
				if reg.GrantTypes != nil || !slices.Equal(reg.Scopes, c.request.Scopes) {
					t.Errorf("cached %+v", reg)
				}
			}
			if len(s.cached) != 1 {
				t.Errorf("%d registrations", len(s.cached))
			}
		})
	}
}

// A client that is approved already bothers nobody.
func TestDeviceApprovedAlready(t *testing.T) {
	s := newStage(t)
	if err := s.flow().SignIn(t.Context(), legacy()); err != nil || s.count("enter") != 0 || len(s.clock.Sleeps()) != 0 || len(s.saved) != 1 {
		t.Errorf("got %v after %q", err, s.log)
	}
}

func TestPollRhythm(t *testing.T) {
	slow, lost := refused(wire.CodeSlowDown, 400), errors.New("connection reset")
	sec := func(ns ...int) (ds []time.Duration) {
		for _, n := range ns {
			ds = append(ds, time.Duration(n)*time.Second)
		}
		return ds
	}
	for name, c := range map[string]struct {
		interval int64
		answers  []any
		want     []time.Duration
	}{
		"as told":                   {7, []any{pending(), pending(), approved()}, sec(7, 7)},
		"not told":                  {0, []any{pending(), pending(), approved()}, sec(5, 5)},
		"nonsense":                  {-3, []any{pending(), approved()}, sec(5)},
		"slow down at first":        {1, []any{slow, approved()}, sec(6)},
		"slow down each time":       {2, []any{pending(), slow, slow, pending(), approved()}, sec(2, 7, 12, 12)},
		"no answer for a while":     {1, []any{pending(), lost, lost, refused("", 503), refused(wire.CodeTooManyRequests, 429), lost, pending(), approved()}, sec(1, 1, 1, 1, 1, 1, 1)},
		"no answer to the first":    {1, []any{lost, approved()}, sec(1)},
		"lost are counted in a row": {1, []any{pending(), lost, lost, lost, pending(), lost, lost, lost, slow, lost, lost, lost, approved()}, sec(1, 1, 1, 1, 1, 1, 1, 1, 6, 6, 6, 6)},
	} {
		t.Run(name, func(t *testing.T) {
			s := newStage(t)
			s.devices = []any{wire.StartDeviceAuthorizationResponse{DeviceCode: "device-code", UserCode: "X", ExpiresIn: 600, Interval: c.interval}}
			s.tokens = c.answers
			if err := s.flow().SignIn(t.Context(), legacy()); err != nil {
				t.Fatal(err)
			}
			if got := s.clock.Sleeps(); !slices.Equal(got, c.want) {
				t.Errorf("waited %v, want %v", got, c.want)
			}
			if s.count("enter") != 1 {
				t.Errorf("shown %d times", s.count("enter"))
			}
		})
	}
}

func TestDeviceFailures(t *testing.T) {
	denied, disk, lost := refused(wire.CodeAccessDenied, 400), errors.New("no space left on device"), errors.New("connection reset")
	for name, c := range map[string]struct {
		spoil func(*stage)
		is    error // nil: *ExpiredError
		polls int
	}{
		"denied":            {func(s *stage) { s.tokens = []any{pending(), denied} }, denied, 2},
		"denied at once":    {func(s *stage) { s.tokens = []any{denied} }, denied, 1},
		"expired":           {func(s *stage) { s.tokens = []any{pending(), refused(wire.CodeExpiredToken, 400)} }, nil, 2},
		"never answered":    {func(s *stage) { s.tokens = []any{pending(), lost} }, lost, 7},
		"not saved":         {func(s *stage) { s.saveErr = disk }, disk, 1},
		"not started":       {func(s *stage) { s.devices = []any{denied} }, denied, 0},
		"for ever pending":  {func(s *stage) { s.tokens = []any{pending()} }, nil, 602},
		"expires very late": {func(s *stage) { s.devices, s.tokens = []any{late()}, []any{pending(), denied} }, denied, 2},
	} {
		t.Run(name, func(t *testing.T) {
			s := newStage(t)
			c.spoil(s)
			err := s.flow().SignIn(t.Context(), legacy())
			if c.is != nil && !errors.Is(err, c.is) || c.is == nil && !errors.As(err, new(*signin.ExpiredError)) {
				t.Errorf("got %v, want %v", err, c.is)
			}
			if s.count("CreateToken") != c.polls || len(s.saved) != 0 {
				t.Errorf("%d polls, want %d; saved %v", s.count("CreateToken"), c.polls, s.saved)
			}
		})
	}
}

func late() wire.StartDeviceAuthorizationResponse {
	return wire.StartDeviceAuthorizationResponse{DeviceCode: "device-code", ExpiresIn: 1<<62 - 1, Interval: 1}
}

func TestDeviceInterrupt(t *testing.T) {
	s := newStage(t)
	s.tokens = []any{pending()}
	ctx, cancel := context.WithCancel(t.Context())
	s.onCode = cancel
	if err := s.flow().SignIn(ctx, legacy()); !errors.Is(err, context.Canceled) || s.count("CreateToken") != 1 || len(s.saved) != 0 {
		t.Errorf("got %v after %q", err, s.log)
	}
	if len(s.cached) != 1 {
		t.Error("a device registration was dropped for a Ctrl-C")
	}
}
