package handover

import "keyfob/internal/awsconfig"

// WithoutCredentials returns a config file without what a section says about credentials. changed is false
// when it says nothing.
func WithoutCredentials(file []byte, section awsconfig.Header) (without []byte, changed bool) {
	e := awsconfig.Edit(file)
	for _, key := range []string{
		"aws_access_key_id", "aws_secret_access_key", "aws_session_token", "aws_security_token",
		"role_arn", "source_profile", "credential_source", "web_identity_token_file", "credential_process",
		"sso_session", "sso_start_url", "sso_region", "sso_account_id", "sso_role_name", "login_session",
	} {
		for e.Unset(section, key) { // a section may be there twice
			changed = true
		}
	}
	return e.Bytes(), changed
}
