package ssoapi

import (
	"encoding/json"
	"net/http"
	"net/url"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"keyfob/internal/center/sts/sigv4"
	"keyfob/internal/clock"
	"keyfob/internal/wire"
)

// presigned is one case of testdata/presign.json.
type presigned struct {
	Endpoint, Service, Region, Key, Secret, Token, URL string
	Parameters                                         [][2]string
	Headers                                            map[string]string
	Seconds                                            int
}

func presignedCases(t *testing.T) []presigned {
	t.Helper()
	b, err := os.ReadFile("testdata/presign.json")
	if err != nil {
		t.Fatal(err)
	}
	var cases []presigned
	if err := json.Unmarshal(b, &cases); err != nil || len(cases) == 0 {
		t.Fatalf("no cases: %v", err)
	}
	return cases
}

func presignTime() time.Time { return time.Date(2026, 3, 4, 6, 6, 7, 8, time.FixedZone("", 3600)) }

// TestPresignAsBotocore holds presigned URLs against the AWS SDK for Python's, to the byte.
func TestPresignAsBotocore(t *testing.T) {
	calls, connects := 0, 0
	for _, c := range presignedCases(t) {
		keys := Keys{c.Key, wire.Secret(c.Secret), wire.Secret(c.Token)}
		var got wire.Secret
		switch c.Service {
		case "sts":
			calls++
			var err error
			if got, err = PresignGetCallerIdentity(strings.TrimSuffix(c.Endpoint, "/"), c.Region, keys, c.Headers, presignTime()); err != nil {
				t.Error(err)
			}
			if same, _ := PresignGetCallerIdentity(c.Endpoint, c.Region, keys, c.Headers, presignTime()); same != got {
				t.Errorf("%s is not the same without its last slash", c.Endpoint)
			}
		case "rds-db":
			connects++
			u, err := url.Parse(c.Endpoint)
			if err != nil {
				t.Fatal(err)
			}
			host := u.Hostname()
			if strings.HasPrefix(c.Endpoint, "https://DB.") {
				host = "DB" + host[2:]
			}
			port, _ := strconv.Atoi(u.Port())
			got = "https://" + PresignDBConnect(host, port, c.Parameters[1][1], c.Region, keys, presignTime())
		}
		if got.Reveal() != c.URL {
			t.Errorf("%s\ngot  %s\nwant %s", c.Endpoint, got.Reveal(), c.URL)
		}
	}
	if calls == 0 || connects == 0 {
		t.Errorf("%d calls and %d connections tried", calls, connects)
	}
}

// TestPresignPublishedVectors is AWS's Signature Version 4 test suite where it presigns.
func TestPresignPublishedVectors(t *testing.T) {
	for _, v := range []struct {
		name, target, token string
		headers             http.Header
		signature           string
	}{
		{"get-vanilla-query-order-key-case", "/?Param2=value2&Param1=value1", "", nil, "86012e2c9ad4d77369f5d81c11f75158aae4f895a085212cc6d3f923d300bed5"},
		{"get-vanilla-query-order-encoded", "/?Param-3=Value3&Param=Value2&%E1%88%B4=Value1", "", nil, "c5f1848ceec943ac2ca68ee720460c23aaae30a2300586597ada94c4a65e4787"},
		{"get-unreserved", "/-._~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz", "", nil, "95968482db1b9e0fadef6efc1bd24689f77c77d9ef56919c96a28cc92e0d6005"},
		{"get-header-value-multiline", "/", "", http.Header{"My-Header1": {"value1", "\tvalue2 ", "  value3"}}, "07f38a7bae261a5b2eec137361e6403c191bbf8e3f75466bb8114a08acd99936"},
		{"get-vanilla-with-session-token", "/", "6e86291e8372ff2a2260956d9b8aae1d763fbf315fa00fa31553b73ebf194267", nil, "7ff2b50b376cb4d151970630573d6291dc128cc5c2a12ffb237f73cc53f67b6c"},
	} {
		r, err := http.NewRequest(http.MethodGet, "https://example.amazonaws.com"+v.target, nil)
		if err != nil {
			t.Fatal(err)
		}
		for name, values := range v.headers {
			r.Header[name] = values
		}
		Presign(r, Keys{"AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", wire.Secret(v.token)}, "service", "us-east-1",
			time.Date(2015, 8, 30, 12, 36, 0, 0, time.UTC), time.Hour)
		if got := r.URL.Query().Get("X-Amz-Signature"); got != v.signature {
			t.Errorf("%s: got  %s\nwant %s", v.name, got, v.signature)
		}
	}
}

func TestPresignBadEndpoint(t *testing.T) {
	for _, endpoint := range []string{"", "sts.amazonaws.com", "ftp://x", "https://%zz"} {
		if got, err := PresignGetCallerIdentity(endpoint, "us-east-1", Keys{"a", "b", ""}, nil, presignTime()); err == nil {
			t.Errorf("%q gave %s", endpoint, got.Reveal())
		}
	}
}

// FuzzPresign: whatever the database's user and the cluster are called, who verifies signatures takes them.
func FuzzPresign(f *testing.F) {
	for _, s := range []string{"ada", "", "a b+c%20", "X-Amz-Signature=x&y", "\u00fc~/?#", "a\nb", " x  y ", "\xff"} {
		f.Add(s, s)
	}
	keys := Keys{"AKIA", secretKey, secretToken}
	verify := func(t *testing.T, service, page string, header http.Header) {
		t.Helper()
		r, err := http.NewRequest(http.MethodGet, page, nil)
		if err != nil {
			t.Fatalf("%q: %v", page, err)
		}
		r.Header = header
		v := sigv4.Verifier{Clock: clock.NewFake(presignTime()), Service: service, Region: func(string) bool { return true }}
		if err := v.Verify(r, nil, func(_ string, token wire.Secret) (wire.Secret, error) {
			if token != secretToken {
				t.Errorf("the token is %q", token.Reveal())
			}
			return secretKey, nil
		}); err != nil {
			t.Errorf("%q: %v", page, err)
		}
	}
	f.Fuzz(func(t *testing.T, user, cluster string) {
		token := PresignDBConnect("db.example.com", 5432, user, "eu-west-1", keys, presignTime()).Reveal()
		verify(t, "rds-db", "https://"+token, http.Header{})
		if u, err := url.Parse("https://" + token); err != nil || u.Query().Get("DBUser") != user {
			t.Errorf("%q: %v", token, err)
		}
		if strings.IndexFunc(cluster, func(r rune) bool { return r < ' ' || r > '~' }) >= 0 {
			return // no header can have it, and no cluster is called so
		}
		page, err := PresignGetCallerIdentity("https://sts.example.com", "eu-west-1", keys, map[string]string{"x-k8s-aws-id": cluster}, presignTime())
		if err != nil {
			t.Fatal(err)
		}
		verify(t, "sts", page.Reveal(), http.Header{"X-K8s-Aws-Id": {cluster}})
	})
}
