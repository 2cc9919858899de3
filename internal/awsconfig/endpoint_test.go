package awsconfig

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestEndpointOfAProfile(t *testing.T) {
	file := lines("[profile p]", "services = local", "endpoint_url = http://profile", "[profile plain]", "endpoint_url = http://profile",
		"[profile none]", "[profile gone]", "services = nope", "endpoint_url = http://profile", "[profile blank]", "services = blank",
		"[services local]", "sso_oidc =", "  endpoint_url = http://oidc:1/prefix", "sts =", "  endpoint_url =", "s3 =", "  endpoint_url = http://s3",
		"[services blank]",
		"[profile bound]", "sso_session = s", "[profile bound2]", "sso_session = s", "endpoint_url = http://profile", "[sso-session s]", "services = local", "endpoint_url = http://session",
		"[profile off]", "services = local", "ignore_configured_endpoint_urls = True", "[profile bad]", "endpoint_url = localhost:80")
	for _, tc := range []struct {
		name    string
		service Service
		profile string
		vars    []string
		want    string
		err     error
		text    string
	}{
		{"services section", ServiceSSOOIDC, "p", nil, "http://oidc:1/prefix", nil, ""},
		{"not in the services section", ServiceSSO, "p", nil, "http://profile", nil, ""},
		{"empty in the services section", ServiceSTS, "p", nil, "http://profile", nil, ""},
		{"profile", ServiceSTS, "plain", nil, "http://profile", nil, ""},
		{"nothing", ServiceSTS, "none", nil, "", nil, ""},
		{"no profile", ServiceSTS, "default", nil, "", nil, ""},
		{"own variable", ServiceSSOOIDC, "p", []string{"AWS_ENDPOINT_URL", "http://all", "AWS_ENDPOINT_URL_SSO_OIDC", "http://own"}, "http://own", nil, ""},
		{"another's variable", ServiceSSO, "p", []string{"AWS_ENDPOINT_URL_SSO_OIDC", "http://own"}, "http://profile", nil, ""},
		{"own variable of sso", ServiceSSO, "p", []string{"AWS_ENDPOINT_URL_SSO", "https://own"}, "https://own", nil, ""},
		{"own variable of sts", ServiceSTS, "none", []string{"AWS_ENDPOINT_URL_STS", "https://own"}, "https://own", nil, ""},
		{"general variable", ServiceSSOOIDC, "p", []string{"AWS_ENDPOINT_URL", "http://all"}, "http://all", nil, ""},
		{"empty variables", ServiceSSOOIDC, "p", []string{"AWS_ENDPOINT_URL", "", "AWS_ENDPOINT_URL_SSO_OIDC", ""}, "http://oidc:1/prefix", nil, ""},
		{"ignored by variable", ServiceSSOOIDC, "p", []string{"AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "true", "AWS_ENDPOINT_URL", "http://all"}, "", nil, ""},
		{"ignored by key", ServiceSSOOIDC, "off", []string{"AWS_ENDPOINT_URL", "http://all"}, "", nil, ""},
		{"variable over key", ServiceSSOOIDC, "off", []string{"AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "false"}, "http://oidc:1/prefix", nil, ""},
		{"session of the profile", ServiceSSOOIDC, "bound", nil, "http://oidc:1/prefix", nil, ""},
		{"session's endpoint_url", ServiceSSO, "bound", nil, "http://session", nil, ""},
		{"sessions are not for STS", ServiceSTS, "bound", nil, "", nil, ""},
		{"sessions are not for ECR", ServiceECR, "bound", nil, "", nil, ""},
		{"own variable of ecr-public", ServiceECRPublic, "none", []string{"AWS_ENDPOINT_URL_ECR_PUBLIC", "https://own"}, "https://own", nil, ""},
		{"own variable of signin", ServiceSignin, "none", []string{"AWS_ENDPOINT_URL_SIGNIN", "https://own"}, "https://own", nil, ""},
		{"profile before session", ServiceSSOOIDC, "bound2", nil, "http://profile", nil, ""},
		{
			"dangling", ServiceSSO, "gone", nil, "", &ServicesNotFoundError{"nope"},
			`The profile is configured to use the services section but the "nope" services configuration does not exist.`,
		},
		{"dangling, not needed", ServiceSSO, "gone", []string{"AWS_ENDPOINT_URL", "http://all"}, "http://all", nil, ""},
		{
			"empty services section", ServiceSSO, "blank", nil, "", &ServicesNotFoundError{"blank"},
			`The profile is configured to use the services section but the "blank" services configuration does not exist.`,
		},
		{"no URL", ServiceSSO, "bad", nil, "", &InvalidEndpointError{"localhost:80"}, "Invalid endpoint: localhost:80"},
		{"other scheme", ServiceSSO, "none", []string{"AWS_ENDPOINT_URL", "file:///etc"}, "", &InvalidEndpointError{"file:///etc"}, "Invalid endpoint: file:///etc"},
		{"no host", ServiceSSO, "none", []string{"AWS_ENDPOINT_URL", "https://:80"}, "", &InvalidEndpointError{"https://:80"}, "Invalid endpoint: https://:80"},
		{
			"FIPS", ServiceSSO, "plain",
			[]string{"AWS_USE_FIPS_ENDPOINT", "true", "AWS_USE_DUALSTACK_ENDPOINT", "true"},
			"",
			&EndpointVariantError{"http://profile", Variant{true, true}}, "Invalid Configuration: FIPS and custom endpoint are not supported",
		},
		{
			"dual-stack", ServiceSSO, "plain",
			[]string{"AWS_USE_DUALSTACK_ENDPOINT", "TRUE"},
			"",
			&EndpointVariantError{"http://profile", Variant{false, true}}, "Invalid Configuration: Dualstack and custom endpoint are not supported",
		},
	} {
		t.Run(tc.name, func(t *testing.T) {
			got, configured, err := load(t, file, tc.vars...).Endpoint(tc.service, tc.profile)
			if got != tc.want || configured != (tc.want != "") {
				t.Errorf("%q, %v, want %q", got, configured, tc.want)
			}
			if diff := cmp.Diff(tc.err, err); diff != "" || text(err) != tc.text {
				t.Errorf("error %q (-want +got):\n%s", text(err), diff)
			}
		})
	}
}

func TestEndpointOfASession(t *testing.T) {
	const agreeing = "[profile a]\nsso_session = s\nservices = x\n[profile b]\nsso_session = s\nendpoint_url = http://x\n[profile c]\nregion = r\n[services x]\nsso =\n  endpoint_url = http://x\n"
	for _, tc := range []struct {
		name, config, profile string
		vars                  []string
		want, text            string
	}{
		{"nothing", "", "", nil, "", ""},
		{"variable", agreeing, "", []string{"AWS_ENDPOINT_URL_SSO", "http://v"}, "http://v", ""},
		{"profiles agree", agreeing, "", nil, "http://x", ""},
		{"profiles agree, ignored", agreeing, "", []string{"AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "true"}, "", ""},
		{"profiles differ", agreeing + "[profile d]\nsso_session = s\nendpoint_url = http://y\n", "", nil, "", ""},
		{"one has none", agreeing + "[profile d]\nsso_session = s\n", "", nil, "", ""},
		{"one has none for this service", agreeing + "[profile d]\nsso_session = s\nservices = y\n[services y]\nsts =\n  endpoint_url = http://x\n", "", nil, "", ""},
		{"one is broken", agreeing + "[profile d]\nsso_session = s\nservices = nope\n", "", nil, "", ""},
		{"one ignores", agreeing + "[profile d]\nsso_session = s\nservices = x\nignore_configured_endpoint_urls = true\n", "", nil, "", ""},
		{"session's own key", agreeing + "[sso-session s]\nendpoint_url = http://own\n", "", nil, "http://own", ""},
		{"session's services", agreeing + "[sso-session s]\nservices = z\n[services z]\nsso =\n  endpoint_url = http://z\n", "", nil, "http://z", ""},
		{
			"session's services dangling", agreeing + "[sso-session s]\nservices = z\n", "", nil, "",
			`The profile is configured to use the services section but the "z" services configuration does not exist.`,
		},
		{"active profile of the session", agreeing + "[sso-session s]\nendpoint_url = http://own\n", "b", nil, "http://x", ""},
		{"active profile of no session", agreeing + "[default]\nendpoint_url = http://default\n", "default", nil, "http://default", ""},
		{"active profile of another session", agreeing + "[default]\nsso_session = other\nendpoint_url = http://default\n", "default", nil, "http://x", ""},
		{"active profile of another session does not ignore", agreeing + "[default]\nsso_session = other\nignore_configured_endpoint_urls = true\n", "default", nil, "http://x", ""},
		{"FIPS", agreeing, "", []string{"AWS_USE_FIPS_ENDPOINT", "true"}, "", "Invalid Configuration: FIPS and custom endpoint are not supported"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			got, configured, err := load(t, tc.config, tc.vars...).SessionEndpoint(ServiceSSO, "s", tc.profile)
			if got != tc.want || configured != (tc.want != "") || text(err) != tc.text {
				t.Errorf("%q, %v, error %v", got, configured, err)
			}
		})
	}
	if got, _, err := load(t, agreeing+"[sso-session s]\nendpoint_url = http://own\n").SessionEndpoint(ServiceSTS, "s", ""); got != "" || err != nil {
		t.Errorf("STS: %q, %v", got, err)
	}
}

func TestEndpointVariant(t *testing.T) {
	c := load(t, lines("[profile a]", "use_fips_endpoint = true", "use_dualstack_endpoint = yes"), "AWS_USE_DUALSTACK_ENDPOINT", "true")
	if got := c.EndpointVariant("a"); got != (Variant{FIPS: true, DualStack: true}) {
		t.Errorf("%+v", got)
	}
	if got := load(t, lines("[profile a]", "use_dualstack_endpoint = yes"), "AWS_USE_FIPS_ENDPOINT", "false").EndpointVariant("a"); got != (Variant{}) {
		t.Errorf("%+v", got)
	}
}

func TestDefaultEndpoint(t *testing.T) {
	// One row a region: plain, FIPS, dual-stack, both; OIDC stands for [oidc] where X is, and so on.
	for _, row := range []string{
		"us-east-1      X.us-east-1.amazonaws.com         X-fips.us-east-1.amazonaws.com         X.us-east-1.api.aws                         X-fips.us-east-1.api.aws",
		"mx-central-1   X.mx-central-1.amazonaws.com      X-fips.mx-central-1.amazonaws.com      X.mx-central-1.api.aws                      X-fips.mx-central-1.api.aws",
		"nowhere        X.nowhere.amazonaws.com           X-fips.nowhere.amazonaws.com           X.nowhere.api.aws                           X-fips.nowhere.api.aws",
		"us-gov-1       X.us-gov-1.amazonaws.com          X-fips.us-gov-1.amazonaws.com          X.us-gov-1.api.aws                          X-fips.us-gov-1.api.aws",
		"cn-north-1     X.cn-north-1.amazonaws.com.cn     X-fips.cn-north-1.amazonaws.com.cn     X.cn-north-1.api.amazonwebservices.com.cn   X-fips.cn-north-1.api.amazonwebservices.com.cn",
		"us-gov-west-1  X.us-gov-west-1.amazonaws.com     X.us-gov-west-1.amazonaws.com          X.us-gov-west-1.api.aws                     X-fips.us-gov-west-1.api.aws",
		"eusc-de-east-1 X.eusc-de-east-1.amazonaws.eu     X-fips.eusc-de-east-1.amazonaws.eu     X.eusc-de-east-1.api.amazonwebservices.eu   X-fips.eusc-de-east-1.api.amazonwebservices.eu",
		"us-iso-east-1  X.us-iso-east-1.c2s.ic.gov        X-fips.us-iso-east-1.c2s.ic.gov        X.us-iso-east-1.api.aws.ic.gov              X-fips.us-iso-east-1.api.aws.ic.gov",
		"us-isob-east-1 X.us-isob-east-1.sc2s.sgov.gov    X-fips.us-isob-east-1.sc2s.sgov.gov    X.us-isob-east-1.api.aws.scloud             X-fips.us-isob-east-1.api.aws.scloud",
		"eu-isoe-west-1 X.eu-isoe-west-1.cloud.adc-e.uk   X-fips.eu-isoe-west-1.cloud.adc-e.uk   X.eu-isoe-west-1.api.cloud-aws.adc-e.uk     X-fips.eu-isoe-west-1.api.cloud-aws.adc-e.uk",
		"us-isof-south-1 X.us-isof-south-1.csp.hci.ic.gov X-fips.us-isof-south-1.csp.hci.ic.gov  X.us-isof-south-1.api.aws.hci.ic.gov        X-fips.us-isof-south-1.api.aws.hci.ic.gov",
	} {
		cells := strings.Fields(row)
		for i, v := range []Variant{{}, {FIPS: true}, {DualStack: true}, {FIPS: true, DualStack: true}} {
			for service, prefix := range map[Service]string{ServiceSSOOIDC: "oidc", ServiceSSO: "portal.sso", ServiceSTS: "sts"} {
				want := "https://" + strings.Replace(cells[i+1], "X", prefix, 1)
				if got, err := DefaultEndpoint(service, cells[0], v); got != want || err != nil {
					t.Errorf("%s %+v: %s, error %v, want %s", cells[0], v, got, err, want)
				}
			}
		}
	}
	for _, row := range []string{
		"us-east-1      api.ecr.us-east-1.amazonaws.com       ecr-fips.us-east-1.amazonaws.com     ecr.us-east-1.api.aws     ecr-fips.us-east-1.api.aws",
		"us-gov-east-1  api.ecr.us-gov-east-1.amazonaws.com   ecr-fips.us-gov-east-1.amazonaws.com ecr.us-gov-east-1.api.aws ecr-fips.us-gov-east-1.api.aws",
		"cn-north-1     api.ecr.cn-north-1.amazonaws.com.cn   api.ecr-fips.cn-north-1.amazonaws.com.cn ecr.cn-north-1.api.amazonwebservices.com.cn ecr-fips.cn-north-1.api.amazonwebservices.com.cn",
		"us-isob-east-1 api.ecr.us-isob-east-1.sc2s.sgov.gov  api.ecr-fips.us-isob-east-1.sc2s.sgov.gov ecr.us-isob-east-1.api.aws.scloud ecr-fips.us-isob-east-1.api.aws.scloud",
	} {
		cells := strings.Fields(row)
		for i, v := range []Variant{{}, {FIPS: true}, {DualStack: true}, {FIPS: true, DualStack: true}} {
			if got, err := DefaultEndpoint(ServiceECR, cells[0], v); got != "https://"+cells[i+1] || err != nil {
				t.Errorf("%s %+v: %s, error %v, want %s", cells[0], v, got, err, cells[i+1])
			}
		}
	}
	for service, want := range map[Service]string{
		ServiceECRPublic: "https://api.ecr-public.us-east-1.amazonaws.com", ServiceCodeArtifact: "https://codeartifact.us-east-1.amazonaws.com",
		ServiceSignin: "https://signin.aws.amazon.com",
	} {
		if got, err := DefaultEndpoint(service, "us-east-1", Variant{}); got != want || err != nil {
			t.Errorf("%s, error %v, want %s", got, err, want)
		}
	}
	if got := PartitionOf("aws-cn-global").Name; got != "aws-cn" {
		t.Errorf("aws-cn-global is of %s", got)
	}
	for _, region := range []string{"x.evil.com/", "a.b", "evil.com#", "a/b", "a@b", "a:1", "-a", "a-", "12", "a b", "ä", "a_b", "a\n", strings.Repeat("a", 64)} {
		_, err := DefaultEndpoint(ServiceSSO, region, Variant{})
		if want := "Provided region_name '" + region + "' doesn't match a supported format."; text(err) != want {
			t.Errorf("%q: error %v", region, err)
		}
	}
	if _, err := DefaultEndpoint(ServiceSSO, "", Variant{}); text(err) != `You must specify a region. You can also configure your region by running "aws configure".` {
		t.Errorf("no region: %v", err)
	}
}

func TestEndpointVariables(t *testing.T) {
	file := lines("[profile p]", "services = local", "endpoint_url = http://profile", "[profile plain]", "[profile gone]", "services = nope",
		"[profile off]", "services = local", "ignore_configured_endpoint_urls = true",
		"[services local]", "sso =", "  endpoint_url = http://sso", "sso_oidc =", "  endpoint_url = http://oidc", "s3 =", "  endpoint_url = http://s3",
		"elastic_beanstalk =", "  endpoint_url = http://eb", "sts =", "  endpoint_url =", "a b =", "  endpoint_url = http://bad")
	for _, c := range []struct {
		name, profile string
		vars          []string
		want          []EndpointVariable
		err           bool
	}{
		{"all but the sign-in's", "p", nil, []EndpointVariable{
			{"AWS_ENDPOINT_URL_S3", "http://s3"}, {"AWS_ENDPOINT_URL_ELASTIC_BEANSTALK", "http://eb"}, {"AWS_ENDPOINT_URL", "http://profile"},
		}, false},
		{"the environment's own", "p", []string{"AWS_ENDPOINT_URL_S3", "http://own"}, []EndpointVariable{
			{"AWS_ENDPOINT_URL_ELASTIC_BEANSTALK", "http://eb"}, {"AWS_ENDPOINT_URL", "http://profile"},
		}, false},
		{"the environment's for all", "p", []string{"AWS_ENDPOINT_URL", "http://own"}, nil, false},
		{"none", "plain", nil, nil, false},
		{"no such profile", "none", nil, nil, false},
		{"ignored", "off", nil, nil, false},
		{"no such services", "gone", nil, nil, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := load(t, file, c.vars...).EndpointVariables(c.profile)
			if diff := cmp.Diff(c.want, got); diff != "" || (err != nil) != c.err {
				t.Errorf("%v\n%s", err, diff)
			}
		})
	}
}
