package sts_test

import (
	"encoding/xml"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/pquerna/otp/totp"

	"keyfob/internal/center/rolecreds"
	"keyfob/internal/center/store"
	"keyfob/internal/center/sts/sigv4/sigv4test"
	"keyfob/internal/wire"
)

const (
	ciKey      = "AKIAIOSFODNN7EXAMPLE"
	ciSecret   = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"
	ciSerial   = "arn:aws:iam::000000000042:mfa/ci"
	totpSecret = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"
)

// organisation has one role for each way to be trusted, and all people and programs that try.
func (g *rig) organisation() store.Organisation {
	in := func(account string, kind store.TrustKind, name string) []store.TrustPrincipal {
		return []store.TrustPrincipal{{Kind: kind, AccountID: account, Name: name}}
	}
	role := func(name string, trust ...store.Trust) store.Role {
		return store.Role{AccountID: "111111111111", Name: name, Path: "/", MaxSessionDuration: 4 * time.Hour, Trust: trust}
	}
	seal := func(of, secret string) []byte {
		b, err := rolecreds.SealSecret(g.ring, of, wire.Secret(secret))
		if err != nil {
			g.t.Fatal(err)
		}
		return b
	}
	const here = "000000000042"
	path := role("InAPath", store.Trust{Principals: in(here, store.TrustAccount, "")})
	path.Path = "/team/"
	return store.Organisation{
		Instance: store.Instance{ID: "ssoins-1", Region: "us-east-1", SessionLifetime: time.Hour},
		Accounts: []store.Account{{ID: here, Name: "Zero"}, {ID: "111111111111", Name: "One"}},
		Users: []store.User{
			{ID: "u-ada", Name: "ada", NameKey: "ada"},
			{ID: "u-grace", Name: "grace", NameKey: "grace"},
			{ID: "u-off", Name: "off", NameKey: "off", Disabled: true},
		},
		Groups: []store.Group{{ID: "g-some", Name: "Some", Members: []string{"u-grace", "u-off"}}},
		Roles: []store.Role{
			path,
			role("Nobody"),
			role("Account", store.Trust{Principals: in(here, store.TrustAccount, "")}),
			role("OtherAccount", store.Trust{Principals: in("111111111111", store.TrustAccount, "")}),
			role("Ada", store.Trust{Principals: in(here, store.TrustUser, "u-ada")}),
			role("AdaElsewhere", store.Trust{Principals: in("111111111111", store.TrustUser, "u-ada")}),
			role("Some", store.Trust{Principals: in(here, store.TrustGroup, "g-some")}),
			role("SomeElsewhere", store.Trust{Principals: in("111111111111", store.TrustGroup, "g-some")}),
			role("Admins", store.Trust{Principals: in(here, store.TrustPermissionSet, "Admin")}),
			role("Readers", store.Trust{Principals: in(here, store.TrustPermissionSet, "ReadOnly")}),
			role("Chained", store.Trust{Principals: in("111111111111", store.TrustRole, "Account")}),
			role("OneSession", store.Trust{Principals: in("111111111111", store.TrustRoleSession, "Account/build")}),
			role("CI", store.Trust{Principals: in(here, store.TrustServiceUser, "ci")}),
			role("Vendor", store.Trust{Principals: in(here, store.TrustAccount, ""), ExternalID: "tenant-7"}),
			role("Careful", store.Trust{Principals: in(here, store.TrustAccount, ""), MFA: true}),
			role("Either", store.Trust{Principals: in(here, store.TrustUser, "u-nobody")}, store.Trust{Principals: in(here, store.TrustUser, "u-ada")}),
			role("Web", store.Trust{WebIdentity: &store.WebIdentity{
				Issuer: issuer, Audiences: []string{"sts.amazonaws.com"}, Subjects: []string{"repo:acme/*:ref:refs/heads/main"}, JWKSURL: issuer + "/jwks",
			}}),
		},
		ServiceUsers: []store.ServiceUser{{
			AccountID: here, Name: "ci", AccessKeys: []store.AccessKey{{ID: ciKey, Secret: seal(ciKey, ciSecret)}, {ID: "AKIAUNSEALED00000000"}},
			MFASerial: ciSerial, MFASecret: seal(ciSerial, totpSecret),
		}},
	}
}

func (g *rig) apply(o store.Organisation) {
	g.t.Helper()
	if err := g.db.Apply(g.t.Context(), o); err != nil {
		g.t.Fatal(err)
	}
}

const issuer = "https://idp.example.com"

