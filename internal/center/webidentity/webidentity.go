// Package webidentity verifies the tokens of OpenID Connect issuers (ID tokens, and what CI systems and
// Kubernetes hand to their jobs): JSON Web Tokens, RFC 7519, as RFC 8725 wants them verified.
//
// Package trust calls it. What it believes comes from the trust policy of a role: issuer, audiences,
// keys. From the token it takes nothing before its signature is verified, but the name of the issuer to
// look for among those that the role trusts, and the id of the key among the keys of that one issuer.
// It knows no HTTP, no roles and nothing of who may do what.
//
// A token may be used as often as one likes until it expires: clients keep it in a file and send it
// anew whenever their credentials run out.
package webidentity

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"

	"keyfob/internal/center/store"
	"keyfob/internal/clock"
	"keyfob/internal/wire"
)

const (
	maxToken   = 20000 // clientTokenType of the service model
	maxSubject = 255   // webIdentitySubjectType
	alphabet   = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_."
	// skew is how far the issuer's clock may be off.
	skew = time.Minute
)

// ErrIssuer: the token is not of an issuer that is trusted, as far as can be seen.
var ErrIssuer = errors.New("the issuer is not trusted")

// Fetch gets what is at a URL, within limits of its own.
type Fetch func(ctx context.Context, url string) ([]byte, error)

// Verifier verifies tokens. It is safe for concurrent use.
type Verifier struct {
	Clock clock.Clock
	Fetch Fetch
	keys  fetched
}

// Claims are what a verified token says.
type Claims struct {
	Issuer, Subject string
	Audience        string // the one of the token's audiences that is trusted
}

// Verify returns what a token says if one of the given identities vouches for it; that the subject is
// one of theirs is checked as well. The error is [ErrIssuer], or a *wire.ServiceError as STS has it
// for AssumeRoleWithWebIdentity.
func (v *Verifier) Verify(ctx context.Context, token wire.Secret, trusted []store.WebIdentity) (Claims, error) {
	text := strings.TrimSpace(token.Reveal()) // files end in a newline
	if len(text) > maxToken {
		return Claims{}, invalid("The ID Token provided is too long.")
	}
	if strings.Trim(text, alphabet) != "" { // go-jose would skip white space anywhere
		return Claims{}, invalid("The ID Token provided is not a valid JWT.")
	}
	parsed, err := jwt.ParseSigned(text, []jose.SignatureAlgorithm{jose.RS256, jose.ES256})
	if err != nil {
		return Claims{}, invalid("The ID Token provided is not a valid JWT that is signed with RS256 or ES256. (You may see this error if you sent an Access Token)")
	}
	var unverified jwt.Claims
	if err := parsed.UnsafeClaimsWithoutVerification(&unverified); err != nil {
		return Claims{}, invalid("The ID Token provided is not a valid JWT.")
	}
	trusted = slices.DeleteFunc(slices.Clone(trusted), func(w store.WebIdentity) bool { return w.Issuer != unverified.Issuer })
	if len(trusted) == 0 {
		return Claims{}, ErrIssuer
	}
	// Several statements may name one issuer; the token is good if it is for any of them.
	for _, w := range trusted {
		c, problem := v.verify(ctx, parsed, w)
		if problem == nil {
			return c, nil
		}
		if err == nil || rank(problem) > rank(err) {
			err = problem
		}
	}
	return Claims{}, err
}

// rank orders problems by how far a token got.
func rank(err error) int {
	var e *wire.ServiceError
	if !errors.As(err, &e) {
		return 3
	}
	return slices.Index([]wire.Code{wire.CodeIDPCommunicationError, wire.CodeInvalidIdentityToken, wire.CodeExpiredToken, wire.CodeNotAuthorized}, e.Code)
}

