package grant

import (
	"context"
	"errors"
	"time"

	"keyfob/internal/center/audit"
	"keyfob/internal/center/request"
	"keyfob/internal/center/store"
	"keyfob/internal/center/throttle"
	"keyfob/internal/wire"
)

// PendingDevice is what a person has to know before deciding. ClientName and UserAgent are text from
// outside.
type PendingDevice struct {
	UserCode   string // "BCDF-GHJK", to compare with what the device shows
	ClientName string
	RemoteIP   string // of the device
	UserAgent  string // of the device
	Scopes     []string
	CreatedAt  time.Time
	ExpiresAt  time.Time
}

// Guesses limits how often codes may be entered that do not exist: in one session, from one network,
// and by everybody together (RFC 8628 section 5.1).
type Guesses struct{ Session, Network, Everybody throttle.Limit }

// DefaultGuesses leaves somebody who types badly several attempts, and a class of people at one
// address theirs, while it would take centuries to hit one of a thousand waiting codes.
func DefaultGuesses() Guesses {
	return Guesses{
		Session:   throttle.Limit{Free: 5, Window: 15 * time.Minute, Block: time.Minute, MaxBlock: 15 * time.Minute},
		Network:   throttle.Limit{Free: 30, Window: 15 * time.Minute, Block: time.Minute, MaxBlock: 15 * time.Minute},
		Everybody: throttle.Limit{Free: 1000, Window: 15 * time.Minute, Block: 10 * time.Second, MaxBlock: time.Minute},
	}
}

// PendingDevice returns the device that waits with that user code, as p typed it. Errors are
// ErrNotSignedIn, ErrUnknownCode (for a code that never was, expired or is decided alike),
// *ThrottledError and the store's.
func (g *Grants) PendingDevice(ctx context.Context, userCode string, p Person) (PendingDevice, error) {
	d, code, err := g.pending(ctx, userCode, p)
	if err != nil {
		return PendingDevice{}, err
	}
	client, err := g.Clients.Client(ctx, d.ClientID)
	if unknown := new(wire.ServiceError); errors.As(err, &unknown) {
		return PendingDevice{}, ErrUnknownCode
	}
	return PendingDevice{
		UserCode: showUserCode(code), ClientName: client.Name, RemoteIP: d.RemoteIP, UserAgent: d.UserAgent,
		Scopes: d.Scopes, CreatedAt: d.CreatedAt, ExpiresAt: d.ExpiresAt,
	}, err
}

// DecideDevice writes down what p has decided about the device that waits with that user code. It
// counts as another attempt at the code, so entering codes here is no way around the limit. Errors are
// those of [Grants.PendingDevice].
func (g *Grants) DecideDevice(ctx context.Context, userCode string, approve bool, p Person) error {
	d, _, err := g.pending(ctx, userCode, p)
	if err != nil {
		return err
	}
	now, outcome := g.Clock.Now(), audit.Success
	if approve {
		var family store.TokenFamily
		if family, err = g.family(p, d.ClientID, d.Scopes); err == nil {
			err = g.Store.ApproveDevice(ctx, d.UserCodeHash, family, now)
		}
	} else {
		outcome = "denied"
		err = g.Store.DenyDevice(ctx, d.UserCodeHash, now)
	}
	if errors.Is(err, store.ErrConflict) || errors.Is(err, store.ErrNotFound) {
		return ErrUnknownCode // decided or expired this very moment
	}
	if err != nil {
		return err
	}
	return g.Audit.Record(ctx, event("DeviceAuthorization", outcome, p, d.ClientID))
}

// pending finds a device that waits, and counts attempts that find none.
func (g *Grants) pending(ctx context.Context, typed string, p Person) (d store.DeviceAuthorization, code string, err error) {
	if err := g.signedIn(p); err != nil {
		return d, "", err
	}
	keys := g.guessKeys(ctx, p)
	for i, k := range keys {
		until, err := g.throttle().Take(ctx, k.key, k.limit)
		if err == nil && until.IsZero() {
			continue
		}
		// Whoever is blocked by one limit has not used up the others.
		err = errors.Join(err, g.giveBack(ctx, keys[:i]))
		if err == nil {
			err = &ThrottledError{Until: until}
		}
		return d, "", err
	}
	code, ok := normaliseUserCode(typed)
	err = ErrUnknownCode
	if ok && !g.NoDevices {
		d, err = g.Store.DeviceByUserCode(ctx, g.hashUserCode(code))
		if errors.Is(err, store.ErrNotFound) || err == nil && (d.State != store.DevicePending || !g.Clock.Now().Before(d.ExpiresAt)) {
			err = ErrUnknownCode
		}
	}
	if err != nil {
		return store.DeviceAuthorization{}, "", err
	}
	return d, code, g.giveBack(ctx, keys)
}

type guessKey struct {
	key   string
	limit throttle.Limit
}

func (g *Grants) guessKeys(ctx context.Context, p Person) []guessKey {
	l := g.Guesses
	if l == (Guesses{}) {
		l = DefaultGuesses()
	}
	return []guessKey{
		{"usercode-session:" + p.Session.ID, l.Session},
		{"usercode-ip:" + throttle.Network(request.FromContext(ctx).RemoteIP), l.Network},
		{"usercode", l.Everybody},
	}
}

func (g *Grants) giveBack(ctx context.Context, keys []guessKey) error {
	ctx = context.WithoutCancel(ctx)
	var err error
	for _, k := range keys {
		err = errors.Join(err, g.throttle().Return(ctx, k.key, k.limit))
	}
	return err
}
