//go:build linux

// Command center measures keyfob-center: how many calls it answers in a second, over those of a bare Go
// HTTP server that returns as many bytes, in one run; how evenly, at half of that load; how soon after its
// start; and in how much memory. `make bench-center` builds what it measures.
//
// Client, reference and center share the machine, and take turns. It ends with 1 when a target is missed.
package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"

	"keyfob/internal/wire"
)

func main() {
	b := bench{}
	flag.StringVar(&b.program, "center", "bin/keyfob-center", "the program to measure, a `path`")
	flag.StringVar(&b.postgres, "postgres", "", "measure on this PostgreSQL `URL` too; the database must be empty")
	flag.DurationVar(&b.each, "each", 3*time.Second, "how `long` each turn is")
	flag.IntVar(&b.rounds, "rounds", 3, "how many turns each takes")
	flag.IntVar(&b.million, "requests", 0, "send so many more requests and see whether the memory grows, for example 1000000")
	flag.IntVar(&b.connections, "connections", 256, "how many there are at once")
	flag.BoolVar(&b.scale, "scale", false, "show how throughput grows with replicas (on PostgreSQL) and latency with people")
	flag.Parse()
	if err := b.run(); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

type bench struct {
	program, postgres string
	each              time.Duration
	rounds, million   int
	connections       int
	scale             bool

	dir, bare string // the reference's URL
	missed    error
}

func (b *bench) run() error {
	var err error
	if b.program, err = filepath.Abs(b.program); err != nil {
		return err
	}
	if b.dir, err = os.MkdirTemp("", "keyfob-bench-center-"); err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(b.dir) }()
	stop, err := b.startBare()
	if err != nil {
		return err
	}
	defer stop()
	databases := []string{""}
	if b.postgres != "" {
		databases = append(databases, b.postgres)
	}
	for _, d := range databases {
		if err := b.measure(d); err != nil {
			return err
		}
	}
	if b.scale {
		if err := b.people(); err != nil {
			return err
		}
	}
	return b.missed
}

func (b *bench) startBare() (stop func(), err error) {
	program := filepath.Join(b.dir, "bare")
	if out, err := exec.Command("go", "build", "-trimpath", "-ldflags", "-s -w", "-o", program, "./bench/bare").CombinedOutput(); err != nil {
		return nil, fmt.Errorf("go build: %w\n%s", err, out)
	}
	c := exec.Command(program)
	out, err := c.StdoutPipe()
	if err == nil {
		err = c.Start()
	}
	if err != nil {
		return nil, err
	}
	line, err := bufio.NewReader(out).ReadString('\n')
	b.bare = strings.TrimSpace(line)
	return func() {
		_ = c.Process.Kill()
		_ = c.Wait()
	}, err
}

// atLeast and atMost are the targets.
func (b *bench) atLeast(what string, got, want float64) {
	if got < want {
		b.missed = errors.Join(b.missed, fmt.Errorf("%s: %.2f, the target is %.2f", what, got, want))
	}
}

func (b *bench) atMost(what string, got, want float64) {
	if got > want {
		b.missed = errors.Join(b.missed, fmt.Errorf("%s: %.1f, the target is at most %.1f", what, got, want))
	}
}

func (b *bench) measure(database string) error {
	name := "SQLite"
	if database != "" {
		name = "PostgreSQL"
	}
	dir, err := os.MkdirTemp(b.dir, "")
	if err != nil {
		return err
	}
	if err := (organisation{accounts: 5000, roles: 5, users: 10}).write(dir); err != nil {
		return err
	}
	password := newPassword()
	in, err := start(b.program, dir, database, password)
	if err != nil {
		return err
	}
	again := in.first
	if err := in.stop(); err != nil {
		return err
	}
	if in, err = start(b.program, dir, database, password); err != nil {
		return err
	}
	defer in.stop() //nolint:errcheck // it has answered
	idle, err := in.resident()
	if err != nil {
		return err
	}
	fmt.Printf("\n%s, 5,000 accounts with 5 roles: first answer %d ms after the start (%d ms with all to be written); %.0f MiB idle\n\n",
		name, in.first.Milliseconds(), again.Milliseconds(), idle)
	b.atMost(name+", first answer, ms", float64(in.first.Milliseconds()), 150)
	b.atMost(name+", idle, MiB", idle, 60)

	tokens := make([]wire.CreateTokenResponse, b.connections)
	clients := make([]wire.RegisterClientResponse, b.connections)
	for i := range b.connections {
		if clients[i], tokens[i], err = in.signIn(context.Background()); err != nil {
			return err
		}
	}
	fmt.Printf("| %-19s | %5s | %9s | %9s | %5s | %9s | %9s | %5s | %5s |\n", "", "bytes", "calls/s", "bare/s", "ratio", "p50, ms", "p99, ms", "x", "bare")
	fmt.Println("|---|---:|---:|---:|---:|---:|---:|---:|---:|")
	portal := func(path string) request { return portalCall([]*instance{in}, tokens, path) }
	refresh := func(w int) (*http.Request, error) {
		body, err := json.Marshal(wire.CreateTokenRequest{
			ClientID: clients[w].ClientID, ClientSecret: clients[w].ClientSecret, GrantType: wire.GrantRefreshToken, RefreshToken: tokens[w].RefreshToken,
		})
		if err != nil {
			return nil, err
		}
		r, err := http.NewRequest(http.MethodPost, in.url+"/token", bytes.NewReader(body))
		if err == nil {
			r.Header.Set("Content-Type", "application/json")
		}
		return r, err
	}
	refreshed := func(w int, body []byte) error { return json.Unmarshal(body, &tokens[w]) }
	for _, c := range []struct {
		name  string
		next  request
		read  func(int, []byte) error
		ratio float64
	}{
		{"GetRoleCredentials", portal(pathCredentials), nil, 0.35},
		{"ListAccounts", portal(pathAccounts), nil, 0.35},
		{"CreateToken, refresh", refresh, refreshed, 0.15},
	} {
		if err := b.compare(name, c.name, newLoad(b.connections, c.next, c.read), c.ratio); err != nil {
			return err
		}
	}
	after, err := in.resident()
	if err != nil {
		return err
	}
	fmt.Printf("\n%.0f MiB afterwards\n", after)
	if b.scale && database != "" {
		if err := b.replicas(in, dir, database, password, tokens); err != nil {
			return err
		}
	}
	if b.million == 0 {
		return nil
	}
	return b.longRun(in, newLoad(b.connections, portal(pathCredentials), nil))
}

