package main

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"keyfob/internal/center/audit"
	"keyfob/internal/center/directory"
	"keyfob/internal/center/store"
	"keyfob/internal/clock"
)

// auditOptions is the commands under audit.
type auditOptions struct {
	Clock clock.Clock
	io    stdio

	files
	Known        string
	Since, Until string
	User, Event  string
}

func auditCommand(io stdio) *cobra.Command {
	o := &auditOptions{Clock: clock.System{}, io: io}
	cmd := groupCommand("audit", "Verify and export the audit log", `The audit log holds who did what: it is only ever added to, and every event is
chained to the one before. Both commands may run while the center does.`)
	verify := &cobra.Command{
		Use: "verify", Short: "Check that nothing was changed, removed or added",
		Long: `Goes through the whole audit log and checks that every event is as it was
recorded. If not, it names the first that is not, and exits with 1.

It prints the last event with its hash. Note that line elsewhere, and give it as
--known next time: then a database that was put back to an earlier state is
noticed as well, which nothing inside the database can show.`,
		Example: "  keyfob-center audit verify\n  keyfob-center audit verify --known 2041:5f0c…",
		Args:    noArgs,
		RunE:    func(cmd *cobra.Command, _ []string) error { return o.verify(cmd.Context()) },
	}
	verify.Flags().StringVar(&o.Known, "known", "", "NUMBER:HASH of an earlier verify, which must still be there")
	export := &cobra.Command{
		Use: "export", Short: "Print events as JSON, one a line",
		Long: `Prints events, oldest first, one JSON object a line in the shape of AWS CloudTrail's
records. Times are RFC 3339 (2026-11-23T09:00:00Z), days (2026-11-23) or how long
ago (24h).`,
		Example: "  keyfob-center audit export --since 24h\n  keyfob-center audit export --user ada --event GetRoleCredentials",
		Args:    noArgs,
		RunE:    func(cmd *cobra.Command, _ []string) error { return o.export(cmd.Context()) },
	}
	f := export.Flags()
	f.StringVar(&o.Since, "since", "", "only events from then on")
	f.StringVar(&o.Until, "until", "", "only events before then")
	f.StringVar(&o.User, "user", "", "only events of this person: name, e-mail address or id")
	f.StringVar(&o.Event, "event", "", "only events of this name, like SignIn")
	for _, c := range []*cobra.Command{verify, export} {
		o.flags(c)
		cmd.AddCommand(c)
	}
	return cmd
}

func (o *auditOptions) verify(ctx context.Context) error {
	known, err := parseKnown(o.Known)
	if err != nil {
		return err
	}
	db, keys, err := o.open(ctx)
	if err != nil {
		return err
	}
	defer db.Close() //nolint:errcheck // nothing was written
	v, err := audit.Verify(ctx, db, keys, known)
	var broken *audit.BrokenError
	if errors.As(err, &broken) {
		return failedError{hinted{fmt.Errorf("the audit log is broken at %w", err), "keep a copy of the database as it is; audit export shows what is around that event"}}
	} else if err != nil {
		return err
	}
	if v.Unchained > 0 {
		fmt.Fprintf(o.io.out, "%s from before there was a chain cannot be verified.\n", count(int(v.Unchained), "event"))
	}
	n := v.Last - v.First + 1
	if n == 0 {
		_, err = fmt.Fprintln(o.io.out, "The audit log is empty.")
		return err
	}
	_, err = fmt.Fprintf(o.io.out, "The audit log is whole: %s, the last is %d:%s\n", count(int(n), "event"), v.Last, hex.EncodeToString(v.Hash[:]))
	return err
}

func parseKnown(s string) (audit.Known, error) {
	var k audit.Known
	if s == "" {
		return k, nil
	}
	seq, sum, _ := strings.Cut(strings.TrimSpace(s), ":")
	n, err := strconv.ParseInt(seq, 10, 64)
	b, hexErr := hex.DecodeString(sum)
	if err != nil || n < 1 || hexErr != nil || copy(k.Hash[:], b) != len(k.Hash) || len(b) != len(k.Hash) {
		return k, usageError{errors.New("--known is what verify printed at the end: a number, a colon and 64 hex digits")}
	}
	k.Seq = n
	return k, nil
}

// exportPage is how many events are held in memory.
const exportPage = 500

func (o *auditOptions) export(ctx context.Context) error {
	q := store.AuditQuery{Name: o.Event, Limit: exportPage}
	var err error
	if q.Since, err = o.instant("--since", o.Since); err != nil {
		return err
	}
	if q.Until, err = o.instant("--until", o.Until); err != nil {
		return err
	}
	db, _, err := o.open(ctx)
	if err != nil {
		return err
	}
	defer db.Close() //nolint:errcheck // nothing was written
	instance, err := db.Instance(ctx)
	if errors.Is(err, store.ErrNotFound) {
		return nil // it never ran
	} else if err != nil {
		return err
	}
	if q.UserID, err = userID(ctx, db, o.User); err != nil {
		return err
	}
	out := json.NewEncoder(o.io.out)
	out.SetEscapeHTML(false)
	for {
		page, err := db.AuditSearch(ctx, q)
		if err != nil || len(page) == 0 {
			return err
		}
		for _, e := range page {
			if err := out.Encode(audit.NewCloudTrail(e, instance)); err != nil {
				return err
			}
		}
		q.After = page[len(page)-1].Seq
	}
}

// userID finds whom an event is asked for. A person who was removed is still known by their id.
func userID(ctx context.Context, db store.Directory, name string) (string, error) {
	if name == "" {
		return "", nil
	}
	key, err := directory.NameKey(name)
	if err != nil {
		return "", usageError{err}
	}
	u, err := db.UserByKey(ctx, key)
	if errors.Is(err, store.ErrNotFound) {
		return name, nil
	}
	return u.ID, err
}

// instant reads a time as people give it.
func (o *auditOptions) instant(flag, s string) (time.Time, error) {
	if s == "" {
		return time.Time{}, nil
	}
	for _, layout := range []string{time.RFC3339, time.DateOnly} {
		if t, err := time.Parse(layout, s); err == nil {
			return t, nil
		}
	}
	if d, err := time.ParseDuration(s); err == nil && d > 0 {
		return o.Clock.Now().Add(-d), nil
	}
	return time.Time{}, usageError{fmt.Errorf("%s is a time like 2026-11-23T09:00:00Z, a day like 2026-11-23, or how long ago, like 24h", flag)}
}
