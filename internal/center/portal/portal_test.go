package portal_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"keyfob/internal/center/granttest"
	"keyfob/internal/center/portal"
	"keyfob/internal/center/request"
	"keyfob/internal/center/store"
	"keyfob/internal/center/store/storetest"
	"keyfob/internal/wire"
)

var update = flag.Bool("update", false, "write the golden files")

type door struct {
	*granttest.Center
	*httptest.Server
	mint error // what the minter fails with
}

// Mint implements portal.Minter: keys that tell what they are for.
func (d *door) Mint(_ context.Context, g store.Grant, accountID string, p store.PermissionSet) (wire.RoleCredentials, error) {
	return wire.RoleCredentials{
		AccessKeyID: "ASIA" + accountID, SecretAccessKey: wire.Secret(g.User.ID), SessionToken: wire.Secret(p.Name),
		Expiration: d.Clock.Now().Add(p.SessionDuration).UnixMilli(),
	}, d.mint
}

func open(t *testing.T) *door {
	d := &door{Center: granttest.New(t)}
	mux := http.NewServeMux()
	portal.New(portal.Config{Tokens: d.Tokens, Assignments: d.Assignments, Minter: d, Audit: d.Audit, Logger: d.Logger}).Routes(mux)
	d.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mux.ServeHTTP(w, r.WithContext(request.NewContext(r.Context(), request.Info{ID: "req-1", RemoteIP: "192.0.2.1"})))
	}))
	t.Cleanup(d.Close)
	return d
}

type answer struct {
	status int
	header http.Header
	body   string
}

func (a answer) bytes() string {
	var b strings.Builder
	fmt.Fprintln(&b, a.status)
	for _, h := range []string{"Content-Type", "Cache-Control", "Pragma", wire.HeaderErrorType, wire.HeaderRequestID} {
		if v := a.header.Get(h); v != "" {
			fmt.Fprintf(&b, "%s: %s\n", h, v)
		}
	}
	return b.String() + a.body + "\n"
}

func (d *door) do(method, pathAndQuery string, header http.Header) answer {
	d.Helper()
	r, err := http.NewRequestWithContext(d.Ctx, method, d.URL+pathAndQuery, nil)
	d.Must(err)
	r.Header = header
	res, err := d.Server.Client().Do(r)
	d.Must(err)
	defer res.Body.Close() //nolint:errcheck // read to its end
	b, err := io.ReadAll(res.Body)
	d.Must(err)
	return answer{res.StatusCode, res.Header, string(b)}
}

func with(token wire.Secret) http.Header {
	h := http.Header{}
	h.Set(wire.HeaderBearerToken, token.Reveal())
	return h
}

func (d *door) get(pathAndQuery string, token wire.Secret) answer {
	d.Helper()
	return d.do(http.MethodGet, pathAndQuery, with(token))
}

const (
	accounts    = "/assignment/accounts"
	roles       = "/assignment/roles?account_id=111111111111"
	credentials = "/federation/credentials?account_id=111111111111&role_name=Admin"
)

// What the portal answers, to the byte: a page token apart, nothing in it is random.
func TestBytes(t *testing.T) {
	d := open(t)
	_, tokens := d.SignInCLI()
	_, other := d.SignInDevice("codewhisperer:completions")
	good := tokens.AccessToken
	var got bytes.Buffer
	show := func(name string, a answer) { fmt.Fprintf(&got, "# %s\n%s\n", name, a.bytes()) }
	show("ListAccounts", d.get(accounts, good))
	show("ListAccounts, 100", d.get(accounts+"?max_result=100&unheard_of=1", good))
	show("ListAccountRoles", d.get(roles, good))
	show("GetRoleCredentials", d.get(credentials, good))
	show("62 no token", d.do(http.MethodGet, accounts, http.Header{"Authorization": {"Bearer " + good.Reveal()}}))
	show("unknown token", d.get(credentials, "x"))
	show("unknown token before anything else", d.get("/federation/credentials?account_id=1&account_id=2", "x"))
	show("41 token without the scope", d.get(accounts, other.AccessToken))
	show("not assigned", d.get("/federation/credentials?account_id=111111111111&role_name=ReadOnly", good))
	show("roles in an account of others", d.get("/assignment/roles?account_id=999999999999", good))
	show("no account", d.get("/assignment/roles", good))
	show("no role", d.get("/federation/credentials?account_id=111111111111", good))
	show("max_result", d.get(accounts+"?max_result=101", good))
	show("page token", d.get(accounts+"?next_token=junk", good))
	show("repeated parameter", d.get(roles+"&account_id=111111111111", good))
	show("malformed query", d.get(accounts+"?a=%zz", good))
	d.mint = errors.New("no entropy")
	show("broken", d.get(credentials, good))
	if !strings.Contains(d.Log.String(), "no entropy") || strings.Contains(got.String(), "no entropy") {
		t.Error("the center's own trouble is not in the log, or is in the answer")
	}
	show("Logout", d.do(http.MethodPost, "/logout", with(good)))
	show("Logout again", d.do(http.MethodPost, "/logout", with(good)))
	show("Logout without a token", d.do(http.MethodPost, "/logout", http.Header{}))
	show("signed out", d.get(accounts, good))
	const golden = "testdata/answers.txt"
	if *update {
		d.Must(os.WriteFile(golden, got.Bytes(), 0o644))
	}
	want, err := os.ReadFile(golden)
	d.Must(err)
	if diff := cmp.Diff(string(want), got.String()); diff != "" {
		t.Errorf("%s (-want +got), go test -update writes it:\n%s", golden, diff)
	}
}

