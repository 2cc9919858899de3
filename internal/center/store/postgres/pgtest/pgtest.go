// Package pgtest runs a PostgreSQL of its own for the tests that need one: a new cluster in a folder in the
// temporary one, reached by a socket in that folder and by nobody else. It knows nothing of what is kept there.
//
// The programs are Debian's postgresql (scripts/setup installs it); a test is skipped by name without them. The
// server ends with the test, and also when the test's process is killed.
package pgtest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"sync/atomic"
	"syscall"
	"testing"

	"github.com/jackc/pgx/v5"
)

// Cluster is a running PostgreSQL.
type Cluster struct {
	dir       string
	databases atomic.Int64
}

// Programs returns the folder of initdb and postgres, "" if there is none.
func Programs() string {
	if p, err := exec.LookPath("postgres"); err == nil {
		return filepath.Dir(p)
	}
	found, err := filepath.Glob("/usr/lib/postgresql/*/bin/postgres")
	if err != nil || len(found) == 0 {
		return ""
	}
	return filepath.Dir(found[len(found)-1])
}

// Start starts a cluster, which is stopped and removed at the end of the test.
func Start(t testing.TB) *Cluster {
	t.Helper()
	bin := Programs()
	if bin == "" {
		t.Skip("SKIP-TOOL: postgresql is not installed (scripts/setup installs it)")
	}
	dir, err := os.MkdirTemp("", "keyfob-pg") // short: it is in the path of a socket
	if err != nil {
		t.Fatal(err)
	}
	c := &Cluster{dir: dir}
	t.Cleanup(func() {
		if err := os.RemoveAll(dir); err != nil {
			t.Error(err)
		}
	})
	attr, err := unprivileged(dir)
	if err != nil {
		t.Skipf("SKIP-TOOL: postgresql does not run as root, and there is nobody else: %v", err)
	}
	data := filepath.Join(dir, "data")
	initdb := exec.CommandContext(t.Context(), filepath.Join(bin, "initdb"), "-D", data, "-U", "keyfob", "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8", "--no-sync", "--no-instructions")
	initdb.SysProcAttr, initdb.Dir = attr, dir
	if out, err := initdb.CombinedOutput(); err != nil {
		t.Fatalf("initdb: %v\n%s", err, out)
	}
	c.serve(t, bin, data, attr)
	return c
}

// guard runs the server for as long as somebody holds its standard input, and then removes its folder, $0.
const guard = `"$@" & pid=$!; read -r _; kill -INT $pid; wait $pid; cd / && rm -rf -- "$0"`

func (c *Cluster) serve(t testing.TB, bin, data string, attr *syscall.SysProcAttr) {
	cmd := exec.Command("/bin/sh", "-c", guard, c.dir, filepath.Join(bin, "postgres"), "-D", data, "-k", c.dir,
		"-c", "listen_addresses=", "-c", "fsync=off", "-c", "full_page_writes=off", "-c", "shared_buffers=32MB", "-c", "max_connections=200")
	cmd.SysProcAttr, cmd.Dir = attr, c.dir
	var said bytes.Buffer
	cmd.Stderr, cmd.Stdout = &said, &said
	held, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan struct{})
	go func() {
		_ = cmd.Wait() // it ends with the signal it is given
		close(ended)
	}()
	t.Cleanup(func() {
		_ = held.Close()
		<-ended
	})
	for {
		err := c.do("postgres", "SELECT 1")
		if err == nil {
			return
		}
		select {
		case <-ended:
			t.Fatalf("postgres has ended: %v\n%s", err, said.String())
		case <-t.Context().Done():
			t.Fatalf("postgres does not answer: %v", err)
		default:
			_ = exec.Command("sleep", "0.05").Run()
		}
	}
}

// unprivileged is whom the server runs as. Root gives the folder to somebody else.
func unprivileged(dir string) (*syscall.SysProcAttr, error) {
	if os.Geteuid() != 0 {
		return nil, nil
	}
	var all error
	for _, name := range []string{"postgres", "nobody"} {
		u, err := user.Lookup(name)
		if err != nil {
			all = errors.Join(all, err)
			continue
		}
		uid, err := strconv.ParseUint(u.Uid, 10, 32)
		if err != nil {
			return nil, err
		}
		gid, err := strconv.ParseUint(u.Gid, 10, 32)
		if err != nil {
			return nil, err
		}
		if err := os.Chown(dir, int(uid), int(gid)); err != nil {
			return nil, err
		}
		return &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid), NoSetGroups: false}}, nil
	}
	return nil, all
}

// Database makes a new, empty database and returns its URL.
func (c *Cluster) Database(t testing.TB) string {
	t.Helper()
	name := fmt.Sprintf("test%d", c.databases.Add(1))
	if err := c.do("postgres", "CREATE DATABASE "+name); err != nil {
		t.Fatal(err)
	}
	return c.url(name)
}

func (c *Cluster) url(database string) string {
	u := url.URL{Scheme: "postgres", User: url.User("keyfob"), Path: "/" + database, RawQuery: url.Values{"host": {c.dir}}.Encode()}
	return u.String()
}

// Exec runs statements in the database of that URL, behind everybody's back.
func Exec(t testing.TB, database string, statements ...string) error {
	t.Helper()
	return run(database, statements...)
}

func (c *Cluster) do(database string, statements ...string) error {
	return run(c.url(database), statements...)
}

func run(database string, statements ...string) error {
	ctx := context.Background()
	conn, err := pgx.Connect(ctx, database)
	if err != nil {
		return err
	}
	for _, s := range statements {
		_, e := conn.Exec(ctx, s)
		err = errors.Join(err, e)
	}
	return errors.Join(err, conn.Close(ctx))
}
