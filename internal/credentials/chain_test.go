package credentials_test

import (
	"testing"

	"keyfob/internal/credentials"
)

func TestStatic(t *testing.T) {
	for _, c := range []struct {
		id, secret, token string
		want              credentials.Credentials
		ok, fails         bool
	}{
		{"", "", "", credentials.Credentials{}, false, false},
		{"", "s", "t", credentials.Credentials{}, false, false},
		{"A", "s", "", credentials.Credentials{AccessKeyID: "A", SecretAccessKey: "s"}, true, false},
		{"A", "s", "t", credentials.Credentials{AccessKeyID: "A", SecretAccessKey: "s", SessionToken: "t"}, true, false},
		{"A", "", "t", credentials.Credentials{}, false, true},
	} {
		if got, ok, err := credentials.Static("env", c.id, c.secret, c.token, ""); got != c.want || ok != c.ok || (err != nil) != c.fails {
			t.Errorf("%q %q %q: %+v, %v, %v", c.id, c.secret, c.token, got, ok, err)
		}
	}
}
