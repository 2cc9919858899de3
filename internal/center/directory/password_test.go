package directory_test

import (
	"context"
	"crypto/rand"
	"errors"
	"regexp"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/alexedwards/argon2id"

	"keyfob/internal/center/directory"
	"keyfob/internal/wire"
)

func weakHash(password string) (string, error) {
	return argon2id.CreateHash(password, &argon2id.Params{Memory: 8, Iterations: 1, Parallelism: 1, SaltLength: 16, KeyLength: 32})
}

func TestSecurity45Argon2idParameters(t *testing.T) {
	h := directory.NewHasher(1)
	phc, err := h.Hash(t.Context(), right)
	if err != nil || !strings.HasPrefix(phc, "$argon2id$v=19$m=19456,t=2,p=1$") {
		t.Fatalf("%q, %v", phc, err)
	}
	if again, _ := h.Hash(t.Context(), right); again == phc {
		t.Error("two hashes share a salt")
	}
	if ok, weak, err := h.Verify(t.Context(), right, phc); !ok || weak || err != nil {
		t.Error(ok, weak, err)
	}
	old, err := weakHash(right)
	if err != nil {
		t.Fatal(err)
	}
	if ok, weak, err := h.Verify(t.Context(), right, old); !ok || !weak || err != nil {
		t.Errorf("a weak hash: %v %v %v", ok, weak, err)
	}
}

func TestSecurity45Length(t *testing.T) {
	h := directory.NewHasher(1)
	for _, bad := range []string{"", "7 bytes", strings.Repeat("x", 1025), "bad utf8 \xff\xff", strings.Repeat("ﷺ", 100)} {
		if _, err := h.Hash(t.Context(), wire.Secret(bad)); !errors.Is(err, directory.ErrPassword) {
			t.Errorf("%.20q of %d bytes: %v", bad, len(bad), err)
		}
	}
	// Nothing is cut off: the last of 1024 bytes counts.
	long := strings.Repeat("x", 1023)
	phc, err := h.Hash(t.Context(), wire.Secret(long+"a"))
	if err != nil {
		t.Fatal(err)
	}
	if ok, _, _ := h.Verify(t.Context(), wire.Secret(long+"b"), phc); ok {
		t.Error("the last byte was ignored")
	}
	// One password typed on two keyboards.
	phc, err = h.Hash(t.Context(), "pa\u0308ssword")
	if err != nil {
		t.Fatal(err)
	}
	if ok, _, _ := h.Verify(t.Context(), "p\u00e4ssword", phc); !ok {
		t.Error("composed and decomposed letters differ")
	}
}

// Hashes may come from a seed file: what would panic, exhaust memory or match anything matches nothing.
func TestSecurity45HostileHashes(t *testing.T) {
	h := directory.NewHasher(1)
	const salt, key = "$AAAAAAAAAAAAAAAAAAAAAA", "$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
	for _, phc := range []string{
		"", "x", "$argon2id$v=19$m=19456,t=0,p=1" + salt + key, "$argon2id$v=19$m=19456,t=2,p=0" + salt + key,
		"$argon2id$v=19$m=4294967295,t=1,p=1" + salt + key, "$argon2id$v=19$m=8,t=4294967295,p=1" + salt + key,
		"$argon2id$v=19$m=8,t=1,p=1" + salt + "$", "$argon2id$v=19$m=8,t=1,p=1$" + key, "$argon2i$v=19$m=8,t=1,p=1" + salt + key,
		strings.Repeat("$", 1<<16),
	} {
		if ok, _, err := h.Verify(t.Context(), right, phc); ok || err != nil {
			t.Errorf("%.60q: %v, %v", phc, ok, err)
		}
	}
}

