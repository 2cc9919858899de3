package wire

// Paths of the OIDC service. All are POST with a JSON body but PathAuthorize, which a browser GETs.
const (
	PathRegisterClient           = "/client/register"
	PathStartDeviceAuthorization = "/device_authorization"
	PathCreateToken              = "/token"
	PathAuthorize                = "/authorize"
)

// Grant types (RFC 6749 sections 4.1 and 6, RFC 8628 section 3.4).
const (
	GrantAuthorizationCode = "authorization_code"
	GrantRefreshToken      = "refresh_token"
	GrantDeviceCode        = "urn:ietf:params:oauth:grant-type:device_code"
)

// ClientTypePublic is the only client type the service knows.
const ClientTypePublic = "public"

// ScopeAccountAccess is the scope that lets a token list accounts and fetch role credentials.
const ScopeAccountAccess = "sso:account:access"

// ChallengeMethodS256 is the only code challenge method (RFC 7636 section 4.3) in use.
const ChallengeMethodS256 = "S256"

// RegisterClientRequest is the input of sso-oidc RegisterClient.
type RegisterClientRequest struct {
	ClientName             string   `json:"clientName"`
	ClientType             string   `json:"clientType"`
	Scopes                 []string `json:"scopes,omitempty"`
	RedirectURIs           []string `json:"redirectUris,omitempty"`
	GrantTypes             []string `json:"grantTypes,omitempty"`
	IssuerURL              string   `json:"issuerUrl,omitempty"`
	EntitledApplicationARN string   `json:"entitledApplicationArn,omitempty"`
}

// RegisterClientResponse is the output of sso-oidc RegisterClient. Both times are epoch seconds.
type RegisterClientResponse struct {
	ClientID              string `json:"clientId"`
	ClientSecret          Secret `json:"clientSecret"`
	ClientIDIssuedAt      int64  `json:"clientIdIssuedAt"`
	ClientSecretExpiresAt int64  `json:"clientSecretExpiresAt"`
	AuthorizationEndpoint string `json:"authorizationEndpoint,omitempty"`
	TokenEndpoint         string `json:"tokenEndpoint,omitempty"`
}

// StartDeviceAuthorizationRequest is the input of sso-oidc StartDeviceAuthorization.
type StartDeviceAuthorizationRequest struct {
	ClientID     string `json:"clientId"`
	ClientSecret Secret `json:"clientSecret"`
	StartURL     string `json:"startUrl"`
}

// StartDeviceAuthorizationResponse is the output of sso-oidc StartDeviceAuthorization (RFC 8628
// section 3.2 under other names). ExpiresIn and Interval are seconds from now.
type StartDeviceAuthorizationResponse struct {
	DeviceCode              Secret `json:"deviceCode"`
	UserCode                string `json:"userCode"`
	VerificationURI         string `json:"verificationUri"`
	VerificationURIComplete string `json:"verificationUriComplete"`
	ExpiresIn               int64  `json:"expiresIn"`
	Interval                int64  `json:"interval"`
}

// CreateTokenRequest is the input of sso-oidc CreateToken. Which members are wanted depends on
// GrantType.
type CreateTokenRequest struct {
	ClientID     string   `json:"clientId"`
	ClientSecret Secret   `json:"clientSecret"`
	GrantType    string   `json:"grantType"`
	DeviceCode   Secret   `json:"deviceCode,omitempty"`
	Code         Secret   `json:"code,omitempty"`
	RefreshToken Secret   `json:"refreshToken,omitempty"`
	Scope        []string `json:"scope,omitempty"`
	RedirectURI  string   `json:"redirectUri,omitempty"`
	CodeVerifier Secret   `json:"codeVerifier,omitempty"`
}

// CreateTokenResponse is the output of sso-oidc CreateToken. ExpiresIn is seconds from now. IDToken
// is in the model, but the service does not implement it.
type CreateTokenResponse struct {
	AccessToken  Secret `json:"accessToken"`
	TokenType    string `json:"tokenType,omitempty"`
	ExpiresIn    int64  `json:"expiresIn,omitempty"`
	RefreshToken Secret `json:"refreshToken,omitempty"`
	IDToken      Secret `json:"idToken,omitempty"`
}
