package seed

import (
	"encoding/base32"
	"fmt"
	"strings"

	"github.com/goccy/go-yaml/ast"

	"keyfob/internal/center/rolecreds"
	"keyfob/internal/center/store"
	"keyfob/internal/wire"
)

// Bounds of secrets, in bytes. AWS's access keys have 40; RFC 4226 section 4 wants 16 at least of a
// one-time password's secret.
const (
	minKeySecret  = 32
	maxKeySecret  = 128
	minTOTPSecret = 16
	maxTOTPSecret = 64
)

// Seal puts the secrets of service users into s.Organisation, as seal seals them; of is what a secret
// belongs to. Until then nothing that is signed with them is accepted.
func (s *Seed) Seal(seal func(of string, secret wire.Secret) ([]byte, error)) error {
	for i := range s.Organisation.ServiceUsers {
		u := &s.Organisation.ServiceUsers[i]
		var err error
		for k := range u.AccessKeys {
			if s.Kept[u.AccessKeys[k].ID] {
				continue
			}
			if u.AccessKeys[k].Secret, err = seal(u.AccessKeys[k].ID, s.Secrets[u.AccessKeys[k].ID]); err != nil {
				return fmt.Errorf("seal access key %s: %w", u.AccessKeys[k].ID, err)
			}
		}
		if u.MFASerial == "" || s.Kept[u.MFASerial] {
			continue
		}
		if u.MFASecret, err = seal(u.MFASerial, s.Secrets[u.MFASerial]); err != nil {
			return fmt.Errorf("seal MFA device %s: %w", u.MFASerial, err)
		}
	}
	return nil
}

func (r *reader) serviceUser(n ast.Node) {
	var u store.ServiceUser
	var keys, mfa ast.Node
	r.mapping(
		n, "a service user",
		field{"account", true, func(n ast.Node) { u.AccountID = r.accountID(n) }},
		field{"name", true, r.matching("name", roleName, "1 to 64 letters, digits or any of _+=,.@-", &u.Name)},
		field{"access_keys", false, func(n ast.Node) { keys = n }},
		field{"mfa", false, func(n ast.Node) { mfa = n }},
	)
	if u.AccountID == "" || u.Name == "" {
		return
	}
	key := u.AccountID + "/" + strings.ToLower(u.Name)
	if r.serviceUsers[key] {
		r.report(n, "service user %s is declared twice in account %s", u.Name, u.AccountID)
		return
	}
	r.serviceUsers[key] = true
	if keys != nil {
		r.list(keys, "access_keys", func(n ast.Node) {
			if id := r.accessKey(n); id != "" {
				u.AccessKeys = append(u.AccessKeys, store.AccessKey{ID: id})
			}
		})
	}
	if mfa != nil {
		u.MFASerial = r.mfa(mfa, u)
	}
	r.seed.Organisation.ServiceUsers = append(r.seed.Organisation.ServiceUsers, u)
}

func (r *reader) accessKey(n ast.Node) (id string) {
	var from secretSource
	before := len(r.problems)
	r.mapping(n, "an access key", append(
		from.fields(r),
		field{"id", true, r.matching("id", `^AKIA[A-Z0-9]{16}$`, "AKIA and 16 capital letters or digits", &id)},
	)...)
	if len(r.problems) > before {
		return ""
	}
	secret, ok := r.secret(n, from)
	switch {
	case !ok:
		return ""
	case r.seed.Secrets[id] != "" || r.seed.Kept[id]:
		r.report(n, "access key %s is declared twice", id)
		return ""
	case from.keep != "":
		r.stay(id)
		return id
	case len(secret) < minKeySecret || len(secret) > maxKeySecret || strings.ContainsFunc(secret, func(c rune) bool { return c <= ' ' || c > '~' }):
		r.report(n, "the secret of an access key must be %d to %d ASCII characters without blanks: openssl rand -base64 30 makes one", minKeySecret, maxKeySecret)
		return ""
	}
	r.keep(id, secret)
	return id
}

func (r *reader) mfa(n ast.Node, u store.ServiceUser) (serial string) {
	var from secretSource
	before := len(r.problems)
	partition := rolecreds.Partition(r.seed.Organisation.Instance.Region)
	serial = "arn:" + partition + ":iam::" + u.AccountID + ":mfa/" + u.Name
	r.mapping(n, "mfa", append(
		from.fields(r),
		field{"serial", false, r.matching("serial", `^arn:`+partition+`:iam::`+u.AccountID+`:mfa/[A-Za-z0-9_+=/,.@-]{1,200}$`, "like "+serial, &serial)},
	)...)
	if len(r.problems) > before {
		return ""
	}
	secret, ok := r.secret(n, from)
	if !ok {
		return ""
	}
	if from.keep != "" && r.seed.Secrets[serial] == "" && !r.seed.Kept[serial] {
		r.stay(serial)
		return serial
	}
	secret = strings.TrimRight(strings.ToUpper(strings.ReplaceAll(secret, " ", "")), "=")
	b, err := base32.StdEncoding.WithPadding(base32.NoPadding).DecodeString(secret)
	switch {
	case err != nil || len(b) < minTOTPSecret || len(b) > maxTOTPSecret:
		r.report(n, "the secret of an MFA device must be %d to %d bytes in base32, as authenticator apps show it", minTOTPSecret, maxTOTPSecret)
		return ""
	case r.seed.Secrets[serial] != "" || r.seed.Kept[serial]:
		r.report(n, "MFA device %s is declared twice", serial)
		return ""
	}
	r.keep(serial, secret)
	return serial
}

func (r *reader) keep(of, secret string) {
	if r.seed.Secrets == nil {
		r.seed.Secrets = map[string]wire.Secret{}
	}
	r.seed.Secrets[of] = wire.Secret(secret)
}
