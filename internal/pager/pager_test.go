package pager

import (
	"bytes"
	"errors"
	"os"
	"runtime"
	"strings"
	"testing"
)

func TestShow(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("SKIP-OS: sh is a Unix program")
	}
	t.Setenv("LESS", "x")
	if err := os.Unsetenv("LESS"); err != nil {
		t.Fatal(err)
	}
	var out, errs bytes.Buffer
	if err := Show([]string{"sh", "-c", `echo "$LESS"; cat; exit 3`}, "text\n", &out, &errs); err != nil || out.String() != "FRX\ntext\n" {
		t.Errorf("%v %q %q", err, out.String(), errs.String())
	}
	// One that does not read to the end.
	if err := Show([]string{"sh", "-c", "exit 0"}, strings.Repeat("text\n", 1<<18), &out, &errs); err != nil {
		t.Error(err)
	}
	t.Setenv("LESS", "S")
	out.Reset()
	if err := Show([]string{"sh", "-c", `echo "$LESS"`}, "", &out, &errs); err != nil || out.String() != "S\n" {
		t.Errorf("%v %q", err, out.String())
	}
}

func TestNoPager(t *testing.T) {
	var out bytes.Buffer
	err := Show([]string{"no-such-pager", "--secret"}, "text\n", &out, &out)
	if e := new(StartError); !errors.As(err, &e) || !e.Missing() || !strings.HasSuffix(err.Error(), "opening pager: no-such-pager: executable file not found in $PATH") || out.Len() > 0 {
		t.Errorf("%v, %q", err, out.String())
	}
}
