package webidentity_test

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/hmac"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"math/big"
	"strings"
	"sync"
	"testing"
	"time"

	"keyfob/internal/center/store"
	"keyfob/internal/center/webidentity"
	"keyfob/internal/clock"
	"keyfob/internal/wire"
)

func epoch() time.Time { return time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC) }

// Tokens and key sets are put together here by hand and not by go-jose, which verifies them.

var b64 = base64.RawURLEncoding

type object = map[string]any

type issuer struct {
	*testing.T
	rsa, otherRSA *rsa.PrivateKey
	ec            *ecdsa.PrivateKey
	clock         *clock.Fake
	verifier      *webidentity.Verifier

	mu      sync.Mutex
	fetches int
	answer  func() ([]byte, error)
}

func rsaKey(t testing.TB, bits int) *rsa.PrivateKey {
	t.Helper()
	k, err := rsa.GenerateKey(rand.Reader, bits)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func newIssuer(t *testing.T) *issuer {
	t.Helper()
	ec, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	i := &issuer{T: t, rsa: rsaKey(t, 2048), otherRSA: rsaKey(t, 2048), ec: ec, clock: clock.NewFake(epoch())}
	i.answer = func() ([]byte, error) { return []byte(i.jwks()), nil }
	i.verifier = &webidentity.Verifier{Clock: i.clock, Fetch: func(_ context.Context, url string) ([]byte, error) {
		if url != "https://idp.example.com/jwks" {
			t.Errorf("fetched %s", url)
		}
		i.mu.Lock()
		defer i.mu.Unlock()
		i.fetches++
		return i.answer()
	}}
	return i
}

func rsaJWK(kid string, k *rsa.PublicKey) object {
	return object{"kty": "RSA", "kid": kid, "use": "sig", "alg": "RS256", "n": b64.EncodeToString(k.N.Bytes()), "e": b64.EncodeToString(big.NewInt(int64(k.E)).Bytes())}
}

func ecJWK(kid string, k *ecdsa.PublicKey) object {
	point, err := k.Bytes() // 4, x, y
	if err != nil {
		panic(err)
	}
	half := (len(point) - 1) / 2
	return object{"kty": "EC", "kid": kid, "crv": k.Curve.Params().Name, "x": b64.EncodeToString(point[1 : 1+half]), "y": b64.EncodeToString(point[1+half:])}
}

func set(keys ...object) string {
	b, err := json.Marshal(object{"keys": keys})
	if err != nil {
		panic(err)
	}
	return string(b)
}

func (i *issuer) jwks() string {
	return set(rsaJWK("r1", &i.rsa.PublicKey), ecJWK("e1", &i.ec.PublicKey))
}

func (i *issuer) trusted() store.WebIdentity {
	return store.WebIdentity{
		Issuer: "https://idp.example.com", Audiences: []string{"sts.amazonaws.com", "second"}, Subjects: []string{"repo:acme/*:ref:refs/heads/main"}, JWKS: i.jwks(),
	}
}

func claims(change ...any) object {
	c := object{
		"iss": "https://idp.example.com", "sub": "repo:acme/app:ref:refs/heads/main", "aud": "sts.amazonaws.com",
		"iat": epoch().Unix(), "exp": epoch().Add(5 * time.Minute).Unix(),
	}
	for n := 0; n < len(change); n += 2 {
		if c[change[n].(string)] = change[n+1]; change[n+1] == nil {
			delete(c, change[n].(string))
		}
	}
	return c
}

func encoded(v any) string {
	b, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	return b64.EncodeToString(b)
}

func rs256(header, claims object, k *rsa.PrivateKey) string {
	content := encoded(header) + "." + encoded(claims)
	sum := sha256.Sum256([]byte(content))
	sig, err := rsa.SignPKCS1v15(rand.Reader, k, crypto.SHA256, sum[:])
	if err != nil {
		panic(err)
	}
	return content + "." + b64.EncodeToString(sig)
}

func es256(header, claims object, k *ecdsa.PrivateKey) string {
	content := encoded(header) + "." + encoded(claims)
	sum := sha256.Sum256([]byte(content))
	r, s, err := ecdsa.Sign(rand.Reader, k, sum[:])
	if err != nil {
		panic(err)
	}
	return content + "." + b64.EncodeToString(append(r.FillBytes(make([]byte, 32)), s.FillBytes(make([]byte, 32))...))
}

func hs256(header, claims object, secret []byte) string {
	content := encoded(header) + "." + encoded(claims)
	m := hmac.New(sha256.New, secret)
	m.Write([]byte(content))
	return content + "." + b64.EncodeToString(m.Sum(nil))
}

func rsHeader(change ...any) object {
	h := object{"alg": "RS256", "kid": "r1", "typ": "JWT"}
	for n := 0; n < len(change); n += 2 {
		if h[change[n].(string)] = change[n+1]; change[n+1] == nil {
			delete(h, change[n].(string))
		}
	}
	return h
}

func (i *issuer) verify(token string, trusted ...store.WebIdentity) (webidentity.Claims, string) {
	if trusted == nil {
		trusted = []store.WebIdentity{i.trusted()}
	}
	c, err := i.verifier.Verify(i.Context(), wire.Secret(token), trusted)
	var e *wire.ServiceError
	switch {
	case errors.As(err, &e):
		return c, string(e.Code)
	case errors.Is(err, webidentity.ErrIssuer):
		return c, "issuer"
	case errors.Is(err, webidentity.ErrSubject):
		return c, "subject"
	case err != nil:
		i.Errorf("error is %v", err)
	}
	return c, ""
}

func TestGoodTokens(t *testing.T) {
	i := newIssuer(t)
	want := webidentity.Claims{Issuer: "https://idp.example.com", Subject: "repo:acme/app:ref:refs/heads/main", Audience: "sts.amazonaws.com"}
	for name, token := range map[string]string{
		"RS256":           rs256(rsHeader(), claims(), i.rsa),
		"ES256":           es256(object{"alg": "ES256", "kid": "e1"}, claims(), i.ec),
		"no kid":          rs256(rsHeader("kid", nil), claims(), i.rsa), // there is one RSA key only
		"audiences":       rs256(rsHeader(), claims("aud", []string{"other", "sts.amazonaws.com"}), i.rsa),
		"nbf":             rs256(rsHeader(), claims("nbf", epoch().Unix()), i.rsa),
		"issuer is ahead": rs256(rsHeader(), claims("iat", epoch().Add(59*time.Second).Unix()), i.rsa),
		"a little late":   rs256(rsHeader(), claims("exp", epoch().Add(-59*time.Second).Unix()), i.rsa),
		"fractional":      rs256(rsHeader(), claims("iat", 1795424400.25), i.rsa),
		"newline":         rs256(rsHeader(), claims(), i.rsa) + "\n",
		"more claims":     rs256(rsHeader(), claims("jti", "1", "repository", object{"a": []int{1}}), i.rsa),
	} {
		if got, code := i.verify(token); code != "" || got != want {
			t.Errorf("%s: %q %+v", name, code, got)
		}
	}
	w := i.trusted()
	w.Audiences = []string{"second"}
	if got, code := i.verify(rs256(rsHeader(), claims("aud", "second"), i.rsa), w, i.trusted()); code != "" || got.Audience != "second" {
		t.Errorf("second audience: %q %+v", code, got)
	}
	// Any of several statements about one issuer will do.
	never := i.trusted()
	never.Subjects = []string{"nobody"}
	if _, code := i.verify(rs256(rsHeader(), claims(), i.rsa), never, i.trusted()); code != "" {
		t.Errorf("two statements: %q", code)
	}
}

func TestSecurity70ForgedTokens(t *testing.T) {
	i := newIssuer(t)
	good := rs256(rsHeader(), claims(), i.rsa)
	parts := strings.Split(good, ".")
	der := i.rsa.PublicKey.N.Bytes()
	publicPEM := pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der})
	flipped := []byte(parts[2])
	flipped[10] ^= 1
	ecAsRSA := object{"alg": "RS256", "kid": "e1"}
	for name, token := range map[string]string{
		"empty":                       "",
		"no JWT":                      "abc",
		"two parts":                   parts[0] + "." + parts[1],
		"four parts":                  good + ".x",
		"JSON serialization":          fmt.Sprintf(`{"payload":%q,"protected":%q,"signature":%q}`, parts[1], parts[0], parts[2]),
		"signature of another token":  parts[0] + "." + encoded(claims("sub", "repo:acme/x:ref:refs/heads/main")) + "." + parts[2],
		"flipped bit":                 parts[0] + "." + parts[1] + "." + string(flipped),
		"no signature":                parts[0] + "." + parts[1] + ".",
		"alg none":                    encoded(rsHeader("alg", "none")) + "." + parts[1] + ".",
		"alg None, kid of a key":      encoded(rsHeader("alg", "None")) + "." + parts[1] + "." + parts[2],
		"no alg":                      encoded(rsHeader("alg", nil)) + "." + parts[1] + "." + parts[2],
		"HS256 with the modulus":      hs256(rsHeader("alg", "HS256"), claims(), der),
		"HS256 with the public PEM":   hs256(rsHeader("alg", "HS256"), claims(), publicPEM),
		"HS256 with the key set":      hs256(rsHeader("alg", "HS256"), claims(), []byte(i.jwks())),
		"RS512":                       rs256(rsHeader("alg", "RS512"), claims(), i.rsa),
		"PS256":                       rs256(rsHeader("alg", "PS256"), claims(), i.rsa),
		"RS256 with the EC key's id":  rs256(ecAsRSA, claims(), i.otherRSA),
		"ES256 with the RSA key's id": es256(object{"alg": "ES256", "kid": "r1"}, claims(), i.ec),
		"another key":                 rs256(rsHeader(), claims(), i.otherRSA),
		"another key, unknown kid":    rs256(rsHeader("kid", "x"), claims(), i.otherRSA),
		"its own key in the header":   rs256(rsHeader("jwk", rsaJWK("r1", &i.otherRSA.PublicKey)), claims(), i.otherRSA),
		"its own key, no kid":         rs256(rsHeader("kid", nil, "jwk", rsaJWK("", &i.otherRSA.PublicKey)), claims(), i.otherRSA),
		"address of its own keys":     rs256(rsHeader("jku", "https://evil.example.com/jwks"), claims(), i.otherRSA),
		"critical extension":          rs256(rsHeader("crit", []string{"exp"}, "exp", 1), claims(), i.rsa),
		"huge":                        good + strings.Repeat("A", 20000),
		"control characters":          "\x00\x1b" + good,
		"line break":                  parts[0] + "\n." + parts[1] + "." + parts[2],
	} {
		if got, code := i.verify(token); code != "InvalidIdentityToken" || got != (webidentity.Claims{}) {
			t.Errorf("%s: %q %+v", name, code, got)
		}
	}
}

