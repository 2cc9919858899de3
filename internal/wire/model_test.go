package wire_test

import (
	"encoding/json"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"keyfob/internal/wire"
)

// The model is AWS's (see gen). Package wire is used by both ends, so a mistake in it would be made by
// both and noticed by neither; this file is where it is noticed.

type model struct {
	Made, License string
	Services      map[string]struct {
		Source, SigningName, Protocol, XMLNamespace, APIVersion string
		Operations                                              map[string]modelOperation
		Shapes                                                  map[string]modelShape
	}
}

type modelOperation struct {
	Method, URI, Auth, Input, Output, ResultWrapper string
	Errors                                          []string
}

type modelShape struct {
	Kind           string
	Sensitive      bool
	Max            *float64
	Item           string
	Required       []string
	Members        map[string]struct{ Shape, Location, LocationName string }
	HTTPStatusCode int
	Code           string
}

func readModel(t *testing.T) model {
	t.Helper()
	b, err := os.ReadFile(filepath.Join("testdata", "members.json"))
	if err != nil {
		t.Fatal(err)
	}
	var m model
	if err := json.Unmarshal(b, &m); err != nil {
		t.Fatal(err)
	}
	for _, s := range []string{"sso-oidc", "sso", "sts"} {
		if len(m.Services[s].Operations) == 0 || len(m.Services[s].Shapes) == 0 {
			t.Fatalf("the model of %s is empty", s)
		}
		if m.Services[s].Source == "" {
			t.Fatalf("the model of %s does not say which botocore it is of", s)
		}
	}
	if m.Made == "" || m.License == "" {
		t.Fatal("the model does not say where it comes from")
	}
	return m
}

// structs pairs every struct of the package with the shape it is. One that is no shape says why.
type pairing struct {
	value          any
	service, shape string
	why            string // for one that is no shape
}

func structs() map[string]pairing {
	return map[string]pairing{
		"RegisterClientRequest":            {wire.RegisterClientRequest{}, "sso-oidc", "RegisterClientRequest", ""},
		"RegisterClientResponse":           {wire.RegisterClientResponse{}, "sso-oidc", "RegisterClientResponse", ""},
		"StartDeviceAuthorizationRequest":  {wire.StartDeviceAuthorizationRequest{}, "sso-oidc", "StartDeviceAuthorizationRequest", ""},
		"StartDeviceAuthorizationResponse": {wire.StartDeviceAuthorizationResponse{}, "sso-oidc", "StartDeviceAuthorizationResponse", ""},
		"CreateTokenRequest":               {wire.CreateTokenRequest{}, "sso-oidc", "CreateTokenRequest", ""},
		"CreateTokenResponse":              {wire.CreateTokenResponse{}, "sso-oidc", "CreateTokenResponse", ""},
		"AccountInfo":                      {wire.AccountInfo{}, "sso", "AccountInfo", ""},
		"RoleInfo":                         {wire.RoleInfo{}, "sso", "RoleInfo", ""},
		"RoleCredentials":                  {wire.RoleCredentials{}, "sso", "RoleCredentials", ""},
		"ListAccountsResponse":             {wire.ListAccountsResponse{}, "sso", "ListAccountsResponse", ""},
		"ListAccountRolesResponse":         {wire.ListAccountRolesResponse{}, "sso", "ListAccountRolesResponse", ""},
		"GetRoleCredentialsResponse":       {wire.GetRoleCredentialsResponse{}, "sso", "GetRoleCredentialsResponse", ""},
		"GetCallerIdentityResult":          {wire.GetCallerIdentityResult{}, "sts", "GetCallerIdentityResponse", ""},
		"STSCredentials":                   {wire.STSCredentials{}, "sts", "Credentials", ""},
		"AssumedRoleUser":                  {wire.AssumedRoleUser{}, "sts", "AssumedRoleUser", ""},
		"AssumeRoleResult":                 {wire.AssumeRoleResult{}, "sts", "AssumeRoleResponse", ""},
		"AssumeRoleWithWebIdentityResult":  {wire.AssumeRoleWithWebIdentityResult{}, "sts", "AssumeRoleWithWebIdentityResponse", ""},
		"GetSessionTokenResult":            {wire.GetSessionTokenResult{}, "sts", "GetSessionTokenResponse", ""},

		"GetCallerIdentityResponse":         {why: "the query protocol's envelope; TestSTS holds it"},
		"AssumeRoleResponse":                {why: "the query protocol's envelope; TestSTS holds it"},
		"AssumeRoleWithWebIdentityResponse": {why: "the query protocol's envelope; TestSTS holds it"},
		"GetSessionTokenResponse":           {why: "the query protocol's envelope; TestSTS holds it"},
		"ResponseMetadata":                  {why: "the query protocol's envelope; TestSTS holds it"},
		"STSErrorResponse":                  {why: "the query protocol's envelope; TestSTS holds it"},
		"STSErrorDetail":                    {why: "the query protocol's envelope; TestSTS holds it"},
		"ErrorBody":                         {why: "the union of all errors' members; TestErrors holds it"},
		"ServiceError":                      {why: "never sent"},
		"oauthError":                        {why: "never sent"},
	}
}

