package wire

// Paths of the access portal's API.
const (
	PathListAccounts       = "/assignment/accounts"
	PathListAccountRoles   = "/assignment/roles"
	PathGetRoleCredentials = "/federation/credentials"
	PathLogout             = "/logout"
)

// HeaderBearerToken carries the access token of every portal call.
const HeaderBearerToken = "x-amz-sso_bearer_token"

// Query parameters of the portal's calls; max_result is singular.
const (
	ParamNextToken = "next_token"
	ParamMaxResult = "max_result"
	ParamAccountID = "account_id"
	ParamRoleName  = "role_name"
)

// MaxPortalPage is the largest max_result the portal accepts; the smallest is 1.
const MaxPortalPage = 100

// AccountInfo is one account that a person may use. AccountID is 12 digits and keeps its leading
// zeros, so it is never a number.
type AccountInfo struct {
	AccountID    string `json:"accountId"`
	AccountName  string `json:"accountName,omitempty"`
	EmailAddress string `json:"emailAddress,omitempty"`
}

// ListAccountsResponse is the output of sso ListAccounts. An empty or absent NextToken is the end.
type ListAccountsResponse struct {
	NextToken   string        `json:"nextToken,omitempty"`
	AccountList []AccountInfo `json:"accountList"`
}

// RoleInfo is one role that a person may use in an account.
type RoleInfo struct {
	RoleName  string `json:"roleName"`
	AccountID string `json:"accountId"`
}

// ListAccountRolesResponse is the output of sso ListAccountRoles.
type ListAccountRolesResponse struct {
	NextToken string     `json:"nextToken,omitempty"`
	RoleList  []RoleInfo `json:"roleList"`
}

// RoleCredentials are short-lived keys for one role. Expiration is epoch milliseconds.
type RoleCredentials struct {
	AccessKeyID     string `json:"accessKeyId"`
	SecretAccessKey Secret `json:"secretAccessKey"`
	SessionToken    Secret `json:"sessionToken"`
	Expiration      int64  `json:"expiration"`
}

// GetRoleCredentialsResponse is the output of sso GetRoleCredentials.
type GetRoleCredentialsResponse struct {
	RoleCredentials RoleCredentials `json:"roleCredentials"`
}
