package trust

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"errors"
	"fmt"
	"time"

	"github.com/pquerna/otp"
	"github.com/pquerna/otp/hotp"

	"keyfob/internal/center/rolecreds"
	"keyfob/internal/center/store"
	"keyfob/internal/center/throttle"
)

// Time-based one-time passwords (RFC 6238) as every authenticator app has them.
const (
	step   = 30 * time.Second
	digits = otp.DigitsSix
)

// mfaLimit allows so many wrong codes of one device: one of 333,333 is good, and some hundred can be tried in a day.
func mfaLimit() throttle.Limit {
	return throttle.Limit{Free: 10, Window: 24 * time.Hour, Block: time.Minute, MaxBlock: 15 * time.Minute}
}

// CheckMFA checks the code of the caller's MFA device: of this 30 seconds' step, the one before or the
// one after, and each once. Only service users have devices here, so that only they can show a code.
// The error is a *wire.ServiceError, or the store's.
func (r *Roles) CheckMFA(ctx context.Context, caller rolecreds.Identity, serial, code string) error {
	unknown := denied("MultiFactorAuthentication failed, unable to validate MFA code.  Please verify your MFA serial number is valid and associated with this user.")
	if caller.ServiceUser == "" {
		return unknown
	}
	u, err := r.Store.ServiceUser(ctx, caller.Account, caller.ServiceUser)
	if errors.Is(err, store.ErrNotFound) || err == nil && (u.MFASerial == "" || u.MFASerial != serial) {
		return unknown
	} else if err != nil {
		return err
	}
	secret, err := rolecreds.OpenSecret(r.Keys, u.MFASerial, u.MFASecret)
	if err != nil {
		return fmt.Errorf("MFA device %s: %w", u.MFASerial, err)
	}
	key := "sts-mfa:" + u.MFASerial
	until, err := r.Throttle.Take(ctx, key, mfaLimit())
	if err != nil {
		return err
	}
	if !until.IsZero() {
		return denied("MultiFactorAuthentication failed: too many wrong codes. Try again after %s.", until.UTC().Format(time.RFC3339))
	}
	now := r.Clock.Now().Unix() / int64(step.Seconds())
	used := false
	for _, counter := range []int64{now, now - 1, now + 1} {
		want, err := hotp.GenerateCodeCustom(secret.Reveal(), uint64(counter), hotp.ValidateOpts{Digits: digits, Algorithm: otp.AlgorithmSHA1}) // #nosec G115 -- the time is after 1970
		if err != nil {
			return fmt.Errorf("MFA device %s: %w", u.MFASerial, err)
		}
		if subtle.ConstantTimeCompare([]byte(want), []byte(code)) != 1 {
			continue
		}
		mark := sha256.Sum256(fmt.Appendf(nil, "totp\x00%s\x00%d", u.MFASerial, counter))
		err = r.Store.UseOnce(ctx, mark, r.Clock.Now().Add(3*step))
		if errors.Is(err, store.ErrConflict) {
			used = true
			continue
		} else if err != nil {
			return err
		}
		return r.Throttle.Return(ctx, key, mfaLimit())
	}
	if used {
		return denied("MultiFactorAuthentication failed with invalid MFA one time pass code: it was used already. Wait for the next one.")
	}
	return denied("MultiFactorAuthentication failed with invalid MFA one time pass code.")
}
