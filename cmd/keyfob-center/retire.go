package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"keyfob/internal/center/audit"
	"keyfob/internal/center/keyring"
	"keyfob/internal/center/reseal"
	"keyfob/internal/center/rolecreds"
	"keyfob/internal/center/store"
	"keyfob/internal/center/store/postgres"
	"keyfob/internal/clock"
)

// retireOptions is the command keys retire.
type retireOptions struct {
	Clock clock.Clock
	io    stdio

	files
	DryRun, Now bool
}

const (
	// keyLasts is how long something may be in use that a key sealed last: credentials, by a center whose clock is
	// a little behind.
	keyLasts = rolecreds.MaxLifetime + 10*time.Minute
	// keySettles is when every center that reads keys.json has noticed that another key seals.
	keySettles = 5 * followKeys
)

func retireCommand(io stdio) *cobra.Command {
	o := retireOptions{Clock: clock.System{}, io: io}
	cmd := &cobra.Command{
		Use:   "retire [KEY...]",
		Short: "Remove old keys when nothing needs them any more",
		Long: `Seals every secret in the database that an old key has sealed with the one in use:
second factors, access keys and devices of service users. The audit log is signed
with the one in use. It may be interrupted and run again, and centers go on.

Then it removes the old keys, or those that are named, from keys.json. A key goes ` + fmt.Sprint(int(keyLasts.Hours())) + `
hours after it stopped to seal: that is how long credentials may live. --now removes
it at once, for a key that somebody else has: role credentials, sessions of service
users and sign-ins under way that it has sealed end. Whoever had the key and a copy
of the database knows the secrets that were in it: those have to be made anew.

Copies of the database from before need the keys.json of their time. Replicas with
a keys.json of their own need the new file afterwards.`,
		Example: "  keyfob-center keys rotate\n  keyfob-center keys retire --dry-run\n  keyfob-center keys retire",
		RunE:    func(cmd *cobra.Command, args []string) error { return o.Run(cmd.Context(), args) },
	}
	o.flags(cmd)
	f := cmd.Flags()
	f.BoolVar(&o.DryRun, "dry-run", false, "only say what would happen")
	f.BoolVar(&o.Now, "now", false, "do not wait for what the keys have sealed to expire: it ends")
	return cmd
}

// Run seals anew and removes the keys of these ids; all that may go, if there are none.
func (o retireOptions) Run(ctx context.Context, ids []string) error {
	if _, err := o.keysThere(); err != nil {
		return err
	}
	if _, err := os.Stat(o.database()); err != nil && !postgres.IsURL(o.database()) {
		return configError{hinted{fmt.Errorf("the database cannot be used: %w", err), "--database names it"}}
	}
	db, keys, err := o.open(ctx)
	if err != nil {
		return err
	}
	defer db.Close() //nolint:errcheck // every write was its own transaction
	if err := o.belongs(ctx, db, keys); err != nil {
		return err
	}
	going, err := o.chosen(keys, ids)
	if err != nil {
		return err
	}
	if err := o.reseal(ctx, db, keys); err != nil {
		return err
	}
	ripe, early := o.ripe(keys, going)
	switch {
	case early != nil && (len(ids) > 0 || len(ripe) == 0):
		return failedError{early}
	case len(ripe) == 0:
		_, err := fmt.Fprintln(o.io.out, "There is no old key to remove.")
		return err
	case o.DryRun:
		_, err := fmt.Fprintf(o.io.out, "Would remove %s.\n", strings.Join(ripe, ", "))
		return err
	}
	return o.remove(ctx, db, keys, ripe)
}

// belongs refuses a database that is not of these keys: the one that is would lose its secrets.
func (o retireOptions) belongs(ctx context.Context, db store.Store, keys *keyring.Ring) error {
	if _, err := db.Instance(ctx); errors.Is(err, store.ErrNotFound) {
		return configError{hinted{errors.New("there is nothing in the database yet"), "--database names the one of this center"}}
	} else if err != nil {
		return err
	}
	signed, err := audit.Signed(ctx, db, keys)
	if err == nil && !signed {
		err = configError{hinted{errors.New("the audit log of this database is not signed with a key of keys.json"), "audit verify says more; --database names another database"}}
	}
	return err
}

