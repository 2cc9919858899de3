package ssoapi

import (
	"errors"
	"strings"
	"testing"
)

func TestProxyVariableThatSaysNothing(t *testing.T) {
	for value, ok := range map[string]bool{
		"": true, "http://proxy:3128": true, "proxy:3128": true, "http://user:hidden@proxy": true, "://hidden": false, "http://[hidden": false, "%zzhidden": false,
	} {
		// Making a client succeeds: a sign-out has to get as far as removing what is on this machine.
		r := newRig(t, func(c *Config) {
			c.LookupEnv = func(k string) (string, bool) {
				if k != "https_proxy" {
					return "", false
				}
				return value, true
			}
		})
		s := newScript(t, answer(200, goodAccounts))
		_, err := accounts(r, t.Context(), s.URL)
		if err != nil && (!errors.As(err, new(*ProxyError)) || s.count() != 0 || len(r.clock.Sleeps()) != 0) {
			t.Errorf("%q: asked %d times, waited %v: %v", value, s.count(), r.clock.Sleeps(), err)
		}
		if (err == nil) != ok {
			t.Errorf("%q: %v", value, err)
		}
		if err != nil && (strings.Contains(err.Error(), "hidden") || !strings.Contains(err.Error(), "https_proxy")) {
			t.Errorf("%q: %v", value, err)
		}
	}
}

func TestNoPasswordInMessages(t *testing.T) {
	const endpoint = "https://user:hidden@example.com/x?token=hidden"
	for _, err := range []error{
		asNetworkError(t.Context(), endpoint, errors.New("x")), asNetworkError(t.Context(), endpoint, errors.New("tls: x")),
		&EndpointError{endpoint}, &MalformedError{Endpoint: endpoint}, &RedirectError{Endpoint: endpoint},
	} {
		if s := err.Error(); strings.Contains(s, "hidden") || !strings.Contains(s, "example.com/x") {
			t.Errorf("%T: %s", err, s)
		}
	}
}
