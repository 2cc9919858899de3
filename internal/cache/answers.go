package cache

import (
	"strconv"
	"strings"
	"time"

	"keyfob/internal/credentials"
)

// Answers that package fastpath prints are kept among the role credentials, as files that look like them
// to every other program. Their member "Keyfob" says, in words: a version, until when they serve (Unix
// time), the token's file, the role's file, a digest.
const (
	answerPrefix = "keyfob-"
	answerMember = "Keyfob"
)

// RoleFile is the name of the cache file of a role's credentials.
func RoleFile(r credentials.Role) string { return roleName(r) }

// AssumedFile is the name of the cache file of an assumed role's credentials.
func AssumedFile(r credentials.AssumedRole) string { return assumedName(r) }

// sweepSome is how many answers are looked at when one is kept: a call must not take longer the more
// profiles somebody has.
const sweepSome = 64

// KeepAnswer keeps an answer, and removes some that are of no use any more.
func (f *Files) KeepAnswer(name string, content []byte, now time.Time) error {
	err := f.cli.writeSoon(name, content) // package fastpath checks what it reads
	f.sweepAnswers(now, sweepSome)
	return err
}

// SweepAnswers removes every answer that can no longer be given: because it is too old, or because the
// files that it came from are gone. They would be credentials without a use.
func (f *Files) SweepAnswers(now time.Time) { f.sweepAnswers(now, 1<<30) }

func (f *Files) sweepAnswers(now time.Time, most int) {
	names, _ := f.cli.names()
	for _, name := range names {
		if !strings.HasPrefix(name, answerPrefix) {
			continue
		}
		if most--; most < 0 {
			return
		}
		words := strings.Fields(f.existing(f.cli, name).text(answerMember))
		if len(words) == 5 && f.serves(words, now) {
			continue
		}
		_ = f.cli.remove(name) // it is not given out all the same
	}
}

func (f *Files) serves(words []string, now time.Time) bool {
	until, err := strconv.ParseInt(words[1], 10, 64)
	return err == nil && now.Unix() <= until && f.sso.holds(words[2]+".json") && f.cli.holds(words[3]+".json")
}
