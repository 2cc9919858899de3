package cache

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"

	"keyfob/internal/session"
)

func TestTokenFileForms(t *testing.T) {
	const at = `"2026-11-23T11:05:51Z"`
	good := session.Token{AccessToken: "a", ExpiresAt: utc("2026-11-23T11:05:51Z")}
	full := good
	full.ClientID, full.ClientSecret, full.RefreshToken = "c", "s", "r"
	for name, c := range map[string]struct {
		content string
		want    session.Token
		err     error
	}{
		"minimal":                   {`{"accessToken":"a","expiresAt":` + at + `}`, good, nil},
		"other white space":         {"\r\n\t{ \"accessToken\"\n:\"a\" ,\t\"expiresAt\": " + at + "\n}\n", good, nil},
		"escaped names":             {`{"\u0061ccessToken":"a","expiresAt":` + at + `}`, good, nil},
		"last of duplicates":        {`{"accessToken":"b","accessToken":"a","expiresAt":` + at + `}`, good, nil},
		"other members":             {`{"x":[1,{"y":null}],"accessToken":"a","expiresAt":` + at + `,"z":1e999}`, good, nil},
		"lone surrogate elsewhere":  {`{"x":"\ud800","accessToken":"a","expiresAt":` + at + `}`, good, nil},
		"optional ones wrong":       {`{"accessToken":"a","expiresAt":` + at + `,"region":1,"refreshToken":{},"clientId":[],"registrationExpiresAt":"soon"}`, good, nil},
		"optional ones null":        {`{"accessToken":"a","expiresAt":` + at + `,"refreshToken":null,"clientSecret":null}`, good, nil},
		"registration without time": {`{"accessToken":"a","expiresAt":` + at + `,"clientId":"c","clientSecret":"s","refreshToken":"r"}`, full, nil},

		"no token":         {`{"expiresAt":` + at + `}`, session.Token{}, session.ErrInvalidToken},
		"empty token":      {`{"accessToken":"","expiresAt":` + at + `}`, session.Token{}, session.ErrInvalidToken},
		"token a number":   {`{"accessToken":1,"expiresAt":` + at + `}`, session.Token{}, session.ErrInvalidToken},
		"no expiry":        {`{"accessToken":"a"}`, session.Token{}, session.ErrInvalidToken},
		"expiry null":      {`{"accessToken":"a","expiresAt":null}`, session.Token{}, session.ErrInvalidToken},
		"expiry no time":   {`{"accessToken":"a","expiresAt":"tomorrow"}`, session.Token{}, session.ErrInvalidToken},
		"empty object":     {`{}`, session.Token{}, session.ErrInvalidToken},
		"names other case": {`{"AccessToken":"a","expiresAt":` + at + `}`, session.Token{}, session.ErrInvalidToken},

		"empty file":       {``, session.Token{}, session.ErrNoToken},
		"blank":            {" \n", session.Token{}, session.ErrNoToken},
		"null":             {`null`, session.Token{}, session.ErrNoToken},
		"array":            {`[{"accessToken":"a","expiresAt":` + at + `}]`, session.Token{}, session.ErrNoToken},
		"string":           {`"x"`, session.Token{}, session.ErrNoToken},
		"truncated":        {`{"accessToken":"a","expiresAt":"2026-11-2`, session.Token{}, session.ErrNoToken},
		"no last brace":    {`{"accessToken":"a","expiresAt":` + at, session.Token{}, session.ErrNoToken},
		"comma at the end": {`{"accessToken":"a","expiresAt":` + at + `,}`, session.Token{}, session.ErrNoToken},
		"brace too many":   {`{"accessToken":"a","expiresAt":` + at + `}}`, session.Token{}, session.ErrNoToken},
		"bracket behind":   {`{"accessToken":"a","expiresAt":` + at + `}]`, session.Token{}, session.ErrNoToken},
		"second object":    {`{"accessToken":"a","expiresAt":` + at + `}{}`, session.Token{}, session.ErrNoToken},
		"junk behind":      {`{"accessToken":"a","expiresAt":` + at + "}\x00", session.Token{}, session.ErrNoToken},
		"BOM":              {"\ufeff" + `{"accessToken":"a","expiresAt":` + at + `}`, session.Token{}, session.ErrNoToken},
		"not UTF-8":        {`{"x":"` + "\xff" + `","accessToken":"a","expiresAt":` + at + `}`, session.Token{}, session.ErrNoToken},
		"binary":           {"SQLite format 3\x00\x10\x00", session.Token{}, session.ErrNoToken},
		"too deep":         {`{"x":` + strings.Repeat("[", 200_000), session.Token{}, session.ErrNoToken},
		"too large":        {`{"accessToken":"a","expiresAt":` + at + `}` + strings.Repeat(" ", maxFile), session.Token{}, session.ErrNoToken},
	} {
		t.Run(name, func(t *testing.T) {
			home := t.TempDir()
			put(t, ssoFile(home, fileName("s")), []byte(c.content))
			got, err := New(home).LoadToken("s")
			if !errors.Is(err, c.err) || got != c.want {
				t.Errorf("got %#v, %v; want %#v, %v", got, err, c.want, c.err)
			}
		})
	}
}

