package referee

import "testing"

func TestAWSCLISignsInWithCode(t *testing.T) {
	t.Parallel()
	w := newWorld(t, awsCLI)
	w.login(awsCLI, "--profile", "dev")
	t.Log(w.ok(awsCLI, "sts", "get-caller-identity", "--profile", "dev"))
}
