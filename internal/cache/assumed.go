package cache

import (
	"context"
	"encoding/json"
	"os"

	"keyfob/internal/credentials"
	"keyfob/internal/wire"
)

var _ credentials.AssumedStore = (*Files)(nil)

// memberOrigin is ours: the AWS CLI ignores it, and writes files without it.
const memberOrigin = "KeyfobOrigin"

// assumedName is the AWS CLI's: the SHA-1 of the request's arguments as Python prints them. A session
// name that was made up is none of them.
func assumedName(r credentials.AssumedRole) string {
	d := document{}
	if r.Duration != "" {
		d.set("DurationSeconds", json.RawMessage(r.Duration))
	}
	d.setOrRemove("ExternalId", r.ExternalID)
	d.setText("RoleArn", r.ARN)
	d.setOrRemove("RoleSessionName", r.SessionName)
	d.setOrRemove("SerialNumber", r.MFASerial)
	return fileName(string(d.bytes()))
}

// LoadAssumed implements [credentials.AssumedStore].
func (f *Files) LoadAssumed(r credentials.AssumedRole) (credentials.Credentials, bool) {
	b, ok := f.cli.read(assumedName(r))
	if !ok {
		return credentials.Credentials{}, false
	}
	d, err := parse(b)
	if err != nil {
		return credentials.Credentials{}, false
	}
	if origin := d.text(memberOrigin); origin != "" && origin != r.Origin {
		return credentials.Credentials{}, false
	}
	m := d.object("Credentials")
	c := credentials.Credentials{
		AccessKeyID:     m.text("AccessKeyId"),
		SecretAccessKey: wire.Secret(m.text("SecretAccessKey")),
		SessionToken:    wire.Secret(m.text("SessionToken")),
		AccountID:       credentials.AccountOf(d.object("AssumedRoleUser").text("Arn")),
	}
	c.ExpiresAt, err = parseTime(m.text("Expiration"))
	return c, err == nil && c.AccessKeyID != "" && c.SecretAccessKey != "" && c.SessionToken != ""
}

// SaveAssumed implements [credentials.AssumedStore]. The file is one answer of STS, and replaced as a
// whole: what was in an earlier answer would say nothing about this one.
func (f *Files) SaveAssumed(r credentials.AssumedRole, a credentials.Assumed) error {
	keys, user, d := &document{}, &document{}, &document{}
	keys.setText("AccessKeyId", a.AccessKeyID)
	keys.setText("SecretAccessKey", a.SecretAccessKey.Reveal())
	keys.setText("SessionToken", a.SessionToken.Reveal())
	// With an offset, not with the Z of role credentials: so does the AWS CLI.
	keys.setText("Expiration", a.ExpiresAt.UTC().Format("2006-01-02T15:04:05+00:00"))
	keys.setOrRemove("AccountId", a.AccountID)
	user.setText("AssumedRoleId", a.User.AssumedRoleID)
	user.setText("Arn", a.User.ARN)
	d.set("Credentials", keys.bytes())
	d.set("AssumedRoleUser", user.bytes())
	d.setOrRemove(memberOrigin, r.Origin)
	return f.cli.put(assumedName(r), d.bytes(), (*os.File).Sync) // as SaveRole does
}

// LockAssumed implements [credentials.AssumedStore].
func (f *Files) LockAssumed(ctx context.Context, r credentials.AssumedRole) (func(), error) {
	return f.cli.lock(ctx, assumedName(r))
}

// DropAssumed removes the cached credentials of an assumed role, whoever assumed it.
func (f *Files) DropAssumed(r credentials.AssumedRole) error { return f.cli.remove(assumedName(r)) }
