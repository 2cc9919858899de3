package cache

import (
	"os"
	"testing"
	"time"
)

// What a sign-out finds: every token, whoever wrote it and under whatever name; nothing else.
func TestTokens(t *testing.T) {
	home := t.TempDir()
	f := New(home)
	if found, err := f.Tokens(); err != nil || len(found) != 0 {
		t.Fatalf("without a folder: %v, %v", found, err)
	}
	must(t, f.SaveToken("my-sso", fullToken()))
	put(t, ssoFile(home, "zz-of-another-tool"), []byte(`{"accessToken": "x", "expiresAt": "soon"}`))
	must(t, f.SaveRegistration(aKey(), codeRegistration()))
	for name, content := range map[string]string{"a.json": "{", "b.json": `["accessToken"]`, "c.json": `"x"`, "d.json": `{"accessToken": 1}`, "session.db": `{"accessToken": "x"}`} {
		put(t, ssoFile(home, name), []byte(content))
	}
	must(t, os.Mkdir(ssoFile(home, "folder.json"), 0o700))

	want := []CachedToken{
		{
			Name: fileName("my-sso"), AccessToken: fullToken().AccessToken, Region: "us-east-1",
			StartURL: "https://d-abc.awsapps.com/start", ExpiresAt: utc("2026-11-23T11:05:51Z"),
		},
		{Name: "zz-of-another-tool", AccessToken: "x", ExpiresAt: time.Time{}},
	}
	found, err := f.Tokens()
	must(t, err)
	check(t, "tokens", found, want)
	if tok, ok := f.Token("my-sso"); !ok || tok != want[0] {
		t.Errorf("one token: %+v, %v", tok, ok)
	}
	if tok, ok := f.Token("other"); ok {
		t.Errorf("a token that is not there: %+v", tok)
	}
	for _, tok := range found {
		for range 2 { // gone is gone
			if last, err := f.RemoveToken(tok); err != nil || last != tok {
				t.Errorf("%+v, %v", last, err)
			}
		}
	}
	if found, err = f.Tokens(); err != nil || len(found) != 0 {
		t.Errorf("after removal: %v, %v", found, err)
	}
	if _, ok := f.LoadRegistration(aKey()); !ok {
		t.Error("the registration is gone")
	}
}

func TestRemoveAllRoles(t *testing.T) {
	home := t.TempDir()
	f := New(home)
	must(t, f.RemoveAllRoles()) // no folder
	must(t, f.SaveRole(aRole(), roleCredentials()))
	other := aRole()
	other.RoleName = "Other"
	must(t, f.SaveRole(other, roleCredentials()))
	kept := map[string]string{
		"assumed.json": `{"Credentials": {"AccessKeyId": "x"}, "ProviderType": "assume-role"}`,
		"older.json":   `{"Credentials": {"AccessKeyId": "x"}}`, "damaged.json": "{", "list.json": `["sso"]`, "session.db": "SQLite format 3\x00",
	}
	for name, content := range kept {
		put(t, cliFile(home, name), []byte(content))
	}
	must(t, f.RemoveAllRoles())
	entries, err := os.ReadDir(cliFile(home, ""))
	must(t, err)
	if len(entries) != len(kept) {
		t.Errorf("left: %v", entries)
	}
	for name, content := range kept {
		check(t, name, contentOf(t, cliFile(home, name)), content)
	}
}

// A sign-out is not undone by a refresh that is just under way.
func TestRemoveTokenWaitsForRefresh(t *testing.T) {
	f := New(t.TempDir())
	must(t, f.SaveToken("s", fullToken()))
	tok, _ := f.Token("s")
	unlock, err := f.LockToken(t.Context(), "s")
	must(t, err)
	removed := make(chan error, 1)
	go func() {
		last, err := f.RemoveToken(tok)
		if last.AccessToken != "the successor" {
			t.Errorf("what was removed is said to be %+v", last) // and the service would be told about the old token
		}
		removed <- err
	}()
	select {
	case err := <-removed:
		t.Fatalf("removed while another process refreshes: %v", err)
	case <-time.After(50 * time.Millisecond):
	}
	successor := minimalToken()
	successor.AccessToken = "the successor"
	must(t, f.SaveToken("s", successor))
	unlock()
	must(t, <-removed)
	if tok, ok := f.Token("s"); ok {
		t.Errorf("the token is back: %v", tok)
	}
}
