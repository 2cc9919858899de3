package grant

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"strings"

	"keyfob/internal/center/audit"
	"keyfob/internal/center/opaque"
	"keyfob/internal/center/store"
	"keyfob/internal/center/token"
	"keyfob/internal/wire"
)

// exchangeCode redeems an authorization code. It is used up by the first authenticated client that
// presents it, whether that client proves to be the right one or not; when it comes a second time,
// the first may have been a thief, so everything issued for it is revoked (RFC 6749 section 4.1.2).
func (g *Grants) exchangeCode(ctx context.Context, c store.Client, in wire.CreateTokenRequest) (wire.CreateTokenResponse, error) {
	var none wire.CreateTokenResponse
	hash, ok := opaque.Hash(in.Code, opaque.AuthorizationCode)
	if !ok {
		return none, invalidGrant(codeRefused)
	}
	now := g.Clock.Now()
	var set token.Set
	var draftErr error
	why := ""
	granted, err := g.Store.RedeemCode(ctx, hash, now, func(code store.AuthorizationCode, granted store.Grant) (*store.AccessToken, *store.RefreshToken) {
		why, draftErr = "", nil // it may be asked again
		switch {
		case code.ClientID != c.ID:
			why = "code of another client"
		case !now.Before(code.ExpiresAt):
			why = "code expired"
		case code.RedirectURI != in.RedirectURI:
			why = "redirect URI differs"
		case !verifies(in.CodeVerifier, code.Challenge):
			why = "wrong code verifier"
		case !granted.Live(now):
			why = "session is over"
		default:
			if set, draftErr = g.Tokens.Draft(c, granted.Family, granted.Session); draftErr == nil {
				return &set.Access, set.Refresh
			}
		}
		return nil, nil
	})
	e := event("CreateToken", audit.Success, Person{User: granted.User, Session: granted.Session}, c.ID)
	e.Detail = map[string]string{"grant_type": wire.GrantAuthorizationCode}
	switch {
	case errors.Is(err, store.ErrNotFound):
		return none, invalidGrant(codeRefused)
	case errors.Is(err, store.ErrConflict):
		why = "code used again: its tokens are revoked"
	case err != nil:
		return none, err
	case draftErr != nil:
		return none, draftErr
	}
	if why != "" {
		e.Outcome = why
		_ = g.Audit.Record(ctx, e)
		return none, invalidGrant(codeRefused)
	}
	return set.Response, g.Audit.Record(ctx, e)
}

const codeRefused = "The authorization code is not valid, expired, was used before, or does not belong to this client, redirect URI and code verifier."

// verifies is the check of RFC 7636 section 4.6.
func verifies(verifier wire.Secret, challenge string) bool {
	v := verifier.Reveal()
	if len(v) < 43 || len(v) > 128 || strings.Trim(v, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~") != "" {
		return false
	}
	sum := sha256.Sum256([]byte(v))
	return subtle.ConstantTimeCompare([]byte(base64.RawURLEncoding.EncodeToString(sum[:])), []byte(challenge)) == 1
}
