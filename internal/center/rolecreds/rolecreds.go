// Package rolecreds makes and recognises role credentials: the short-lived keys of a permission set in
// an account, of a role that was assumed, of a service user's session.
//
// The portal's and the STS door mint them, the STS door opens them. They are not stored: the session
// token is sealed with the center's keys and carries everything there is to know, so a center
// recognises what it minted before a restart, and the end of a person's session does not end
// credentials already issued, as in the real service. The package knows nothing of HTTP, signatures,
// assignments or trust.
package rolecreds

import (
	"context"
	"encoding/base32"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"keyfob/internal/center/keyring"
	"keyfob/internal/center/store"
	"keyfob/internal/clock"
	"keyfob/internal/wire"
)

// ErrInvalid is returned for a session token that this center did not mint, that was altered, or that
// belongs to another access key id.
var ErrInvalid = errors.New("session token is not valid for this access key id")

// MaxLifetime is how long credentials live at most: STS's longest session, of a service user.
const MaxLifetime = 36 * time.Hour

const (
	purpose = "role credentials"
	// maxToken bounds what Open decodes; minted tokens have some 500 bytes.
	maxToken = 4096
)

// Minter mints and opens role credentials of one instance. It is safe for concurrent use.
type Minter struct {
	Ring     *keyring.Ring
	Clock    clock.Clock
	Random   io.Reader // a cryptographic source
	Instance store.Instance
}

// Identity is who signs with a set of credentials.
type Identity struct {
	Account   string
	ARN       string
	UserID    string    // "AROA…:name": the role's unique id and the session's name, or a service user's "AIDA…"
	ExpiresAt time.Time // zero for a service user's own keys
	Principal
}

// Principal is what trust policies look at. It is a role's session or a service user.
type Principal struct {
	Role          string // as IAM names it, without path: "Deploy", "AWSReservedSSO_Admin_0123456789abcdef"
	Session       string // name of the role's session
	PermissionSet string // that the role stands for, "" if it is a role of its own
	PersonID      string // of the user record at the beginning of a chain of roles, "" if a program is
	ServiceUser   string // name
	MFA           bool   // a second factor was given for these credentials
}

// Keys is what a session token holds. It may have expired: whoever verifies a signature compares
// ExpiresAt, because an expired token deserves another answer than a forged one.
type Keys struct {
	Secret wire.Secret
	Identity
}

// sealed is the content of a session token. Its member names are short because the token travels with
// every call.
type sealed struct {
	AccessKeyID   string      `json:"k"`
	Secret        wire.Secret `json:"s"`
	Account       string      `json:"a"`
	PermissionSet string      `json:"p,omitempty"` // with UserName
	UserName      string      `json:"u,omitempty"`
	PersonID      string      `json:"i,omitempty"`
	Role          string      `json:"r,omitempty"` // with Session
	Session       string      `json:"n,omitempty"`
	ServiceUser   string      `json:"x,omitempty"`
	MFA           bool        `json:"m,omitempty"`
	ExpiresAt     int64       `json:"e"` // epoch milliseconds
}

// Mint makes credentials for the person of the grant. They live as long as the permission set says;
// whether the person may have them was the caller's question.
func (m *Minter) Mint(_ context.Context, g store.Grant, accountID string, p store.PermissionSet) (wire.RoleCredentials, error) {
	c, _, err := m.mint(sealed{Account: accountID, PermissionSet: p.Name, UserName: g.User.Name, PersonID: g.User.ID}, p.SessionDuration)
	if err != nil {
		return wire.RoleCredentials{}, err
	}
	return wire.RoleCredentials{
		AccessKeyID: c.AccessKeyID, SecretAccessKey: c.SecretAccessKey, SessionToken: c.SessionToken, Expiration: c.Expiration.UnixMilli(),
	}, nil
}

// MintRole makes credentials for a session of a role. by is who assumed it, zero for a web identity.
// Whether they may was the caller's question.
func (m *Minter) MintRole(r store.Role, session string, by Principal, lifetime time.Duration) (wire.STSCredentials, Identity, error) {
	return m.mint(sealed{Account: r.AccountID, Role: r.Name, Session: session, PersonID: by.PersonID}, lifetime)
}

