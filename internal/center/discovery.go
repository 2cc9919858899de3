package center

import (
	"encoding/json"
	"net/http"
	"strings"

	"keyfob/internal/wire"
)

// discovery tells programs where everything is: OAuth's authorization server metadata (RFC 8414). AWS has
// no such thing; "keyfob-center client" reads it.
type discovery struct{ body []byte }

// PathDiscovery is the well-known place of RFC 8414.
const PathDiscovery = "/.well-known/oauth-authorization-server"

// Metadata is the answer. The last members are not RFC 8414's.
type Metadata struct {
	Issuer                string   `json:"issuer"`
	Authorization         string   `json:"authorization_endpoint"`
	Token                 string   `json:"token_endpoint"`
	Registration          string   `json:"registration_endpoint"`
	DeviceAuthorization   string   `json:"device_authorization_endpoint,omitempty"`
	Scopes                []string `json:"scopes_supported"`
	ResponseTypes         []string `json:"response_types_supported"`
	GrantTypes            []string `json:"grant_types_supported"`
	ChallengeMethods      []string `json:"code_challenge_methods_supported"`
	IssuerInAuthorization bool     `json:"authorization_response_iss_parameter_supported"`

	StartURLs []string `json:"sso_start_urls"` // the first is the center's own
	Region    string   `json:"sso_region"`
}

func newDiscovery(base, region string, startURLs []string, noDevices bool) (discovery, error) {
	m := Metadata{
		Issuer: base, Authorization: base + wire.PathAuthorize, Token: base + wire.PathCreateToken, Registration: base + wire.PathRegisterClient,
		DeviceAuthorization: base + wire.PathStartDeviceAuthorization,
		Scopes:              []string{"sso:account:access"}, ResponseTypes: []string{"code"},
		GrantTypes:       []string{wire.GrantAuthorizationCode, wire.GrantDeviceCode, wire.GrantRefreshToken},
		ChallengeMethods: []string{"S256"}, IssuerInAuthorization: true,
		StartURLs: append([]string{strings.TrimRight(base, "/") + "/start"}, startURLs...), Region: region,
	}
	if noDevices {
		m.DeviceAuthorization, m.GrantTypes = "", []string{wire.GrantAuthorizationCode, wire.GrantRefreshToken}
	}
	b, err := json.Marshal(m)
	return discovery{append(b, '\n')}, err
}

// Routes adds the path.
func (d discovery) Routes(mux *http.ServeMux) {
	mux.HandleFunc("GET "+PathDiscovery, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("X-Content-Type-Options", "nosniff")
		_, _ = w.Write(d.body) // the client is gone
	})
}
