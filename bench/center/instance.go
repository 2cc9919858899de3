//go:build linux

package main

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"keyfob/internal/person"
	"keyfob/internal/wire"
)

// organisation is what a center serves: accounts with permission sets, all ada's or, in a group, everybody's.
type organisation struct {
	accounts, roles, users int
	everybodys             bool
}

const roleName = "Role0"

// write declares the organisation in dir/center.yaml. The password is in the environment of the center.
func (o organisation) write(dir string) error {
	var b strings.Builder
	b.WriteString("instance:\n  name: Bench\n  region: us-east-1\n  session_duration: 8h\naccounts:\n")
	for i := range o.accounts {
		fmt.Fprintf(&b, "  - {id: \"%012d\", name: Account %d, email: a%d@example.com}\n", i+1, i, i)
	}
	b.WriteString("users:\n  - {name: ada, email: ada@example.com, display_name: Ada, password_env: BENCH_PASSWORD}\n")
	for i := range o.users - 1 {
		fmt.Fprintf(&b, "  - {name: user%d, email: user%d@example.com, display_name: User %d}\n", i, i, i)
	}
	to := "users: [ada]"
	if o.everybodys {
		to = "groups: [Everybody]"
		b.WriteString("groups:\n  - name: Everybody\n    members:\n      - ada\n")
		for i := range o.users - 1 {
			fmt.Fprintf(&b, "      - user%d\n", i)
		}
	}
	b.WriteString("permission_sets:\n")
	for i := range o.roles {
		fmt.Fprintf(&b, "  - {name: Role%d, session_duration: 1h}\n", i)
	}
	b.WriteString("assignments:\n")
	for a := range o.accounts {
		for r := range o.roles {
			fmt.Fprintf(&b, "  - {account: \"%012d\", permission_set: Role%d, %s}\n", a+1, r, to)
		}
	}
	return os.WriteFile(filepath.Join(dir, "center.yaml"), []byte(b.String()), 0o600)
}

// instance is a running keyfob-center.
type instance struct {
	url      string
	password string
	process  *exec.Cmd
	log      string // a file, as reading it is not what is measured
	http     http.Client
	first    time.Duration // from the start of the process to its first answer
}

// start serves dir/center.yaml from a database, "" for the SQLite file beside it.
func start(program, dir, database, password string) (*instance, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	address := l.Addr().String()
	if err := l.Close(); err != nil {
		return nil, err
	}
	in := &instance{url: "http://" + address, password: password, log: filepath.Join(dir, "log"), http: http.Client{Timeout: 10 * time.Second}}
	args := []string{"serve", "--config", filepath.Join(dir, "center.yaml"), "--listen", address}
	if database != "" {
		args = append(args, "--database", database)
	}
	in.process = exec.Command(program, args...)
	in.process.Env = []string{"BENCH_PASSWORD=" + password, "HOME=" + dir}
	said, err := os.Create(in.log)
	if err != nil {
		return nil, err
	}
	defer said.Close() //nolint:errcheck // the process has its own
	in.process.Stderr = said
	begun := time.Now()
	if err := in.process.Start(); err != nil {
		return nil, err
	}
	for time.Since(begun) < 5*time.Minute {
		resp, err := in.http.Get(in.url + "/healthz")
		if err == nil {
			in.first = time.Since(begun)
			return in, resp.Body.Close()
		}
		time.Sleep(500 * time.Microsecond)
	}
	_ = in.stop()
	text, err := os.ReadFile(in.log)
	return nil, fmt.Errorf("keyfob-center does not answer: %w\n%s", err, text)
}

func (in *instance) stop() error {
	_ = in.process.Process.Signal(os.Interrupt)
	return in.process.Wait()
}

// resident is how much memory it has, in MiB.
func (in *instance) resident() (float64, error) {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", in.process.Process.Pid))
	if err != nil {
		return 0, err
	}
	for line := range strings.Lines(string(b)) {
		if f := strings.Fields(line); f[0] == "VmRSS:" {
			kib, err := strconv.ParseFloat(f[1], 64)
			return kib / 1024, err
		}
	}
	return 0, errors.New("no VmRSS")
}

// signIn is a whole sign-in of ada's with a device code.
func (in *instance) signIn(ctx context.Context) (c wire.RegisterClientResponse, token wire.CreateTokenResponse, err error) {
	if err := in.post(ctx, "/client/register", wire.RegisterClientRequest{
		ClientName: "bench", ClientType: "public", Scopes: []string{"sso:account:access"}, GrantTypes: []string{wire.GrantDeviceCode, wire.GrantRefreshToken},
	}, &c); err != nil {
		return c, token, err
	}
	var d wire.StartDeviceAuthorizationResponse
	if err := in.post(ctx, "/device_authorization", wire.StartDeviceAuthorizationRequest{
		ClientID: c.ClientID, ClientSecret: c.ClientSecret, StartURL: in.url + "/start",
	}, &d); err != nil {
		return c, token, err
	}
	ada, err := person.New("ada", in.password)
	if err != nil {
		return c, token, err
	}
	if _, err := ada.Approve(ctx, d.VerificationURIComplete); err != nil {
		return c, token, err
	}
	err = in.post(ctx, "/token", wire.CreateTokenRequest{
		ClientID: c.ClientID, ClientSecret: c.ClientSecret, GrantType: wire.GrantDeviceCode, DeviceCode: d.DeviceCode,
	}, &token)
	return c, token, err
}

func (in *instance) post(ctx context.Context, path string, body, answer any) error {
	b, err := json.Marshal(body)
	if err != nil {
		return err
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, in.url+path, bytes.NewReader(b))
	if err != nil {
		return err
	}
	r.Header.Set("Content-Type", "application/json")
	if b, err = get(&in.http, r); err != nil {
		return err
	}
	return json.Unmarshal(b, answer)
}

func newPassword() string { return rand.Text() }