func arn(role string) string { return "arn:aws:iam::111111111111:role/" + role }

// as is a signer with these credentials.
func (g *rig) as(c wire.STSCredentials) sigv4test.Signer {
	return sigv4test.Signer{
		AccessKeyID: c.AccessKeyID, Secret: c.SecretAccessKey.Reveal(), SessionToken: c.SessionToken.Reveal(),
		Region: "us-east-1", Service: "sts", At: g.clock.Now(),
	}
}

func (g *rig) ada() sigv4test.Signer { s := g.signer(); s.At = g.clock.Now(); return s }

func (g *rig) ci() sigv4test.Signer {
	return sigv4test.Signer{AccessKeyID: ciKey, Secret: ciSecret, Region: "us-east-1", Service: "sts", At: g.clock.Now()}
}

func (g *rig) person(name string) sigv4test.Signer {
	c := g.credentials(name)
	return g.as(wire.STSCredentials{AccessKeyID: c.AccessKeyID, SecretAccessKey: c.SecretAccessKey, SessionToken: c.SessionToken})
}

// assume is a call of AssumeRole; more are further parameters, name and value in turn.
func assume(role string, more ...string) url.Values {
	v := url.Values{"Action": {"AssumeRole"}, "Version": {"2011-06-15"}, "RoleArn": {arn(role)}, "RoleSessionName": {"build"}}
	for i := 0; i < len(more); i += 2 {
		v.Set(more[i], more[i+1])
	}
	return v
}

// ask calls and returns what the answer holds, or the error.
func ask[T any](g *rig, r *http.Request) (out T, code, message string) {
	g.t.Helper()
	status, body, header := g.serve(r)
	if status == 200 {
		if err := xml.Unmarshal([]byte(body), &out); err != nil {
			g.t.Fatalf("%v: %s", err, body)
		}
		if header.Get("Cache-Control") != "no-store" {
			g.t.Errorf("headers = %v", header)
		}
		return out, "", ""
	}
	var e wire.STSErrorResponse
	if err := xml.Unmarshal([]byte(body), &e); err != nil {
		g.t.Fatalf("%v: %s", err, body)
	}
	return out, fmt.Sprint(status, " ", e.Error.Code), e.Error.Message
}

func (g *rig) role(s sigv4test.Signer, v url.Values) (wire.AssumeRoleResult, string, string) {
	g.t.Helper()
	a, code, message := ask[wire.AssumeRoleResponse](g, s.Sign(post(v.Encode())))
	return a.Result, code, message
}

// mustRole wants the role.
func (g *rig) mustRole(s sigv4test.Signer, v url.Values) wire.AssumeRoleResult {
	g.t.Helper()
	a, code, message := g.role(s, v)
	if code != "" {
		g.t.Fatalf("%s: %s %s", v.Get("RoleArn"), code, message)
	}
	return a
}

func TestAssumeRole(t *testing.T) {
	g := newRig(t)
	a := g.mustRole(g.ada(), assume("Ada"))
	if a.AssumedRoleUser.ARN != "arn:aws:sts::111111111111:assumed-role/Ada/build" ||
		!regexp.MustCompile(`^AROA[A-Z2-7]{17}:build$`).MatchString(a.AssumedRoleUser.AssumedRoleID) ||
		!a.Credentials.Expiration.Equal(epoch().Add(time.Hour)) || !strings.HasPrefix(a.Credentials.AccessKeyID, "ASIA") {
		t.Errorf("answer = %+v", a)
	}
	who, code, message := ask[wire.GetCallerIdentityResponse](g, g.as(a.Credentials).Sign(post(form)))
	if code != "" || who.Result.ARN != a.AssumedRoleUser.ARN || who.Result.UserID != a.AssumedRoleUser.AssumedRoleID || who.Result.Account != "111111111111" {
		t.Errorf("they are %+v %s %s", who, code, message)
	}
	again := g.mustRole(g.ada(), assume("Ada", "RoleSessionName", "other"))
	if id, _, _ := strings.Cut(a.AssumedRoleUser.AssumedRoleID, ":"); again.AssumedRoleUser.AssumedRoleID != id+":other" {
		t.Errorf("the role's id changed: %s, %s", a.AssumedRoleUser.AssumedRoleID, again.AssumedRoleUser.AssumedRoleID)
	}
	if again.Credentials.AccessKeyID == a.Credentials.AccessKeyID {
		t.Error("two sessions share a key")
	}
	_, body, _ := g.serve(g.ada().Sign(post(assume("Ada").Encode())))
	if !strings.Contains(body, "<Expiration>2026-11-23T10:00:00Z</Expiration>") || !strings.HasPrefix(body, `<AssumeRoleResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><AssumeRoleResult>`) {
		t.Errorf("body = %s", body)
	}
	g.clock.Advance(time.Hour)
	_, code, _ = ask[wire.GetCallerIdentityResponse](g, g.as(a.Credentials).Sign(post(form)))
	if code != "403 ExpiredToken" {
		t.Errorf("an hour later: %q", code)
	}
}

