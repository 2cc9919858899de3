// Package oidc is the door of the OIDC service (signing name sso-oauth): RegisterClient,
// StartDeviceAuthorization and CreateToken. It decodes, calls clients and grant, and encodes.
//
// Package center opens it. GET /authorize is a web page and belongs to the door web.
package oidc

import (
	"context"
	"log/slog"
	"net/http"

	"keyfob/internal/center/restjson"
	"keyfob/internal/wire"
)

// Config is what the door leads to.
type Config struct {
	Clients interface {
		Register(ctx context.Context, in wire.RegisterClientRequest) (wire.RegisterClientResponse, error)
	}
	Grants interface {
		Exchange(ctx context.Context, in wire.CreateTokenRequest) (wire.CreateTokenResponse, error)
		StartDevice(ctx context.Context, in wire.StartDeviceAuthorizationRequest) (wire.StartDeviceAuthorizationResponse, error)
	}
	Logger *slog.Logger
}

// Door is the OIDC service over HTTP.
type Door struct {
	Config
	errors restjson.Errors
}

// New returns the door; every field of c is required.
func New(c Config) *Door {
	return &Door{Config: c, errors: restjson.Errors{Shape: "com.amazonaws.sso#", OAuth: true, Logger: c.Logger}}
}

// Routes adds the door's paths.
func (d *Door) Routes(mux *http.ServeMux) {
	mux.HandleFunc("POST "+wire.PathRegisterClient, operation(d, d.Clients.Register))
	mux.HandleFunc("POST "+wire.PathStartDeviceAuthorization, operation(d, d.Grants.StartDevice))
	createToken := operation(d, d.Grants.Exchange)
	mux.HandleFunc("POST "+wire.PathCreateToken, func(w http.ResponseWriter, r *http.Request) {
		// Only this parameter tells CreateTokenWithIAM, whose caller signs, from CreateToken.
		if r.URL.Query().Has("aws_iam") {
			d.errors.Write(w, r, &wire.ServiceError{
				Code: wire.CodeInvalidRequest, Status: http.StatusBadRequest, Message: "CreateTokenWithIAM is not implemented by this Identity Center.",
			})
			return
		}
		createToken(w, r)
	})
}

func operation[In, Out any](d *Door, do func(context.Context, In) (Out, error)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		var in In
		err := restjson.Read(w, r, &in)
		var out Out
		if err == nil {
			out, err = do(r.Context(), in)
		}
		if err != nil {
			d.errors.Write(w, r, err)
			return
		}
		restjson.Write(w, r, out)
	}
}
