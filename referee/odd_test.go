package referee

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"unicode/utf8"
)

// oddFiles is a file of testdata/config: what is odd about a config file, a credentials file or both.
// It is text, first a note for people, then sections:
//
//	-- config --
//	-- credentials --            the files
//	-- better config --
//	-- better credentials --     the AWS CLI refuses the files; with these in their place it reads what keyfob reads
//	-- differs --                every difference that remains, a line each: READERS CLASS: DIFFERENCE
//
// In a section whose title ends in ", escaped" backslashes have the meaning they have in Go, and one at
// the end of a line hides the newline. The readers of a difference are those that do not read what
// keyfob reads, joined by "+"; its class is in [differenceClasses]. A test that fails prints the lines.
type oddFiles struct {
	name    string
	files   map[string][]byte // "config", "credentials"
	better  map[string][]byte // nil when the AWS CLI reads the files
	differs map[string]string // class by readers and difference
}

// differenceClasses says once what there is to say about each kind of difference.
func differenceClasses() map[string]string {
	return map[string]string{
		// keyfob's own.
		"session-endpoints": "keyfob also looks for the endpoints it signs in at in the session (package awsconfig says when)",
		"terminal":          "keyfob does not print characters with which a name could do something to a terminal",
		"invalid-utf-8":     "keyfob keeps bytes that are no UTF-8 as they are; no file that the AWS CLI reads has any",
		"unreadable-block":  "keyfob keeps a key of whose nested block no line can be read; no file that the AWS CLI reads has one",

		// keyfob is wrong, where it hurts nobody.
		"keyfob-nested-lines": "the AWS CLI also ends lines of a nested block, but no others, at VT, FF, FS, GS, RS, NEL, LS and PS",
		"keyfob-lower-case":   "the AWS CLI puts keys into lower case by Unicode's full rules: final sigma, dotted capital I",

		// The SDK for Go: headers.
		"header-quotes":       "quotes and backslashes of a header are a part of the name",
		"header-blanks":       "blanks at the ends of a header do not count, and a name of several words needs no quotes",
		"header-prefix":       "the first word of a header must be exactly profile, sso-session or services",
		"header-case":         "default is the default profile's name in lower case, but Default is a profile too",
		"header-tail":         "# and ; end a header line wherever they are, and with any other text behind its bracket it is no header",
		"fallbacks":           "DEFAULT is a profile, not the fallback of all others",
		"default-twice":       "[profile default] hides [default], wherever it is",
		"credentials-headers": "[profile NAME] in the credentials file is nothing",

		// The SDK for Go: lines and values.
		"lone-cr":         "a CR alone is no end of a line",
		"byte-order-mark": "a byte order mark is a part of the first line, which then is no header",
		"inline-comments": "a # or ; behind a blank begins a comment",
		"value-quotes":    "quotes around a value are taken off",
		"odd-blanks":      "FS, GS, RS and US are no blanks",
		"indentation":     "an indented line with a delimiter, below a key that has a value, is a key; below it, an indented header is a header; blank lines are no part of a value",
		"nested-case":     "keys of a nested block know no case",

		// The SDK for Go: what things add up to. It looks at the whole profile before it says anything.
		"dangling-session":  "a profile whose session is missing is refused, whatever it is wanted for",
		"dangling-services": "a services section that is missing or empty is ignored",
		"empty-endpoint":    "an empty endpoint of a service hides the profile's endpoint_url",
		"credentials-keys":  "of a profile that is in both files, only some keys of the credentials file count; endpoint_url does not",
		"half-credentials":  "half a pair of keys in the credentials file makes the profile unusable",
		"role-chains":       "a source_profile that is missing or leads nowhere makes the profile unusable",
	}
}

var sectionTitle = regexp.MustCompile(`(?m)^-- (better )?(config|credentials|differs)(, escaped)? --\n`)

// enough is how many odd files there are to be at least.
const enough = 60

