// Package plan says what applying a declaration would change, before it is applied: what there will be,
// and how that differs from what there is.
//
// The command keyfob-center shows it and then calls store.Apply, which follows the same rules; that the
// two agree is tested with every store. It knows no files and no HTTP, and names no secret.
package plan

import (
	"slices"

	"keyfob/internal/center/store"
)

// State is what a store holds: everything, and what of it was declared.
type State struct {
	All, Declared store.Organisation
}

// Target is what there will be once want is applied. What was added beside the file stays, unless want
// prunes; a password, or whether somebody is disabled, changes only when its declaration does.
func Target(now State, want store.Organisation) store.Organisation {
	t := want
	declared := keysOf(now.Declared)
	wanted := keysOf(want)
	// stays reports whether something that is not wanted is left alone.
	stays := func(k key) bool { return !want.Prune && !wanted[k] && !declared[k] }

	before, was := byID(now.All.Users), byID(now.Declared.Users)
	t.Users = make([]store.User, 0, len(want.Users))
	for _, u := range want.Users {
		if b, known := before[u.ID]; known {
			// Somebody who was added, and is declared now, was declared without a password, and enabled.
			if d := was[u.ID]; u.PasswordHash == "" || u.PasswordHash == d.PasswordHash {
				u.PasswordHash = b.PasswordHash
			}
			if u.Disabled == was[u.ID].Disabled {
				u.Disabled = b.Disabled
			}
		}
		t.Users = append(t.Users, u)
	}
	for _, u := range now.All.Users {
		if stays(key{"user", u.ID}) {
			t.Users = append(t.Users, u)
		}
	}
	there := keysOf(t)

	t.PermissionSets = slices.Clone(want.PermissionSets)
	for _, p := range now.All.PermissionSets {
		if stays(key{"permission set", p.ID}) {
			t.PermissionSets = append(t.PermissionSets, p)
		}
	}
	t.Groups = nil
	groups := map[string]store.Group{}
	for _, g := range now.All.Groups {
		groups[g.ID] = g
	}
	for _, g := range want.Groups {
		g.Members = slices.Clone(g.Members)
		for _, m := range groups[g.ID].Members {
			if k := (key{"member", g.ID + "/" + m}); stays(k) && there[key{"user", m}] {
				g.Members = append(g.Members, m)
			}
		}
		t.Groups = append(t.Groups, g)
	}
	for _, g := range now.All.Groups {
		if stays(key{"group", g.ID}) {
			g.Members = slices.DeleteFunc(slices.Clone(g.Members), func(m string) bool { return !there[key{"user", m}] })
			t.Groups = append(t.Groups, g)
		}
	}
	there = keysOf(t)
	t.Assignments = slices.Clone(want.Assignments)
	for _, a := range now.All.Assignments {
		if stays(key{"assignment", assignmentKey(a)}) && there[key{"account", a.AccountID}] &&
			there[key{"permission set", a.PermissionSetID}] && (there[key{"user", a.PrincipalID}] || there[key{"group", a.PrincipalID}]) {
			t.Assignments = append(t.Assignments, a)
		}
	}
	return t
}

type key struct{ kind, id string }

// keysOf names everything that can be declared or added.
func keysOf(o store.Organisation) map[key]bool {
	all := map[key]bool{}
	for _, a := range o.Accounts {
		all[key{"account", a.ID}] = true
	}
	for _, u := range o.Users {
		all[key{"user", u.ID}] = true
	}
	for _, g := range o.Groups {
		all[key{"group", g.ID}] = true
		for _, m := range g.Members {
			all[key{"member", g.ID + "/" + m}] = true
		}
	}
	for _, p := range o.PermissionSets {
		all[key{"permission set", p.ID}] = true
	}
	for _, a := range o.Assignments {
		all[key{"assignment", assignmentKey(a)}] = true
	}
	return all
}

func assignmentKey(a store.AccountAssignment) string {
	return a.AccountID + "/" + a.PermissionSetID + "/" + a.PrincipalID
}

func byID(users []store.User) map[string]store.User {
	all := make(map[string]store.User, len(users))
	for _, u := range users {
		all[u.ID] = u
	}
	return all
}