// missing lists members of the model that a struct does not have, and why.
func missing() map[string]string {
	const policies = "session policies and tags are not sent and not served"
	return map[string]string{
		"AssumeRoleResult.PackedPolicySize":                policies,
		"AssumeRoleResult.SourceIdentity":                  policies,
		"AssumeRoleWithWebIdentityResult.PackedPolicySize": policies,
		"AssumeRoleWithWebIdentityResult.SourceIdentity":   policies,
	}
}

// notSecret lists members that the model calls sensitive and that are shown all the same.
func notSecret() map[string]string { return map[string]string{} }

func TestEveryStructIsPaired(t *testing.T) {
	declared, _ := declarations(t)
	if len(declared) < 10 {
		t.Fatalf("only %d structs were found", len(declared))
	}
	paired := structs()
	for _, name := range declared {
		p, ok := paired[name]
		if !ok || p.shape == "" && p.why == "" {
			t.Errorf("struct %s is not in structs(): which shape is it, or why none?", name)
		}
		delete(paired, name)
	}
	for name := range paired {
		t.Errorf("structs() has %s, which the package has not", name)
	}
}

func TestMembers(t *testing.T) {
	m := readModel(t)
	checked := 0
	for name, p := range structs() {
		if p.shape == "" {
			continue
		}
		shape, ok := m.Services[p.service].Shapes[p.shape]
		if !ok || shape.Kind != "structure" {
			t.Errorf("%s: the model of %s has no structure %s", name, p.service, p.shape)
			continue
		}
		found := map[string]bool{}
		for _, field := range reflect.VisibleFields(reflect.TypeOf(p.value)) {
			tag, options, _ := strings.Cut(field.Tag.Get("json"), ",")
			member, ok := shape.Members[tag]
			if !ok {
				t.Errorf("%s.%s: %q is no member of %s", name, field.Name, tag, p.shape)
				continue
			}
			checked++
			found[tag] = true
			if member.Location != "" {
				t.Errorf("%s.%s goes into the %s, not into the body", name, field.Name, member.Location)
			}
			if slices.Contains(shape.Required, tag) && strings.Contains(options, "omitempty") {
				t.Errorf("%s.%s is required, so it must not be left out when it is empty", name, field.Name)
			}
			if p.service == "sts" && field.Tag.Get("xml") != tag {
				t.Errorf("%s.%s is %q in XML, not %q", name, field.Name, field.Tag.Get("xml"), tag)
			}
			checkKind(t, name+"."+field.Name, field.Type, m.Services[p.service].Shapes, member.Shape)
		}
		for member := range shape.Members {
			if !found[member] && missing()[name+"."+member] == "" {
				t.Errorf("%s: member %s of %s is missing; say in missing() why, if it should be", name, member, p.shape)
			}
		}
	}
	if checked < 40 {
		t.Fatalf("only %d members were checked", checked)
	}
}

