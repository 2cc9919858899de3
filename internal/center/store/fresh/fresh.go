// Package fresh remembers what a store said, for as long as it is still so.
//
// Whether somebody may use something is asked at every call and changes rarely, and a change must count at
// once, on every replica. So each request asks the store for its revision, those that come at the same time
// asking together, and what was read at that very revision is the answer. Nothing here has a lifetime:
// an assignment that was taken away before a call is taken away for it.
//
// Package center puts it between the rules and the store. It knows which records a revision covers, and
// nothing about what they are for. What it returns is shared: callers must not change it.
package fresh

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"

	"keyfob/internal/center/batch"
	"keyfob/internal/center/store"
)

// Store is a [store.Store] that remembers clients, access tokens and assignments. It is safe for
// concurrent use.
type Store struct {
	store.Store

	revision batch.Queue[*asking]

	clients  memory[string, store.Client]
	access   memory[store.Hash, accessToken]
	accounts memory[string, []store.Account]
	sets     memory[[2]string, []store.PermissionSet] // of a person in an account
	names    memory[string, map[string][]string]      // of a person's roles, by account
}

type accessToken struct {
	token store.AccessToken
	grant store.Grant
}

// New returns a store that remembers what s said.
func New(s store.Store) *Store {
	one := func(string, store.Client) int { return 1 }
	return &Store{
		Store:    s,
		clients:  memory[string, store.Client]{most: 10_000, weight: one},
		access:   memory[store.Hash, accessToken]{most: 20_000, weight: func(store.Hash, accessToken) int { return 1 }},
		accounts: memory[string, []store.Account]{most: 100_000, weight: func(_ string, l []store.Account) int { return 1 + len(l) }},
		sets:     memory[[2]string, []store.PermissionSet]{most: 50_000, weight: func(_ [2]string, l []store.PermissionSet) int { return 1 + len(l) }},
		names: memory[string, map[string][]string]{most: 500_000, weight: func(_ string, byAccount map[string][]string) int {
			n := 1 + len(byAccount)
			for _, names := range byAccount {
				n += len(names)
			}
			return n
		}},
	}
}

type asking struct {
	revision int64
	err      error
}

// maxAsking is how many calls ask for the revision together at most.
const maxAsking = 1000

// moment is the revision that a whole request sees.
type moment struct {
	mu       sync.Mutex
	known    bool
	revision int64
}

type momentKey struct{}

// AtOnce returns a context for a request that only reads. Everything in it is answered as of one moment, that of
// the first question, so that the store is asked for its revision once.
func AtOnce(ctx context.Context) context.Context {
	return context.WithValue(ctx, momentKey{}, &moment{})
}

// at is the revision that counts for a call.
func (s *Store) at(ctx context.Context) (n int64, err error) {
	m, ok := ctx.Value(momentKey{}).(*moment)
	if !ok {
		return s.Revision(ctx)
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if !m.known {
		m.revision, err = s.Revision(ctx)
		m.known = err == nil
	}
	return m.revision, err
}

// Revision implements store.Revisions. It is read after the call began, once for all that wait.
func (s *Store) Revision(ctx context.Context) (int64, error) {
	own := &asking{err: errors.New("the revision was not read")}
	ctx = context.WithoutCancel(ctx) // whoever asks, asks for all
	s.revision.Do(own, maxAsking, func(all []*asking) {
		n, err := s.Store.Revision(ctx)
		for _, a := range all {
			a.revision, a.err = n, err
		}
	})
	return own.revision, own.err
}

// remember returns what m has at the store's revision, or reads it.
func remember[K comparable, V any](ctx context.Context, s *Store, m *memory[K, V], key K, read func() (V, error)) (V, error) {
	revision, err := s.at(ctx)
	if err != nil {
		var none V
		return none, err
	}
	if v, ok := m.get(revision, key); ok {
		return v, nil
	}
	v, err := read()
	if err == nil {
		m.put(revision, key, v) // it is at least as new as that
	}
	return v, err
}

// Client implements store.Clients.
func (s *Store) Client(ctx context.Context, id string) (store.Client, error) {
	return remember(ctx, s, &s.clients, id, func() (store.Client, error) { return s.Store.Client(ctx, id) })
}

// Access implements store.Tokens.
func (s *Store) Access(ctx context.Context, token store.Hash) (store.AccessToken, store.Grant, error) {
	a, err := remember(ctx, s, &s.access, token, func() (a accessToken, err error) {
		a.token, a.grant, err = s.Store.Access(ctx, token)
		return a, err
	})
	return a.token, a.grant, err
}

// AccountsFor implements store.Assignments.
func (s *Store) AccountsFor(ctx context.Context, userID, after string, limit int) ([]store.Account, error) {
	all, err := remember(ctx, s, &s.accounts, userID, func() ([]store.Account, error) {
		return s.Store.AccountsFor(ctx, userID, "", maxListed)
	})
	return page(all, after, limit, func(a store.Account) string { return a.ID }), err
}

// RoleNamesFor implements store.Assignments.
func (s *Store) RoleNamesFor(ctx context.Context, userID string) (map[string][]string, error) {
	return remember(ctx, s, &s.names, userID, func() (map[string][]string, error) { return s.Store.RoleNamesFor(ctx, userID) })
}

// PermissionSetsFor implements store.Assignments.
func (s *Store) PermissionSetsFor(ctx context.Context, userID, accountID, after string, limit int) ([]store.PermissionSet, error) {
	all, err := s.permissionSets(ctx, userID, accountID)
	return page(all, after, limit, nameOf), err
}

// Assigned implements store.Assignments.
func (s *Store) Assigned(ctx context.Context, userID, accountID, permissionSet string) (store.PermissionSet, error) {
	all, err := s.permissionSets(ctx, userID, accountID)
	if err != nil {
		return store.PermissionSet{}, err
	}
	i, found := slices.BinarySearchFunc(all, permissionSet, func(p store.PermissionSet, name string) int { return strings.Compare(p.Name, name) })
	if !found {
		return store.PermissionSet{}, store.ErrNotFound
	}
	return all[i], nil
}

func (s *Store) permissionSets(ctx context.Context, userID, accountID string) ([]store.PermissionSet, error) {
	return remember(ctx, s, &s.sets, [2]string{userID, accountID}, func() ([]store.PermissionSet, error) {
		return s.Store.PermissionSetsFor(ctx, userID, accountID, "", maxListed)
	})
}

// maxListed is more than an organisation has accounts.
const maxListed = 1 << 30

func nameOf(p store.PermissionSet) string { return p.Name }

// page returns the at most limit elements of a sorted list that come after a key.
func page[T any](all []T, after string, limit int, key func(T) string) []T {
	i, found := slices.BinarySearchFunc(all, after, func(e T, after string) int { return strings.Compare(key(e), after) })
	if found {
		i++
	}
	return all[i:min(len(all), i+max(0, limit))]
}