// MintSession makes temporary credentials of a service user; mfa says whether a second factor was given.
func (m *Minter) MintSession(u store.ServiceUser, mfa bool, lifetime time.Duration) (wire.STSCredentials, error) {
	c, _, err := m.mint(sealed{Account: u.AccountID, ServiceUser: u.Name, MFA: mfa}, lifetime)
	return c, err
}

// mint fills in the keys and the end, and seals.
func (m *Minter) mint(s sealed, lifetime time.Duration) (wire.STSCredentials, Identity, error) {
	var none wire.STSCredentials
	var err error
	if lifetime > MaxLifetime { // a key is taken away when what it has sealed has expired
		return none, Identity{}, fmt.Errorf("credentials cannot live for %s", lifetime)
	}
	if s.AccessKeyID, err = m.accessKeyID(); err != nil {
		return none, Identity{}, err
	}
	if s.Secret, err = m.secret(); err != nil {
		return none, Identity{}, err
	}
	expires := m.Clock.Now().Add(lifetime).UTC().Truncate(time.Second) // STS and its clients count in whole seconds
	s.ExpiresAt = expires.UnixMilli()
	plain, err := json.Marshal(s)
	if err != nil {
		return none, Identity{}, err
	}
	token, err := m.Ring.Seal(purpose, plain)
	if err != nil {
		return none, Identity{}, fmt.Errorf("seal session token: %w", err)
	}
	return wire.STSCredentials{
		AccessKeyID: s.AccessKeyID, SecretAccessKey: s.Secret, SessionToken: wire.Secret(base64.StdEncoding.EncodeToString(token)),
		Expiration: expires,
	}, m.identity(s), nil
}

// Open returns the keys that a session token holds, or ErrInvalid. The token must have been minted
// together with the access key id: one person's token never vouches for another one's key.
func (m *Minter) Open(accessKeyID string, sessionToken wire.Secret) (Keys, error) {
	// The decoder skips line breaks, so without this check a token would have many spellings.
	if len(sessionToken) > maxToken || strings.ContainsAny(sessionToken.Reveal(), "\r\n") {
		return Keys{}, ErrInvalid
	}
	raw, err := base64.StdEncoding.Strict().DecodeString(sessionToken.Reveal())
	if err != nil {
		return Keys{}, ErrInvalid
	}
	plain, err := m.Ring.Open(purpose, raw)
	if err != nil {
		return Keys{}, ErrInvalid
	}
	var s sealed
	if err := json.Unmarshal(plain, &s); err != nil || s.AccessKeyID != accessKeyID {
		return Keys{}, ErrInvalid
	}
	return Keys{Secret: s.Secret, Identity: m.identity(s)}, nil
}

// accessKeyID is "ASIA", which marks temporary keys, and 16 random characters of AWS's alphabet.
func (m *Minter) accessKeyID() (string, error) {
	var b [10]byte
	if _, err := io.ReadFull(m.Random, b[:]); err != nil {
		return "", err
	}
	return "ASIA" + base32.StdEncoding.EncodeToString(b[:]), nil
}

// secret is 40 characters of base64: 240 random bits.
func (m *Minter) secret() (wire.Secret, error) {
	var b [30]byte
	if _, err := io.ReadFull(m.Random, b[:]); err != nil {
		return "", err
	}
	return wire.Secret(base64.StdEncoding.EncodeToString(b[:])), nil
}

// Partition returns the partition that a region is in: "aws" unless its name says otherwise.
func Partition(region string) string {
	for _, p := range []struct{ prefix, partition string }{
		{"cn-", "aws-cn"},
		{"us-gov-", "aws-us-gov"},
		{"us-iso-", "aws-iso"},
		{"us-isob-", "aws-iso-b"},
		{"eu-isoe-", "aws-iso-e"},
		{"us-isof-", "aws-iso-f"},
		{"eusc-", "aws-eusc"},
	} {
		if strings.HasPrefix(region, p.prefix) {
			return p.partition
		}
	}
	return "aws"
}
