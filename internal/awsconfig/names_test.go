package awsconfig

import (
	"slices"
	"testing"
)

// FuzzProfileNames: where the quick look says anything, it says what the whole reading does, and there is
// nothing to warn of.
func FuzzProfileNames(f *testing.F) {
	quick := 0
	for _, text := range oddFiles(f) {
		f.Add(text, text)
		if _, ok := ProfileNames(outside{files: map[string]string{configPath: text}}.env()); ok {
			quick++
		}
	}
	if quick < 5 {
		f.Fatalf("the quick look helps with %d files only", quick)
	}
	f.Add("[default]\na = b\n[profile c]\ns3 =\n  x = y\n\n# note\n[profile 'my d']\n[sso-session s]\nsso_region=x", "[default]\n[other]\n")
	f.Add("[profile a]\nx =\n  y = z\n x = 1\n", "")
	f.Fuzz(func(t *testing.T, config, credentials string) {
		names, ok := ProfileNames(outside{files: map[string]string{configPath: config, credentialsPath: credentials}}.env())
		if !ok {
			return
		}
		c := loadBoth(t, config, credentials)
		if !slices.Equal(names, c.Profiles()) || len(c.Warnings) > 0 {
			t.Fatalf("%q and not %q, or warnings %v\n%q\n%q", names, c.Profiles(), c.Warnings, config, credentials)
		}
	})
}

func TestProfileNamesOfMany(t *testing.T) {
	names, ok := ProfileNames(outside{files: map[string]string{configPath: "[default]\nregion = a\n\n[profile b]\nregion=c\n", credentialsPath: "[d]\n[b]\n"}}.env())
	if !ok || !slices.Equal(names, []string{"default", "b", "d"}) {
		t.Errorf("%q, %v", names, ok)
	}
}

func BenchmarkProfileNamesMany(b *testing.B) {
	env := outside{files: map[string]string{configPath: manyProfiles()}}.env()
	for b.Loop() {
		if names, ok := ProfileNames(env); !ok || len(names) == 0 {
			b.Fatal(len(names), ok)
		}
	}
}
