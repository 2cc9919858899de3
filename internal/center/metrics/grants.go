package metrics

import (
	"context"
	"errors"

	"keyfob/internal/wire"
)

// Grants is what the OIDC door asks for tokens.
type Grants interface {
	Exchange(ctx context.Context, in wire.CreateTokenRequest) (wire.CreateTokenResponse, error)
	StartDevice(ctx context.Context, in wire.StartDeviceAuthorizationRequest) (wire.StartDeviceAuthorizationResponse, error)
}

// Grants returns next with its tokens counted.
func (m *Metrics) Grants(next Grants) Grants {
	if m == nil {
		return next
	}
	return grants{next, m}
}

type grants struct {
	Grants
	m *Metrics
}

// Exchange implements Grants.
func (g grants) Exchange(ctx context.Context, in wire.CreateTokenRequest) (wire.CreateTokenResponse, error) {
	out, err := g.Grants.Exchange(ctx, in)
	g.m.tokens.WithLabelValues(grantLabel(in.GrantType), codeLabel(err)).Inc()
	return out, err
}

// grantLabel keeps what a client may send as grantType to the ones there are.
func grantLabel(grantType string) string {
	switch grantType {
	case wire.GrantAuthorizationCode, wire.GrantRefreshToken:
		return grantType
	case wire.GrantDeviceCode:
		return "device_code"
	}
	return "other"
}

func codeLabel(err error) string {
	var refused *wire.ServiceError
	switch {
	case err == nil:
		return "success"
	case errors.As(err, &refused):
		return string(refused.Code)
	}
	return string(wire.CodeInternalServer)
}