func checkKind(t *testing.T, name string, is reflect.Type, shapes map[string]modelShape, want string) {
	t.Helper()
	shape := shapes[want]
	secret := is == reflect.TypeFor[wire.Secret]()
	switch shape.Kind {
	case "string":
		if is.Kind() != reflect.String {
			t.Errorf("%s is a %s, but %s is a string", name, is, want)
		}
		if shape.Sensitive && !secret && notSecret()[name] == "" {
			t.Errorf("%s: the model calls %s sensitive, so it is a wire.Secret", name, want)
		}
	case "integer", "long":
		if is.Kind() != reflect.Int64 {
			t.Errorf("%s is a %s, but %s is a number", name, is, want)
		}
	case "list":
		if is.Kind() != reflect.Slice {
			t.Errorf("%s is a %s, but %s is a list", name, is, want)
			return
		}
		checkKind(t, name+"[]", is.Elem(), shapes, shape.Item)
	case "timestamp":
		if is != reflect.TypeFor[time.Time]() {
			t.Errorf("%s is a %s, but %s is an instant", name, is, want)
		}
	case "structure":
		if is.Kind() != reflect.Struct || structs()[is.Name()].shape != want {
			t.Errorf("%s is a %s, but %s is a structure of its own", name, is, want)
		}
	default:
		t.Errorf("%s: %s is a %q, which this test does not know", name, want, shape.Kind)
	}
}

// TestOperations holds the paths, and the names that go into a query or a header.
func TestOperations(t *testing.T) {
	m := readModel(t)
	paths := map[string]string{
		"sso-oidc RegisterClient":           "POST " + wire.PathRegisterClient,
		"sso-oidc StartDeviceAuthorization": "POST " + wire.PathStartDeviceAuthorization,
		"sso-oidc CreateToken":              "POST " + wire.PathCreateToken,
		"sso ListAccounts":                  "GET " + wire.PathListAccounts,
		"sso ListAccountRoles":              "GET " + wire.PathListAccountRoles,
		"sso GetRoleCredentials":            "GET " + wire.PathGetRoleCredentials,
		"sso Logout":                        "POST " + wire.PathLogout,
		"sts GetCallerIdentity":             "POST /",
		"sts AssumeRole":                    "POST /",
		"sts AssumeRoleWithWebIdentity":     "POST /",
		"sts GetSessionToken":               "POST /",
	}
	left := map[string]string{
		"sso-oidc CreateTokenWithIAM": "for applications that trust other issuers; no command line signs in with it",
	}
	names := map[string]string{
		"querystring next_token": wire.ParamNextToken, "querystring max_result": wire.ParamMaxResult,
		"querystring account_id": wire.ParamAccountID, "querystring role_name": wire.ParamRoleName,
		"header x-amz-sso_bearer_token": wire.HeaderBearerToken,
	}
	used := map[string]bool{}
	for service, s := range m.Services {
		for name, o := range s.Operations {
			key := service + " " + name
			if left[key] != "" {
				delete(left, key)
				continue
			}
			if got := o.Method + " " + o.URI; paths[key] != got {
				t.Errorf("%s is %s in the model, %q here", key, got, paths[key])
			}
			delete(paths, key)
			if service != "sts" && o.Auth != "none" {
				t.Errorf("%s wants to be signed (%q); nothing here signs it", key, o.Auth)
			}
			for _, member := range s.Shapes[o.Input].Members {
				if member.Location == "" {
					continue
				}
				at := member.Location + " " + member.LocationName
				used[at] = true
				if names[at] != member.LocationName {
					t.Errorf("%s: the %s is %q in the model, %q here", key, member.Location, member.LocationName, names[at])
				}
			}
		}
	}
	for key := range paths {
		t.Errorf("%s is not in the model", key)
	}
	for key := range left {
		t.Errorf("%s is left out, but not in the model", key)
	}
	for at := range names {
		if !used[at] {
			t.Errorf("%s is in no operation of the model", at)
		}
	}
	if limit := m.Services["sso"].Shapes["MaxResultType"].Max; limit == nil || *limit != wire.MaxPortalPage {
		t.Errorf("MaxPortalPage is %d, the model's limit is %v", wire.MaxPortalPage, limit)
	}
}

