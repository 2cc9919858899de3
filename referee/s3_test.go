package referee

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	"github.com/johannesboyne/gofakes3"
	"github.com/johannesboyne/gofakes3/backend/s3mem"
)

// storage is a service like S3 that takes requests signed with one set of credentials only.
type storage struct {
	t       *testing.T
	service http.Handler

	mu    sync.Mutex
	takes keys
	seen  int
}

func newStorage(t *testing.T) (*storage, string) {
	s := &storage{t: t, service: gofakes3.New(s3mem.New()).Server()}
	server := httptest.NewServer(s)
	t.Cleanup(server.Close)
	return s, server.URL
}

func (s *storage) only(k keys) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.takes, s.seen = k, 0
}

// ServeHTTP implements [http.Handler].
func (s *storage) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	s.seen++
	err := signedWith(s.takes, r)
	s.mu.Unlock()
	if err != nil {
		s.t.Errorf("%s %s: %v", r.Method, r.URL, err)
		w.WriteHeader(http.StatusForbidden)
		return
	}
	s.service.ServeHTTP(w, r)
}

// signedWith signs the request once more, by AWS's own library, and compares.
func signedWith(k keys, r *http.Request) error {
	got := r.Header.Get("Authorization")
	_, rest, _ := strings.Cut(got, "SignedHeaders=")
	signed, _, _ := strings.Cut(rest, ",")
	again := r.Clone(r.Context())
	again.Body, again.Header = http.NoBody, http.Header{}
	again.URL.Host, again.ContentLength = r.Host, 0
	for _, h := range strings.Split(signed, ";") {
		if v, ok := r.Header[http.CanonicalHeaderKey(h)]; ok {
			again.Header[http.CanonicalHeaderKey(h)] = v
		}
		if h == "content-length" {
			again.ContentLength = r.ContentLength
		}
	}
	if k.SessionToken == "" || r.Header.Get("X-Amz-Security-Token") != k.SessionToken {
		return errors.New("another session token")
	}
	at, err := time.Parse("20060102T150405Z", r.Header.Get("X-Amz-Date"))
	if err != nil {
		return err
	}
	signer := v4.NewSigner(func(o *v4.SignerOptions) { o.DisableURIPathEscaping = true })
	creds := aws.Credentials{AccessKeyID: k.AccessKeyID, SecretAccessKey: k.SecretAccessKey, SessionToken: k.SessionToken}
	if err := signer.SignHTTP(r.Context(), creds, again, r.Header.Get("X-Amz-Content-Sha256"), "s3", "us-east-1", at); err != nil {
		return err
	}
	if want := again.Header.Get("Authorization"); got != want {
		return errors.New("signed as " + got + "\nwant " + want)
	}
	return nil
}

// TestTutorial is the tutorial of the AWS CLI's user guide: sign in, use S3, sign out. keyfob signs in and
// out, the AWS CLI uses S3, first by keyfob's sign-in and then by keyfob as a credential_process.
func TestTutorial(t *testing.T) {
	t.Parallel()
	w := newWorld(t, awsCLI)
	s, url := newStorage(t)
	b, err := os.ReadFile(w.path("config"))
	must(t, err)
	config := strings.ReplaceAll(string(b), "[services example]\n", "[services example]\ns3 =\n  endpoint_url = "+url+"\n")
	config += "\n[profile by-process]\nregion = us-east-1\nservices = example\ncredential_process = " + w.insideKeyfob() + " process --profile dev\n"
	must(t, os.WriteFile(w.path("config"), []byte(config), 0o600))
	must(t, os.WriteFile(filepath.Join(w.home, "file.txt"), []byte("hello\n"), 0o600))

	for profile, after := range map[string]string{"dev": "Error loading SSO Token", "by-process": "keyfob sso login"} {
		w.login(keyfob, "--profile", "dev")
		s.only(w.credentials(keyfob, "dev"))
		with := func(args ...string) []string { return append(args, "--profile", profile) }
		for _, step := range []struct{ args, says string }{
			{"s3 mb s3://amzn-s3-demo-bucket", "make_bucket: amzn-s3-demo-bucket\n"},
			{"s3 ls", " amzn-s3-demo-bucket\n"},
			{"s3 cp " + w.inside() + "/file.txt s3://amzn-s3-demo-bucket", "upload: "},
			{"s3 ls s3://amzn-s3-demo-bucket", " 6 file.txt\n"},
			{"s3 cp s3://amzn-s3-demo-bucket/file.txt -", "hello\n"},
			{"s3 rm s3://amzn-s3-demo-bucket/file.txt", "delete: s3://amzn-s3-demo-bucket/file.txt\n"},
			{"s3 rb s3://amzn-s3-demo-bucket", "remove_bucket: amzn-s3-demo-bucket\n"},
		} {
			if said := w.ok(awsCLI, with(strings.Fields(step.args)...)...); !strings.Contains(said, step.says) {
				t.Errorf("aws %s --profile %s: %q", step.args, profile, said)
			}
		}
		if s.seen < 7 {
			t.Errorf("%d requests", s.seen)
		}
		w.ok(keyfob, "sso", "logout")
		if r := w.fails(awsCLI, with("s3", "ls")...); !strings.Contains(r.stderr, after) {
			t.Errorf("after the sign-out: %s", r.stderr)
		}
	}
}
