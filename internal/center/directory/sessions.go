package directory

import (
	"context"

	"keyfob/internal/center/store"
)

// OpenSession is one of a person's sessions, and the clients that came in under it.
type OpenSession struct {
	store.Session
	Clients []store.SessionClient
}

// Sessions returns a person's open sessions, the newest first.
func (d *Directory) Sessions(ctx context.Context, userID string) ([]OpenSession, error) {
	all, err := d.Store.SessionsOf(ctx, userID)
	if err != nil {
		return nil, err
	}
	clients, err := d.Store.ClientsOf(ctx, userID)
	if err != nil {
		return nil, err
	}
	under := map[string][]store.SessionClient{}
	for _, c := range clients {
		under[c.SessionID] = append(under[c.SessionID], c)
	}
	var open []OpenSession
	for _, s := range all {
		if s.Open(d.Clock.Now()) {
			open = append(open, OpenSession{s, under[s.ID]})
		}
	}
	return open, nil
}

// EndSession ends one of a person's sessions and its tokens; of somebody else's it says store.ErrNotFound.
func (d *Directory) EndSession(ctx context.Context, userID, id string) error {
	all, err := d.Store.SessionsOf(ctx, userID)
	if err != nil {
		return err
	}
	for _, s := range all {
		if s.ID == id {
			return d.SignOut(ctx, s)
		}
	}
	return store.ErrNotFound
}

// EndOtherSessions ends all of a person's sessions but one.
func (d *Directory) EndOtherSessions(ctx context.Context, userID, keep string) error {
	open, err := d.Sessions(ctx, userID)
	if err != nil {
		return err
	}
	for _, s := range open {
		if s.ID != keep {
			if err := d.SignOut(ctx, s.Session); err != nil {
				return err
			}
		}
	}
	return nil
}

// EndClient ends the tokens of one client of a person's; of somebody else's it says store.ErrNotFound.
func (d *Directory) EndClient(ctx context.Context, userID, familyID string) error {
	clients, err := d.Store.ClientsOf(ctx, userID)
	if err != nil {
		return err
	}
	for _, c := range clients {
		if c.FamilyID == familyID {
			if err := d.Store.RevokeFamily(ctx, familyID, "signed out", d.Clock.Now()); err != nil {
				return err
			}
			return d.audit(ctx, "Logout", "success", userID, c.SessionID)
		}
	}
	return store.ErrNotFound
}
