package session_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	"keyfob/internal/cache"
	"keyfob/internal/clock"
	"keyfob/internal/session"
	"keyfob/internal/wire"
)

// This test binary is also the other processes: started again with childURL set it asks for a token
// once and prints it.
const (
	childURL  = "KEYFOB_TEST_REFRESH_URL"
	childHome = "KEYFOB_TEST_HOME"
)

func TestMain(m *testing.M) {
	url := os.Getenv(childURL)
	if url == "" {
		os.Exit(m.Run())
	}
	s := &session.Source{
		Store: cache.New(os.Getenv(childHome)), Refresher: overHTTP(url), Clock: clock.System{},
		Log: slog.New(slog.NewTextHandler(os.Stderr, nil)),
	}
	fmt.Println("asking")
	tok, err := s.Token(context.Background(), corp())
	if err != nil {
		fmt.Println("error:", err)
		os.Exit(1)
	}
	fmt.Println(tok.AccessToken.Reveal())
}

type overHTTP string

func (url overHTTP) Refresh(ctx context.Context, _ string, req wire.CreateTokenRequest) (out wire.CreateTokenResponse, err error) {
	body, err := json.Marshal(req)
	if err != nil {
		return out, err
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, string(url), bytes.NewReader(body))
	if err != nil {
		return out, err
	}
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		return out, err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return out, &wire.ServiceError{Operation: "CreateToken", Code: wire.CodeInvalidGrant, Status: resp.StatusCode}
	}
	return out, json.NewDecoder(resp.Body).Decode(&out)
}

// rotating is a service that gives out a new refresh token with every refresh, and takes a used one
// only within grace. It is its own judge of what happened.
type rotating struct {
	delay, grace time.Duration

	mu      sync.Mutex
	current string
	used    map[string]time.Time
	issued  map[string]bool // access tokens
	answers int
	reuses  int
	refusal []string
}

func newRotating(delay, grace time.Duration) *rotating {
	return &rotating{delay: delay, grace: grace, current: "old-refresh", used: map[string]time.Time{}, issued: map[string]bool{}}
}

func (r *rotating) exchange(refresh string) (wire.CreateTokenResponse, bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	switch at, used := r.used[refresh]; {
	case refresh == r.current:
	case used && time.Since(at) <= r.grace:
		r.reuses++
	default:
		r.refusal = append(r.refusal, refresh)
		return wire.CreateTokenResponse{}, false
	}
	r.answers++
	r.used[r.current] = time.Now()
	r.current = fmt.Sprintf("refresh-%d", r.answers)
	access := fmt.Sprintf("access-%d", r.answers)
	r.issued[access] = true
	return wire.CreateTokenResponse{
		AccessToken: wire.Secret(access), ExpiresIn: 3600, RefreshToken: wire.Secret(r.current),
	}, true
}

func (r *rotating) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	var in wire.CreateTokenRequest
	if err := json.NewDecoder(req.Body).Decode(&in); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	out, ok := r.exchange(in.RefreshToken.Reveal())
	time.Sleep(r.delay) // after the rotation: the window in which a killed client loses the answer
	if !ok {
		http.Error(w, "invalid_grant", http.StatusBadRequest)
		return
	}
	_ = json.NewEncoder(w).Encode(out)
}

// Refresh implements [session.Refresher], for sources in this process.
func (r *rotating) Refresh(_ context.Context, _ string, req wire.CreateTokenRequest) (wire.CreateTokenResponse, error) {
	out, ok := r.exchange(req.RefreshToken.Reveal())
	time.Sleep(r.delay)
	if !ok {
		return out, refused(wire.CodeInvalidGrant, 400)
	}
	return out, nil
}

// expiredHome is a home with a token that has expired and can be refreshed by the system's clock.
func expiredHome(t *testing.T) string {
	t.Helper()
	home := t.TempDir()
	tok := tokenFor(0)
	tok.ExpiresAt = time.Now().Add(-time.Minute)
	tok.RegistrationExpiresAt = time.Now().Add(time.Hour)
	if err := cache.New(home).SaveToken("corp", tok); err != nil {
		t.Fatal(err)
	}
	return home
}

