package awsconfig

import (
	"errors"
	"testing"
)

func TestConsoleURL(t *testing.T) {
	for _, c := range []struct{ region, destination, want string }{
		{"eu-west-1", "", "https://eu-west-1.console.aws.amazon.com/console/home?region=eu-west-1"},
		{"eu-west-1", "ec2", "https://eu-west-1.console.aws.amazon.com/ec2/home?region=eu-west-1"},
		{"cn-north-1", "s3", "https://cn-north-1.console.amazonaws.cn/s3/home?region=cn-north-1"},
		{"us-gov-west-1", "", "https://us-gov-west-1.console.amazonaws-us-gov.com/console/home?region=us-gov-west-1"},
		{"eusc-de-east-1", "", "https://eusc-de-east-1.console.amazonaws-eusc.eu/console/home?region=eusc-de-east-1"},
		{"us-iso-east-1", "ec2", "https://console.c2shome.ic.gov/ec2/home?region=us-iso-east-1"},
		{"us-isob-east-1", "ec2", "https://console.sc2shome.sgov.gov/ec2/home?region=us-isob-east-1"},
		{"eu-isoe-west-1", "ec2", "https://console.csphome.adc-e.uk/ec2/home?region=eu-isoe-west-1"},
		{"us-isof-east-1", "ec2", "https://console.csphome.hci.ic.gov/ec2/home?region=us-isof-east-1"},
		{"eu-west-1", "/cloudwatch/home#logsV2:log-groups", "https://eu-west-1.console.aws.amazon.com/cloudwatch/home#logsV2:log-groups"},
		{"eu-west-1", "//example.com", "https://eu-west-1.console.aws.amazon.com//example.com"},
		{"eu-west-1", "https://health.console.aws.amazon.com/", "https://health.console.aws.amazon.com/"},
	} {
		if got, err := ConsoleURL(c.region, c.destination); got != c.want || err != nil {
			t.Errorf("%s %q: %s, %v", c.region, c.destination, got, err)
		}
	}
	for _, destination := range []string{"EC2", "a b", "javascript:alert(1)", "file:///etc/passwd", "https://", "https://u:p@example.com/", "ec2/home", "https://%zz", "/\x7f"} {
		if got, err := ConsoleURL("eu-west-1", destination); !errors.As(err, new(*InvalidDestinationError)) {
			t.Errorf("%q: %s, %v", destination, got, err)
		}
	}
	if _, err := ConsoleURL("", ""); !errors.As(err, new(*NoRegionError)) {
		t.Errorf("%v", err)
	}
	if _, err := ConsoleURL("evil.com/", ""); !errors.As(err, new(*InvalidRegionError)) {
		t.Errorf("%v", err)
	}
}

func TestSigninEndpoint(t *testing.T) {
	for region, want := range map[string]string{
		"eu-west-1": "https://signin.aws.amazon.com", "cn-north-1": "https://signin.amazonaws.cn", "us-gov-east-1": "https://signin.amazonaws-us-gov.com",
		"eusc-de-east-1": "https://eusc-de-east-1.signin.amazonaws-eusc.eu", "us-iso-east-1": "https://signin.c2shome.ic.gov",
	} {
		if got, err := DefaultEndpoint(ServiceSignin, region, Variant{FIPS: true}); got != want || err != nil {
			t.Errorf("%s: %s, %v", region, got, err)
		}
	}
}
