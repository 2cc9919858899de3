package referee

import (
	"encoding/base64"
	"net/http/httptest"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"keyfob/internal/clock"
	"keyfob/internal/scriptedaws"
)

// append adds lines to the config file.
func (w *world) append(lines string) {
	w.t.Helper()
	f, err := os.OpenFile(w.path("config"), os.O_APPEND|os.O_WRONLY, 0)
	must(w.t, err)
	_, err = f.WriteString(lines)
	must(w.t, err)
	must(w.t, f.Close())
}

// bareKeys is a profile without a region, whose keys do not expire.
const bareKeys = `
[profile bare]
aws_access_key_id = AKIAIOSFODNN7EXAMPLE
aws_secret_access_key = wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY
`

// What is presigned has the second in it in which it was made.
var signedAt = regexp.MustCompile(`X-Amz-Date=([0-9TZ]+)`)

// TestPresignedLikeAWSCLI: tokens that are presigned are the AWS CLI's to the byte, signature and all. The
// two are asked until both have answered within the same second.
func TestPresignedLikeAWSCLI(t *testing.T) {
	t.Parallel()
	w := newWorld(t, awsCLI)
	w.login(keyfob, "--profile", "dev")
	w.credentials(keyfob, "dev")
	w.append(bareKeys)
	for _, args := range []string{
		"eks get-token --cluster-name prod --profile dev",
		"eks get-token --cluster-name a_Cluster-1 --profile dev --region eu-west-1 --output json",
		"eks get-token --cluster-id 0f1e2d --profile bare --region cn-north-1",
		"eks get-token --cluster-name prod --profile bare",
		"rds generate-db-auth-token --hostname db.abc.eu-west-1.rds.amazonaws.com --port 5432 --username ada --profile dev",
		"rds generate-db-auth-token --hostname DB.example.com --port 3306 --username a+b/c=d@e.f&g --profile bare --region us-gov-west-1",
	} {
		t.Run(args, func(t *testing.T) {
			w := &world{w.center.in(t), w.home}
			at := func(out string) string {
				if token := regexp.MustCompile(`"k8s-aws-v1\.([^"]*)"`).FindStringSubmatch(out); token != nil {
					url, err := base64.RawURLEncoding.DecodeString(token[1])
					must(t, err)
					out = string(url) + regexp.MustCompile(`"expirationTimestamp": "[^"]*"`).FindString(out)
				}
				return signedAt.FindString(out)
			}
			for range 20 {
				theirs := w.ok(awsCLI, strings.Fields(args)...)
				ours := w.ok(keyfob, strings.Fields(args)...)
				if at(theirs) == "" {
					t.Fatalf("the AWS CLI signs nothing: %s", theirs)
				}
				if at(ours) != at(theirs) {
					continue
				}
				if ours != theirs && !sameButForExpiry(ours, theirs) {
					t.Errorf("keyfob prints\n%s\nthe AWS CLI\n%s", ours, theirs)
				}
				return
			}
			t.Error("never within the same second")
		})
	}
}

// sameButForExpiry: the AWS CLI takes the time twice, once to sign and once to say when that expires.
func sameButForExpiry(a, b string) bool {
	expiry := regexp.MustCompile(`"expirationTimestamp": "([^"]*)"`)
	ea, eb := expiry.FindStringSubmatch(a), expiry.FindStringSubmatch(b)
	if ea == nil || eb == nil {
		return false
	}
	ta, errA := time.Parse(time.RFC3339, ea[1])
	tb, errB := time.Parse(time.RFC3339, eb[1])
	return errA == nil && errB == nil && tb.Sub(ta).Abs() <= time.Second && expiry.ReplaceAllString(a, "") == expiry.ReplaceAllString(b, "")
}

// awsServices are ECR, ECR Public and CodeArtifact, which the world's config leads to. Their time stands still.
func (w *world) awsServices() *scriptedaws.Service {
	w.t.Helper()
	now := time.Now().Truncate(time.Second).Add(120 * time.Millisecond)
	s := &scriptedaws.Service{Clock: clock.NewFake(now), Secret: scriptedaws.RoleCache(w.home)}
	server := httptest.NewServer(s)
	w.t.Cleanup(server.Close)
	for _, service := range []string{"ecr", "ecr_public", "codeartifact", "signin"} {
		w.append(service + " =\n  endpoint_url = " + server.URL + "\n")
	}
	return s
}

// TestTokensLikeAWSCLI: services are asked what the AWS CLI asks them, and the answers are printed alike.
func TestTokensLikeAWSCLI(t *testing.T) {
	t.Parallel()
	w := newWorld(t, awsCLI)
	s := w.awsServices()
	w.login(keyfob, "--profile", "dev")
	w.credentials(keyfob, "dev")
	for _, args := range []string{
		"codeartifact get-authorization-token --domain tools --profile dev",
		"codeartifact get-authorization-token --domain tools --domain-owner 000000000042 --duration-seconds 900 --profile dev --region eu-west-1",
	} {
		if ours, theirs := w.ok(keyfob, strings.Fields(args)...), w.ok(awsCLI, strings.Fields(args)...); ours != theirs {
			t.Errorf("%s: keyfob prints\n%s\nthe AWS CLI\n%s", args, ours, theirs)
		}
	}
	for registry, password := range map[string]string{
		"000000000042.dkr.ecr.eu-west-1.amazonaws.com": "ecr get-login-password --region eu-west-1 --profile dev",
		"public.ecr.aws": "ecr-public get-login-password --region us-east-1 --profile dev",
	} {
		var got struct{ ServerURL, Username, Secret string }
		w.decode(w.okWith(registry, keyfob, "ecr", "docker-credential", "get", "--profile", "dev"), &got)
		if want := strings.TrimSpace(w.ok(awsCLI, strings.Fields(password)...)); got.Secret != want || got.Username != "AWS" || got.ServerURL != registry {
			t.Errorf("%+v; the AWS CLI prints %s", got, want)
		}
	}
	calls := s.Calls()
	slices.Sort(calls)
	if len(calls) != 8 {
		t.Fatalf("called %q", calls)
	}
	for i := 0; i < len(calls); i += 2 {
		if calls[i] != calls[i+1] {
			t.Errorf("called %s\nand    %s", calls[i], calls[i+1])
		}
	}
	args := strings.Fields("codeartifact get-authorization-token --domain unknown --profile dev")
	ours, theirs := w.fails(keyfob, args...), w.fails(awsCLI, args...)
	theirs.stderr = strings.Replace(theirs.stderr, " (reached max retries: 0)", "", 1)
	if ours.code != theirs.code || !strings.Contains(ours.stderr, strings.TrimSpace(theirs.stderr)) {
		t.Errorf("keyfob says %d %s\nthe AWS CLI %d %s", ours.code, ours.stderr, theirs.code, theirs.stderr)
	}
}
