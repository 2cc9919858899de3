package opaque

import (
	"bytes"
	"testing"
	"time"

	"keyfob/internal/wire"
)

// There is one spelling of a token: what is taken for one is byte for byte what New would have made.
func FuzzHash(f *testing.F) {
	made, _, err := New(bytes.NewReader(make([]byte, randomSize)), AccessToken)
	if err != nil {
		f.Fatal(err)
	}
	early, _, err := NewAt(time.UnixMilli(1), bytes.NewReader(make([]byte, randomSize)), AccessToken)
	if err != nil {
		f.Fatal(err)
	}
	for _, s := range []string{early.Reveal(), made.Reveal(), made.Reveal() + "=", made.Reveal() + "\n", "kfat_", "", "kfrt_" + made.Reveal()[5:], " " + made.Reveal()} {
		f.Add(s, []byte(s))
	}
	f.Fuzz(func(t *testing.T, s string, random []byte) {
		for _, k := range []Kind{AccessToken, RefreshToken, DeviceCode, AuthorizationCode, ClientSecret} {
			if _, ok := Hash(wire.Secret(s), k); ok && s != made.Reveal() && s != early.Reveal() {
				t.Errorf("%q is taken for a token", s) // 1 in 4 billion that have the form
			}
			if len(random) < randomSize {
				continue
			}
			for _, at := range [][]byte{nil, random[:timeSize]} {
				token, kept, err := newString(bytes.NewReader(random), k, at)
				if err != nil {
					t.Fatal(err)
				}
				if got, ok := Hash(token, k); !ok || got != kept {
					t.Errorf("%q is not taken for what it is", token.Reveal())
				}
			}
		}
	})
}