func TestSecurity70Claims(t *testing.T) {
	i := newIssuer(t)
	at := func(d time.Duration) int64 { return epoch().Add(d).Unix() }
	for name, c := range map[string]struct {
		claims object
		want   string
	}{
		"another issuer":               {claims("iss", "https://evil.example.com"), "issuer"},
		"issuer with a slash":          {claims("iss", "https://idp.example.com/"), "issuer"},
		"issuer in capitals":           {claims("iss", "https://IDP.example.com"), "issuer"},
		"no issuer":                    {claims("iss", nil), "issuer"},
		"another audience":             {claims("aud", "other"), "InvalidIdentityToken"},
		"longer audience":              {claims("aud", "sts.amazonaws.com.cn"), "InvalidIdentityToken"},
		"no audience":                  {claims("aud", nil), "InvalidIdentityToken"},
		"audience in azp":              {claims("aud", "other", "azp", "sts.amazonaws.com"), "InvalidIdentityToken"},
		"expired":                      {claims("exp", at(-time.Minute)), "ExpiredTokenException"},
		"no exp":                       {claims("exp", nil), "InvalidIdentityToken"},
		"no iat":                       {claims("iat", nil), "InvalidIdentityToken"},
		"exp is text":                  {claims("exp", "never"), "InvalidIdentityToken"},
		"from the future":              {claims("iat", at(61*time.Second)), "InvalidIdentityToken"},
		"not yet":                      {claims("nbf", at(61*time.Second)), "InvalidIdentityToken"},
		"no sub":                       {claims("sub", nil), "InvalidIdentityToken"},
		"long sub":                     {claims("sub", "repo:acme/"+strings.Repeat("x", 255)+":ref:refs/heads/main"), "InvalidIdentityToken"},
		"another branch":               {claims("sub", "repo:acme/app:ref:refs/heads/evil"), "subject"},
		"another owner":                {claims("sub", "repo:evil/acme/app:ref:refs/heads/main"), "subject"},
		"expired, of another audience": {claims("exp", at(-time.Hour), "aud", "other"), "ExpiredTokenException"},
	} {
		if got, code := i.verify(rs256(rsHeader(), c.claims, i.rsa)); code != c.want || got != (webidentity.Claims{}) {
			t.Errorf("%s: %q %+v", name, code, got)
		}
	}
}

