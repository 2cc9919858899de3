package referee

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"keyfob/internal/awsconfig"
)

// newNames are names that people give to profiles and sessions, and what they are to the SDK for Go.
//
// A name with a blank, a quote or a backslash is written in single quotes, as the AWS CLI writes it,
// which is read by keyfob, the AWS CLI and boto3. To the SDK for Go the quotes are a part of the name: a
// profile has to be asked for with them, and the profiles of a session cannot be used, since its name
// has none where they name it. No spelling of such a name would do for all.
func newNames() []struct{ name, goSDK string } {
	return []struct{ name, goSDK string }{
		{"fresh", "fresh"},
		{"größe-日本", "größe-日本"},
		{"$HOME/*.new@corp", "$HOME/*.new@corp"},
		{"my new one", `'my new one'`},
		{"it's new", `'it'"'"'s new'`},
		{`"new"`, `'"new"'`},
		{`new\one`, `'new\one'`},
	}
}

// newSections are what a new profile and a new session get, in the order in which the wizard writes.
func newSections(profile, session string) []struct {
	section    awsconfig.Header
	key, value string
} {
	p := awsconfig.Header{Kind: awsconfig.ProfileSection, Name: profile}
	s := awsconfig.Header{Kind: awsconfig.SessionSection, Name: session}
	return []struct {
		section    awsconfig.Header
		key, value string
	}{
		{p, "sso_session", session},
		{p, "sso_account_id", "000000000042"},
		{p, "sso_role_name", "ReadOnlyAccess"},
		{p, "region", "ap-southeast-2"},
		{p, "output", "yaml"},
		{s, "sso_start_url", "https://new.awsapps.com/start/#"},
		{s, "sso_region", "ca-west-1"},
		{s, "sso_registration_scopes", "sso:account:access"},
	}
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
		profile, session struct{ name, goSDK string }
	}
	var all []written
	var homes []*world
	for _, o := range readOddFiles(t) {
		if o.better != nil {
			continue
		}
		w := written{odd: o, profile: names[len(all)%len(names)], session: names[len(all)/len(names)%len(names)]}
		e := awsconfig.Edit(o.files["config"])
		for _, set := range newSections(w.profile.name, w.session.name) {
			must(t, e.Set(set.section, set.key, set.value))
		}
		files := maps.Clone(o.files)
		files["config"] = e.Bytes()
		w.before, w.after = folder.newFiles(o.name, o.files), folder.newFiles(o.name+".written", files)
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
			want := facts{}
			source := map[string]string{"sso_session": w.session.name}
			for _, set := range newSections(w.profile.name, w.session.name) {
				section := profileSection(set.section.Name)
				if set.section.Kind == awsconfig.SessionSection {
					section = sessionSection(set.section.Name)
				}
				want[fact{section, ""}] = there
				want.put(section, set.key, set.value)
				if strings.HasPrefix(set.key, "sso_") && set.key != "sso_registration_scopes" {
					source[set.key] = set.value
				}
			}
			want.put(profileSection(w.profile.name), "signs in as", source)
			if w.odd.name == "21-DEFAULT" { // its region is the session's as well, and nobody signs in
				want.putAnswer(profileSection(w.profile.name), "signs in as", nil,
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
			profile := fact{profileSection(w.profile.goSDK), ""}
			switch {
			case w.odd.name == "08-old-mac-lines": // nor does it read anything else in it
				if found[profile] != "" {
					t.Errorf("the SDK for Go reads %s", profile)
				}
				return
			case w.session.name != w.session.goSDK:
				want = facts{profile: refused + ": failed to find SSO session section, " + strings.Trim(w.session.name, `"`)}
			case w.profile.name != w.profile.goSDK:
				for about, value := range want {
					if about.section == profileSection(w.profile.name) {
						delete(want, about)
						want[fact{profile.section, about.key}] = value
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
