package flow_test

import (
	"crypto/rand"
	"encoding/base64"
	"errors"
	"reflect"
	"strings"
	"testing"
	"time"

	"keyfob/internal/center/directory"
	"keyfob/internal/center/flow"
	"keyfob/internal/center/grant"
	"keyfob/internal/center/keyring"
	"keyfob/internal/center/store"
	"keyfob/internal/clock"
)

func newFlow(t testing.TB) (flow.Flow, *clock.Fake) {
	t.Helper()
	keys, err := keyring.New(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	c := clock.NewFake(time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC))
	return flow.Flow{Keys: keys, Clock: c}, c
}

func TestNext(t *testing.T) {
	ada := &directory.Person{Session: store.Session{ID: "s1"}}
	a := &grant.Authorization{ClientID: "c1"}
	for _, c := range []struct {
		person *directory.Person
		want   flow.Want
		page   flow.Page
	}{
		{ada, flow.Want{Kind: flow.WantPortal}, flow.PagePortal},
		{ada, flow.Want{Kind: flow.WantAuthorize, Authorize: a}, flow.PageConsent},
		{ada, flow.Want{Kind: flow.WantAuthorize}, flow.PagePortal},
		{ada, flow.Want{Kind: flow.WantDevice}, flow.PageDeviceCode},
		{ada, flow.Want{Kind: flow.WantDevice, UserCode: "x"}, flow.PageDeviceCode},
		{ada, flow.Want{Kind: flow.WantDeviceChecked, UserCode: "x", Session: "s1"}, flow.PageDeviceConfirm},
		{ada, flow.Want{Kind: flow.WantDeviceChecked, UserCode: "x", Session: "s2"}, flow.PageDeviceCode},
		{ada, flow.Want{Kind: flow.WantDeviceChecked, UserCode: "x"}, flow.PageDeviceCode},
		{ada, flow.Want{Kind: flow.WantDeviceDecided}, flow.PageDeviceResult},
		{ada, flow.Want{Kind: flow.WantSignedOut}, flow.PagePortal},
		{ada, flow.Want{Kind: "what?"}, flow.PagePortal},
		{ada, flow.Want{}, flow.PagePortal},
		{nil, flow.Want{Kind: flow.WantSignedOut}, flow.PageSignedOut},
	} {
		if got := flow.Next(flow.Visitor{Person: c.person}, c.want); got != c.page {
			t.Errorf("signed in %v, %+v: %s, want %s", c.person != nil, c.want, got, c.page)
		}
		if got := flow.Next(flow.Visitor{}, c.want); c.want.Kind != flow.WantSignedOut && got != flow.PageSignIn {
			t.Errorf("nobody signed in, %+v: %s", c.want, got)
		}
	}
}

// Whatever is wanted, a password alone leads to nothing but the second factor, and nothing that one
// signs in with is changed long after signing in.
func TestSecurity54SecondFactorCannotBeSkipped(t *testing.T) {
	ada := &directory.Person{Session: store.Session{ID: "s1"}}
	kinds := []flow.Kind{
		flow.WantPortal, flow.WantAuthorize, flow.WantDevice, flow.WantDeviceChecked, flow.WantDeviceDecided, flow.WantKeys, flow.WantSessions,
		flow.WantSecurity, flow.WantChange, "what?",
	}
	for _, k := range kinds {
		w := flow.Want{Kind: k, Authorize: &grant.Authorization{ClientID: "c1"}, Session: "s1", Page: flow.PagePassword}
		for half, want := range map[*directory.Half]flow.Page{{}: flow.PageSecondFactor, {Enrol: true}: flow.PageEnrol, {Renews: "s1"}: flow.PageSignIn} {
			if got := flow.Next(flow.Visitor{Half: half}, w); got != want {
				t.Errorf("%s with half a sign-in %+v: %s, want %s", k, half, got, want)
			}
		}
	}
	change := flow.Want{Kind: flow.WantChange, Page: flow.PagePassword}
	for _, c := range []struct {
		v    flow.Visitor
		w    flow.Want
		page flow.Page
	}{
		{flow.Visitor{Person: ada}, change, flow.PageConfirm},
		{flow.Visitor{Person: ada, Half: &directory.Half{Renews: "s2"}}, change, flow.PageConfirm},
		{flow.Visitor{Person: ada, Half: &directory.Half{}}, change, flow.PageConfirm},
		{flow.Visitor{Person: ada, Half: &directory.Half{Renews: "s1"}}, change, flow.PageSecondFactor},
		{flow.Visitor{Person: ada, Half: &directory.Half{Renews: "s1", Enrol: true}}, change, flow.PageEnrol},
		{flow.Visitor{Person: ada, Recent: true}, change, flow.PagePassword},
		{flow.Visitor{Person: ada, Recent: true}, flow.Want{Kind: flow.WantChange, Page: flow.PagePortal}, flow.PageSecurity},
		{flow.Visitor{Person: ada}, flow.Want{Kind: flow.WantSecurity}, flow.PageSecurity},
		{flow.Visitor{Person: ada}, flow.Want{Kind: flow.WantKeys}, flow.PageKeys},
		{flow.Visitor{Person: ada}, flow.Want{Kind: flow.WantSessions}, flow.PageSessions},
	} {
		if got := flow.Next(c.v, c.w); got != c.page {
			t.Errorf("%+v, %+v: %s, want %s", c.v, c.w, got, c.page)
		}
	}
}

