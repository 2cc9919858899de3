package labca

import (
	"crypto/ecdsa"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
)

// Names of the files in an authority's folder.
const (
	CertName = "ca.pem"
	keyName  = "ca-key.pem"
)

// Save writes the authority into a new folder, or one that has none yet (os.ErrExist): ca.pem, which
// everybody may read, and ca-key.pem, which nobody else may (0600).
func (a *Authority) Save(dir string) error {
	err := os.MkdirAll(dir, 0o755) // #nosec G301 -- ca.pem in it is for everybody
	if err != nil {
		return err
	}
	// The key first: a root without its key is of no use, and the other way round it can be seen.
	if err := writeKey(filepath.Join(dir, keyName), a.key, false); err != nil {
		return err
	}
	return write(filepath.Join(dir, CertName), 0o644, false, certificateBlock(a.Root.Raw))
}

// Load reads the authority of a folder; os.ErrNotExist when there is none.
func Load(dir string) (*Authority, error) {
	certPEM, err := os.ReadFile(filepath.Join(dir, CertName))
	if err != nil {
		return nil, err
	}
	path := filepath.Join(dir, keyName)
	if err := private(path); err != nil {
		return nil, err
	}
	keyPEM, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	pair, err := tls.X509KeyPair(certPEM, keyPEM)
	if err != nil {
		return nil, fmt.Errorf("the lab CA in %s is damaged: %w", dir, err)
	}
	key, ok := pair.PrivateKey.(*ecdsa.PrivateKey)
	if !ok || !pair.Leaf.IsCA {
		return nil, fmt.Errorf("%s is not the certificate of a lab CA", filepath.Join(dir, CertName))
	}
	return &Authority{Root: pair.Leaf, key: key}, nil
}

// private refuses a key that others may read.
func private(path string) error {
	st, err := os.Stat(path)
	if err == nil && runtime.GOOS != "windows" && st.Mode().Perm()&0o077 != 0 {
		return fmt.Errorf("the key %s can be read by others (mode %04o): run chmod 600 on it", path, st.Mode().Perm())
	}
	return err
}

// SaveLeaf writes a certificate with its root, and its key (0600), over what is there.
func (a *Authority) SaveLeaf(c tls.Certificate, certFile, keyFile string) error {
	key, ok := c.PrivateKey.(*ecdsa.PrivateKey)
	if !ok {
		return errors.New("not a key of this authority")
	}
	if err := writeKey(keyFile, key, true); err != nil {
		return err
	}
	return write(certFile, 0o644, true, certificateBlock(c.Certificate[0]), certificateBlock(a.Root.Raw))
}

func certificateBlock(der []byte) *pem.Block { return &pem.Block{Type: "CERTIFICATE", Bytes: der} }

func writeKey(path string, key *ecdsa.PrivateKey, over bool) error {
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return err
	}
	return write(path, 0o600, over, &pem.Block{Type: "PRIVATE KEY", Bytes: der})
}

// write writes a file as a whole, so that nobody reads half of it.
func write(path string, mode os.FileMode, over bool, blocks ...*pem.Block) error {
	tmp, err := os.CreateTemp(filepath.Dir(path), ".pem-*") // 0600
	if err != nil {
		return err
	}
	defer os.Remove(tmp.Name()) //nolint:errcheck // gone once renamed
	for _, b := range blocks {
		if e := pem.Encode(tmp, b); e != nil && err == nil {
			err = e
		}
	}
	if err := errors.Join(err, tmp.Chmod(mode), tmp.Sync(), tmp.Close()); err != nil {
		return err
	}
	if over {
		return os.Rename(tmp.Name(), path)
	}
	return os.Link(tmp.Name(), path)
}