func TestSecurity47HashesAtOnceAreBounded(t *testing.T) {
	h := directory.NewHasher(1)
	ctx, cancel := context.WithCancel(t.Context())
	var running sync.WaitGroup
	var finished, gaveUp atomic.Int32
	for range 40 {
		running.Go(func() {
			if _, _, err := h.Verify(ctx, right, ""); err == nil {
				finished.Add(1)
			} else if errors.Is(err, context.Canceled) {
				gaveUp.Add(1)
			}
		})
	}
	for finished.Load() == 0 {
		time.Sleep(time.Millisecond)
	}
	cancel()
	running.Wait()
	// With one at a time, those who were waiting when the context ended never started.
	if finished.Load() > 20 || finished.Load()+gaveUp.Load() != 40 {
		t.Errorf("%d finished and %d gave up", finished.Load(), gaveUp.Load())
	}
}

func TestNewPassword(t *testing.T) {
	a, err := directory.NewPassword(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	if !regexp.MustCompile(`^[0-9a-hjkmnp-tv-z]{5}(-[0-9a-hjkmnp-tv-z]{5}){3}$`).MatchString(a.Reveal()) {
		t.Errorf("made %q", a.Reveal())
	}
	if b, _ := directory.NewPassword(rand.Reader); a == b {
		t.Error("made the same twice")
	}
}

func TestNameKey(t *testing.T) {
	for name, want := range map[string]string{
		"Ada": "ada", " ada\u00a0": "ada", "ＡＤＡ": "ada", "STRASSE": "strasse", "straße": "strasse", "ﬁ": "fi",
		"Zoe\u0308": "zoë", "ada lovelace": "ada lovelace", "ΣΊΣΥΦΟΣ": "σίσυφοσ",
	} {
		if got, err := directory.NameKey(name); got != want || err != nil {
			t.Errorf("NameKey(%q) = %q, %v, want %q", name, got, err, want)
		}
	}
	for _, bad := range []string{
		"", "  ", "a\nb", "a\x00", "\u202eada", "a\u200bda", "a\u2066da", "ada\ufeff", "a\u00adda", "a\u3164da", "a\ufe0fda", "\xff",
		strings.Repeat("x", 257), "a\u2028b", "\u115fada",
	} {
		if got, err := directory.NameKey(bad); !errors.Is(err, directory.ErrName) {
			t.Errorf("NameKey(%q) = %q, %v", bad, got, err)
		}
	}
}

func FuzzNameKey(f *testing.F) {
	for _, s := range []string{"Ada", "ﷺ", "İ", "ΐ", "ŉ", "ῼ", "\u0345α", "straße"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, name string) {
		key, err := directory.NameKey(name)
		if err != nil {
			return
		}
		if again, err := directory.NameKey(key); again != key || err != nil {
			t.Errorf("NameKey(%q) = %q, whose key is %q, %v", name, key, again, err)
		}
	})
}

func TestIDs(t *testing.T) {
	inst := directory.InstanceID("lab")
	for what, c := range map[string][2]string{
		"instance":       {inst, `^ssoins-[0-9a-f]{16}$`},
		"identity store": {directory.IdentityStoreID(inst), `^d-[0-9a-f]{10}$`},
		"permission set": {directory.PermissionSetID(inst, "Admin"), `^ps-[0-9a-f]{16}$`},
		"user":           {directory.UserID(inst, "ada"), `^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$`},
		"group":          {directory.GroupID(inst, "ada"), `^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$`},
	} {
		if !regexp.MustCompile(c[1]).MatchString(c[0]) {
			t.Errorf("%s id is %s", what, c[0])
		}
	}
	if directory.UserID(inst, "Ada") != directory.UserID(inst, "ada") || directory.UserID(inst, "ada") == directory.GroupID(inst, "ada") ||
		directory.UserID(inst, "ada") == directory.UserID("ssoins-2", "ada") {
		t.Error("ids do not follow names")
	}
	// Pinned: a center that is upgraded must find the people it knows.
	if got := directory.UserID("ssoins-1", "ada"); got != "5cf7f314-002a-8506-956b-6cec5d15c5c1" {
		t.Errorf("UserID is %s", got)
	}
}
