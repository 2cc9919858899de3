package keyfob_test

import (
	"encoding/json"
	"errors"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/rogpeppe/go-internal/testscript"

	"keyfob/internal/clock"
	"keyfob/internal/scriptedaws"
	"keyfob/internal/wire"
)

type awsOf struct{}

// newAWS is ECR, ECR Public and CodeArtifact, which know the keys of a home folder's role cache, and
// AKIAIOSFODNN7EXAMPLE with the secret "wJalrXUtnFEMI".
func newAWS(home string) *scriptedaws.Service {
	return &scriptedaws.Service{Clock: clock.System{}, Secret: func(id string, token wire.Secret) (wire.Secret, error) {
		if id == "AKIAIOSFODNN7EXAMPLE" && token == "" {
			return "wJalrXUtnFEMI", nil
		}
		return cachedSecret(home, id, token)
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

// cachedSecret returns the secret that role credentials in the cache of a home folder have.
func cachedSecret(home, id string, token wire.Secret) (wire.Secret, error) {
	files, _ := filepath.Glob(filepath.Join(home, ".aws/cli/cache/*.json"))
	for _, f := range files {
		b, err := os.ReadFile(f)
		if err != nil {
			return "", err
		}
		var doc struct {
			Credentials struct {
				AccessKeyID     string `json:"AccessKeyId"`
				SecretAccessKey wire.Secret
				SessionToken    wire.Secret
			}
		}
		if json.Unmarshal(b, &doc) == nil && doc.Credentials.AccessKeyID == id && doc.Credentials.SessionToken == token {
			return doc.Credentials.SecretAccessKey, nil
		}
	}
	return "", errors.New("nobody has such keys")
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
