package centertest

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/json"
	"maps"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"
	"github.com/pquerna/otp/totp"

	"keyfob/internal/clock"
)

// Issuer is an OpenID Connect issuer for tests of web identity. It signs whatever it is asked to.
type Issuer struct {
	URL     string // its name, and the issuer of a web_identity
	JWKSURL string // where its public keys are

	signer jose.Signer
	check  func(error)
}

// NewIssuer starts an issuer on 127.0.0.1, which ends with the test.
func NewIssuer(t testing.TB) *Issuer {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	check(t, err)
	signer, err := jose.NewSigner(
		jose.SigningKey{Algorithm: jose.ES256, Key: jose.JSONWebKey{Key: key, KeyID: "centertest"}},
		(&jose.SignerOptions{}).WithType("JWT"),
	)
	check(t, err)
	public, err := json.Marshal(jose.JSONWebKeySet{Keys: []jose.JSONWebKey{{Key: &key.PublicKey, KeyID: "centertest", Algorithm: string(jose.ES256), Use: "sig"}}})
	check(t, err)
	mux := http.NewServeMux()
	mux.HandleFunc("GET /jwks", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/jwk-set+json")
		_, _ = w.Write(public)
	})
	s := httptest.NewServer(mux)
	t.Cleanup(s.Close)
	return &Issuer{URL: s.URL, JWKSURL: s.URL + "/jwks", signer: signer, check: func(err error) { t.Helper(); check(t, err) }}
}

// Token makes a token about subject for audience, good for an hour from now on. more are further claims,
// or others in place of these.
func (i *Issuer) Token(subject, audience string, more map[string]any) string {
	now := clock.System{}.Now()
	claims := map[string]any{
		"iss": i.URL, "sub": subject, "aud": audience, "iat": now.Unix(), "exp": now.Add(time.Hour).Unix(),
	}
	maps.Copy(claims, more)
	token, err := jwt.Signed(i.signer).Claims(claims).Serialize()
	i.check(err)
	return token
}

// MFACode is what an authenticator with that secret (base32, as in a service user's mfa) shows at the
// center's time. A code works once: Advance the clock by 30 seconds for the next one.
func (c *Center) MFACode(secret string) (string, error) { return totp.GenerateCode(secret, c.Now()) }
