package fresh

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"keyfob/internal/center/store"
	"keyfob/internal/center/store/sqlite"
	"keyfob/internal/center/store/storetest"
)

func open(t *testing.T, path string) *sqlite.DB {
	t.Helper()
	db, err := sqlite.Open(context.Background(), path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	return db
}

// It is a store like every other.
func TestStore(t *testing.T) {
	storetest.Run(t, func(t *testing.T) store.Store { return New(open(t, filepath.Join(t.TempDir(), "center.db"))) })
}

// Whatever another process changes, the next answer is the one that the store itself would give.
func TestAnswersAreTheStores(t *testing.T) {
	path := filepath.Join(t.TempDir(), "center.db")
	answersAreTheStores(t, open(t, path), New(open(t, path)))
}

func answersAreTheStores(t *testing.T, plain store.Store, remembering *Store) {
	ctx, now := t.Context(), storetest.Epoch()
	random := rand.New(rand.NewPCG(1, 2))

	const users, accounts, sets, tokens = 3, 4, 3, 6
	o := storetest.Organisation()
	o.Accounts, o.Users, o.Groups, o.PermissionSets, o.Assignments, o.Roles, o.ServiceUsers = nil, nil, nil, nil, nil, nil, nil
	for i := range users {
		o.Users = append(o.Users, store.User{ID: fmt.Sprint("u", i), Name: fmt.Sprint("u", i), NameKey: fmt.Sprint("u", i)})
	}
	for i := range accounts {
		o.Accounts = append(o.Accounts, store.Account{ID: fmt.Sprintf("%012d", i), Name: "a"})
	}
	for i := range sets {
		o.PermissionSets = append(o.PermissionSets, store.PermissionSet{ID: fmt.Sprint("p", i), Name: fmt.Sprint("P", i), SessionDuration: time.Hour})
	}
	o.Groups = []store.Group{{ID: "g", Name: "g", Members: []string{"u0", "u1"}}}
	ok(t, plain.Apply(ctx, o))
	ok(t, plain.AddClient(ctx, store.Client{ID: "c", Name: "c", ExpiresAt: now.Add(time.Hour)}, 9))
	for i := range tokens {
		id := fmt.Sprint("f", i)
		session := store.Session{ID: fmt.Sprint("s", i), CookieHash: store.Hash{byte(i)}, UserID: fmt.Sprint("u", i%users), ExpiresAt: now.Add(time.Hour)}
		ok(t, plain.AddSession(ctx, session))
		ok(t, plain.AddCode(ctx, store.AuthorizationCode{CodeHash: store.Hash{byte(i)}, ClientID: "c", FamilyID: id, ExpiresAt: now.Add(time.Hour)},
			store.TokenFamily{ID: id, ClientID: "c", UserID: session.UserID, SessionID: session.ID}))
		ok(t, plain.IssueTokens(ctx, store.AccessToken{Hash: store.Hash{byte(i)}, FamilyID: id, ExpiresAt: now.Add(time.Hour)}, nil, now))
	}

	anyAssignment := func() store.AccountAssignment {
		a := store.AccountAssignment{
			AccountID: fmt.Sprintf("%012d", random.IntN(accounts)), PermissionSetID: fmt.Sprint("p", random.IntN(sets)),
			PrincipalKind: store.PrincipalGroup, PrincipalID: "g",
		}
		if i := random.IntN(users + 1); i < users {
			a.PrincipalKind, a.PrincipalID = store.PrincipalUser, fmt.Sprint("u", i)
		}
		return a
	}
	changes := []func() error{
		func() error { return plain.AddAssignment(ctx, anyAssignment()) },
		func() error { return plain.AddAssignment(ctx, anyAssignment()) },
		func() error { return plain.RemoveAssignment(ctx, anyAssignment()) },
		func() error { return plain.RevokeFamily(ctx, fmt.Sprint("f", random.IntN(tokens)), "test", now) },
		func() error {
			return plain.SetDisabled(ctx, fmt.Sprint("u", random.IntN(users)), random.IntN(2) == 0, now)
		},
		func() error {
			o.Groups[0].Members = []string{fmt.Sprint("u", random.IntN(users))}
			return plain.Apply(ctx, o)
		},
		func() error { return nil },
	}
	for step := range 300 {
		change := random.IntN(len(changes))
		ok(t, changes[change]())
		for range 3 {
			user, account, set := fmt.Sprint("u", random.IntN(users)), fmt.Sprintf("%012d", random.IntN(accounts)), fmt.Sprint("P", random.IntN(sets))
			after, limit, hash := fmt.Sprintf("%012d", random.IntN(accounts)), random.IntN(3), store.Hash{byte(random.IntN(tokens + 1))}
			for name, ask := range map[string]func(store.Store) (any, error){
				"AccountsFor":       func(s store.Store) (any, error) { return list(s.AccountsFor(ctx, user, after, limit)) },
				"PermissionSetsFor": func(s store.Store) (any, error) { return list(s.PermissionSetsFor(ctx, user, account, set, limit)) },
				"RoleNamesFor":      func(s store.Store) (any, error) { return s.RoleNamesFor(ctx, user) },
				"Assigned":          func(s store.Store) (any, error) { return s.Assigned(ctx, user, account, set) },
				"Client":            func(s store.Store) (any, error) { return s.Client(ctx, "c") },
				"Access": func(s store.Store) (any, error) {
					token, g, err := s.Access(ctx, hash)
					return []any{token, g}, err
				},
			} {
				want, wantErr := ask(plain)
				got, err := ask(remembering)
				if !errors.Is(err, wantErr) || err == nil && !cmp.Equal(got, want) {
					t.Fatalf("step %d, after change %d, %s: %v, %v; the store says %v, %v", step, change, name, got, err, want, wantErr)
				}
			}
		}
	}
}

// A request that only reads sees one moment, which is not before it began.
func TestAtOnce(t *testing.T) {
	path := filepath.Join(t.TempDir(), "center.db")
	plain := open(t, path)
	asking := &counting{Store: open(t, path), hold: make(chan struct{})}
	close(asking.hold)
	s := New(asking)
	o := storetest.Organisation()
	ok(t, plain.Apply(t.Context(), o))
	given := o.Assignments[0]
	var user, set string
	for _, p := range o.PermissionSets {
		if p.ID == given.PermissionSetID {
			set = p.Name
		}
	}
	if user = given.PrincipalID; given.PrincipalKind != store.PrincipalUser || set == "" {
		t.Fatalf("the first assignment is %+v", given)
	}
	assigned := func(ctx context.Context, want error) {
		t.Helper()
		if _, err := s.Assigned(ctx, user, given.AccountID, set); !errors.Is(err, want) {
			t.Errorf("%v, want %v", err, want)
		}
	}
	before := AtOnce(t.Context())
	assigned(before, nil)
	ok(t, plain.RemoveAssignment(t.Context(), given))
	asked := asking.revisions.Load()
	assigned(before, nil) // it began before that
	if _, err := s.AccountsFor(before, user, "", 9); err != nil {
		t.Error(err)
	}
	if n := asking.revisions.Load() - asked; n != 0 {
		t.Errorf("asked %d times more within one request", n)
	}
	assigned(t.Context(), store.ErrNotFound)
	assigned(AtOnce(t.Context()), store.ErrNotFound)
	assigned(AtOnce(before), store.ErrNotFound)
}

func list[T any](l []T, err error) (any, error) { return append([]T{}, l...), err }

func ok(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// counting counts what reaches the store.
type counting struct {
	store.Store
	revisions, reads atomic.Int64
	hold             chan struct{}
}

func (c *counting) Revision(ctx context.Context) (int64, error) {
	c.revisions.Add(1)
	<-c.hold
	return c.Store.Revision(ctx)
}

func (c *counting) Client(ctx context.Context, id string) (store.Client, error) {
	c.reads.Add(1)
	return c.Store.Client(ctx, id)
}

// Calls that come together ask once for the revision, after they came, and read nothing twice.
func TestCallsAskTogether(t *testing.T) {
	c := &counting{Store: open(t, filepath.Join(t.TempDir(), "center.db")), hold: make(chan struct{}, 1000)}
	ok(t, c.Store.AddClient(t.Context(), store.Client{ID: "c", Name: "c", ExpiresAt: storetest.Epoch()}, 9))
	s := New(c)
	c.hold <- struct{}{}
	if _, err := s.Client(t.Context(), "c"); err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	const calls = 50
	for range calls {
		wg.Go(func() {
			if _, err := s.Client(t.Context(), "c"); err != nil {
				t.Error(err)
			}
		})
	}
	time.Sleep(50 * time.Millisecond) // all have come
	c.hold <- struct{}{}
	c.hold <- struct{}{}
	wg.Wait()
	if n := c.revisions.Load(); n != 3 {
		t.Errorf("%d times asked for the revision, want once, once by the first of %d, and once for the others", n, calls)
	}
	if n := c.reads.Load(); n != 1 {
		t.Errorf("read %d times", n)
	}
}

// What is remembered is bounded.
func TestMemoryIsBounded(t *testing.T) {
	m := memory[int, []int]{most: 100, weight: func(_ int, l []int) int { return 1 + len(l) }}
	for i := range 1000 {
		m.put(1, i, make([]int, i%20))
		if m.weighs > 100 || m.weighs < 1 {
			t.Fatalf("it weighs %d", m.weighs)
		}
		if _, found := m.get(1, i); !found {
			t.Fatal("what was just read is not remembered")
		}
	}
	m.put(1, 5, make([]int, 200))
	if _, found := m.get(1, 5); found {
		t.Error("more than all is remembered")
	}
	m.put(0, 7, nil)
	if _, found := m.get(1, 7); found {
		t.Error("something from before is remembered")
	}
	m.put(2, 8, nil)
	if _, found := m.get(1, 8); found || m.weighs != 1 {
		t.Error("two revisions are mixed")
	}
}