// TestErrors holds the errors' names, statuses and members.
func TestErrors(t *testing.T) {
	m := readModel(t)
	_, codes := declarations(t)
	if len(codes) < 10 {
		t.Fatalf("only %d error codes were found", len(codes))
	}
	// Not of the OIDC service's operations in use, or of no model at all.
	known := map[string]string{
		"ForbiddenException": "answered for a role that is not assigned, not modelled",
		"AccessDenied":       "a common error of signed calls, not modelled",
		"ExpiredToken":       "a common error of signed calls, not modelled",
		"ValidationError":    "a common error of signed calls, not modelled",
	}
	members := map[string]bool{}
	for service, s := range m.Services {
		for name, o := range s.Operations {
			if name == "CreateTokenWithIAM" {
				continue
			}
			for _, e := range o.Errors {
				shape := s.Shapes[e]
				if shape.Code != "" {
					e = shape.Code
				}
				if shape.HTTPStatusCode == 0 {
					t.Errorf("%s has no status in the model", e)
				}
				if !slices.Contains(codes, e) {
					t.Errorf("%s answers %s, for which there is no Code", name, e)
				}
				known[e] = service
				for member := range shape.Members {
					members[member] = true
				}
				if service != "sso-oidc" {
					continue
				}
				oauth, status, ok := wire.Code(e).OAuth()
				if !ok || status != shape.HTTPStatusCode {
					t.Errorf("%s has status %d in the model, %d here (known: %v)", e, shape.HTTPStatusCode, status, ok)
				}
				if wire.CodeFromOAuth(oauth) != wire.Code(e) {
					t.Errorf("%s is %q in OAuth, which is %s again", e, oauth, wire.CodeFromOAuth(oauth))
				}
			}
		}
	}
	for _, c := range codes {
		if known[c] == "" {
			t.Errorf("Code %s is no error of the model", c)
		}
	}
	tags := map[string]bool{}
	for _, f := range reflect.VisibleFields(reflect.TypeFor[wire.ErrorBody]()) {
		tag, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		tags[tag] = true
		if tag != "__type" && tag != "code" && !members[tag] { // those two are the protocol's
			t.Errorf("ErrorBody.%s: no error of the model has a member %q", f.Name, tag)
		}
	}
	for member := range members {
		if !tags[member] {
			t.Errorf("ErrorBody has no %s, which errors of the model have", member)
		}
	}
}

// TestOAuthCodes holds the codes that the service model does not have against the RFCs that do.
func TestOAuthCodes(t *testing.T) {
	fromRFC := map[string]wire.Code{
		// RFC 6749 sections 4.1.2.1 and 5.2
		"invalid_request": wire.CodeInvalidRequest, "invalid_client": wire.CodeInvalidClient, "invalid_grant": wire.CodeInvalidGrant,
		"unauthorized_client": wire.CodeUnauthorizedClient, "unsupported_grant_type": wire.CodeUnsupportedGrantType,
		"invalid_scope": wire.CodeInvalidScope, "access_denied": wire.CodeAccessDenied, "server_error": wire.CodeInternalServer,
		// RFC 8628 section 3.5
		"authorization_pending": wire.CodeAuthorizationPending, "slow_down": wire.CodeSlowDown, "expired_token": wire.CodeExpiredToken,
		// RFC 7591 section 3.2.2
		"invalid_redirect_uri": wire.CodeInvalidRedirectURI, "invalid_client_metadata": wire.CodeInvalidClientMetadata,
	}
	for oauth, want := range fromRFC {
		if got := wire.CodeFromOAuth(oauth); got != want {
			t.Errorf("%s is %q, want %q", oauth, got, want)
		}
	}
	if got := wire.CodeFromOAuth("no_such_thing"); got != "" {
		t.Errorf("an unknown OAuth code is %q", got)
	}
}

