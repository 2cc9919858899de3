// Package administration is what administrators may do to people, groups, permission sets, assignments and
// sessions, and the only place that lets them.
//
// The web door calls it. Reading asks whether the person administers; changing asks, beyond that, for a
// sign-in of the last ten minutes, and writes down who changed what, before and after. It knows no HTTP,
// and never sees a password.
package administration

import (
	"context"
	"errors"
	"fmt"
	"time"

	"keyfob/internal/center/audit"
	"keyfob/internal/center/directory"
	"keyfob/internal/center/store"
	"keyfob/internal/clock"
)

// Recent is how long after signing in changes may be made.
const Recent = 10 * time.Minute

// Errors of every call.
var (
	// ErrNotAdministrator: the person may not even know that there is something to administer.
	ErrNotAdministrator = errors.New("not an administrator")
	// ErrStale: the person signed in too long ago to change anything.
	ErrStale = errors.New("signed in too long ago")
)

// Invalid is a change that makes no sense; its text is for the person who asked for it. Message is English, with
// a blank for each of Args, and stands in the source as it is, so that the web door can say it in other languages;
// an argument that is Invalid itself is a part of the sentence, and is said in the same way.
type Invalid struct {
	Message string
	Args    []any
}

func (i Invalid) Error() string {
	if len(i.Args) == 0 {
		return i.Message
	}
	return fmt.Sprintf(i.Message, i.Args...)
}

// Recorder is the audit log.
type Recorder interface {
	Record(ctx context.Context, e store.AuditEvent) error
}

// Administration is safe for concurrent use.
type Administration struct {
	Store     store.Store
	Directory *directory.Directory
	Clock     clock.Clock
	Audit     Recorder
}

// Administrates reports whether the person may see the administration.
func (a *Administration) Administrates(ctx context.Context, userID string) (bool, error) {
	return a.Store.Administrator(ctx, userID)
}

// View returns everything there is, for a person who may see it.
func (a *Administration) View(ctx context.Context, by directory.Person) (store.Organisation, error) {
	if err := a.allow(ctx, by); err != nil {
		return store.Organisation{}, err
	}
	return a.Store.Organisation(ctx, false)
}

// Sessions returns open sessions, the newest first: those of one person, or of everybody.
func (a *Administration) Sessions(ctx context.Context, by directory.Person, userID string, limit int) ([]store.Session, error) {
	if err := a.allow(ctx, by); err != nil {
		return nil, err
	}
	if userID == "" {
		return a.Store.OpenSessions(ctx, a.Clock.Now(), limit)
	}
	all, err := a.Store.SessionsOf(ctx, userID)
	var open []store.Session
	for _, s := range all {
		if s.Open(a.Clock.Now()) && len(open) < limit {
			open = append(open, s)
		}
	}
	return open, err
}

// Events searches the audit log, the newest first.
func (a *Administration) Events(ctx context.Context, by directory.Person, q store.AuditQuery) ([]store.AuditEvent, error) {
	if err := a.allow(ctx, by); err != nil {
		return nil, err
	}
	q.NewestFirst = true
	return a.Store.AuditSearch(ctx, q)
}

func (a *Administration) allow(ctx context.Context, by directory.Person) error {
	yes, err := a.Store.Administrator(ctx, by.User.ID)
	if err == nil && !yes {
		err = ErrNotAdministrator
	}
	return err
}

// change lets an administrator who has just signed in do something, and writes it down.
func (a *Administration) change(ctx context.Context, by directory.Person, name string, detail map[string]string, do func() error) error {
	if err := a.allow(ctx, by); err != nil {
		return err
	}
	if a.Clock.Now().Sub(by.Session.AuthenticatedAt) > Recent {
		return ErrStale
	}
	var unfit *directory.NameError
	switch err := do(); {
	case errors.Is(err, store.ErrNotFound):
		return Invalid{Message: "It is not there any more: somebody else may have removed it."}
	case errors.Is(err, store.ErrConflict):
		return Invalid{Message: "There is one of that name or e-mail address already."}
	case errors.As(err, &unfit):
		return unusable(unfit)
	case err != nil:
		return err
	}
	return a.Audit.Record(ctx, store.AuditEvent{
		Name: name, Outcome: audit.Success, UserID: by.User.ID, SessionID: by.Session.ID, Detail: detail,
	})
}

// unusable says what is wrong with a name, and with which if there are several.
func unusable(name *directory.NameError) Invalid {
	reason := Invalid{Message: name.Message, Args: name.Args}
	switch args := []any{reason}; name.Of {
	case directory.OfUser:
		return Invalid{Message: "That user name cannot be used: %s.", Args: args}
	case directory.OfEmail:
		return Invalid{Message: "That e-mail address cannot be used: %s.", Args: args}
	default:
		return Invalid{Message: "That name cannot be used: %s.", Args: args}
	}
}

func differs(before, after string) string { return fmt.Sprintf("%q -> %q", before, after) }
