package fastpath

import (
	"crypto/sha256"
	"encoding/hex"
	"strconv"
)

// A kept answer is, to every other program, one more of the AWS CLI's files of role credentials, so that
// `aws sso logout` removes it too. All but the credentials is at fixed places:
//
//	{"ProviderType": "sso", "Keyfob": "1 UNTIL TOKEN ROLE DIGEST", "Credentials": {…}}
//
// UNTIL is the last second in which it may be served, in Unix time; TOKEN and ROLE are the names of the
// files it came from; DIGEST is the SHA-256 of the question, the files' states and the answer. The
// credentials are the bytes to print.
const (
	prefix  = "keyfob-"
	opening = `{"ProviderType": "sso", "Keyfob": "1 `
	middle  = `", "Credentials": `

	untilDigits  = 10
	digestDigits = 2 * sha256.Size

	atUntil  = len(opening)
	atToken  = atUntil + untilDigits + 1
	atRole   = atToken + hexName + 1
	atDigest = atRole + hexName + 1
	atMiddle = atDigest + digestDigits
	atBody   = atMiddle + len(middle)

	// maxFile is ten times the largest real one.
	maxFile = 64 << 10
)

// Name is the file, below ~/.aws/cli/cache, that answers the question, if there is one.
func (q Question) Name() string {
	h := sha256.New()
	q.hash(h)
	return prefix + hex.EncodeToString(h.Sum(nil)[:16]) + suffix
}

// Answer returns what to print, or false when the long way has to be gone. now is in nanoseconds since
// 1970.
func (q Question) Answer(now int64) ([]byte, bool) {
	b, ok := readOwn(q.home + "/.aws/cli/cache/" + q.Name())
	if !ok || len(b) <= atBody+1 {
		return nil, false
	}
	head, last := string(b[:atBody]), len(b)-1
	h, ok := readHead(head)
	if !ok || b[last] != '}' || now/1e9 > h.until {
		return nil, false
	}
	st, ok := q.look(h.sources)
	if !ok || q.digest(h.sources, st.looks, head[atUntil:atToken-1], b[atBody:last]) != h.digest {
		return nil, false
	}
	b[last] = '\n'
	return b[atBody:], true
}

type head struct {
	until   int64 // Unix time
	sources Sources
	digest  string
}

func readHead(s string) (h head, ok bool) {
	if s[:atUntil] != opening || s[atMiddle:] != middle || s[atToken-1] != ' ' || s[atRole-1] != ' ' || s[atDigest-1] != ' ' {
		return head{}, false
	}
	until, err := strconv.ParseInt(s[atUntil:atToken-1], 10, 64)
	h = head{until, Sources{s[atToken:atRole-1] + suffix, s[atRole:atDigest-1] + suffix}, s[atDigest:atMiddle]}
	return h, err == nil && until > 0 && h.sources.valid()
}
