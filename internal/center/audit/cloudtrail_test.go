package audit_test

import (
	"encoding/json"
	"testing"
	"time"

	"keyfob/internal/center/audit"
	"keyfob/internal/center/store"
)

func TestCloudTrail(t *testing.T) {
	instance := store.Instance{ID: "ssoins-1", IdentityStoreID: "d-1234567890", Region: "eu-central-1"}
	at := time.Date(2026, 11, 23, 9, 0, 0, 5e6, time.UTC)
	for _, c := range []struct {
		e    store.AuditEvent
		want string
	}{
		{
			store.AuditEvent{
				Seq: 7, At: at, Name: "GetRoleCredentials", Outcome: "success", UserID: "u-1", ClientID: "c-1", SessionID: "s-1", RemoteIP: "192.0.2.1",
				UserAgent: "aws-cli/2", RequestID: "r-1", Detail: map[string]string{"account_id": "111111111111", "role_name": "Admin"}, Hash: []byte{0xab},
			},
			`{"eventVersion":"1.11","eventTime":"2026-11-23T09:00:00.005Z","eventSource":"sso.amazonaws.com","eventName":"GetRoleCredentials","awsRegion":"eu-central-1","sourceIPAddress":"192.0.2.1","userAgent":"aws-cli/2","requestID":"r-1","eventID":"ID","eventType":"AwsApiCall","eventCategory":"Management","managementEvent":true,"readOnly":false,"recipientAccountId":"111111111111","userIdentity":{"type":"IdentityCenterUser","accountId":"111111111111","onBehalfOf":{"userId":"u-1","identityStoreArn":"arn:aws:identitystore:::identitystore/d-1234567890"}},"requestParameters":{"account_id":"111111111111","role_name":"Admin"},"additionalEventData":{"sequence":7,"hash":"ab","clientId":"c-1","sessionId":"s-1"}}`,
		},
		{
			store.AuditEvent{Seq: 8, At: at, Name: "SignIn", Outcome: "unknown user", RequestID: "r-2"},
			`{"eventVersion":"1.11","eventTime":"2026-11-23T09:00:00.005Z","eventSource":"signin.amazonaws.com","eventName":"SignIn","awsRegion":"eu-central-1","errorCode":"AccessDenied","errorMessage":"unknown user","requestID":"r-2","eventID":"ID","eventType":"AwsServiceEvent","eventCategory":"Management","managementEvent":true,"readOnly":false,"userIdentity":{"type":"Unknown"},"additionalEventData":{"sequence":8}}`,
		},
	} {
		got := audit.NewCloudTrail(c.e, instance)
		if len(got.EventID) != 36 || got.EventID != audit.NewCloudTrail(c.e, instance).EventID {
			t.Errorf("id %q", got.EventID)
		}
		other := c.e
		other.Seq++
		if got.EventID == audit.NewCloudTrail(other, instance).EventID {
			t.Error("two events share an id")
		}
		got.EventID = "ID"
		if b, err := json.Marshal(got); err != nil || string(b) != c.want {
			t.Errorf("%v\n%s, want\n%s", err, b, c.want)
		}
	}
}