func readOddFiles(t *testing.T) []oddFiles {
	t.Helper()
	paths, err := filepath.Glob("testdata/config/*.txt")
	must(t, err)
	if len(paths) < enough {
		t.Fatalf("only %d odd files", len(paths))
	}
	var found []oddFiles
	for _, path := range paths {
		data, err := os.ReadFile(path)
		must(t, err)
		text := string(data)
		odd := oddFiles{name: strings.TrimSuffix(filepath.Base(path), ".txt"), files: map[string][]byte{}, differs: map[string]string{}}
		titles := sectionTitle.FindAllStringSubmatchIndex(text, -1)
		if len(titles) == 0 || titles[0][0] == 0 {
			t.Fatalf("%s: no note or no files", path)
		}
		for i, at := range titles {
			end := len(text)
			if i+1 < len(titles) {
				end = titles[i+1][0]
			}
			content, what := text[at[1]:end], text[at[4]:at[5]]
			if at[6] >= 0 {
				content, err = unescape(content)
				must(t, err)
			}
			switch {
			case what == "differs":
				for _, line := range strings.Split(strings.TrimSuffix(content, "\n"), "\n") {
					who, difference, _ := strings.Cut(line, ": ")
					readers, class, _ := strings.Cut(who, " ")
					if differenceClasses()[class] == "" {
						t.Errorf("%s: there is no class of differences %q", path, class)
					}
					odd.differs[readers+": "+difference] = class
				}
			case at[2] >= 0:
				if odd.better == nil {
					odd.better = maps.Clone(odd.files)
				}
				odd.better[what] = []byte(content)
			default:
				odd.files[what] = []byte(content)
			}
		}
		found = append(found, odd)
	}
	return append(found, longLines())
}

// longLines are longer than the buffers that programs read lines into.
func longLines() oddFiles {
	long := strings.Repeat("0123456789", 10_000)
	return oddFiles{name: "long-lines", files: map[string][]byte{
		"config": []byte("# " + long + "\n[profile " + long + "]\nregion = " + long + "\nsso_session = s\n[sso-session s]\nsso_region = " + long + "\n"),
	}}
}

func unescape(s string) (string, error) {
	var b strings.Builder
	for s != "" {
		if strings.HasPrefix(s, "\\\n") {
			s = s[2:]
			continue
		}
		r, multibyte, rest, err := strconv.UnquoteChar(s, 0)
		if err != nil {
			return "", err
		}
		if r < utf8.RuneSelf || multibyte {
			b.WriteRune(r)
		} else {
			b.WriteByte(byte(r))
		}
		s = rest
	}
	return b.String(), nil
}

// newFiles makes a home folder with these files.
func (w *world) newFiles(name string, files map[string][]byte) *world {
	w.t.Helper()
	home := &world{w.center, filepath.Join(w.home, name)}
	must(w.t, os.MkdirAll(home.path(), 0o700))
	for name, content := range files {
		must(w.t, os.WriteFile(home.path(name), content, 0o600))
	}
	return home
}

// newFolder makes a folder for home folders. It lies where programs in the Debian folder see it.
func newFolder(t *testing.T) *world {
	t.Helper()
	needs(t, awsCLI, boto3)
	home, err := os.MkdirTemp(filepath.Join(debian(), "tmp"), "referee-files-")
	must(t, err)
	t.Cleanup(func() { must(t, os.RemoveAll(home)) })
	return &world{&center{t: t}, home}
}

