package grant

import (
	"context"
	"errors"
	"net/url"
	"strings"
	"time"

	"keyfob/internal/center/audit"
	"keyfob/internal/center/opaque"
	"keyfob/internal/center/request"
	"keyfob/internal/center/store"
	"keyfob/internal/center/throttle"
	"keyfob/internal/wire"
)

const (
	// DeviceLifetime is how long a device authorization waits for a person, and then for its device.
	DeviceLifetime = 10 * time.Minute
	// DefaultInterval is between two polls of a device.
	DefaultInterval = time.Second
	// PathDevice is the page where a person enters a user code, which may be given as ParamUserCode.
	PathDevice = "/device"
	// ParamUserCode is a query parameter of PathDevice.
	ParamUserCode = "user_code"

	// slowDown is what a poll that comes too early adds to the interval (RFC 8628 section 3.5).
	slowDown = 5 * time.Second
	// promptPolls may come back to back: the AWS CLI asks once before it shows the code, and once
	// right after.
	promptPolls = 2

	purposeUserCode = "user code"
	maxUserAgent    = 256 // bytes
)

// StartDevice begins a device authorization (StartDeviceAuthorization). Refusals are *wire.ServiceError.
func (g *Grants) StartDevice(ctx context.Context, in wire.StartDeviceAuthorizationRequest) (wire.StartDeviceAuthorizationResponse, error) {
	var none wire.StartDeviceAuthorizationResponse
	if in.ClientID == "" || in.ClientSecret == "" || in.StartURL == "" {
		return none, refuse(wire.CodeInvalidRequest, "clientId, clientSecret and startUrl are required.")
	}
	client, err := g.Clients.Authenticate(ctx, in.ClientID, in.ClientSecret)
	if err != nil {
		return none, err
	}
	if err := g.mayUse(client, wire.GrantDeviceCode); err != nil {
		return none, err
	}
	if !g.Clients.StartURLs.Has(in.StartURL) {
		return none, g.Clients.StartURLs.Refuse("startUrl")
	}
	if err := g.countStart(ctx); err != nil {
		return none, err
	}
	interval := g.Interval
	if interval == 0 {
		interval = DefaultInterval
	}
	info, now := request.FromContext(ctx), g.Clock.Now()
	d := store.DeviceAuthorization{
		ClientID: client.ID, Scopes: client.Scopes, RemoteIP: info.RemoteIP, UserAgent: strings.ToValidUTF8(info.UserAgent[:min(len(info.UserAgent), maxUserAgent)], ""),
		CreatedAt: now, ExpiresAt: now.Add(DeviceLifetime), State: store.DevicePending, Interval: interval,
	}
	deviceCode, userCode, err := g.addDevice(ctx, d)
	if err != nil {
		return none, err
	}
	shown := showUserCode(userCode)
	page := g.BaseURL + PathDevice
	return wire.StartDeviceAuthorizationResponse{
		DeviceCode: deviceCode, UserCode: shown, VerificationURI: page,
		VerificationURIComplete: page + "?" + url.Values{ParamUserCode: {shown}}.Encode(),
		ExpiresIn:               int64(DeviceLifetime / time.Second),
		Interval:                int64((interval + time.Second - 1) / time.Second),
	}, nil
}

// DefaultStarts is generous enough for a test suite, and too little to fill the store or to make a
// guessed user code likely to be somebody's.
func DefaultStarts() throttle.Limit {
	return throttle.Limit{Free: 600, Window: 10 * time.Minute, Block: time.Minute, MaxBlock: 10 * time.Minute}
}

func (g *Grants) countStart(ctx context.Context) error {
	limit := g.Starts
	if limit == (throttle.Limit{}) {
		limit = DefaultStarts()
	}
	until, err := g.throttle().Take(ctx, "device-ip:"+throttle.Network(request.FromContext(ctx).RemoteIP), limit)
	if err == nil && !until.IsZero() {
		err = refuse(wire.CodeSlowDown, "Too many device authorizations from this address: try again at %s.", until.UTC().Format(time.RFC3339))
	}
	return err
}

