package directory_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"keyfob/internal/center/directory"
	"keyfob/internal/wire"
)

func TestSecurity47PlaceAndAccountBackOff(t *testing.T) {
	w := newWorld(t)
	for range 5 {
		if err := w.try("192.0.2.1", "ada", "wrong"); !errors.Is(err, directory.ErrBadCredentials) {
			t.Fatal(err)
		}
	}
	var last time.Duration
	for i := range 12 {
		var throttled *directory.ThrottledError
		before := w.hasher.verified
		if err := w.try("192.0.2.1", "ada", right); !errors.As(err, &throttled) {
			t.Fatalf("round %d: the right password while blocked gives %v", i, err)
		}
		if w.hasher.verified != before {
			t.Fatal("a blocked attempt was looked at")
		}
		wait := throttled.Until.Sub(w.clock.Now())
		if wait < last || wait <= 0 || wait > 15*time.Minute {
			t.Fatalf("round %d: blocked for %v after %v", i, wait, last)
		}
		last = wait
		w.clock.Advance(wait)
		if err := w.try("192.0.2.1", "ada", "wrong"); !errors.Is(err, directory.ErrBadCredentials) {
			t.Fatalf("round %d: after waiting: %v", i, err)
		}
	}
	if last != 15*time.Minute {
		t.Errorf("the block grew to %v only", last)
	}
	// Somebody elsewhere is not held up by it, and the person here gets in once the block is over.
	if err := w.try("198.51.100.7", "ada", right); err != nil {
		t.Errorf("from another place: %v", err)
	}
	w.clock.Advance(last)
	if err := w.try("192.0.2.1", "ada", right); err != nil {
		t.Errorf("after the longest block: %v", err)
	}
	// And a success wipes the slate.
	if err := w.try("192.0.2.1", "ada", "wrong"); !errors.Is(err, directory.ErrBadCredentials) {
		t.Error(err)
	}
	if err := w.try("192.0.2.1", "ada", right); err != nil {
		t.Error(err)
	}
}

// An unknown name is throttled like a known one, or the throttle would tell who exists.
func TestSecurity46ThrottleTellsNothing(t *testing.T) {
	w := newWorld(t)
	answers := map[string]string{}
	for _, login := range []string{"ada", "mallory", "bob", "eve"} {
		for range 7 {
			answers[login] += fmt.Sprintf("%v\n", w.try("192.0.2.1", login, "wrong"))
		}
	}
	if len(answers) != 4 || !strings.Contains(answers["ada"], "too many") {
		t.Fatalf("answers are %q", answers)
	}
	for login, a := range answers {
		if a != answers["ada"] {
			t.Errorf("%s is answered\n%sand ada\n%s", login, a, answers["ada"])
		}
	}
}

func TestSecurity47OnePlaceManyAccounts(t *testing.T) {
	w := newWorld(t)
	var throttled *directory.ThrottledError
	for i := range 30 {
		if err := w.try("192.0.2.1", fmt.Sprint("user", i), "wrong"); !errors.Is(err, directory.ErrBadCredentials) {
			t.Fatalf("attempt %d: %v", i, err)
		}
	}
	if err := w.try("192.0.2.1", "ada", right); !errors.As(err, &throttled) {
		t.Fatalf("spraying is answered %v", err)
	}
	if err := w.try("::ffff:192.0.2.1", "ada", right); !errors.As(err, &throttled) {
		t.Errorf("the same address in IPv6 clothes is answered %v", err)
	}
	if err := w.try("192.0.2.2", "ada", right); err != nil {
		t.Errorf("from next door: %v", err)
	}
	for i := range 5 {
		_ = w.try(fmt.Sprintf("2001:db8::%x", i+1), "ada", "wrong")
	}
	if err := w.try("2001:db8::ffff", "ada", right); !errors.As(err, &throttled) {
		t.Errorf("another address of the same /64 is answered %v", err)
	}
}

// A hundred people behind one address who all know their passwords are no attack.
func TestSecurity47SuccessesAreNotCounted(t *testing.T) {
	w := newWorld(t)
	for i := range 100 {
		if err := w.try("192.0.2.1", "ada", right); err != nil {
			t.Fatalf("sign-in %d: %v", i, err)
		}
	}
}

