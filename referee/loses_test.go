package referee

import (
	"maps"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"

	"keyfob/internal/person"
)

// who is somebody of the organisation, and what is theirs.
type who struct {
	name     string
	factor   string
	own      account
	assigned string              // the assignment that gives them that
	roles    map[string][]string // all that they see
}

func everybody() []who {
	return []who{
		{
			"ada", "authenticator app",
			account{"111111111111", "AdministratorAccess"},
			"  - {account: \"111111111111\", permission_set: AdministratorAccess, users: [ada]}\n",
			map[string][]string{"111111111111": {"AdministratorAccess"}, "222222222222": {"ReadOnlyAccess"}, "000000000042": {"ReadOnlyAccess"}},
		},
		{
			"grace", "recovery codes",
			account{"222222222222", "AdministratorAccess"},
			"  - {account: \"222222222222\", permission_set: AdministratorAccess, users: [grace]}\n",
			map[string][]string{"222222222222": {"AdministratorAccess"}, "000000000042": {"ReadOnlyAccess"}},
		},
		{
			"linus", "",
			account{"333333333333", "ReadOnlyAccess"},
			"  - {account: \"333333333333\", permission_set: ReadOnlyAccess, users: [linus]}\n",
			map[string][]string{"333333333333": {"ReadOnlyAccess"}, "000000000042": {"ReadOnlyAccess"}},
		},
	}
}

// settle gives them their center and their second factor.
func (p who) settle(t *testing.T) *resident {
	t.Helper()
	r := settle(t, p.name, p.own)
	switch p.factor {
	case "authenticator app":
		r.factor, _ = r.addsApp()
	case "recovery codes":
		_, left := r.addsApp()
		r.factor = func() string {
			code := left[0]
			left = left[1:]
			return code
		}
	}
	r.needsSecondFactor()
	return r
}

// loss is a way to lose access.
type loss struct {
	name    string
	profile string // that is of no use afterwards
	happens func(r *resident, p who)
	undo    func(r *resident) // so that they can sign in again; nil after the last
	// left are the roles that they still see; nil if they are not let in at all.
	left func(p who) map[string][]string
}

func losses() []loss {
	return []loss{
		{"assignment", "own", func(r *resident, p who) { r.apply(p.assigned, "") }, func(r *resident) { r.declare(organisation) }, func(p who) map[string][]string {
			return without(p.roles, p.own)
		}},
		{"group", "shared", func(r *resident, p who) {
			members := regexp.MustCompile(`, `+p.name+`\b|\b`+p.name+`, `).ReplaceAllString("[ada, grace, linus]", "")
			r.apply("[ada, grace, linus]", members)
		}, func(r *resident) { r.declare(organisation) }, func(p who) map[string][]string {
			return without(p.roles, account{"000000000042", "ReadOnlyAccess"})
		}},
		{"session", "own", func(r *resident, _ who) {
			r.visits("/profile/sessions", "signed out", func(person.Page) url.Values { return url.Values{"end": {"all"}} })
		}, func(*resident) {}, nil},
		{"password", "own", func(r *resident, p who) {
			link, _, _ := strings.Cut(strings.TrimPrefix(r.admin("user", "reset", p.name, "--public-url", r.URL), r.URL), "\n")
			r.password = "a horse that forgets"
			r.visits(link, "Your password is set", func(person.Page) url.Values {
				return url.Values{"password": {r.password}, "again": {r.password}}
			})
		}, func(*resident) {}, nil},
		{"disabled", "own", func(r *resident, p who) { r.admin("user", "disable", p.name) }, func(r *resident) { r.admin("user", "enable", r.name) }, nil},
		{"removed", "own", func(r *resident, p who) {
			yaml := regexp.MustCompile(`.*password_file.*`).ReplaceAllStringFunc(organisation, func(line string) string {
				if strings.Contains(line, p.name) {
					return ""
				}
				return line
			})
			yaml = strings.Replace(yaml, p.assigned, "", 1)
			yaml = regexp.MustCompile(`.*users: \[`+p.name+`\].*\n`).ReplaceAllString(yaml, "")
			r.declare(regexp.MustCompile(`, `+p.name+`\b|\b`+p.name+`, `).ReplaceAllString(yaml, ""))
		}, nil, nil},
	}
}