func TestSecurity60ReturnValuesAreSealed(t *testing.T) {
	f, c := newFlow(t)
	want := flow.Want{Kind: flow.WantAuthorize, Authorize: &grant.Authorization{ClientID: "c", State: "é&\"<>", Scopes: []string{"a", "b"}}}
	s, err := f.Seal(want)
	if err != nil {
		t.Fatal(err)
	}
	if strings.Trim(s, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_") != "" {
		t.Errorf("value %q needs escaping", s)
	}
	if got, err := f.Open(s); err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("opened %+v, %v", got, err)
	}
	if got, err := f.Open(""); err != nil || got.Kind != flow.WantPortal {
		t.Errorf("nothing is %+v, %v", got, err)
	}
	refused := func(what, s string) {
		t.Helper()
		if got, err := f.Open(s); !errors.Is(err, flow.ErrReturn) || !reflect.DeepEqual(got, flow.Want{}) {
			t.Errorf("%s: %+v, %v", what, got, err)
		}
	}
	raw, err := base64.RawURLEncoding.DecodeString(s)
	if err != nil {
		t.Fatal(err)
	}
	for i := range raw {
		altered := append([]byte(nil), raw...)
		altered[i] ^= 1
		refused("altered", base64.RawURLEncoding.EncodeToString(altered))
	}
	for _, u := range []string{
		"/start", "//evil.example", "/\\evil.example", "%2f%2fevil.example", "https://evil.example", "javascript:alert(1)", "\x00",
		s[:len(s)-1], s + "A", s + "=", strings.Repeat("A", 1<<20),
	} {
		refused(u[:min(len(u), 30)], u)
	}
	other, _ := newFlow(t)
	if theirs, err := other.Seal(want); err != nil {
		t.Fatal(err)
	} else {
		refused("another center's", theirs)
	}
	// What the ring sealed for another purpose is no want.
	b, err := f.Keys.Seal("not flow", []byte(`{"k":"portal","t":1767323045}`))
	if err != nil {
		t.Fatal(err)
	}
	refused("another purpose's", base64.RawURLEncoding.EncodeToString(b))

	c.Advance(flow.Lifetime - time.Second)
	if _, err := f.Open(s); err != nil {
		t.Errorf("just before its end: %v", err)
	}
	c.Advance(time.Second)
	refused("expired", s)
	c.Advance(-2 * flow.Lifetime)
	refused("from the future", s)
}

func FuzzOpen(f *testing.F) {
	fl, _ := newFlow(f)
	s, err := fl.Seal(flow.Want{Kind: flow.WantDevice, UserCode: "BCDF-GHJK"})
	if err != nil {
		f.Fatal(err)
	}
	for _, seed := range []string{"", s, s[:10], "AAAA", "//evil", "%2f%2fevil", "\r\n"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, v string) {
		want, err := fl.Open(v)
		if err != nil && !reflect.DeepEqual(want, flow.Want{}) {
			t.Errorf("%q gives %+v and %v", v, want, err)
		}
		// Only what Seal made is anything but the portal. (Line breaks are no part of base64.)
		if err == nil && want.Kind != flow.WantPortal && strings.NewReplacer("\r", "", "\n", "").Replace(v) != s {
			t.Errorf("%q was taken for %+v", v, want)
		}
	})
}