// A botnet can slow down guessing at an account for everybody, but the browser the person has used
// before has tries of its own, even beside the attacker's.
func TestSecurity47StrangersCannotLockAPersonOut(t *testing.T) {
	w := newWorld(t)
	home := from("192.0.2.1")
	known := w.mustSignIn(home, directory.Attempt{Login: "ada", Password: right}).Browser
	var throttled *directory.ThrottledError
	for i := range 150 {
		_ = w.try(fmt.Sprintf("198.51.100.%d", i), "ada", "wrong")
	}
	for range 40 {
		_ = w.try("192.0.2.1", "ada", "wrong") // the attacker sits in the same office
	}
	if err := w.try("203.0.113.9", "ada", right); !errors.As(err, &throttled) {
		t.Fatalf("a botnet's 151st address is answered %v", err)
	}
	if err := w.try("203.0.113.9", "bob", "wrong"); !errors.Is(err, directory.ErrBadCredentials) {
		t.Errorf("somebody else's account is answered %v", err)
	}
	in := w.mustSignIn(home, directory.Attempt{Login: "ada", Password: right, Browser: known})
	if in.Browser == "" || in.Browser == known {
		t.Error("the proof was not renewed")
	}
	// The proof is hers alone, is limited as well, and cannot be made up.
	for range 5 {
		_, _ = w.SignIn(home, directory.Attempt{Login: "bob", Password: right, Browser: known})
	}
	if _, err := w.SignIn(home, directory.Attempt{Login: "bob", Password: right, Browser: known}); !errors.As(err, &throttled) {
		t.Errorf("the sixth guess with somebody else's proof: %v", err)
	}
	first := wire.Secret("A")
	if known[:1] == "A" {
		first = "B"
	}
	for _, forged := range []wire.Secret{"AAAA", "!", known[:len(known)-2], first + known[1:]} {
		if _, err := w.SignIn(home, directory.Attempt{Login: "ada", Password: right, Browser: forged}); !errors.As(err, &throttled) {
			t.Errorf("with a forged proof: %v", err)
		}
	}
	for range 10 {
		_, _ = w.SignIn(home, directory.Attempt{Login: "ada", Password: "wrong", Browser: known})
	}
	// A renewed proof is of the same browser: it does not buy ten more tries.
	if _, err := w.SignIn(home, directory.Attempt{Login: "ada", Password: right, Browser: in.Browser}); !errors.As(err, &throttled) {
		t.Errorf("the eleventh guess with a stolen proof: %v", err)
	}
	w.clock.Advance(6 * time.Minute)
	w.mustSignIn(home, directory.Attempt{Login: "ada", Password: right, Browser: known})
}

// Guesses made at once are all counted before any of them is looked at.
func TestSecurity47ConcurrentGuessesAreCounted(t *testing.T) {
	w := newWorld(t)
	release := make(chan struct{})
	slow := &slowHasher{release: release, entered: make(chan struct{}, 64)}
	w.Hasher = slow
	results := make(chan error, 20)
	for range 20 {
		go func() { results <- w.try("192.0.2.1", "ada", "wrong") }()
	}
	throttled := 0
	for range 15 { // those refused come back while the others still hash
		select {
		case err := <-results:
			if !errors.As(err, new(*directory.ThrottledError)) {
				t.Errorf("refused with %v", err)
			}
			throttled++
		case <-time.After(20 * time.Second):
			t.Fatalf("only %d of 20 were refused", throttled)
		}
	}
	close(release)
	for range 5 {
		if err := <-results; !errors.Is(err, directory.ErrBadCredentials) {
			t.Error(err)
		}
	}
	if n := len(slow.entered); n != 5 {
		t.Errorf("%d of 20 guesses were looked at, want 5", n)
	}
}

type slowHasher struct {
	plainHasher
	release chan struct{}
	entered chan struct{}
}

func (h *slowHasher) Verify(context.Context, wire.Secret, string) (bool, bool, error) {
	h.entered <- struct{}{}
	<-h.release
	return false, false, nil
}
