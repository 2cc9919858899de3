package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"syscall"
	"testing"
	"time"

	"keyfob/internal/wire"
)

const minimal = "instance: {name: Lab, region: us-east-1}\n"

// start runs a center in dir and returns its URL. The test that calls it ends the process.
func start(t *testing.T, dir string) (*exec.Cmd, string) {
	t.Helper()
	readyFile := filepath.Join(dir, "ready.json")
	if err := os.Remove(readyFile); err != nil && !os.IsNotExist(err) {
		t.Fatal(err)
	}
	cmd := exec.Command("keyfob-center", "serve", "--config", filepath.Join(dir, "center.yaml"), "--listen", "127.0.0.1:0", "--ready-file", readyFile)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	for range 200 {
		if b, err := os.ReadFile(readyFile); err == nil {
			var r ready
			if err := json.Unmarshal(b, &r); err != nil {
				t.Fatal(err)
			}
			return cmd, r.URL
		}
		time.Sleep(50 * time.Millisecond)
	}
	cmd.Process.Kill() //nolint:errcheck // it failed already
	cmd.Wait()         //nolint:errcheck // for stderr
	t.Fatalf("it does not start:\n%s", stderr.String())
	return nil, ""
}

func call(ctx context.Context, url string, in, out any) error {
	b, err := json.Marshal(in)
	if err != nil {
		return err
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, url, bytes.NewReader(b))
	if err != nil {
		return err
	}
	r.Header.Set("Content-Type", "application/json")
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		return err
	}
	defer resp.Body.Close() //nolint:errcheck // a test
	if b, err = io.ReadAll(resp.Body); err != nil {
		return err
	}
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("%s: %s", resp.Status, b)
	}
	return json.Unmarshal(b, out)
}

// TestKilledWhileWriting kills a center in the middle of registrations. What it had acknowledged it
// must know again, and it must start.
func TestKilledWhileWriting(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "center.yaml"), []byte(minimal), 0o600); err != nil {
		t.Fatal(err)
	}
	var mu sync.Mutex
	var known []wire.RegisterClientResponse
	for range 3 {
		cmd, url := start(t, dir)
		ctx, cancel := context.WithCancel(t.Context())
		var writers sync.WaitGroup
		for range 4 {
			writers.Go(func() {
				for ctx.Err() == nil {
					var out wire.RegisterClientResponse
					in := wire.RegisterClientRequest{ClientName: "crash", ClientType: wire.ClientTypePublic}
					if call(ctx, url+wire.PathRegisterClient, in, &out) != nil {
						return
					}
					mu.Lock()
					known = append(known, out)
					mu.Unlock()
				}
			})
		}
		time.Sleep(200 * time.Millisecond)
		if err := cmd.Process.Signal(syscall.SIGKILL); err != nil {
			t.Fatal(err)
		}
		cmd.Wait() //nolint:errcheck // it was killed
		cancel()
		writers.Wait()
	}
	if len(known) < 10 {
		t.Fatalf("only %d registrations: nothing was tried", len(known))
	}
	cmd, url := start(t, dir)
	for _, c := range known {
		in := wire.StartDeviceAuthorizationRequest{ClientID: c.ClientID, ClientSecret: c.ClientSecret, StartURL: url + "/start"}
		var out wire.StartDeviceAuthorizationResponse
		if err := call(t.Context(), url+wire.PathStartDeviceAuthorization, in, &out); err != nil {
			t.Errorf("an acknowledged registration is lost: %v", err)
			break
		}
	}
	if err := cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if err := cmd.Wait(); err != nil {
		t.Errorf("SIGTERM: %v", err)
	}
	t.Logf("%d registrations survived 3 kills", len(known))
}
