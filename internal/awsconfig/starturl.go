package awsconfig

import (
	"net/netip"
	"net/url"
	"strings"
)

// StartURL is a start URL that a client may sign in to.
type StartURL struct {
	raw  string
	host string // lower case, without port and trailing dot
}

// ParseStartURL checks a start URL as `sso login` does. Its errors are *InsecureStartURLError, for
// anything but https, and *InvalidStartURLError. Unlike the AWS CLI it accepts http to this very
// machine, where a center of one's own may listen and nobody is in between.
func ParseStartURL(raw string) (StartURL, error) {
	u, err := url.Parse(raw)
	scheme, _, _ := strings.Cut(raw, ":")
	if err == nil {
		scheme = u.Scheme
	}
	insecure := !strings.EqualFold(scheme, "https")
	if insecure && (err != nil || !strings.EqualFold(scheme, "http") || !isLoopback(u.Hostname())) {
		return StartURL{}, &InsecureStartURLError{StartURL: raw}
	}
	if err != nil || u.Hostname() == "" {
		return StartURL{}, &InvalidStartURLError{StartURL: raw}
	}
	return StartURL{raw: raw, host: canonicalHost(u.Hostname())}, nil
}

// String returns the URL as it was given.
func (u StartURL) String() string { return u.raw }

// AWSOwned reports whether the host is one of AWS's own; then it is not resolved but used as it is, with
// the configured region.
func (u StartURL) AWSOwned() bool { return isAWSOwned(u.host) }

// Region returns the region that the host names, or "".
func (u StartURL) Region() string { return RegionFromHost(u.host) }

// Loopback reports whether the host is this machine: a center of one's own, which is not resolved either.
func (u StartURL) Loopback() bool { return isLoopback(u.host) }

// isLoopback accepts localhost and addresses only: any other name is what a resolver makes of it.
func isLoopback(host string) bool {
	if strings.EqualFold(host, "localhost") {
		return true
	}
	addr, err := netip.ParseAddr(host)
	return err == nil && addr.Zone() == "" && !addr.Is4In6() && addr.IsLoopback()
}

func canonicalHost(host string) string {
	return strings.TrimSuffix(strings.ToLower(host), ".")
}

// isAWSOwned wants a canonical host.
func isAWSOwned(host string) bool {
	switch host {
	case "identitycenter.amazonaws.com", "identitycenter.amazonaws.com.cn", "identitycenter.amazonaws.eu",
		"identitycenter.us-gov.amazonaws.com":
		return true
	}
	for _, domain := range [...]string{
		"app.aws", "portal.amazonaws.com", "portal.amazonaws.com.cn", "app.amazonwebservices.com.cn",
		"portal.amazonaws.eu", "api.amazonwebservices.eu", "awsapps.com", "awsapps.cn",
	} {
		if before, ok := strings.CutSuffix(host, domain); ok && (before == "" || strings.HasSuffix(before, ".")) {
			return true
		}
	}
	return false
}

// RegionFromHost returns the region that an access portal's host names, or "" when it names none:
// ID.portal.REGION.app.aws, ID.REGION.portal.amazonaws.com and their like in other partitions.
func RegionFromHost(host string) string {
	id, rest, _ := strings.Cut(canonicalHost(host), ".")
	if id == "" {
		return ""
	}
	first, afterFirst, _ := strings.Cut(rest, ".")
	region := ""
	if first == "portal" {
		var domain string
		switch region, domain, _ = strings.Cut(afterFirst, "."); domain {
		case "app.aws", "app.amazonwebservices.com.cn", "api.amazonwebservices.eu":
		default:
			return ""
		}
	} else {
		switch region = first; afterFirst {
		case "portal.amazonaws.com", "portal.amazonaws.com.cn", "portal.amazonaws.eu":
		default:
			return ""
		}
	}
	if !validRegion(region) {
		return ""
	}
	return region
}

// VetResolved judges where a start URL that is not AWS's own leads. location is the redirect's Location,
// relative or not, or original itself when the host answered without redirecting; configuredRegion
// counts only when the resolved host does not name a region.
//
// normalized is the absolute URL without default port, query, fragment and trailing slashes. Errors:
// *MissingLocationError, *NotAWSOwnedError, *InsecureResolvedURLError, *UnknownRegionError, in this order;
// *InvalidStartURLError when original is no URL.
func VetResolved(original, location, configuredRegion string) (normalized, region string, err error) {
	base, err := url.Parse(original)
	if err != nil {
		return "", "", &InvalidStartURLError{StartURL: original}
	}
	if location == "" {
		return "", "", &MissingLocationError{StartURL: original}
	}
	target, err := base.Parse(location)
	if err != nil {
		return "", "", &NotAWSOwnedError{StartURL: original, FinalURL: location}
	}
	normalized = normalizeURL(target)
	host := canonicalHost(target.Hostname())
	if !isAWSOwned(host) {
		return "", "", &NotAWSOwnedError{StartURL: original, FinalURL: normalized}
	}
	if target.Scheme != "https" {
		return "", "", &InsecureResolvedURLError{StartURL: original, FinalURL: normalized}
	}
	if region = RegionFromHost(host); region == "" {
		region = configuredRegion
	}
	if region == "" {
		return "", "", &UnknownRegionError{StartURL: original}
	}
	return normalized, region, nil
}

func normalizeURL(u *url.URL) string {
	host := strings.ToLower(u.Hostname())
	if strings.Contains(host, ":") {
		host = "[" + host + "]"
	}
	switch port := u.Port(); {
	case port == "", u.Scheme == "https" && port == "443", u.Scheme == "http" && port == "80":
	default:
		host += ":" + port
	}
	return u.Scheme + "://" + host + strings.TrimRight(u.EscapedPath(), "/")
}