func TestSecurity71WhoIsTrusted(t *testing.T) {
	g := newRig(t)
	ada, grace, off, ci := g.ada(), g.person("grace"), g.person("off"), g.ci()
	chain := g.as(g.mustRole(ada, assume("Account")).Credentials)
	otherSession := g.as(g.mustRole(ada, assume("Account", "RoleSessionName", "other")).Credentials)
	for _, c := range []struct {
		who     string
		signer  sigv4test.Signer
		request url.Values
		allowed bool
	}{
		{"ada", ada, assume("Account"), true},
		{"ci", ci, assume("Account"), true},
		{"off", off, assume("Account"), false}, // credentials of somebody who was disabled since
		{"ada", ada, assume("OtherAccount"), false},
		{"chain", chain, assume("OtherAccount"), true},
		{"ada", ada, assume("Nobody"), false},
		{"ada", ada, assume("NoSuchRole"), false},
		{"ada", ada, assume("ada"), false},
		{"ada", ada, assume("Ada"), true},
		{"grace", grace, assume("Ada"), false},
		{"ci", ci, assume("Ada"), false},
		{"chain", chain, assume("Ada"), false},
		{"chain", chain, assume("AdaElsewhere"), false}, // ada's, but not ada's own
		{"grace", grace, assume("Some"), true},
		{"ada", ada, assume("Some"), false},
		{"off", off, assume("Some"), false},
		{"grace's chain", g.as(g.mustRole(grace, assume("Account")).Credentials), assume("SomeElsewhere"), false},
		{"ada", ada, assume("Admins"), true},
		{"ci", ci, assume("Admins"), false},
		{"ada", ada, assume("Readers"), false},
		{"ada", ada, assume("Chained"), false},
		{"chain", chain, assume("Chained"), true},
		{"chain", chain, assume("OneSession"), true},
		{"other session", otherSession, assume("OneSession"), false},
		{"other session", otherSession, assume("Chained"), true},
		{"ci", ci, assume("CI"), true},
		{"ada", ada, assume("CI"), false},
		{"ada", ada, assume("Either"), true},
		{"grace", grace, assume("Either"), false},
		{"ada", ada, assume("Vendor", "ExternalId", "tenant-7"), true},
		{"ada", ada, assume("Vendor"), false},
		{"ada", ada, assume("Vendor", "ExternalId", "tenant-8"), false},
		{"ada", ada, assume("Account", "ExternalId", "unasked"), true},
		{"ada", ada, assume("Careful"), false},
		{"ci", ci, assume("Careful"), false},
		{"ada", ada, assume("Web"), false},
		{"ada", ada, assume("team/InAPath"), true},
		{"ada", ada, assume("InAPath"), false},
		{"ada", ada, assume("Path/Account"), false},
	} {
		a, code, message := g.role(c.signer, c.request)
		role := c.request.Get("RoleArn")
		if c.allowed {
			if code != "" || a.Credentials.SessionToken == "" {
				t.Errorf("%s may not assume %s: %s %s", c.who, role, code, message)
			}
			continue
		}
		// The same words, whatever the reason and whether or not there is such a role.
		if code != "403 AccessDenied" || !strings.HasPrefix(message, "User: arn:aws:") || !strings.HasSuffix(message, " is not authorized to perform: sts:AssumeRole on resource: "+role) {
			t.Errorf("%s assumes %s: %q %s", c.who, role, code, message)
		}
	}
	// A person who is gone, and a program.
	o := g.organisation()
	o.Users, o.Groups, o.ServiceUsers = o.Users[1:], nil, nil
	sessionOfCI, code, _ := ask[wire.GetSessionTokenResponse](g, ci.Sign(post("Action=GetSessionToken")))
	if code != "" {
		t.Fatal(code)
	}
	g.apply(o)
	for who, s := range map[string]sigv4test.Signer{"ada": ada, "ada's chain": chain, "ci's session": g.as(sessionOfCI.Result.Credentials)} {
		for _, role := range []string{"Account", "OtherAccount", "Chained", "CI"} {
			if _, code, _ := g.role(s, assume(role)); code != "403 AccessDenied" {
				t.Errorf("%s, who is gone, assumes %s: %q", who, role, code)
			}
		}
	}
	if _, code, _ := g.role(ci, assume("CI")); code != "403 InvalidClientTokenId" {
		t.Errorf("a key of nobody: %q", code)
	}
}

