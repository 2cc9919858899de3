package attacks

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/hmac"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"encoding/xml"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"keyfob/centertest"
	"keyfob/internal/wire"
)

// JWT confusion at AssumeRoleWithWebIdentity (RFC 8725 sections 2 and 3; RFC 7515 section 10).
//
// Who: somebody with a token of their own from the issuer that a role trusts (a job on a public CI system), or with
// none, and the issuer's public keys, which everybody has. What they want: credentials of a role that trusts other
// subjects. How: tokens that a careless verifier takes: unsigned, signed with the public key as if it were a
// secret, with keys or addresses of keys in the header, of another issuer, with two readings.
//
// What holds them off (70): the algorithm follows from the issuer's key; keys come from the issuer that the role
// trusts, from its declared address, and from nowhere else; every claim is checked; the JSON has one reading.
func TestAttackJWTConfusion(t *testing.T) {
	ec, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	must(t, err)
	rs, err := rsa.GenerateKey(rand.Reader, 2048)
	must(t, err)
	mine, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	must(t, err)
	b64 := base64.RawURLEncoding.EncodeToString
	point := func(k *ecdsa.PublicKey) (x, y string) {
		b, err := k.Bytes()
		must(t, err)
		return b64(b[1:33]), b64(b[33:])
	}
	x, y := point(&ec.PublicKey)
	n := b64(rs.N.Bytes())
	keys := fmt.Sprintf(`{"keys":[{"kty":"EC","crv":"P-256","kid":"ec","alg":"ES256","use":"sig","x":%q,"y":%q},{"kty":"RSA","kid":"rs","alg":"RS256","use":"sig","n":%q,"e":"AQAB"}]}`, x, y, n)
	serve := func(body *atomic.Value, asked *atomic.Int64) string {
		s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			asked.Add(1)
			_, _ = w.Write(body.Load().([]byte))
		}))
		t.Cleanup(s.Close)
		return s.URL
	}
	var asked, askedOfMine atomic.Int64
	var published, publishedByMe atomic.Value
	published.Store([]byte(keys))
	issuer := serve(&published, &asked)
	mx, my := point(&mine.PublicKey)
	jwk := map[string]any{"kty": "EC", "crv": "P-256", "kid": "ec", "alg": "ES256", "x": mx, "y": my}
	ofMine, err := json.Marshal(map[string]any{"keys": []any{jwk}})
	must(t, err)
	publishedByMe.Store(ofMine)
	elsewhere := serve(&publishedByMe, &askedOfMine)
	center := centertest.New(t, centertest.Seed(fmt.Sprintf(`instance: {name: Example, region: us-east-1}
accounts:
  - {id: "000000000042", name: Sandbox}
roles:
  - account: "000000000042"
    name: Web
    trust:
      - web_identity: {issuer: "%s", jwks_url: "%s/jwks", audiences: [sts.amazonaws.com], subjects: ["repo:good/*"]}
`, issuer, issuer)))

	now := center.Now()
	type object = map[string]any
	claims := func(changes object) object {
		c := object{"iss": issuer, "sub": "repo:good/main", "aud": "sts.amazonaws.com", "iat": now.Unix(), "exp": now.Add(time.Hour).Unix()}
		maps.Copy(c, changes)
		maps.DeleteFunc(c, func(_ string, v any) bool { return v == nil })
		return c
	}
	es := func(k *ecdsa.PrivateKey) func(string) []byte {
		return func(in string) []byte {
			sum := sha256.Sum256([]byte(in))
			r, s, err := ecdsa.Sign(rand.Reader, k, sum[:])
			must(t, err)
			return append(r.FillBytes(make([]byte, 32)), s.FillBytes(make([]byte, 32))...)
		}
	}
	hs := func(secret []byte) func(string) []byte {
		return func(in string) []byte { m := hmac.New(sha256.New, secret); m.Write([]byte(in)); return m.Sum(nil) }
	}
	none := func(string) []byte { return nil }
	signed := func(header, payload string, sign func(string) []byte) string {
		in := b64([]byte(header)) + "." + b64([]byte(payload))
		return in + "." + b64(sign(in))
	}
	token := func(header, payload object, sign func(string) []byte) string {
		h, err := json.Marshal(header)
		must(t, err)
		p, err := json.Marshal(payload)
		must(t, err)
		return signed(string(h), string(p), sign)
	}
	b := newBrowser(t)
	assume := func(token string) string {
		a := b.do(b.request(http.MethodPost, center.URL+"/", "application/x-www-form-urlencoded", url.Values{
			"Action": {wire.ActionAssumeRoleWithWebIdentity}, "Version": {wire.STSVersion}, "RoleArn": {"arn:aws:iam::000000000042:role/Web"},
			"RoleSessionName": {"thief"}, "WebIdentityToken": {token},
		}.Encode()))
		if a.StatusCode == http.StatusOK {
			return ""
		}
		var e wire.STSErrorResponse
		if err := xml.Unmarshal([]byte(a.body), &e); err != nil || strings.Contains(a.body, "SecretAccessKey") {
			t.Fatalf("%d %s", a.StatusCode, a.body)
		}
		return e.Error.Code
	}
	good := object{"alg": "ES256", "kid": "ec", "typ": "JWT"}
	if code := assume(token(good, claims(nil), es(ec))); code != "" {
		t.Fatalf("a good token is answered %s", code)
	}

	der, err := x509.MarshalPKIXPublicKey(&ec.PublicKey)
	must(t, err)
	rder, err := x509.MarshalPKIXPublicKey(&rs.PublicKey)
	must(t, err)
	public := pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: rder})
	raw, err := ec.PublicKey.Bytes()
	must(t, err)
	with := func(changes object) object {
		h := maps.Clone(good)
		maps.Copy(h, changes)
		maps.DeleteFunc(h, func(_ string, v any) bool { return v == nil })
		return h
	}
	payload, err := json.Marshal(claims(nil))
	must(t, err)
	goodToken := token(good, claims(nil), es(ec))
	parts := strings.Split(goodToken, ".")
	low := es(ec)(parts[0] + "." + parts[1])
	zero := make([]byte, 64)
	attempts := map[string]string{
		"unsigned":                      token(with(object{"alg": "none"}), claims(nil), none),
		"unsigned, spelled otherwise":   token(with(object{"alg": "nOnE"}), claims(nil), none),
		"no algorithm":                  token(with(object{"alg": nil}), claims(nil), es(ec)),
		"signature cut off":             parts[0] + "." + parts[1] + ".",
		"two parts":                     parts[0] + "." + parts[1],
		"a signature of zeros":          parts[0] + "." + parts[1] + "." + b64(zero), // CVE-2022-21449
		"HMAC with the RSA key":         token(object{"alg": "HS256", "kid": "rs"}, claims(nil), hs(public)),
		"HMAC with the RSA key's DER":   token(object{"alg": "HS256", "kid": "rs"}, claims(nil), hs(rder)),
		"HMAC with the EC key's DER":    token(object{"alg": "HS256", "kid": "ec"}, claims(nil), hs(der)),
		"HMAC with the point":           token(object{"alg": "HS256", "kid": "ec"}, claims(nil), hs(raw)),
		"HMAC with the key set":         token(object{"alg": "HS256"}, claims(nil), hs([]byte(keys))),
		"HMAC with nothing":             token(object{"alg": "HS256"}, claims(nil), hs(nil)),
		"an RSA key, an EC signature":   token(with(object{"kid": "rs"}), claims(nil), es(ec)),
		"RS256 of an EC key":            token(with(object{"alg": "RS256"}), claims(nil), es(ec)),
		"ES384":                         token(with(object{"alg": "ES384"}), claims(nil), es(ec)),
		"PS256":                         token(with(object{"alg": "PS256", "kid": "rs"}), claims(nil), es(ec)),
		"a key in the header":           token(with(object{"jwk": jwk}), claims(nil), es(mine)),
		"a key in the header, no id":    token(with(object{"jwk": jwk, "kid": nil}), claims(nil), es(mine)),
		"an address of keys":            token(with(object{"jku": elsewhere}), claims(nil), es(mine)),
		"an address of a certificate":   token(with(object{"x5u": elsewhere}), claims(nil), es(mine)),
		"a certificate":                 token(with(object{"x5c": []string{b64(der)}}), claims(nil), es(mine)),
		"another key":                   token(good, claims(nil), es(mine)),
		"a key id with a path":          token(with(object{"kid": "../../../dev/null"}), claims(nil), hs(nil)),
		"a key id with SQL":             token(with(object{"kid": "x' UNION SELECT 'ec"}), claims(nil), es(mine)),
		"a key id that is no text":      token(with(object{"kid": object{"$ne": ""}}), claims(nil), es(mine)),
		"a critical header":             token(with(object{"crit": []string{"exp"}, "exp": 1}), claims(nil), es(ec)),
		"an unencoded payload":          token(with(object{"b64": false, "crit": []string{"b64"}}), claims(nil), es(ec)),
		"an encrypted token":            parts[0] + "." + parts[1] + "." + parts[2] + ".x.y",
		"the JSON serialization":        fmt.Sprintf(`{"payload":%q,"protected":%q,"signature":%q}`, parts[1], parts[0], parts[2]),
		"two signatures":                fmt.Sprintf(`{"payload":%q,"signatures":[{"protected":%q,"signature":%q}]}`, parts[1], parts[0], parts[2]),
		"claims changed":                parts[0] + "." + b64([]byte(strings.Replace(string(payload), "good", "evil", 1))) + "." + parts[2],
		"another subject":               token(good, claims(object{"sub": "repo:evil/main"}), es(ec)),
		"a subject that looks like it":  token(good, claims(object{"sub": "repo:good"}), es(ec)),
		"a subject in other letters":    token(good, claims(object{"sub": "repo:Good/main"}), es(ec)),
		"no subject":                    token(good, claims(object{"sub": nil}), es(ec)),
		"two subjects":                  signed(`{"alg":"ES256","kid":"ec"}`, strings.Replace(string(payload), `"sub":`, `"sub":"repo:evil/x","sub":`, 1), es(ec)),
		"a subject under another name":  signed(`{"alg":"ES256","kid":"ec"}`, strings.Replace(string(payload), `"sub":`, `"SUB":`, 1), es(ec)),
		"another audience":              token(good, claims(object{"aud": "https://github.com/evil"}), es(ec)),
		"no audience":                   token(good, claims(object{"aud": nil}), es(ec)),
		"an audience with more in it":   token(good, claims(object{"aud": "sts.amazonaws.com.evil.example"}), es(ec)),
		"an issuer in other letters":    token(good, claims(object{"iss": strings.ToUpper(issuer)}), es(ec)),
		"an issuer with a slash":        token(good, claims(object{"iss": issuer + "/"}), es(ec)),
		"an issuer of their own":        token(good, claims(object{"iss": elsewhere}), es(mine)),
		"expired":                       token(good, claims(object{"exp": now.Add(-time.Hour).Unix()}), es(ec)),
		"no end":                        token(good, claims(object{"exp": nil}), es(ec)),
		"an end that is no number":      token(good, claims(object{"exp": "9999999999"}), es(ec)),
		"an end beyond all":             token(good, claims(object{"exp": 1e300}), es(ec)),
		"not yet":                       token(good, claims(object{"nbf": now.Add(time.Hour).Unix()}), es(ec)),
		"issued tomorrow":               token(good, claims(object{"iat": now.Add(24 * time.Hour).Unix()}), es(ec)),
		"two tokens":                    goodToken + "," + goodToken,
		"a huge token":                  parts[0] + "." + strings.Repeat("A", 200_000) + "." + parts[2],
		"deep JSON":                     signed(`{"alg":"ES256","kid":"ec"}`, strings.Repeat("[", 10_000), es(ec)),
		"no JSON":                       signed(`{"alg":"ES256","kid":"ec"}`, "<x>", es(ec)),
		"a payload that is a list":      signed(`{"alg":"ES256","kid":"ec"}`, "["+string(payload)+"]", es(ec)),
		"two headers":                   signed(`{"alg":"none","alg":"ES256","kid":"ec"}`, string(payload), es(mine)),
		"padding":                       parts[0] + "=." + parts[1] + "." + parts[2],
		"nothing":                       "..",
		"nothing in it":                 token(object{}, object{}, none),
		"line breaks":                   parts[0] + ".\n" + parts[1] + "." + parts[2],
		"the other alphabet of base 64": parts[0] + "." + parts[1] + "." + base64.StdEncoding.EncodeToString(low),
	}
	before := asked.Load()
	for how, token := range attempts {
		switch code := assume(token); code {
		case "InvalidIdentityToken", "AccessDenied", "ExpiredTokenException", "ValidationError", "PackedPolicyTooLarge":
		default:
			t.Errorf("%s: it is answered %q", how, code)
		}
	}
	if askedOfMine.Load() > 0 {
		t.Error("an address that a token brought along was asked for keys")
	}
	if more := asked.Load() - before; more > 3 {
		t.Errorf("%d tokens made the center ask the issuer %d times more", len(attempts), more)
	}
	if code := assume(token(good, claims(nil), es(ec))); code != "" {
		t.Errorf("afterwards a good token is answered %s", code)
	}

	// The issuer withdraws a key, which the attacker has. It is believed in for five minutes at most; so is the
	// other one, which signs on.
	published.Store([]byte(`{"keys":[` + keys[strings.Index(keys, `{"kty":"RSA"`):]))
	byRS := func(in string) []byte {
		sum := sha256.Sum256([]byte(in))
		s, err := rsa.SignPKCS1v15(rand.Reader, rs, crypto.SHA256, sum[:])
		must(t, err)
		return s
	}
	center.Advance(5 * time.Minute)
	if code := assume(token(good, claims(nil), es(ec))); code != "InvalidIdentityToken" {
		t.Errorf("a token of a key that was withdrawn is answered %q", code)
	}
	if code := assume(token(object{"alg": "RS256", "kid": "rs"}, claims(nil), byRS)); code != "" {
		t.Errorf("a token of the key that is left is answered %s", code)
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
