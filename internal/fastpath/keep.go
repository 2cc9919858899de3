package fastpath

import (
	"bytes"
	"strconv"
)

// Watch is how the shared files were before they were read.
type Watch struct{ looks [configs]look }

// Watch looks at the shared files. It is called before they are read.
func (q Question) Watch() (w Watch) {
	for i, path := range [...]string{q.config, q.credentials} {
		if l, _, ok := inspect(path); ok {
			w.looks[i] = l
		} else {
			w.looks[i] = look{2} // equal to nothing
		}
	}
	return w
}

// settle is how long a file must have been left alone before its times tell a change from no change: file
// systems tick coarsely, and two writes within a tick look like one.
const settle = 50e6 // nanoseconds

// Kept returns a file, to be put into ~/.aws/cli/cache under its name, that makes [Question.Answer]
// return the document until the given second (Unix time). The document is a JSON object and ends in a
// newline. now is in nanoseconds since 1970.
//
// ok is false when that cannot be safe: when the shared files are not what w saw, when a file changed so
// recently that its next change might not show, or when same, which looks once more whether the document
// is what the files say, denies it.
func (q Question) Kept(w Watch, s Sources, document []byte, until, now int64, same func() bool) (name string, content []byte, ok bool) {
	before, ok := q.look(s)
	if !ok || [configs]look(before.looks[:configs]) != w.looks || !s.valid() {
		return "", nil, false
	}
	for i, changed := range before.changed {
		// The role's file was written by this call, perhaps. Who else writes it does so for the same role
		// and sign-in.
		if i != role && now-changed < settle {
			return "", nil, false
		}
	}
	if !same() {
		return "", nil, false
	}
	if after, ok := q.look(s); !ok || after.looks != before.looks {
		return "", nil, false
	}
	answer, ok := bytes.CutSuffix(document, []byte("\n"))
	seconds := strconv.FormatInt(until, 10)
	if !ok || len(answer) < 2 || answer[0] != '{' || answer[len(answer)-1] != '}' || len(seconds) != untilDigits || len(answer) > maxFile-atBody-1 {
		return "", nil, false
	}
	file := make([]byte, 0, atBody+len(document))
	file = append(file, opening...)
	file = append(file, seconds...)
	for _, part := range []string{s.Token[:hexName], s.Role[:hexName], q.digest(s, before.looks, seconds, answer)} {
		file = append(append(file, ' '), part...)
	}
	file = append(file, middle...)
	file = append(file, answer...)
	return q.Name(), append(file, '}'), true
}
