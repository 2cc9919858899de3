package referee

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"strings"

	"keyfob/internal/person"
)

// What is in the table's cells.
const (
	yes     = "yes"
	asCalls = "as calls" // an SDK has no sign-in of its own; a program makes one of its calls
)

// tries runs the client, and takes what it prints if it succeeds.
func (v *visit) tries(into any, args ...string) error {
	r := v.run(v.tool, args...)
	if r.code != 0 {
		return fmt.Errorf("%s %q ended with %d: %s%s", v.tool.name, args, r.code, r.stdout, r.stderr)
	}
	if into == nil {
		return nil
	}
	return json.Unmarshal([]byte(r.stdout), into)
}

// answers are what an SDK's calls are answered with.
type answers []struct {
	ClientID, ClientSecret, DeviceCode, VerificationURIComplete, AccessToken, RefreshToken string
	AccountList                                                                            []struct{ AccountID string }
	Error                                                                                  struct{ Code string }
}

// makes lets an SDK make calls: operation, input, operation, input.
func (v *visit) makes(all ...any) (answers, error) {
	args := []string{"call", "dev"}
	for i := 0; i < len(all); i += 2 {
		input, err := json.Marshal(all[i+1])
		if err != nil {
			return nil, err
		}
		args = append(args, all[i].(string), string(input))
	}
	var got answers
	err := v.tries(&got, args...)
	if err == nil && len(got) != len(all)/2 {
		err = fmt.Errorf("%d answers to %d calls", len(got), len(all)/2)
	}
	return got, err
}

// code signs in with the authorization code.
func (v *visit) code() (string, error) {
	if !v.tool.sdk {
		_, err := v.tryLogin(v.ada(), v.tool, "--profile", "dev")
		return yes, err
	}
	got := make(chan string, 1)
	program := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { got <- r.URL.Query().Get("code") }))
	defer program.Close()
	client, err := v.makes("RegisterClient", fields{
		"clientName": "referee", "clientType": "public", "grantTypes": []string{"authorization_code", "refresh_token"},
		"redirectUris": []string{"http://127.0.0.1/"}, "issuerUrl": v.StartURL, "scopes": []string{"sso:account:access"},
	})
	if err != nil {
		return "", err
	}
	verifier := rand.Text() + rand.Text()
	challenge := sha256.Sum256([]byte(verifier))
	page, err := v.ada().Approve(v.t.Context(), v.URL+"/authorize?"+url.Values{
		"response_type": {"code"}, "client_id": {client[0].ClientID}, "redirect_uri": {program.URL + "/"}, "state": {"s"},
		"code_challenge_method": {"S256"}, "code_challenge": {b64.EncodeToString(challenge[:])}, "scopes": {"sso:account:access"},
	}.Encode())
	if err != nil || len(got) != 1 {
		return "", fmt.Errorf("the browser shows %q, %v", page.Text, err)
	}
	return v.redeems(fields{
		"clientId": client[0].ClientID, "clientSecret": client[0].ClientSecret, "grantType": "authorization_code", "code": <-got, "codeVerifier": verifier,
		"redirectUri": program.URL + "/",
	})
}

// device signs in with a code that is approved in a browser.
func (v *visit) device() (string, error) {
	if !v.tool.sdk {
		_, err := v.tryLogin(v.ada(), v.tool, "--profile", "dev", "--use-device-code")
		return yes, err
	}
	client, err := v.makes("RegisterClient", fields{"clientName": "referee", "clientType": "public", "scopes": []string{"sso:account:access"}})
	if err != nil {
		return "", err
	}
	with := fields{"clientId": client[0].ClientID, "clientSecret": client[0].ClientSecret, "startUrl": v.StartURL}
	device, err := v.makes("StartDeviceAuthorization", with)
	if err != nil {
		return "", err
	}
	if page, err := v.ada().Approve(v.t.Context(), device[0].VerificationURIComplete); err != nil {
		return "", fmt.Errorf("the browser shows %q, %w", page.Text, err)
	}
	delete(with, "startUrl")
	with["grantType"], with["deviceCode"] = deviceGrant, device[0].DeviceCode
	return v.redeems(with)
}

// redeems gets a token by a call, and sees that it is one.
func (v *visit) redeems(with fields) (string, error) {
	token, err := v.makes("CreateToken", with)
	if err != nil {
		return "", err
	}
	list, err := v.makes("ListAccounts", fields{"accessToken": token[0].AccessToken})
	if err == nil && (len(list[0].AccountList) != 2 || token[0].RefreshToken == "") {
		err = fmt.Errorf("the token is %+v, for %+v", token, list)
	}
	return asCalls, err
}

func (v *visit) ada() *person.Person { return v.person("ada", built.passwords["ada"]) }

