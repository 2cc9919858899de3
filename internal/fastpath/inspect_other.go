//go:build !linux

package fastpath

import (
	"errors"
	"io/fs"
	"os"
)

// inspect looks at a file, following links. changed is when it last changed, in nanoseconds since 1970;
// ok is false for what is neither a regular file nor absent.
func inspect(path string) (l look, changed int64, ok bool) {
	st, err := os.Stat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return look{}, 0, true
	}
	if err != nil || !st.Mode().IsRegular() {
		return look{}, 0, false
	}
	changed = st.ModTime().UnixNano()
	id := identity(st)
	return look{1, id[0], id[1], uint64(st.Size()), uint64(changed), id[2]}, changed, true
}
