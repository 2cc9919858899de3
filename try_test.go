package keyfob_test

import (
	"os"
	"os/exec"
	"strings"
	"testing"
)

// What `make try` runs does the main job by itself and leaves nothing behind.
func TestTry(t *testing.T) {
	tmp := t.TempDir()
	c := exec.Command("go", "run", "./internal/try", "-bin", bin, "-yes")
	c.Env = append(os.Environ(), "TMPDIR="+tmp, "AWS_PROFILE=of-somebody-else", "AWS_ACCESS_KEY_ID=x")
	out, err := c.CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	for _, want := range []string{
		"Successfully logged into Start URL: http://127.0.0.1:", `"Account": "111111111111"`,
		"assumed-role/AWSReservedSSO_AdministratorAccess_", "Successfully signed out of all SSO profiles.",
	} {
		if !strings.Contains(string(out), want) {
			t.Errorf("%q is not in\n%s", want, out)
		}
	}
	left, err := os.ReadDir(tmp)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range left {
		t.Errorf("%s is left behind", f.Name())
	}
}
