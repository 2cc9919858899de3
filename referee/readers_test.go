package referee

import (
	"context"
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"strings"

	sdkconfig "github.com/aws/aws-sdk-go-v2/config"

	"keyfob/internal/awsconfig"
)

// services are those whose endpoints are compared, as the AWS CLI and as the SDK for Go call them.
func services() map[awsconfig.Service][2]string {
	return map[awsconfig.Service][2]string{
		awsconfig.ServiceSSOOIDC: {"sso-oidc", "SSO OIDC"},
		awsconfig.ServiceSSO:     {"sso", "SSO"},
		awsconfig.ServiceSTS:     {"sts", "STS"},
	}
}

// ofKeyfob is what keyfob makes of the files in a home folder. No command prints all there is in them,
// so the names come from a command and the rest from the package that all commands ask.
func (w *world) ofKeyfob(words []string) facts {
	w.t.Helper()
	r := w.run(keyfob, "configure", "list-profiles")
	if r.code != 0 {
		w.t.Fatalf("keyfob configure list-profiles: %d %s", r.code, r.stderr)
	}
	names := []string{}
	for line := range strings.Lines(r.stdout) {
		names = append(names, strings.TrimSuffix(line, "\n"))
	}
	found := facts{profileNames: fmt.Sprintf("%q", names)}
	if strings.Contains(r.stderr, "the AWS CLI refuses the whole file") {
		found[wholeFile] = refused
	}
	c, err := awsconfig.Load(awsconfig.Env{
		Lookup: func(string) (string, bool) { return "", false }, Home: w.home, ReadFile: os.ReadFile,
	})
	must(w.t, err)
	for _, name := range c.Profiles() {
		p, _ := c.Profile(name)
		section := profileSection(name)
		found.putSection(section, p, words)
		source, err := c.CredentialSource(name)
		if _, notSSO := errors.AsType[*awsconfig.NotSSOError](err); !notSSO {
			found.putAnswer(section, "signs in as", nonEmpty(map[string]string{
				"sso_session": source.Session, "sso_start_url": source.StartURL, "sso_region": source.Region,
				"sso_account_id": source.AccountID, "sso_role_name": source.RoleName,
			}), err)
		}
		for service, names := range services() {
			if url, ok, err := c.Endpoint(service, name); ok || err != nil {
				found.putAnswer(section, "endpoint of "+names[0], url, err)
			}
		}
	}
	for _, name := range c.Sessions() {
		s, _ := c.Session(name)
		found.putSection(sessionSection(name), s, words)
	}
	return found
}

// putSection notes a section of keyfob's. It cannot say which keys a nested block has; words are those
// that may be.
func (f facts) putSection(section string, s awsconfig.Section, words []string) {
	f[fact{section, ""}] = there
	for _, key := range s.Keys() {
		if value, ok := s.Get(key); ok {
			f.put(section, key, value)
			continue
		}
		nested := map[string]string{}
		for _, word := range words {
			if value, ok := s.GetNested(key, word); ok {
				nested[word] = value
			}
		}
		f.put(section, key, nested)
	}
}

// nonEmpty leaves out what is empty, which some readers do not tell from what is missing.
func nonEmpty(m map[string]string) map[string]string {
	maps.DeleteFunc(m, func(_, value string) bool { return value == "" })
	return m
}

//go:embed boto3/files.py
var filesScript string

// ofPython is what the AWS CLI ("aws-cli") or boto3 ("boto3") makes of the files in each of the home
// folders, which lie in that of w.
func (w *world) ofPython(reader string, homes []*world) map[*world]facts {
	w.t.Helper()
	ctx, cancel := context.WithTimeout(w.t.Context(), toolTime)
	defer cancel()
	args := []string{debian(), "/usr/bin/python3", "-", reader}
	for _, home := range homes {
		args = append(args, home.inside()+"/.aws")
	}
	c := w.command(ctx, w.inside(), "chroot", args)
	c.Stdin = strings.NewReader(filesScript)
	var errs strings.Builder
	c.Stderr = &errs
	out, err := c.Output()
	if err != nil {
		w.t.Fatalf("%s: %v\n%s", reader, err, &errs)
	}
	var folders map[string]struct {
		Refused   string
		Profiles  []pair[map[string]any]
		Sessions  []pair[map[string]any]
		SignIn    map[string]any // text is an error
		Endpoints map[string]map[string]any
	}
	must(w.t, json.Unmarshal(out, &folders))
	all := map[*world]facts{}
	for i, home := range homes {
		folder, ok := folders[args[i+4]]
		if !ok {
			w.t.Fatalf("%s does not know %s", reader, args[i+4])
		}
		found := facts{}
		all[home] = found
		if folder.Refused != "" {
			found[wholeFile] = refused
			continue
		}
		names := []string{}
		for _, p := range folder.Profiles {
			names = append(names, p.name)
			section := profileSection(p.name)
			found[fact{section, ""}] = there
			for key, value := range p.value {
				found.put(section, key, value)
			}
			switch answer := folder.SignIn[p.name].(type) {
			case string:
				found.putAnswer(section, "signs in as", nil, errors.New(answer))
			case map[string]any:
				maps.DeleteFunc(answer, func(_ string, value any) bool { return value == "" })
				found.put(section, "signs in as", answer)
			}
			for service, answer := range folder.Endpoints[p.name] {
				text, _ := answer.(string)
				if strings.HasPrefix(text, "The profile is configured to use") {
					found.putAnswer(section, "endpoint of "+service, nil, errors.New(text))
					continue
				}
				found.putAnswer(section, "endpoint of "+service, answer, nil)
			}
		}
		for _, s := range folder.Sessions {
			found[fact{sessionSection(s.name), ""}] = there
			for key, value := range s.value {
				found.put(sessionSection(s.name), key, value)
			}
		}
		found[profileNames] = fmt.Sprintf("%q", names)
	}
	return all
}