func (v *Verifier) verify(ctx context.Context, parsed *jwt.JSONWebToken, w store.WebIdentity) (Claims, error) {
	key, err := v.key(ctx, parsed.Headers[0], w)
	if err != nil {
		return Claims{}, err
	}
	var c jwt.Claims
	if err := parsed.Claims(key.Key, &c); err != nil {
		return Claims{}, invalid("Couldn't verify the ID Token: its signature is not by the key it names.")
	}
	if c.Issuer != w.Issuer {
		return Claims{}, ErrIssuer
	}
	if err := v.checkTime(c); err != nil {
		return Claims{}, err
	}
	i := slices.IndexFunc(w.Audiences, func(a string) bool { return slices.Contains(c.Audience, a) })
	switch {
	case i < 0:
		return Claims{}, invalid("Incorrect token audience")
	case c.Subject == "" || len(c.Subject) > maxSubject:
		return Claims{}, invalid("Missing a required claim: sub")
	case !slices.ContainsFunc(w.Subjects, func(pattern string) bool { return Matches(pattern, c.Subject) }):
		return Claims{}, ErrSubject
	}
	return Claims{Issuer: c.Issuer, Subject: c.Subject, Audience: w.Audiences[i]}, nil
}

// ErrSubject: the token is good, but for a subject that is not trusted.
var ErrSubject = errors.New("the subject is not trusted")

// checkTime wants exp and iat to be there: a token without them would be good for ever.
func (v *Verifier) checkTime(c jwt.Claims) error {
	now := v.Clock.Now()
	switch {
	case c.Expiry == nil:
		return invalid("Missing a required claim: exp")
	case c.IssuedAt == nil:
		return invalid("Missing a required claim: iat")
	case !now.Before(c.Expiry.Time().Add(skew)):
		return &wire.ServiceError{
			Code: wire.CodeExpiredToken, Status: http.StatusBadRequest,
			Message: fmt.Sprintf("Token expired: current date/time %d must be before the expiration date/time %d", now.Unix(), *c.Expiry),
		}
	case c.IssuedAt.Time().After(now.Add(skew)), c.NotBefore != nil && c.NotBefore.Time().After(now.Add(skew)):
		return invalid("The ID Token provided is not yet valid. Check the clocks of its issuer and of this center.")
	}
	return nil
}

// key finds the key that the token names among those of the issuer. A token that names none is good
// only where there is no choice. Keys and addresses in the token's header are never looked at.
func (v *Verifier) key(ctx context.Context, h jose.Header, w store.WebIdentity) (jose.JSONWebKey, error) {
	find := func(keys []jose.JSONWebKey) int {
		fits := func(k jose.JSONWebKey) bool {
			return string(algorithm(k)) == h.Algorithm && (k.KeyID == h.KeyID || h.KeyID == "")
		}
		i := slices.IndexFunc(keys, fits)
		if i >= 0 && slices.ContainsFunc(keys[i+1:], fits) {
			return -1
		}
		return i
	}
	var keys []jose.JSONWebKey
	var err error
	if w.JWKSURL == "" {
		keys, err = readKeys([]byte(w.JWKS))
	} else {
		keys, err = v.keys.get(ctx, v.Clock, v.Fetch, w.JWKSURL, func(keys []jose.JSONWebKey) bool { return find(keys) >= 0 })
	}
	if errors.Is(err, errUnreachable) {
		return jose.JSONWebKey{}, &wire.ServiceError{
			Code: wire.CodeIDPCommunicationError, Status: http.StatusBadRequest,
			Message: "Couldn't retrieve verification key from your identity provider.", Reason: err.Error(),
		}
	} else if err != nil {
		return jose.JSONWebKey{}, err
	}
	i := find(keys)
	if i < 0 {
		return jose.JSONWebKey{}, invalid("Couldn't retrieve verification key from your identity provider: it has no key of this id and algorithm.")
	}
	return keys[i], nil
}

// Matches reports whether s is what a pattern of IAM's StringLike says: * stands for any characters,
// also none, ? for any one. It takes time in proportion to the product of the lengths at worst.
func Matches(pattern, s string) bool {
	p, star, mark := []rune(pattern), -1, 0
	t := []rune(s)
	i, j := 0, 0
	for j < len(t) {
		switch {
		case i < len(p) && p[i] == '*':
			star, mark = i, j
			i++
		case i < len(p) && (p[i] == '?' || p[i] == t[j]):
			i, j = i+1, j+1
		case star >= 0:
			mark++
			i, j = star+1, mark
		default:
			return false
		}
	}
	return strings.Trim(string(p[i:]), "*") == ""
}

func invalid(message string) error {
	return &wire.ServiceError{Code: wire.CodeInvalidIdentityToken, Status: http.StatusBadRequest, Message: message}
}
