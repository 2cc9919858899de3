package keyfob_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"keyfob/internal/clock"
	"keyfob/internal/scriptedaws"
	"keyfob/internal/wire"
)

type awsOf struct{}

// newAWS is ECR, ECR Public and CodeArtifact, which know the keys of a home folder's role cache, and
// AKIAIOSFODNN7EXAMPLE with the secret "wJalrXUtnFEMI".
func newAWS(home string) *scriptedaws.Service {
	cached := scriptedaws.RoleCache(home)
	return &scriptedaws.Service{Clock: clock.System{}, Secret: func(id string, token wire.Secret) (wire.Secret, error) {
		if id == "AKIAIOSFODNN7EXAMPLE" && token == "" {
			return "wJalrXUtnFEMI", nil
		}
		return cached(id, token)
	}}
}

// cmdAWS starts the services and sets $AWS to their address.
func cmdAWS(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) > 0 {
		ts.Fatalf("usage: aws")
	}
	server := httptest.NewServer(ts.Value(awsOf{}).(*scriptedaws.Service))
	ts.Defer(server.Close)
	ts.Setenv("AWS", server.URL)
}

// cmdCalls checks that a call, without its access key, has reached the services of aws: calls SERVICE REGION LINE
func cmdCalls(ts *testscript.TestScript, neg bool, args []string) {
	s := ts.Value(awsOf{}).(*scriptedaws.Service)
	if len(args) != 3 {
		ts.Fatalf("usage: calls SERVICE REGION LINE")
	}
	found := slices.ContainsFunc(s.Calls(), func(c string) bool {
		return strings.HasPrefix(c, args[0]+" "+args[1]+" ") && strings.HasSuffix(c, " "+args[2])
	})
	if found == neg {
		ts.Fatalf("called were %q", s.Calls())
	}
}

// cmdVisit waits for a file that names a page, gets the page as a browser would, and leaves what it says in
// visit.out: visit FILE
func cmdVisit(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: visit FILE")
	}
	var page []byte
	for deadline := time.Now().Add(20 * time.Second); !strings.HasSuffix(string(page), "\n"); time.Sleep(10 * time.Millisecond) {
		page, _ = os.ReadFile(ts.MkAbs(args[0]))
		if time.Now().After(deadline) {
			ts.Fatalf("%s does not come", args[0])
		}
	}
	resp, err := http.Get(strings.TrimSpace(string(page))) //nolint:noctx // the script has its time
	check(ts, err)
	defer resp.Body.Close() //nolint:errcheck // it is only read
	b, err := io.ReadAll(resp.Body)
	check(ts, err)
	check(ts, os.WriteFile(ts.MkAbs("visit.out"), b, 0o600))
}
