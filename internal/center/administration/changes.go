package administration

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"keyfob/internal/center/directory"
	"keyfob/internal/center/store"
	"keyfob/internal/wire"
)

// AddUser adds a person, who has no password yet.
func (a *Administration) AddUser(ctx context.Context, by directory.Person, name, email, display string) error {
	if err := checkEmail(email); err != nil {
		return err
	}
	return a.change(ctx, by, "CreateUser", map[string]string{"user": name, "after": fmt.Sprintf("email %q, display name %q", email, display)}, func() error {
		u, err := a.Directory.NewUser(ctx, name, email, display, "")
		if err != nil {
			return err
		}
		return a.Store.AddUser(ctx, u)
	})
}

// UpdateUser changes what a person is called and their e-mail address.
func (a *Administration) UpdateUser(ctx context.Context, by directory.Person, id, email, display string) error {
	u, err := a.user(ctx, by, id)
	if err != nil {
		return err
	}
	if err := checkEmail(email); err != nil {
		return err
	}
	detail := map[string]string{"user": u.Name, "email": differs(u.Email, email), "display_name": differs(u.DisplayName, display)}
	return a.change(ctx, by, "UpdateUser", detail, func() (err error) {
		u.Email, u.DisplayName, u.EmailKey = email, display, ""
		if email != "" {
			if u.EmailKey, err = directory.NameKey(email); err != nil {
				return err
			}
		}
		return a.Store.UpdateUser(ctx, u)
	})
}

// SetDisabled stops a person from signing in and ends their sessions, or undoes that.
func (a *Administration) SetDisabled(ctx context.Context, by directory.Person, id string, disabled bool) error {
	u, err := a.other(ctx, by, id)
	if err != nil {
		return err
	}
	detail := map[string]string{"user": u.Name, "disabled": differs(fmt.Sprint(u.Disabled), fmt.Sprint(disabled))}
	return a.change(ctx, by, "UpdateUser", detail, func() error { return a.Store.SetDisabled(ctx, id, disabled, a.Clock.Now()) })
}

// RemoveUser removes a person for good.
func (a *Administration) RemoveUser(ctx context.Context, by directory.Person, id string) error {
	u, err := a.other(ctx, by, id)
	if err != nil {
		return err
	}
	detail := map[string]string{"user": u.Name, "user_id": u.ID, "before": fmt.Sprintf("email %q, display name %q", u.Email, u.DisplayName)}
	return a.change(ctx, by, "DeleteUser", detail, func() error { return a.Store.RemoveUser(ctx, id) })
}

// NewLink makes a link with which a person chooses a password, once: their first one, or another. An earlier link
// of theirs stops working. Who made it is written down, and never the link.
func (a *Administration) NewLink(ctx context.Context, by directory.Person, id string, kind store.LinkKind) (secret wire.Secret, expires time.Time, err error) {
	u, err := a.other(ctx, by, id)
	switch {
	case err != nil:
		return "", expires, err
	case u.Disabled:
		return "", expires, Invalid{Message: "Somebody who is disabled cannot use a link: enable them first."}
	case kind == store.LinkInvite && u.PasswordHash != "":
		return "", expires, Invalid{Message: "There is a password already: a password-reset link is for another one."}
	}
	detail := map[string]string{"user": u.Name, "user_id": u.ID, "kind": string(kind)}
	if err := a.change(ctx, by, "CreatePasswordLink", detail, func() (err error) {
		secret, expires, err = a.Directory.NewLink(ctx, id, kind)
		detail["expires"] = expires.UTC().Format(time.RFC3339)
		return err
	}); err != nil {
		return "", expires, err
	}
	return secret, expires, nil
}

// EndSession ends one session and what was issued under it.
func (a *Administration) EndSession(ctx context.Context, by directory.Person, id string) error {
	return a.change(ctx, by, "EndSession", map[string]string{"session": id}, func() error {
		return a.Store.EndSession(ctx, id, "ended by an administrator", a.Clock.Now())
	})
}

// EndSessions ends all sessions of a person.
func (a *Administration) EndSessions(ctx context.Context, by directory.Person, userID string) error {
	u, err := a.user(ctx, by, userID)
	if err != nil {
		return err
	}
	return a.change(ctx, by, "EndSessions", map[string]string{"user": u.Name}, func() error {
		return a.Store.EndSessionsOf(ctx, userID, "ended by an administrator", a.Clock.Now())
	})
}

// AddGroup adds a group without members.
func (a *Administration) AddGroup(ctx context.Context, by directory.Person, name string) error {
	return a.change(ctx, by, "CreateGroup", map[string]string{"group": name}, func() error {
		if _, err := directory.NameKey(name); err != nil {
			return err
		}
		i, err := a.Store.Instance(ctx)
		if err != nil {
			return err
		}
		return a.Store.AddGroup(ctx, store.Group{ID: directory.GroupID(i.ID, name), Name: name})
	})
}

// RemoveGroup removes a group and what was assigned to it.
func (a *Administration) RemoveGroup(ctx context.Context, by directory.Person, g store.Group) error {
	detail := map[string]string{"group": g.Name, "before": fmt.Sprintf("%d members", len(g.Members))}
	return a.change(ctx, by, "DeleteGroup", detail, func() error { return a.Store.RemoveGroup(ctx, g.ID) })
}

