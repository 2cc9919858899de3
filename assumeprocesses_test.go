package keyfob_test

import (
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"keyfob/internal/clock"
	"keyfob/internal/scriptedsts"
)

// Many processes want the same role at once: one assumes it, all have it.
func TestManyProcessesOneAssumeRole(t *testing.T) {
	h := home{dir: t.TempDir(), c: &center{}}
	if err := os.MkdirAll(filepath.Join(h.dir, ".aws"), 0o700); err != nil {
		t.Fatal(err)
	}
	config := "[profile deep]\nrole_arn = arn:aws:iam::1:role/deep\nsource_profile = prod\nregion = us-east-1\n" +
		"[profile prod]\nrole_arn = arn:aws:iam::1:role/prod\nsource_profile = prod\naws_access_key_id = AKIA\naws_secret_access_key = s\n" +
		"[profile top]\nrole_arn = arn:aws:iam::1:role/top\nsource_profile = deep\nregion = us-east-1\n"
	if err := os.WriteFile(filepath.Join(h.dir, ".aws", "config"), []byte(config), 0o600); err != nil {
		t.Fatal(err)
	}
	service := &scriptedsts.Service{Clock: clock.System{}}
	sts := httptest.NewServer(service.Handler())
	defer sts.Close()
	var wg sync.WaitGroup
	for range 32 {
		wg.Go(func() {
			c := h.keyfob(t.Context(), "configure", "export-credentials", "--profile", "top")
			c.Env = append(c.Env, "AWS_ENDPOINT_URL_STS="+sts.URL)
			if out, err := c.Output(); err != nil || !strings.Contains(string(out), `"AccessKeyId": "ASIA2"`) {
				t.Errorf("%v: %s", err, out)
			}
		})
	}
	wg.Wait()
	// A source_profile with keys of its own ends the chain there: prod's role is not assumed on the way.
	if calls := service.Calls(); len(calls) != 2 || !strings.Contains(calls[0], "by AKIA ") || !strings.Contains(calls[1], "by ASIA1 ") {
		t.Errorf("calls:\n%s", strings.Join(calls, "\n"))
	}
}
