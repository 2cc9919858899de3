package signin

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net/url"
	"strings"
	"time"

	"keyfob/internal/wire"
)

// codeTimeout is how long the browser may take, as with the AWS CLI.
const codeTimeout = 10 * time.Minute

// withCode is the authorization code flow with PKCE.
func (f *Flow) withCode(ctx context.Context, r Request, reg Registration) error {
	secrets, err := f.newCodeSecrets()
	if err != nil {
		return err
	}
	l, err := f.Listen(ctx, redirectPath, secrets.state)
	if err != nil {
		return &ListenError{err}
	}
	defer l.Close()
	endpoint, err := f.OIDC.AuthorizeURL()
	if err != nil {
		return err
	}
	f.Presenter.OpenURL(ctx, authorizeURL(endpoint, r, reg, l.RedirectURI(), secrets))

	waitCtx, cancel := context.WithTimeoutCause(ctx, codeTimeout, &ExpiredError{})
	defer cancel()
	cb, err := l.Wait(waitCtx)
	if err != nil {
		if e := new(ExpiredError); ctx.Err() == nil && errors.As(context.Cause(waitCtx), &e) {
			return e
		}
		return err
	}
	if cb.Err != nil {
		cb.Finish(cb.Err.Error())
		return cb.Err
	}
	resp, err := f.exchange(ctx, wire.CreateTokenRequest{
		ClientID:     reg.ClientID,
		ClientSecret: reg.ClientSecret,
		GrantType:    wire.GrantAuthorizationCode,
		Code:         cb.Code,
		RedirectURI:  l.RedirectURI(),
		CodeVerifier: secrets.verifier,
	})
	if err == nil {
		err = f.save(ctx, r, reg, resp)
	}
	// Only now is there anything true to show in the browser.
	if err != nil {
		cb.Finish(err.Error())
		return err
	}
	cb.Finish("")
	return nil
}

// exchange is CreateToken, with the one refusal that means "start again" told apart.
func (f *Flow) exchange(ctx context.Context, req wire.CreateTokenRequest) (wire.CreateTokenResponse, error) {
	resp, err := f.OIDC.CreateToken(ctx, req)
	if code(err) == wire.CodeExpiredToken {
		return resp, &ExpiredError{}
	}
	return resp, err
}

type codeSecrets struct {
	state    string
	verifier wire.Secret
}

// verifierAlphabet is the unreserved characters of RFC 7636 section 4.1.
const verifierAlphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"

func (f *Flow) newCodeSecrets() (codeSecrets, error) {
	var b [64 + 16]byte
	if _, err := io.ReadFull(f.Random, b[:]); err != nil {
		return codeSecrets{}, err
	}
	verifier := make([]byte, 64)
	for i := range verifier {
		verifier[i] = verifierAlphabet[b[i]%64] // 64 letters: no bias
	}
	u := b[64:]
	u[6], u[8] = u[6]&0x0f|0x40, u[8]&0x3f|0x80 // a version 4 UUID, as the AWS CLI sends
	return codeSecrets{
		state:    fmt.Sprintf("%x-%x-%x-%x-%x", u[0:4], u[4:6], u[6:8], u[8:10], u[10:16]),
		verifier: wire.Secret(verifier),
	}, nil
}

// authorizeURL builds the address for the browser, parameters in the AWS CLI's order. The service
// calls the scope parameter "scopes".
func authorizeURL(endpoint string, r Request, reg Registration, redirectURI string, s codeSecrets) string {
	sum := sha256.Sum256([]byte(s.verifier.Reveal()))
	var b strings.Builder
	b.WriteString(endpoint)
	sep := byte('?')
	for _, p := range [][2]string{
		{"response_type", "code"},
		{"client_id", reg.ClientID},
		{"redirect_uri", redirectURI},
		{"state", s.state},
		{"code_challenge_method", wire.ChallengeMethodS256},
		{"scopes", strings.Join(r.codeScopes(), " ")},
		{"code_challenge", base64.RawURLEncoding.EncodeToString(sum[:])},
	} {
		b.WriteByte(sep)
		b.WriteString(p[0] + "=" + strings.ReplaceAll(url.QueryEscape(p[1]), "+", "%20"))
		sep = '&'
	}
	return b.String()
}
