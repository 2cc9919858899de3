package sts_test

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"encoding/xml"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"keyfob/internal/center/audit"
	"keyfob/internal/center/keyring"
	"keyfob/internal/center/request"
	"keyfob/internal/center/rolecreds"
	"keyfob/internal/center/store"
	"keyfob/internal/center/store/sqlite"
	"keyfob/internal/center/sts"
	"keyfob/internal/center/sts/sigv4/sigv4test"
	"keyfob/internal/center/throttle"
	"keyfob/internal/center/trust"
	"keyfob/internal/center/webidentity"
	"keyfob/internal/clock"
	"keyfob/internal/wire"
)

const (
	host = "127.0.0.1:8480"
	form = "Action=GetCallerIdentity&Version=2011-06-15"
)

func epoch() time.Time { return time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC) }

// rig is a door with one person's credentials.
type rig struct {
	t     testing.TB
	clock *clock.Fake
	ring  *keyring.Ring
	db    *sqlite.DB
	mint  *rolecreds.Minter
	door  *sts.Door
	creds wire.RoleCredentials
	fetch func(url string) ([]byte, error)
}

func newRig(t testing.TB) *rig {
	t.Helper()
	ring, err := keyring.New(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	c := clock.NewFake(epoch())
	m := &rolecreds.Minter{Ring: ring, Clock: c, Random: rand.Reader, Instance: store.Instance{ID: "ssoins-1", Region: "us-east-1"}}
	db, err := sqlite.Open(t.Context(), filepath.Join(t.TempDir(), "center.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	g := &rig{t: t, clock: c, ring: ring, db: db, mint: m, fetch: func(string) ([]byte, error) { return nil, errors.New("nobody is there") }}
	g.apply(g.organisation())
	logger := slog.New(slog.DiscardHandler)
	roles := &trust.Roles{
		Store: db, Clock: c, Keys: ring, Throttle: throttle.Throttle{Store: db, Clock: c}, Partition: "aws",
		Tokens: &webidentity.Verifier{Clock: c, Fetch: func(_ context.Context, url string) ([]byte, error) { return g.fetch(url) }},
	}
	g.door = sts.New(sts.Config{
		Credentials: m, Roles: roles, Users: db, Audit: &audit.Log{Store: db, Clock: c, Logger: logger}, Clock: c, Logger: logger,
	})
	g.creds = g.credentials("ada")
	return g
}

func (g *rig) credentials(user string) wire.RoleCredentials {
	g.t.Helper()
	c, err := g.mint.Mint(context.Background(), store.Grant{User: store.User{ID: "u-" + user, Name: user}}, "000000000042",
		store.PermissionSet{Name: "Admin", SessionDuration: time.Hour})
	if err != nil {
		g.t.Fatal(err)
	}
	return c
}

func (g *rig) signer() sigv4test.Signer {
	return sigv4test.Signer{
		AccessKeyID: g.creds.AccessKeyID, Secret: g.creds.SecretAccessKey.Reveal(), SessionToken: g.creds.SessionToken.Reveal(),
		Region: "eu-west-1", Service: "sts", At: g.clock.Now(),
	}
}

func post(body string) *http.Request {
	r := httptest.NewRequest(http.MethodPost, "http://"+host+"/", strings.NewReader(body))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded; charset=utf-8")
	return r
}

func get(query string) *http.Request {
	return httptest.NewRequest(http.MethodGet, "http://"+host+"/?"+query, nil)
}

func (g *rig) serve(r *http.Request) (status int, body string, header http.Header) {
	g.t.Helper()
	w := httptest.NewRecorder()
	g.door.ServeHTTP(w, r.WithContext(request.NewContext(r.Context(), request.Info{ID: "req-1"})))
	return w.Code, w.Body.String(), w.Result().Header
}

// refused wants the error of that code and status.
func (g *rig) refused(r *http.Request, status int, code string) {
	g.t.Helper()
	got, body, _ := g.serve(r)
	var e wire.STSErrorResponse
	if err := xml.Unmarshal([]byte(body), &e); err != nil {
		g.t.Errorf("not an STS error document: %v: %s", err, body)
		return
	}
	if got != status || e.Error.Code != code || e.RequestID != "req-1" || e.Error.Type != "Sender" || e.Error.Message == "" {
		g.t.Errorf("got %d %s, want %d %s\n%s", got, e.Error.Code, status, code, body)
	}
}

func (g *rig) accepted(r *http.Request) {
	g.t.Helper()
	status, body, header := g.serve(r)
	var a wire.GetCallerIdentityResponse
	if err := xml.Unmarshal([]byte(body), &a); err != nil || status != 200 {
		g.t.Fatalf("got %d, %v\n%s", status, err, body)
	}
	want := regexp.MustCompile(`^arn:aws:sts::000000000042:assumed-role/AWSReservedSSO_Admin_[0-9a-f]{16}/ada$`)
	if a.Result.Account != "000000000042" || !want.MatchString(a.Result.ARN) || !strings.HasSuffix(a.Result.UserID, ":ada") || a.Metadata.RequestID != "req-1" {
		g.t.Errorf("identity = %+v", a)
	}
	if header.Get("Content-Type") != "text/xml" || header.Get("Cache-Control") != "no-store" {
		g.t.Errorf("headers = %v", header)
	}
}

func TestGetCallerIdentity(t *testing.T) {
	g := newRig(t)
	s := g.signer()
	t.Run("POST, header", func(*testing.T) { g.accepted(s.Sign(post(form))) })
	t.Run("GET, header", func(*testing.T) { g.accepted(s.Sign(get(form))) })
	t.Run("GET, presigned", func(*testing.T) { g.accepted(s.Presign(get(form), time.Minute)) })
	t.Run("presigned without a lifetime, as the SDK for Go does", func(*testing.T) {
		s := s
		s.At = s.At.Add(-14 * time.Minute)
		g.accepted(s.Presign(get(form), -1))
	})
	t.Run("presigned with a signed header, as EKS does", func(*testing.T) {
		r := get(form)
		r.Header.Set("X-K8s-Aws-Id", "cluster")
		g.accepted(s.Presign(r, time.Minute))
	})
	t.Run("presigned, unsigned payload, no body", func(*testing.T) {
		s := s
		s.Payload = "UNSIGNED-PAYLOAD"
		g.accepted(s.Presign(get(form+"&X-Amz-Content-Sha256=UNSIGNED-PAYLOAD"), time.Minute))
	})
	t.Run("folded white space and repeated headers", func(*testing.T) {
		r := post(form)
		r.Header["X-Amz-Meta"] = []string{" b   c ", "a"}
		g.accepted(s.Sign(r))
	})
	t.Run("content hash given", func(*testing.T) {
		r := post(form)
		r.Header.Set("X-Amz-Content-Sha256", "ab821ae955788b0e33ebd34c208442ccfc2d406e2edc5e7a39bd6458fbb4f843")
		g.accepted(s.Sign(r))
	})
	t.Run("session token in the query of a header signature", func(*testing.T) {
		s := s
		token := s.SessionToken
		s.SessionToken = ""
		r := get(form)
		r.URL.RawQuery += "&X-Amz-Security-Token=" + strings.NewReplacer("+", "%2B", "/", "%2F", "=", "%3D").Replace(token)
		g.accepted(s.Sign(r))
	})
	t.Run("golden bytes", func(t *testing.T) {
		_, body, _ := g.serve(s.Sign(post(form)))
		want := regexp.MustCompile(`^<GetCallerIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><GetCallerIdentityResult>` +
			`<UserId>AROA[A-Z2-7]{17}:ada</UserId><Account>000000000042</Account><Arn>arn:[^<]*</Arn></GetCallerIdentityResult>` +
			`<ResponseMetadata><RequestId>req-1</RequestId></ResponseMetadata></GetCallerIdentityResponse>$`)
		if !want.MatchString(body) {
			t.Errorf("body = %s", body)
		}
	})
}

func TestSecurity67BadSignaturesAreRefused(t *testing.T) {
	g := newRig(t)
	s := g.signer()
	header := func(f func(r *http.Request)) *http.Request { r := s.Sign(post(form)); f(r); return r }
	query := func(old, replacement string) *http.Request {
		r := s.Presign(get(form), time.Minute)
		if !strings.Contains(r.URL.RawQuery, old) {
			t.Fatalf("no %q in %s", old, r.URL.RawQuery)
		}
		r.URL.RawQuery = strings.Replace(r.URL.RawQuery, old, replacement, 1)
		return r
	}
	authorization := func(old, replacement string) *http.Request {
		return header(func(r *http.Request) {
			a := r.Header.Get("Authorization")
			if !strings.Contains(a, old) {
				t.Fatalf("no %q in %s", old, a)
			}
			r.Header.Set("Authorization", strings.Replace(a, old, replacement, 1))
		})
	}
	with := func(f func(*sigv4test.Signer)) sigv4test.Signer { c := s; f(&c); return c }
	signed := func(f func(*sigv4test.Signer)) *http.Request { return with(f).Sign(post(form)) }

	for _, c := range []struct {
		name   string
		r      *http.Request
		status int
		code   string
	}{
		{"no signature", post(form), 403, "MissingAuthenticationToken"},
		{"no signature, GET", get(form), 403, "MissingAuthenticationToken"},
		{"bearer token", header(func(r *http.Request) { r.Header.Set("Authorization", "Bearer x") }), 400, "IncompleteSignature"},
		{"empty authorization", header(func(r *http.Request) { r.Header.Set("Authorization", "") }), 400, "IncompleteSignature"},
		{"two authorizations", header(func(r *http.Request) { r.Header.Add("Authorization", "x") }), 400, "IncompleteSignature"},
		{"header and query", s.Sign(s.Presign(get(form), time.Minute)), 400, "IncompleteSignature"},
		{"SigV4A", authorization("AWS4-HMAC-SHA256", "AWS4-ECDSA-P256-SHA256"), 400, "IncompleteSignature"},
		{"no signature field", authorization("Signature=", "Sig="), 400, "IncompleteSignature"},
		{"field given twice", authorization("Signature=", "Signature=00, Signature="), 400, "IncompleteSignature"},
		{"truncated signature", header(func(r *http.Request) {
			a := r.Header.Get("Authorization")
			r.Header.Set("Authorization", a[:len(a)-2])
		}), 400, "IncompleteSignature"},
		{"signature of zeros", authorization("Signature=", "Signature="+strings.Repeat("0", 64)+", X="), 403, "SignatureDoesNotMatch"},
		{"wrong secret", signed(func(s *sigv4test.Signer) { s.Secret = "x" }), 403, "SignatureDoesNotMatch"},
		{"changed body", header(func(r *http.Request) { r.Body = io.NopCloser(strings.NewReader(form + "&X=1")) }), 403, "SignatureDoesNotMatch"},
		{"changed query", query("Version=2011", "Version=2012"), 403, "SignatureDoesNotMatch"},
		{"added query parameter", header(func(r *http.Request) { r.URL.RawQuery = "X=1" }), 403, "SignatureDoesNotMatch"},
		{"changed method", header(func(r *http.Request) { r.Method = http.MethodPut }), 403, "SignatureDoesNotMatch"},
		{"changed host", header(func(r *http.Request) { r.Host = "127.0.0.1:9" }), 403, "SignatureDoesNotMatch"},
		{"changed path", header(func(r *http.Request) { r.URL.Path = "/x" }), 403, "SignatureDoesNotMatch"},
		{"scope of another service", signed(func(s *sigv4test.Signer) { s.Service = "s3" }), 403, "SignatureDoesNotMatch"},
		{"scope of another partition", signed(func(s *sigv4test.Signer) { s.Region = "cn-north-1" }), 403, "SignatureDoesNotMatch"},
		{"scope of another day", signed(func(s *sigv4test.Signer) { s.ScopeDate = "20261122" }), 403, "SignatureDoesNotMatch"},
		{"scope with another end", authorization("aws4_request", "aws5_request"), 403, "SignatureDoesNotMatch"},
		{"scope too short", authorization("/sts/aws4_request", "/aws4_request"), 400, "IncompleteSignature"},
		{"6 minutes old", signed(func(s *sigv4test.Signer) { s.At = s.At.Add(-6 * time.Minute) }), 400, "RequestExpired"},
		{"6 minutes early", signed(func(s *sigv4test.Signer) { s.At = s.At.Add(6 * time.Minute) }), 400, "RequestTimeTooSkewed"},
		{"presigned, over", with(func(s *sigv4test.Signer) { s.At = s.At.Add(-61 * time.Second) }).Presign(get(form), time.Minute), 400, "RequestExpired"},
		{"presigned, early", with(func(s *sigv4test.Signer) { s.At = s.At.Add(6 * time.Minute) }).Presign(get(form), time.Minute), 400, "RequestTimeTooSkewed"},
		{"presigned for ever", s.Presign(get(form), 8*24*time.Hour), 400, "IncompleteSignature"},
		{"presigned for no time", s.Presign(get(form), 0), 400, "IncompleteSignature"},
		{"presigned, lifetime changed", query("X-Amz-Expires=60", "X-Amz-Expires=600"), 403, "SignatureDoesNotMatch"},
		{"presigned, lifetime removed", query("&X-Amz-Expires=60", ""), 403, "SignatureDoesNotMatch"},
		{"presigned without a lifetime, over", with(func(s *sigv4test.Signer) { s.At = s.At.Add(-16 * time.Minute) }).Presign(get(form), -1), 400, "RequestExpired"},
		{"presigned, parameter twice", query("X-Amz-Expires=60", "X-Amz-Expires=60&X-Amz-Expires=600"), 400, "MalformedQueryString"},
		{"presigned, bad encoding", query("Version=2011", "Version=%zz"), 400, "MalformedQueryString"},
		{"no date", header(func(r *http.Request) { r.Header.Del("X-Amz-Date") }), 400, "IncompleteSignature"},
		{"date twice", header(func(r *http.Request) { r.Header.Add("X-Amz-Date", "20261123T090000Z") }), 400, "IncompleteSignature"},
		{"date in another format", header(func(r *http.Request) { r.Header.Set("X-Amz-Date", "2026-11-23T09:00:00Z") }), 400, "IncompleteSignature"},
		{"host not signed", signed(func(s *sigv4test.Signer) { s.Unsigned = []string{"host"} }), 403, "SignatureDoesNotMatch"},
		{"date not signed", signed(func(s *sigv4test.Signer) { s.Unsigned = []string{"x-amz-date"} }), 403, "SignatureDoesNotMatch"},
		{"token not signed", signed(func(s *sigv4test.Signer) { s.Unsigned = []string{"x-amz-security-token"} }), 403, "SignatureDoesNotMatch"},
		{"x-amz header added", header(func(r *http.Request) { r.Header.Set("X-Amz-Meta", "x") }), 403, "SignatureDoesNotMatch"},
		{"signed header taken away", header(func(r *http.Request) { r.Header.Del("Content-Type") }), 400, "MalformedQueryString"},
		{"signed headers not in order", authorization("content-type;host", "host;content-type"), 400, "IncompleteSignature"},
		{"signed headers in capitals", authorization("host;", "Host;"), 400, "IncompleteSignature"},
		{"unsigned payload", func() *http.Request {
			r := post(form)
			r.Header.Set("X-Amz-Content-Sha256", "UNSIGNED-PAYLOAD")
			return with(func(s *sigv4test.Signer) { s.Payload = "UNSIGNED-PAYLOAD" }).Sign(r)
		}(), 403, "SignatureDoesNotMatch"},
		{"presigned, unsigned payload with a body", with(func(s *sigv4test.Signer) { s.Payload = "UNSIGNED-PAYLOAD" }).Presign(func() *http.Request {
			r := post(form)
			r.URL.RawQuery = "X-Amz-Content-Sha256=UNSIGNED-PAYLOAD"
			return r
		}(), time.Minute), 403, "SignatureDoesNotMatch"},
		{"chunked signature", func() *http.Request {
			r := post(form)
			r.Header.Set("X-Amz-Content-Sha256", "STREAMING-AWS4-HMAC-SHA256-PAYLOAD")
			return with(func(s *sigv4test.Signer) { s.Payload = "STREAMING-AWS4-HMAC-SHA256-PAYLOAD" }).Sign(r)
		}(), 403, "SignatureDoesNotMatch"},
		{"hash of another body", func() *http.Request {
			r := post(form)
			r.Header.Set("X-Amz-Content-Sha256", strings.Repeat("0", 64))
			return with(func(s *sigv4test.Signer) { s.Payload = strings.Repeat("0", 64) }).Sign(r)
		}(), 403, "SignatureDoesNotMatch"},
		{"hash of another body beside a good signature", func() *http.Request {
			r := post(form)
			r.Header.Set("X-Amz-Content-Sha256", strings.Repeat("0", 64))
			return s.Sign(r)
		}(), 403, "SignatureDoesNotMatch"},
		{"unknown key id", signed(func(s *sigv4test.Signer) { s.AccessKeyID = "AKIAIOSFODNN7EXAMPLE" }), 403, "InvalidClientTokenId"},
		{"no session token", signed(func(s *sigv4test.Signer) { s.SessionToken = "" }), 403, "InvalidClientTokenId"},
		{"altered session token", signed(func(s *sigv4test.Signer) { s.SessionToken = "A" + s.SessionToken[1:] }), 403, "InvalidClientTokenId"},
	} {
		t.Run("67 "+c.name, func(t *testing.T) { (&rig{t: t, clock: g.clock, door: g.door}).refused(c.r, c.status, c.code) })
	}
}

func TestSecurity67ClockBounds(t *testing.T) {
	g := newRig(t)
	r := g.signer()
	g.clock.Advance(5 * time.Minute)
	g.accepted(r.Sign(post(form)))
	g.clock.Advance(time.Second)
	g.refused(r.Sign(post(form)), 400, "RequestExpired")
}

func TestSecurity68TokenOfAnotherKey(t *testing.T) {
	g := newRig(t)
	other := g.credentials("grace")
	s := g.signer()
	s.SessionToken = other.SessionToken.Reveal()
	g.refused(s.Sign(post(form)), 403, "InvalidClientTokenId")
	s.Secret = other.SecretAccessKey.Reveal()
	g.refused(s.Sign(post(form)), 403, "InvalidClientTokenId")
	s.AccessKeyID = other.AccessKeyID
	if status, body, _ := g.serve(s.Sign(post(form))); status != 200 || !strings.Contains(body, "/grace<") {
		t.Errorf("the other person's own keys: %d %s", status, body)
	}
}

func TestSecurity67ExpiredCredentials(t *testing.T) {
	g := newRig(t)
	g.clock.Advance(time.Hour - time.Second)
	g.accepted(g.signer().Sign(post(form)))
	g.clock.Advance(time.Second)
	g.refused(g.signer().Sign(post(form)), 403, "ExpiredToken")
	wrong := g.signer()
	wrong.Secret = "x"
	g.refused(wrong.Sign(post(form)), 403, "SignatureDoesNotMatch") // only the bearer of the key learns its age
}

func TestOtherCalls(t *testing.T) {
	g := newRig(t)
	s := g.signer()
	g.refused(s.Sign(post("Action=DeleteEverything&Version=2011-06-15")), 400, "InvalidAction")
	g.refused(s.Sign(post("Version=2011-06-15")), 400, "MissingAction")
	g.refused(s.Sign(post(form+"&Action=GetCallerIdentity")), 400, "MalformedQueryString")
	r := post(form)
	r.URL.RawQuery = "Action=AssumeRole"
	g.refused(s.Sign(r), 400, "MalformedQueryString")
	r = post(form)
	r.Header.Set("Content-Type", "text/plain")
	g.refused(s.Sign(r), 400, "MalformedQueryString")
	g.refused(post(strings.Repeat("a", 1<<20)), 413, "MalformedQueryString")
	_, body, _ := g.serve(s.Sign(post("Action=ListBuckets%1B%5B31m%3Cb%3E")))
	if !strings.Contains(body, "AWS_ENDPOINT_URL") || strings.Contains(body, "\x1b") || strings.Contains(body, "<b>") {
		t.Errorf("an unknown action is answered with %s", body)
	}
}

func TestOtherServiceNamesTheSetting(t *testing.T) {
	g := newRig(t)
	r := httptest.NewRequest(http.MethodPost, "/", strings.NewReader("{}"))
	r.Header.Set("X-Amz-Target", "DynamoDB_20120810.ListTables")
	r.Header.Set("Content-Type", "application/x-amz-json-1.0")
	status, body, header := g.serve(r)
	var e wire.ErrorBody
	if err := json.Unmarshal([]byte(body), &e); err != nil {
		t.Fatalf("%v: %s", err, body)
	}
	if status != 404 || e.Type != "UnknownOperationException" || header.Get(wire.HeaderErrorType) != e.Type ||
		!strings.Contains(e.Message, "AWS_ENDPOINT_URL") || !strings.Contains(e.Message, "DynamoDB") {
		t.Errorf("%d %s", status, body)
	}
}

func FuzzServeHTTP(f *testing.F) {
	g := newRig(f)
	signed := g.signer().Sign(post(form))
	f.Add("POST", "", form, signed.Header.Get("Authorization"), signed.Header.Get("X-Amz-Date"), signed.Header.Get("X-Amz-Security-Token"))
	f.Add("GET", g.signer().Presign(get(form), time.Minute).URL.RawQuery, "", "", "", "")
	f.Add("GET", "X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=////&X-Amz-Date=1&X-Amz-Expires=-1&X-Amz-SignedHeaders=;;&X-Amz-Signature=zz", "", "", "", "")
	f.Add("POST", ";=%&%zz", "%", "AWS4-HMAC-SHA256 =,=", "99999999T999999Z", "\x00")
	assumed := g.ada().Sign(post(assume("Nobody", "DurationSeconds", "900", "ExternalId", "x", "SerialNumber", ciSerial, "TokenCode", "000000").Encode()))
	f.Add("POST", "", assume("Nobody").Encode(), assumed.Header.Get("Authorization"), assumed.Header.Get("X-Amz-Date"), assumed.Header.Get("X-Amz-Security-Token"))
	f.Add("POST", "", "Action=AssumeRoleWithWebIdentity&RoleSessionName=ab&RoleArn=arn:aws:iam::111111111111:role/Web&WebIdentityToken="+
		"eyJhbGciOiJSUzI1NiJ9.eyJpc3MiOiJodHRwczovL2lkcC5leGFtcGxlLmNvbSJ9.AAAA", "", "", "")
	f.Fuzz(func(t *testing.T, method, query, body, authorization, date, token string) {
		r := post(body)
		r.Method, r.URL.RawQuery = method, query
		for k, v := range map[string]string{"Authorization": authorization, "X-Amz-Date": date, "X-Amz-Security-Token": token} {
			if v != "" {
				r.Header.Set(k, v)
			}
		}
		status, answer, _ := (&rig{t: t, door: g.door}).serve(r)
		if status == 200 && !strings.Contains(answer, "/ada<") || status >= 500 {
			t.Errorf("%d %s", status, answer)
		}
		var e wire.STSErrorResponse
		if status != 200 && xml.Unmarshal([]byte(answer), &e) != nil {
			t.Errorf("not XML: %s", answer)
		}
	})
}
