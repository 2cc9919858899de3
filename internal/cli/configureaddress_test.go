package cli

import "testing"

func TestCutProfile(t *testing.T) {
	c := config(t, "[profile dev]\n[profile my.dots]\n[profile my]\n[profile s3]\n[profile profile]\n[sso-session corp]\n")
	for _, tc := range []struct {
		name, profile, rest string
		ok                  bool
	}{
		{"region", "", "region", false},
		{"s4.max", "", "s4.max", false},
		{"dev.region", "dev", "region", true},
		{"dev.s3.max", "dev", "s3.max", true},
		{"default.region", "default", "region", true},
		{"profile.default.region", "default", "region", true},
		{"profile.new.region", "new", "region", true},
		{"profile.new.s3.max", "new", "s3.max", true},
		{"my.dots.region", "my.dots", "region", true},
		{"profile.my.dots.region", "my.dots", "region", true},
		{"my.other.region", "my", "other.region", true},
		{"s3.max", "s3", "max", true},               // as the AWS CLI reads it
		{"profile.region", "region", "", true},      // "profile." is no profile's name
		{"profile.profile.x", "profile", "x", true}, //
		{"profile.s3.s3.max", "s3", "s3.max", true}, //
		{"corp.sso_region", "", "corp.sso_region", false},
		{".region", "", ".region", false},
	} {
		profile, rest, ok := cutProfile(c, tc.name)
		if profile != tc.profile || rest != tc.rest || ok != tc.ok {
			t.Errorf("%q is %q, %q, %v; want %q, %q, %v", tc.name, profile, rest, ok, tc.profile, tc.rest, tc.ok)
		}
	}
}
