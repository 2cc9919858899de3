package main

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"
	"strings"

	"keyfob/internal/center/keyring"
	"keyfob/internal/center/seed"
)

// reading is what was read to know what a file declares. The store keeps it with what was applied, so that
// a center whose file and secrets are still the same starts without understanding them once more, which
// takes far longer than everything else.
type reading struct {
	File      string   `json:"file"`    // SHA-256 of the program's version and the file
	Sources   []source `json:"sources"` // files and variables that it refers to
	StartURLs []string `json:"startUrls"`
}

type source struct {
	Kind  string `json:"kind"` // "file" or "env"
	Name  string `json:"name"` // as in the config file
	Value string `json:"mac"`  // of what it held; the value itself while it is being read
}

func sumOf(content []byte) string {
	return fmt.Sprintf("%x", sha256.Sum256(append([]byte(programVersion()+"\n"), content...)))
}

// recording are sources that are noted as they are read.
func (r *reading) recording(from seed.Sources) seed.Sources {
	return seed.Sources{
		ReadFile: func(name string) ([]byte, error) {
			b, err := from.ReadFile(name)
			r.Sources = append(r.Sources, source{"file", name, string(b)})
			return b, err
		},
		LookupEnv: func(name string) (string, bool) {
			v, ok := from.LookupEnv(name)
			r.Sources = append(r.Sources, source{"env", name, v})
			return v, ok
		},
	}
}

// text is what the store keeps, behind the digest of what was declared. Secrets are in it as MACs.
func (r reading) text(keys *keyring.Ring) (string, error) {
	sources := make([]source, len(r.Sources))
	for i, s := range r.Sources {
		sources[i] = source{s.Kind, s.Name, macOf(keys, s.Value)}
	}
	r.Sources = sources
	b, err := json.Marshal(r)
	return base64.RawStdEncoding.EncodeToString(b), err
}

func macOf(keys *keyring.Ring, value string) string {
	mac := keys.MAC(sourcePurpose, []byte(value))
	return fmt.Sprintf("%x", mac[:])
}

const sourcePurpose = "source of a declaration"

// verifies reports whether a MAC in hex is that of data under any key of the ring: a rotation changes no
// declaration, and must not have it applied anew over what was changed since.
func verifies(keys *keyring.Ring, purpose string, data []byte, mac string) bool {
	b, err := hex.DecodeString(mac)
	return err == nil && keys.Verify(purpose, data, b)
}

// unchanged returns the instance's names if the file, and what it refers to, are as they were when they
// were applied last.
func (f files) unchanged(ctx context.Context, db interface {
	Applied(ctx context.Context) (string, error)
}, keys *keyring.Ring,
) (startURLs []string, ok bool) {
	applied, err := db.Applied(ctx)
	_, kept, found := strings.Cut(applied, " ")
	b, decoded := base64.RawStdEncoding.DecodeString(kept)
	var r reading
	if err != nil || !found || decoded != nil || json.Unmarshal(b, &r) != nil {
		return nil, false
	}
	content, err := os.ReadFile(f.Config)
	if err != nil || sumOf(content) != r.File {
		return nil, false
	}
	sources := f.sources()
	for _, s := range r.Sources {
		var value string
		switch s.Kind {
		case "file":
			b, err := sources.ReadFile(s.Name)
			if err != nil {
				return nil, false
			}
			value = string(b)
		case "env":
			if value, ok = sources.LookupEnv(s.Name); !ok {
				return nil, false
			}
		}
		if !verifies(keys, sourcePurpose, []byte(value), s.Value) {
			return nil, false
		}
	}
	return r.StartURLs, true
}
