package awsconfig

import "testing"

func TestNearestRegion(t *testing.T) {
	for s, want := range map[string]string{
		"us-east-1":  "us-east-1",
		"US-East-1":  "us-east-1",
		"eu-west1":   "eu-west-1",
		"us-esat-1":  "us-east-1",
		"eu_west_3":  "eu-west-3",
		"useast1":    "us-east-1",
		"us-gov-w-1": "",
		"frankfurt":  "",
		"":           "",
	} {
		if got := NearestRegion(s); got != want {
			t.Errorf("NearestRegion(%q) = %q, want %q", s, got, want)
		}
	}
}

func TestRegionsAreWellFormed(t *testing.T) {
	seen := map[string]bool{}
	for _, r := range Regions() {
		if !validRegion(r) || seen[r] {
			t.Errorf("region %q", r)
		}
		seen[r] = true
		if got := RegionFromHost("d-1.portal." + r + ".app.aws"); got != r {
			t.Errorf("a start URL in %s says %q", r, got)
		}
	}
	if len(seen) < 30 {
		t.Errorf("only %d regions", len(seen))
	}
}
