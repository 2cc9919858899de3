package web

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
	"unicode"
	"unicode/utf8"
)

func TestVisible(t *testing.T) {
	for in, want := range map[string]string{
		"AWS CLI": "AWS CLI", "Zoë": "Zoë", "日本語": "日本語", "": "(no name)", "   ": "(no name)",
		"a\u202eb": "a⟨U+202E⟩b", "a\u200bb": "a⟨U+200B⟩b", "a\nb\x00": "a⟨U+000A⟩b⟨U+0000⟩", "a\u00a0b": "a⟨U+00A0⟩b",
		"a\xffb": "a⟨?⟩b", "\uFFFD": "\uFFFD", "a\u3164": "a⟨U+3164⟩", "a\ufe0f": "a⟨U+FE0F⟩",
		"z" + strings.Repeat("\u0300", 99): "z\u0300\u0300", strings.Repeat("x", 500): strings.Repeat("x", 120) + "…",
		"<b>": "<b>", // escaping is the template's
	} {
		if got := visible(in); got != want {
			t.Errorf("visible(%q) = %q, want %q", in, got, want)
		}
	}
}

func FuzzVisible(f *testing.F) {
	for _, s := range []string{"AWS CLI", "a\u202eb", "\xff", "z\u0300\u0300\u0300", "\u2066\u200b\ufeff"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		got := visible(s)
		if !utf8.ValidString(got) || strings.TrimSpace(got) == "" || utf8.RuneCountInString(got) > 16*maxShown {
			t.Errorf("visible(%q) = %q", s, got)
		}
		for _, r := range got {
			if unicode.IsControl(r) || unicode.In(r, unicode.Cf, unicode.Bidi_Control, unicode.Zl, unicode.Zp) {
				t.Errorf("visible(%q) leaves U+%04X", s, r)
			}
		}
	})
}

func TestWords(t *testing.T) {
	all, err := newLanguages()
	if err != nil {
		t.Fatal(err)
	}
	l := all.all[0]
	for d, want := range map[time.Duration]string{
		-time.Second: "1 second", time.Nanosecond: "1 second", 1100 * time.Millisecond: "2 seconds", 119 * time.Second: "119 seconds",
		120 * time.Second: "2 minutes", 121 * time.Second: "3 minutes",
	} {
		if got := waiting(l, d); got != want {
			t.Errorf("waiting(%v) = %q, want %q", d, got, want)
		}
	}
	now := time.Now()
	for d, want := range map[time.Duration]string{
		-time.Hour: "just now", 0: "just now", 42 * time.Second: "42 seconds ago", 61 * time.Second: "a minute ago", 9 * time.Minute: "9 minutes ago",
	} {
		if got := ago(l, now.Add(-d), now); got != want {
			t.Errorf("ago(%v) = %q, want %q", d, got, want)
		}
	}
	for in, want := range map[string]string{"Ada Lovelace": "AL", "ada": "A", "Ada King Lovelace": "AL", "": "?", "\u202e": "?", "élan": "É", "<b>": "?"} {
		if got := initials(in); got != want {
			t.Errorf("initials(%q) = %q, want %q", in, got, want)
		}
	}
	if got := permissions(l, []string{"sso:account:access", "sso-portal:*", "x\u202e"}); len(got) != 2 || strings.Contains(got[1], "\u202e") {
		t.Errorf("permissions are %q", got)
	}
	if got := permissions(l, nil); len(got) != 1 {
		t.Errorf("permissions of a client of the old kind are %q", got)
	}
}

// A source ends up in a header beside others: nothing that could end it early may get through.
func TestSecurity59FormTarget(t *testing.T) {
	for in, want := range map[string]string{
		"http://127.0.0.1:40545/oauth/callback": "http://127.0.0.1:40545", "http://127.0.0.1/": "http://127.0.0.1", "http://[::1]:8080/": "http:",
		"https://App.Example/cb": "https://app.example", "cursor://callback": "cursor:", "": "", "/start": "", "http://": "",
		"http://a;script-src/": "", "http://a'b/": "", "http://a b/": "", "http://*/": "", "http://ä/": "", "http://127.0.0.1:1\r\nX: y/": "",
	} {
		if got := formTarget(in); got != want {
			t.Errorf("formTarget(%q) = %q, want %q", in, got, want)
		}
	}
}

func FuzzFormTarget(f *testing.F) {
	for _, s := range []string{"http://127.0.0.1:40545/cb", "http://[::1]/", "a:b", "http://x;y", "https://u:p@h/"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if got := formTarget(s); strings.ContainsAny(got, " ;,'\"\t\r\n*@") {
			t.Errorf("formTarget(%q) = %q", s, got)
		}
	})
}

// Whatever a form holds, it is read in one way or refused.
func FuzzReadForm(f *testing.F) {
	for _, s := range []string{"", "a=b", "a=b&a=c", "%zz", "csrf=x&return=//evil&decision=allow", "a;b", "\x00"} {
		f.Add("application/x-www-form-urlencoded", s)
	}
	f.Add("multipart/form-data; boundary=x", "--x")
	f.Fuzz(func(t *testing.T, contentType, body string) {
		r := httptest.NewRequest(http.MethodPost, "/sign-in?username=query", strings.NewReader(body))
		r.Header.Set("Content-Type", contentType)
		if err := readForm(httptest.NewRecorder(), r); err != nil {
			if err != errForm { //nolint:errorlint // exactly it
				t.Errorf("refused with %v", err)
			}
			return
		}
		for k, v := range r.PostForm {
			if len(v) != 1 {
				t.Errorf("%q was read as %q", k, v)
			}
		}
		if r.PostForm.Get("username") == "query" && !strings.Contains(body, "query") {
			t.Error("the address was read as the form")
		}
	})
}
