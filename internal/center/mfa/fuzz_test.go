package mfa_test

import (
	"errors"
	"testing"

	"keyfob/internal/center/mfa"
	"keyfob/internal/wire"
)

// No answer that a browser sends, and no state that it sends back, does more harm than being refused.
func FuzzPasskeyAnswer(f *testing.F) {
	for _, s := range []string{
		"", "{}", "null", "[[[[", `{"id":"","rawId":"","type":"public-key","response":{}}`,
		`{"id":"AA","rawId":"AA","type":"public-key","response":{"clientDataJSON":"e30","attestationObject":"oA","authenticatorData":"AA","signature":"AA","userHandle":"AA"}}`,
	} {
		f.Add(s, "state")
	}
	f.Fuzz(func(t *testing.T, answer, state string) {
		w := newWorld(t)
		q, err := w.NewPasskey(t.Context(), w.ada, "h")
		w.must(err)
		if err := w.AddPasskey(t.Context(), w.ada, "h", q.State, answer, ""); !errors.Is(err, mfa.ErrWrong) {
			t.Errorf("enrolling: %v", err)
		}
		w.passkey(w.ada)
		q, err = w.AskPasskey(t.Context(), w.ada, "h")
		w.must(err)
		if err := w.CheckPasskey(t.Context(), w.ada, "h", q.State, answer); !errors.Is(err, mfa.ErrWrong) {
			t.Errorf("checking: %v", err)
		}
		if err := w.CheckPasskey(t.Context(), w.ada, "h", wire.Secret(state), answer); !errors.Is(err, mfa.ErrExpired) {
			t.Errorf("a made-up state: %v", err)
		}
		if _, err := w.SameApp(t.Context(), w.ada, "h", state); !errors.Is(err, mfa.ErrExpired) {
			t.Errorf("a made-up app: %v", err)
		}
	})
}
