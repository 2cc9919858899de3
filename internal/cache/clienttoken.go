package cache

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"keyfob/internal/wire"
)

// ClientTokenFile is the name of the file that [WriteClientToken] writes.
const ClientTokenFile = "token"

// WriteClientToken keeps the token of a client of a credential server in a folder of the client's own, which
// a container can be given, below one that nobody else may write to. There is no line end: SDKs send what
// the file holds. remove takes both away again.
func WriteClientToken(below, client string, token wire.Secret) (path string, remove func(), err error) {
	if err := os.MkdirAll(below, 0o700); err != nil {
		return "", nil, fmt.Errorf("cannot make the folder %s: %w", below, bare(err))
	}
	st, err := os.Stat(below)
	if err != nil {
		return "", nil, err
	}
	if enforceModes && st.Mode().Perm()&0o022 != 0 {
		return "", nil, fmt.Errorf("others can write to the folder %s", below)
	}
	d := dir{path: filepath.Join(below, client)}
	if st, err := os.Lstat(d.path); err == nil && !st.IsDir() || err != nil && !errors.Is(err, fs.ErrNotExist) {
		return "", nil, fmt.Errorf("%s is no folder", d.path)
	}
	if err := d.write(ClientTokenFile, []byte(token.Reveal())); err != nil {
		return "", nil, err
	}
	return filepath.Join(d.path, ClientTokenFile), func() {
		_ = d.remove(ClientTokenFile)
		_ = os.Remove(d.path)
	}, nil
}
