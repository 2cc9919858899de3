package awsconfig

import (
	"strings"
	"testing"
)

func TestParseRegistry(t *testing.T) {
	const id = "000000000042"
	for server, want := range map[string]Registry{
		id + ".dkr.ecr.eu-west-1.amazonaws.com":                     {Account: id, Region: "eu-west-1"},
		"https://" + id + ".dkr.ecr.eu-west-1.amazonaws.com":        {Account: id, Region: "eu-west-1"},
		"https://" + id + ".dkr.ecr.eu-west-1.amazonaws.com/v2/a/b": {Account: id, Region: "eu-west-1"},
		id + ".dkr.ecr.eu-west-1.amazonaws.com:443":                 {Account: id, Region: "eu-west-1"},
		id + ".DKR.ECR.eu-west-1.amazonaws.com":                     {Account: id, Region: "eu-west-1"},
		id + ".dkr.ecr-fips.us-gov-east-1.amazonaws.com":            {Account: id, Region: "us-gov-east-1", Variant: Variant{FIPS: true}},
		id + ".dkr.ecr.cn-north-1.amazonaws.com.cn":                 {Account: id, Region: "cn-north-1"},
		id + ".dkr.ecr.eusc-de-east-1.amazonaws.eu":                 {Account: id, Region: "eusc-de-east-1"},
		id + ".dkr.ecr.us-isob-east-1.sc2s.sgov.gov":                {Account: id, Region: "us-isob-east-1"},
		id + ".dkr-ecr.eu-west-1.on.aws":                            {Account: id, Region: "eu-west-1", Variant: Variant{DualStack: true}},
		id + ".dkr-ecr-fips.us-east-1.on.aws":                       {Account: id, Region: "us-east-1", Variant: Variant{FIPS: true, DualStack: true}},
		id + ".dkr-ecr.cn-northwest-1.on.amazonwebservices.com.cn":  {Account: id, Region: "cn-northwest-1", Variant: Variant{DualStack: true}},
		"public.ecr.aws":          {Region: "us-east-1", Public: true},
		"https://public.ecr.aws/": {Region: "us-east-1", Public: true},
		"ecr-public.aws.com":      {Region: "us-east-1", Public: true, Variant: Variant{DualStack: true}},
	} {
		if got, ok := ParseRegistry(server); !ok || got != want {
			t.Errorf("%s: %+v, %v", server, got, ok)
		}
	}
	for _, server := range []string{
		"", "https://index.docker.io/v1/", "docker.io", "ghcr.io",
		id + ".dkr.ecr.eu-west-1.amazonaws.com.example.com", id + ".dkr.ecr.eu-west-1.amazonaws.co", "example.com/" + id + ".dkr.ecr.eu-west-1.amazonaws.com",
		"https://example.com/?" + id + ".dkr.ecr.eu-west-1.amazonaws.com", "https://" + id + ".dkr.ecr.eu-west-1.amazonaws.com@example.com",
		"https://u@" + id + ".dkr.ecr.eu-west-1.amazonaws.com", "http://" + id + ".dkr.ecr.eu-west-1.amazonaws.com", id + ".dkr.ecr.eu-west-1.amazonaws.com:5000",
		"42.dkr.ecr.eu-west-1.amazonaws.com", "00000000004a.dkr.ecr.eu-west-1.amazonaws.com", "dkr.ecr.eu-west-1.amazonaws.com", id + ".dkr.ecr..amazonaws.com",
		id + ".dkr.ecr.amazonaws.com", id + ".dkr.ecr.cn-north-1.amazonaws.com", id + ".dkr.ecr.eu-west-1.amazonaws.com.cn", id + ".dkr.ecr.eu-west-1.on.aws",
		id + ".dkr-ecr.eu-west-1.api.aws", id + ".dkr.ecr.eu_west.amazonaws.com", "x." + id + ".dkr.ecr.eu-west-1.amazonaws.com", "public.ecr.aws.example.com", "http://public.ecr.aws",
	} {
		if got, ok := ParseRegistry(server); ok {
			t.Errorf("%s is %+v", server, got)
		}
	}
}

// FuzzParseRegistry: a password only goes to hosts of AWS's.
func FuzzParseRegistry(f *testing.F) {
	for _, s := range []string{"public.ecr.aws", "https://000000000042.dkr.ecr.eu-west-1.amazonaws.com/v2/", "000000000042.dkr-ecr.eu-west-1.on.aws", "https://a@b:1/c?d#e", "://", "[::1]:443"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, server string) {
		r, ok := ParseRegistry(server)
		if !ok {
			return
		}
		host := strings.ToLower(server)
		host = strings.TrimPrefix(host, "https://")
		if i := strings.IndexAny(host, "/?#"); i >= 0 {
			host = host[:i]
		}
		host = strings.TrimSuffix(strings.TrimSuffix(host, ":"), ":443")
		if r.Public {
			if host != "public.ecr.aws" && host != "ecr-public.aws.com" {
				t.Errorf("%q is public", server)
			}
			return
		}
		p := PartitionOf(r.Region)
		if !strings.HasPrefix(host, r.Account+".dkr") || !strings.HasSuffix(host, "."+p.Suffix) && !strings.HasSuffix(host, ".on."+strings.TrimPrefix(p.DualStackSuffix, "api.")) {
			t.Errorf("%q is %+v", server, r)
		}
	})
}
