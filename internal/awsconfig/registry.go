package awsconfig

import (
	"net/url"
	"strings"
)

// Registry is a registry of container images that AWS hands out passwords for.
type Registry struct {
	Account string // 12 digits; "" for the public one
	Region  string // where to ask for the password
	Public  bool
	Variant Variant // the kind of endpoint that its host belongs to
}

// publicRegion is where the public registry's passwords come from, whatever the profile's region.
const publicRegion = "us-east-1"

// ParseRegistry tells from a server as Docker names it, a host or an https URL, which registry it is.
// ok is false for every other server: nobody else is given a password of AWS's.
func ParseRegistry(server string) (r Registry, ok bool) {
	if !strings.Contains(server, "://") {
		server = "https://" + server
	}
	u, err := url.Parse(server)
	if err != nil || u.Scheme != "https" || u.User != nil || u.Port() != "" && u.Port() != "443" {
		return Registry{}, false
	}
	host := strings.ToLower(u.Hostname())
	switch host {
	case "public.ecr.aws":
		return Registry{Region: publicRegion, Public: true}, true
	case "ecr-public.aws.com":
		return Registry{Region: publicRegion, Public: true, Variant: Variant{DualStack: true}}, true
	}
	account, rest, _ := strings.Cut(host, ".")
	r.Account = account
	var suffix string
	for _, kind := range [...]struct {
		prefix string
		Variant
	}{
		{"dkr.ecr.", Variant{}},
		{"dkr.ecr-fips.", Variant{FIPS: true}},
		{"dkr-ecr.", Variant{DualStack: true}},
		{"dkr-ecr-fips.", Variant{FIPS: true, DualStack: true}},
	} {
		if after, found := strings.CutPrefix(rest, kind.prefix); found {
			r.Region, suffix, _ = strings.Cut(after, ".")
			r.Variant = kind.Variant
		}
	}
	if len(account) != 12 || strings.Trim(account, "0123456789") != "" || !validRegion(r.Region) {
		return Registry{}, false
	}
	p := PartitionOf(r.Region)
	want := p.Suffix
	if r.Variant.DualStack {
		want = "on." + strings.TrimPrefix(p.DualStackSuffix, "api.")
	}
	return r, suffix == want
}