// pair is a name and what it stands for, in JSON an array of the two.
type pair[T any] struct {
	name  string
	value T
}

func (p *pair[T]) UnmarshalJSON(b []byte) error {
	return json.Unmarshal(b, &[]any{&p.name, &p.value})
}

// ofGoSDK is what the SDK for Go makes of the files in a home folder. It cannot say which profiles there
// are; names are those that may be. It does not tell an empty value from none.
func (w *world) ofGoSDK(names []string) facts {
	w.t.Helper()
	found := facts{}
	for _, name := range names {
		section := profileSection(name)
		p, err := sdkconfig.LoadSharedConfigProfile(w.t.Context(), name, func(o *sdkconfig.LoadSharedConfigOptions) {
			o.ConfigFiles, o.CredentialsFiles = []string{w.path("config")}, []string{w.path("credentials")}
		})
		if missing, ok := errors.AsType[sdkconfig.SharedConfigProfileNotExistError](err); ok && missing.Profile == name {
			continue
		}
		if err != nil {
			found[fact{section, ""}] = refused + ": " + strings.Join(strings.Fields(err.Error()), " ")
			continue
		}
		found[fact{section, ""}] = there
		for key, value := range goSDKKeys(p) {
			if value != "" {
				found.put(section, key, value)
			}
		}
		for _, service := range services() {
			url, ok, err := p.GetServiceBaseEndpoint(w.t.Context(), service[1])
			must(w.t, err)
			if !ok {
				url = p.BaseEndpoint
			}
			if url != "" {
				found.put(section, "endpoint of "+service[0], url)
			}
		}
		if s := p.SSOSession; s != nil {
			found[fact{sessionSection(s.Name), ""}] = there
			for key, value := range nonEmpty(map[string]string{"sso_start_url": s.SSOStartURL, "sso_region": s.SSORegion}) {
				found.put(sessionSection(s.Name), key, value)
			}
		}
	}
	return found
}

// goSDKKeys are the values of a profile that the SDK for Go shows as they are in the files.
func goSDKKeys(p sdkconfig.SharedConfig) map[string]string {
	return map[string]string{
		"region": p.Region, "endpoint_url": p.BaseEndpoint, "services": p.ServicesSectionName, "ca_bundle": p.CustomCABundle,
		"sso_session": p.SSOSessionName, "sso_start_url": p.SSOStartURL, "sso_region": p.SSORegion,
		"sso_account_id": p.SSOAccountID, "sso_role_name": p.SSORoleName,
		"role_arn": p.RoleARN, "source_profile": p.SourceProfileName, "role_session_name": p.RoleSessionName,
		"external_id": p.ExternalID, "mfa_serial": p.MFASerial, "credential_source": p.CredentialSource,
		"credential_process": p.CredentialProcess, "web_identity_token_file": p.WebIdentityTokenFile,
		"aws_access_key_id": p.Credentials.AccessKeyID, "aws_secret_access_key": p.Credentials.SecretAccessKey,
		"aws_session_token": p.Credentials.SessionToken,
	}
}

// forGoSDK leaves in keyfob's facts those that the SDK for Go can be asked for: sessions only through a
// profile that has one.
func (f facts) forGoSDK(sdk facts) facts {
	keys := goSDKKeys(sdkconfig.SharedConfig{})
	kept := facts{}
	for about, value := range f {
		_, known := keys[about.key]
		set := value != `""` && !strings.HasPrefix(value, "map[") // a nested block is no value
		switch {
		case strings.HasPrefix(about.section, "profile "):
			if set && (about.key == "" || known || strings.HasPrefix(about.key, "endpoint of ")) {
				kept[about] = value
			}
		case sdk[fact{about.section, ""}] != "":
			if set && (about.key == "" || about.key == "sso_start_url" || about.key == "sso_region") {
				kept[about] = value
			}
		}
	}
	return kept
}
