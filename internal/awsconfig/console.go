package awsconfig

import (
	"net/url"
	"strings"
)

// consoleDomain is the domain of a partition's console and of its sign-in.
func (p Partition) consoleDomain() string {
	switch p.Name {
	case "aws-cn":
		return "amazonaws.cn"
	case "aws-us-gov":
		return "amazonaws-us-gov.com"
	case "aws-eusc":
		return "amazonaws-eusc.eu"
	case "aws-iso":
		return "c2shome.ic.gov"
	case "aws-iso-b":
		return "sc2shome.sgov.gov"
	case "aws-iso-e":
		return "csphome.adc-e.uk"
	case "aws-iso-f":
		return "csphome.hci.ic.gov"
	}
	return "aws.amazon.com"
}

// signinHost is one for the whole partition, but in the European sovereign cloud.
func (p Partition) signinHost(region string) string {
	if p.Name == "aws-eusc" {
		return region + ".signin." + p.consoleDomain()
	}
	return "signin." + p.consoleDomain()
}

// consoleHost has the region in front, but where there is no telling from outside.
func (p Partition) consoleHost(region string) string {
	if strings.HasPrefix(p.Name, "aws-iso") {
		return "console." + p.consoleDomain()
	}
	return region + ".console." + p.consoleDomain()
}

// ConsoleURL returns a page of the console in a region. The destination is a service's name as the
// console's addresses have it ("ec2"), a path, a URL, or "" for the first page. Errors:
// *InvalidDestinationError, and those of a region, as for [DefaultEndpoint].
func ConsoleURL(region, destination string) (string, error) {
	switch {
	case region == "":
		return "", &NoRegionError{}
	case !validRegion(region):
		return "", &InvalidRegionError{Region: region}
	}
	console := "https://" + PartitionOf(region).consoleHost(region)
	page := destination
	switch {
	case destination == "":
		page = console + "/console/home?region=" + region
	case isWord(destination):
		page = console + "/" + destination + "/home?region=" + region
	case destination[0] == '/':
		page = console + destination
	}
	u, err := url.Parse(page)
	if err != nil || u.Hostname() == "" || u.User != nil || u.Scheme != "https" && u.Scheme != "http" {
		return "", &InvalidDestinationError{Destination: destination}
	}
	return page, nil
}

func isWord(s string) bool {
	return strings.Trim(s, "abcdefghijklmnopqrstuvwxyz0123456789-") == ""
}