// signedIn makes the others possible for SDKs, which use what keyfob or the AWS CLI has signed in.
func (v *visit) signedIn(profile string) error {
	signer := v.tool
	if v.tool.sdk {
		signer = keyfob
	}
	_, err := v.tryLogin(v.ada(), signer, "--profile", profile)
	return err
}

func (v *visit) refresh() (string, error) {
	if err := v.signedIn("dev"); err != nil {
		return "", err
	}
	before := v.token("example")
	v.expire("example")
	if _, err := v.roleCredentials(); err != nil {
		return "", err
	}
	if after := v.token("example"); after.AccessToken == before.AccessToken || after.RefreshToken == before.RefreshToken {
		return "", errors.New("the token is the old one")
	}
	return yes, nil
}

func (v *visit) accounts() (string, error) {
	if v.tool.sdk {
		var pages [][]string
		err := v.tries(&pages, "accounts", "dev")
		return yes, unless(err, len(pages) == 2, pages)
	}
	var list struct{ AccountList []struct{ AccountID string } }
	err := v.tries(&list, "sso", "list-accounts", "--access-token", v.token("example").AccessToken, "--profile", "dev", "--output", "json")
	return yes, unless(err, len(list.AccountList) == 2, list)
}

func (v *visit) roleCredentials() (string, error) {
	args := []string{"credentials", "dev"}
	if !v.tool.sdk {
		args = []string{"configure", "export-credentials", "--profile", "dev"}
	}
	var k keys
	v.forgetRoles()
	err := v.tries(&k, args...)
	return yes, unless(err, strings.HasPrefix(k.AccessKeyID, "ASIA") && k.SessionToken != "", "no credentials")
}

func (v *visit) sts() (string, error) { return yes, v.identified("dev", "111111111111") }

func (v *visit) identified(profile, account string) error {
	var who struct{ Account, Arn string }
	v.forgetRoles()
	err := v.tries(&who, identity(v.tool, profile)...)
	return unless(err, who.Account == account && strings.HasSuffix(who.Arn, "/ada"), who)
}

// tls wants the client to accept the lab CA, as it has all along, for no other reason than that it was
// told to, and the certificates to please those that check everything.
func (v *visit) tls() (string, error) {
	if err := v.identified("dev", "111111111111"); err != nil {
		return "", err
	}
	center := *v.center
	center.lab = false // nobody told it
	v.forgetRoles()
	r := (&world{&center, v.home}).run(v.tool, identity(v.tool, "dev")...)
	if r.code == 0 || !aboutCertificates.MatchString(r.stderr) {
		return "", fmt.Errorf("without the CA: %d %s", r.code, r.stderr)
	}
	if v.tool.name == awsCLI.name || v.tool.name == boto3.name {
		return yes + ", strictly", v.strictPython()
	}
	return yes, nil
}

// startURLs tries the center's own, one of AWS's form, and a profile without a session.
func (v *visit) startURLs() (string, error) {
	forms := []struct{ name, profile, account string }{
		{"own", "dev", "111111111111"}, {"AWS's", "shaped", "111111111111"}, {"without session", "legacy", "000000000042"},
	}
	var good []string
	var failed error
	for _, f := range forms {
		err := v.signedIn(f.profile)
		if err == nil {
			err = v.identified(f.profile, f.account)
		}
		if err != nil {
			failed = errors.Join(failed, err)
			continue
		}
		good = append(good, f.name)
	}
	if len(good) == 0 {
		return "", failed
	}
	if failed != nil {
		v.t.Log(failed)
	}
	return strings.Join(good, ", "), nil
}

func (v *visit) signOut() (string, error) {
	if err := v.signedIn("dev"); err != nil {
		return "", err
	}
	token := fields{"accessToken": v.token("example").AccessToken}
	if v.tool.sdk {
		got, err := v.makes("ListAccounts", token, "Logout", token, "ListAccounts", token)
		return asCalls, unless(err, err == nil && len(got[0].AccountList) == 2 && got[2].Error.Code == "UnauthorizedException", got)
	}
	args := []string{"sso", "logout"}
	if v.tool.name == awsCLI.name {
		args = append(args, "--profile", "dev") // which says where
	}
	if err := v.tries(nil, args...); err != nil {
		return "", err
	}
	if _, err := os.Stat(v.tokenPath("example")); !os.IsNotExist(err) {
		return "", fmt.Errorf("the token file is still there: %v", err)
	}
	list, err := (&visit{v.world, goSDK}).makes("ListAccounts", token)
	return yes, unless(err, err == nil && list[0].Error.Code == "UnauthorizedException", list)
}

// unless makes an error of a result that is not as it should be.
func unless(err error, good bool, got any) error {
	if err == nil && !good {
		err = fmt.Errorf("got %+v", got)
	}
	return err
}