func without(roles map[string][]string, lost account) map[string][]string {
	left := maps.Clone(roles)
	if left[lost.id] = slices.DeleteFunc(slices.Clone(left[lost.id]), func(role string) bool { return role == lost.role }); len(left[lost.id]) == 0 {
		delete(left, lost.id)
	}
	return left
}

// How each client says that the person may not have this role, and that there is no such person, or
// session, any more.
func refusals() (forbidden, outside map[string]string) {
	forbidden = map[string]string{
		awsCLI.name: "ForbiddenException", boto3.name: "ForbiddenException", goSDK.name: "GetRoleCredentials, https response error StatusCode: 403",
		jsSDK.name: "ForbiddenException",
	}
	outside = map[string]string{
		awsCLI.name: "has expired or is otherwise invalid", boto3.name: "UnauthorizedSSOTokenError", goSDK.name: "GetRoleCredentials, https response error StatusCode: 401",
		jsSDK.name: "UnauthorizedException",
	}
	return forbidden, outside
}

// People sign in with whatever second factor they have, each sees what is theirs, and whatever is taken
// from them is gone for every client with its very next call. What was fetched before, keys of a role,
// stays good until it runs out, as it does at AWS.
func TestPeopleLoseAccessAtOnce(t *testing.T) {
	t.Parallel()
	for _, p := range everybody() {
		t.Run(p.name, func(t *testing.T) {
			t.Parallel()
			clients := append([]tool{awsCLI}, sdks()...)
			needs(t, clients...)
			r := p.settle(t)
			var all []watcher
			for _, c := range clients {
				all = append(all, r.watch(c))
			}
			signers := []func(){
				func() { r.signsIn(awsCLI) }, func() { r.signsIn(keyfob) }, func() { r.signsIn(awsCLI, "--use-device-code") },
			}
			for i, l := range losses() {
				if l.left == nil || i == 0 { // else they are signed in
					signers[i%len(signers)]()
				}
				each(t, all, func(t *testing.T, c watcher) { p.has(t, c, l.profile, p.roles, i == 0) })
				l.happens(r, p)
				t.Run(l.name, func(t *testing.T) {
					each(t, all, func(t *testing.T, c watcher) { p.hasLost(t, c, l) })
				})
				if l.undo != nil {
					l.undo(r)
				}
			}
		})
	}
}

// each lets all clients look at once.
func each(t *testing.T, all []watcher, look func(*testing.T, watcher)) {
	t.Helper()
	var wg sync.WaitGroup
	for _, c := range all {
		wg.Go(func() { look(t, c) })
	}
	wg.Wait()
}

// has wants a client to see what is the person's, and nothing else.
func (p who) has(t *testing.T, c watcher, profile string, roles map[string][]string, first bool) {
	t.Helper()
	s := c.look(t, profile, first)
	if s.Identity.Error != "" || !strings.HasSuffix(s.Identity.Answer.Arn, "/"+p.name) {
		t.Errorf("%s is %+v in profile %s", c.tool.name, s.Identity, profile)
	}
	if c.tool.sdk || first {
		p.sees(t, c, s, roles)
	}
}

func (p who) sees(t *testing.T, c watcher, s sight, roles map[string][]string) {
	t.Helper()
	if s.Roles.Error != "" || !maps.EqualFunc(s.Roles.Answer, roles, slices.Equal) {
		t.Errorf("%s sees %+v, want %v", c.tool.name, s.Roles, roles)
	}
}

func (p who) hasLost(t *testing.T, c watcher, l loss) {
	t.Helper()
	s := c.look(t, l.profile, l.left != nil)
	forbidden, outside := refusals()
	refused := outside[c.tool.name]
	if l.left != nil {
		p.sees(t, c, s, l.left(p))
		refused = forbidden[c.tool.name]
	} else if !strings.Contains(s.Roles.Error, "UnauthorizedException") {
		t.Errorf("%s still sees %+v", c.tool.name, s.Roles)
	}
	if refused == "" || !strings.Contains(s.Identity.Error, refused) {
		t.Errorf("%s as %s: %+v", c.tool.name, l.profile, s.Identity)
	}
}
