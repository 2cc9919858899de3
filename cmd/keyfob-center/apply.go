package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"keyfob/internal/center/audit"
	"keyfob/internal/center/keyring"
	"keyfob/internal/center/plan"
	"keyfob/internal/center/rolecreds"
	"keyfob/internal/center/seed"
	"keyfob/internal/center/store"
	"keyfob/internal/clock"
	"keyfob/internal/wire"
)

// applyOptions is the command apply.
type applyOptions struct {
	Clock clock.Clock
	io    stdio

	files
	File               string
	DryRun, Prune, Yes bool
}

func applyCommand(io stdio) *cobra.Command {
	o := applyOptions{Clock: clock.System{}, io: io}
	cmd := &cobra.Command{
		Use:   "apply",
		Short: "Show what center.yaml changes, and change it",
		Long: `Makes the instance what the file declares, also while the center is running: all of
it or, if anything goes wrong, nothing. It first shows what is added (+), changed (~)
and removed (-), and asks; without a terminal it needs --yes, or --dry-run.

What an earlier apply declared and the file no longer does is removed: people with
their sessions, and what they were assigned stops working at once. What was added
otherwise, on the administration pages or with "user add", stays; --prune removes
that as well. Making second factors required signs everybody out. Applying the same
file again changes nothing.`,
		Example: "  keyfob-center apply --dry-run\n  keyfob-center apply -f next.yaml --yes",
		Args:    noArgs,
		RunE:    func(cmd *cobra.Command, _ []string) error { return o.Run(cmd.Context()) },
	}
	o.flags(cmd)
	f := cmd.Flags()
	f.StringVarP(&o.File, "file", "f", "", "file to apply; default what --config names")
	f.BoolVar(&o.DryRun, "dry-run", false, "only show what would change")
	f.BoolVar(&o.Prune, "prune", false, "also remove what the file does not have and was added otherwise")
	f.BoolVar(&o.Yes, "yes", false, "do not ask")
	return cmd
}

// Run applies the file.
func (o applyOptions) Run(ctx context.Context) error {
	from := o.files
	if o.File != "" {
		from.Config = o.File
	}
	s, r, err := from.read()
	if err != nil {
		return err
	}
	db, keys, err := o.open(ctx)
	if err != nil {
		return err
	}
	defer db.Close() //nolint:errcheck // every write was its own transaction
	now, err := stateOf(ctx, db)
	if err != nil {
		return err
	}
	if err := prepare(&s, r, now.All, keys, from.Config); err != nil {
		return err
	}
	s.Organisation.Prune = o.Prune // after the digest: it is not of the file
	log := &audit.Log{Store: db, Clock: o.Clock, Keys: keys, Logger: slog.New(slog.DiscardHandler)}
	changes := plan.Diff(now.All, plan.Target(now, s.Organisation), opener(keys))
	if len(changes) == 0 {
		if !o.DryRun { // what was added otherwise may now be declared, which does not show
			if err := applyAll(ctx, log, db, keys, from.Config, s); err != nil {
				return err
			}
		}
		_, err := fmt.Fprintln(o.io.out, "Nothing to change.")
		return err
	}
	if err := showChanges(o.io.out, changes); err != nil || o.DryRun {
		return err
	}
	if err := o.ask(ctx); err != nil {
		return err
	}
	if err := applyAll(ctx, log, db, keys, from.Config, s); err != nil {
		return err
	}
	_, err = fmt.Fprintln(o.io.out, "Applied.")
	return err
}

