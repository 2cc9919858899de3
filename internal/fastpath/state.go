package fastpath

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"hash"
)

// Sources names the cache files that an answer came from, without folder: the token's, below
// ~/.aws/sso/cache, and the role's, below ~/.aws/cli/cache. Both are 40 hexadecimal digits and ".json".
type Sources struct{ Token, Role string }

const (
	hexName = 40
	suffix  = ".json"
)

func (s Sources) valid() bool { return validName(s.Token) && validName(s.Role) }

func validName(name string) bool {
	return len(name) == hexName+len(suffix) && name[hexName:] == suffix && isHex(name[:hexName])
}

func isHex(s string) bool {
	for i := range len(s) {
		if c := s[i]; (c < '0' || c > '9') && (c < 'a' || c > 'f') {
			return false
		}
	}
	return true
}

// look is how one file is: numbers that differ when it does. The first is 0 for a file that is not there.
type look [6]uint64

// state is how the config file, the credentials file, the token and the role's credentials are, in this
// order. changed is when each last changed, in nanoseconds since 1970.
type state struct {
	looks   [4]look
	changed [4]int64
}

const (
	configs = 2 // the first so many are files that people edit, and may be missing
	role    = 3
)

// look looks at the files; ok is false if one cannot be told apart from what it was, or is missing.
func (q Question) look(s Sources) (st state, ok bool) {
	for i, path := range [...]string{
		q.config, q.credentials, q.home + "/.aws/sso/cache/" + s.Token, q.home + "/.aws/cli/cache/" + s.Role,
	} {
		if st.looks[i], st.changed[i], ok = inspect(path); !ok || i >= configs && st.looks[i][0] == 0 {
			return state{}, false
		}
	}
	return st, true
}

// digest binds an answer to everything that it came from.
func (q Question) digest(s Sources, looks [4]look, until string, answer []byte) string {
	h := sha256.New()
	q.hash(h)
	write(h, s.Token)
	write(h, s.Role)
	for _, l := range looks {
		for _, n := range l {
			var b [8]byte
			binary.LittleEndian.PutUint64(b[:], n)
			h.Write(b[:])
		}
	}
	write(h, until)
	h.Write(answer)
	return hex.EncodeToString(h.Sum(nil))
}

func (q Question) hash(h hash.Hash) {
	for _, f := range q.facts {
		write(h, f)
	}
}

// write adds a text with its length, so that no two lists of texts are the same bytes.
func write(h hash.Hash, s string) {
	var n [8]byte
	binary.LittleEndian.PutUint64(n[:], uint64(len(s)))
	h.Write(n[:])
	h.Write([]byte(s))
}
