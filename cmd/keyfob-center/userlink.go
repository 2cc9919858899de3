package main

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"time"

	"keyfob/internal/center/audit"
	"keyfob/internal/center/directory"
	"keyfob/internal/center/mfa"
	"keyfob/internal/center/store"
)

// invite prints a link for somebody's first password, and adds them if they are not there.
func (o *userOptions) invite(ctx context.Context, u users) error {
	if _, err := o.publicURL(); err != nil {
		return err
	}
	key, err := directory.NameKey(u.name)
	if err != nil {
		return usageError{err}
	}
	found, err := u.db.UserByKey(ctx, key)
	switch {
	case errors.Is(err, store.ErrNotFound):
		if err := o.add(ctx, u, ""); err != nil {
			return err
		}
		if found, err = u.db.UserByKey(ctx, key); err != nil {
			return err
		}
	case err != nil:
		return err
	case found.PasswordHash != "":
		return hinted{fmt.Errorf("%s has a password already", found.Name), "keyfob-center user reset prints a link for another one"}
	}
	return o.link(ctx, u, found, store.LinkInvite)
}

// reset prints a link for somebody's next password.
func (o *userOptions) reset(ctx context.Context, u users) error {
	if _, err := o.publicURL(); err != nil {
		return err
	}
	found, err := u.find(ctx)
	if err != nil {
		return err
	}
	if o.SecondFactors {
		factors := &mfa.Factors{Store: u.db, Keys: u.keys, Clock: o.Clock, Random: o.Random, Audit: u.dir.Audit}
		if err := factors.RemoveAll(ctx, found.ID); err != nil {
			return err
		}
		if err := o.say("Removed the second factors of %s.\n", found.Name); err != nil {
			return err
		}
	}
	return o.link(ctx, u, found, store.LinkReset)
}

func (o *userOptions) link(ctx context.Context, u users, whose store.User, kind store.LinkKind) error {
	base, err := o.publicURL()
	if err != nil {
		return err
	}
	secret, expires, err := u.dir.NewLink(ctx, whose.ID, kind)
	if err != nil {
		return err
	}
	if err := u.dir.Audit.Record(ctx, store.AuditEvent{
		Name: "CreatePasswordLink", Outcome: audit.Success, UserID: whose.ID,
		Detail: map[string]string{"user": whose.Name, "kind": string(kind), "expires": expires.UTC().Format(time.RFC3339)},
	}); err != nil {
		return err
	}
	base = base.JoinPath("password")
	base.RawQuery = url.Values{"link": {secret.Reveal()}}.Encode()
	return o.say("%s\nWorks once, until %s. Hand it to %s only.\n", base, expires.UTC().Format(time.RFC3339), whose.Name)
}

func (o *userOptions) publicURL() (*url.URL, error) {
	u, err := url.Parse(o.PublicURL)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "" || len(u.Path) > 1 {
		return nil, usageError{errors.New("--public-url is a scheme and a host, like https://center.example.com")}
	}
	return u, nil
}
