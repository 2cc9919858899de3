package grant_test

import (
	"strings"
	"testing"

	"keyfob/internal/center/granttest"
	"keyfob/internal/wire"
)

// Every grant goes through the same checks in the same order, before its code or token is looked at.
func TestExchangeSkeleton(t *testing.T) {
	c := granttest.New(t)
	device, cli := c.Register(granttest.Device()), c.Register(granttest.CLI())
	tried := 0
	for _, in := range []wire.CreateTokenRequest{
		granttest.CodeRequest(device, "x"), granttest.RefreshRequest(device, "x"), granttest.PollRequest(cli, "x"),
	} {
		tried++
		_, err := c.Grants.Exchange(c.Ctx, in)
		c.Refused(err, wire.CodeUnauthorizedClient)
		wrong := in
		wrong.ClientSecret = "kfcs_x"
		_, err = c.Grants.Exchange(c.Ctx, wrong)
		c.Refused(err, wire.CodeInvalidClient)
		for _, clear := range []func(*wire.CreateTokenRequest){
			func(in *wire.CreateTokenRequest) { in.ClientID = "" },
			func(in *wire.CreateTokenRequest) { in.ClientSecret = "" },
			func(in *wire.CreateTokenRequest) { in.GrantType = "" },
		} {
			empty := in
			clear(&empty)
			_, err = c.Grants.Exchange(c.Ctx, empty)
			c.Refused(err, wire.CodeInvalidRequest)
		}
	}
	if tried != 3 {
		t.Fatalf("%d grants tried", tried)
	}
	for _, in := range []wire.CreateTokenRequest{
		granttest.CodeRequest(cli, ""), granttest.RefreshRequest(cli, ""), granttest.PollRequest(device, ""),
		{ClientID: cli.ClientID, ClientSecret: cli.ClientSecret, GrantType: wire.GrantAuthorizationCode, Code: "x", CodeVerifier: "x"},
	} {
		_, err := c.Grants.Exchange(c.Ctx, in)
		c.Refused(err, wire.CodeInvalidRequest)
	}
	for _, in := range []wire.CreateTokenRequest{
		granttest.CodeRequest(cli, "x"), granttest.RefreshRequest(cli, "x"), granttest.PollRequest(device, "x"),
	} {
		_, err := c.Grants.Exchange(c.Ctx, in)
		c.Refused(err, wire.CodeInvalidGrant)
	}
}

func TestSecurity23and31SecretsAreLongAndMarked(t *testing.T) {
	c := granttest.New(t)
	client := c.Register(granttest.CLI())
	code := c.Allow(granttest.AuthorizeQuery(client.ClientID), c.Ada).Get("code")
	_, tokens := c.SignInCLI()
	device := c.StartDevice(c.Register(granttest.Device()))
	for prefix, s := range map[string]string{
		"kfcs_": client.ClientSecret.Reveal(), "kfac_": code, "kfat_": tokens.AccessToken.Reveal(),
		"kfrt_": tokens.RefreshToken.Reveal(), "kfdc_": device.DeviceCode.Reveal(),
	} {
		// 48 characters of base64url are 256 random bits and a checksum of 32; before those of a token are 48 bits of time.
		want := 48
		if prefix == "kfat_" || prefix == "kfrt_" {
			want += 8
		}
		if rest, ok := strings.CutPrefix(s, prefix); !ok || len(rest) != want {
			t.Errorf("%s… is %d characters", prefix, len(s))
		}
	}
}
