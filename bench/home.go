//go:build linux

package main

import (
	"crypto/sha1"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"
)

const (
	profile     = "dev"
	accessKeyID = "ASIABENCHBENCHBENCH0"
	tokenFile   = "sso/cache/ee0bfd2552fbd840c02cc48b6e823320543c450f.json" // the SHA-1 of "corp"
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
  endpoint_url = ` + nowhere + `
sso_oidc =
  endpoint_url = ` + nowhere + `
`

// nowhere is where nothing listens.
const nowhere = "http://127.0.0.1:9"

// home is a home directory as the AWS CLI leaves it: signed in, the role's credentials cached.
type home struct {
	path  string
	files map[string]string // below .aws
}

// makeHome makes a home below dir for an Identity Center at the endpoint.
func makeHome(dir, endpoint string) (home, error) {
	path, err := os.MkdirTemp(dir, "home-")
	if err != nil {
		return home{}, err
	}
	end := time.Now().Add(8 * time.Hour).UTC().Format(time.RFC3339)
	h := home{path, map[string]string{
		"config": strings.ReplaceAll(config, nowhere, endpoint),
		tokenFile: fmt.Sprintf(`{"startUrl": "https://corp.awsapps.com/start", "region": "eu-central-1", `+
			`"accessToken": "token", "expiresAt": %q}`, end),
		// The AWS CLI names the file by this hash.
		"cli/cache/" + sum(`{"accountId":"111122223333","roleName":"ReadOnly","sessionName":"corp"}`) + ".json": fmt.Sprintf(`{"ProviderType": "sso", "Credentials": {"AccessKeyId": %q, `+
			`"SecretAccessKey": "secret", "SessionToken": "session", "Expiration": %q, "AccountId": "111122223333"}}`, accessKeyID, end),
	}}
	for name, content := range h.files {
		if err := h.write(name, content); err != nil {
			return home{}, err
		}
	}
	return h, nil
}

func (h home) write(name, content string) error {
	file := filepath.Join(h.path, ".aws", name)
	if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
		return err
	}
	return os.WriteFile(file, []byte(content), 0o600)
}

// forget leaves no role credentials.
func (h home) forget() error {
	files, err := filepath.Glob(filepath.Join(h.path, ".aws", "cli", "cache", "*.json"))
	for _, f := range files {
		err = errors.Join(err, os.Remove(f))
	}
	return err
}

// expire leaves no role credentials, and an access token that has to be refreshed.
func (h home) expire() error {
	now := time.Now().UTC()
	token := fmt.Sprintf(`{"startUrl": "https://corp.awsapps.com/start", "region": "eu-central-1", "accessToken": "token", "expiresAt": %q, `+
		`"clientId": "client", "clientSecret": "secret", "registrationExpiresAt": %q, "refreshToken": "refresh"}`,
		now.Add(-time.Hour).Format(time.RFC3339), now.Add(24*time.Hour).Format(time.RFC3339))
	return errors.Join(h.forget(), h.write(tokenFile, token))
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
