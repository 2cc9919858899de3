package centertest_test

import (
	"fmt"
	"os/exec"
	"testing"

	"keyfob/centertest"
)

// A program that signs in on a device code is run against a center; the test is its user.
func ExampleNew() {
	var t *testing.T // of the test that this is in

	center := centertest.New(t)
	program := exec.Command("aws", "sts", "get-caller-identity", "--profile", "dev")
	program.Env = center.Home(t, centertest.Profile{Name: "dev", AccountID: "000000000042", RoleName: "ReadOnlyAccess"})

	// … the program prints a code, which the test reads …
	if err := center.ApproveDevice("grace", "BCDF-GHJK"); err != nil {
		t.Fatal(err)
	}
	for _, r := range center.Requests() {
		fmt.Println(r.Operation, r.Status)
	}
}