// chosen are the keys that may be removed, or those of these ids.
func (o retireOptions) chosen(keys *keyring.Ring, ids []string) ([]string, error) {
	all, sealing, from := keys.IDs()
	var old []string
	for i, id := range all {
		if id != sealing && (i > 0 || from.IsZero()) {
			old = append(old, id)
		}
	}
	for _, id := range ids {
		switch {
		case !slices.Contains(all, id):
			return nil, usageError{fmt.Errorf("there is no key %q: keys list names them", id)}
		case !slices.Contains(old, id):
			return nil, usageError{hinted{fmt.Errorf("key %s is in use, or will be", id), "keyfob-center keys rotate puts a new one in its place"}}
		}
	}
	if len(ids) > 0 {
		return ids, nil
	}
	return old, nil
}

// reseal says how many secrets it seals anew.
func (o retireOptions) reseal(ctx context.Context, db store.Store, keys *keyring.Ring) error {
	how, what := reseal.All, "sealed anew"
	if o.DryRun {
		how, what = reseal.Count, "to seal anew"
	}
	r, err := how(ctx, db, keys)
	if err != nil {
		return err
	}
	if _, err := fmt.Fprintf(o.io.out, "Of %s in the database: %d %s.\n", count(r.All, "secret"), r.Anew, what); err != nil {
		return err
	}
	if r.Closed > 0 {
		_, err = fmt.Fprintf(o.io.out, "No key opens %d of them; they stay as they are.\n", r.Closed)
	}
	return err
}

// ripe returns which of these keys can be removed now, and of the others an error for one.
func (o retireOptions) ripe(keys *keyring.Ring, ids []string) (ripe []string, early error) {
	wait := keyLasts
	if o.Now {
		wait = keySettles
	}
	for _, id := range ids {
		switch until := keys.Until(id); {
		case until.IsZero() && !o.Now:
			early = hinted{
				fmt.Errorf("nobody has noted when key %s stopped to seal", id),
				fmt.Sprintf("the next keys rotate notes it, and %d hours later it can go; --now removes it at once and ends what it has sealed", int(keyLasts.Hours())),
			}
		case o.Clock.Now().Before(until.Add(wait)):
			at := until.Add(wait).Local().Format(time.DateTime)
			early = hinted{fmt.Errorf("key %s stays until %s: what it has sealed may be in use", id, at), "--now removes it at once and ends what it has sealed"}
			if o.Now {
				early = hinted{fmt.Errorf("key %s stays until %s: centers that run may not have noticed yet that another seals", id, at), "try again in a moment"}
			}
		default:
			ripe = append(ripe, id)
		}
	}
	return ripe, early
}

// remove takes keys away when nothing that stays is theirs.
func (o retireOptions) remove(ctx context.Context, db store.Store, keys *keyring.Ring, ids []string) error {
	left, err := keys.Without(ids...)
	if err != nil {
		return err
	}
	if err := o.reapply(ctx, db, keys, left); err != nil {
		return err
	}
	// Which signs the log with a key that stays.
	log := &audit.Log{Store: db, Clock: o.Clock, Keys: left, Logger: slog.New(slog.DiscardHandler)}
	detail := map[string]string{"keys": strings.Join(ids, " "), "now": fmt.Sprint(o.Now)}
	if err := log.Record(ctx, store.AuditEvent{Name: "RetireKeys", Outcome: audit.Success, Detail: detail}); err != nil {
		return err
	}
	if signed, err := audit.Signed(ctx, db, left); err != nil {
		return err
	} else if !signed {
		return failedError{hinted{errors.New("a center still signs with an old key"), "every replica needs the same keys.json"}}
	}
	// Of what is there now: somebody may have made another key.
	without := func(r *keyring.Ring) (*keyring.Ring, error) { return r.Without(ids...) }
	if _, err := keyring.Change(ctx, o.keys(), without); err != nil {
		return fmt.Errorf("keys: %w", err)
	}
	_, err = fmt.Fprintf(o.io.out, "Removed %s. What that has sealed has ended.\n", strings.Join(ids, ", "))
	return err
}

// reapply notes anew that the config file was applied, so that the next start does not do it again, over what was
// changed since.
func (o retireOptions) reapply(ctx context.Context, db store.Store, keys, left *keyring.Ring) error {
	last, err := db.Applied(ctx)
	if err != nil {
		return err
	}
	s, r, err := o.read()
	if err != nil {
		_, err = fmt.Fprintf(o.io.err, "%s, or a secret that it refers to, cannot be read here: the next start applies it again.\n", o.Config)
		return err
	}
	if same, err := isApplied(last, s, keys); !same || err != nil {
		return err // the next start applies it in any case
	}
	digest, err := digestOf(s, left)
	if err != nil {
		return err
	}
	kept, err := r.text(left)
	if err != nil {
		return err
	}
	return db.SetApplied(ctx, last, digest+" "+kept)
}
