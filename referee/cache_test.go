package referee

import (
	"crypto/sha1"
	"encoding/hex"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// keys are role credentials, as each tool prints them.
type keys struct{ AccessKeyID, SecretAccessKey, SessionToken string }

// credentials gets a profile's credentials from a tool.
func (w *world) credentials(tool tool, profile string) (k keys) {
	w.t.Helper()
	args := []string{"credentials", profile}
	if !tool.sdk {
		args = []string{"configure", "export-credentials", "--profile", profile}
	}
	w.decode(w.ok(tool, args...), &k)
	if !strings.HasPrefix(k.AccessKeyID, "ASIA") || k.SecretAccessKey == "" || k.SessionToken == "" {
		w.t.Errorf("%s has credentials of %s that are none: %q", tool.name, profile, k.AccessKeyID)
	}
	return k
}

// identifies lets a tool ask STS whose credentials a profile's are. The answer must be ada's role.
func (w *world) identifies(tool tool, profile, account, role string) {
	w.t.Helper()
	var who struct{ Account, Arn, UserID string }
	w.decode(w.ok(tool, identity(tool, profile)...), &who)
	prefix := "arn:aws:sts::" + account + ":assumed-role/AWSReservedSSO_" + role + "_"
	if who.Account != account || !strings.HasPrefix(who.Arn, prefix) || !strings.HasSuffix(who.Arn, "/ada") || !strings.HasSuffix(who.UserID, ":ada") {
		w.t.Errorf("%s is %+v in %s; want %s as ada in %s", tool.name, who, profile, role, account)
	}
}

func identity(tool tool, profile string) []string {
	if tool.sdk {
		return []string{"identity", profile}
	}
	return []string{"sts", "get-caller-identity", "--profile", profile}
}

func (w *world) decode(text string, into any) {
	w.t.Helper()
	if err := json.Unmarshal([]byte(text), into); err != nil {
		w.t.Fatalf("%v: %s", err, text)
	}
}

// token is a token file.
type token struct {
	AccessToken, RefreshToken, ExpiresAt, StartURL, Region, ClientID, ClientSecret string
}

// tokenPath is where the token of a session or a start URL is cached.
func (w *world) tokenPath(key string) string {
	sum := sha1.Sum([]byte(key))
	return w.path("sso", "cache", hex.EncodeToString(sum[:])+".json")
}

func (w *world) token(key string) (t token) {
	w.t.Helper()
	b, err := os.ReadFile(w.tokenPath(key))
	must(w.t, err)
	w.decode(string(b), &t)
	if t.AccessToken == "" || t.ExpiresAt == "" {
		w.t.Fatalf("the token file of %s holds no token", key)
	}
	return t
}

// expire makes a cached token look old to clients; the center still takes it.
func (w *world) expire(key string) {
	w.t.Helper()
	fields := map[string]any{}
	b, err := os.ReadFile(w.tokenPath(key))
	must(w.t, err)
	w.decode(string(b), &fields)
	fields["expiresAt"] = "2020-01-01T00:00:00Z"
	b, err = json.Marshal(fields)
	must(w.t, err)
	must(w.t, os.WriteFile(w.tokenPath(key), b, 0o600))
	w.forgetRoles()
}

// forgetRoles removes cached role credentials, so that a tool has to fetch some.
func (w *world) forgetRoles() {
	w.t.Helper()
	must(w.t, os.RemoveAll(w.path("cli", "cache")))
}

// files lists the cached files of tokens, registrations and role credentials, without the copies of the
// latter that only keyfob reads.
func (w *world) files() []string {
	w.t.Helper()
	return slices.DeleteFunc(w.everyFile(), func(f string) bool { return strings.HasPrefix(f, "cli/cache/keyfob-") })
}

func (w *world) everyFile() []string {
	w.t.Helper()
	var all []string
	for _, dir := range []string{"sso/cache", "cli/cache"} {
		found, err := filepath.Glob(w.path(dir, "*.json"))
		must(w.t, err)
		for _, f := range found {
			all = append(all, dir+"/"+filepath.Base(f))
		}
	}
	slices.Sort(all)
	return all
}
