package seed

import (
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/goccy/go-yaml/ast"

	"keyfob/internal/center/directory"
	"keyfob/internal/center/store"
)

// Bounds and defaults, which are Identity Center's own.
const (
	defaultSession     = 8 * time.Hour
	minSession         = 15 * time.Minute
	maxSession         = 90 * 24 * time.Hour
	defaultRoleSession = time.Hour
	maxRoleSession     = 12 * time.Hour
)

// names is what a file has declared so far, to find duplicates and to resolve references.
type names struct {
	accounts       map[string]string // id to id, and name to id
	users          map[string]string // name key and e-mail key to name
	userIDs        map[string]string // name key to id
	groups         map[string]string // name key to id
	permissionSets map[string]string // name to id
	assigned       map[store.AccountAssignment]bool
	roles          map[string]bool // account, "/", name in small letters
	serviceUsers   map[string]bool // the same
	clients        map[string]bool // name
	pending        []pendingTrust
}

// readFile reads the sections in the order in which they refer to each other, whatever the file's.
func (r *reader) readFile(root ast.Node) {
	r.names = names{
		accounts: map[string]string{}, users: map[string]string{}, userIDs: map[string]string{}, groups: map[string]string{},
		permissionSets: map[string]string{}, assigned: map[store.AccountAssignment]bool{}, roles: map[string]bool{}, serviceUsers: map[string]bool{},
		clients: map[string]bool{},
	}
	sections := map[string]ast.Node{}
	var fields []field
	for _, key := range []string{"instance", "accounts", "users", "groups", "permission_sets", "assignments", "administrators", "service_users", "roles", "oauth_clients"} {
		fields = append(fields, field{key, key == "instance", func(n ast.Node) { sections[key] = n }})
	}
	r.mapping(root, "the file", fields...)
	if n := sections["instance"]; n != nil {
		r.instance(n)
	}
	for _, s := range []struct {
		key  string
		read func(ast.Node)
	}{
		{"accounts", r.account},
		{"users", r.user},
		{"groups", r.group},
		{"permission_sets", r.permissionSet},
		{"assignments", r.assignment},
		{"service_users", r.serviceUser},
		{"roles", r.role},
		{"oauth_clients", r.oauthClient},
	} {
		if n := sections[s.key]; n != nil {
			r.list(n, s.key, s.read)
		}
	}
	if n := sections["administrators"]; n != nil {
		r.administrators(n)
	}
	r.trusts()
}

func (r *reader) instance(n ast.Node) {
	i := store.Instance{SessionLifetime: defaultSession}
	policy := ""
	r.mapping(
		n, "instance",
		field{"name", true, r.text("name", &i.Name)},
		field{"region", true, r.matching("region", `^[a-z]{2,5}(-[a-z]+)+-[0-9]+$`, "a region like us-east-1", &i.Region)},
		field{"start_urls", false, r.texts("start_urls", func(n ast.Node, s string) {
			if u, err := url.Parse(s); err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Host == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "" {
				r.report(n, "a start URL looks like https://example.awsapps.com/start")
				return
			}
			r.seed.StartURLs = append(r.seed.StartURLs, s)
		})},
		field{"session_duration", false, r.duration("session_duration", &i.SessionLifetime, minSession, maxSession)},
		field{"mfa", false, r.matching("mfa", `^(optional|required|off)$`, "optional, required or off", &policy)},
	)
	i.MFA = store.MFAPolicy(policy)
	i.ID = directory.InstanceID(i.Name)
	i.IdentityStoreID = directory.IdentityStoreID(i.ID)
	r.seed.Organisation.Instance = i
}

func (r *reader) account(n ast.Node) {
	var a store.Account
	id := func(n ast.Node) {
		if i, ok := n.(*ast.IntegerNode); ok {
			r.report(n, "account id %s must be in quotes, \"%s\": without them YAML reads a number, and leading zeros are lost",
				printable(i.Token.Value), printable(i.Token.Value))
			return
		}
		r.matching("id", `^[0-9]{12}$`, "12 digits in quotes", &a.ID)(n)
	}
	r.mapping(n, "an account", field{"id", true, id}, field{"name", true, r.text("name", &a.Name)}, field{"email", false, r.email(&a.Email)})
	if a.ID == "" {
		return
	}
	if r.accounts[a.ID] == a.ID {
		r.report(n, "account %s is declared twice", a.ID)
		return
	}
	r.accounts[a.Name] = a.ID
	r.accounts[a.ID] = a.ID
	r.seed.Organisation.Accounts = append(r.seed.Organisation.Accounts, a)
}

func (r *reader) group(n ast.Node) {
	var g store.Group
	var key string
	seen := map[string]bool{}
	r.mapping(
		n, "a group",
		field{"name", true, r.name(&g.Name, &key)},
		field{"members", false, r.texts("members", func(n ast.Node, s string) {
			id := r.userID(n, s)
			if id != "" && seen[id] {
				r.report(n, "user %s is in the group twice", printable(s))
			} else if id != "" {
				g.Members = append(g.Members, id)
			}
			seen[id] = true
		})},
	)
	if key == "" {
		return
	}
	if r.groups[key] != "" {
		r.report(n, "group %s is declared twice", g.Name)
		return
	}
	g.ID = directory.GroupID(r.seed.Organisation.Instance.ID, g.Name)
	r.groups[key] = g.ID
	r.seed.Organisation.Groups = append(r.seed.Organisation.Groups, g)
}