// TestSTS holds the query protocol's envelopes, which the model implies and does not spell out.
func TestSTS(t *testing.T) {
	m := readModel(t)
	sts := m.Services["sts"]
	if sts.APIVersion != wire.STSVersion || sts.XMLNamespace != wire.STSNamespace {
		t.Errorf("the model has version %s and namespace %s", sts.APIVersion, sts.XMLNamespace)
	}
	tag := func(v any, field string) string {
		f, _ := reflect.TypeOf(v).FieldByName(field)
		return f.Tag.Get("xml")
	}
	type pair struct{ got, want string }
	var envelopes []pair
	answers := map[string]any{
		wire.ActionGetCallerIdentity:         wire.GetCallerIdentityResponse{},
		wire.ActionAssumeRole:                wire.AssumeRoleResponse{},
		wire.ActionAssumeRoleWithWebIdentity: wire.AssumeRoleWithWebIdentityResponse{},
		wire.ActionGetSessionToken:           wire.GetSessionTokenResponse{},
	}
	for action, o := range sts.Operations {
		answer, ok := answers[action]
		if !ok {
			t.Errorf("the model has %s, for which there is no answer here", action)
			continue
		}
		delete(answers, action)
		envelopes = append(
			envelopes,
			pair{tag(answer, "XMLName"), sts.XMLNamespace + " " + action + "Response"},
			pair{tag(answer, "Result"), o.ResultWrapper},
			pair{tag(answer, "Metadata"), "ResponseMetadata"},
		)
	}
	for action := range answers {
		t.Errorf("%s is no operation of the model", action)
	}
	parameters := map[string]bool{}
	for _, o := range sts.Operations {
		for name := range sts.Shapes[o.Input].Members {
			parameters[name] = true
		}
	}
	for _, name := range []string{
		wire.ParamRoleARN, wire.ParamRoleSessionName, wire.ParamDurationSeconds, wire.ParamExternalID, wire.ParamSerialNumber,
		wire.ParamTokenCode, wire.ParamWebIdentityToken,
	} {
		if !parameters[name] {
			t.Errorf("no operation of the model has a parameter %s", name)
		}
	}
	for _, c := range append(envelopes, []pair{
		{tag(wire.ResponseMetadata{}, "RequestID"), "RequestId"},
		{tag(wire.STSErrorResponse{}, "XMLName"), sts.XMLNamespace + " ErrorResponse"},
		{tag(wire.STSErrorResponse{}, "Error"), "Error"},
		{tag(wire.STSErrorResponse{}, "RequestID"), "RequestId"},
		{tag(wire.STSErrorDetail{}, "Type"), "Type"},
		{tag(wire.STSErrorDetail{}, "Code"), "Code"},
		{tag(wire.STSErrorDetail{}, "Message"), "Message"},
	}...) {
		if c.got != c.want || c.want == "" {
			t.Errorf("an element is %q, want %q", c.got, c.want)
		}
	}
}

// declarations returns the names of the package's structs and the values of its Code constants.
func declarations(t *testing.T) (structs, codes []string) {
	t.Helper()
	files, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range files {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		f, err := parser.ParseFile(token.NewFileSet(), name, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(f, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.TypeSpec:
				if _, ok := n.Type.(*ast.StructType); ok {
					structs = append(structs, n.Name.Name)
				}
			case *ast.ValueSpec:
				if id, ok := n.Type.(*ast.Ident); ok && id.Name == "Code" && len(n.Values) == 1 {
					if lit, ok := n.Values[0].(*ast.BasicLit); ok {
						value, _ := strconv.Unquote(lit.Value)
						codes = append(codes, value)
					}
				}
			}
			return true
		})
	}
	return structs, codes
}
