package signin

import (
	"context"
	"errors"
	"time"

	"keyfob/internal/session"
	"keyfob/internal/wire"
)

const (
	defaultInterval = 5 * time.Second // RFC 8628 section 3.2
	slowDownStep    = 5 * time.Second // RFC 8628 section 3.5
)

// withDevice is the device authorization flow.
func (f *Flow) withDevice(ctx context.Context, r Request, reg Registration) error {
	d, err := f.OIDC.StartDeviceAuthorization(ctx, wire.StartDeviceAuthorizationRequest{
		ClientID: reg.ClientID, ClientSecret: reg.ClientSecret, StartURL: r.IssuerURL,
	})
	if err != nil {
		return err
	}
	p := &poll{
		flow: f, request: r, registration: reg, device: d,
		interval: time.Duration(d.Interval) * time.Second,
		deadline: session.Expiry(f.Clock.Now(), d.ExpiresIn),
	}
	if p.interval <= 0 {
		p.interval = defaultInterval
	}
	// Once before showing anything: a client that is approved already needs no person.
	if done, err := p.once(ctx); done || err != nil {
		return err
	}
	f.Presenter.EnterCode(ctx, d)
	for {
		if err := f.Clock.Sleep(ctx, p.interval); err != nil {
			return err
		}
		// The service decides when a code has expired; the local clock only keeps a service that
		// never does from being asked for ever.
		if d.ExpiresIn > 0 && f.Clock.Now().After(p.deadline.Add(p.interval)) {
			return &ExpiredError{}
		}
		if done, err := p.once(ctx); done || err != nil {
			return err
		}
	}
}

// maxLost is how many polls in a row may get no answer before the sign-in gives up.
const maxLost = 5

type poll struct {
	flow         *Flow
	request      Request
	registration Registration
	device       wire.StartDeviceAuthorizationResponse
	interval     time.Duration
	deadline     time.Time
	lost         int
}

// once asks for the token. done means that it is saved.
func (p *poll) once(ctx context.Context) (done bool, err error) {
	resp, err := p.flow.exchange(ctx, wire.CreateTokenRequest{
		ClientID:     p.registration.ClientID,
		ClientSecret: p.registration.ClientSecret,
		GrantType:    wire.GrantDeviceCode,
		DeviceCode:   p.device.DeviceCode,
	})
	switch {
	case err == nil:
		return true, p.flow.save(ctx, p.request, p.registration, resp)
	case code(err) == wire.CodeAuthorizationPending:
		p.lost = 0
		return false, nil
	case code(err) == wire.CodeSlowDown:
		p.lost = 0
		p.interval += slowDownStep
		return false, nil
	case ctx.Err() != nil:
		return false, context.Cause(ctx)
	case unanswered(err) && p.lost < maxLost:
		// The person may be typing the code while the network is away for a moment.
		p.lost++
		p.flow.Log.Debug("no answer to a poll", "lost", p.lost, "error", err)
		return false, nil
	}
	return false, err
}

// unanswered reports whether err is something other than the service's decision.
func unanswered(err error) bool {
	if errors.As(err, new(*ExpiredError)) {
		return false
	}
	var e *wire.ServiceError
	return !errors.As(err, &e) || e.Status >= 500 || e.Status == 429
}

// code returns the service error's code, or "".
func code(err error) wire.Code {
	var e *wire.ServiceError
	if errors.As(err, &e) {
		return e.Code
	}
	return ""
}