// A key counts for the issuer that has it and for no other, whatever key id a token names.
func TestSecurity70KeysOfAnotherIssuer(t *testing.T) {
	i := newIssuer(t)
	other := store.WebIdentity{
		Issuer: "https://other.example.com", Audiences: []string{"sts.amazonaws.com"}, Subjects: []string{"*"},
		JWKS: set(rsaJWK("other", &i.otherRSA.PublicKey), rsaJWK("r1", &i.otherRSA.PublicKey)),
	}
	for _, kid := range []string{"other", "r1"} {
		if _, code := i.verify(rs256(rsHeader("kid", kid), claims(), i.otherRSA), i.trusted(), other); code != "InvalidIdentityToken" {
			t.Errorf("signed by another issuer's key %s: %q", kid, code)
		}
	}
	if _, code := i.verify(rs256(rsHeader("kid", nil), claims("iss", other.Issuer), i.otherRSA), i.trusted(), other); code != "InvalidIdentityToken" {
		t.Errorf("no kid where there are two keys: %q", code)
	}
	if _, code := i.verify(rs256(rsHeader("kid", "other"), claims("iss", other.Issuer), i.otherRSA), i.trusted(), other); code != "" {
		t.Errorf("its own: %q", code)
	}
}

func TestSecurity70KeySets(t *testing.T) {
	i := newIssuer(t)
	small := rsaKey(t, 1024)
	p384, err := ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	private := rsaJWK("p", &i.rsa.PublicKey)
	private["d"] = b64.EncodeToString(i.rsa.D.Bytes())
	private["p"], private["q"] = b64.EncodeToString(i.rsa.Primes[0].Bytes()), b64.EncodeToString(i.rsa.Primes[1].Bytes())
	encryption := rsaJWK("r1", &i.rsa.PublicKey)
	encryption["use"] = "enc"
	ps := rsaJWK("r1", &i.rsa.PublicKey)
	ps["alg"] = "PS256"
	hmacNamed := rsaJWK("r1", &i.rsa.PublicKey)
	hmacNamed["alg"] = "HS256"
	many := make([]object, 101)
	for n := range many {
		many[n] = rsaJWK(fmt.Sprint(n), &i.rsa.PublicKey)
	}
	for name, bad := range map[string]string{
		"nothing":        "",
		"a list":         "[]",
		"no keys":        "{}",
		"no key":         set(),
		"too small":      set(rsaJWK("r1", &small.PublicKey)),
		"P-384":          set(ecJWK("r1", &p384.PublicKey)),
		"for encryption": set(encryption),
		"for PS256":      set(ps),
		"for HS256":      set(hmacNamed),
		"symmetric":      set(object{"kty": "oct", "kid": "r1", "k": "AAAA"}),
		"one symmetric":  set(rsaJWK("r1", &i.rsa.PublicKey), object{"kty": "oct", "kid": "r1", "k": "AAAA"}),
		"a private one":  set(private),
		"too many":       set(many...),
	} {
		if webidentity.CheckKeys([]byte(bad)) == nil {
			t.Errorf("%s: accepted", name)
		}
	}
	if err := webidentity.CheckKeys([]byte(set(object{"kty": "future"}, encryption, rsaJWK("r1", &i.rsa.PublicKey)))); err != nil {
		t.Errorf("a good key among others: %v", err)
	}
}

