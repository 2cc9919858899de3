package rolecreds_test

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"testing"
	"time"

	"keyfob/internal/center/keyring"
	"keyfob/internal/center/rolecreds"
	"keyfob/internal/center/store"
	"keyfob/internal/clock"
	"keyfob/internal/wire"
)

func epoch() time.Time { return time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC) }

func minter(t testing.TB) *rolecreds.Minter {
	t.Helper()
	ring, err := keyring.New(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return &rolecreds.Minter{
		Ring: ring, Clock: clock.NewFake(epoch()), Random: rand.Reader,
		Instance: store.Instance{ID: "ssoins-0123456789abcdef", Region: "us-east-1"},
	}
}

func mint(t testing.TB, m *rolecreds.Minter, user, account, role string) wire.RoleCredentials {
	t.Helper()
	c, err := m.Mint(context.Background(), store.Grant{User: store.User{ID: "u-1", Name: user}}, account,
		store.PermissionSet{Name: role, SessionDuration: 2 * time.Hour})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestMintedShape(t *testing.T) {
	m := minter(t)
	c := mint(t, m, "ada", "000000000042", "Admin")
	for what, ok := range map[string]bool{
		"access key id":     regexp.MustCompile(`^ASIA[A-Z2-7]{16}$`).MatchString(c.AccessKeyID),
		"secret access key": regexp.MustCompile(`^[A-Za-z0-9+/]{40}$`).MatchString(c.SecretAccessKey.Reveal()),
		"expiration":        c.Expiration == epoch().Add(2*time.Hour).UnixMilli(),
		"token is opaque":   !strings.Contains(c.SessionToken.Reveal(), "ada"),
	} {
		if !ok {
			t.Errorf("%s is not as it should be: %+v", what, c)
		}
	}
	keys, err := m.Open(c.AccessKeyID, c.SessionToken)
	if err != nil {
		t.Fatal(err)
	}
	if keys.Secret != c.SecretAccessKey {
		t.Error("the opened secret is not the minted one")
	}
	if !keys.ExpiresAt.Equal(epoch().Add(2 * time.Hour)) {
		t.Errorf("ExpiresAt = %v", keys.ExpiresAt)
	}
	if want := regexp.MustCompile(`^arn:aws:sts::000000000042:assumed-role/AWSReservedSSO_Admin_[0-9a-f]{16}/ada$`); !want.MatchString(keys.ARN) {
		t.Errorf("ARN = %s", keys.ARN)
	}
	if want := regexp.MustCompile(`^AROA[A-Z2-7]{17}:ada$`); !want.MatchString(keys.UserID) {
		t.Errorf("UserID = %s", keys.UserID)
	}
}

func TestRoleIsTheSameForEverybodyAndEveryTime(t *testing.T) {
	m := minter(t)
	role := func(user, account, permissionSet string) string {
		c := mint(t, m, user, account, permissionSet)
		k, err := m.Open(c.AccessKeyID, c.SessionToken)
		if err != nil {
			t.Fatal(err)
		}
		return strings.TrimSuffix(k.ARN, "/"+user) + " " + strings.TrimSuffix(k.UserID, ":"+user)
	}
	if a, b := role("ada", "111111111111", "Admin"), role("grace", "111111111111", "Admin"); a != b {
		t.Errorf("the role differs between two people: %s, %s", a, b)
	}
	for _, other := range []string{role("ada", "222222222222", "Admin"), role("ada", "111111111111", "ReadOnly")} {
		if one := role("ada", "111111111111", "Admin"); strings.Split(one, " ")[1] == strings.Split(other, " ")[1] {
			t.Errorf("two roles share a unique id: %s, %s", one, other)
		}
	}
}

func TestSecurity68SessionTokenMatchesAccessKeyID(t *testing.T) {
	m := minter(t)
	ada, grace := mint(t, m, "ada", "111111111111", "Admin"), mint(t, m, "grace", "111111111111", "ReadOnly")
	for name, c := range map[string]struct {
		id    string
		token wire.Secret
	}{
		"another person's token": {grace.AccessKeyID, ada.SessionToken},
		"unknown key id":         {"ASIAAAAAAAAAAAAAAAAA", ada.SessionToken},
		"no key id":              {"", ada.SessionToken},
		"no token":               {ada.AccessKeyID, ""},
		"not base64":             {ada.AccessKeyID, "!!!"},
		"truncated":              {ada.AccessKeyID, ada.SessionToken[:len(ada.SessionToken)-8]},
		"line break inside":      {ada.AccessKeyID, ada.SessionToken[:8] + "\n" + ada.SessionToken[8:]},
		"huge":                   {ada.AccessKeyID, wire.Secret(strings.Repeat("A", 1<<20))},
	} {
		if _, err := m.Open(c.id, c.token); !errors.Is(err, rolecreds.ErrInvalid) {
			t.Errorf("%s: err = %v, want ErrInvalid", name, err)
		}
	}
	if _, err := m.Open(ada.AccessKeyID, ada.SessionToken); err != nil {
		t.Errorf("the right pair: %v", err)
	}
}

func TestSecurity69SealedWithKeyIDAndRotation(t *testing.T) {
	m := minter(t)
	c := mint(t, m, "ada", "111111111111", "Admin")
	t.Run("every flipped bit is noticed", func(t *testing.T) {
		raw, err := base64.StdEncoding.DecodeString(c.SessionToken.Reveal())
		if err != nil {
			t.Fatal(err)
		}
		for i := range raw {
			altered := append([]byte(nil), raw...)
			altered[i] ^= 1
			if _, err := m.Open(c.AccessKeyID, wire.Secret(base64.StdEncoding.EncodeToString(altered))); !errors.Is(err, rolecreds.ErrInvalid) {
				t.Fatalf("byte %d altered: err = %v", i, err)
			}
		}
	})
	t.Run("a new key still opens the old", func(t *testing.T) {
		ring, err := m.Ring.Rotated(time.Time{})
		if err != nil {
			t.Fatal(err)
		}
		rotated := *m
		rotated.Ring = ring
		if _, err := rotated.Open(c.AccessKeyID, c.SessionToken); err != nil {
			t.Errorf("old token after the rotation: %v", err)
		}
		fresh := mint(t, &rotated, "ada", "111111111111", "Admin")
		if _, err := m.Open(fresh.AccessKeyID, fresh.SessionToken); !errors.Is(err, rolecreds.ErrInvalid) {
			t.Errorf("the ring without the new key opened a token of the new key: %v", err)
		}
	})
	t.Run("another center's token", func(t *testing.T) {
		if _, err := minter(t).Open(c.AccessKeyID, c.SessionToken); !errors.Is(err, rolecreds.ErrInvalid) {
			t.Errorf("err = %v", err)
		}
	})
	t.Run("sealed for another purpose", func(t *testing.T) {
		other, err := m.Ring.Seal("something else", []byte(`{"k":"`+c.AccessKeyID+`","s":"x"}`))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := m.Open(c.AccessKeyID, wire.Secret(base64.StdEncoding.EncodeToString(other))); !errors.Is(err, rolecreds.ErrInvalid) {
			t.Errorf("err = %v", err)
		}
	})
}

func TestSessionNameCannotForgeAnARN(t *testing.T) {
	m := minter(t)
	for user, want := range map[string]string{
		"ada@example.com":       "ada@example.com",
		"Ünal":                  "Ünal",
		"x/../Admin":            "x_.._Admin",
		"x:assumed-role/A/b\n]": "x_assumed-role_A_b__",
	} {
		c := mint(t, m, user, "111111111111", "Admin")
		k, err := m.Open(c.AccessKeyID, c.SessionToken)
		if err != nil {
			t.Fatal(err)
		}
		if parts := strings.Split(k.ARN, "/"); len(parts) != 3 || parts[2] != want {
			t.Errorf("%q: ARN = %s, want the session name %s", user, k.ARN, want)
		}
	}
}

func TestPartition(t *testing.T) {
	for region, want := range map[string]string{
		"us-east-1": "aws", "eu-central-2": "aws", "cn-north-1": "aws-cn", "us-gov-west-1": "aws-us-gov",
		"us-iso-east-1": "aws-iso", "us-isob-east-1": "aws-iso-b", "eusc-de-east-1": "aws-eusc", "": "aws",
	} {
		if got := rolecreds.Partition(region); got != want {
			t.Errorf("Partition(%q) = %s, want %s", region, got, want)
		}
	}
}

func TestNothingPrintsASecret(t *testing.T) {
	m := minter(t)
	c := mint(t, m, "ada", "111111111111", "Admin")
	k, err := m.Open(c.AccessKeyID, c.SessionToken)
	if err != nil {
		t.Fatal(err)
	}
	for _, verb := range []string{"%v", "%+v", "%#v"} {
		if s := fmt.Sprintf(verb, k); strings.Contains(s, c.SecretAccessKey.Reveal()) {
			t.Errorf("%s prints the secret: %s", verb, s)
		}
	}
}

func FuzzOpen(f *testing.F) {
	m := minter(f)
	c := mint(f, m, "ada", "111111111111", "Admin")
	f.Add(c.AccessKeyID, c.SessionToken.Reveal())
	f.Add("ASIA", "AAAA")
	f.Add("", "")
	f.Fuzz(func(t *testing.T, id, token string) {
		_, err := m.Open(id, wire.Secret(token))
		if (err == nil) != (id == c.AccessKeyID && token == c.SessionToken.Reveal()) {
			t.Errorf("Open(%q, %q) = %v", id, token, err)
		}
	})
}

func TestSecurity75LongLivedSecretsAreSealed(t *testing.T) {
	m := minter(t)
	const secret = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"
	sealed, err := rolecreds.SealSecret(m.Ring, "AKIA1", secret)
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(string(sealed), secret) {
		t.Error("the secret is in it as it is")
	}
	empty, err := rolecreds.SealSecret(m.Ring, "AKIA6", "")
	if err != nil {
		t.Fatal(err)
	}
	u := store.ServiceUser{AccountID: "000000000042", Name: "ci", AccessKeys: []store.AccessKey{
		{ID: "AKIA1", Secret: sealed}, {ID: "AKIA2", Secret: sealed}, {ID: "AKIA3"}, {ID: "AKIA4", Secret: sealed[:len(sealed)-1]}, {ID: "AKIA6", Secret: empty},
	}}
	k, err := m.OpenKey(u, "AKIA1")
	if err != nil || k.Secret != secret || k.ARN != "arn:aws:iam::000000000042:user/ci" || !k.ExpiresAt.IsZero() || k.ServiceUser != "ci" {
		t.Errorf("%+v %v", k, err)
	}
	for _, id := range []string{"AKIA2", "AKIA3", "AKIA4", "AKIA5", "AKIA6", ""} { // another key's, none, cut, unknown, empty
		if _, err := m.OpenKey(u, id); !errors.Is(err, rolecreds.ErrInvalid) {
			t.Errorf("%q: %v", id, err)
		}
	}
	// What seals one thing opens no other.
	session, err := m.MintSession(u, false, time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := m.Open("AKIA1", wire.Secret(base64.StdEncoding.EncodeToString(sealed))); !errors.Is(err, rolecreds.ErrInvalid) {
		t.Errorf("a sealed secret as session token: %v", err)
	}
	raw, err := base64.StdEncoding.DecodeString(session.SessionToken.Reveal())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := rolecreds.OpenSecret(m.Ring, "AKIA1", raw); !errors.Is(err, rolecreds.ErrInvalid) {
		t.Errorf("a session token as sealed secret: %v", err)
	}
	another := minter(t)
	if _, err := another.OpenKey(u, "AKIA1"); !errors.Is(err, rolecreds.ErrInvalid) {
		t.Errorf("another center's keys: %v", err)
	}
}

func TestRoleIsNoPermissionSet(t *testing.T) {
	m := minter(t)
	r := store.Role{AccountID: "111111111111", Name: "Admin", Path: "/x/"}
	c, who, err := m.MintRole(r, "s-1", rolecreds.Principal{PersonID: "u-1", PermissionSet: "Admin", MFA: true}, time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	k, err := m.Open(c.AccessKeyID, c.SessionToken)
	if err != nil || k.Identity != who || k.Secret != c.SecretAccessKey {
		t.Errorf("%+v %v", k, err)
	}
	if want := (rolecreds.Principal{Role: "Admin", Session: "s-1", PersonID: "u-1"}); k.Principal != want || k.ARN != "arn:aws:sts::111111111111:assumed-role/Admin/s-1" {
		t.Errorf("%+v, want %+v", k, want)
	}
	p := mint(t, m, "ada", "111111111111", "Admin")
	set, err := m.Open(p.AccessKeyID, p.SessionToken)
	if err != nil || strings.Split(set.UserID, ":")[0] == strings.Split(k.UserID, ":")[0] {
		t.Errorf("a role and a permission set of one name share an id: %s, %v", set.UserID, err)
	}
}

// A key that has stopped to seal is taken away when the longest credentials have expired: there are no longer ones.
func TestMaxLifetime(t *testing.T) {
	m := minter(t)
	u := store.ServiceUser{AccountID: "111111111111", Name: "ci"}
	if _, err := m.MintSession(u, false, rolecreds.MaxLifetime); err != nil {
		t.Error(err)
	}
	if _, err := m.MintSession(u, false, rolecreds.MaxLifetime+time.Second); err == nil {
		t.Error("longer ones were made")
	}
}
