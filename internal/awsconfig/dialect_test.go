package awsconfig

import (
	"encoding/json"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"keyfob/internal/commandline"
)

// dialectCase is one text and what Python's configparser and shlex make of it; see testdata/dialect.py.
type dialectCase struct {
	Text    string
	Refused bool
	Raw     json.RawMessage
	Config  map[string]json.RawMessage
}

func dialectCases(t testing.TB) []dialectCase {
	t.Helper()
	data, err := os.ReadFile("testdata/dialect.json")
	if err != nil {
		t.Fatal(err)
	}
	var cases []dialectCase
	if err := json.Unmarshal(data, &cases); err != nil {
		t.Fatal(err)
	}
	if len(cases) < 400 {
		t.Fatalf("only %d cases", len(cases))
	}
	return cases
}

// shape is sections as the JSON has them: [[name, [[key, value or [[key, value]…]]…]]…].
func shape(ss sections) []any {
	found := []any{}
	for _, name := range ss.order {
		options := []any{}
		for _, e := range ss.named[name].entries {
			var value any = e.value
			if e.isNested() {
				nested := map[string]string{}
				for _, n := range e.nested {
					nested[n.key] = n.value
				}
				pairs := []any{}
				for k, v := range nested {
					pairs = append(pairs, []any{k, v})
				}
				sortPairs(pairs)
				value = pairs
			}
			options = append(options, []any{e.key, value})
		}
		sortPairs(options)
		found = append(found, []any{name, options})
	}
	return found
}

func sortPairs(pairs []any) {
	slices.SortFunc(pairs, func(a, b any) int {
		return strings.Compare(a.([]any)[0].(string), b.([]any)[0].(string))
	})
}

func decode(t *testing.T, data json.RawMessage) any {
	t.Helper()
	var v any
	if err := json.Unmarshal(data, &v); err != nil {
		t.Fatal(err)
	}
	return v
}

func TestDialectIsTheAWSCLIs(t *testing.T) {
	refusedCases := 0
	for _, tc := range dialectCases(t) {
		c := loadBoth(t, tc.Text, tc.Text)
		if tc.Refused {
			refusedCases++
			if !slices.ContainsFunc(c.Warnings, func(w Warning) bool { return strings.HasSuffix(w.Text, refused) }) {
				t.Errorf("%q: no warning that the AWS CLI refuses it, got %v", tc.Text, c.Warnings)
			}
			continue
		}
		if i := slices.IndexFunc(c.Warnings, func(w Warning) bool { return strings.HasSuffix(w.Text, refused) }); i >= 0 {
			t.Errorf("%q: wrong warning %v", tc.Text, c.Warnings[i])
		}
		if diff := cmp.Diff(decode(t, tc.Raw), any(shape(c.credentials))); diff != "" {
			t.Errorf("%q as credentials file (-want +got):\n%s", tc.Text, diff)
		}
		only := load(t, tc.Text)
		for kind, got := range map[string]sections{"profile": only.profiles, "sso-session": only.sessions, "services": only.services} {
			if diff := cmp.Diff(decode(t, tc.Config[kind]), any(shape(got))); diff != "" {
				t.Errorf("%q: %s sections (-want +got):\n%s", tc.Text, kind, diff)
			}
		}
	}
	if refusedCases == 0 {
		t.Error("no case that the AWS CLI refuses")
	}
}

