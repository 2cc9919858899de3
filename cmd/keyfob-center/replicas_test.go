package main

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"keyfob/internal/center/store"
	"keyfob/internal/center/store/postgres"
	"keyfob/internal/center/store/postgres/pgtest"
	"keyfob/internal/person"
	"keyfob/internal/wire"
)

const replicatedYAML = `instance: {name: Lab, region: us-east-1}
accounts: [{id: "111111111111", name: Production, email: prod@example.com}]
users: [{name: ada, email: ada@example.com, password_env: ADA_PASSWORD}]
permission_sets: [{name: Admin, session_duration: 1h}]
assignments: [{account: "111111111111", permission_set: Admin, users: [ada]}]
`

// balancer hands calls to centers in turn, whoever calls. One that cannot be reached is passed over; a call that
// was under way when its center died is answered with 502, as nobody knows what became of it.
type balancer struct {
	next     atomic.Int64
	backends []string
	lost     atomic.Int64
}

func (b *balancer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	start := int(b.next.Add(1))
	for i := range b.backends {
		resp, err := b.forward(r, b.backends[(start+i)%len(b.backends)], body)
		if err != nil && strings.Contains(err.Error(), "connection refused") {
			continue
		} else if err != nil {
			break
		}
		defer resp.Body.Close() //nolint:errcheck // a test
		answer, err := io.ReadAll(resp.Body)
		if err != nil {
			break
		}
		for k, v := range resp.Header {
			w.Header()[k] = v
		}
		w.WriteHeader(resp.StatusCode)
		_, _ = w.Write(answer)
		return
	}
	b.lost.Add(1)
	w.WriteHeader(http.StatusBadGateway)
}

func (b *balancer) forward(r *http.Request, backend string, body []byte) (*http.Response, error) {
	out, err := http.NewRequestWithContext(r.Context(), r.Method, "http://"+backend+r.URL.RequestURI(), bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	out.Header, out.Host = r.Header.Clone(), r.Host
	return http.DefaultTransport.RoundTrip(out)
}

// crowd is what clients were told.
type crowd struct {
	t        *testing.T
	url      string
	password string

	mu      sync.Mutex
	granted []string // request ids of tokens that were handed out
	devices []redeemed
	latest  []wire.Secret // the access tokens that clients ended up with
	calls   int
}

type redeemed struct {
	client wire.RegisterClientResponse
	code   wire.Secret
}

// post returns 0 and no answer when nobody knows what became of the call.
func (c *crowd) post(to, path string, in, out any) (status int, id string) {
	b, err := json.Marshal(in)
	if err != nil {
		c.t.Fatal(err)
	}
	r, err := http.NewRequest(http.MethodPost, to+path, bytes.NewReader(b))
	if err != nil {
		c.t.Fatal(err)
	}
	r.Host = strings.TrimPrefix(c.url, "http://")
	r.Header.Set("Content-Type", "application/json")
	return c.do(r, out)
}

func (c *crowd) do(r *http.Request, out any) (status int, id string) {
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		c.t.Error(err)
		return 0, ""
	}
	defer resp.Body.Close() //nolint:errcheck // a test
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		c.t.Error(err)
	}
	c.mu.Lock()
	c.calls++
	c.mu.Unlock()
	if resp.StatusCode == http.StatusOK && out != nil {
		if err := json.Unmarshal(b, out); err != nil {
			c.t.Error(err)
		}
	}
	if resp.StatusCode == http.StatusBadGateway {
		return 0, ""
	}
	if resp.StatusCode >= 500 {
		c.t.Errorf("%s: %s %s", r.URL.Path, resp.Status, b)
	}
	return resp.StatusCode, resp.Header.Get(wire.HeaderRequestID)
}

func (c *crowd) token(in wire.CreateTokenRequest) (out wire.CreateTokenResponse, status int) {
	status, id := c.post(c.url, wire.PathCreateToken, in, &out)
	if status == http.StatusOK {
		c.mu.Lock()
		defer c.mu.Unlock()
		c.granted = append(c.granted, id)
	}
	return out, status
}

func (c *crowd) credentials(to string, token wire.Secret) int {
	r, err := http.NewRequest(http.MethodGet, to+"/federation/credentials?account_id=111111111111&role_name=Admin", nil)
	if err != nil {
		c.t.Fatal(err)
	}
	r.Host = strings.TrimPrefix(c.url, "http://")
	r.Header.Set("x-amz-sso_bearer_token", token.Reveal())
	status, _ := c.do(r, nil)
	return status
}

