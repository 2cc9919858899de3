package main

import (
	"context"
	"fmt"

	"keyfob/internal/center/audit"
	"keyfob/internal/center/store"
)

func (o *userOptions) remove(ctx context.Context, u users) error {
	found, err := u.find(ctx)
	if err != nil {
		return err
	}
	if u.declared(found.ID) {
		return hinted{fmt.Errorf("%s is declared in %s", found.Name, o.Config), "remove them there, then keyfob-center apply; user disable stops them at once"}
	}
	if err := u.db.RemoveUser(ctx, found.ID); err != nil {
		return err
	}
	if err := u.dir.Audit.Record(ctx, store.AuditEvent{
		Name: "DeleteUser", Outcome: audit.Success, UserID: found.ID, Detail: map[string]string{"user": found.Name},
	}); err != nil {
		return err
	}
	return o.say("Removed %s, with their sessions and assignments.\n", found.Name)
}

func (o *userOptions) endSessions(ctx context.Context, u users) error {
	found, err := u.find(ctx)
	if err != nil {
		return err
	}
	if err := u.db.EndSessionsOf(ctx, found.ID, "ended by an administrator", o.Clock.Now()); err != nil {
		return err
	}
	if err := u.dir.Audit.Record(ctx, store.AuditEvent{
		Name: "EndSessions", Outcome: audit.Success, UserID: found.ID, Detail: map[string]string{"user": found.Name},
	}); err != nil {
		return err
	}
	return o.say("Ended the sessions of %s.\n", found.Name)
}
