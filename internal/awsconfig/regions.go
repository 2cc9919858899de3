package awsconfig

import "strings"

// Regions returns the regions that were known to have Identity Center when this was written, the ones
// most people mean first. There may be others by now.
func Regions() []string {
	return []string{
		"us-east-1", "us-west-2", "eu-west-1", "eu-central-1", "us-east-2", "ap-southeast-2", "ap-northeast-1", "eu-west-2",
		"ca-central-1", "ap-southeast-1", "ap-south-1", "eu-north-1", "us-west-1", "eu-west-3", "sa-east-1", "ap-northeast-2",
		"af-south-1", "ap-east-1", "ap-east-2", "ap-northeast-3", "ap-south-2", "ap-southeast-3", "ap-southeast-4", "ap-southeast-5",
		"ap-southeast-6", "ap-southeast-7", "ca-west-1", "eu-central-2", "eu-south-1", "eu-south-2", "il-central-1", "me-central-1",
		"me-south-1", "mx-central-1", "us-gov-east-1", "us-gov-west-1", "cn-north-1", "cn-northwest-1", "eusc-de-east-1",
		"us-iso-east-1", "us-iso-west-1", "us-isob-east-1", "us-isob-west-1", "eu-isoe-west-1", "us-isof-east-1", "us-isof-south-1",
	}
}

// NearestRegion returns the known region that somebody who wrote s most likely meant: s itself when it
// is known, "" when nothing is near.
func NearestRegion(s string) string {
	nearest, best := "", 3 // more than two slips are another word
	for _, r := range Regions() {
		if d := slips(strings.ToLower(s), r); d < best {
			nearest, best = r, d
		}
	}
	return nearest
}

// slips counts the characters that have to be put in, left out or replaced to make b of a.
func slips(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := diagonal
			if a[i] != b[j] {
				cost = 1 + min(diagonal, row[j], row[j+1])
			}
			diagonal, row[j+1] = row[j+1], cost
		}
	}
	return row[len(b)]
}
