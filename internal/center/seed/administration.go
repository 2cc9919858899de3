package seed

import (
	"bytes"
	"encoding/json"
	"slices"
	"strings"
	"time"

	"github.com/goccy/go-yaml/ast"

	"keyfob/internal/center/clients"
	"keyfob/internal/center/directory"
	"keyfob/internal/center/store"
	"keyfob/internal/wire"
)

// maxPolicy is the size of a policy document, in bytes without blanks: AWS's for an inline policy.
const maxPolicy = 32 << 10

// administrators reads who may use the administration pages.
func (r *reader) administrators(n ast.Node) {
	add := func(kind store.PrincipalKind, id string) {
		if p := (store.Principal{Kind: kind, ID: id}); id != "" && !slices.Contains(r.seed.Organisation.Administrators, p) {
			r.seed.Organisation.Administrators = append(r.seed.Organisation.Administrators, p)
		}
	}
	r.mapping(
		n, "administrators",
		field{"users", false, r.texts("users", func(n ast.Node, s string) { add(store.PrincipalUser, r.userID(n, s)) })},
		field{"groups", false, r.texts("groups", func(n ast.Node, s string) { add(store.PrincipalGroup, r.groupID(n, s)) })},
	)
}

// policy reads a policy document, as JSON text or as YAML of the same shape, and returns it as JSON.
func (r *reader) policy(n ast.Node) string {
	var document any
	if s, ok := str(n); ok {
		if err := json.Unmarshal([]byte(s), &document); err != nil {
			r.report(n, "inline_policy is not JSON: %s", printable(err.Error()))
			return ""
		}
	} else if document, ok = plain(n); !ok {
		r.report(n, "inline_policy must be a policy document: a mapping with Version and Statement, or the same as JSON text")
		return ""
	}
	m, _ := document.(map[string]any)
	if m["Statement"] == nil {
		r.report(n, "inline_policy must be a policy document: a mapping with Version and Statement")
		return ""
	}
	var b bytes.Buffer
	var err error
	if s, ok := str(n); ok {
		err = json.Compact(&b, []byte(s)) // which keeps the order of what somebody wrote
	} else {
		var sorted []byte
		sorted, err = json.Marshal(document)
		b.Write(sorted)
	}
	if err != nil || b.Len() > maxPolicy {
		r.report(n, "inline_policy is larger than %d KiB", maxPolicy>>10)
		return ""
	}
	return b.String()
}

// plain is the value of a node, false if it has something in it that JSON does not know.
func plain(n ast.Node) (any, bool) {
	if s, ok := str(n); ok {
		return s, true
	}
	switch n := n.(type) {
	case *ast.BoolNode:
		return n.Value, true
	case *ast.IntegerNode:
		return n.Value, true
	case *ast.SequenceNode:
		all := []any{}
		for _, v := range n.Values {
			p, ok := plain(v)
			if !ok {
				return nil, false
			}
			all = append(all, p)
		}
		return all, true
	case *ast.MappingNode, *ast.MappingValueNode:
		all := map[string]any{}
		for _, p := range pairsOf(n) {
			k, ok := p.Key.(*ast.StringNode)
			if !ok {
				return nil, false
			}
			if all[k.Value], ok = plain(p.Value); !ok {
				return nil, false
			}
		}
		return all, true
	}
	return nil, false
}

// never is when declared OAuth clients expire.
func never() time.Time { return time.Date(9999, 1, 1, 0, 0, 0, 0, time.UTC) }

// oauthClient reads a client that need not register. What it may ask for is what it might register for.
func (r *reader) oauthClient(n ast.Node) {
	in := wire.RegisterClientRequest{ClientType: wire.ClientTypePublic}
	var from secretSource
	collect := func(key string, to *[]string) field {
		return field{key, false, r.texts(key, func(_ ast.Node, s string) { *to = append(*to, s) })}
	}
	before := len(r.problems)
	r.mapping(n, "an OAuth client", append(
		from.fields(r),
		field{"name", true, r.text("name", &in.ClientName)},
		collect("redirect_uris", &in.RedirectURIs), collect("grant_types", &in.GrantTypes), collect("scopes", &in.Scopes),
	)...)
	if len(r.problems) > before {
		return
	}
	c, err := clients.Check(in)
	if err != nil {
		r.report(n, "%s", printable(err.Error()))
		return
	}
	if r.clients[c.Name] {
		r.report(n, "OAuth client %s is declared twice", c.Name)
		return
	}
	r.clients[c.Name] = true
	secret, ok := r.secret(n, from)
	if !ok {
		return
	}
	c.ID, c.CreatedAt, c.ExpiresAt = directory.ClientID(r.seed.Organisation.Instance.ID, c.Name), time.Unix(1, 0).UTC(), never()
	switch {
	case from.keep != "":
		r.stay(c.ID)
	case len(secret) < minKeySecret || len(secret) > maxKeySecret || strings.ContainsFunc(secret, func(c rune) bool { return c <= ' ' || c > '~' }):
		r.report(n, "the secret of an OAuth client must be %d to %d ASCII characters without blanks: openssl rand -base64 30 makes one", minKeySecret, maxKeySecret)
		return
	default:
		c.SecretHash = store.HashSecret(wire.Secret(secret))
	}
	r.seed.Organisation.Clients = append(r.seed.Organisation.Clients, c)
}
