package seed

import (
	"bytes"
	"encoding/json"
	"net/netip"
	"net/url"
	"regexp"
	"strings"
	"time"

	"github.com/goccy/go-yaml/ast"

	"keyfob/internal/center/rolecreds"
	"keyfob/internal/center/store"
	"keyfob/internal/center/trust"
	"keyfob/internal/center/webidentity"
)

// roleName is what IAM allows as the name of a role or user.
const roleName = `^[A-Za-z0-9_+=,.@-]{1,64}$`

// pendingTrust is a role's trust, which may name roles that are declared further down.
type pendingTrust struct {
	role int // index in Organisation.Roles
	node ast.Node
}

func (r *reader) role(n ast.Node) {
	role := store.Role{Path: "/", MaxSessionDuration: defaultRoleSession}
	var statements ast.Node
	r.mapping(
		n, "a role",
		field{"account", true, func(n ast.Node) { role.AccountID = r.accountID(n) }},
		field{"name", true, r.matching("name", roleName, "1 to 64 letters, digits or any of _+=,.@-", &role.Name)},
		field{"path", false, r.matching("path", `^/([!-.0-~]{1,100}/){0,5}$`, "/ or like /team/", &role.Path)},
		field{"description", false, r.text("description", &role.Description)},
		field{"max_session_duration", false, r.duration("max_session_duration", &role.MaxSessionDuration, time.Hour, maxRoleSession)},
		field{"trust", true, func(n ast.Node) { statements = n }},
	)
	switch key := role.AccountID + "/" + strings.ToLower(role.Name); {
	case role.AccountID == "" || role.Name == "":
		return
	case strings.HasPrefix(role.Name, rolecreds.ReservedPrefix):
		r.report(n, "names that begin with %s are those of permission sets", rolecreds.ReservedPrefix)
	case r.roles[key]:
		r.report(n, "role %s is declared twice in account %s", role.Name, role.AccountID)
	default:
		r.roles[key] = true
		r.pending = append(r.pending, pendingTrust{len(r.seed.Organisation.Roles), statements})
		r.seed.Organisation.Roles = append(r.seed.Organisation.Roles, role)
	}
}

// trusts reads the trust of all roles, when all are known.
func (r *reader) trusts() {
	for _, p := range r.pending {
		if p.node == nil {
			continue
		}
		r.list(p.node, "trust", func(n ast.Node) {
			before := len(r.problems)
			t := r.statement(n)
			if len(r.problems) > before {
				return
			}
			role := &r.seed.Organisation.Roles[p.role]
			role.Trust = append(role.Trust, t)
		})
	}
}

// statement reads one element of a role's trust.
func (r *reader) statement(n ast.Node) store.Trust {
	var t store.Trust
	var account string
	type name struct {
		kind store.TrustKind
		node ast.Node
		text string
	}
	var names []name
	before := len(r.problems)
	of := func(key string, kind store.TrustKind) field {
		return field{key, false, r.texts(key, func(n ast.Node, s string) { names = append(names, name{kind, n, s}) })}
	}
	r.mapping(
		n, "an element of trust",
		field{"account", false, func(n ast.Node) { account = r.accountID(n) }},
		of("permission_sets", store.TrustPermissionSet), of("users", store.TrustUser), of("groups", store.TrustGroup),
		of("roles", store.TrustRole), of("service_users", store.TrustServiceUser),
		field{"arns", false, r.texts("arns", func(n ast.Node, s string) {
			if p, ok := r.arn(n, s); ok {
				t.Principals = append(t.Principals, p)
			}
		})},
		field{"external_id", false, r.matching("external_id", `^[A-Za-z0-9_+=,.@:/-]{2,1000}$`, "2 to 1000 letters, digits or any of _+=,.@:/-", &t.ExternalID)},
		field{"mfa", false, r.truth("mfa", &t.MFA)},
		field{"web_identity", false, func(n ast.Node) { t.WebIdentity = r.webIdentity(n) }},
	)
	if len(names) > 0 && account == "" {
		if len(r.problems) == before {
			r.report(n, "say in which account they have their credentials, with the key account")
		}
		return t
	}
	for _, s := range names {
		if p := (store.TrustPrincipal{Kind: s.kind, AccountID: account, Name: r.principal(s.node, s.kind, account, s.text)}); p.Name != "" {
			t.Principals = append(t.Principals, p)
		}
	}
	switch {
	case len(r.problems) > before: // what follows would only follow from that
	case t.WebIdentity != nil && (len(t.Principals) > 0 || t.MFA || t.ExternalID != "" || account != ""):
		r.report(n, "web_identity stands alone: it has an element of trust to itself")
	case t.WebIdentity == nil && len(t.Principals) == 0:
		r.report(n, "the element trusts nobody: give it permission_sets, users, groups, roles, service_users, arns or web_identity")
	}
	return t
}

// principal is what the store calls the one that has a name, "" if there is none.
func (r *reader) principal(n ast.Node, kind store.TrustKind, account, s string) string {
	switch kind {
	case store.TrustUser:
		return r.userID(n, s)
	case store.TrustGroup:
		return r.groupID(n, s)
	case store.TrustPermissionSet:
		if r.permissionSets[s] == "" {
			r.report(n, "there is no permission set %q: declare it under permission_sets", printable(s))
			return ""
		}
	case store.TrustRole:
		if !r.roles[account+"/"+strings.ToLower(s)] {
			r.report(n, "there is no role %q in account %q: declare it under roles", printable(s), account)
			return ""
		}
	case store.TrustServiceUser:
		if !r.serviceUsers[account+"/"+strings.ToLower(s)] {
			r.report(n, "there is no service user %q in account %q: declare it under service_users", printable(s), account)
			return ""
		}
	}
	return s
}

