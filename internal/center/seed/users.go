package seed

import (
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/alexedwards/argon2id"
	"github.com/goccy/go-yaml/ast"
	"golang.org/x/crypto/argon2"
	"golang.org/x/text/unicode/norm"

	"keyfob/internal/center/directory"
	"keyfob/internal/center/store"
)

func (r *reader) user(n ast.Node) {
	var u store.User
	var hash, file, env string
	r.mapping(
		n, "a user",
		field{"name", true, r.name(&u.Name, &u.NameKey)},
		field{"email", false, r.email(&u.Email)},
		field{"display_name", false, r.text("display_name", &u.DisplayName)},
		field{"password_hash", false, r.text("password_hash", &hash)},
		field{"password_file", false, r.text("password_file", &file)},
		field{"password_env", false, r.text("password_env", &env)},
		field{"disabled", false, r.truth("disabled", &u.Disabled)},
	)
	if u.NameKey == "" {
		return
	}
	keys := []string{u.NameKey}
	if u.Email != "" {
		var err error
		if u.EmailKey, err = directory.NameKey(u.Email); err != nil {
			r.report(n, "email: %s", err)
			return
		}
		if u.EmailKey != u.NameKey {
			keys = append(keys, u.EmailKey)
		}
	}
	for _, k := range keys {
		if other, taken := r.users[k]; taken {
			r.report(n, "users %s and %s would sign in under the same name %q", other, u.Name, k)
			return
		}
	}
	for _, k := range keys {
		r.users[k] = u.Name
	}
	u.ID = directory.UserID(r.seed.Organisation.Instance.ID, u.Name)
	r.userIDs[u.NameKey] = u.ID
	u.PasswordHash = r.password(n, u.ID, hash, file, env)
	r.seed.Organisation.Users = append(r.seed.Organisation.Users, u)
}

// password returns the PHC string that a user's entry stands for, "" for none.
func (r *reader) password(n ast.Node, userID, hash, file, env string) string {
	given := 0
	for _, s := range []string{hash, file, env} {
		if s != "" {
			given++
		}
	}
	switch {
	case given > 1:
		r.report(n, "a user has one of password_hash, password_file and password_env, not several")
	case hash != "":
		if err := checkHash(hash); err != nil {
			r.report(n, "password_hash %s: keyfob-center user password --hash makes one", err)
			return ""
		}
		return hash
	case file != "" && r.sources.ReadFile != nil:
		b, err := r.sources.ReadFile(file)
		if err != nil {
			r.report(n, "password_file: %s", printable(err.Error()))
			return ""
		}
		return r.hash(n, "password_file", userID, strings.TrimRight(string(b), "\r\n"))
	case env != "" && r.sources.LookupEnv != nil:
		s, ok := r.sources.LookupEnv(env)
		if !ok {
			r.report(n, "password_env: the environment has no variable %s", printable(env))
			return ""
		}
		return r.hash(n, "password_env", userID, s)
	case file != "" || env != "":
		r.report(n, "password_file and password_env cannot be used here")
	}
	return ""
}

// Parameters of argon2id, those of package directory.
const (
	argonMemory  = 19 * 1024 // KiB
	argonTime    = 2
	argonThreads = 1
	argonKey     = 32
)

// hash makes the PHC string of a password that a file refers to. Its salt is made from the user's id
// and not random, so that the same password gives the same string at every start: the store takes a
// new string for a new password and ends the person's sessions.
func (r *reader) hash(n ast.Node, what, userID, password string) string {
	p := norm.NFKC.String(password)
	if !utf8.ValidString(password) || len(p) < directory.MinPassword || len(p) > directory.MaxPassword {
		r.report(n, "the password of %s must have %d to %d bytes of UTF-8", what, directory.MinPassword, directory.MaxPassword)
		return ""
	}
	salt := sha256.Sum256([]byte("keyfob-center seed salt\x00" + userID))
	key := argon2.IDKey([]byte(p), salt[:16], argonTime, argonMemory, argonThreads, argonKey)
	b64 := base64.RawStdEncoding.EncodeToString
	return fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=%d$%s$%s", argon2.Version, argonMemory, argonTime, argonThreads, b64(salt[:16]), b64(key))
}

// checkHash refuses what nobody could sign in with, and what would be too much work to try.
func checkHash(phc string) error {
	if len(phc) > 1024 {
		return fmt.Errorf("is too long")
	}
	p, _, _, err := argon2id.DecodeHash(phc)
	switch {
	case err != nil:
		return fmt.Errorf("is not an argon2id hash in PHC form ($argon2id$v=19$m=…,t=…,p=…$…$…)")
	case p.Memory < 8*1024 || p.Memory > 256*1024 || p.Iterations < 1 || p.Iterations > 16 || p.Parallelism < 1 || p.Parallelism > 16 ||
		p.SaltLength < 8 || p.KeyLength < 16:
		return fmt.Errorf("has parameters that are too weak or too costly")
	}
	return nil
}