const (
	pathCredentials = "/federation/credentials?account_id=000000000042&role_name=" + roleName
	pathAccounts    = "/assignment/accounts?max_result=100"
)

// portalCall is a call of the portal API, of each worker with its own token, of one center after the other.
func portalCall(centers []*instance, tokens []wire.CreateTokenResponse, path string) request {
	return func(w int) (*http.Request, error) {
		r, err := http.NewRequest(http.MethodGet, centers[w%len(centers)].url+path, nil)
		if err == nil {
			r.Header.Set("x-amz-sso_bearer_token", tokens[w].AccessToken.Reveal())
		}
		return r, err
	}
}

func (b *bench) compare(database, name string, l *load, want float64) error {
	var size int
	read := l.read
	l.read = func(w int, body []byte) error {
		size = len(body)
		if read != nil {
			return read(w, body)
		}
		return nil
	}
	if err := l.one(0, &bytes.Buffer{}); err != nil {
		return err
	}
	l.read = read
	first, err := l.next(0)
	if err != nil {
		return err
	}
	reference := newLoad(b.connections, func(w int) (*http.Request, error) { // a body of the same kind, too
		r, err := l.next(w)
		if err == nil {
			r.URL.Host, r.URL.Path, r.URL.RawQuery = strings.TrimPrefix(b.bare, "http://"), fmt.Sprintf("/%d", size), first.URL.RawQuery
			r.Host = r.URL.Host
		}
		return r, err
	}, nil)
	var ours, bare, ratios []float64
	for range b.rounds {
		r, err := reference.flood(b.each)
		if err != nil {
			return err
		}
		o, err := l.flood(b.each)
		if err != nil {
			return err
		}
		ours, bare, ratios = append(ours, o), append(bare, r), append(ratios, o/r)
	}
	even, bareEven, err := b.evenness(l, reference, median(ours)/2)
	if err != nil {
		return err
	}
	fmt.Printf("| %-19s | %5d | %9.0f | %9.0f | %5.2f | %9.2f | %9.2f | %5.1f | %5.1f |\n", name, size,
		median(ours), median(bare), median(ratios), even.p50, even.p99, even.times, bareEven.times)
	b.atLeast(database+", "+name+", ratio", median(ratios), want)
	b.atMost(database+", "+name+", p99 over p50", even.times, 20)
	return nil
}

// evenness is how a load is answered: p50 and p99 in milliseconds, and how many times the one the other is.
type evenness struct{ p50, p99, times float64 }

// evenness is that of l at so many calls in a second, and of the reference at as many, which is what client and machine
// have in it by themselves. They take turns, and each has the median of its own.
func (b *bench) evenness(l, reference *load, rate float64) (ours, bare evenness, err error) {
	syscall.Sync() // what was written before is none of it
	turn := func(l *load, all *[3][]float64) error {
		took, err := l.paced(rate, b.each)
		if err != nil {
			return err
		}
		p50, p99 := ms(percentile(took, 0.5)), ms(percentile(took, 0.99))
		for i, v := range []float64{p50, p99, p99 / p50} {
			all[i] = append(all[i], v)
		}
		return nil
	}
	var seen, seenOfBare [3][]float64
	for range b.rounds {
		if err := errors.Join(turn(l, &seen), turn(reference, &seenOfBare)); err != nil {
			return ours, bare, err
		}
	}
	of := func(all [3][]float64) evenness { return evenness{median(all[0]), median(all[1]), median(all[2])} }
	return of(seen), of(seenOfBare), nil
}

// longRun sees whether memory grows with the number of requests.
func (b *bench) longRun(in *instance, l *load) error {
	var seen []float64
	for done := 0; done < b.million; {
		rate, err := l.flood(10 * time.Second)
		if err != nil {
			return err
		}
		done += int(rate * 10)
		m, err := in.resident()
		if err != nil {
			return err
		}
		seen = append(seen, m)
	}
	fmt.Printf("%d requests more: from %.0f to %.0f MiB, at the end %.0f\n", b.million, slices.Min(seen), slices.Max(seen), seen[len(seen)-1])
	b.atMost("memory after all requests, over that after the first tenth", seen[len(seen)-1]/seen[len(seen)/10], 1.2)
	return nil
}

func median(f []float64) float64 {
	s := slices.Sorted(slices.Values(f))
	return s[len(s)/2]
}

func ms(d time.Duration) float64 { return float64(d) / 1e6 }
