package seed

import (
	"strings"

	"github.com/goccy/go-yaml/ast"
)

// secretSource says where a secret is. Secrets in the file itself are not understood: it is shown around,
// and kept with its history.
type secretSource struct{ file, env, keep string }

func (s *secretSource) fields(r *reader) []field {
	return []field{
		{"secret_file", false, r.text("secret_file", &s.file)},
		{"secret_env", false, r.text("secret_env", &s.env)},
		{"secret", false, func(n ast.Node) {
			if t, _ := str(n); t != "keep" {
				// Nothing of it is shown: somebody may have written the secret itself.
				r.report(n, "a secret is not written here: use secret_file or secret_env, or secret: keep to leave it as it is")
				return
			}
			s.keep = "keep"
		}},
	}
}

// stay leaves a secret as the store has it.
func (r *reader) stay(of string) {
	if r.seed.Kept == nil {
		r.seed.Kept = map[string]bool{}
	}
	r.seed.Kept[of] = true
}

// secret reads what a file or an environment variable holds; "" if it is kept.
func (r *reader) secret(n ast.Node, from secretSource) (string, bool) {
	given := 0
	for _, s := range []string{from.file, from.env, from.keep} {
		if s != "" {
			given++
		}
	}
	switch {
	case given != 1:
		r.report(n, "the secret is in either secret_file or secret_env")
	case from.keep != "":
		return "", true
	case from.file != "" && r.sources.ReadFile != nil:
		b, err := r.sources.ReadFile(from.file)
		if err == nil {
			return strings.TrimSpace(string(b)), true
		}
		r.report(n, "secret_file: %s", printable(err.Error()))
	case from.env != "" && r.sources.LookupEnv != nil:
		if s, ok := r.sources.LookupEnv(from.env); ok {
			return strings.TrimSpace(s), true
		}
		r.report(n, "secret_env: the environment has no variable %s", printable(from.env))
	default:
		r.report(n, "secret_file and secret_env cannot be used here")
	}
	return "", false
}
