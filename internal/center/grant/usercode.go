package grant

import (
	"io"
	"strings"
)

// userCodeAlphabet has no vowels, so that no code spells a word, and nothing that looks like
// something else in it. 8 of its 20 letters are 34.6 bits (RFC 8628 section 6.1).
const userCodeAlphabet = "BCDFGHJKLMNPQRSTVWXZ"

const userCodeLength = 8

func newUserCode(random io.Reader) (string, error) {
	// 240 is the largest multiple of 20 in a byte; what is above would favour some letters.
	const fair = 256 / len(userCodeAlphabet) * len(userCodeAlphabet)
	code := make([]byte, 0, userCodeLength)
	var b [1]byte
	for len(code) < userCodeLength {
		if _, err := io.ReadFull(random, b[:]); err != nil {
			return "", err
		}
		if int(b[0]) < fair {
			code = append(code, userCodeAlphabet[int(b[0])%len(userCodeAlphabet)]) // #nosec G602 -- a remainder
		}
	}
	return string(code), nil
}

// showUserCode is the form a person reads and compares: "BCDF-GHJK".
func showUserCode(code string) string {
	return code[:userCodeLength/2] + "-" + code[userCodeLength/2:]
}

// normaliseUserCode returns the code in what a person typed: in either case, with or without blanks
// and dashes.
func normaliseUserCode(typed string) (string, bool) {
	if len(typed) > 4*userCodeLength {
		return "", false
	}
	code := strings.ToUpper(strings.Map(func(c rune) rune {
		if strings.ContainsRune(" -\t\r\n", c) {
			return -1
		}
		return c
	}, typed))
	return code, len(code) == userCodeLength && strings.Trim(code, userCodeAlphabet) == ""
}
