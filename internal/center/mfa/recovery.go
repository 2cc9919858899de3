package mfa

import (
	"context"
	"crypto/sha256"
	"encoding/base32"
	"errors"
	"io"
	"strings"

	"keyfob/internal/center/store"
	"keyfob/internal/wire"
)

// recoveryCodes is how many there are at a time.
const recoveryCodes = 10

// NewRecoveryCodes replaces a person's recovery codes and returns the new ones, which nobody can see
// again: "k3xqa-7m2pd-…", 75 random bits each in an alphabet without i, l, o and u.
func (f *Factors) NewRecoveryCodes(ctx context.Context, userID string) ([]wire.Secret, error) {
	codes, hashes := make([]wire.Secret, recoveryCodes), make([]store.Hash, recoveryCodes)
	for i := range codes {
		var b [10]byte
		if _, err := io.ReadFull(f.Random, b[:]); err != nil {
			return nil, err
		}
		s := alphabet().EncodeToString(b[:])[:15]
		codes[i] = wire.Secret(s[:5] + "-" + s[5:10] + "-" + s[10:])
		hashes[i] = recoveryHash(userID, s)
	}
	if err := f.Store.SetRecoveryCodes(ctx, userID, hashes); err != nil {
		return nil, err
	}
	return codes, f.record(ctx, "CreateRecoveryCodes", "success", userID, nil)
}

func (f *Factors) useRecoveryCode(ctx context.Context, userID, code string) error {
	// What the alphabet lacks is taken for what it looks like.
	code = strings.NewReplacer("o", "0", "i", "1", "l", "1").Replace(strings.ToLower(code))
	err := f.Store.UseRecoveryCode(ctx, userID, recoveryHash(userID, code))
	if errors.Is(err, store.ErrNotFound) {
		return ErrWrong
	} else if err != nil {
		return err
	}
	return f.record(ctx, "UseRecoveryCode", "success", userID, nil)
}

// recoveryHash needs no salt or slowness: nobody tries 75 bits.
func recoveryHash(userID, code string) store.Hash {
	return sha256.Sum256([]byte(userID + "\x00" + code))
}

func alphabet() *base32.Encoding {
	return base32.NewEncoding("0123456789abcdefghjkmnpqrstvwxyz").WithPadding(base32.NoPadding)
}