func (r *reader) permissionSet(n ast.Node) {
	p := store.PermissionSet{SessionDuration: defaultRoleSession}
	arn := `^arn:[a-z-]{3,12}:iam::([0-9]{12}|aws):policy/[!-~]{1,512}$`
	r.mapping(
		n, "a permission set",
		field{"name", true, r.matching("name", `^[A-Za-z0-9_+=,.@-]{1,32}$`, "1 to 32 letters, digits or any of _+=,.@-", &p.Name)},
		field{"description", false, r.text("description", &p.Description)},
		field{"session_duration", false, r.duration("session_duration", &p.SessionDuration, time.Hour, maxRoleSession)},
		field{"managed_policies", false, r.texts("managed_policies", func(n ast.Node, s string) {
			if !regexp.MustCompile(arn).MatchString(s) || slices.Contains(p.Policies.Managed, s) {
				r.report(n, "managed_policies are ARNs, each once, like arn:aws:iam::aws:policy/ReadOnlyAccess")
				return
			}
			p.Policies.Managed = append(p.Policies.Managed, s)
		})},
		field{"inline_policy", false, func(n ast.Node) { p.Policies.Inline = r.policy(n) }},
		field{"permissions_boundary", false, r.matching("permissions_boundary", arn, "the ARN of a policy", &p.Policies.Boundary)},
	)
	if p.Name == "" {
		return
	}
	if r.permissionSets[p.Name] != "" {
		r.report(n, "permission set %s is declared twice", p.Name)
		return
	}
	p.ID = directory.PermissionSetID(r.seed.Organisation.Instance.ID, p.Name)
	r.permissionSets[p.Name] = p.ID
	r.seed.Organisation.PermissionSets = append(r.seed.Organisation.PermissionSets, p)
}

func (r *reader) assignment(n ast.Node) {
	var a store.AccountAssignment
	var principals []store.AccountAssignment
	add := func(kind store.PrincipalKind, id string) {
		if id != "" {
			principals = append(principals, store.AccountAssignment{PrincipalKind: kind, PrincipalID: id})
		}
	}
	before := len(r.problems)
	r.mapping(
		n, "an assignment",
		field{"account", true, func(n ast.Node) { a.AccountID = r.accountID(n) }},
		field{"permission_set", true, func(n ast.Node) {
			var s string
			if r.text("permission_set", &s)(n); s != "" {
				if a.PermissionSetID = r.permissionSets[s]; a.PermissionSetID == "" {
					r.report(n, "there is no permission set %q: declare it under permission_sets", printable(s))
				}
			}
		}},
		field{"users", false, r.texts("users", func(n ast.Node, s string) { add(store.PrincipalUser, r.userID(n, s)) })},
		field{"groups", false, r.texts("groups", func(n ast.Node, s string) { add(store.PrincipalGroup, r.groupID(n, s)) })},
	)
	if len(principals) == 0 && len(r.problems) == before {
		r.report(n, "the assignment is for nobody: give it users or groups")
	}
	for _, p := range principals {
		a.PrincipalKind, a.PrincipalID = p.PrincipalKind, p.PrincipalID
		if !r.assigned[a] {
			r.seed.Organisation.Assignments = append(r.seed.Organisation.Assignments, a)
		}
		r.assigned[a] = true
	}
}

func (r *reader) accountID(n ast.Node) string {
	var s string
	r.text("account", &s)(n)
	switch id := r.accounts[s]; {
	case s == "":
		return ""
	case id == "":
		r.report(n, "there is no account %q: declare it under accounts", printable(s))
		return ""
	case id != s:
		r.report(n, "accounts are named by id: write \"%s\"", id)
		return ""
	default:
		return id
	}
}

func (r *reader) userID(n ast.Node, s string) string {
	key, _ := directory.NameKey(s)
	id := r.userIDs[key]
	if id == "" {
		r.report(n, "there is no user %q: declare them under users", printable(s))
	}
	return id
}

func (r *reader) groupID(n ast.Node, s string) string {
	key, _ := directory.NameKey(s)
	id := r.groups[key]
	if id == "" {
		r.report(n, "there is no group %q: declare it under groups", printable(s))
	}
	return id
}

// matching reads text of a pattern; like says what it looks like.
func (r *reader) matching(what, pattern, like string, to *string) func(ast.Node) {
	return func(n ast.Node) {
		var s string
		if r.text(what, &s)(n); s == "" {
			return
		}
		if !regexp.MustCompile(pattern).MatchString(s) {
			r.report(n, "%s must be %s", what, like)
			return
		}
		*to = s
	}
}

// name reads a name that is compared by its key.
func (r *reader) name(to, key *string) func(ast.Node) {
	return func(n ast.Node) {
		var s string
		if r.text("name", &s)(n); s == "" {
			return
		}
		k, err := directory.NameKey(s)
		if err != nil {
			r.report(n, "%s", err)
			return
		}
		*to, *key = s, k
	}
}

func (r *reader) email(to *string) func(ast.Node) {
	return func(n ast.Node) {
		var s string
		if r.text("email", &s)(n); s == "" {
			return
		}
		if at := strings.LastIndexByte(s, '@'); at < 1 || at == len(s)-1 || strings.ContainsAny(s, " <>") {
			r.report(n, "email must be an address like ada@example.com")
			return
		}
		*to = s
	}
}
