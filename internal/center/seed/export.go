package seed

import (
	"bytes"
	"encoding/json"
	"regexp"
	"strings"
	"time"

	"keyfob/internal/center/rolecreds"
	"keyfob/internal/center/store"
)

// Export writes an organisation as a file that declares it. Passwords are in it as hashes; the secrets of
// service users and OAuth clients are not ("secret: keep"), so it can be applied where they are.
func Export(s Seed) []byte {
	w := writer{o: s.Organisation, names: map[string]string{}, plain: regexp.MustCompile(`^[A-Za-z][A-Za-z0-9_/.@+-]*( [A-Za-z0-9_/.@+(]+)*$`)}
	for _, u := range w.o.Users {
		w.names[u.ID] = u.Name
	}
	for _, g := range w.o.Groups {
		w.names[g.ID] = g.Name
	}
	for _, p := range w.o.PermissionSets {
		w.names[p.ID] = p.Name
	}
	i := w.o.Instance
	w.line("instance:")
	w.text("  name", i.Name)
	w.text("  region", i.Region)
	w.duration("  session_duration", i.SessionLifetime)
	w.text("  mfa", string(i.MFA))
	w.texts("  start_urls", s.StartURLs)
	section(&w, "accounts", w.o.Accounts, w.account)
	section(&w, "users", w.o.Users, w.user)
	section(&w, "groups", w.o.Groups, w.group)
	section(&w, "permission_sets", w.o.PermissionSets, w.permissionSet)
	section(&w, "assignments", together(w.o.Assignments), w.assignment)
	w.administrators()
	section(&w, "service_users", w.o.ServiceUsers, w.serviceUser)
	section(&w, "roles", w.o.Roles, w.role)
	section(&w, "oauth_clients", w.o.Clients, w.oauthClient)
	return w.Bytes()
}

// writer writes YAML: block style, one value a line, and every text that could be read as anything else in
// double quotes, in which JSON's notation holds.
type writer struct {
	bytes.Buffer
	o     store.Organisation
	names map[string]string // of people, groups and permission sets, by id
	plain *regexp.Regexp
}

func (w *writer) line(s string) { w.WriteString(s + "\n") } // #nosec G104 -- a bytes.Buffer takes all

func (w *writer) quote(s string) string {
	if w.plain.MatchString(s) && len(s) < 200 {
		switch strings.ToLower(s) {
		case "true", "false", "null", "yes", "no", "on", "off", "y", "n":
		default:
			return s
		}
	}
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(s); err != nil {
		return `""` // a string can always be encoded
	}
	return strings.TrimSuffix(b.String(), "\n")
}

// text writes a key that is not written when it is empty.
func (w *writer) text(key, value string) {
	if value != "" {
		w.line(key + ": " + w.quote(value))
	}
}

func (w *writer) duration(key string, d time.Duration) {
	s := d.String() // 8h0m0s
	s = strings.TrimSuffix(s, "0s")
	if strings.HasSuffix(s, "h0m") {
		s = strings.TrimSuffix(s, "0m")
	}
	w.line(key + ": " + s)
}

func (w *writer) truth(key string, value bool) {
	if value {
		w.line(key + ": true")
	}
}

func (w *writer) texts(key string, values []string) {
	if len(values) == 0 {
		return
	}
	quoted := make([]string, len(values))
	for i, v := range values {
		quoted[i] = w.quote(v)
	}
	if one := key + ": [" + strings.Join(quoted, ", ") + "]"; len(one) <= 110 && !strings.ContainsAny(strings.Join(values, ""), ",[]{}") {
		w.line(one)
		return
	}
	w.line(key + ":")
	indent := key[:len(key)-len(strings.TrimLeft(key, " -"))]
	for _, q := range quoted {
		w.line(strings.ReplaceAll(indent, "-", " ") + "  - " + q)
	}
}

func section[T any](w *writer, name string, all []T, write func(T)) {
	if len(all) == 0 {
		return
	}
	w.line("\n" + name + ":")
	for _, one := range all {
		write(one)
	}
}

func (w *writer) account(a store.Account) {
	w.line(`  - id: "` + a.ID + `"`)
	w.text("    name", a.Name)
	w.text("    email", a.Email)
}

func (w *writer) user(u store.User) {
	w.line("  - name: " + w.quote(u.Name))
	w.text("    email", u.Email)
	w.text("    display_name", u.DisplayName)
	w.text("    password_hash", u.PasswordHash)
	w.truth("    disabled", u.Disabled)
}

func (w *writer) group(g store.Group) {
	w.line("  - name: " + w.quote(g.Name))
	w.texts("    members", w.named(g.Members))
}

func (w *writer) named(ids []string) []string {
	all := make([]string, len(ids))
	for i, id := range ids {
		all[i] = w.names[id]
	}
	return all
}

func (w *writer) permissionSet(p store.PermissionSet) {
	w.line("  - name: " + w.quote(p.Name))
	w.text("    description", p.Description)
	w.duration("    session_duration", p.SessionDuration)
	w.texts("    managed_policies", p.Policies.Managed)
	if p.Policies.Inline != "" {
		w.line("    inline_policy: |")
		var b bytes.Buffer
		if err := json.Indent(&b, []byte(p.Policies.Inline), "      ", "  "); err != nil {
			b.Reset()
			b.WriteString(p.Policies.Inline)
		}
		w.line("      " + b.String())
	}
	w.text("    permissions_boundary", p.Policies.Boundary)
}