// A damaged file of the other two kinds is a miss as well, and does not stand in the way of a write.
func TestDamagedFilesHeal(t *testing.T) {
	for _, content := range []string{
		"", "{", "[]", "null", `{"clientId":"c"}`, `{"Credentials":[]}`,
		`{"clientId":1,"clientSecret":"s","expiresAt":"2026-11-23T11:05:51Z"}`, `{"clientId":"c","clientSecret":"s","expiresAt":7}`,
		`{"Credentials":{"AccessKeyId":"A","SecretAccessKey":"S","SessionToken":"T"}}`,
		`{"Credentials":{"AccessKeyId":"A","SecretAccessKey":"S","Expiration":"2026-11-23T11:05:51Z"}}`,
		`{"Credentials":"{}"}`, "\x00\xff",
	} {
		home := t.TempDir()
		f := New(home)
		put(t, ssoFile(home, fileName("s")), []byte(content))
		put(t, ssoFile(home, registrationName(aKey())), []byte(content))
		put(t, cliFile(home, roleName(aRole())), []byte(content))
		if r, ok := f.LoadRegistration(aKey()); ok {
			t.Errorf("%q is a registration: %v", content, r)
		}
		if c, ok := f.LoadRole(aRole()); ok {
			t.Errorf("%q is credentials: %v", content, c)
		}
		must(t, f.SaveToken("s", fullToken()))
		must(t, f.SaveRegistration(aKey(), codeRegistration()))
		must(t, f.SaveRole(aRole(), roleCredentials()))
		if got, err := f.LoadToken("s"); err != nil || got != fullToken() {
			t.Errorf("%q: token not healed: %v", content, err)
		}
		if got, ok := f.LoadRegistration(aKey()); !ok || !reflect.DeepEqual(got, codeRegistration()) {
			t.Errorf("%q: registration not healed", content)
		}
		if got, ok := f.LoadRole(aRole()); !ok || got != roleCredentials() {
			t.Errorf("%q: credentials not healed", content)
		}
	}
}

func TestUnknownMembersStay(t *testing.T) {
	home := t.TempDir()
	f := New(home)
	// Names and values that a decoder would not give back as they are.
	unknown := []string{
		`"é\u00e9\/"`, `1.0e+02`, `"big"`, `123456789012345678901234567890`, `"lone"`, `"\ud800 <\/b>"`,
		`"nested"`, "{ \"b\":1,\t\"a\" : [ ] }", `"\ud83d"`, `null`,
	}
	pairs := ""
	for i := 0; i < len(unknown); i += 2 {
		pairs += unknown[i] + ": " + unknown[i+1] + ", "
	}
	put(t, ssoFile(home, fileName("s")), []byte("{"+pairs+`"accessToken": "old"}`))
	put(t, ssoFile(home, registrationName(aKey())), []byte("{"+pairs+`"clientId": "old"}`))
	put(t, cliFile(home, roleName(aRole())), []byte("{"+pairs+`"Credentials": {`+pairs+`"AccessKeyId": "old"}}`))
	must(t, f.SaveToken("s", minimalToken()))
	must(t, f.SaveRegistration(aKey(), deviceRegistration()))
	must(t, f.SaveRole(aRole(), roleCredentials()))

	check(t, "token", contentOf(t, ssoFile(home, fileName("s"))), "{"+pairs+
		`"accessToken": "aoa-\u00e9-\ud83d\udd11-\"\\\u007f", "startUrl": "https://d-abc.awsapps.com/start", "region": "us-east-1", "expiresAt": "2026-11-23T11:05:51Z"}`)
	check(t, "registration", contentOf(t, ssoFile(home, registrationName(aKey()))), "{"+pairs+
		`"clientId": "id", "clientSecret": "secret", "expiresAt": "2027-02-21T10:05:51Z"}`)
	check(t, "role", contentOf(t, cliFile(home, roleName(aRole()))), "{"+pairs+`"Credentials": {`+pairs+
		`"AccessKeyId": "AKIAEXAMPLE", "SecretAccessKey": "s/e+c=", "SessionToken": "tok==", "Expiration": "2026-11-23T04:07:46Z", "AccountId": "111122223333"}, "ProviderType": "sso"}`)
}

