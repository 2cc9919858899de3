package ssoapi

import (
	"context"
	"encoding/xml"
	"net/url"

	"keyfob/internal/wire"
)

// AssumeRoleRequest is the input of sts AssumeRole and, but for the last three, of sts
// AssumeRoleWithWebIdentity. Empty members are not sent.
type AssumeRoleRequest struct {
	RoleARN         string
	RoleSessionName string
	DurationSeconds string // whole seconds in decimal digits
	ExternalID      string
	SerialNumber    string
	TokenCode       string
}

func (r AssumeRoleRequest) form(action string) url.Values {
	form := stsForm(action)
	for name, value := range map[string]string{
		wire.ParamRoleARN: r.RoleARN, wire.ParamRoleSessionName: r.RoleSessionName, wire.ParamDurationSeconds: r.DurationSeconds,
		wire.ParamExternalID: r.ExternalID, wire.ParamSerialNumber: r.SerialNumber, wire.ParamTokenCode: r.TokenCode,
	} {
		if value != "" {
			form.Set(name, value)
		}
	}
	return form
}

func stsForm(action string) url.Values {
	return url.Values{"Action": {action}, "Version": {wire.STSVersion}}
}

// AssumeRole is sts AssumeRole, signed with the keys for the region.
func (c *Client) AssumeRole(ctx context.Context, endpoint, region string, keys Keys, in AssumeRoleRequest) (wire.AssumeRoleResult, error) {
	var out wire.AssumeRoleResponse
	err := c.callSTS(ctx, request{
		operation: wire.ActionAssumeRole, endpoint: endpoint, form: in.form(wire.ActionAssumeRole).Encode(), sign: c.signer(keys, "sts", region),
		once: in.TokenCode != "", // a code is good once
	}, &out, func() bool { return out.Result.Credentials.AccessKeyID != "" })
	return out.Result, err
}

// AssumeRoleWithWebIdentity is sts AssumeRoleWithWebIdentity. It is not signed: the token is the proof.
func (c *Client) AssumeRoleWithWebIdentity(ctx context.Context, endpoint string, in AssumeRoleRequest, token wire.Secret) (wire.AssumeRoleWithWebIdentityResult, error) {
	form := in.form(wire.ActionAssumeRoleWithWebIdentity)
	form.Set(wire.ParamWebIdentityToken, token.Reveal())
	var out wire.AssumeRoleWithWebIdentityResponse
	err := c.callSTS(ctx, request{operation: wire.ActionAssumeRoleWithWebIdentity, endpoint: endpoint, form: form.Encode()},
		&out, func() bool { return out.Result.Credentials.AccessKeyID != "" })
	return out.Result, err
}

// GetCallerIdentity is sts GetCallerIdentity, signed with the keys for the region.
func (c *Client) GetCallerIdentity(ctx context.Context, endpoint, region string, keys Keys) (wire.GetCallerIdentityResult, error) {
	var out wire.GetCallerIdentityResponse
	err := c.callSTS(ctx, request{
		operation: wire.ActionGetCallerIdentity, endpoint: endpoint, form: stsForm(wire.ActionGetCallerIdentity).Encode(), sign: c.signer(keys, "sts", region),
	}, &out, func() bool { return out.Result.ARN != "" })
	return out.Result, err
}

// callSTS makes a call whose answer is XML; whole reports that out has what the answer is for.
func (c *Client) callSTS(ctx context.Context, r request, out any, whole func() bool) error {
	r.path = "/"
	answer, err := c.call(ctx, r)
	if err != nil {
		return err
	}
	if err := xml.Unmarshal(answer, out); err != nil || !whole() {
		return &MalformedError{Operation: r.operation, Endpoint: r.endpoint, Err: err}
	}
	return nil
}