// ask waits for a yes at the terminal.
func (o applyOptions) ask(ctx context.Context) error {
	switch {
	case o.Yes:
		return nil
	case !term.IsTerminal(int(o.io.in.Fd())):
		return usageError{errors.New("there is no terminal to ask at: --yes applies, --dry-run only shows")}
	}
	fmt.Fprint(o.io.err, "Apply this? [y/N] ")
	answer := make(chan string, 1)
	go func() {
		line, _ := bufio.NewReader(o.io.in).ReadString('\n') // the end of input is a no
		answer <- strings.ToLower(strings.TrimSpace(line))
	}()
	select {
	case a := <-answer:
		if a != "y" && a != "yes" {
			return hinted{errors.New("nothing was changed"), "answer y, or use --yes"}
		}
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// stateOf reads what there is; nothing, before the first apply.
func stateOf(ctx context.Context, db store.Store) (plan.State, error) {
	all, err := db.Organisation(ctx, false)
	if errors.Is(err, store.ErrNotFound) {
		return plan.State{}, nil
	} else if err != nil {
		return plan.State{}, err
	}
	declared, err := db.Organisation(ctx, true)
	return plan.State{All: all, Declared: declared}, err
}

func opener(keys *keyring.Ring) plan.Opener {
	return func(of string, sealed []byte) (wire.Secret, error) { return rolecreds.OpenSecret(keys, of, sealed) }
}

// prepare seals the secrets of a declaration, takes over those that stay, and names it and what was read for
// it.
func prepare(s *seed.Seed, r reading, now store.Organisation, keys *keyring.Ring, file string) error {
	digest, err := digestOf(*s, keys)
	if err != nil {
		return err
	}
	kept, err := r.text(keys)
	if err != nil {
		return err
	}
	s.Organisation.Digest = digest + " " + kept
	if err := s.Seal(func(of string, secret wire.Secret) ([]byte, error) { return rolecreds.SealSecret(keys, of, secret) }); err != nil {
		return err
	}
	if missing := s.Keep(now); len(missing) > 0 {
		return configError{hinted{
			fmt.Errorf("%s says secret: keep, but there is no secret of %s", file, strings.Join(missing, ", ")),
			"give it with secret_file or secret_env",
		}}
	}
	return nil
}

// digestOf names what a file declares, secrets included, in a way that tells nothing of them.
func digestOf(s seed.Seed, keys *keyring.Ring) (string, error) {
	b, err := declaration(s)
	mac := keys.MAC(declarationPurpose, b)
	return fmt.Sprintf("%x", mac[:]), err
}

const declarationPurpose = "declaration"

// isApplied reports whether what was applied last is s, whichever key of the ring made its digest.
func isApplied(applied string, s seed.Seed, keys *keyring.Ring) (bool, error) {
	b, err := declaration(s)
	digest, _, _ := strings.Cut(applied, " ")
	return err == nil && verifies(keys, declarationPurpose, b, digest), err
}

// declaration is what a file declares, secrets included, before they are sealed.
func declaration(s seed.Seed) ([]byte, error) {
	secrets := map[string]string{}
	for of, secret := range s.Secrets {
		secrets[of] = secret.Reveal()
	}
	return json.Marshal([]any{s.Organisation, secrets, s.Kept})
}

// applyAll changes the store, and records what that changed, if anything.
func applyAll(ctx context.Context, log *audit.Log, db store.Store, keys *keyring.Ring, file string, s seed.Seed) error {
	err := log.With(ctx, func(link audit.Link) error {
		return db.ApplyRecorded(ctx, s.Organisation, func(all, declared store.Organisation, head store.AuditHead) ([]store.AuditEvent, store.AuditHead) {
			changes := plan.Diff(all, plan.Target(plan.State{All: all, Declared: declared}, s.Organisation), opener(keys))
			if len(changes) == 0 {
				return nil, head
			}
			n := plan.Count(changes)
			return link(head, store.AuditEvent{Name: "ApplyConfiguration", Outcome: audit.Success, Detail: map[string]string{
				"by": filepath.Base(file), "what": summary(changes),
				"added": fmt.Sprint(n[plan.Add]), "changed": fmt.Sprint(n[plan.Modify]), "removed": fmt.Sprint(n[plan.Remove]),
			}})
		})
	})
	switch {
	case errors.Is(err, store.ErrConflict):
		return configError{hinted{
			fmt.Errorf("%s cannot be applied: %w", file, err),
			"somebody added with keyfob-center user add has that name or e-mail address already: keyfob-center user list shows them",
		}}
	case err != nil:
		return fmt.Errorf("apply %s: %w", file, err)
	}
	return nil
}

// apply makes the store say what the file declares, unless it was the last one that was applied: then what
// was changed since stays.
func apply(ctx context.Context, log *audit.Log, db store.Store, keys *keyring.Ring, file string, s seed.Seed, r reading) error {
	last, err := db.Applied(ctx)
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		return err
	}
	if same, err := isApplied(last, s, keys); same || err != nil {
		return err
	}
	now := store.Organisation{}
	if len(s.Kept) > 0 {
		if now, err = db.Organisation(ctx, false); err != nil && !errors.Is(err, store.ErrNotFound) {
			return err
		}
	}
	if err := prepare(&s, r, now, keys, file); err != nil {
		return err
	}
	return applyAll(ctx, log, db, keys, file, s)
}

func exportCommand(io stdio) *cobra.Command {
	var f files
	cmd := &cobra.Command{
		Use:   "export",
		Short: "Print the instance as a center.yaml",
		Long: `Prints what there is now, also what was added on the administration pages, as a
file that apply understands: applying it changes nothing. Passwords are in it as
hashes; other secrets stay in the database ("secret: keep").

Names of the instance (start_urls) are those of the config file, if there is one.`,
		Example: "  keyfob-center export > now.yaml",
		Args:    noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			db, _, err := f.open(cmd.Context())
			if err != nil {
				return err
			}
			defer db.Close() //nolint:errcheck // nothing was written
			o, err := db.Organisation(cmd.Context(), false)
			if errors.Is(err, store.ErrNotFound) {
				return configError{hinted{errors.New("there is nothing in the database yet"), "keyfob-center apply puts something there"}}
			} else if err != nil {
				return err
			}
			s := seed.Seed{Organisation: o}
			if _, err := os.Stat(f.Config); err == nil {
				declared, err := f.seed()
				if err != nil {
					return err
				}
				s.StartURLs = declared.StartURLs
			}
			_, err = io.out.Write(seed.Export(s))
			return err
		},
	}
	f.flags(cmd)
	return cmd
}
