//go:build unix

package cache

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"strings"
	"syscall"
	"testing"
	"time"

	"keyfob/internal/session"
	"keyfob/internal/wire"
)

// This test binary is also the other processes: started again with childRole set it plays that part.
const (
	childRole = "KEYFOB_TEST_CHILD"
	childHome = "KEYFOB_TEST_HOME"
)

func TestMain(m *testing.M) {
	f := New(os.Getenv(childHome))
	switch os.Getenv(childRole) {
	case "":
		os.Exit(m.Run())
	case "write": // until it is killed
		for i := 0; ; i++ {
			if err := f.SaveToken("s", bigToken(i%26)); err != nil {
				fmt.Println(err)
				os.Exit(1)
			}
			if i == 0 {
				fmt.Println("writing")
			}
		}
	case "hold": // the lock, until it is killed
		unlock, err := f.LockToken(context.Background(), "s")
		if err != nil {
			fmt.Println(err)
			os.Exit(1)
		}
		fmt.Println("locked")
		time.Sleep(time.Minute)
		unlock()
	case "full": // a disk on which 64 more bytes fit
		signal.Ignore(syscall.SIGXFSZ)
		if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &syscall.Rlimit{Cur: 64, Max: 64}); err != nil {
			fmt.Println(err)
			os.Exit(1)
		}
		fmt.Println(f.SaveToken("s", fullToken()))
	}
}

func bigToken(i int) session.Token {
	tok := fullToken()
	tok.AccessToken = wire.Secret(strings.Repeat(string(rune('a'+i)), 100_000))
	return tok
}

// child starts this binary in a role and waits for its first line.
func child(t *testing.T, role, home string) (line string, kill func()) {
	t.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), childRole+"="+role, childHome+"="+home)
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	must(t, err)
	must(t, cmd.Start())
	kill = func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	}
	line, err = bufio.NewReader(out).ReadString('\n')
	if err != nil && err != io.EOF {
		kill()
		t.Fatal(err)
	}
	return strings.TrimSpace(line), kill
}

func TestFullDisk(t *testing.T) {
	home := t.TempDir()
	must(t, New(home).SaveToken("s", minimalToken()))
	line, kill := child(t, "full", home)
	kill()
	file := ssoFile(home, fileName("s"))
	if !strings.Contains(line, syscall.EFBIG.Error()) || !strings.Contains(line, file) {
		t.Errorf("the write says %q", line)
	}
	if strings.Contains(line, fullToken().ClientSecret.Reveal()) {
		t.Error("a secret is in the error")
	}
	check(t, "old file", contentOf(t, file), string(golden(t, "token_minimal.json")))
	onlyFile(t, ssoFile(home, ""), fileName("s"))
}

// A writer that is killed at any moment leaves the old file or the new one, and a reader next to it
// never sees anything else.
func TestKilledWriter(t *testing.T) {
	home := t.TempDir()
	f := New(home)
	file := ssoFile(home, fileName("s"))
	whole := func() {
		b, err := os.ReadFile(file)
		must(t, err)
		d, err := parse(b)
		if err != nil {
			t.Fatalf("torn file of %d bytes: %v", len(b), err)
		}
		tok := d.text("accessToken")
		if tok == "" || strings.Trim(tok, tok[:1]) != "" || len(tok) != 100_000 {
			t.Fatalf("mixed file, token of %d bytes", len(tok))
		}
	}
	seen := map[byte]bool{}
	for round := range 15 {
		line, kill := child(t, "write", home)
		if line != "writing" {
			kill()
			t.Fatal(line)
		}
		for end := time.Now().Add(time.Duration(7*round%31) * time.Millisecond); time.Now().Before(end); {
			whole()
		}
		kill()
		whole()
		tok, err := f.LoadToken("s")
		must(t, err)
		seen[tok.AccessToken.Reveal()[0]] = true
	}
	if len(seen) < 2 {
		t.Error("every writer was killed at its first write: nothing was tested")
	}
}

func TestLockOfKilledHolder(t *testing.T) {
	home := t.TempDir()
	f := New(home)
	line, kill := child(t, "hold", home)
	defer kill()
	if line != "locked" {
		t.Fatal(line)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if _, err := f.LockToken(ctx, "s"); !errors.Is(err, context.DeadlineExceeded) {
		t.Fatalf("a lock that another process holds: %v", err)
	}
	got := make(chan error, 1)
	go func() {
		unlock, err := f.LockToken(context.Background(), "s")
		if err == nil {
			unlock()
		}
		got <- err
	}()
	kill()
	select {
	case err := <-got:
		must(t, err)
	case <-time.After(5 * time.Second):
		t.Fatal("the lock of a dead process is still held")
	}
}
