package store

import (
	"context"
	"time"
)

// Role is an IAM role of an account. Unlike the roles that stand for permission sets nobody is assigned
// to it: whoever it trusts may assume it.
type Role struct {
	AccountID          string
	Name               string // unique in its account, whatever the path
	Path               string // "/" or "/team/"
	Description        string
	MaxSessionDuration time.Duration // 1 to 12 hours
	Trust              []Trust       // any one of them suffices; none trusts nobody
}

// Trust is one statement of a role's trust policy. It is about either principals or a web identity.
type Trust struct {
	Principals  []TrustPrincipal `json:",omitempty"` // any one of them
	ExternalID  string           `json:",omitempty"` // that the caller must name; "" for none
	MFA         bool             `json:",omitempty"` // the caller must have given a second factor
	WebIdentity *WebIdentity     `json:",omitempty"`
}

// TrustKind is what a trusted principal is.
type TrustKind string

// Kinds of trusted principal, and what their Name is.
const (
	TrustAccount       TrustKind = "account"        // everybody with credentials of the account; no name
	TrustRole          TrustKind = "role"           // the sessions of a role: its name without the path
	TrustRoleSession   TrustKind = "role-session"   // one of them: role name, "/", session name
	TrustServiceUser   TrustKind = "service-user"   // its name
	TrustPermissionSet TrustKind = "permission-set" // its name
	TrustUser          TrustKind = "user"           // a person, whatever the permission set: their id
	TrustGroup         TrustKind = "group"          // the same of a group: its id
)

// TrustPrincipal is somebody with credentials of an account.
type TrustPrincipal struct {
	Kind      TrustKind
	AccountID string
	Name      string `json:",omitempty"`
}

// WebIdentity trusts the tokens of an OpenID Connect issuer. Exactly one of JWKS and JWKSURL is set.
type WebIdentity struct {
	Issuer    string   // the iss claim, byte for byte
	Audiences []string // one must be in the aud claim
	Subjects  []string // one must match the sub claim; * stands for any characters, ? for one
	JWKS      string   `json:",omitempty"` // the issuer's public keys (RFC 7517)
	JWKSURL   string   `json:",omitempty"` // where they are
}

// ServiceUser is an IAM user of an account: a program with long-lived access keys.
type ServiceUser struct {
	AccountID  string
	Name       string // unique in its account
	AccessKeys []AccessKey
	MFASerial  string // ARN of its virtual MFA device, "" for none
	MFASecret  []byte // the device's secret, sealed
}

// AccessKey is a long-lived key of a service user.
type AccessKey struct {
	ID     string // "AKIA" and 16 characters
	Secret []byte // sealed; without it nothing that the key signs is accepted
}

// Trusts is what roles and service users there are. Apply declares them.
type Trusts interface {
	// Role finds a role by its account and name.
	Role(ctx context.Context, accountID, name string) (Role, error)
	// ServiceUser finds a service user by its account and name.
	ServiceUser(ctx context.Context, accountID, name string) (ServiceUser, error)
	// ServiceUserByKey finds a service user by the id of one of its access keys.
	ServiceUserByKey(ctx context.Context, accessKeyID string) (ServiceUser, error)
	// GroupsOf returns the ids of the groups that a person is in.
	GroupsOf(ctx context.Context, userID string) ([]string, error)
}

// Onces remembers what may be used once and cannot be marked as used itself: a sealed value, a code
// that an authenticator shows.
type Onces interface {
	// UseOnce returns ErrConflict when the key was used before. It is forgotten, by DeleteExpired, some
	// time after expires; the caller refuses it from then on by itself.
	UseOnce(ctx context.Context, key Hash, expires time.Time) error
}
