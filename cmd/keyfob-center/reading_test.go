package main

import (
	"context"
	"crypto/rand"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"keyfob/internal/center/keyring"
)

type applied string

func (a applied) Applied(context.Context) (string, error) { return string(a), nil }

// A file is not read again only while it, and all that it refers to, are the same, byte for byte.
func TestUnchanged(t *testing.T) {
	dir := t.TempDir()
	write := func(name, content string) {
		t.Helper()
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	const yaml = "instance:\n  name: Test\n  region: us-east-1\n  start_urls: [https://example.awsapps.com/start]\n" +
		"users:\n  - {name: ada, email: ada@example.com, password_file: pw}\n  - {name: bob, email: bob@example.com, password_env: BOBS_PASSWORD}\n"
	write("center.yaml", yaml)
	write("pw", "correct horse battery\n")
	t.Setenv("BOBS_PASSWORD", "staple of a kind")
	f := files{Config: filepath.Join(dir, "center.yaml")}
	keys, err := keyring.Load(f.keys())
	if err != nil {
		t.Fatal(err)
	}
	s, r, err := f.read()
	if err != nil {
		t.Fatal(err)
	}
	if err := prepare(&s, r, s.Organisation, keys, f.Config); err != nil {
		t.Fatal(err)
	}
	digest := s.Organisation.Digest
	for _, secret := range []string{"correct horse", "staple"} {
		if strings.Contains(digest, secret) {
			t.Errorf("the store is told %q", digest)
		}
	}
	ask := func(digest string) bool {
		t.Helper()
		urls, ok := f.unchanged(t.Context(), applied(digest), keys)
		if ok && (len(urls) != 1 || urls[0] != s.StartURLs[0]) {
			t.Errorf("start URLs %q", urls)
		}
		return ok
	}
	if !ask(digest) {
		t.Fatal("nothing was changed, and all is read again")
	}
	before := keys
	if keys, err = before.Rotated(time.Time{}); err != nil {
		t.Fatal(err)
	}
	if !ask(digest) {
		t.Error("after a rotation all is read again")
	}
	if keys, err = keyring.New(rand.Reader); err != nil {
		t.Fatal(err)
	}
	if ask(digest) {
		t.Error("with other keys it is taken for unchanged")
	}
	keys = before
	only, _, _ := strings.Cut(digest, " ")
	for _, none := range []string{"", only, only + " ", only + " e30", digest + "x"} {
		if ask(none) {
			t.Errorf("%q is taken for this file's", none)
		}
	}
	for name, change := range map[string]struct{ do, undo func() }{
		"the file":   {func() { write("center.yaml", yaml+"# more\n") }, func() { write("center.yaml", yaml) }},
		"a secret":   {func() { write("pw", "correct horse battery!\n") }, func() { write("pw", "correct horse battery\n") }},
		"no secret":  {func() { _ = os.Remove(filepath.Join(dir, "pw")) }, func() { write("pw", "correct horse battery\n") }},
		"a variable": {func() { t.Setenv("BOBS_PASSWORD", "another") }, func() { t.Setenv("BOBS_PASSWORD", "staple of a kind") }},
	} {
		change.do()
		if ask(digest) {
			t.Errorf("%s: it is not read again", name)
		}
		change.undo()
		if !ask(digest) {
			t.Errorf("%s: it is read again although it is as it was", name)
		}
	}
}
