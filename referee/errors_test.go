package referee

import (
	"bytes"
	"encoding/json"
	"net/http"
	"testing"
)

// refusal is a call that the center must refuse, and what an SDK must make of that.
type refusal struct {
	operation string
	input     map[string]any
	code      string
	status    int
	open      bool // not in the service's model: SDKs have no type for it
}

// TestErrors holds the center's refusals against the SDKs' error types, which decide what programs do:
// wait, sign in again, give up. All calls of an SDK are made by one process.
func TestErrors(t *testing.T) {
	t.Parallel()
	eachTool(t, sdks(), nil, func(t *testing.T, w *world, sdk tool) {
		all := w.refusals()
		args := []string{"call", "dev"}
		for _, r := range all {
			input, err := json.Marshal(r.input)
			must(t, err)
			args = append(args, r.operation, string(input))
		}
		var answers []struct {
			Error struct {
				Modelled        bool
				Code, RequestID string
				Status          int
			}
		}
		w.decode(w.ok(sdk, args...), &answers)
		if len(answers) != len(all) {
			t.Fatalf("%d answers to %d calls", len(answers), len(all))
		}
		for i, want := range all {
			got := answers[i].Error
			if got.Code != want.code || got.Status != want.status || got.Modelled == want.open || got.RequestID == "" {
				t.Errorf("%s(%v) is refused with %+v, want %s %d, modelled: %t", want.operation, want.input, got, want.code, want.status, !want.open)
			}
		}
	})
}

type fields = map[string]any

func (w *world) refusals() []refusal {
	w.t.Helper()
	// What has a past is made in the past.
	w.control(http.MethodPost, "/clock", fields{"advance": "-2h"}, nil)
	w.login(keyfob, "--profile", "dev")
	old := w.roleKeys()
	w.control(http.MethodPost, "/clock", fields{"advance": "1h45m"}, nil)
	client := w.post("/client/register", fields{"clientName": "referee", "clientType": "public"})
	code := client.with(fields{"grantType": "authorization_code"})
	expired := w.post("/device_authorization", client.with(fields{"startUrl": w.StartURL}))
	w.control(http.MethodPost, "/clock", fields{"advance": "15m"}, nil)
	pending := w.post("/device_authorization", client.with(fields{"startUrl": w.StartURL}))
	denied := w.post("/device_authorization", client.with(fields{"startUrl": w.StartURL}))
	w.control(http.MethodPost, "/device", fields{"user": "grace", "userCode": denied["userCode"], "deny": true}, nil)
	w.control(http.MethodPost, "/faults", fields{"operation": "Logout", "code": "TooManyRequestsException", "status": 429}, nil)
	w.control(http.MethodPost, "/faults", fields{"operation": "RegisterClient", "code": "InternalServerException"}, nil)

	w.login(keyfob, "--profile", "dev")
	bearer := reply{"accessToken": w.token("example").AccessToken}
	made := w.roleKeys()
	device := client.with(fields{"grantType": deviceGrant})
	poll := func(d reply) fields { return device.with(fields{"deviceCode": d["deviceCode"]}) }
	register := reply{"clientName": "referee", "clientType": "public"}
	return []refusal{
		{"RegisterClient", register, "InternalServerException", 500, false},
		{"RegisterClient", register.with(fields{"clientType": "confidential"}), "InvalidClientMetadataException", 400, false},
		{"RegisterClient", register.with(fields{"scopes": []string{"a b"}}), "InvalidScopeException", 400, false},
		{"RegisterClient", register.with(fields{"grantTypes": []string{"password"}}), "UnsupportedGrantTypeException", 400, false},
		{"RegisterClient", register.with(fields{"grantTypes": []string{"authorization_code"}, "redirectUris": []string{"http://example.com/"}}), "InvalidRedirectUriException", 400, false},
		{"RegisterClient", register.with(fields{"issuerUrl": "https://other.awsapps.com/start"}), "InvalidRequestException", 400, false},
		{"StartDeviceAuthorization", client.with(fields{"startUrl": "https://other.awsapps.com/start"}), "InvalidRequestException", 400, false},
		{"StartDeviceAuthorization", client.with(fields{"startUrl": w.StartURL, "clientSecret": "wrong"}), "InvalidClientException", 401, false},
		{"CreateToken", poll(pending), "AuthorizationPendingException", 400, false},
		{"CreateToken", poll(pending), "AuthorizationPendingException", 400, false},
		{"CreateToken", poll(pending), "SlowDownException", 400, false},
		{"CreateToken", poll(denied), "AccessDeniedException", 400, false},
		{"CreateToken", poll(expired), "ExpiredTokenException", 400, false},
		{"CreateToken", poll(reply{"deviceCode": "made-up"}), "InvalidGrantException", 400, false},
		{"CreateToken", device, "InvalidRequestException", 400, false},
		{"CreateToken", device.with(fields{"clientSecret": "wrong"}), "InvalidClientException", 401, false},
		{"CreateToken", device.with(fields{"grantType": "password"}), "UnsupportedGrantTypeException", 400, false},
		{"CreateToken", code.with(fields{"code": "c", "codeVerifier": "v", "redirectUri": "http://127.0.0.1/"}), "UnauthorizedClientException", 400, false},
		{"ListAccounts", fields{"accessToken": "made-up"}, "UnauthorizedException", 401, false},
		{"ListAccountRoles", bearer.with(fields{"accountId": "12"}), "InvalidRequestException", 400, false},
		{"GetRoleCredentials", bearer.with(fields{"accountId": "111111111111", "roleName": "Made-up"}), "ForbiddenException", 403, true},
		{"Logout", bearer, "TooManyRequestsException", 429, false},
		{"GetCallerIdentity", reply{"accessKeyId": "ASIAMADEUPMADEUPMADE", "secretAccessKey": "x", "sessionToken": "y"}, "InvalidClientTokenId", 403, true},
		{"GetCallerIdentity", made.with(fields{"secretAccessKey": "x"}), "SignatureDoesNotMatch", 403, true},
		{"GetCallerIdentity", old, "ExpiredToken", 403, true},
	}
}