// A file of very many members is read in a moment, not in the square of their number.
func TestManyMembers(t *testing.T) {
	var b strings.Builder
	for i := 0; b.Len() < maxFile-32; i++ {
		fmt.Fprintf(&b, `"%x":0,`, i)
	}
	done := make(chan error, 1)
	go func() {
		_, err := parse([]byte("{" + b.String() + `"":0}`))
		done <- err
	}()
	select {
	case err := <-done:
		must(t, err)
	case <-time.After(5 * time.Second):
		t.Fatal("still at it after 5 s")
	}
}

func TestParseTime(t *testing.T) {
	want := utc("2026-11-23T11:05:51Z")
	for _, s := range []string{
		"2026-11-23T11:05:51Z", "2026-11-23T11:05:51UTC", "2026-11-23T11:05:51+00:00", "2026-11-23T11:05:51.000Z",
		"2026-11-23T11:05:51", "2026-11-23 11:05:51", "2026-11-23 11:05:51 UTC", "2026-11-23 11:05:51+00:00",
		"2026-11-23T13:05:51+02:00", "2026-11-23T13:05:51+0200", "2026-11-23 06:05:51-0500", "1795431951",
	} {
		if got, err := parseTime(s); err != nil || !got.Equal(want) || got.Location() != time.UTC {
			t.Errorf("%q is %v, %v", s, got, err)
		}
	}
	for _, s := range []string{"", "tomorrow", "2026-13-01T00:00:00Z", "2026-11-23", "2026-11-23T25:00:00Z", "1", "-1795431951", "99999999999999", "2026-11-23T11:05:51Z junk"} {
		if got, err := parseTime(s); err == nil {
			t.Errorf("%q is %v", s, got)
		}
	}
}

func FuzzParse(f *testing.F) {
	for _, s := range []string{
		`{}`, `{"a":1}`, `{"a" : [ {} ] , "b":"\ud800"}`, `{"a":1,"a":2}`, `{"\u0061":1,"a":2}`, `{"a":{}}}`, `[]`, `null`, `{"":""}`,
		"\ufeff{}", "{\"\xff\":1}", `{"accessToken":"a","expiresAt":"2026-11-23T11:05:51Z"}`, `{"x":1e999}`,
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		d, err := parse(data)
		if err != nil {
			return
		}
		// encoding/json is the judge of what is one object, and of what it holds.
		var want map[string]json.RawMessage
		if err := json.Unmarshal(data, &want); err != nil {
			t.Fatalf("%q is no object: %v", data, err)
		}
		if len(want) != len(d.members) {
			t.Fatalf("%q: %d members, want %d", data, len(d.members), len(want))
		}
		for _, m := range d.members {
			if !bytes.Equal(want[m.name], m.value) {
				t.Fatalf("%q: %q is %s, want %s", data, m.name, m.value, want[m.name])
			}
		}
		again, err := parse(d.bytes())
		if err != nil || !reflect.DeepEqual(again, d) {
			t.Fatalf("%q is printed as %q, which reads %+v, %v", data, d.bytes(), again, err)
		}
		d.setText("accessToken", "new")
		if again, err = parse(d.bytes()); err != nil || again.text("accessToken") != "new" {
			t.Fatalf("%q: not set: %v", d.bytes(), err)
		}
		_, _, _ = d.object("Credentials"), d.texts("scopes"), d.text("expiresAt")
	})
}

func FuzzParseTime(f *testing.F) {
	for _, s := range []string{"2026-11-23T11:05:51Z", "2026-11-23T11:05:51UTC", "2026-11-23 13:05:51.5+0200", "1795431951", "9999-12-31T23:59:59-23:59", "0000-01-01T00:00:00Z", ""} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		at, err := parseTime(s)
		if err != nil {
			return
		}
		if y := at.Year(); y < 0 || y > 9999 {
			return // an offset has carried it out of what can be written
		}
		again, err := parseTime(formatTime(at))
		if err != nil || !again.Equal(at.Truncate(time.Second)) {
			t.Fatalf("%q is %v, which is written %s and reads %v, %v", s, at, formatTime(at), again, err)
		}
	})
}

func FuzzQuote(f *testing.F) {
	for _, s := range []string{"", "a", "\x00\x1f \x7f\u0080", `"\/`, "é🔑\u2028\ufffd", "\xff\xc3", "</script>"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		b := quote(s)
		for _, c := range b {
			if c < ' ' || c > '~' {
				t.Fatalf("%q is written with a %#x", s, c)
			}
		}
		var got string
		if err := json.Unmarshal(b, &got); err != nil || got != string([]rune(s)) {
			t.Fatalf("%q is written %s, which reads %q, %v", s, b, got, err)
		}
	})
}
