package attacks

import (
	"strings"
	"testing"

	"keyfob/centertest"
)

// The scripts' own browser gets in with the right password only; a script that finds a closed door
// must not have knocked at the wrong one.
func TestBrowserSignsIn(t *testing.T) {
	center := centertest.New(t)
	a := newBrowser(t).signIn(center.URL+"/start", "ada", centertest.Password)
	if a.StatusCode != 200 || !strings.Contains(a.body, "Production") {
		t.Errorf("%d %s", a.StatusCode, a.body)
	}
	a = newBrowser(t).signIn(center.URL+"/start", "ada", "wrong")
	if strings.Contains(a.body, "Production") {
		t.Error("signed in with a wrong password")
	}
}
