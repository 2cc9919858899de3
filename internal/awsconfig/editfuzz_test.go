package awsconfig

import (
	"maps"
	"slices"
	"strings"
	"testing"
)

// FuzzUndo: what is done to a file can be undone to the byte, as Set's comment has it.
func FuzzUndo(f *testing.F) {
	for i, text := range oddFiles(f) {
		f.Add(text, uint8(i), []string{"default", "a", "c d", "it's", "new"}[i%5], []string{"region", "s3", "a", "new"}[i%4], []string{"", "x", "endpoint_url"}[i%3], "v")
	}
	f.Fuzz(func(t *testing.T, before string, kind uint8, name, key, inner, value string) {
		section := Header{[]Kind{ProfileSection, SessionSection, ServicesSection, BareSection}[kind%4], name}
		e := Edit([]byte(before))
		hadSection, unset := e.Has(section), Edit([]byte(before))
		if inner != "" {
			hadKey := unset.Unset(section, key)
			if e.SetNested(section, key, inner, value) != nil || unset.UnsetNested(section, key, inner) {
				return
			}
			if hadKey && isBlock(before, section, key) && !Edit([]byte(before)).UnsetNested(section, key, inner) || !hadKey {
				undo(t, e, section, hadSection, func() bool { return e.UnsetNested(section, key, inner) })
				if !undone(before, string(e.Bytes())) {
					t.Fatalf("%q became %q", before, e.Bytes())
				}
			}
			return
		}

		if !unset.Unset(section, key) {
			if e.Set(section, key, value) != nil {
				return
			}
			undo(t, e, section, hadSection, func() bool { return e.Unset(section, key) })
			if !undone(before, string(e.Bytes())) {
				t.Fatalf("%q became %q", before, e.Bytes())
			}
			return
		}
		at, ok := e.find(section, key)
		if !ok || at.option.line != at.option.last {
			return // only in a section that is hidden, or of several lines
		}
		old := e.doc.value(at.option)
		if old == "" || trim(value) == "" || inlineComment(old) >= 0 || inlineComment(trim(value)) >= 0 || flaw(old) != "" || e.Set(section, key, value) != nil {
			return
		}
		if err := e.Set(section, key, old); err != nil || string(e.Bytes()) != before {
			t.Fatalf("%q became %q, error %v", before, e.Bytes(), err)
		}
	})
}

// undone reports whether after is before, but for what a last line keeps that had no end or was a comment.
func undone(before, after string) bool {
	rest, ok := strings.CutPrefix(after, before)
	most := 0
	if before != "" && !strings.HasSuffix(before, "\n") && !strings.HasSuffix(before, "\r") {
		most++
	}
	if all := parse(before).lines; len(all) > 0 && all[len(all)-1].kind == commentLine {
		most++
	}
	return ok && len(parse(rest).lines) <= most && trim(rest) == ""
}

// undo takes away what was added: the section if it is new.
func undo(t *testing.T, e *Editor, section Header, hadSection bool, key func() bool) {
	t.Helper()
	if hadSection && !key() || !hadSection && !e.RemoveSection(section) {
		t.Fatalf("what was set is not in %q", e.Bytes())
	}
}

// isBlock reports whether a key has a nested block of its own.
func isBlock(text string, section Header, key string) bool {
	e := Edit([]byte(text))
	at, ok := e.find(section, key)
	return ok && at.option.last > at.option.line && e.doc.lines[at.option.line].valueFrom == e.doc.lines[at.option.line].valueTo
}

// FuzzRemove: what is removed or renamed is gone, and nothing else in the file reads differently.
func FuzzRemove(f *testing.F) {
	for i, text := range oddFiles(f) {
		f.Add(text, uint8(i), []string{"default", "a", "c d", "p", "x]y"}[i%5], []string{"region", "s3", "a", ""}[i%4], []string{"", "x", "region"}[i%3])
	}
	f.Fuzz(func(t *testing.T, before string, kind uint8, name, key, inner string) {
		section := Header{[]Kind{ProfileSection, SessionSection, ServicesSection, BareSection}[kind%4], name}
		lower := strings.ToLower(key)
		all := func(after string, of func(at [3]string) bool) map[[3]string]string {
			left := flat(after)
			maps.DeleteFunc(left, func(at [3]string, _ string) bool { return of(at) })
			return left
		}
		expect := func(what string, found bool, e *Editor, of func(at [3]string) bool) {
			after := string(e.Bytes())
			if !found && after != before {
				t.Fatalf("%s: nothing was found, and %q became %q", what, before, after)
			}
			if was, is := all(before, of), all(after, of); !maps.Equal(was, is) {
				t.Fatalf("%s: %q became %q: %v, %v", what, before, after, was, is)
			}
		}

		e := Edit([]byte(before))
		ofKey := func(at [3]string) bool { return section.matches(at[0]) && at[1] == lower }
		expect("Unset", e.Unset(section, key), e, ofKey)
		if _, ok := e.find(section, key); ok {
			t.Fatalf("%q still has the key", e.Bytes())
		}

		e = Edit([]byte(before))
		expect("UnsetNested", e.UnsetNested(section, key, inner), e, func(at [3]string) bool {
			return ofKey(at) && (at[2] == "" || at[2] == "."+inner)
		})

		e = Edit([]byte(before))
		expect("RemoveSection", e.RemoveSection(section), e, func(at [3]string) bool { return section.matches(at[0]) })
		if e.Has(section) {
			t.Fatalf("%q still has the section", e.Bytes())
		}

		e = Edit([]byte(before))
		const other = "an other"
		to := Header{section.Kind, other}
		if err := e.RenameSection(section, other); err != nil || string(e.Bytes()) == before {
			if string(e.Bytes()) != before {
				t.Fatalf("error %v, and %q became %q", err, before, e.Bytes())
			}
			return
		}
		was, is := flat(before), flat(string(e.Bytes()))
		for at, value := range was {
			if section.matches(at[0]) {
				at[0] = to.text()
			}
			if is[at] != value {
				t.Fatalf("%v was %q and is %q: %q became %q", at, value, is[at], before, e.Bytes())
			}
		}
		canonical := !slices.ContainsFunc(parse(before).blocks, func(b block) bool { return section.matches(b.header) && b.header != section.text() })
		if err := e.RenameSection(to, name); err == nil && canonical && string(e.Bytes()) != before {
			t.Fatalf("renamed and back %q became %q", before, e.Bytes())
		}
	})
}
