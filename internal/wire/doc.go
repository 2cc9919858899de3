// Package wire is the vocabulary that a client and an Identity Center share: the messages and errors
// of the OIDC service (signing name sso-oauth), the access portal (awsssoportal) and STS.
//
// Member names and kinds are those of AWS's own service models; a test holds every struct against
// testdata/members.json, which is made from those models. The package uses the standard library
// only, imports nothing of ours, and does no IO: whoever sends or receives is somebody else.
package wire
