package main

import (
	"encoding/hex"
	"fmt"
	"strings"
	"testing"

	"keyfob/internal/center/audit"
)

// What verify printed is read as that, and nothing else is read as anything.
func FuzzParseKnown(f *testing.F) {
	good := "12:" + strings.Repeat("0a", 32)
	for _, s := range []string{good, " " + good + "\n", "", "12", "12:", ":", "-1:" + good, good + ":", good + "00", "0:" + good[3:], "99999999999999999999:" + good[3:]} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		k, err := parseKnown(s)
		if err != nil || k == (audit.Known{}) {
			return
		}
		again, err := parseKnown(fmt.Sprintf("%d:%s", k.Seq, hex.EncodeToString(k.Hash[:])))
		if err != nil || again != k || k.Seq < 1 {
			t.Errorf("%q is read as %+v, and that as %+v, %v", s, k, again, err)
		}
	})
}
