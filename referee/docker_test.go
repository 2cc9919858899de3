package referee

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/docker/docker-credential-helpers/client"
	"github.com/docker/docker-credential-helpers/credentials"

	"keyfob/internal/scriptedaws"
)

const (
	private = "000000000042.dkr.ecr.eu-west-1.amazonaws.com"
	public  = "public.ecr.aws"
)

// helpers makes a folder with the links that Docker finds keyfob by.
func (w *world) helpers() string {
	w.t.Helper()
	dir := filepath.Join(w.home, "helpers")
	must(w.t, os.Mkdir(dir, 0o700))
	for _, name := range []string{"docker-credential-keyfob", "docker-credential-keyfob-look"} {
		must(w.t, os.Symlink(filepath.Join(built.bin, "keyfob"), filepath.Join(dir, name)))
	}
	return dir
}

// program is a helper as Docker's own library runs it, in the world's environment.
type program struct{ *exec.Cmd }

// Input implements client.Program.
func (p program) Input(in io.Reader) { p.Stdin = in }

// TestDockerHelper: Docker's library gets, stores, erases and lists.
func TestDockerHelper(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.awsServices()
	w.login(keyfob, "--profile", "dev")
	dir := w.helpers()
	helper := func(name string) client.ProgramFunc {
		return func(args ...string) client.Program {
			return program{w.command(t.Context(), w.home, filepath.Join(dir, name), args)}
		}
	}
	look := helper("docker-credential-keyfob-look")
	for server, region := range map[string]string{private: "eu-west-1", "https://" + private: "eu-west-1", public: "us-east-1"} {
		got, err := client.Get(look, server)
		must(t, err)
		if got.ServerURL != server || got.Username != "AWS" || got.Secret != scriptedaws.Password(region) {
			t.Errorf("%+v", got)
		}
	}
	for _, server := range []string{"https://index.docker.io/v1/", "ghcr.io", private + ".example.com"} {
		if got, err := client.Get(look, server); !credentials.IsErrCredentialsNotFound(err) {
			t.Errorf("%s: %+v, %v", server, got, err)
		}
	}
	if _, err := client.Get(look, ""); !credentials.IsCredentialsMissingServerURL(err) && !strings.Contains(err.Error(), "no credentials server URL") {
		t.Errorf("%v", err)
	}
	must(t, client.Store(look, &credentials.Credentials{ServerURL: private, Username: "AWS", Secret: "x"}))
	must(t, client.Erase(look, private))
	if kept, err := client.List(look); err != nil || len(kept) != 0 {
		t.Errorf("%v, %v", kept, err)
	}
	w.ok(keyfob, "sso", "logout")
	if _, err := client.Get(look, private); err == nil || !strings.Contains(err.Error(), "run keyfob sso login --sso-session example") {
		t.Errorf("%v", err)
	}
}

var docker = tool{
	name: "docker",
	missing: func() string {
		if _, err := exec.LookPath("docker"); err != nil {
			return "no docker in PATH"
		}
		return ""
	},
	command: func(ctx context.Context, w *world, args []string) *exec.Cmd {
		return w.command(ctx, w.home, "docker", args)
	},
}

// daemon is as much of Docker's as a pull asks for. It keeps what it was sent to sign in with.
type daemon struct {
	mu   sync.Mutex
	auth map[string]string // password by image
}

// ServeHTTP implements http.Handler.
func (d *daemon) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Api-Version", "1.43")
	w.Header().Set("Content-Type", "application/json")
	switch {
	case strings.HasSuffix(r.URL.Path, "/images/create"):
		var auth struct{ Username, Password string }
		if b, err := base64.URLEncoding.DecodeString(r.Header.Get("X-Registry-Auth")); err == nil {
			_ = json.Unmarshal(b, &auth)
		}
		d.mu.Lock()
		d.auth[r.URL.Query().Get("fromImage")] = auth.Username + " " + auth.Password
		d.mu.Unlock()
		_, _ = io.WriteString(w, `{"status":"pulled"}`)
	case !strings.HasSuffix(r.URL.Path, "/_ping"):
		_, _ = io.WriteString(w, `{}`)
	}
}

// TestDockerPull: the docker command signs in to registries with keyfob, and to no others.
func TestDockerPull(t *testing.T) {
	t.Parallel()
	w := newWorld(t, docker)
	w.awsServices()
	w.login(keyfob, "--profile", "dev")
	dir := w.helpers()
	d := &daemon{auth: map[string]string{}}
	server := httptest.NewServer(d)
	t.Cleanup(server.Close)
	folder := filepath.Join(w.home, ".docker")
	must(t, os.Mkdir(folder, 0o700))
	must(t, os.WriteFile(filepath.Join(folder, "config.json"), []byte(`{"credsStore": "keyfob", "credHelpers": {"`+private+`": "keyfob-look"}}`), 0o600))
	run := tool{name: "docker", command: func(ctx context.Context, w *world, args []string) *exec.Cmd {
		c := docker.command(ctx, w, args)
		c.Env = append(c.Env, "DOCKER_HOST=tcp://"+strings.TrimPrefix(server.URL, "http://"), "PATH="+dir+":/usr/local/bin:/usr/bin:/bin", "AWS_PROFILE=dev")
		return c
	}}
	for _, image := range []string{private + "/app", public + "/docker/library/alpine", "alpine"} {
		w.ok(run, "pull", image+":1")
	}
	for image, want := range map[string]string{
		private + "/app": "AWS " + scriptedaws.Password("eu-west-1"), public + "/docker/library/alpine": "AWS " + scriptedaws.Password("us-east-1"),
	} {
		if d.auth[image] != want {
			t.Errorf("%s is pulled as %q", image, d.auth[image])
		}
	}
	for image, auth := range d.auth {
		if strings.HasSuffix(image, "alpine") && !strings.HasPrefix(image, public) && auth != " " {
			t.Errorf("%s is pulled as %q", image, auth)
		}
	}
	if len(d.auth) != 3 {
		t.Errorf("pulled %q", d.auth)
	}
	// Signed out: the docker command goes on without a password, or stops; in either case it gives none.
	w.ok(keyfob, "sso", "logout")
	clear(d.auth)
	if r := w.run(run, "pull", private+"/app:1"); !strings.Contains(r.stderr, "run keyfob sso login --sso-session example") || d.auth[private+"/app"] != "" && d.auth[private+"/app"] != " " {
		t.Errorf("%d %s%s, %q", r.code, r.stdout, r.stderr, d.auth)
	}
}