// SetMember puts a person into a group, or takes them out.
func (a *Administration) SetMember(ctx context.Context, by directory.Person, g store.Group, userID string, member bool) error {
	u, err := a.user(ctx, by, userID)
	if err != nil {
		return err
	}
	detail := map[string]string{"group": g.Name, "user": u.Name}
	if member {
		return a.change(ctx, by, "CreateGroupMembership", detail, func() error { return a.Store.AddMember(ctx, g.ID, userID) })
	}
	return a.change(ctx, by, "DeleteGroupMembership", detail, func() error { return a.Store.RemoveMember(ctx, g.ID, userID) })
}

// PutPermissionSet adds a permission set, or changes the one that before is; its name stays.
func (a *Administration) PutPermissionSet(ctx context.Context, by directory.Person, before *store.PermissionSet, p store.PermissionSet) error {
	switch {
	case p.Name == "" || len(p.Name) > 32 || strings.Trim(strings.ToLower(p.Name), "abcdefghijklmnopqrstuvwxyz0123456789_+=,.@-") != "":
		return Invalid{Message: "The name of a permission set is 1 to 32 letters, digits or any of _+=,.@-"}
	case p.SessionDuration < time.Hour || p.SessionDuration > 12*time.Hour:
		return Invalid{Message: "Credentials live for 1 to 12 hours."}
	case len(p.Description) > 700:
		return Invalid{Message: "The description is longer than 700 bytes."}
	case p.Policies.Inline != "" && !isPolicy(p.Policies.Inline):
		return Invalid{Message: "The inline policy must be a policy document in JSON, of at most 32 KiB, with a Statement."}
	}
	if p.Policies.Inline != "" {
		var b bytes.Buffer
		if err := json.Compact(&b, []byte(p.Policies.Inline)); err != nil {
			return err // isPolicy has read it
		}
		p.Policies.Inline = b.String()
	}
	detail := map[string]string{"permission_set": p.Name, "session_duration": p.SessionDuration.String(), "description": p.Description}
	name := "CreatePermissionSet"
	if before != nil {
		name = "UpdatePermissionSet"
		detail["session_duration"] = differs(before.SessionDuration.String(), p.SessionDuration.String())
		detail["description"] = differs(before.Description, p.Description)
		detail["policies_changed"] = fmt.Sprint(before.Policies.Inline != p.Policies.Inline || strings.Join(before.Policies.Managed, " ") != strings.Join(p.Policies.Managed, " "))
	}
	return a.change(ctx, by, name, detail, func() error {
		if before != nil {
			p.ID = before.ID
			return a.Store.PutPermissionSet(ctx, p)
		}
		i, err := a.Store.Instance(ctx)
		if err != nil {
			return err
		}
		p.ID = directory.PermissionSetID(i.ID, p.Name)
		return a.Store.PutPermissionSet(ctx, p)
	})
}

// RemovePermissionSet removes a permission set and its assignments.
func (a *Administration) RemovePermissionSet(ctx context.Context, by directory.Person, p store.PermissionSet) error {
	return a.change(ctx, by, "DeletePermissionSet", map[string]string{"permission_set": p.Name}, func() error {
		return a.Store.RemovePermissionSet(ctx, p.ID)
	})
}

// Assign lets a person or a group use a permission set in an account, or no longer.
func (a *Administration) Assign(ctx context.Context, by directory.Person, as store.AccountAssignment, principal, permissionSet string, assigned bool) error {
	detail := map[string]string{
		"account": as.AccountID, "permission_set": permissionSet, "principal": strings.ToLower(string(as.PrincipalKind)) + " " + principal,
	}
	if assigned {
		return a.change(ctx, by, "CreateAccountAssignment", detail, func() error { return a.Store.AddAssignment(ctx, as) })
	}
	return a.change(ctx, by, "DeleteAccountAssignment", detail, func() error { return a.Store.RemoveAssignment(ctx, as) })
}

// user finds a person, for those who may.
func (a *Administration) user(ctx context.Context, by directory.Person, id string) (store.User, error) {
	if err := a.allow(ctx, by); err != nil {
		return store.User{}, err
	}
	u, err := a.Store.User(ctx, id)
	if err != nil {
		return u, Invalid{Message: "That person is not there any more."}
	}
	return u, nil
}

// other is user for what nobody should do to themselves, as nobody might be left to undo it.
func (a *Administration) other(ctx context.Context, by directory.Person, id string) (store.User, error) {
	if id == by.User.ID {
		return store.User{}, Invalid{Message: "You cannot do that to yourself: ask another administrator."}
	}
	return a.user(ctx, by, id)
}

func checkEmail(email string) error {
	if at := strings.LastIndexByte(email, '@'); email != "" && (at < 1 || at == len(email)-1 || strings.ContainsAny(email, " <>")) {
		return Invalid{Message: "The e-mail address must look like ada@example.com."}
	}
	return nil
}

func isPolicy(s string) bool {
	var document struct{ Statement json.RawMessage }
	return len(s) <= 32<<10 && json.Unmarshal([]byte(s), &document) == nil && len(document.Statement) > 0
}