func TestPages(t *testing.T) {
	d := open(t)
	_, tokens := d.SignInDevice()
	var list wire.ListAccountsResponse
	a := d.get(accounts+"?max_result=1", tokens.AccessToken)
	d.Must(json.Unmarshal([]byte(a.body), &list))
	if len(list.AccountList) != 1 || list.AccountList[0].AccountID != "000000000042" || list.NextToken == "" {
		t.Fatalf("first page: %s", a.bytes())
	}
	a = d.get(accounts+"?max_result=1&next_token="+list.NextToken, tokens.AccessToken)
	if a.status != 200 || strings.Contains(a.body, "nextToken") || !strings.Contains(a.body, "111111111111") {
		t.Errorf("last page: %s", a.bytes())
	}
	for _, max := range []string{"", "0", "-1", "101", "1x", "99999999999999999999", "1.0"} {
		if a := d.get(accounts+"?max_result="+max, tokens.AccessToken); a.status != 400 || a.header.Get(wire.HeaderErrorType) != "InvalidRequestException" {
			t.Errorf("max_result %q: %s", max, a.bytes())
		}
	}
}

func TestAuthorizationHeaderIsIgnored(t *testing.T) {
	d := open(t)
	_, tokens := d.SignInDevice()
	h := with(tokens.AccessToken)
	h.Set("Authorization", "AWS4-HMAC-SHA256 Credential=AKIA/20261123/us-east-1/awsssoportal/aws4_request, SignedHeaders=host, Signature=00")
	if a := d.do(http.MethodGet, credentials, h); a.status != 200 {
		t.Errorf("%s", a.bytes())
	}
	h.Add(wire.HeaderBearerToken, tokens.AccessToken.Reveal())
	if a := d.do(http.MethodGet, credentials, h); a.status != 401 {
		t.Errorf("two tokens: %s", a.bytes())
	}
}

// 401 and never 403, whatever has become of the token: it is what makes clients sign in again.
func TestSecurity35to39DeadTokens(t *testing.T) {
	for name, end := range map[string]func(d *door, family string){
		"expired":       func(d *door, _ string) { d.Clock.Advance(time.Hour) },
		"38 signed out": func(d *door, _ string) { d.Must(d.Store.EndSession(d.Ctx, d.Ada.Session.ID, "test", d.Clock.Now())) },
		"39 disabled":   func(d *door, _ string) { d.Must(d.Store.SetDisabled(d.Ctx, "u-ada", true, d.Clock.Now())) },
		"revoked":       func(d *door, family string) { d.Must(d.Store.RevokeFamily(d.Ctx, family, "test", d.Clock.Now())) },
		"person gone": func(d *door, _ string) {
			o := storetest.Organisation()
			o.Users = o.Users[1:]
			o.Groups[0].Members = []string{"u-grace"}
			o.Assignments = o.Assignments[1:]
			d.Must(d.Store.Apply(d.Ctx, o))
		},
	} {
		t.Run(name, func(t *testing.T) {
			d := open(t)
			_, tokens := d.SignInCLI()
			g, err := d.Tokens.Verify(d.Ctx, tokens.AccessToken)
			d.Must(err)
			end(d, g.Family.ID)
			for _, path := range []string{accounts, roles, credentials} {
				if a := d.get(path, tokens.AccessToken); a.status != 401 || a.header.Get(wire.HeaderErrorType) != "UnauthorizedException" {
					t.Errorf("%s: %s", path, a.bytes())
				}
			}
			if a := d.do(http.MethodPost, "/logout", with(tokens.AccessToken)); a.status != 200 || a.body != "" {
				t.Errorf("Logout: %s", a.bytes())
			}
		})
	}
}

