package storetest

import (
	"fmt"
	"testing"
	"time"

	"keyfob/internal/center/store"
)

// testHostileText: text from outside may be any bytes. It is kept as it is, and nothing has such a name.
func testHostileText(t *testing.T, s store.Store) {
	f := prepare(t, s)
	const bad = "a\x00b\xff\xfe'\"\\\u202e"
	f.must(s.AddClient(f.ctx, store.Client{ID: "c2", Name: bad, IssuerURL: bad, ExpiresAt: f.now.Add(time.Hour)}, 10))
	c, err := s.Client(f.ctx, "c2")
	f.must(err)
	f.must(s.AddSession(f.ctx, store.Session{ID: "s2", CookieHash: digest("c2"), UserID: "u-ada", UserAgent: bad, ExpiresAt: f.now.Add(time.Hour)}))
	ses, err := s.Session(f.ctx, "s2")
	f.must(err)
	f.must(s.AddDevice(f.ctx, store.DeviceAuthorization{DeviceCodeHash: digest("d"), UserCodeHash: digest("u"), ClientID: "c1", UserAgent: bad, State: store.DevicePending, ExpiresAt: f.now.Add(time.Hour)}))
	d, err := s.DeviceByUserCode(f.ctx, digest("u"))
	f.must(err)
	f.must(s.AppendAudit(f.ctx, chained(store.AuditEvent{At: f.now, Name: bad, Outcome: bad, UserID: bad, UserAgent: bad, RequestID: bad, ClientID: bad})))
	es, err := s.AuditSearch(f.ctx, store.AuditQuery{UserID: bad, Name: bad, Limit: 1})
	f.must(err)
	if len(es) != 1 {
		t.Fatal("the event is not found")
	}
	for what, got := range map[string]string{
		"client": c.Name, "issuer": c.IssuerURL, "session": ses.UserAgent, "device": d.UserAgent, "event": es[0].UserAgent, "request": es[0].RequestID,
	} {
		if got != bad {
			t.Errorf("%s: %q", what, got)
		}
	}
	for range 2 {
		_, err = s.UpdateThrottle(f.ctx, "signin-user:"+bad, func(th *store.Throttle) { th.Failures++ })
		f.must(err)
	}
	if th, err := s.Throttle(f.ctx, "signin-user:"+bad); err != nil || th.Failures != 2 {
		t.Errorf("throttle %+v, %v", th, err)
	}
	for what, ask := range map[string]func() error{
		"User":          func() error { _, err := s.User(f.ctx, bad); return err },
		"UserByKey":     func() error { _, err := s.UserByKey(f.ctx, bad); return err },
		"Client":        func() error { _, err := s.Client(f.ctx, bad); return err },
		"Account":       func() error { _, err := s.Account(f.ctx, bad); return err },
		"Assigned":      func() error { _, err := s.Assigned(f.ctx, "u-ada", bad, bad); return err },
		"Role":          func() error { _, err := s.Role(f.ctx, bad, bad); return err },
		"ServiceUser":   func() error { _, err := s.ServiceUser(f.ctx, bad, bad); return err },
		"by key":        func() error { _, err := s.ServiceUserByKey(f.ctx, bad); return err },
		"Session":       func() error { _, err := s.Session(f.ctx, bad); return err },
		"EndSession":    func() error { return s.EndSession(f.ctx, bad, "", f.now) },
		"Family":        func() error { _, err := s.Family(f.ctx, bad); return err },
		"RenameFactor":  func() error { return s.RenameFactor(f.ctx, "u-ada", bad, bad) },
		"RemoveFactor":  func() error { return s.RemoveFactor(f.ctx, "u-ada", bad) },
		"RemoveGroup":   func() error { return s.RemoveGroup(f.ctx, bad) },
		"permissionset": func() error { return s.RemovePermissionSet(f.ctx, bad) },
	} {
		t.Run(fmt.Sprint("no ", what), func(t *testing.T) { fixture{t, s, f.ctx, f.now}.want(ask(), store.ErrNotFound) })
	}
	for what, list := range map[string]func() (int, error){
		"AccountsFor":       func() (int, error) { l, err := s.AccountsFor(f.ctx, bad, "", 9); return len(l), err },
		"PermissionSetsFor": func() (int, error) { l, err := s.PermissionSetsFor(f.ctx, "u-ada", bad, "", 9); return len(l), err },
		"SessionsOf":        func() (int, error) { l, err := s.SessionsOf(f.ctx, bad); return len(l), err },
	} {
		if n, err := list(); err != nil || n != 0 {
			t.Errorf("%s: %d, %v", what, n, err)
		}
	}
}