// entry is assignments of one permission set in one account.
type entry struct {
	account, permissionSet string
	users, groups          []string
}

// together puts assignments that share account and permission set into one entry, in the order of their
// first.
func together(all []store.AccountAssignment) []entry {
	var out []entry
	at := map[[2]string]int{}
	for _, a := range all {
		k := [2]string{a.AccountID, a.PermissionSetID}
		i, known := at[k]
		if !known {
			i = len(out)
			at[k] = i
			out = append(out, entry{account: a.AccountID, permissionSet: a.PermissionSetID})
		}
		if a.PrincipalKind == store.PrincipalUser {
			out[i].users = append(out[i].users, a.PrincipalID)
		} else {
			out[i].groups = append(out[i].groups, a.PrincipalID)
		}
	}
	return out
}

func (w *writer) assignment(e entry) {
	w.line(`  - account: "` + e.account + `"`)
	w.text("    permission_set", w.names[e.permissionSet])
	w.texts("    users", w.named(e.users))
	w.texts("    groups", w.named(e.groups))
}

func (w *writer) administrators() {
	var users, groups []string
	for _, p := range w.o.Administrators {
		if p.Kind == store.PrincipalUser {
			users = append(users, w.names[p.ID])
		} else {
			groups = append(groups, w.names[p.ID])
		}
	}
	if len(users)+len(groups) == 0 {
		return
	}
	w.line("\nadministrators:")
	w.texts("  users", users)
	w.texts("  groups", groups)
}

func (w *writer) serviceUser(u store.ServiceUser) {
	w.line(`  - account: "` + u.AccountID + `"`)
	w.text("    name", u.Name)
	if len(u.AccessKeys) > 0 {
		w.line("    access_keys:")
	}
	for _, k := range u.AccessKeys {
		w.line("      - {id: " + k.ID + ", secret: keep}")
	}
	if u.MFASerial != "" {
		w.line("    mfa: {serial: " + w.quote(u.MFASerial) + ", secret: keep}")
	}
}

func (w *writer) role(r store.Role) {
	w.line(`  - account: "` + r.AccountID + `"`)
	w.text("    name", r.Name)
	w.text("    path", r.Path)
	w.text("    description", r.Description)
	w.duration("    max_session_duration", r.MaxSessionDuration)
	if len(r.Trust) == 0 {
		w.line("    trust: []")
		return
	}
	w.line("    trust:")
	for _, t := range r.Trust {
		w.trust(t)
	}
}

// trust writes one statement.
func (w *writer) trust(t store.Trust) {
	if t.WebIdentity != nil {
		w.line("      - web_identity:")
		w.text("          issuer", t.WebIdentity.Issuer)
		w.texts("          audiences", t.WebIdentity.Audiences)
		w.texts("          subjects", t.WebIdentity.Subjects)
		w.text("          jwks_url", t.WebIdentity.JWKSURL)
		w.text("          jwks", t.WebIdentity.JWKS)
		return
	}
	var account string // that of the names; who is in another one is named by ARN
	for _, p := range t.Principals {
		if p.Kind == store.TrustPermissionSet || p.Kind == store.TrustUser || p.Kind == store.TrustGroup {
			account = p.AccountID
		}
	}
	by, arns := map[store.TrustKind][]string{}, []string(nil)
	for _, p := range t.Principals {
		if arn := w.arn(p); arn != "" {
			arns = append(arns, arn)
		} else {
			by[p.Kind] = append(by[p.Kind], p.Name)
		}
	}
	dash := "      - "
	key := func(name string) string {
		defer func() { dash = "        " }()
		return dash + name
	}
	if account != "" {
		w.line(key("account") + `: "` + account + `"`)
	}
	for _, part := range []struct {
		name   string
		values []string
	}{
		{"permission_sets", by[store.TrustPermissionSet]},
		{"users", w.named(by[store.TrustUser])},
		{"groups", w.named(by[store.TrustGroup])},
		{"arns", arns},
	} {
		if len(part.values) > 0 {
			w.texts(key(part.name), part.values)
		}
	}
	w.text("        external_id", t.ExternalID)
	w.truth("        mfa", t.MFA)
}

// arn names a principal as AWS does, "" if only this file can name it.
func (w *writer) arn(p store.TrustPrincipal) string {
	partition := rolecreds.Partition(w.o.Instance.Region)
	iam := "arn:" + partition + ":iam::" + p.AccountID + ":"
	switch p.Kind {
	case store.TrustAccount:
		return iam + "root"
	case store.TrustServiceUser:
		return iam + "user/" + p.Name
	case store.TrustRoleSession:
		return "arn:" + partition + ":sts::" + p.AccountID + ":assumed-role/" + p.Name
	case store.TrustRole:
		path := "/"
		if strings.HasPrefix(p.Name, rolecreds.ReservedPrefix) {
			path = "/aws-reserved/sso.amazonaws.com/"
		}
		for _, r := range w.o.Roles {
			if r.AccountID == p.AccountID && r.Name == p.Name {
				path = r.Path
			}
		}
		return iam + "role" + path + p.Name
	}
	return ""
}

func (w *writer) oauthClient(c store.Client) {
	w.line("  - name: " + w.quote(c.Name))
	w.texts("    redirect_uris", c.RedirectURIs)
	w.texts("    grant_types", c.GrantTypes)
	w.texts("    scopes", c.Scopes)
	w.line("    secret: keep")
}
