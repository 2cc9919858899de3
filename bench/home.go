//go:build linux

package main

import (
	"crypto/sha1"
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"
)

const (
	profile     = "dev"
	accessKeyID = "ASIABENCHBENCHBENCH0"
)

// config is a profile as `configure sso` writes one, at an Identity Center where nothing listens: a
// program that asks the network for credentials it has fails here.
const config = `[profile dev]
sso_session = corp
sso_account_id = 111122223333
sso_role_name = ReadOnly
region = eu-central-1
services = nowhere

[sso-session corp]
sso_start_url = https://corp.awsapps.com/start
sso_region = eu-central-1
sso_registration_scopes = sso:account:access

[services nowhere]
sso =
  endpoint_url = http://127.0.0.1:9
sso_oidc =
  endpoint_url = http://127.0.0.1:9
`

// makeHome makes a home below dir as the AWS CLI leaves it: signed in, the role's credentials cached.
func makeHome(dir string) (string, error) {
	home, err := os.MkdirTemp(dir, "home-")
	if err != nil {
		return "", err
	}
	end := time.Now().Add(8 * time.Hour).UTC().Format(time.RFC3339)
	// The AWS CLI names the files by these hashes.
	token := sum("corp")
	role := sum(`{"accountId":"111122223333","roleName":"ReadOnly","sessionName":"corp"}`)
	for name, content := range map[string]string{
		"config": config,
		"sso/cache/" + token + ".json": fmt.Sprintf(`{"startUrl": "https://corp.awsapps.com/start", "region": "eu-central-1", `+
			`"accessToken": "token", "expiresAt": %q}`, end),
		"cli/cache/" + role + ".json": fmt.Sprintf(`{"ProviderType": "sso", "Credentials": {"AccessKeyId": %q, `+
			`"SecretAccessKey": "secret", "SessionToken": "session", "Expiration": %q, "AccountId": "111122223333"}}`, accessKeyID, end),
	} {
		file := filepath.Join(home, ".aws", name)
		if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
			return "", err
		}
		if err := os.WriteFile(file, []byte(content), 0o600); err != nil {
			return "", err
		}
	}
	return home, nil
}

const manyProfiles = 5000

// makeLargeHome makes a home with as many profiles as a large organisation generates.
func makeLargeHome(dir string) (string, error) {
	home, err := os.MkdirTemp(dir, "large-")
	if err != nil {
		return "", err
	}
	var b strings.Builder
	for i := range manyProfiles {
		fmt.Fprintf(&b, "[profile team-%d-ReadOnly]\nsso_session = corp\nsso_account_id = %012d\nsso_role_name = ReadOnly\nregion = eu-central-1\noutput = json\n\n", i, i)
	}
	b.WriteString("[sso-session corp]\nsso_start_url = https://corp.awsapps.com/start\nsso_region = eu-central-1\n")
	file := filepath.Join(home, ".aws", "config")
	if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
		return "", err
	}
	return home, os.WriteFile(file, []byte(b.String()), 0o600)
}

func sum(s string) string {
	h := sha1.Sum([]byte(s))
	return hex.EncodeToString(h[:])
}
