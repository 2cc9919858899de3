package cli

import (
	"errors"
	"slices"
	"testing"

	"keyfob/internal/credentials"
)

const chainsConfig = `[profile base]
sso_session = corp
sso_account_id = 111111111111
sso_role_name = Admin
[profile prod]
role_arn = arn:prod
source_profile = base
[profile deep]
role_arn = arn:deep
source_profile = prod
external_id = e
[profile other]
sso_session = lab
sso_account_id = 111111111111
sso_role_name = Lab
[profile labrole]
role_arn = arn:lab
source_profile = other
[profile keys]
role_arn = arn:keys
source_profile = keys
aws_access_key_id = A
aws_secret_access_key = s
[profile web]
role_arn = arn:web
web_identity_token_file = /token
[profile loop]
role_arn = arn:loop
source_profile = loop
[sso-session corp]
sso_start_url = https://d-1.awsapps.com/start
sso_region = us-east-1
[sso-session lab]
sso_start_url = https://d-2.awsapps.com/start
sso_region = us-east-1
`

// What was assumed with a sign-in goes with it, however long the chain, and nothing else does.
func TestForget(t *testing.T) {
	for key, want := range map[string][]string{
		"corp": {"Admin", "arn:prod", "arn:deep e"},
		"lab":  {"Lab", "arn:lab"},
		"":     {"Admin", "arn:prod", "arn:deep e", "Lab", "arn:lab"},
		"none": nil,
	} {
		var did []string
		f := forgotten{
			Role: func(r credentials.Role) error { did = append(did, r.RoleName); return nil },
			Assumed: func(r credentials.AssumedRole) error {
				text := r.ARN
				if r.ExternalID != "" {
					text += " " + r.ExternalID
				}
				did = append(did, text)
				return errors.New("stuck")
			},
		}
		failed := 0
		f.forget(config(t, chainsConfig), key, func(string, error) { failed++ })
		if !slices.Equal(did, want) || failed != max(0, len(want)-map[string]int{"corp": 1, "lab": 1, "": 2}[key]) {
			t.Errorf("%q: %v, want %v; %d failed", key, did, want, failed)
		}
	}
}
