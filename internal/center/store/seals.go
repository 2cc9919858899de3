package store

import "context"

// SealedKind is what a sealed secret is of.
type SealedKind string

// Kinds of sealed secret, and what their ID is.
const (
	SealedAccessKey SealedKind = "access key" // its id
	SealedFactor    SealedKind = "factor"     // its id
	SealedDevice    SealedKind = "mfa device" // of a service user: account id, "/", name
)

// Sealed is a secret that is sealed with a key which is not in the store.
type Sealed struct {
	Kind   SealedKind
	ID     string
	Factor FactorKind // of a factor
	UserID string     // of a factor
	Secret []byte
}

// Resealed is a secret with what is to be in its place.
type Resealed struct {
	Sealed
	Anew []byte
}

// Seals is everything that is sealed and stays, for when the key changes.
type Seals interface {
	// Sealed returns at most limit secrets in an order of kind and id, those after the given one; the first ones
	// after a zero Sealed.
	Sealed(ctx context.Context, after Sealed, limit int) ([]Sealed, error)
	// Reseal replaces secrets, all or, if it fails, none; one that is not what it was any more stays. It returns how
	// many it has replaced.
	Reseal(ctx context.Context, secrets []Resealed) (n int, err error)
}
