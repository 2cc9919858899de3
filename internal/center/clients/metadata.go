package clients

import (
	"slices"
	"unicode"
	"unicode/utf8"

	"keyfob/internal/center/store"
	"keyfob/internal/wire"
)

// Bounds of one registration. They leave every real client room and a stranger little.
const (
	maxName         = 255 // bytes
	maxRedirectURIs = 10
	maxRedirectURI  = 1024 // bytes; also of a start URL
	maxScopes       = 50
	maxScope        = 256 // bytes
	maxGrantTypes   = 10
)

// check turns a request into a registration that lacks only its id, secret and times.
func (r *Registry) check(in wire.RegisterClientRequest) (store.Client, error) {
	if in.IssuerURL != "" && !r.StartURLs.Has(in.IssuerURL) {
		return store.Client{}, r.StartURLs.Refuse("issuerUrl")
	}
	return Check(in)
}

// Check turns what a client asks for into a registration that lacks its id, secret and times, or returns
// the *wire.ServiceError it gets. It does not look at the issuer's URL.
func Check(in wire.RegisterClientRequest) (c store.Client, err error) {
	if in.ClientName == "" || in.ClientType == "" {
		return c, refuse(wire.CodeInvalidRequest, "clientName and clientType are required.")
	}
	if !presentable(in.ClientName) || len(in.ClientName) > maxName {
		return c, refuse(wire.CodeInvalidClientMetadata, "clientName must be at most %d bytes of printable text.", maxName)
	}
	if in.ClientType != wire.ClientTypePublic {
		return c, refuse(wire.CodeInvalidClientMetadata, "clientType must be %q.", wire.ClientTypePublic)
	}
	scopes, err := checkScopes(in.Scopes)
	if err != nil {
		return c, err
	}
	grants, err := checkGrantTypes(in.GrantTypes, len(scopes) > 0)
	if err != nil {
		return c, err
	}
	if len(in.RedirectURIs) > maxRedirectURIs {
		return c, refuse(wire.CodeInvalidRedirectURI, "A client may register at most %d redirect URIs.", maxRedirectURIs)
	}
	for _, u := range in.RedirectURIs {
		if err := checkRedirect(u); err != nil {
			return c, refuse(wire.CodeInvalidRedirectURI, "A redirect URI is not acceptable: %s.", err)
		}
	}
	if slices.Contains(grants, wire.GrantAuthorizationCode) && len(in.RedirectURIs) == 0 {
		return c, refuse(wire.CodeInvalidRedirectURI, "The grant type %s needs redirectUris.", wire.GrantAuthorizationCode)
	}
	return store.Client{
		Name: in.ClientName, Scopes: scopes, RedirectURIs: in.RedirectURIs, GrantTypes: grants, IssuerURL: in.IssuerURL,
	}, nil
}

// presentable reports whether text can be shown without deceiving whoever reads it: no control
// characters, nothing invisible, nothing that turns the direction of writing.
func presentable(s string) bool {
	if !utf8.ValidString(s) {
		return false
	}
	for _, c := range s {
		if !unicode.IsPrint(c) {
			return false
		}
	}
	return true
}

// checkScopes accepts scopes the center has never heard of ("sso-portal:*"), as the service does.
func checkScopes(in []string) ([]string, error) {
	if len(in) > maxScopes {
		return nil, refuse(wire.CodeInvalidScope, "A client may register at most %d scopes.", maxScopes)
	}
	var out []string
	for _, s := range in {
		if !scopeToken(s) || len(s) > maxScope {
			return nil, refuse(wire.CodeInvalidScope, "A scope must be 1 to %d printable ASCII characters without blanks, quotes and backslashes.", maxScope)
		}
		if !slices.Contains(out, s) {
			out = append(out, s)
		}
	}
	return out, nil
}

// scopeToken is the syntax of RFC 6749 section 3.3.
func scopeToken(s string) bool {
	for _, c := range []byte(s) {
		if c < 0x21 || c > 0x7e || c == '"' || c == '\\' {
			return false
		}
	}
	return s != ""
}

// checkGrantTypes fills in what absent grant types stand for: a device client, which may refresh if
// it asked for scopes.
func checkGrantTypes(in []string, scoped bool) ([]string, error) {
	if len(in) > maxGrantTypes {
		return nil, refuse(wire.CodeInvalidRequest, "A client may register at most %d grant types.", maxGrantTypes)
	}
	for _, g := range in {
		switch g {
		case wire.GrantAuthorizationCode, wire.GrantDeviceCode, wire.GrantRefreshToken:
		default:
			return nil, refuse(wire.CodeUnsupportedGrantType, "Supported grant types are %s, %s and %s.",
				wire.GrantAuthorizationCode, wire.GrantDeviceCode, wire.GrantRefreshToken)
		}
	}
	if len(in) > 0 {
		return in, nil
	}
	if scoped {
		return []string{wire.GrantDeviceCode, wire.GrantRefreshToken}, nil
	}
	return []string{wire.GrantDeviceCode}, nil
}
