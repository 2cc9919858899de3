package audit

import (
	"crypto/sha256"
	"encoding/hex"
	"time"

	"keyfob/internal/center/store"
)

// CloudTrail is an event in the shape of AWS CloudTrail's records, for tools that read those. What
// CloudTrail has no member for is in AdditionalEventData.
type CloudTrail struct {
	EventVersion        string            `json:"eventVersion"`
	EventTime           string            `json:"eventTime"`
	EventSource         string            `json:"eventSource"`
	EventName           string            `json:"eventName"`
	AWSRegion           string            `json:"awsRegion"`
	SourceIPAddress     string            `json:"sourceIPAddress,omitempty"`
	UserAgent           string            `json:"userAgent,omitempty"`
	ErrorCode           string            `json:"errorCode,omitempty"`
	ErrorMessage        string            `json:"errorMessage,omitempty"`
	RequestID           string            `json:"requestID,omitempty"`
	EventID             string            `json:"eventID"`
	EventType           string            `json:"eventType"`
	EventCategory       string            `json:"eventCategory"`
	ManagementEvent     bool              `json:"managementEvent"`
	ReadOnly            bool              `json:"readOnly"` // false: what only looks is not recorded
	RecipientAccountID  string            `json:"recipientAccountId,omitempty"`
	UserIdentity        UserIdentity      `json:"userIdentity"`
	RequestParameters   map[string]string `json:"requestParameters,omitempty"`
	AdditionalEventData Additional        `json:"additionalEventData"`
}

// UserIdentity says who it was.
type UserIdentity struct {
	// Type is "IdentityCenterUser", "AWSService" for the admin commands, "Unknown" when nobody had signed in.
	Type       string      `json:"type"`
	InvokedBy  string      `json:"invokedBy,omitempty"`
	AccountID  string      `json:"accountId,omitempty"`
	OnBehalfOf *OnBehalfOf `json:"onBehalfOf,omitempty"`
}

// OnBehalfOf names the person.
type OnBehalfOf struct {
	UserID           string `json:"userId"`
	IdentityStoreARN string `json:"identityStoreArn"`
}

// Additional is where an event stands in the chain, and what else is known.
type Additional struct {
	Sequence  int64  `json:"sequence"`
	Hash      string `json:"hash,omitempty"` // hex; none for what was recorded before there was a chain
	ClientID  string `json:"clientId,omitempty"`
	SessionID string `json:"sessionId,omitempty"`
	UserID    string `json:"userId,omitempty"` // whom an admin command was about
}

// accountDetail is the name of the detail that names an account.
const accountDetail = "account_id"

// NewCloudTrail shows e, an event of instance.
func NewCloudTrail(e store.AuditEvent, instance store.Instance) CloudTrail {
	c := CloudTrail{
		EventVersion: "1.11", EventTime: e.At.UTC().Format(time.RFC3339Nano), EventSource: source(e.Name), EventName: e.Name,
		AWSRegion: instance.Region, SourceIPAddress: e.RemoteIP, UserAgent: e.UserAgent, RequestID: e.RequestID, EventID: eventID(instance, e),
		EventType: "AwsApiCall", EventCategory: "Management", ManagementEvent: true, RecipientAccountID: e.Detail[accountDetail],
		UserIdentity: UserIdentity{Type: "Unknown"}, RequestParameters: e.Detail,
		AdditionalEventData: Additional{Sequence: e.Seq, Hash: hex.EncodeToString(e.Hash), ClientID: e.ClientID, SessionID: e.SessionID},
	}
	if e.Outcome != Success {
		c.ErrorCode, c.ErrorMessage = "AccessDenied", e.Outcome
	}
	switch {
	case e.RequestID == "": // an admin command on the machine itself, about that person
		c.UserIdentity = UserIdentity{Type: "AWSService", InvokedBy: "keyfob-center"}
		c.AdditionalEventData.UserID = e.UserID
	case e.UserID != "":
		c.UserIdentity = UserIdentity{Type: "IdentityCenterUser", AccountID: e.Detail[accountDetail], OnBehalfOf: &OnBehalfOf{
			UserID: e.UserID, IdentityStoreARN: "arn:aws:identitystore:::identitystore/" + instance.IdentityStoreID,
		}}
	}
	if c.EventSource == sourceSignIn {
		c.EventType = "AwsServiceEvent"
	}
	return c
}

const sourceSignIn = "signin.amazonaws.com"

// source is the service that CloudTrail would name.
func source(name string) string {
	switch name {
	case "CreateToken", "RegisterClient", "StartDeviceAuthorization", "DeviceAuthorization", "Authorize":
		return "sso-oauth.amazonaws.com"
	case "SignIn", "SignOut":
		return sourceSignIn
	case "AssumeRole", "AssumeRoleWithWebIdentity", "GetSessionToken", "GetCallerIdentity", "GetFederationToken":
		return "sts.amazonaws.com"
	case "CreateUser", "UpdateUser", "DeleteUser", "UpdatePassword":
		return "identitystore.amazonaws.com"
	}
	return "sso.amazonaws.com"
}

// eventID is a UUID that an event always has: made of where it stands, for there is nothing else that no
// other event shares.
func eventID(instance store.Instance, e store.AuditEvent) string {
	b := sha256.Sum256(append([]byte(instance.ID+"\x00"), canonical(e)...))
	b[6], b[8] = b[6]&0x0f|0x80, b[8]&0x3f|0x80
	s := hex.EncodeToString(b[:16])
	return s[:8] + "-" + s[8:12] + "-" + s[12:16] + "-" + s[16:20] + "-" + s[20:]
}