// addDevice adds d under new codes. Two user codes may be the same by chance, device codes not.
func (g *Grants) addDevice(ctx context.Context, d store.DeviceAuthorization) (deviceCode wire.Secret, userCode string, err error) {
	for range 5 {
		if deviceCode, d.DeviceCodeHash, err = opaque.New(g.Random, opaque.DeviceCode); err != nil {
			return "", "", err
		}
		if userCode, err = newUserCode(g.Random); err != nil {
			return "", "", err
		}
		d.UserCodeHash = g.hashUserCode(userCode)
		if err = g.Store.AddDevice(ctx, d); !errors.Is(err, store.ErrConflict) {
			break
		}
	}
	return deviceCode, userCode, err
}

// hashUserCode uses a key that is not in the store: a bare digest of so short a code would be reversed
// in minutes by whoever gets hold of the database.
func (g *Grants) hashUserCode(code string) store.Hash {
	return g.Keys.MAC(purposeUserCode, []byte(code))
}

// exchangeDevice answers a poll. Only a pending authorization can be polled too early; an answer that
// will never change is given at once.
func (g *Grants) exchangeDevice(ctx context.Context, c store.Client, in wire.CreateTokenRequest) (wire.CreateTokenResponse, error) {
	var none wire.CreateTokenResponse
	hash, ok := opaque.Hash(in.DeviceCode, opaque.DeviceCode)
	if !ok {
		return none, invalidGrant(deviceRefused)
	}
	now := g.Clock.Now()
	var refusal error
	d, err := g.Store.PollDevice(ctx, hash, func(d *store.DeviceAuthorization) { refusal = poll(d, c.ID, now) })
	if errors.Is(err, store.ErrNotFound) {
		return none, invalidGrant(deviceRefused)
	}
	if err != nil {
		return none, err
	}
	if refusal != nil {
		return none, refusal
	}
	granted, err := g.Store.Family(ctx, d.FamilyID)
	if errors.Is(err, store.ErrNotFound) {
		return none, invalidGrant(deviceRefused)
	}
	if err != nil {
		return none, err
	}
	out, err := g.Tokens.Issue(ctx, granted.Family, granted.Session)
	if err != nil {
		return none, err
	}
	e := event("CreateToken", audit.Success, Person{User: granted.User, Session: granted.Session}, c.ID)
	e.Detail = map[string]string{"grant_type": wire.GrantDeviceCode}
	return out, g.Audit.Record(ctx, e)
}

const deviceRefused = "The device code is not valid, was used before, or was issued to another client."

// poll moves d on by one poll and returns the client's answer, or nil if it gets tokens.
func poll(d *store.DeviceAuthorization, clientID string, now time.Time) error {
	switch {
	case d.ClientID != clientID, d.State == store.DeviceRedeemed:
		return invalidGrant(deviceRefused)
	case d.State == store.DeviceDenied:
		return refuse(wire.CodeAccessDenied, "The person has denied the request.")
	case !now.Before(d.ExpiresAt):
		return refuse(wire.CodeExpiredToken, "The device code has expired: start again.")
	case d.State == store.DeviceApproved:
		d.State = store.DeviceRedeemed
		return nil
	}
	// A tenth less than the interval is on time: requests do not all take equally long to arrive.
	early := d.Polls >= promptPolls && now.Sub(d.LastPollAt) < d.Interval-d.Interval/10
	d.Polls++
	d.LastPollAt = now
	if early {
		d.Interval += slowDown
		return refuse(wire.CodeSlowDown, "Polling too often: wait %d seconds between requests.", int64((d.Interval+time.Second-1)/time.Second))
	}
	return refuse(wire.CodeAuthorizationPending, "The person has not decided yet.")
}
