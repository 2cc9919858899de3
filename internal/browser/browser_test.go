package browser

import (
	"context"
	"errors"
	"io/fs"
	"os/exec"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const page = "https://portal.example/start?a=1&b=$(id)%s;x"

func environment(vars ...string) func(string) (string, bool) {
	return func(key string) (string, bool) {
		for i := 0; i < len(vars); i += 2 {
			if vars[i] == key {
				return vars[i+1], true
			}
		}
		return "", false
	}
}

// TestCommands: what is started, in which order, when everything fails.
func TestCommands(t *testing.T) {
	failed := errors.New("failed")
	for _, c := range []struct {
		name, goos string
		env        []string
		want       [][]string
	}{
		{"a Mac", "darwin", nil, [][]string{{"open", page}}},
		{"Windows", "windows", nil, [][]string{{"rundll32", "url.dll,FileProtocolHandler", page}}},
		{"Linux with X", "linux", []string{"DISPLAY", ":0"}, [][]string{{"xdg-open", page}, {"x-www-browser", page}, {"www-browser", page}}},
		{"FreeBSD with Wayland", "freebsd", []string{"WAYLAND_DISPLAY", "wayland-0"}, [][]string{{"xdg-open", page}, {"x-www-browser", page}, {"www-browser", page}}},
		{"Linux in Windows", "linux", []string{"WSL_DISTRO_NAME", "Debian"}, [][]string{{"wslview", page}, {"xdg-open", page}}},
		{"Linux over SSH", "linux", []string{"DISPLAY", ""}, nil},
		{"a browser", "linux", []string{"BROWSER", "firefox"}, [][]string{{"firefox", page}}},
		{"a browser on a Mac", "darwin", []string{"BROWSER", "firefox"}, [][]string{{"firefox", page}}},
		{"a browser with arguments", "linux", []string{"BROWSER", "firefox  --new-window"}, [][]string{{"firefox", "--new-window", page}}},
		{"a place for the page", "linux", []string{"BROWSER", "tell --url=%s now"}, [][]string{{"tell", "--url=" + page, "now"}}},
		{"a list", "linux", []string{"BROWSER", "one:two %s -x::three", "DISPLAY", ":0"}, [][]string{{"one", page}, {"two", page, "-x"}, {"three", page}}},
		{"a list on Windows", "windows", []string{"BROWSER", `C:\ff.exe;two`}, [][]string{{`C:\ff.exe`, page}, {"two", page}}},
		{"an empty list", "linux", []string{"BROWSER", " : ", "DISPLAY", ":0"}, nil},
	} {
		var ran [][]string
		o := Opener{LookupEnv: environment(c.env...), GOOS: c.goos, Run: func(_ context.Context, argv []string) error {
			ran = append(ran, argv)
			return failed
		}}
		err := o.Open(t.Context(), page)
		if d := cmp.Diff(c.want, ran); d != "" {
			t.Errorf("%s:\n%s", c.name, d)
		}
		if want := failed; c.want == nil && !errors.Is(err, ErrNoBrowser) || c.want != nil && !errors.Is(err, want) {
			t.Errorf("%s: %v", c.name, err)
		}
	}
}

func TestTheFirstThatWorks(t *testing.T) {
	var ran []string
	o := Opener{LookupEnv: environment("BROWSER", "one:two:three"), Run: func(_ context.Context, argv []string) error {
		ran = append(ran, argv[0])
		if argv[0] == "two" {
			return nil
		}
		return exec.ErrNotFound
	}}
	if err := o.Open(t.Context(), page); err != nil {
		t.Error(err)
	}
	if d := cmp.Diff([]string{"one", "two"}, ran); d != "" {
		t.Error(d)
	}
}

// TestOnlyWebAddresses: a page comes from a service, and "open" opens whatever it is given.
func TestOnlyWebAddresses(t *testing.T) {
	o := Opener{LookupEnv: environment("BROWSER", "x"), Run: func(_ context.Context, argv []string) error {
		t.Errorf("ran %q", argv)
		return nil
	}}
	for _, page := range []string{
		"", "file:///etc/passwd", "javascript:alert(1)", "//host/x", "host/x", "-version", "--help", "https://", "https:host", "ftp://host/", "http://%", "calc.exe", "ms-msdt:/id", "https://h\n/",
	} {
		if err := o.Open(t.Context(), page); err == nil || errors.Is(err, ErrNoBrowser) {
			t.Errorf("%q: %v", page, err)
		}
	}
}

func TestInterrupted(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	n := 0
	o := Opener{LookupEnv: environment("BROWSER", "one:two"), Run: func(ctx context.Context, _ []string) error {
		n++
		cancel()
		return context.Cause(ctx)
	}}
	if err := o.Open(ctx, page); !errors.Is(err, context.Canceled) || n != 1 {
		t.Errorf("%v after %d", err, n)
	}
}

// The rest runs real programs.

func TestLaunchFails(t *testing.T) {
	for _, c := range []struct {
		command string
		want    error // nil: any but those
	}{
		{"keyfob-there-is-no-such-browser", ErrNoBrowser},
		{"/nowhere/browser", fs.ErrNotExist},
		{"false", nil},
	} {
		err := Opener{LookupEnv: environment("BROWSER", c.command)}.Open(t.Context(), page)
		if err == nil || c.want != nil && !errors.Is(err, c.want) || c.want == nil && errors.Is(err, ErrNoBrowser) {
			t.Errorf("%s: %v", c.command, err)
		}
	}
}
