package awsconfig

import "strings"

// Service is an AWS service that is called: for sign-in and credentials, or for what credentials are
// turned into.
type Service uint8

// The services.
const (
	ServiceSSOOIDC Service = iota // sso-oidc: tokens
	ServiceSSO                    // sso: the access portal
	ServiceSTS
	ServiceECR
	ServiceECRPublic
	ServiceCodeArtifact
	ServiceSignin // the console's sign-in, for its federation endpoint
)

// id is the service's name as a key of a services section; upper case it ends an environment variable.
func (s Service) id() string {
	return [...]string{"sso_oidc", "sso", "sts", "ecr", "ecr_public", "codeartifact", "signin"}[s]
}

// signsIn reports whether the service is one of a sign-in, which a session has settings for.
func (s Service) signsIn() bool { return s == ServiceSSOOIDC || s == ServiceSSO }

// hostPrefix is what stands in front of the region.
func (s Service) hostPrefix(p Partition, v Variant) string {
	prefix := [...]string{"oidc", "portal.sso", "sts", "api.ecr", "api.ecr-public", "codeartifact"}[s]
	ecr := s == ServiceECR || s == ServiceECRPublic
	if ecr && v.DualStack || s == ServiceECR && v.FIPS && (p.Name == "aws" || p.Name == "aws-us-gov") {
		prefix = strings.TrimPrefix(prefix, "api.") // the newer hosts
	}
	// The plain hosts of us-gov are FIPS endpoints; only its dual-stack hosts, and ECR's, come in two kinds.
	if v.FIPS && (v.DualStack || p.Name != "aws-us-gov" || s > ServiceSTS) {
		prefix += "-fips"
	}
	return prefix
}

// Variant is the kind of an AWS endpoint.
type Variant struct{ FIPS, DualStack bool }

// DefaultEndpoint returns AWS's own endpoint of a service in a region, "https://oidc.eu-west-1.amazonaws.com".
// Errors: *NoRegionError for an empty region, *InvalidRegionError for one that could not be in a host name.
func DefaultEndpoint(service Service, region string, v Variant) (string, error) {
	if region == "" {
		return "", &NoRegionError{}
	}
	if !validRegion(region) {
		return "", &InvalidRegionError{Region: region}
	}
	p := PartitionOf(region)
	if service == ServiceSignin {
		return "https://" + p.signinHost(region), nil
	}
	suffix := p.Suffix
	if v.DualStack {
		suffix = p.DualStackSuffix
	}
	return "https://" + service.hostPrefix(p, v) + "." + region + "." + suffix, nil
}
