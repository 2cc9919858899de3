// Package request is what a center knows about the HTTP request it is serving: its id, where it came
// from, and the person's browser or client program. The server's outermost handler puts it into the
// context; rules that log, audit or throttle take it out. It knows nothing else.
package request

import "context"

// Info describes a request. RemoteIP is an address without port. UserAgent is text from outside.
type Info struct {
	ID        string
	RemoteIP  string
	UserAgent string
}

type key struct{}

// NewContext returns a context that carries i.
func NewContext(ctx context.Context, i Info) context.Context { return context.WithValue(ctx, key{}, i) }

// FromContext returns the request's description, or a zero Info outside a request.
func FromContext(ctx context.Context) Info {
	i, _ := ctx.Value(key{}).(Info)
	return i
}
