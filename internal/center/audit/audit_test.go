package audit_test

import (
	"context"
	"errors"
	"log/slog"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"keyfob/internal/center/audit"
	"keyfob/internal/center/request"
	"keyfob/internal/center/store"
	"keyfob/internal/center/store/sqlite"
	"keyfob/internal/clock"
)

type failing struct{ store.Audit }

func (failing) AppendAudit(context.Context, func(store.AuditHead) ([]store.AuditEvent, store.AuditHead)) error {
	return errors.New("disk full")
}

func TestRecord(t *testing.T) {
	db, err := sqlite.Open(context.Background(), filepath.Join(t.TempDir(), "db"))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close() //nolint:errcheck // a test's
	var out strings.Builder
	now := time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC)
	l := &audit.Log{Store: db, Clock: clock.NewFake(now), Logger: slog.New(slog.NewTextHandler(&out, nil))}
	ctx, cancel := context.WithCancel(request.NewContext(context.Background(), request.Info{ID: "req-7", RemoteIP: "192.0.2.7"}))
	cancel() // whoever hangs up stays in the log
	detail := map[string]string{"role_name": "a\nlevel=INFO msg=forged" + strings.Repeat("ü", 1000)}
	if err := l.Record(ctx, store.AuditEvent{Name: "GetRoleCredentials", Outcome: audit.Success, UserID: "u", Detail: detail}); err != nil {
		t.Fatal(err)
	}
	got, err := db.AuditEvents(context.Background(), 9)
	if err != nil || len(got) != 1 {
		t.Fatalf("%v, %v", got, err)
	}
	e := got[0]
	if !e.At.Equal(now) || e.RemoteIP != "192.0.2.7" || e.RequestID != "req-7" || e.UserID != "u" || e.Outcome != "success" {
		t.Errorf("event is %+v", e)
	}
	if n := len(e.Detail["role_name"]); n > 512 || n < 500 || len(detail["role_name"]) < 2000 {
		t.Errorf("detail of %d bytes", n)
	}
	if text := out.String(); strings.Count(text, "\n") != 1 || !strings.Contains(text, `msg="audit: GetRoleCredentials" outcome=success user_id=u remote_ip=192.0.2.7 request_id=req-7 detail.role_name=`) {
		t.Errorf("log is %q", text)
	}

	out.Reset()
	l.Store = failing{}
	if err := l.Record(ctx, store.AuditEvent{Name: "Logout"}); err == nil {
		t.Error("a failing write is no error")
	}
	if text := out.String(); !strings.Contains(text, "level=ERROR") || !strings.Contains(text, "disk full") || !strings.Contains(text, "audit: Logout") {
		t.Errorf("log is %q", text)
	}
}
