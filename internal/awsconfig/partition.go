package awsconfig

import "strings"

// Partition is a set of regions with host names of its own.
type Partition struct {
	Name            string // "aws-us-gov"
	Suffix          string // of plain and FIPS hosts
	DualStackSuffix string
}

// PartitionOf returns the partition a region belongs to; aws for one that looks like none.
func PartitionOf(region string) Partition {
	for _, p := range [...]struct {
		prefix string
		Partition
	}{
		{"cn-", Partition{"aws-cn", "amazonaws.com.cn", "api.amazonwebservices.com.cn"}},
		{"us-gov-", Partition{"aws-us-gov", "amazonaws.com", "api.aws"}},
		{"eusc-de-", Partition{"aws-eusc", "amazonaws.eu", "api.amazonwebservices.eu"}},
		{"us-iso-", Partition{"aws-iso", "c2s.ic.gov", "api.aws.ic.gov"}},
		{"us-isob-", Partition{"aws-iso-b", "sc2s.sgov.gov", "api.aws.scloud"}},
		{"eu-isoe-", Partition{"aws-iso-e", "cloud.adc-e.uk", "api.cloud-aws.adc-e.uk"}},
		{"us-isof-", Partition{"aws-iso-f", "csp.hci.ic.gov", "api.aws.hci.ic.gov"}},
	} {
		if rest, ok := strings.CutPrefix(region, p.prefix); ok && isPlaceAndNumber(rest) || region == p.Name+"-global" {
			return p.Partition
		}
	}
	return Partition{"aws", "amazonaws.com", "api.aws"}
}

// isPlaceAndNumber matches the end of a region's name, "northwest-1".
func isPlaceAndNumber(s string) bool {
	place, number, _ := strings.Cut(s, "-")
	return place != "" && number != "" && strings.Trim(number, "0123456789") == ""
}

// validRegion reports whether a region can stand in a host name, by the rule of the AWS SDK for Python: one DNS
// label that is not a number.
func validRegion(region string) bool {
	if region == "" || len(region) > 63 || region[0] == '-' || region[len(region)-1] == '-' {
		return false
	}
	number := true
	for _, c := range []byte(region) {
		switch {
		case '0' <= c && c <= '9':
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', c == '-':
			number = false
		default:
			return false
		}
	}
	return !number
}
