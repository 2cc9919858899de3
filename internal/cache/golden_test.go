package cache

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"reflect"
	"testing"
	"time"

	"keyfob/internal/credentials"
	"keyfob/internal/session"
	"keyfob/internal/signin"
)

// The files in testdata are what Python's json.dumps makes of these values, which is how the AWS CLI
// writes them.

func utc(s string) time.Time {
	t, err := time.Parse(time.RFC3339, s)
	if err != nil {
		panic(err)
	}
	return t
}

func fullToken() session.Token {
	return session.Token{
		StartURL: "https://d-abc.awsapps.com/start", Region: "us-east-1",
		AccessToken: "aoa-é-🔑-\"\\\x7f", ExpiresAt: utc("2026-11-23T11:05:51Z"),
		ClientID: "client-id", ClientSecret: "client/secret<&>", RegistrationExpiresAt: utc("2027-02-21T10:05:51Z"),
		RefreshToken: "refresh",
	}
}

func minimalToken() session.Token {
	f := fullToken()
	return session.Token{StartURL: f.StartURL, Region: f.Region, AccessToken: f.AccessToken, ExpiresAt: f.ExpiresAt}
}

func codeRegistration() signin.Registration {
	return signin.Registration{
		ClientID: "id", ClientSecret: "secret", ExpiresAt: utc("2027-02-21T10:05:51Z"),
		Scopes: []string{"sso:account:access"}, GrantTypes: []string{"authorization_code", "refresh_token"},
	}
}

func deviceRegistration() signin.Registration {
	r := codeRegistration()
	r.Scopes, r.GrantTypes = nil, nil
	return r
}

func aRole() credentials.Role {
	return credentials.Role{AccountID: "111122223333", RoleName: "ReadOnly", Target: session.Target{Session: "my-sso"}}
}

func roleCredentials() credentials.Credentials {
	return credentials.Credentials{
		AccessKeyID: "AKIAEXAMPLE", SecretAccessKey: "s/e+c=", SessionToken: "tok==",
		ExpiresAt: utc("2026-11-23T04:07:46Z"), AccountID: "111122223333",
	}
}

func aKey() signin.RegistrationKey {
	return signin.RegistrationKey{Region: "us-east-1", Session: "my-sso", StartURL: "https://d-abc.awsapps.com/start"}
}

func golden(t *testing.T, name string) []byte {
	t.Helper()
	b, err := os.ReadFile(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// ssoFile and cliFile are where a test looks for the files itself.
func ssoFile(home, name string) string { return filepath.Join(home, ".aws", "sso", "cache", name) }
func cliFile(home, name string) string { return filepath.Join(home, ".aws", "cli", "cache", name) }

func put(t *testing.T, file string, content []byte) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, content, 0o600); err != nil {
		t.Fatal(err)
	}
}

func contentOf(t *testing.T, file string) string {
	t.Helper()
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func check[T any](t *testing.T, what string, got, want T) {
	t.Helper()
	if !reflect.DeepEqual(got, want) {
		t.Errorf("%s:\n got %#v\nwant %#v", what, got, want)
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func TestGoldenTokens(t *testing.T) {
	for name, tok := range map[string]session.Token{"token.json": fullToken(), "token_minimal.json": minimalToken()} {
		home := t.TempDir()
		f := New(home)
		must(t, f.SaveToken("my-sso", tok))
		file := ssoFile(home, "0ad374308c5a4e22f723adf10145eafad7c4031c.json")
		check(t, name, contentOf(t, file), string(golden(t, name)))
		got, err := f.LoadToken("my-sso")
		must(t, err)
		if got != tok {
			t.Errorf("%s reads back as %#v", name, got)
		}
	}
}

// A rewrite leaves no order of the members that the AWS CLI would not have written, and none of the
// former token's that the new one does not have.
func TestTokenRewrite(t *testing.T) {
	home := t.TempDir()
	f := New(home)
	file := ssoFile(home, fileName("my-sso"))
	must(t, f.SaveToken("my-sso", minimalToken()))
	must(t, f.SaveToken("my-sso", fullToken()))
	check(t, "minimal, full", contentOf(t, file), string(golden(t, "token.json")))
	must(t, f.SaveToken("my-sso", fullToken()))
	check(t, "full, full", contentOf(t, file), string(golden(t, "token.json")))
	must(t, f.SaveToken("my-sso", minimalToken()))
	check(t, "full, minimal", contentOf(t, file), string(golden(t, "token_minimal.json")))
}

func TestGoldenRegistrations(t *testing.T) {
	home := t.TempDir()
	f := New(home)
	file := ssoFile(home, "b5efb8b431b059f82d186949daefc4151d54e3de.json")
	key := signin.RegistrationKey{Region: "us-east-1", Session: `équipe "é"`, StartURL: "https://d-abc.awsapps.com/start"}
	// Both flows share the file; nothing of the one may be left when the other has registered.
	for _, c := range []struct {
		golden string
		reg    signin.Registration
	}{
		{"registration_device.json", deviceRegistration()},
		{"registration_code.json", codeRegistration()},
		{"registration_device.json", deviceRegistration()},
	} {
		must(t, f.SaveRegistration(key, c.reg))
		check(t, c.golden, contentOf(t, file), string(golden(t, c.golden)))
		got, ok := f.LoadRegistration(key)
		if !ok {
			t.Fatal("not found again")
		}
		check(t, "read back", got, c.reg)
	}
	must(t, f.DropRegistration(key))
	if _, ok := f.LoadRegistration(key); ok {
		t.Error("still there after the drop")
	}
	must(t, f.DropRegistration(key)) // gone is gone
}

func TestGoldenRole(t *testing.T) {
	home := t.TempDir()
	f := New(home)
	file := cliFile(home, "0521d1f6a6c4e68f9e18540309367cc3cccb6305.json")
	for range 2 { // a rewrite changes nothing
		must(t, f.SaveRole(aRole(), roleCredentials()))
		check(t, "role.json", contentOf(t, file), string(golden(t, "role.json")))
	}
	got, ok := f.LoadRole(aRole())
	if !ok {
		t.Fatal("not found again")
	}
	check(t, "read back", got, roleCredentials())
	must(t, f.DropRole(aRole()))
	if _, ok := f.LoadRole(aRole()); ok {
		t.Error("still there after the drop")
	}
}

// What older AWS CLIs wrote: "…UTC", and no account.
func TestOldRoleFile(t *testing.T) {
	home := t.TempDir()
	put(t, cliFile(home, roleName(aRole())), []byte(`{"ProviderType": "sso", "Credentials": {"AccessKeyId": "AKIAEXAMPLE", `+
		`"SecretAccessKey": "s/e+c=", "SessionToken": "tok==", "Expiration": "2026-11-23T04:07:46UTC"}}`))
	got, ok := New(home).LoadRole(aRole())
	if !ok {
		t.Fatal("a miss")
	}
	check(t, "credentials", got, roleCredentials())
}

func TestQuoteIsPythons(t *testing.T) {
	want := golden(t, "strings.json")
	var vs []string
	must(t, json.Unmarshal(want, &vs))
	if len(vs) < 3 {
		t.Fatalf("only %d strings to compare", len(vs))
	}
	if got := quoteList(vs); !bytes.Equal(got, want) {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}