// arn reads a principal as trust policies of AWS have it.
func (r *reader) arn(n ast.Node, s string) (store.TrustPrincipal, bool) {
	partition := rolecreds.Partition(r.seed.Organisation.Instance.Region)
	m := regexp.MustCompile(`^arn:` + partition + `:(iam|sts)::([0-9]{12}):([a-z-]+)(?:/(.+))?$`).FindStringSubmatch(s)
	var p store.TrustPrincipal
	if m != nil {
		p.AccountID, p.Name = m[2], m[4]
		switch name := m[4][strings.LastIndexByte(m[4], '/')+1:]; m[1] + " " + m[3] {
		case "iam root":
			if m[4] == "" {
				p.Kind = store.TrustAccount
			}
		case "iam role":
			p.Kind = store.TrustRole
			if _, path, role, ok := trust.ParseRoleARN(partition, s); !ok {
				p.Kind = ""
			} else if p.Name = role; !r.hasRole(p.AccountID, path, role) {
				r.report(n, "there is no role of this ARN: declare it under roles")
				return p, false
			}
		case "iam user":
			if p.Kind = store.TrustServiceUser; r.principal(n, p.Kind, p.AccountID, name) == "" {
				return p, false
			}
		case "sts assumed-role":
			if strings.Count(m[4], "/") == 1 && name != "" {
				p.Kind = store.TrustRoleSession
			}
		}
	}
	switch {
	case p.Kind == "":
		r.report(n, "a trusted principal's ARN looks like arn:%s:iam::111111111111:root (the whole account), …:role/Name, …:user/Name "+
			"or arn:%s:sts::111111111111:assumed-role/Name/session", partition, partition)
	case r.accounts[p.AccountID] != p.AccountID:
		r.report(n, "there is no account %q: declare it under accounts", p.AccountID)
		p.Kind = ""
	}
	return p, p.Kind != ""
}

// hasRole reports whether a role is declared. Those of permission sets are, wherever they are assigned.
func (r *reader) hasRole(account, path, name string) bool {
	if strings.HasPrefix(name, rolecreds.ReservedPrefix) {
		return true
	}
	for _, role := range r.seed.Organisation.Roles {
		if role.AccountID == account && role.Path == path && role.Name == name {
			return true
		}
	}
	return false
}

func (r *reader) webIdentity(n ast.Node) *store.WebIdentity {
	var w store.WebIdentity
	var file, inline string
	before := len(r.problems)
	r.mapping(
		n, "web_identity",
		field{"issuer", true, r.webURL("issuer", &w.Issuer)},
		field{"audiences", true, r.texts("audiences", func(_ ast.Node, s string) { w.Audiences = append(w.Audiences, s) })},
		field{"subjects", true, r.texts("subjects", func(n ast.Node, s string) {
			if strings.Trim(s, "*?") == "" {
				r.report(n, "the subject %q is everybody who has a token of the issuer: say whose, like repo:example/*", s)
				return
			}
			w.Subjects = append(w.Subjects, s)
		})},
		field{"jwks_file", false, r.text("jwks_file", &file)},
		field{"jwks", false, r.text("jwks", &inline)},
		field{"jwks_url", false, r.webURL("jwks_url", &w.JWKSURL)},
	)
	if len(r.problems) > before {
		return &w
	}
	given := 0
	for _, s := range []string{file, inline, w.JWKSURL} {
		if s != "" {
			given++
		}
	}
	switch {
	case given != 1:
		r.report(n, "the issuer's public keys are in either jwks_file or jwks_url, or written out in jwks")
	case inline != "":
		w.JWKS = r.keys(n, "jwks", []byte(inline))
	case file != "" && r.sources.ReadFile == nil:
		r.report(n, "jwks_file cannot be used here")
	case file != "":
		b, err := r.sources.ReadFile(file)
		if err != nil {
			r.report(n, "jwks_file: %s", printable(err.Error()))
			return &w
		}
		w.JWKS = r.keys(n, "jwks_file", b)
	}
	return &w
}

// keys checks a set of public keys and returns it on one line.
func (r *reader) keys(n ast.Node, what string, set []byte) string {
	var b bytes.Buffer
	err := webidentity.CheckKeys(set)
	if err == nil {
		err = json.Compact(&b, set)
	}
	if err != nil {
		r.report(n, "%s: %s", what, printable(err.Error()))
	}
	return b.String()
}

// webURL reads an address that must be https, or be on this machine.
func (r *reader) webURL(what string, to *string) func(ast.Node) {
	return func(n ast.Node) {
		var s string
		if r.text(what, &s)(n); s == "" {
			return
		}
		u, err := url.Parse(s)
		if err != nil || u.Host == "" || u.User != nil || u.Fragment != "" || u.Opaque != "" ||
			u.Scheme != "https" && (u.Scheme != "http" || !loopback(u.Hostname())) {
			r.report(n, "%s must be an https URL", what)
			return
		}
		*to = s
	}
}

func loopback(host string) bool {
	a, err := netip.ParseAddr(host)
	return err == nil && a.IsLoopback()
}
