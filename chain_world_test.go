package keyfob_test

import (
	"net/http/httptest"
	"os"
	"strings"

	"github.com/rogpeppe/go-internal/testscript"

	"keyfob/internal/scriptedsts"
)

// cmdSTS starts an STS that does whatever it is told, as AWS_ENDPOINT_URL_STS; the same address is a
// container's service (/container) and an instance's. Then, "sts log" writes the file sts.log, which has
// a line for each call.
func cmdSTS(ts *testscript.TestScript, neg bool, args []string) {
	if !neg && len(args) == 1 && args[0] == "log" {
		calls := ts.Value(stsOf{}).(*scriptedsts.Service).Calls()
		check(ts, os.WriteFile(ts.MkAbs("sts.log"), []byte(strings.Join(calls, "\n")+"\n"), 0o600))
		return
	}
	if neg || len(args) > 0 {
		ts.Fatalf("usage: sts [log]")
	}
	s := httptest.NewServer(ts.Value(stsOf{}).(*scriptedsts.Service).Handler())
	ts.Defer(s.Close)
	ts.Setenv("AWS_ENDPOINT_URL_STS", s.URL)
}

// stsOf is the key of a script's STS.
type stsOf struct{}