func TestSecurity71Durations(t *testing.T) {
	g := newRig(t)
	hours := func(h int) []string { return []string{"DurationSeconds", fmt.Sprint(h * 3600)} }
	lifetime := func(s sigv4test.Signer, role string, more []string) (time.Duration, string) {
		a, code, message := g.role(s, assume(role, more...))
		if code != "" {
			return 0, code + " " + message
		}
		return a.Credentials.Expiration.Sub(g.clock.Now()), ""
	}
	for _, c := range []struct {
		name string
		s    sigv4test.Signer
		more []string
		want time.Duration
		err  string
	}{
		{"default", g.ci(), nil, time.Hour, ""},
		{"shortest", g.ci(), []string{"DurationSeconds", "900"}, 15 * time.Minute, ""},
		{"as long as the role says", g.ci(), hours(4), 4 * time.Hour, ""},
		{"longer", g.ci(), hours(5), 0, "400 ValidationError The requested DurationSeconds exceeds the MaxSessionDuration set for this role."},
		{"of a person", g.ada(), hours(1), time.Hour, ""},
		{"chained", g.ada(), []string{"DurationSeconds", "3601"}, 0, "400 ValidationError The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining."},
		{"too short", g.ci(), []string{"DurationSeconds", "899"}, 0, "400 ValidationError 1 validation error detected: Value '899' at 'durationSeconds' failed to satisfy constraint: Member must have value greater than or equal to 900"},
		{"too long", g.ci(), []string{"DurationSeconds", "43201"}, 0, "400 ValidationError 1 validation error detected: Value '43201' at 'durationSeconds' failed to satisfy constraint: Member must have value less than or equal to 43200"},
		{"negative", g.ci(), []string{"DurationSeconds", "-1"}, 0, "400 ValidationError 1 validation error"},
		{"no number", g.ci(), []string{"DurationSeconds", "1h"}, 0, "400 ValidationError 1 validation error"},
		{"overflow", g.ci(), []string{"DurationSeconds", "9223372036854775807"}, 0, "400 ValidationError 1 validation error"},
	} {
		got, err := lifetime(c.s, "Account", c.more)
		if got != c.want || !strings.HasPrefix(err, c.err) || (c.err == "") != (err == "") {
			t.Errorf("%s: %s %s", c.name, got, err)
		}
	}
	// Only those who may have the role learn how long.
	if _, err := lifetime(g.person("grace"), "Ada", hours(5)); !strings.HasPrefix(err, "403 AccessDenied") {
		t.Errorf("for somebody who may not: %s", err)
	}
}

func TestSecurity71WhatIsNotEnforcedIsRefused(t *testing.T) {
	g := newRig(t)
	for parameter, want := range map[string]string{
		"Policy": "400 MalformedPolicyDocument", "PolicyArns.member.1.arn": "400 MalformedPolicyDocument",
		"Tags.member.1.Key": "400 ValidationError", "TransitiveTagKeys.member.1": "400 ValidationError",
		"SourceIdentity": "400 ValidationError", "ProvidedContexts.member.1.ProviderArn": "400 ValidationError",
	} {
		if _, code, message := g.role(g.ada(), assume("Ada", parameter, "{}")); code != want || !strings.Contains(message, "not supported by this center") {
			t.Errorf("%s: %q %s", parameter, code, message)
		}
	}
}

