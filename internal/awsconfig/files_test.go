package awsconfig

import (
	"io/fs"
	"strings"
	"testing"
)

// outside is an Env made of literals: files by path, with the variables of the environment beside them.
type outside struct {
	files map[string]string
	vars  map[string]string
}

func (o outside) env() Env {
	return Env{
		Lookup: func(key string) (string, bool) { v, ok := o.vars[key]; return v, ok },
		Home:   "/home/u",
		ReadFile: func(path string) ([]byte, error) {
			if text, ok := o.files[path]; ok {
				return []byte(text), nil
			}
			return nil, &fs.PathError{Op: "open", Path: path, Err: fs.ErrNotExist}
		},
	}
}

const (
	configPath      = "/home/u/.aws/config"
	credentialsPath = "/home/u/.aws/credentials"
)

// load loads a config file given as text, with pairs of environment variables and values.
func load(t testing.TB, config string, vars ...string) *Config {
	t.Helper()
	return loadBoth(t, config, "", vars...)
}

func loadBoth(t testing.TB, config, credentials string, vars ...string) *Config {
	t.Helper()
	o := outside{files: map[string]string{configPath: config, credentialsPath: credentials}, vars: map[string]string{}}
	for i := 0; i+1 < len(vars); i += 2 {
		o.vars[vars[i]] = vars[i+1]
	}
	c, err := Load(o.env())
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// lines joins lines to a file.
func lines(l ...string) string { return strings.Join(l, "\n") + "\n" }

func text(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}
