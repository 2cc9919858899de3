package referee

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"encoding/xml"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

var kubectl = tool{
	name: "kubectl",
	missing: func() string {
		if _, err := exec.LookPath("kubectl"); err != nil {
			return "no kubectl in PATH"
		}
		return ""
	},
	command: func(ctx context.Context, w *world, args []string) *exec.Cmd {
		return w.command(ctx, w.home, "kubectl", append([]string{"--kubeconfig", filepath.Join(w.home, "kubeconfig")}, args...))
	},
}

// cluster is the API of a Kubernetes cluster, as far as it wants to know who asks. It finds out as EKS does:
// the token is a presigned URL of STS's, which only counts with the cluster's own name.
func cluster(w *world, name string) *httptest.Server {
	center, err := url.Parse(w.URL)
	must(w.t, err)
	server := httptest.NewTLSServer(http.HandlerFunc(func(answer http.ResponseWriter, r *http.Request) {
		arn, err := whoAsks(r, center.Host, name)
		if err != nil {
			answer.Header().Set("Content-Type", "application/json")
			answer.WriteHeader(http.StatusUnauthorized)
			_ = json.NewEncoder(answer).Encode(map[string]any{"kind": "Status", "apiVersion": "v1", "status": "Failure", "message": err.Error(), "reason": "Unauthorized", "code": 401})
			return
		}
		_, _ = fmt.Fprintf(answer, `{"asks": %q}`, arn)
	}))
	w.t.Cleanup(server.Close)
	return server
}

func whoAsks(r *http.Request, sts, cluster string) (arn string, err error) {
	token, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer k8s-aws-v1.")
	if !ok {
		return "", fmt.Errorf("no token of EKS's")
	}
	plain, err := base64.RawURLEncoding.DecodeString(token)
	if err != nil {
		return "", err
	}
	u, err := url.Parse(string(plain))
	if err != nil {
		return "", err
	}
	q := u.Query()
	if u.Host != sts || u.Path != "/" || q.Get("Action") != "GetCallerIdentity" || !strings.Contains(";"+q.Get("X-Amz-SignedHeaders")+";", ";x-k8s-aws-id;") {
		return "", fmt.Errorf("not a call that proves anything: %s", u.Redacted())
	}
	call, err := http.NewRequestWithContext(r.Context(), http.MethodGet, u.String(), nil)
	if err != nil {
		return "", err
	}
	call.Header.Set("x-k8s-aws-id", cluster)
	resp, err := http.DefaultClient.Do(call)
	if err != nil {
		return "", err
	}
	defer resp.Body.Close() //nolint:errcheck // it is only read
	body, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode != http.StatusOK {
		return "", fmt.Errorf("STS says %s: %s, %w", resp.Status, body, err)
	}
	var who struct {
		Arn string `xml:"GetCallerIdentityResult>Arn"`
	}
	return who.Arn, xml.Unmarshal(body, &who)
}

// kubeconfig writes one that asks keyfob, in the place of the AWS CLI in what its update-kubeconfig writes.
func (w *world) kubeconfig(server *httptest.Server, version string, args ...string) {
	w.t.Helper()
	ca := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw})
	quoted, err := json.Marshal(args)
	must(w.t, err)
	text := fmt.Sprintf(`apiVersion: v1
kind: Config
clusters:
- name: prod
  cluster: {server: %q, certificate-authority-data: %s}
contexts:
- name: prod
  context: {cluster: prod, user: prod}
current-context: prod
users:
- name: prod
  user:
    exec:
      apiVersion: client.authentication.k8s.io/%s
      command: %s
      args: %s
      env: [{name: AWS_PROFILE, value: dev}]
      interactiveMode: IfAvailable
`, server.URL, base64.StdEncoding.EncodeToString(ca), version, filepath.Join(built.bin, "keyfob"), quoted)
	must(w.t, os.WriteFile(filepath.Join(w.home, "kubeconfig"), []byte(text), 0o600))
}

// TestKubectl: kubectl runs keyfob as its exec credential plugin.
func TestKubectl(t *testing.T) {
	t.Parallel()
	w := newWorld(t, kubectl)
	server := cluster(w, "prod")
	ask := []string{"get", "--raw", "/whoami"}

	// Signed out, a person who runs kubectl is told what to do.
	w.kubeconfig(server, "v1", "eks", "token", "--cluster-name", "prod")
	if r := w.fails(kubectl, ask...); !strings.Contains(r.stderr, "keyfob: hint: run keyfob sso login --sso-session example") {
		t.Errorf("%s", r.stderr)
	}
	w.login(keyfob, "--profile", "dev")
	for _, version := range []string{"v1", "v1beta1"} {
		w.kubeconfig(server, version, "--region", "us-east-1", "eks", "get-token", "--cluster-name", "prod", "--output", "json")
		if out := w.ok(kubectl, ask...); !strings.Contains(out, "assumed-role/AWSReservedSSO_AdministratorAccess_") || !strings.Contains(out, "/ada") {
			t.Errorf("%s: %s", version, out)
		}
	}
	// The token of one cluster is of no use with another.
	w.kubeconfig(server, "v1", "eks", "token", "--cluster-name", "test")
	if r := w.fails(kubectl, ask...); !strings.Contains(r.stdout+r.stderr, "SignatureDoesNotMatch") && !strings.Contains(r.stderr, "must be logged in") {
		t.Errorf("%s%s", r.stdout, r.stderr)
	}
}
