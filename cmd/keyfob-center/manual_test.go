package main

import (
	goflag "flag"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"keyfob/internal/manual"
)

var update = goflag.Bool("update", false, "write the manual pages")

// The manual pages say what the commands do now. They are made here and not by a program: no other can import
// a command.
func TestManualPages(t *testing.T) {
	dir := filepath.Join("..", "..", "docs", "man-center")
	root := rootCommand(stdio{os.Stdin, io.Discard, io.Discard})
	if *update {
		if err := manual.Write(dir, root); err != nil {
			t.Fatal(err)
		}
	}
	if err := manual.Check(dir, root); err != nil {
		t.Error(err)
	}
	page, err := os.ReadFile(filepath.Join(dir, "keyfob-center-user-invite.1"))
	if err != nil || !strings.Contains(string(page), "It works once, for three") {
		t.Errorf("what user invite does is not in its page: %v\n%s", err, page)
	}
}

// What is there and does not belong there, is missing, or says something else, is noticed.
func TestManualPagesAreChecked(t *testing.T) {
	root := rootCommand(stdio{os.Stdin, io.Discard, io.Discard})
	for name, spoil := range map[string]func(dir string) error{
		"missing": func(dir string) error { return os.Remove(filepath.Join(dir, "keyfob-center-serve.1")) },
		"changed": func(dir string) error {
			return os.WriteFile(filepath.Join(dir, "keyfob-center.1"), []byte("old"), 0o600)
		},
		"left over": func(dir string) error {
			return os.WriteFile(filepath.Join(dir, "keyfob-center-frobnicate.1"), []byte("old"), 0o600)
		},
	} {
		dir := filepath.Join(t.TempDir(), "man")
		if err := manual.Write(dir, root); err != nil {
			t.Fatal(err)
		}
		if err := manual.Check(dir, root); err != nil {
			t.Fatal(err)
		}
		if err := spoil(dir); err != nil {
			t.Fatal(err)
		}
		if err := manual.Check(dir, root); err == nil || !strings.Contains(err.Error(), "make generate") {
			t.Errorf("%s: %v", name, err)
		}
	}
}