func TestWhatTheAWSCLIRefusesIsReadOn(t *testing.T) {
	for _, tc := range []struct {
		name, file string
		want       map[string]string // keys of the default profile
		warnings   []Warning
	}{
		{
			"duplicate section", lines("[default]", "region = a", "output = json", "[profile x]", "[default]", "region = b"),
			map[string]string{"region": "b", "output": "json"},
			[]Warning{
				{WarnDuplicateSection, configPath, 5, `section "[default]" is given twice, read as one; the AWS CLI refuses the whole file`},
				{WarnDuplicateKey, configPath, 6, `key "region" is given twice, first on line 2; this one counts; the AWS CLI refuses the whole file`},
			},
		},
		{
			"duplicate key", lines("[default]", "region = a", "Region = b"),
			map[string]string{"region": "b"},
			[]Warning{{WarnDuplicateKey, configPath, 3, `key "region" is given twice, first on line 2; this one counts; the AWS CLI refuses the whole file`}},
		},
		{
			"key before a section", lines("", "region = a", "  more", "[default]", "output = b"),
			map[string]string{"output": "b"},
			[]Warning{
				{WarnStrayLine, configPath, 2, `the line is before the first section, ignored; the AWS CLI refuses the whole file`},
				{WarnStrayLine, configPath, 3, `the line is before the first section, ignored; the AWS CLI refuses the whole file`},
			},
		},
		{
			"byte order mark", "\ufeff" + lines("[default]", "region = a"),
			map[string]string{"region": "a"},
			[]Warning{{WarnByteOrderMark, configPath, 1, `the file starts with a byte order mark; the AWS CLI refuses the whole file`}},
		},
		{
			"byte order mark before a key", "\ufeff" + lines("region = a", "[default]"),
			nil,
			[]Warning{
				{WarnByteOrderMark, configPath, 1, `the file starts with a byte order mark; the AWS CLI refuses the whole file`},
				{WarnStrayLine, configPath, 1, `the line is before the first section, ignored; the AWS CLI refuses the whole file`},
			},
		},
		{
			"invalid UTF-8", lines("[default]", "region = a\xff", "output = b"),
			map[string]string{"region": "a\xff", "output": "b"},
			[]Warning{{WarnNotUTF8, configPath, 2, `the line is not valid UTF-8; the AWS CLI refuses the whole file`}},
		},
		{
			"nested line without delimiter", lines("[default]", "s3 =", "  oops", "  max = 1", "region = a"),
			map[string]string{"region": "a"},
			[]Warning{{WarnNestedLine, configPath, 3, `nested line without "=" ignored; the AWS CLI refuses the whole file`}},
		},
		{
			"lines below a stray line belong to it", lines("[default]", "region = a", "s3", "  region = nested", "output = b"),
			map[string]string{"region": "a", "output": "b"},
			[]Warning{
				{WarnStrayLine, configPath, 3, `the line is neither a section nor a key with a value, ignored; the AWS CLI refuses the whole file`},
				{WarnStrayLine, configPath, 4, `the line is neither a section nor a key with a value, ignored; the AWS CLI refuses the whole file`},
			},
		},
		{
			"no key", lines("[default]", "= a"),
			nil,
			[]Warning{{WarnStrayLine, configPath, 2, `the line is neither a section nor a key with a value, ignored; the AWS CLI refuses the whole file`}},
		},
		{
			"three words", lines("[default]", "region = a", "[profile a b]", "region = b", "[sso-session]", "[services 'x]"),
			map[string]string{"region": "a"},
			[]Warning{
				{WarnIgnoredSection, configPath, 3, `section "[profile a b]" ignored: after "profile" must come one name, quoted if it has blanks`},
				{WarnIgnoredSection, configPath, 5, `section "[sso-session]" ignored: after "sso-session" must come one name, quoted if it has blanks`},
				{WarnIgnoredSection, configPath, 6, `section "[services 'x]" ignored: after "services" must come one name, quoted if it has blanks`},
			},
		},
		{
			"hidden section", lines("[default]", "region = a", "output = json", "[profile default]", "region = b"),
			map[string]string{"region": "b"},
			[]Warning{{WarnShadowedSection, configPath, 4, `section "[profile default]" hides an earlier section for the same name, whose keys are not read`}},
		},
		{
			"hidden by a section that is given twice", lines("[default]", "[profile default]", "[profile default]"),
			nil,
			[]Warning{
				{WarnShadowedSection, configPath, 2, `section "[profile default]" hides an earlier section for the same name, whose keys are not read`},
				{WarnDuplicateSection, configPath, 3, `section "[profile default]" is given twice, read as one; the AWS CLI refuses the whole file`},
			},
		},
		{
			"control characters in a warning", lines("[default]", "a\x1b[2J = 1", "a\x1b[2J = 2"),
			map[string]string{"a\x1b[2j": "2"},
			[]Warning{{WarnDuplicateKey, configPath, 3, `key "a\x1b[2j" is given twice, first on line 2; this one counts; the AWS CLI refuses the whole file`}},
		},
	} {
		t.Run(tc.name, func(t *testing.T) {
			c := load(t, tc.file)
			if diff := cmp.Diff(tc.warnings, c.Warnings); diff != "" {
				t.Errorf("warnings (-want +got):\n%s", diff)
			}
			p, _ := c.Profile("default")
			got := map[string]string{}
			for _, key := range p.Keys() {
				if v, ok := p.Get(key); ok {
					got[key] = v
				}
			}
			if tc.want == nil {
				tc.want = map[string]string{}
			}
			if diff := cmp.Diff(tc.want, got); diff != "" {
				t.Errorf("keys (-want +got):\n%s", diff)
			}
		})
	}
}

func TestWarningsAreFewAndShort(t *testing.T) {
	long := strings.Repeat("ü", 10_000)
	c := load(t, "[default]\n"+strings.Repeat("junk\n", 1000)+long+" = 1\n")
	if len(c.Warnings) != maxWarnings {
		t.Errorf("%d warnings, want %d", len(c.Warnings), maxWarnings)
	}
	c = load(t, "[default]\n"+long+" = 1\n"+long+" = 2\n")
	if len(c.Warnings) != 1 || len(c.Warnings[0].Text) > 300 {
		t.Errorf("warnings %v", c.Warnings)
	}
}

func TestWordsAndQuotes(t *testing.T) {
	for _, name := range []string{"a", "a b", "", " ", "it's", `a"b`, `a\b`, `\`, `'"'`, "a\tb", "größe", "#x", "$HOME", "a]b"} {
		words, err := commandline.SplitPOSIX("profile " + quoteWord(name))
		if err != nil || len(words) != 2 || words[1] != name {
			t.Errorf("%q is written %s and read back as %q", name, quoteWord(name), words)
		}
	}
	for name, want := range map[string]string{"a": "a", "my prof": "'my prof'", "a\tb": "'a\tb'", "$x;": "$x;"} {
		if got := quoteWord(name); got != want {
			t.Errorf("%q is written %s, want %s as the AWS CLI", name, got, want)
		}
	}
}