// reply is an answer of a service.
type reply map[string]any

// with returns a call's input that repeats the members a client has been given.
func (r reply) with(more fields) reply {
	out := reply{}
	for _, name := range []string{"clientId", "clientSecret", "clientName", "clientType", "grantType", "accessToken", "accessKeyId", "secretAccessKey", "sessionToken"} {
		if v, ok := r[name]; ok {
			out[name] = v
		}
	}
	for k, v := range more {
		out[k] = v
	}
	return out
}

func (w *world) post(path string, in fields) reply {
	w.t.Helper()
	body, err := json.Marshal(in)
	must(w.t, err)
	req, err := http.NewRequestWithContext(w.t.Context(), http.MethodPost, w.URL+path, bytes.NewReader(body))
	must(w.t, err)
	req.Header.Set("Content-Type", "application/json")
	resp, err := http.DefaultClient.Do(req)
	must(w.t, err)
	defer resp.Body.Close() //nolint:errcheck // it is read
	out := reply{}
	must(w.t, json.NewDecoder(resp.Body).Decode(&out))
	if resp.StatusCode != http.StatusOK {
		w.t.Fatalf("POST %s: %s: %v", path, resp.Status, out)
	}
	return out
}

// roleKeys fetches role credentials, which are good for an hour of the center's time.
func (w *world) roleKeys() reply {
	w.t.Helper()
	var got struct{ RoleCredentials keys }
	w.decode(w.ok(keyfob, "sso", "get-role-credentials", "--profile", "dev", "--account-id", "111111111111", "--role-name", "AdministratorAccess"), &got)
	k := got.RoleCredentials
	return reply{"accessKeyId": k.AccessKeyID, "secretAccessKey": k.SecretAccessKey, "sessionToken": k.SessionToken}
}