// errand is one sign-in of somebody's at a browser, and what their program then does with it.
func (c *crowd) errand(ctx context.Context, ada *person.Person) {
	var client wire.RegisterClientResponse
	var d wire.StartDeviceAuthorizationResponse
	if s, _ := c.post(c.url, wire.PathRegisterClient, wire.RegisterClientRequest{
		ClientName: "crowd", ClientType: wire.ClientTypePublic, Scopes: []string{"sso:account:access"},
		GrantTypes: []string{wire.GrantDeviceCode, wire.GrantRefreshToken},
	}, &client); s == 0 {
		return
	}
	if s, _ := c.post(c.url, wire.PathStartDeviceAuthorization, wire.StartDeviceAuthorizationRequest{
		ClientID: client.ClientID, ClientSecret: client.ClientSecret, StartURL: c.url + "/start",
	}, &d); s == 0 {
		return
	}
	page, err := ada.Approve(ctx, d.VerificationURIComplete)
	for range 5 { // people who come that fast, all from one address, are told to wait for a second
		if err == nil && page.Status == http.StatusTooManyRequests {
			time.Sleep(1100 * time.Millisecond)
			page, err = ada.Approve(ctx, d.VerificationURIComplete)
		}
	}
	if err != nil || page.Status == http.StatusBadGateway {
		return // it shows below whether that was more than the one that died explains
	}
	in := wire.CreateTokenRequest{ClientID: client.ClientID, ClientSecret: client.ClientSecret, GrantType: wire.GrantDeviceCode, DeviceCode: d.DeviceCode}
	var mu sync.Mutex
	var token wire.CreateTokenResponse
	got, unknown := 0, 0
	var polls sync.WaitGroup
	for range 3 { // at once, at different centers
		polls.Go(func() {
			out, status := c.token(in)
			mu.Lock()
			defer mu.Unlock()
			switch status {
			case http.StatusOK:
				got, token = got+1, out
			case 0:
				unknown++
			}
		})
	}
	polls.Wait()
	if got > 1 || got+unknown < 1 {
		c.t.Errorf("one device code: %d tokens, %d unknown; the page said %s", got, unknown, page.Text)
	}
	if got == 0 {
		return
	}
	in.GrantType = wire.GrantRefreshToken
	for range 8 {
		in.RefreshToken = token.RefreshToken
		next, status := c.token(in)
		for range 3 {
			if status == 0 { // nobody knows: once more with the same; a center takes a moment to die
				next, status = c.token(in)
			}
		}
		if status != http.StatusOK {
			c.t.Errorf("refresh: %d", status)
			return
		}
		token = next
		if s := c.credentials(c.url, token.AccessToken); s != http.StatusOK && s != 0 {
			c.t.Errorf("credentials with a token just issued: %d", s)
		}
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.devices = append(c.devices, redeemed{client, d.DeviceCode})
	c.latest = append(c.latest, token.AccessToken)
}

// TestThreeReplicas runs three centers on one PostgreSQL behind a balancer, kills one in the middle, and wants
// everything that clients were told to be so, and nothing to have happened twice.
func TestThreeReplicas(t *testing.T) {
	database := pgtest.Start(t).Database(t)
	dir := t.TempDir()
	config := filepath.Join(dir, "center.yaml")
	if err := os.WriteFile(config, []byte(replicatedYAML), 0o600); err != nil {
		t.Fatal(err)
	}
	b := &balancer{}
	front := httptest.NewServer(b)
	defer front.Close()
	c := &crowd{t: t, url: front.URL, password: rand.Text()}
	environment := append(os.Environ(), "KEYFOB_CENTER_DATABASE="+database, "ADA_PASSWORD="+c.password)
	readyFile := func(i int) string { return filepath.Join(dir, fmt.Sprint("ready", i)) }
	processes, logs := make([]*exec.Cmd, 3), make([]bytes.Buffer, 3)
	for i := range processes { // all at once, on an empty database
		b.backends = append(b.backends, freeAddress(t))
		p := exec.Command("keyfob-center", "serve", "--config", config, "--listen", b.backends[i], "--public-url", front.URL,
			"--log-level", "warn", "--ready-file", readyFile(i))
		p.Env, p.Stdout, p.Stderr = environment, &logs[i], &logs[i]
		if err := p.Start(); err != nil {
			t.Fatal(err)
		}
		processes[i] = p
		defer p.Process.Kill() //nolint:errcheck // it may have ended
	}
	for i := range processes {
		for try := 0; ; try++ {
			if _, err := os.Stat(readyFile(i)); err == nil {
				break
			}
			if try == 400 {
				_ = processes[i].Process.Kill()
				_ = processes[i].Wait()
				t.Fatalf("center %d does not start:\n%s", i, &logs[i])
			}
			time.Sleep(50 * time.Millisecond)
		}
	}

	ctx, stop := context.WithCancel(t.Context())
	var workers sync.WaitGroup
	for range 6 {
		workers.Go(func() {
			for i := 0; ctx.Err() == nil; {
				ada, err := person.New("ada", c.password)
				if err != nil {
					t.Error(err)
					return
				}
				for range 4 { // with one sign-in
					if i++; ctx.Err() == nil {
						c.errand(t.Context(), ada)
					}
				}
			}
		})
	}
	time.Sleep(2500 * time.Millisecond)
	if err := processes[1].Process.Signal(syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	_ = processes[1].Wait() // it was killed
	time.Sleep(2500 * time.Millisecond)
	stop()
	workers.Wait()

	if len(c.latest) < 12 {
		t.Fatalf("only %d whole errands in %d calls: nothing was tried\n%s", len(c.latest), c.calls, &logs[0])
	}
	if n := b.lost.Load(); n > 24 {
		t.Errorf("%d calls were lost with one center", n)
	}
	survivors := []string{"http://" + b.backends[0], "http://" + b.backends[2]}
	for i, token := range c.latest {
		if s := c.credentials(survivors[i%2], token); s != http.StatusOK {
			t.Errorf("a token that was handed out is lost: %d", s)
		}
	}
	for i, d := range c.devices {
		if s, _ := c.post(survivors[i%2], wire.PathCreateToken, wire.CreateTokenRequest{
			ClientID: d.client.ClientID, ClientSecret: d.client.ClientSecret, GrantType: wire.GrantDeviceCode, DeviceCode: d.code,
		}, nil); s != http.StatusBadRequest {
			t.Errorf("a device code that was used: %d", s)
		}
	}
	c.judge(database, int(b.lost.Load()))
	verify := exec.Command("keyfob-center", "audit", "verify", "--config", config)
	verify.Env = environment
	if out, err := verify.CombinedOutput(); err != nil || !strings.Contains(string(out), "is whole") {
		t.Errorf("audit verify: %v\n%s", err, out)
	}
	for _, i := range []int{0, 2} {
		if err := processes[i].Process.Signal(syscall.SIGTERM); err != nil {
			t.Fatal(err)
		}
		if err := processes[i].Wait(); err != nil {
			t.Errorf("center %d: %v\n%s", i, err, &logs[i])
		}
	}
	t.Logf("%d calls, %d errands, %d tokens, %d calls lost with the center that was killed", c.calls, len(c.latest), len(c.granted), b.lost.Load())
}

// freeAddress is one that nobody listens on.
func freeAddress(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close() //nolint:errcheck // it is for somebody else
	return l.Addr().String()
}

// judge compares what clients were told with the audit log.
func (c *crowd) judge(database string, lost int) {
	db, err := postgres.Open(c.t.Context(), database)
	if err != nil {
		c.t.Fatal(err)
	}
	defer db.Close() //nolint:errcheck // a test
	events, err := db.AuditSearch(c.t.Context(), store.AuditQuery{Name: "CreateToken", Limit: 1_000_000})
	if err != nil {
		c.t.Fatal(err)
	}
	logged := map[string]int{}
	total := 0
	for _, e := range events {
		if e.Outcome == "success" {
			logged[e.RequestID]++
			total++
		}
	}
	for _, id := range c.granted {
		if logged[id] != 1 {
			c.t.Errorf("the tokens of request %q are %d times in the audit log", id, logged[id])
		}
	}
	if total < len(c.granted) || total > len(c.granted)+lost {
		c.t.Errorf("%d tokens in the audit log, %d were handed out and %d calls lost", total, len(c.granted), lost)
	}
}
