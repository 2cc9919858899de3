package rolecreds

import (
	"encoding/json"
	"time"

	"keyfob/internal/center/keyring"
	"keyfob/internal/center/store"
	"keyfob/internal/wire"
)

// purposeLongLived seals what a service user has for good. The center must know the secret of an access
// key and of an MFA device as they are, to check signatures and codes; a copy of the database must not.
const purposeLongLived = "long-lived secret"

// longLived binds a secret to what it is of, so that rows of the database cannot be swapped.
type longLived struct {
	Of     string      `json:"of"`
	Secret wire.Secret `json:"s"`
}

// SealSecret seals the secret of an access key (of is its id) or an MFA device (its serial number), for
// the store.
func SealSecret(ring *keyring.Ring, of string, secret wire.Secret) ([]byte, error) {
	plain, err := json.Marshal(longLived{of, secret})
	if err != nil {
		return nil, err
	}
	return ring.Seal(purposeLongLived, plain)
}

// OpenSecret is the reverse of [SealSecret]; it returns [ErrInvalid] for anything it did not make.
func OpenSecret(ring *keyring.Ring, of string, sealed []byte) (wire.Secret, error) {
	plain, err := ring.Open(purposeLongLived, sealed)
	if err != nil {
		return "", ErrInvalid
	}
	var l longLived
	if err := json.Unmarshal(plain, &l); err != nil || l.Of != of || l.Secret == "" {
		return "", ErrInvalid
	}
	return l.Secret, nil
}

// RenewSecret returns what [SealSecret] makes now of what another key of the ring has sealed; nil if there is nothing to
// do. The error is that of [keyring.Ring.Renew].
func RenewSecret(ring *keyring.Ring, sealed []byte) ([]byte, error) {
	return ring.Renew(purposeLongLived, sealed)
}

// OpenKey returns the keys that a service user signs with in person, or [ErrInvalid].
func (m *Minter) OpenKey(u store.ServiceUser, accessKeyID string) (Keys, error) {
	for _, k := range u.AccessKeys {
		if k.ID != accessKeyID {
			continue
		}
		secret, err := OpenSecret(m.Ring, k.ID, k.Secret)
		if err != nil {
			return Keys{}, err
		}
		id := m.identity(sealed{Account: u.AccountID, ServiceUser: u.Name})
		id.ExpiresAt = time.Time{}
		return Keys{Secret: secret, Identity: id}, nil
	}
	return Keys{}, ErrInvalid
}