func TestOneRefreshInOneProcess(t *testing.T) {
	home := expiredHome(t)
	svc := newRotating(20*time.Millisecond, 0)
	shared := source(cache.New(home), svc)
	shared.Clock = clock.System{}
	var wg sync.WaitGroup
	for i := range 50 {
		s := shared
		if i%2 == 0 { // half of them know nothing of each other but the folder
			s = source(cache.New(home), svc)
			s.Clock = clock.System{}
		}
		wg.Go(func() {
			if tok, err := s.Token(context.Background(), corp()); err != nil || tok.AccessToken != "access-1" {
				t.Errorf("got %q, %v", tok.AccessToken.Reveal(), err)
			}
		})
	}
	wg.Wait()
	if svc.answers != 1 || svc.reuses != 0 || len(svc.refusal) != 0 {
		t.Errorf("%d refreshes, %d with a used token, refused %q", svc.answers, svc.reuses, svc.refusal)
	}
}

type process struct {
	cmd    *exec.Cmd
	out    *bufio.Reader
	stderr bytes.Buffer
}

func spawn(t *testing.T, home, url string) *process {
	t.Helper()
	p := &process{cmd: exec.Command(os.Args[0])}
	p.cmd.Env = append(os.Environ(), childURL+"="+url, childHome+"="+home)
	p.cmd.Stderr = &p.stderr
	pipe, err := p.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	p.out = bufio.NewReader(pipe)
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	return p
}

// result is what the process printed after "asking"; "" if it was killed before it could.
func (p *process) result() string {
	var last string
	for {
		line, err := p.out.ReadString('\n')
		if line = strings.TrimSpace(line); line != "" && line != "asking" {
			last = line
		}
		if err != nil {
			_ = p.cmd.Wait()
			return last
		}
	}
}

func TestOneRefreshAmongProcesses(t *testing.T) {
	home := expiredHome(t)
	svc := newRotating(150*time.Millisecond, 0)
	server := httptest.NewServer(svc)
	defer server.Close()
	var all []*process
	for range 50 {
		all = append(all, spawn(t, home, server.URL))
	}
	for _, p := range all {
		if got := p.result(); got != "access-1" {
			t.Errorf("a process printed %q, %s", got, p.stderr.String())
		}
	}
	if svc.answers != 1 || svc.reuses != 0 || len(svc.refusal) != 0 {
		t.Errorf("%d refreshes, %d with a used token, refused %q", svc.answers, svc.reuses, svc.refusal)
	}
}

// Killed at any moment, a process may cost the others a further refresh and nothing else.
func TestKilledAmongProcesses(t *testing.T) {
	lost := 0
	for seed := range uint64(4) {
		rnd := rand.New(rand.NewPCG(seed, 0))
		home := expiredHome(t)
		svc := newRotating(15*time.Millisecond, 30*time.Second)
		server := httptest.NewServer(svc)
		files := cache.New(home)
		done := make(chan struct{})
		var watch sync.WaitGroup
		watch.Go(func() {
			for {
				if _, err := files.LoadToken("corp"); err != nil {
					t.Errorf("seed %d: the file is not whole: %v", seed, err)
				}
				select {
				case <-done:
					return
				case <-time.After(time.Millisecond):
				}
			}
		})
		var wg sync.WaitGroup
		var mu sync.Mutex
		killed := 0
		for range 24 {
			p := spawn(t, home, server.URL)
			victim, after := rnd.IntN(2) == 0, time.Duration(rnd.IntN(25))*time.Millisecond
			wg.Go(func() {
				if victim {
					if _, err := p.out.ReadString('\n'); err != nil { // it is asking now
						t.Error(err)
					}
					time.AfterFunc(after, func() { _ = p.cmd.Process.Kill() })
				}
				got := p.result()
				mu.Lock()
				defer mu.Unlock()
				if victim && got == "" {
					killed++
					return
				}
				svc.mu.Lock()
				defer svc.mu.Unlock()
				if !svc.issued[got] {
					t.Errorf("seed %d: a survivor printed %q, %s", seed, got, p.stderr.String())
				}
			})
		}
		wg.Wait()
		close(done)
		watch.Wait()
		server.Close()
		if len(svc.refusal) != 0 || svc.answers > 1+killed || svc.reuses > killed {
			t.Errorf("seed %d: %d killed, but %d refreshes, %d with a used token, refused %q", seed, killed, svc.answers, svc.reuses, svc.refusal)
		}
		if tok, err := files.LoadToken("corp"); err != nil || !svc.issued[tok.AccessToken.Reveal()] {
			t.Errorf("seed %d: at the end %v, %v", seed, tok, err)
		}
		t.Logf("seed %d: %d killed, %d refreshes, %d reuses", seed, killed, svc.answers, svc.reuses)
		lost += killed
	}
	if lost == 0 {
		t.Error("nobody was killed: nothing was tested")
	}
}
