package attacks

import (
	"encoding/json"
	"encoding/xml"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"keyfob/centertest"
	"keyfob/internal/center/sts/sigv4/sigv4test"
	"keyfob/internal/wire"
)

// Replay of signed calls, and tampering with them (AWS Signature Version 4; CWE-294, CWE-347).
//
// Who: somebody who reads one of ada's signed calls on its way (a proxy, a log, a presigned URL in a chat), or has
// credentials of their own. What they want: that the call means something else, or still works later. How: they
// send it again after a while, change what the signature might not cover, add what it does not, put the parts of
// different credentials together.
//
// What holds them off (67, 68): the signature covers method, host, path, query, body and every header that the
// center looks at; a call is good for five minutes and a presigned one for as long as it says; a session token
// works with its own key alone. Within those minutes the same call can be sent again, which only TLS prevents: that
// it means the same is what is tried here.
func TestAttackSignatureReplay(t *testing.T) {
	const ci, ciSecret = "AKIAEXAMPLE000000001", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"
	declared := func(keys string) string {
		return centertest.ExampleSeed() + `
service_users: [{account: "000000000042", name: ci, access_keys: [` + keys + `]}]
administrators: {users: [grace]}
`
	}
	center := centertest.New(t, centertest.Seed(declared(`{id: `+ci+`, secret_env: CI}`)), centertest.References(map[string]string{"CI": ciSecret}))
	p := register(t, center, "keyfob")
	var access wire.Secret
	mint := func(role string) sigv4test.Signer {
		t.Helper()
		d := p.device()
		must(t, center.ApproveDevice("ada", d.UserCode))
		tokens, refused := p.poll(d)
		p.must(refused)
		access = tokens.AccessToken
		req := p.request(http.MethodGet, center.URL+"/federation/credentials?account_id=111111111111&role_name="+role, "", "")
		req.Header.Set("x-amz-sso_bearer_token", access.Reveal())
		var out wire.GetRoleCredentialsResponse
		must(t, json.Unmarshal([]byte(p.do(req).body), &out))
		k := out.RoleCredentials
		return sigv4test.Signer{
			AccessKeyID: k.AccessKeyID, Secret: k.SecretAccessKey.Reveal(), SessionToken: k.SessionToken.Reveal(), Region: center.Region, Service: "sts", At: center.Now(),
		}
	}
	admin, reader := mint("AdministratorAccess"), mint("ReadOnlyAccess")
	const identity = "Action=GetCallerIdentity&Version=2011-06-15"
	call := func(body string) *http.Request {
		return p.request(http.MethodPost, center.URL+"/", "application/x-www-form-urlencoded", body)
	}
	send := func(r *http.Request) (code, arn string) {
		t.Helper()
		a := p.do(r)
		if a.StatusCode == http.StatusOK {
			var out struct {
				ARN string `xml:"GetCallerIdentityResult>Arn"` // of other calls none
			}
			must(t, xml.Unmarshal([]byte(a.body), &out))
			return "", out.ARN
		}
		var e wire.STSErrorResponse
		if xml.Unmarshal([]byte(a.body), &e) != nil || e.Error.Code == "" {
			return fmt.Sprint(a.StatusCode), ""
		}
		return e.Error.Code, ""
	}
	if code, arn := send(admin.Sign(call(identity))); code != "" || !strings.Contains(arn, "AdministratorAccess") {
		t.Fatalf("a good call is answered %q %q", code, arn)
	}

	t.Run("the recorded call, changed", func(t *testing.T) {
		for how, change := range map[string]func(r *http.Request){
			"another action": func(r *http.Request) {
				body(r, strings.Replace(identity, "GetCallerIdentity", "GetSessionToken", 1))
			},
			"more in the body":       func(r *http.Request) { body(r, identity+"&RoleArn=x") },
			"an empty body":          func(r *http.Request) { body(r, "") },
			"an action in the query": func(r *http.Request) { r.URL.RawQuery = "Action=GetSessionToken" },
			"another host":           func(r *http.Request) { r.Host = "sts.amazonaws.com" },
			"another name of it":     func(r *http.Request) { r.Host = strings.Replace(r.Host, "127.0.0.1", "localhost", 1) },
			"another path":           func(r *http.Request) { r.URL.Path = "//" },
			"another method":         func(r *http.Request) { r.Method = http.MethodPut },
			"as a GET":               func(r *http.Request) { r.Method = http.MethodGet; r.URL.RawQuery = identity; body(r, "") },
			"another date": func(r *http.Request) {
				r.Header.Set("X-Amz-Date", center.Now().Add(time.Minute).UTC().Format("20060102T150405Z"))
			},
			"no date":                  func(r *http.Request) { r.Header.Del("X-Amz-Date") },
			"two dates":                func(r *http.Request) { r.Header.Add("X-Amz-Date", "20200101T000000Z") },
			"without the token":        func(r *http.Request) { r.Header.Del("X-Amz-Security-Token") },
			"another's token":          func(r *http.Request) { r.Header.Set("X-Amz-Security-Token", reader.SessionToken) },
			"two tokens":               func(r *http.Request) { r.Header.Add("X-Amz-Security-Token", reader.SessionToken) },
			"another key id":           swap(admin.AccessKeyID, reader.AccessKeyID),
			"another region":           swap("/us-east-1/", "/eu-west-1/"),
			"another service":          swap("/sts/", "/iam/"),
			"another end of the scope": swap("aws4_request", "aws5_request"),
			"fewer headers signed":     swap(";x-amz-security-token", ""),
			"host not signed":          swap(";host;", ";"),
			"a header twice":           swap("SignedHeaders=", "SignedHeaders=host;"),
			"a signature cut off":      swap("Signature=", "Signature=0"),
			"no signature": func(r *http.Request) {
				a := r.Header.Get("Authorization")
				r.Header.Set("Authorization", a[:strings.Index(a, ", Signature")])
			},
			"two signatures": func(r *http.Request) {
				r.Header.Set("Authorization", r.Header.Get("Authorization")+", Signature="+strings.Repeat("0", 64))
			},
			"two authorizations":       func(r *http.Request) { r.Header.Add("Authorization", "AWS4-HMAC-SHA256 x") },
			"another algorithm":        swap("AWS4-HMAC-SHA256", "AWS4-ECDSA-P256-SHA256"),
			"an older algorithm":       func(r *http.Request) { r.Header.Set("Authorization", "AWS "+admin.AccessKeyID+":x") },
			"signed in query and head": func(r *http.Request) { admin.Presign(r, time.Minute) },
		} {
			r := admin.Sign(call(identity))
			change(r)
			if code, arn := send(r); code == "" {
				t.Errorf("%s: it is answered as a call of %s", how, arn)
			}
		}
	})
	t.Run("parts of different credentials", func(t *testing.T) {
		for how, s := range map[string]sigv4test.Signer{
			"a better key id":        {AccessKeyID: admin.AccessKeyID, Secret: reader.Secret, SessionToken: reader.SessionToken},
			"a better token":         {AccessKeyID: reader.AccessKeyID, Secret: reader.Secret, SessionToken: admin.SessionToken},
			"all but the secret":     {AccessKeyID: admin.AccessKeyID, Secret: reader.Secret, SessionToken: admin.SessionToken},
			"no token":               {AccessKeyID: admin.AccessKeyID, Secret: admin.Secret},
			"a token cut off":        {AccessKeyID: admin.AccessKeyID, Secret: admin.Secret, SessionToken: admin.SessionToken[:len(admin.SessionToken)-4]},
			"a token with more":      {AccessKeyID: admin.AccessKeyID, Secret: admin.Secret, SessionToken: admin.SessionToken + "AAAA"},
			"the token of a sign-in": {AccessKeyID: admin.AccessKeyID, Secret: admin.Secret, SessionToken: access.Reveal()},
			"nobody's key":           {AccessKeyID: "AKIAIOSFODNN7EXAMPLE", Secret: ""},
		} {
			s.Region, s.Service, s.At = center.Region, "sts", center.Now()
			if code, arn := send(s.Sign(call(identity))); code == "" {
				t.Errorf("%s: it is answered as a call of %s", how, arn)
			}
		}
		for how, unsigned := range map[string]string{"the token": "x-amz-security-token", "the host": "host", "the date": "x-amz-date"} {
			s := admin
			s.At, s.Unsigned = center.Now(), []string{unsigned}
			if code, _ := send(s.Sign(call(identity))); code == "" {
				t.Errorf("%s need not be signed", how)
			}
		}
	})
	t.Run("a recorded AssumeRole", func(t *testing.T) {
		const deploy = "Action=AssumeRole&Version=2011-06-15&RoleArn=arn%3Aaws%3Aiam%3A%3A000000000042%3Arole%2FDeploy&RoleSessionName=ada"
		admin.At = center.Now()
		recorded := admin.Sign(call(deploy)).Header
		again := func(text string) (code string) {
			r := call(text)
			r.Header = recorded.Clone()
			code, _ = send(r)
			return code
		}
		if code := again(deploy); code != "" {
			t.Fatalf("it is answered %q", code)
		}
		for from, to := range map[string]string{"RoleSessionName=ada": "RoleSessionName=eve", "Deploy": "Admin", "ada": "ada&DurationSeconds=43200"} {
			if again(strings.Replace(deploy, from, to, 1)) == "" {
				t.Errorf("with %s for %s it still works", to, from)
			}
		}
		center.Advance(5*time.Minute + time.Second)
		if again(deploy) == "" {
			t.Error("after five minutes it still gives credentials")
		}
	})
	t.Run("later", func(t *testing.T) {
		admin.At = center.Now()
		recorded := admin.Sign(call(identity)).Header
		presigned := admin.Presign(p.request(http.MethodGet, center.URL+"/?"+identity, "", ""), time.Minute).URL.String()
		long := admin.Presign(p.request(http.MethodGet, center.URL+"/?"+identity, "", ""), 8*24*time.Hour).URL.String()
		again := func() (code string) {
			r := call(identity)
			r.Header = recorded.Clone()
			code, _ = send(r)
			return code
		}
		get := func(address string) (code string) {
			code, _ = send(p.request(http.MethodGet, address, "", ""))
			return code
		}
		if code := get(presigned); code != "" {
			t.Errorf("a presigned call is answered %q", code)
		}
		for from, to := range map[string]string{
			"X-Amz-Expires=60": "X-Amz-Expires=6000", "GetCallerIdentity": "GetSessionToken", "X-Amz-SignedHeaders=host": "X-Amz-SignedHeaders=",
			"X-Amz-Signature=": "X-Amz-Expires=6000&X-Amz-Signature=", "?Action=": "?Action=GetSessionToken&Action=",
		} {
			changed := strings.Replace(presigned, from, to, 1)
			if changed == presigned {
				t.Fatalf("there is no %s in it", from)
			}
			if code := get(changed); code == "" {
				t.Errorf("with %s for %s it still works", to, from)
			}
		}
		if code := get(long); code == "" {
			t.Error("a presigned call is good for more than seven days")
		}
		center.Advance(2 * time.Minute)
		if code := again(); code != "" {
			t.Errorf("after two minutes the call is answered %q", code)
		}
		if code := get(presigned); code == "" {
			t.Error("a presigned call works longer than it says")
		}
		center.Advance(4 * time.Minute)
		if code := again(); code == "" {
			t.Error("after six minutes the recorded call still works")
		}
		s := admin
		s.At = center.Now().Add(6 * time.Minute)
		if code, _ := send(s.Sign(call(identity))); code == "" {
			t.Error("a call from the future works")
		}
		s.At, s.ScopeDate = center.Now(), "20200101"
		if code, _ := send(s.Sign(call(identity))); code == "" {
			t.Error("a signature of another day works")
		}
		center.Advance(time.Hour)
		s.At, s.ScopeDate = center.Now(), ""
		if code, _ := send(s.Sign(call(identity))); code == "" {
			t.Error("credentials that have expired work")
		}
	})
	t.Run("after the key was taken away", func(t *testing.T) {
		s := sigv4test.Signer{AccessKeyID: ci, Secret: ciSecret, Region: center.Region, Service: "sts", At: center.Now()}
		recorded := s.Sign(call(identity)).Header
		again := func() (code string) {
			r := call(identity)
			r.Header = recorded.Clone()
			code, _ = send(r)
			return code
		}
		if code := again(); code != "" {
			t.Fatalf("before, it is answered %q", code)
		}
		for what, yaml := range map[string]string{"another key instead": declared(`{id: AKIAEXAMPLE000000002, secret_env: CI}`), "no user": centertest.ExampleSeed()} {
			must(t, center.Apply(yaml))
			if code := again(); code != "InvalidClientTokenId" {
				t.Errorf("%s: the call is answered %q", what, code)
			}
		}
	})
	t.Run("after she was disabled", func(t *testing.T) {
		her := mint("AdministratorAccess")
		const deploy = "Action=AssumeRole&Version=2011-06-15&RoleArn=arn%3Aaws%3Aiam%3A%3A000000000042%3Arole%2FDeploy&RoleSessionName=ada"
		if code, _ := send(her.Sign(call(deploy))); code != "" {
			t.Fatalf("before, she is answered %q", code)
		}
		must(t, center.Apply(strings.Replace(centertest.ExampleSeed(), "  - name: ada\n", "  - name: ada\n    disabled: true\n", 1)))
		if code, _ := send(her.Sign(call(deploy))); code != "AccessDenied" {
			t.Errorf("she still assumes roles, or is answered %q", code)
		}
	})
}

func body(r *http.Request, text string) {
	r.Body, r.ContentLength = io.NopCloser(strings.NewReader(text)), int64(len(text))
}

// swap changes a part of the Authorization header.
func swap(from, to string) func(*http.Request) {
	return func(r *http.Request) {
		was := r.Header.Get("Authorization")
		now := strings.Replace(was, from, to, 1)
		if now == was {
			panic("nothing to change: " + from)
		}
		r.Header.Set("Authorization", now)
	}
}