func TestParametersAreChecked(t *testing.T) {
	g := newRig(t)
	for _, c := range []struct {
		set  []string
		want string
	}{
		{[]string{"RoleSessionName", "a"}, "1 validation error detected: Value 'a' at 'roleSessionName' failed to satisfy constraint: Member must have length greater than or equal to 2"},
		{[]string{"RoleSessionName", "a b"}, `1 validation error detected: Value 'a b' at 'roleSessionName' failed to satisfy constraint: Member must satisfy regular expression pattern: [\w+=,.@-]*`},
		{[]string{"RoleSessionName", "a/b:c"}, `1 validation error detected: Value 'a/b:c' at`},
		{[]string{"RoleSessionName", "é\x1b[31mé"}, `1 validation error detected: Value 'é[31mé' at 'roleSessionName'`},
		{[]string{"RoleSessionName", strings.Repeat("x", 65)}, "1 validation error detected: Value '" + strings.Repeat("x", 65) + "' at 'roleSessionName' failed to satisfy constraint: Member must have length less than or equal to 64"},
		{[]string{"RoleSessionName", " ", "DurationSeconds", "1"}, "3 validation errors detected: "},
		{[]string{"ExternalId", "x"}, "1 validation error detected: Value 'x' at 'externalId'"},
		{[]string{"TokenCode", "12345a"}, "1 validation error detected: Value at 'tokenCode' failed to satisfy constraint: Member must satisfy"},
		{[]string{"RoleArn", "Deploy"}, "1 validation error detected: Value 'Deploy' at 'roleArn'"},
		{[]string{"RoleArn", "arn:aws:iam::111111111111:user/Ada"}, "The role's ARN is invalid"},
		{[]string{"RoleArn", "arn:aws:iam::11111111111:role/Ada00"}, "The role's ARN is invalid"},
		{[]string{"RoleArn", "arn:aws-cn:iam::111111111111:role/Ada"}, "The role's ARN is invalid"},
		{[]string{"RoleArn", "arn:aws:iam::111111111111:role/Ada/"}, "The role's ARN is invalid"},
		{[]string{"RoleArn", "arn:aws:iam::111111111111:role//Ada"}, "The role's ARN is invalid"},
	} {
		_, code, message := g.role(g.ada(), assume("Ada", c.set...))
		if code != "400 ValidationError" || !strings.HasPrefix(message, c.want) {
			t.Errorf("%q: %q %s", c.set, code, message)
		}
	}
	v := assume("Ada")
	v.Del("RoleSessionName")
	v.Del("RoleArn")
	_, _, message := g.role(g.ada(), v)
	if message != "2 validation errors detected: Value null at 'roleArn' failed to satisfy constraint: Member must not be null; "+
		"Value null at 'roleSessionName' failed to satisfy constraint: Member must not be null" {
		t.Error(message)
	}
}

func TestGetSessionToken(t *testing.T) {
	g := newRig(t)
	get := func(s sigv4test.Signer, more string) (wire.STSCredentials, string, string) {
		t.Helper()
		a, code, message := ask[wire.GetSessionTokenResponse](g, s.Sign(post("Action=GetSessionToken&Version=2011-06-15"+more)))
		return a.Result.Credentials, code, message
	}
	c, code, message := get(g.ci(), "")
	if code != "" || !c.Expiration.Equal(epoch().Add(12*time.Hour)) {
		t.Fatalf("%s %s %+v", code, message, c)
	}
	who, _, _ := ask[wire.GetCallerIdentityResponse](g, g.as(c).Sign(post(form)))
	own, _, _ := ask[wire.GetCallerIdentityResponse](g, g.ci().Sign(post(form)))
	if who.Result != own.Result || who.Result.ARN != "arn:aws:iam::000000000042:user/ci" || !regexp.MustCompile(`^AIDA[A-Z2-7]{17}$`).MatchString(who.Result.UserID) {
		t.Errorf("identities are %+v and %+v", who.Result, own.Result)
	}
	g.mustRole(g.as(c), assume("CI", "DurationSeconds", "14400")) // no chaining: nobody's role yet
	if c, code, _ := get(g.ci(), "&DurationSeconds=129600"); code != "" || !c.Expiration.Equal(epoch().Add(36*time.Hour)) {
		t.Errorf("%s %+v", code, c)
	}
	if _, code, _ := get(g.ci(), "&DurationSeconds=129601"); code != "400 ValidationError" {
		t.Error(code)
	}
	for name, s := range map[string]sigv4test.Signer{"a person": g.ada(), "such a session": g.as(c)} {
		if _, code, message := get(s, ""); code != "403 AccessDenied" || message != "Cannot call GetSessionToken with session credentials" {
			t.Errorf("%s: %s %s", name, code, message)
		}
	}
	unsealed := g.ci()
	unsealed.AccessKeyID, unsealed.Secret = "AKIAUNSEALED00000000", ""
	if _, code, _ := get(unsealed, ""); code != "403 InvalidClientTokenId" {
		t.Errorf("a key whose secret was never given: %q", code)
	}
	wrong := g.ci()
	wrong.Secret = "x"
	if _, code, _ := get(wrong, ""); code != "403 SignatureDoesNotMatch" {
		t.Errorf("wrong secret: %q", code)
	}
	stray := g.ci()
	stray.SessionToken = c.SessionToken.Reveal()
	if _, code, _ := get(stray, ""); code != "403 InvalidClientTokenId" {
		t.Errorf("a token of another key: %q", code)
	}
}

