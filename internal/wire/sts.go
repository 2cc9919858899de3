package wire

import "encoding/xml"

// STSVersion is the API version of every STS request and the date in its XML namespace.
const STSVersion = "2011-06-15"

// STSNamespace is the XML namespace of STS answers.
const STSNamespace = "https://sts.amazonaws.com/doc/2011-06-15/"

// ActionGetCallerIdentity is the Action parameter of sts GetCallerIdentity.
const ActionGetCallerIdentity = "GetCallerIdentity"

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