func TestSecurity70FetchedKeys(t *testing.T) {
	i := newIssuer(t)
	w := i.trusted()
	w.JWKS, w.JWKSURL = "", "https://idp.example.com/jwks"
	sign := func(kid string, k *rsa.PrivateKey) string {
		now := i.clock.Now()
		return rs256(rsHeader("kid", kid), claims("iat", now.Unix(), "exp", now.Add(time.Minute).Unix()), k)
	}
	want := func(what, token, code string, fetches int) {
		t.Helper()
		if _, got := i.verify(token, w); got != code || i.fetches != fetches {
			t.Errorf("%s: %q after %d fetches, want %q after %d", what, got, i.fetches, code, fetches)
		}
	}
	want("first", sign("r1", i.rsa), "", 1)
	want("again", sign("r1", i.rsa), "", 1)
	for range 5 {
		want("unknown ids do not make us ask", sign("x", i.otherRSA), "InvalidIdentityToken", 1)
	}
	i.clock.Advance(31 * time.Second)
	want("but now and then", sign("x", i.otherRSA), "InvalidIdentityToken", 2)
	want("the known one is not troubled", sign("r1", i.rsa), "", 2)

	i.answer = func() ([]byte, error) { return []byte(set(rsaJWK("r2", &i.otherRSA.PublicKey))), nil }
	i.clock.Advance(31 * time.Second)
	want("a new key at once", sign("r2", i.otherRSA), "", 3)
	want("a withdrawn one no more", sign("r1", i.rsa), "InvalidIdentityToken", 3)

	i.answer = func() ([]byte, error) { return nil, errors.New("no route to host") }
	i.clock.Advance(6 * time.Minute)
	want("issuer down for a while", sign("r2", i.otherRSA), "", 4)
	i.clock.Advance(time.Hour)
	want("for too long", sign("r2", i.otherRSA), "IDPCommunicationError", 5)
	want("and asked patiently", sign("r2", i.otherRSA), "IDPCommunicationError", 5)
	i.answer = func() ([]byte, error) { return []byte("<html>"), nil }
	i.clock.Advance(time.Minute)
	want("nonsense", sign("r2", i.otherRSA), "IDPCommunicationError", 6)
	i.answer = func() ([]byte, error) { return []byte(i.jwks()), nil }
	i.clock.Advance(time.Minute)
	want("back", sign("r1", i.rsa), "", 7)

	// A crowd asks once.
	i.clock.Advance(10 * time.Minute)
	token := sign("r1", i.rsa)
	var wg sync.WaitGroup
	for range 20 {
		wg.Go(func() {
			if _, code := i.verify(token, w); code != "" {
				t.Error(code)
			}
		})
	}
	wg.Wait()
	if i.fetches != 8 {
		t.Errorf("%d fetches", i.fetches)
	}
}

