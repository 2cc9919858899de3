package referee

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"

	"keyfob/internal/awsconfig"
)

// newName is a name that people give to a profile or a session.
type newName struct {
	name, goSDK string // goSDK is what it is to the SDK for Go
	js          bool   // whether the SDK for JavaScript knows it
}

// newNames are names of every sort.
//
// One with a blank, a quote or a backslash is written in single quotes, as the AWS CLI writes it, which is
// read by keyfob, the AWS CLI and boto3. To the SDK for Go the quotes are a part of the name: a profile
// has to be asked for with them, and the profiles of such a session cannot be used, since its name has
// none where they name it. The SDK for JavaScript knows no names but those of ASCII letters, digits and
// _-@+.%:/ at all. No spelling would do for everybody.
func newNames() []newName {
	return []newName{
		{"fresh", "fresh", true},
		{"new-1.x@corp/a:b+50%", "new-1.x@corp/a:b+50%", true},
		{"größe-日本", "größe-日本", false},
		{"$HOME/*", "$HOME/*", false},
		{"my new one", `'my new one'`, false},
		{"it's new", `'it'"'"'s new'`, false},
		{`"new"`, `'"new"'`, false},
		{`new\one`, `'new\one'`, false},
	}
}

type setting struct{ key, value string }

// newProfile is what a new profile gets, in the order in which the wizard writes.
func newProfile(session string) []setting {
	return []setting{
		{"sso_session", session},
		{"sso_account_id", "000000000042"},
		{"sso_role_name", "ReadOnlyAccess"},
		{"region", "ap-southeast-2"},
		{"output", "yaml"},
	}
}

// newSession is what a new session gets.
func newSession() []setting {
	return []setting{
		{"sso_start_url", "https://new.awsapps.com/start/#"},
		{"sso_region", "ca-west-1"},
		{"sso_registration_scopes", "sso:account:access"},
	}
}

// write adds a new profile to the files in a home folder as configure sso does, which would have to sign
// in, and lets configure sso-session add its session.
func (w *world) write(profile, session string) {
	w.t.Helper()
	before, err := os.ReadFile(w.path("config"))
	if !errors.Is(err, fs.ErrNotExist) {
		must(w.t, err)
	}
	e := awsconfig.Edit(before)
	for _, s := range newProfile(session) {
		must(w.t, e.Set(awsconfig.Header{Kind: awsconfig.ProfileSection, Name: profile}, s.key, s.value))
	}
	must(w.t, os.WriteFile(w.path("config"), e.Bytes(), 0o600))
	args := []string{"configure", "sso-session", "--session-name", session, "--start-url", "", "--sso-region", "", "--scopes", ""}
	for i, s := range newSession() {
		args[5+2*i] = s.value
	}
	w.ok(keyfob, args...)
}

// What keyfob appends to a file is read by all, and what was there is read as before. The files are the
// odd ones that the AWS CLI reads.
func TestWrittenFiles(t *testing.T) {
	t.Parallel()
	folder := newFolder(t)
	names := newNames()
	type written struct {
		odd              oddFiles
		before, after    *world
		profile, session newName
	}
	var all []written
	var homes []*world
	for _, o := range readOddFiles(t) {
		if o.better != nil {
			continue
		}
		w := written{
			odd: o, profile: names[len(all)%len(names)], session: names[len(all)/len(names)%len(names)],
			before: folder.newFiles(o.name, o.files), after: folder.newFiles(o.name+".written", o.files),
		}
		w.after.write(w.profile.name, w.session.name)
		all, homes = append(all, w), append(homes, w.before, w.after)
	}
	if len(all) < len(names)*len(names) {
		t.Fatalf("%d files are too few for every pair of names", len(all))
	}
	judges := map[string]map[*world]facts{"aws-cli": folder.ofPython("aws-cli", homes), "boto3": folder.ofPython("boto3", homes)}
	for _, w := range all {
		t.Run(w.odd.name, func(t *testing.T) {
			before, after := &world{&center{t: t}, w.before.home}, &world{&center{t: t}, w.after.home}
			words, guessed := guesses(slices.Collect(maps.Values(w.odd.files))...)
			profile, session := profileSection(w.profile.name), sessionSection(w.session.name)
			want := facts{fact{profile, ""}: there, fact{session, ""}: there}
			source := map[string]string{}
			for _, s := range newProfile(w.session.name) {
				want.put(profile, s.key, s.value)
				source[s.key] = s.value
			}
			for _, s := range newSession() {
				want.put(session, s.key, s.value)
				source[s.key] = s.value
			}
			for _, other := range []string{"region", "output", "sso_registration_scopes"} {
				delete(source, other)
			}
			want.put(profile, "signs in as", source)
			if w.odd.name == "21-DEFAULT" { // its region is the session's as well, and nobody signs in
				want.putAnswer(profile, "signs in as", nil,
					errors.New("The value for region is inconsistent between profile (ap-southeast-2) and sso-session (eu-west-1)."))
			}
			for name, judge := range judges {
				holds(t, name, judge[w.after], judge[w.before], want)
				inOrder(t, name, judge[w.after], judge[w.before], w.profile.name)
			}
			read, was := after.ofKeyfob(words), before.ofKeyfob(words)
			holds(t, "keyfob", read, was, want)
			inOrder(t, "keyfob", read, was, w.profile.name)

			found := after.ofGoSDK(unique(append(guessed, w.profile.name, w.profile.goSDK)))
			want = want.forGoSDK(found)
			asked := fact{profileSection(w.profile.goSDK), ""}
			switch {
			case w.odd.name == "08-old-mac-lines": // nor does it read anything else in it
				if found[asked] != "" {
					t.Errorf("the SDK for Go reads %s", asked)
				}
				return
			case w.session.name != w.session.goSDK:
				want = facts{asked: refused + ": failed to find SSO session section, " + strings.Trim(w.session.name, `"`)}
			case w.profile.name != w.profile.goSDK:
				for about, value := range want {
					if about.section == profile {
						delete(want, about)
						want[fact{asked.section, about.key}] = value
					}
				}
			}
			holds(t, "the SDK for Go", found, before.ofGoSDK(guessed), want)
		})
	}
}

// holds checks that a reader finds what it found before and what is new.
func holds(t *testing.T, reader string, found, before, added facts) {
	t.Helper()
	if len(added) == 0 {
		t.Fatal("nothing is new")
	}
	want := maps.Clone(before)
	maps.Copy(want, added)
	delete(want, profileNames)
	for about, value := range want {
		if found[about] != value {
			t.Errorf("%s: %s is %s, not %s", reader, about, found[about], value)
		}
	}
}

// inOrder checks that a reader lists the profiles it listed before, and the new one where it likes.
func inOrder(t *testing.T, reader string, found, before facts, added string) {
	t.Helper()
	for _, form := range []string{" %q", "%q ", "%q"} {
		if strings.Replace(found[profileNames], fmt.Sprintf(form, added), "", 1) == before[profileNames] {
			return
		}
	}
	t.Errorf("%s: profiles %s, before %s", reader, found[profileNames], before[profileNames])
}
