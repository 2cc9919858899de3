package awsconfig

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"keyfob/internal/commandline"
)

// oddFiles is the corpus of files people have: the dialect's cases and those in testdata/odd.
func oddFiles(t testing.TB) []string {
	t.Helper()
	var texts []string
	for _, c := range dialectCases(t) {
		texts = append(texts, c.Text)
	}
	paths, err := filepath.Glob("testdata/odd/*")
	if err != nil || len(paths) < 5 {
		t.Fatalf("only %d odd files, error %v", len(paths), err)
	}
	for _, path := range paths {
		data, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		texts = append(texts, string(data))
	}
	return texts
}

// FuzzLines: parsing never panics, the lines cover the text without gap or overlap, and every position
// in a line is inside it.
func FuzzLines(f *testing.F) {
	for _, text := range oddFiles(f) {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		d := parse(text)
		at := 0
		for _, l := range d.lines {
			if l.start != at || l.end <= l.start {
				t.Fatalf("line %+v does not begin at %d", l, at)
			}
			if l.from < l.start || l.to < l.from || l.end < l.to {
				t.Fatalf("positions of line %+v", l)
			}
			if l.kind == optionLine && (l.valueFrom < l.from || l.valueTo < l.valueFrom || l.to < l.valueTo) {
				t.Fatalf("value of line %+v", l)
			}
			at = l.end
		}
		if at != len(text) {
			t.Fatalf("lines end at %d of %d", at, len(text))
		}
		if got := Edit([]byte(text)).Bytes(); string(got) != text {
			t.Fatalf("%q became %q", text, got)
		}
		c := loadBoth(t, text, text)
		for _, name := range slices.Concat(c.Profiles(), []string{"default"}) {
			_, _ = c.LoginTarget(name, "")
			_, _ = c.CredentialSource(name)
			_, _, _ = c.Endpoint(ServiceSSO, name)
		}
		for _, name := range c.Sessions() {
			_, _ = c.LoginTarget("default", name)
			_, _, _ = c.SessionEndpoint(ServiceSSOOIDC, name, "default")
		}
	})
}

// flat is every value of a file by section, key and nested key.
func flat(text string) map[[3]string]string {
	r := reader{doc: parse(text)}
	all := map[[3]string]string{}
	found := r.read()
	for _, name := range found.order {
		all[[3]string{name}] = "section"
		for _, e := range found.named[name].entries {
			if !e.isNested() {
				all[[3]string{name, e.key}] = e.value
				continue
			}
			all[[3]string{name, e.key}] = "block"
			for _, n := range e.nested {
				all[[3]string{name, e.key, "." + n.key}] = n.value
			}
		}
	}
	return all
}

// FuzzSet: what Set and SetNested write is read back, in the section that readers take for the one
// meant, and nothing else in the file reads differently.
func FuzzSet(f *testing.F) {
	for i, text := range oddFiles(f) {
		f.Add(text, uint8(i), []string{"default", "a", "c d", "x]y", "it's"}[i%5], []string{"region", "s3", "a", "new"}[i%4], []string{"", "x", "endpoint_url"}[i%3], "v ; w")
	}
	f.Fuzz(func(t *testing.T, before string, kind uint8, name, key, inner, value string) {
		section := Header{[]Kind{ProfileSection, SessionSection, ServicesSection, BareSection}[kind%4], name}
		e := Edit([]byte(before))
		var err error
		if inner == "" {
			err = e.Set(section, key, value)
		} else {
			err = e.SetNested(section, key, inner, value)
		}
		after := string(e.Bytes())
		if err != nil {
			if after != before {
				t.Fatalf("failed with %v and changed %q to %q", err, before, after)
			}
			return
		}

		config, credentials := load(t, after), loadBoth(t, "", after)
		var s Section
		var ok bool
		switch section.Kind {
		case ProfileSection:
			s, ok = config.Profile(name)
		case SessionSection:
			s, ok = config.Session(name)
		case ServicesSection:
			s, ok = config.services.named[name]
		case BareSection:
			s, ok = credentials.Profile(name)
		}
		if !ok {
			t.Fatalf("%q has no section %+v", after, section)
		}
		value = trim(value)
		var got string
		if inner == "" {
			got, ok = s.Get(key)
		} else {
			got, ok = s.GetNested(key, inner)
		}
		if got != value || !ok {
			t.Fatalf("%q reads %q for %q, want %q", after, got, key, value)
		}

		// Everything else is as it was, except that a new section gets the file's fallbacks.
		lower := strings.ToLower(key)
		was, is := flat(before), flat(after)
		for at, value := range was {
			touched := section.matches(at[0]) && at[1] == lower && (inner == "" || at[2] == "" || at[2] == "."+inner)
			if !touched && is[at] != value {
				t.Fatalf("%v was %q and is %q:\n%q\n%q", at, value, is[at], before, after)
			}
		}
		fallbacks := fallbackKeys(before)
		for at, value := range is {
			touched := section.matches(at[0]) && (at[1] == lower || at[1] == "")
			_, existed := was[at]
			if !touched && !existed && !(section.matches(at[0]) && fallbacks[at[1]]) {
				t.Fatalf("%v = %q is new:\n%q\n%q", at, value, before, after)
			}
		}
		if again := Edit([]byte(after)); inner == "" {
			if err := again.Set(section, key, value); err != nil || string(again.Bytes()) != after {
				t.Fatalf("setting it again made %q of %q, error %v", again.Bytes(), after, err)
			}
		}
	})
}

// fallbackKeys returns the keys of the section [DEFAULT], which every section has.
func fallbackKeys(text string) map[string]bool {
	keys := map[string]bool{}
	for _, b := range parse(text).blocks {
		if b.header == "DEFAULT" {
			for _, o := range b.options {
				keys[o.key] = true
			}
		}
	}
	return keys
}

// FuzzWords: a quoted word is read back as it was, and splitting never panics.
func FuzzWords(f *testing.F) {
	for _, s := range []string{"", "a b", "'", `"`, `\`, `a'b"c\d`, "\t", "profile 'x", `"\"`} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if words, err := commandline.SplitPOSIX("a " + quoteWord(s) + " b"); err != nil || len(words) != 3 || words[1] != s {
			t.Fatalf("%q is quoted %s and read as %q, %v", s, quoteWord(s), words, err)
		}
	})
}

// FuzzStartURL: hosts are never owned by accident, and what VetResolved lets through is.
func FuzzStartURL(f *testing.F) {
	for _, s := range []string{"https://x.awsapps.com/start", "https://a.portal.us-west-2.app.aws:443/#", "http://[::1]:80", "https://a@b", "//x", "%"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, raw string) {
		if u, err := ParseStartURL(raw); err == nil && !strings.HasPrefix(strings.ToLower(raw), "https://") && !u.Loopback() {
			t.Fatalf("%q was taken", raw)
		}
		normalized, region, err := VetResolved("https://example.com/", raw, "us-east-1")
		if err != nil {
			return
		}
		again, err := ParseStartURL(normalized)
		if err != nil || !again.AWSOwned() || !validRegion(region) {
			t.Fatalf("%q became %q, %q: %v", raw, normalized, region, err)
		}
	})
}