func TestSecurity40RemovedAssignment(t *testing.T) {
	d := open(t)
	_, tokens := d.SignInCLI()
	if a := d.get(credentials, tokens.AccessToken); a.status != 200 {
		t.Fatalf("%s", a.bytes())
	}
	d.Must(d.Store.RemoveAssignment(d.Ctx, storetest.Organisation().Assignments[0]))
	if a := d.get(credentials, tokens.AccessToken); a.status != 403 || !strings.Contains(a.body, `"message":"No access"`) {
		t.Errorf("%s", a.bytes())
	}
	if got := fmt.Sprint(d.Audited("GetRoleCredentials")); got != "[refused success]" {
		t.Errorf("audited: %s", got)
	}
}

// However an assignment goes, the very next call sees it, in what is listed as well.
func TestSecurity40EveryWayToLoseARole(t *testing.T) {
	const mine = "/federation/credentials?account_id=000000000042&role_name=ReadOnly" // Grace's, by her group
	declared := func(change func(*store.Organisation)) func(*door) error {
		return func(d *door) error {
			o := storetest.Organisation()
			change(&o)
			return d.Store.Apply(d.Ctx, o)
		}
	}
	for name, lose := range map[string]func(*door) error{
		"assignment":                func(d *door) error { return d.Store.RemoveAssignment(d.Ctx, storetest.Organisation().Assignments[1]) },
		"member":                    func(d *door) error { return d.Store.RemoveMember(d.Ctx, "g-all", "u-grace") },
		"group":                     func(d *door) error { return d.Store.RemoveGroup(d.Ctx, "g-all") },
		"permission set":            func(d *door) error { return d.Store.RemovePermissionSet(d.Ctx, "ps-2") },
		"assignment, in the file":   declared(func(o *store.Organisation) { o.Assignments = o.Assignments[:1] }),
		"member, in the file":       declared(func(o *store.Organisation) { o.Groups[0].Members = []string{"u-ada"} }),
		"group, in the file":        declared(func(o *store.Organisation) { o.Groups, o.Assignments = nil, o.Assignments[:1] }),
		"permission set, elsewhere": declared(func(o *store.Organisation) { o.Assignments[1].PermissionSetID = "ps-1" }),
		"account, in the file":      declared(func(o *store.Organisation) { o.Accounts, o.Assignments = o.Accounts[:1], o.Assignments[:1] }),
	} {
		t.Run("40 "+name, func(t *testing.T) {
			d := open(t)
			d.Ada = d.Grace // who signs in
			_, tokens := d.SignInCLI()
			list := "/assignment/roles?account_id=000000000042"
			if a, b := d.get(mine, tokens.AccessToken), d.get(list, tokens.AccessToken); a.status != 200 || !strings.Contains(b.body, "ReadOnly") {
				t.Fatalf("%s%s", a.bytes(), b.bytes())
			}
			d.Must(lose(d))
			if a := d.get(mine, tokens.AccessToken); a.status != 403 || strings.Contains(a.body, "ASIA") {
				t.Errorf("%s", a.bytes())
			}
			if a := d.get(list, tokens.AccessToken); strings.Contains(a.body, "ReadOnly") {
				t.Errorf("%s", a.bytes())
			}
		})
	}
}

// What cannot be accounted for does not happen.
func TestNoCredentialsWithoutAudit(t *testing.T) {
	d := open(t)
	_, tokens := d.SignInCLI()
	d.Audit.Store = full{d.Store}
	if a := d.get(credentials, tokens.AccessToken); a.status != 500 || strings.Contains(a.body, "ASIA") {
		t.Errorf("%s", a.bytes())
	}
}

type full struct{ store.Audit }

func (full) AppendAudit(context.Context, func(store.AuditHead) ([]store.AuditEvent, store.AuditHead)) error {
	return errors.New("disk full")
}
