package restjson_test

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"

	"keyfob/internal/center/restjson"
	"keyfob/internal/wire"
)

func TestDecode(t *testing.T) {
	for _, c := range []struct {
		body, name string
		ok         bool
	}{
		{`{"clientName":"a"}`, "a", true},
		{" {\n\"clientName\" : \"a\" , \"unheardOf\":{\"x\":[1,{}]}} \n", "a", true},
		{`{}`, "", true},
		{`{"clientName":null}`, "", true},
		{`{"ClientName":"a","clientname":"b"}`, "", true}, // spelled otherwise, they are other members
		{`{"clientName":"a","clientName":"a"}`, "", false},
		{`{"unheardOf":1,"unheardOf":1}`, "", false},
		{`{"clientName":"a","client\u004eame":"b"}`, "", false},
		{`{"clientName":1}`, "", false},
		{`{"scopes":"a"}`, "", false},
		{`{"scopes":[1]}`, "", false},
		{`{"clientName":"a"} {}`, "", false},
		{`{"clientName":"a"}x`, "", false},
		{`{"clientName":"a",}`, "", false},
		{`{"clientName":"a"`, "", false},
		{`[{"clientName":"a"}]`, "", false},
		{`"a"`, "", false},
		{`null`, "", false},
		{``, "", false},
		{`clientName=a`, "", false},
		{"\ufeff{}", "", false},
		{`{"a":` + strings.Repeat("[", 20000) + strings.Repeat("]", 20000) + `}`, "", false},
	} {
		var in wire.RegisterClientRequest
		if err := restjson.Decode([]byte(c.body), &in); c.ok != (err == nil) || c.ok && in.ClientName != c.name {
			t.Errorf("%.60s: %q, %v", c.body, in.ClientName, err)
		}
	}
}

// What is accepted is valid JSON, and means what encoding/json says it means.
func FuzzDecode(f *testing.F) {
	for _, s := range []string{
		`{"clientId":"a","clientSecret":"b","grantType":"refresh_token","scope":["x"],"refreshToken":"r"}`,
		`{"clientId":"a","clientId":"b"}`, `{"scope":[1]}`, `{} {}`, `{"a":{"a":1},"clientId":"\ud800"}`, `[]`, ``, `{"clientId":null}`,
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		var got wire.CreateTokenRequest
		if restjson.Decode(body, &got) != nil {
			return
		}
		var members map[string]any
		if err := json.Unmarshal(body, &members); err != nil {
			t.Fatalf("%q is accepted: %v", body, err)
		}
		text := func(name string) string {
			s, _ := members[name].(string)
			return s
		}
		want := wire.CreateTokenRequest{
			ClientID: text("clientId"), ClientSecret: wire.Secret(text("clientSecret")), GrantType: text("grantType"),
			DeviceCode: wire.Secret(text("deviceCode")), Code: wire.Secret(text("code")), RefreshToken: wire.Secret(text("refreshToken")),
			RedirectURI: text("redirectUri"), CodeVerifier: wire.Secret(text("codeVerifier")),
		}
		if list, ok := members["scope"].([]any); ok {
			want.Scope = []string{}
			for _, v := range list {
				s, _ := v.(string)
				want.Scope = append(want.Scope, s)
			}
		}
		if !reflect.DeepEqual(got, want) {
			t.Fatalf("%q is %#v, want %#v", body, got, want)
		}
	})
}
