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
		_, err := New(Config{LookupEnv: func(k string) (string, bool) {
			if k != "https_proxy" {
				return "", false
			}
			return value, true
		}})
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
