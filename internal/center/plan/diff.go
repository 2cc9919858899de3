package plan

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"slices"
	"strings"

	"keyfob/internal/center/store"
	"keyfob/internal/wire"
)

// Op is what happens to a thing.
type Op string

// Operations, as they are shown.
const (
	Add    Op = "+"
	Remove Op = "-"
	Modify Op = "~"
)

// Change is one thing that will be added, removed or modified. Its text may come from outside.
type Change struct {
	Op         Op
	Kind, Name string
	Fields     []Field // those that differ; none of what is removed
}

// Field is one property. Of secrets Before and After are empty.
type Field struct {
	Name          string
	Before, After string
	Secret        bool
}

// Opener opens what is sealed, so that two sealed secrets can be compared.
type Opener func(of string, sealed []byte) (wire.Secret, error)

// Diff lists what has to be changed to get from one organisation to another, in the order of the file.
func Diff(from, to store.Organisation, open Opener) []Change {
	before, after := flatten(from, to, open), flatten(to, from, open)
	var all []Change
	for _, kind := range []string{
		"instance", "account", "user", "group", "permission set", "assignment", "service user", "role", "administrator", "OAuth client",
	} {
		for _, name := range sorted(before[kind], after[kind]) {
			b, was := before[kind][name]
			a, is := after[kind][name]
			c := Change{Op: Modify, Kind: kind, Name: name}
			switch {
			case !was:
				c.Op, c.Fields = Add, differing(nil, a)
			case !is:
				c.Op = Remove
			default:
				if c.Fields = differing(b, a); len(c.Fields) == 0 {
					continue
				}
			}
			all = append(all, c)
		}
	}
	return all
}

func sorted(a, b map[string][]property) []string {
	var names []string
	for n := range a {
		names = append(names, n)
	}
	for n := range b {
		if _, both := a[n]; !both {
			names = append(names, n)
		}
	}
	slices.Sort(names)
	return names
}

func differing(before, after []property) []Field {
	var all []Field
	for i, a := range after {
		var b property
		if before != nil {
			b = before[i]
		}
		if a.value == b.value {
			continue
		}
		f := Field{Name: a.name, Before: b.value, After: a.value, Secret: a.secret}
		if a.secret {
			f.Before, f.After = "", ""
		}
		all = append(all, f)
	}
	return all
}

// property is one value of a thing; every thing of a kind has the same ones in the same order.
type property struct {
	name, value string
	secret      bool
}

// flatten describes everything by the names that people know. Names of what is only referred to come from
// the other side.
func flatten(o, other store.Organisation, open Opener) map[string]map[string][]property {
	names := namesOf(other)
	for id, n := range namesOf(o) {
		names[id] = n
	}
	all := map[string]map[string][]property{}
	put := func(kind, name string, p ...property) {
		if all[kind] == nil {
			all[kind] = map[string][]property{}
		}
		all[kind][name] = p
	}
	text := func(name, value string) property { return property{name: name, value: value} }
	if i := o.Instance; i.ID != "" {
		put("instance", i.Name, text("region", i.Region), text("session_duration", i.SessionLifetime.String()),
			text("mfa", string(i.MFA)))
	}
	for _, a := range o.Accounts {
		put("account", a.ID, text("name", a.Name), text("email", a.Email))
	}
	for _, u := range o.Users {
		put("user", u.NameKey, text("name", u.Name), text("email", u.Email), text("display_name", u.DisplayName),
			property{"password", u.PasswordHash, true}, text("disabled", yes(u.Disabled)))
	}
	for _, g := range o.Groups {
		put("group", g.Name, text("members", list(g.Members, names)))
	}
	for _, p := range o.PermissionSets {
		put("permission set", p.Name, text("description", p.Description), text("session_duration", p.SessionDuration.String()),
			text("managed_policies", strings.Join(p.Policies.Managed, ", ")), text("inline_policy", p.Policies.Inline),
			text("permissions_boundary", p.Policies.Boundary))
	}
	for _, a := range o.Assignments {
		put("assignment", a.AccountID+" "+names[a.PermissionSetID]+" "+strings.ToLower(string(a.PrincipalKind))+" "+names[a.PrincipalID])
	}
	for _, u := range o.ServiceUsers {
		var keys, secrets []string
		for _, k := range u.AccessKeys {
			keys, secrets = append(keys, k.ID), append(secrets, fingerprint(open, k.ID, k.Secret))
		}
		put("service user", u.AccountID+" "+u.Name, text("access_keys", strings.Join(keys, ", ")),
			property{"secrets", strings.Join(secrets, " "), true}, text("mfa", u.MFASerial),
			property{"mfa secret", fingerprint(open, u.MFASerial, u.MFASecret), true})
	}
	for _, r := range o.Roles {
		put("role", r.AccountID+" "+r.Name, text("path", r.Path), text("description", r.Description),
			text("max_session_duration", r.MaxSessionDuration.String()), text("trust", trust(r.Trust, names)))
	}
	for _, p := range o.Administrators {
		put("administrator", strings.ToLower(string(p.Kind))+" "+names[p.ID])
	}
	for _, c := range o.Clients {
		put("OAuth client", c.Name, text("client_id", c.ID), text("redirect_uris", strings.Join(c.RedirectURIs, ", ")),
			text("grant_types", strings.Join(c.GrantTypes, ", ")), text("scopes", strings.Join(c.Scopes, ", ")),
			property{"secret", hex.EncodeToString(c.SecretHash[:]), true})
	}
	return all
}

func namesOf(o store.Organisation) map[string]string {
	names := map[string]string{}
	for _, u := range o.Users {
		names[u.ID] = u.Name
	}
	for _, g := range o.Groups {
		names[g.ID] = g.Name
	}
	for _, p := range o.PermissionSets {
		names[p.ID] = p.Name
	}
	return names
}

func list(ids []string, names map[string]string) string {
	all := make([]string, len(ids))
	for i, id := range ids {
		all[i] = names[id]
	}
	slices.Sort(all)
	return strings.Join(all, ", ")
}

func yes(b bool) string {
	if b {
		return "true"
	}
	return ""
}

// trust is a role's trust on one line, with names in place of the ids of people and groups.
func trust(all []store.Trust, names map[string]string) string {
	if len(all) == 0 {
		return ""
	}
	named := make([]store.Trust, len(all))
	for i, t := range all {
		t.Principals = slices.Clone(t.Principals)
		for k := range t.Principals {
			if n, ok := names[t.Principals[k].Name]; ok {
				t.Principals[k].Name = n
			}
		}
		slices.SortFunc(t.Principals, func(a, b store.TrustPrincipal) int {
			return strings.Compare(string(a.Kind)+a.AccountID+a.Name, string(b.Kind)+b.AccountID+b.Name)
		})
		named[i] = t
	}
	b, err := json.Marshal(named)
	if err != nil {
		return err.Error() // there is nothing in it that cannot be marshalled
	}
	return string(b)
}

// fingerprint tells secrets apart without showing them. One that cannot be opened differs from all.
func fingerprint(open Opener, of string, sealed []byte) string {
	if len(sealed) == 0 {
		return ""
	}
	s, err := open(of, sealed)
	if err != nil {
		return "cannot be opened: " + err.Error()
	}
	sum := sha256.Sum256([]byte(s.Reveal()))
	return hex.EncodeToString(sum[:])
}

// Count says how many of each operation there are.
func Count(all []Change) map[Op]int {
	n := map[Op]int{}
	for _, c := range all {
		n[c.Op]++
	}
	return n
}