func TestMatches(t *testing.T) {
	for _, c := range []struct {
		pattern, s string
		want       bool
	}{
		{"a", "a", true},
		{"a", "A", false},
		{"a", "ab", false},
		{"a", "", false},
		{"", "", true},
		{"*", "", true},
		{"*", "x:y/z", true},
		{"a*", "b", false},
		{"a*c", "abbc", true},
		{"a*c", "abcd", false},
		{"a?c", "abc", true},
		{"a?c", "ac", false},
		{"?", "é", true},
		{"*a*b", "xaxab", true},
		{"*a*b*", "ba", false},
		{"repo:acme/*:ref:refs/heads/main", "repo:acme/app:ref:refs/heads/main", true},
		{"[ab]", "a", false},
		{"a.c", "abc", false},
		{"**", "x", true},
	} {
		if got := webidentity.Matches(c.pattern, c.s); got != c.want {
			t.Errorf("%q %q: %v", c.pattern, c.s, got)
		}
	}
	start := time.Now()
	if webidentity.Matches(strings.Repeat("*a", 100)+"b", strings.Repeat("a", 255)) {
		t.Error("a hostile pattern matches")
	}
	if d := time.Since(start); d > time.Second {
		t.Errorf("a hostile pattern takes %s", d)
	}
}

func FuzzVerify(f *testing.F) {
	key := rsaKey(f, 2048)
	w := store.WebIdentity{
		Issuer: "https://idp.example.com", Audiences: []string{"sts.amazonaws.com"}, Subjects: []string{"*"}, JWKS: set(rsaJWK("r1", &key.PublicKey)),
	}
	good := rs256(rsHeader(), claims(), key)
	v := &webidentity.Verifier{Clock: clock.NewFake(epoch())}
	f.Add(good)
	f.Add(good[:len(good)-1])
	f.Add("eyJhbGciOiJub25lIn0.e30.")
	f.Add("..")
	f.Add(hs256(rsHeader("alg", "HS256"), claims(), nil))
	f.Fuzz(func(t *testing.T, token string) {
		c, err := v.Verify(t.Context(), wire.Secret(token), []store.WebIdentity{w})
		// The end of a signature can be spelt in several ways, what it covers in one.
		if content := good[:strings.LastIndexByte(good, '.')+1]; err == nil && !strings.HasPrefix(strings.TrimSpace(token), content) {
			t.Errorf("accepted %+v", c)
		}
	})
}

func FuzzCheckKeys(f *testing.F) {
	key := rsaKey(f, 2048)
	f.Add([]byte(set(rsaJWK("r1", &key.PublicKey))))
	f.Add([]byte(`{"keys":[{"kty":"EC","crv":"P-256","x":"","y":""},{"kty":"oct","k":""},null,1]}`))
	f.Add([]byte(`{"keys":[{"kty":"RSA","n":"AA","e":"AA","x5c":[""]}]}`))
	f.Fuzz(func(_ *testing.T, jwks []byte) { _ = webidentity.CheckKeys(jwks) })
}
