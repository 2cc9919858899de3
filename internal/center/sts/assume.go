package sts

import (
	"context"
	"net/http"
	"net/url"
	"time"

	"keyfob/internal/center/audit"
	"keyfob/internal/center/rolecreds"
	"keyfob/internal/center/store"
	"keyfob/internal/center/trust"
	"keyfob/internal/wire"
)

// Lifetimes, which are STS's own. How long a role's sessions may be is the role's to say.
const (
	minSession     = 15 * time.Minute
	defaultRole    = time.Hour
	maxRole        = 12 * time.Hour
	maxChained     = time.Hour // of a role that a role assumed
	defaultSession = 12 * time.Hour
	maxSession     = rolecreds.MaxLifetime
)

func (d *Door) assumeRole(ctx context.Context, caller rolecreds.Identity, values url.Values) (wire.AssumeRoleResult, error) {
	var none wire.AssumeRoleResult
	p := reader{values: values}
	q := trust.Request{RoleARN: p.text(roleARN()), ExternalID: p.text(externalID())}
	session := p.text(roleSessionName())
	lifetime := p.duration(defaultRole, minSession, maxRole)
	serial, code := p.text(serialNumber()), p.text(tokenCode())
	if err := p.err(); err != nil {
		return none, err
	}
	event := store.AuditEvent{
		Name: wire.ActionAssumeRole, UserID: caller.PersonID,
		Detail: map[string]string{"caller": caller.ARN, "role_arn": q.RoleARN, "role_session_name": session},
	}
	var err error
	if q.MFA, err = d.checkMFA(ctx, caller, serial, code); err != nil {
		return none, d.refused(ctx, event, err)
	}
	role, err := d.Roles.Assume(ctx, caller, q)
	if err != nil {
		return none, d.refused(ctx, event, err)
	}
	if err := checkLifetime(role, lifetime, caller.Role != ""); err != nil {
		return none, err
	}
	credentials, who, err := d.Credentials.MintRole(role, session, caller.Principal, lifetime)
	if err != nil {
		return none, err
	}
	return wire.AssumeRoleResult{
		Credentials: credentials, AssumedRoleUser: wire.AssumedRoleUser{AssumedRoleID: who.UserID, ARN: who.ARN},
	}, d.granted(ctx, event, credentials)
}

func (d *Door) assumeRoleWithWebIdentity(ctx context.Context, values url.Values) (wire.AssumeRoleWithWebIdentityResult, error) {
	var none wire.AssumeRoleWithWebIdentityResult
	p := reader{values: values}
	arn, session, token := p.text(roleARN()), p.text(roleSessionName()), p.text(webIdentityToken())
	lifetime := p.duration(defaultRole, minSession, maxRole)
	if err := p.err(); err != nil {
		return none, err
	}
	// Refusals are not audited: the callers are strangers, who could fill the log.
	role, claims, err := d.Roles.AssumeWithWebIdentity(ctx, arn, wire.Secret(token))
	if err != nil {
		return none, err
	}
	if err := checkLifetime(role, lifetime, false); err != nil {
		return none, err
	}
	credentials, who, err := d.Credentials.MintRole(role, session, rolecreds.Principal{}, lifetime)
	if err != nil {
		return none, err
	}
	event := store.AuditEvent{
		Name:   wire.ActionAssumeRoleWithWebIdentity,
		Detail: map[string]string{"caller": claims.Issuer + " " + claims.Subject, "role_arn": arn, "role_session_name": session},
	}
	return wire.AssumeRoleWithWebIdentityResult{
		Credentials: credentials, AssumedRoleUser: wire.AssumedRoleUser{AssumedRoleID: who.UserID, ARN: who.ARN},
		SubjectFromWebIdentityToken: claims.Subject, Audience: claims.Audience, Provider: claims.Issuer,
	}, d.granted(ctx, event, credentials)
}

func (d *Door) getSessionToken(ctx context.Context, caller rolecreds.Identity, values url.Values) (wire.GetSessionTokenResult, error) {
	var none wire.GetSessionTokenResult
	p := reader{values: values}
	lifetime := p.duration(defaultSession, minSession, maxSession)
	serial, code := p.text(serialNumber()), p.text(tokenCode())
	if err := p.err(); err != nil {
		return none, err
	}
	event := store.AuditEvent{Name: wire.ActionGetSessionToken, UserID: caller.PersonID, Detail: map[string]string{"caller": caller.ARN}}
	if !caller.ExpiresAt.IsZero() {
		return none, d.refused(ctx, event, &wire.ServiceError{
			Status: http.StatusForbidden, Code: wire.CodeNotAuthorized, Message: "Cannot call GetSessionToken with session credentials",
		})
	}
	mfa, err := d.checkMFA(ctx, caller, serial, code)
	if err != nil {
		return none, d.refused(ctx, event, err)
	}
	credentials, err := d.Credentials.MintSession(store.ServiceUser{AccountID: caller.Account, Name: caller.ServiceUser}, mfa, lifetime)
	if err != nil {
		return none, err
	}
	return wire.GetSessionTokenResult{Credentials: credentials}, d.granted(ctx, event, credentials)
}

// checkMFA reports whether a good code came with the call. One that is wrong fails the call.
func (d *Door) checkMFA(ctx context.Context, caller rolecreds.Identity, serial, code string) (bool, error) {
	switch {
	case serial == "" && code == "":
		return false, nil
	case serial == "" || code == "":
		return false, &wire.ServiceError{
			Status: http.StatusForbidden, Code: wire.CodeNotAuthorized,
			Message: "MultiFactorAuthentication failed, must provide both MFA serial number and one time pass code.",
		}
	}
	err := d.Roles.CheckMFA(ctx, caller, serial, code)
	return err == nil, err
}

// checkLifetime holds what was asked for against the role's limit, and that of role chaining.
func checkLifetime(r store.Role, lifetime time.Duration, chained bool) error {
	message := ""
	switch {
	case chained && lifetime > maxChained:
		message = "The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining."
	case lifetime > r.MaxSessionDuration:
		message = "The requested DurationSeconds exceeds the MaxSessionDuration set for this role."
	default:
		return nil
	}
	return &wire.ServiceError{Status: http.StatusBadRequest, Code: wire.CodeValidationError, Message: message}
}

// refused writes down what an authenticated caller may not do.
func (d *Door) refused(ctx context.Context, e store.AuditEvent, err error) error {
	e.Outcome = "refused"
	_ = d.Audit.Record(ctx, e) // the log has said so itself
	return err
}

// granted writes down what is handed out; if it cannot be, nothing is.
func (d *Door) granted(ctx context.Context, e store.AuditEvent, c wire.STSCredentials) error {
	e.Outcome = audit.Success
	e.Detail["access_key_id"] = c.AccessKeyID
	return d.Audit.Record(ctx, e)
}