func code(t *testing.T, at time.Time) string {
	t.Helper()
	c, err := totp.GenerateCode(totpSecret, at)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestSecurity51and71MFACodes(t *testing.T) {
	g := newRig(t)
	try := func(s sigv4test.Signer, serial, code string) (string, string) {
		t.Helper()
		_, c, m := g.role(s, assume("Careful", "SerialNumber", serial, "TokenCode", code))
		return c, m
	}
	now := g.clock.Now()
	for _, c := range []struct {
		name         string
		s            sigv4test.Signer
		serial, code string
		good         bool
	}{
		{"two steps ago", g.ci(), ciSerial, code(t, now.Add(-time.Minute)), false},
		{"two steps ahead", g.ci(), ciSerial, code(t, now.Add(time.Minute)), false},
		{"somebody else's device", g.ada(), ciSerial, code(t, now), false},
		{"unknown device", g.ci(), ciSerial + "2", code(t, now), false},
		{"right", g.ci(), ciSerial, code(t, now), true},
		{"again", g.ci(), ciSerial, code(t, now), false},
		{"one step ago", g.ci(), ciSerial, code(t, now.Add(-30*time.Second)), true},
		{"one step ahead", g.ci(), ciSerial, code(t, now.Add(30*time.Second)), true},
		{"again, ahead", g.ci(), ciSerial, code(t, now.Add(30*time.Second)), false},
	} {
		got, message := try(c.s, c.serial, c.code)
		if c.good != (got == "") || !c.good && (got != "403 AccessDenied" || !strings.HasPrefix(message, "MultiFactorAuthentication failed")) {
			t.Errorf("%s: %q %s", c.name, got, message)
		}
	}
	if _, c, m := g.role(g.ci(), assume("Account", "SerialNumber", ciSerial)); c != "403 AccessDenied" || !strings.Contains(m, "must provide both") {
		t.Errorf("a serial alone: %s %s", c, m)
	}
	g.clock.Advance(time.Minute)
	wrong := "000000"
	if code(t, g.clock.Now()) == wrong {
		wrong = "000001"
	}
	for range 15 {
		try(g.ci(), ciSerial, wrong)
	}
	if _, m := try(g.ci(), ciSerial, code(t, g.clock.Now())); !strings.Contains(m, "too many wrong codes") {
		t.Errorf("after 15 wrong codes the right one: %s", m)
	}

	// A session that was made with a code has it.
	g.clock.Advance(time.Hour)
	a, c, m := ask[wire.GetSessionTokenResponse](g, g.ci().Sign(post(url.Values{
		"Action": {"GetSessionToken"}, "SerialNumber": {ciSerial}, "TokenCode": {code(t, g.clock.Now())},
	}.Encode())))
	if c != "" {
		t.Fatal(c, m)
	}
	g.mustRole(g.as(a.Result.Credentials), assume("Careful"))
	plain, _, _ := ask[wire.GetSessionTokenResponse](g, g.ci().Sign(post("Action=GetSessionToken")))
	if _, c, _ := g.role(g.as(plain.Result.Credentials), assume("Careful")); c != "403 AccessDenied" {
		t.Errorf("a session without: %q", c)
	}
}

func TestCallsAreAudited(t *testing.T) {
	g := newRig(t)
	a := g.mustRole(g.ada(), assume("Ada"))
	g.role(g.ada(), assume("Nobody"))
	_, _, _ = ask[wire.GetSessionTokenResponse](g, g.ci().Sign(post("Action=GetSessionToken")))
	events, err := g.db.AuditEvents(t.Context(), 10)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, e := range events {
		got = append(got, fmt.Sprint(e.Name, " ", e.Outcome, " ", e.UserID, " ", e.Detail["role_arn"]))
		for _, v := range e.Detail {
			if strings.Contains(v, a.Credentials.SecretAccessKey.Reveal()) || strings.Contains(v, a.Credentials.SessionToken.Reveal()) {
				t.Error("a secret is in the audit log")
			}
		}
	}
	want := []string{"GetSessionToken success  ", "AssumeRole refused u-ada " + arn("Nobody"), "AssumeRole success u-ada " + arn("Ada")}
	if !slices.Equal(got, want) {
		t.Errorf("events are %q", got)
	}
}
