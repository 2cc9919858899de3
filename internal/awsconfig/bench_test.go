package awsconfig

import (
	"fmt"
	"strings"
	"testing"
)

// manyProfiles is a config file of 5,000 profiles, as a large organisation generates one.
func manyProfiles() string {
	var b strings.Builder
	for i := range 5000 {
		fmt.Fprintf(&b, "[profile team-%d-ReadOnly]\nsso_session = corp\nsso_account_id = %012d\nsso_role_name = ReadOnly\nregion = eu-central-1\noutput = json\n\n", i, i)
	}
	b.WriteString("[sso-session corp]\nsso_start_url = https://corp.awsapps.com/start\nsso_region = eu-central-1\n")
	return b.String()
}

// BenchmarkLoadMany is reading the file of a large organisation; the aim is 15 ms at most.
func BenchmarkLoadMany(b *testing.B) {
	text := manyProfiles()
	env := outside{files: map[string]string{configPath: text}}.env()
	b.SetBytes(int64(len(text)))
	b.ReportAllocs()
	for b.Loop() {
		c, err := Load(env)
		if err != nil || len(c.Profiles()) != 5000 {
			b.Fatal(err)
		}
	}
}

// BenchmarkSetMany is changing one key there.
func BenchmarkSetMany(b *testing.B) {
	text := []byte(manyProfiles())
	for b.Loop() {
		if _, err := SetKey(text, Header{ProfileSection, "team-4999-ReadOnly"}, "region", "us-east-1"); err != nil {
			b.Fatal(err)
		}
	}
}
