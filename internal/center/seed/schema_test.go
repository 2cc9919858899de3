package seed_test

import (
	"encoding/json"
	"math/rand/v2"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"
	"github.com/santhosh-tekuri/jsonschema/v6"

	"keyfob/internal/center/seed"
)

func compiled(t *testing.T) *jsonschema.Schema {
	t.Helper()
	document, err := jsonschema.UnmarshalJSON(strings.NewReader(seed.Schema()))
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	if err := c.AddResource("center.schema.json", document); err != nil {
		t.Fatal(err)
	}
	s, err := c.Compile("center.schema.json")
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestSchemaAgreesWithParse(t *testing.T) {
	s := compiled(t)
	example, err := os.ReadFile("../../../cmd/keyfob-center/center.yaml")
	if err != nil {
		t.Fatal(err)
	}
	full := string(seed.Export(seed.Seed{Organisation: random(rand.New(rand.NewPCG(1, 2)))})) //nolint:gosec // reproducible
	for name, c := range map[string]struct {
		file string
		good bool
	}{
		"good": {good, true}, "all there is": {full, true},
		"the example":     {strings.NewReplacer("HASH-OF-ada", hash, "HASH-OF-grace", hash).Replace(string(example)), true},
		"unknown key":     {minimal("acounts: []\n"), false},
		"number for id":   {minimal("accounts: [{id: 111111111111, name: a}]\n"), false},
		"short id":        {minimal("accounts: [{id: \"42\", name: a}]\n"), false},
		"bad duration":    {minimal("permission_sets: [{name: a, session_duration: soon}]\n"), false},
		"inline secret":   {minimal("oauth_clients: [{name: a, secret: geheim}]\n"), false},
		"inline password": {minimal("users: [{name: a, password: geheim}]\n"), false},
		"no name":         {minimal("groups: [{members: []}]\n"), false},
	} {
		var value any
		if err := yaml.Unmarshal([]byte(c.file), &value); err != nil {
			t.Fatal(err)
		}
		b, err := json.Marshal(value)
		if err != nil {
			t.Fatal(err)
		}
		instance, err := jsonschema.UnmarshalJSON(strings.NewReader(string(b)))
		if err != nil {
			t.Fatal(err)
		}
		if err := s.Validate(instance); (err == nil) != c.good {
			t.Errorf("%s: the schema says %v", name, err)
		}
		if _, err := seed.Parse("c.yaml", []byte(c.file), seed.Sources{}); (err == nil) != c.good {
			t.Errorf("%s: Parse says %v", name, err)
		}
	}
}

// TestSchemaKnowsEveryKey asks the parser, by an unknown key, what it knows.
func TestSchemaKnowsEveryKey(t *testing.T) {
	var root map[string]any
	if err := json.Unmarshal([]byte(seed.Schema()), &root); err != nil {
		t.Fatal(err)
	}
	dig := func(path ...string) map[string]any {
		at := root
		for _, p := range path {
			at, _ = at[p].(map[string]any)
		}
		return at
	}
	known := regexp.MustCompile(`unknown key "zz" in [^:]+: it may have (.*)`)
	checked := 0
	for file, path := range map[string][]string{
		"zz: 1\n":                               {"properties"},
		"instance: {zz: 1}\n":                   {"properties", "instance", "properties"},
		minimal("accounts: [{zz: 1}]\n"):        {"properties", "accounts", "items", "properties"},
		minimal("users: [{zz: 1}]\n"):           {"properties", "users", "items", "properties"},
		minimal("groups: [{zz: 1}]\n"):          {"properties", "groups", "items", "properties"},
		minimal("permission_sets: [{zz: 1}]\n"): {"properties", "permission_sets", "items", "properties"},
		minimal("assignments: [{zz: 1}]\n"):     {"properties", "assignments", "items", "properties"},
		minimal("administrators: {zz: 1}\n"):    {"properties", "administrators", "properties"},
		minimal("service_users: [{zz: 1}]\n"):   {"properties", "service_users", "items", "properties"},
		minimal("roles: [{zz: 1}]\n"):           {"properties", "roles", "items", "properties"},
		minimal("oauth_clients: [{zz: 1}]\n"):   {"properties", "oauth_clients", "items", "properties"},
	} {
		_, err := seed.Parse("c.yaml", []byte(file), seed.Sources{})
		if err == nil {
			t.Fatalf("%q is accepted", file)
		}
		m := known.FindStringSubmatch(err.Error())
		if m == nil {
			t.Fatalf("%q: %v", file, err)
		}
		want := strings.Split(m[1], ", ")
		var have []string
		for k := range dig(path...) {
			have = append(have, k)
		}
		slices.Sort(want)
		slices.Sort(have)
		if checked++; !slices.Equal(want, have) {
			t.Errorf("%v: the parser knows %v, the schema %v", path, want, have)
		}
	}
	if checked < 11 {
		t.Errorf("only %d places were compared", checked)
	}
}

func TestSchemaIsPublished(t *testing.T) {
	b, err := os.ReadFile("../../../docs/center.schema.json")
	if err != nil || string(b) != seed.Schema() {
		t.Errorf("docs/center.schema.json is not what keyfob-center schema prints: %v", err)
	}
}