// All readers make the same of the same files, but for what is documented with them: the same profiles in
// the same order, the same keys, sessions and endpoints, the same idea of where credentials come from.
func TestOddFiles(t *testing.T) {
	t.Parallel()
	folder := newFolder(t)
	odd := readOddFiles(t)
	var homes []*world
	for _, o := range odd {
		homes = append(homes, folder.newFiles(o.name, o.files), folder.newFiles(o.name+".better", o.better))
	}
	judges := map[string]map[*world]facts{}
	for _, name := range []string{"aws-cli", "boto3"} {
		judges[name] = folder.ofPython(name, homes)
	}
	for i, o := range odd {
		t.Run(o.name, func(t *testing.T) {
			home := &world{&center{t: t}, homes[2*i].home}
			keys, names := guesses(slices.Collect(maps.Values(o.files))...)
			read := home.ofKeyfob(keys)
			readers := map[string][]string{} // by difference
			for name, judge := range judges {
				says := judge[homes[2*i]]
				if refuses := says[wholeFile] == refused; refuses != (o.better != nil) {
					t.Errorf("%s refuses the files: %v", name, refuses)
				} else if refuses {
					says = judge[homes[2*i+1]]
					says[wholeFile] = refused
				}
				for _, d := range differences(read, says) {
					readers[d] = append(readers[d], name)
				}
			}
			for about := range read {
				if name, ok := strings.CutPrefix(about.section, "profile "); ok {
					name, err := strconv.Unquote(name)
					must(t, err)
					names = append(names, name)
				}
			}
			sdk := home.ofGoSDK(unique(names))
			for _, d := range differences(read.forGoSDK(sdk), sdk) {
				readers[d] = append(readers[d], "go-sdk")
			}
			documented := maps.Clone(o.differs)
			for _, d := range slices.Sorted(maps.Keys(readers)) {
				line := strings.Join(slices.Sorted(slices.Values(readers[d])), "+") + ": " + d
				if _, ok := documented[line]; !ok {
					t.Errorf("not documented: %s", line)
				}
				delete(documented, line)
			}
			for line, class := range documented {
				t.Errorf("no longer so (%s): %s", class, line)
			}
		})
	}
	summary(t, odd)
}

// The AWS CLI's command says what the part of it says that the other tests ask.
func TestOddFilesAndTheAWSCommand(t *testing.T) {
	t.Parallel()
	folder := newFolder(t)
	accepted, refused := 0, 0
	for i, o := range readOddFiles(t) {
		if i%29 != 9 { // a process takes its time
			continue
		}
		home := folder.newFiles(o.name, o.files)
		names, aws := home.ok(keyfob, "configure", "list-profiles"), home.run(awsCLI, "configure", "list-profiles")
		if o.better == nil {
			accepted++
			if aws.code != 0 || aws.stdout != names {
				t.Errorf("%s: the AWS CLI says %q %q, keyfob %q", o.name, aws.stdout, aws.stderr, names)
			}
			continue
		}
		refused++
		if aws.code != 255 || !strings.Contains(aws.stderr, "Unable to parse config file") {
			t.Errorf("%s: the AWS CLI says %d %q", o.name, aws.code, aws.stderr)
		}
	}
	if accepted == 0 || refused == 0 {
		t.Errorf("%d accepted and %d refused files", accepted, refused)
	}
}

// summary prints how many files there are of each kind, and checks that there are some.
func summary(t *testing.T, odd []oddFiles) {
	t.Helper()
	agree, better := 0, 0
	files := map[string]int{}
	for _, o := range odd {
		switch {
		case o.better != nil:
			better++
		case len(o.differs) == 0:
			agree++
		}
		for _, class := range unique(slices.Collect(maps.Values(o.differs))) {
			files[class]++
		}
	}
	if agree == 0 || better == 0 {
		t.Errorf("%d files that all read alike, %d that the AWS CLI refuses", agree, better)
	}
	table := fmt.Sprintf("%4d files\n%4d  all read alike\n%4d  the AWS CLI refuses and keyfob reads\n", len(odd), agree, better)
	classes := differenceClasses()
	for _, class := range slices.Sorted(maps.Keys(classes)) {
		if files[class] == 0 {
			t.Errorf("no file has a difference of class %q", class)
		}
		table += fmt.Sprintf("%4d  %-20s %s\n", files[class], class, classes[class])
	}
	t.Log("\n" + table)
}
