package wire

import (
	"encoding/xml"
	"time"
)

// STSVersion is the API version of every STS request and the date in its XML namespace.
const STSVersion = "2011-06-15"

// STSNamespace is the XML namespace of STS answers.
const STSNamespace = "https://sts.amazonaws.com/doc/2011-06-15/"

// Values of the Action parameter.
const (
	ActionGetCallerIdentity         = "GetCallerIdentity"
	ActionAssumeRole                = "AssumeRole"
	ActionAssumeRoleWithWebIdentity = "AssumeRoleWithWebIdentity"
	ActionGetSessionToken           = "GetSessionToken"
)

// Errors of STS under the names that its query protocol sends, which are not always those of the
// model's shapes. An expired web identity token is [CodeExpiredToken].
const (
	CodeIDPCommunicationError   Code = "IDPCommunicationError"
	CodeIDPRejectedClaim        Code = "IDPRejectedClaim"
	CodeInvalidIdentityToken    Code = "InvalidIdentityToken"
	CodeMalformedPolicyDocument Code = "MalformedPolicyDocument"
	CodePackedPolicyTooLarge    Code = "PackedPolicyTooLarge"
	CodeRegionDisabled          Code = "RegionDisabledException"
)

// Errors that every service with signed calls may answer; no model names them.
const (
	CodeNotAuthorized       Code = "AccessDenied"
	CodeExpiredSessionToken Code = "ExpiredToken" // the session token of the caller's own credentials
	CodeValidationError     Code = "ValidationError"
)

// Parameters of the operations that hand out credentials, as forms carry them.
const (
	ParamRoleARN          = "RoleArn"
	ParamRoleSessionName  = "RoleSessionName"
	ParamDurationSeconds  = "DurationSeconds"
	ParamExternalID       = "ExternalId"
	ParamSerialNumber     = "SerialNumber"
	ParamTokenCode        = "TokenCode"
	ParamWebIdentityToken = "WebIdentityToken"
)

// GetCallerIdentityResult is the output of sts GetCallerIdentity, members in the model's order.
type GetCallerIdentityResult struct {
	UserID  string `xml:"UserId" json:"UserId"`
	Account string `xml:"Account" json:"Account"`
	ARN     string `xml:"Arn" json:"Arn"`
}

// ResponseMetadata closes every successful STS answer.
type ResponseMetadata struct {
	RequestID string `xml:"RequestId"`
}

// GetCallerIdentityResponse is the XML document of a successful GetCallerIdentity.
type GetCallerIdentityResponse struct {
	XMLName  xml.Name                `xml:"https://sts.amazonaws.com/doc/2011-06-15/ GetCallerIdentityResponse"`
	Result   GetCallerIdentityResult `xml:"GetCallerIdentityResult"`
	Metadata ResponseMetadata        `xml:"ResponseMetadata"`
}

// STSCredentials are what AssumeRole, AssumeRoleWithWebIdentity and GetSessionToken hand out.
type STSCredentials struct {
	AccessKeyID     string    `xml:"AccessKeyId" json:"AccessKeyId"`
	SecretAccessKey Secret    `xml:"SecretAccessKey" json:"SecretAccessKey"`
	SessionToken    Secret    `xml:"SessionToken" json:"SessionToken"`
	Expiration      time.Time `xml:"Expiration" json:"Expiration"`
}

// AssumedRoleUser is who the bearer of an assumed role's credentials is.
type AssumedRoleUser struct {
	AssumedRoleID string `xml:"AssumedRoleId" json:"AssumedRoleId"`
	ARN           string `xml:"Arn" json:"Arn"`
}

// AssumeRoleResult is the output of sts AssumeRole.
type AssumeRoleResult struct {
	Credentials     STSCredentials  `xml:"Credentials" json:"Credentials"`
	AssumedRoleUser AssumedRoleUser `xml:"AssumedRoleUser" json:"AssumedRoleUser"`
}

// AssumeRoleResponse is the XML document of a successful AssumeRole.
type AssumeRoleResponse struct {
	XMLName  xml.Name         `xml:"https://sts.amazonaws.com/doc/2011-06-15/ AssumeRoleResponse"`
	Result   AssumeRoleResult `xml:"AssumeRoleResult"`
	Metadata ResponseMetadata `xml:"ResponseMetadata"`
}

// AssumeRoleWithWebIdentityResult is the output of sts AssumeRoleWithWebIdentity.
type AssumeRoleWithWebIdentityResult struct {
	Credentials                 STSCredentials  `xml:"Credentials" json:"Credentials"`
	SubjectFromWebIdentityToken string          `xml:"SubjectFromWebIdentityToken" json:"SubjectFromWebIdentityToken"`
	AssumedRoleUser             AssumedRoleUser `xml:"AssumedRoleUser" json:"AssumedRoleUser"`
	Provider                    string          `xml:"Provider" json:"Provider"`
	Audience                    string          `xml:"Audience" json:"Audience"`
}

// AssumeRoleWithWebIdentityResponse is the XML document of a successful AssumeRoleWithWebIdentity.
type AssumeRoleWithWebIdentityResponse struct {
	XMLName  xml.Name                        `xml:"https://sts.amazonaws.com/doc/2011-06-15/ AssumeRoleWithWebIdentityResponse"`
	Result   AssumeRoleWithWebIdentityResult `xml:"AssumeRoleWithWebIdentityResult"`
	Metadata ResponseMetadata                `xml:"ResponseMetadata"`
}

// GetSessionTokenResult is the output of sts GetSessionToken.
type GetSessionTokenResult struct {
	Credentials STSCredentials `xml:"Credentials" json:"Credentials"`
}

// GetSessionTokenResponse is the XML document of a successful GetSessionToken.
type GetSessionTokenResponse struct {
	XMLName  xml.Name              `xml:"https://sts.amazonaws.com/doc/2011-06-15/ GetSessionTokenResponse"`
	Result   GetSessionTokenResult `xml:"GetSessionTokenResult"`
	Metadata ResponseMetadata      `xml:"ResponseMetadata"`
}

// STSErrorDetail is the cause of a failed STS call. Type is "Sender" or "Receiver".
type STSErrorDetail struct {
	Type    string `xml:"Type"`
	Code    string `xml:"Code"`
	Message string `xml:"Message"`
}

// STSErrorResponse is the XML document of a failed STS call.
type STSErrorResponse struct {
	XMLName   xml.Name       `xml:"https://sts.amazonaws.com/doc/2011-06-15/ ErrorResponse"`
	Error     STSErrorDetail `xml:"Error"`
	RequestID string         `xml:"RequestId"`
}
