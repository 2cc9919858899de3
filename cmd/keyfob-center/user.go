package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"keyfob/internal/center/audit"
	"keyfob/internal/center/directory"
	"keyfob/internal/center/keyring"
	"keyfob/internal/center/seed"
	"keyfob/internal/center/store"
	"keyfob/internal/clock"
	"keyfob/internal/wire"
)

// userOptions is the commands under user.
type userOptions struct {
	Clock  clock.Clock
	Random io.Reader
	io     stdio

	files
	Email, DisplayName string
	Generate, Hash     bool
	PublicURL          string
	SecondFactors      bool
}

func userCommand(io stdio) *cobra.Command {
	o := &userOptions{Clock: clock.System{}, Random: rand.Reader, io: io}
	cmd := groupCommand("user", "Add people, change passwords, list, disable",
		`Changes the people of the instance, also while the center is running. Passwords
are asked for at the terminal, or read from standard input; never give one on a
command line, where every process can read it.`)
	add := &cobra.Command{
		Use: "add NAME", Short: "Add a person who is not in center.yaml", Args: oneArg("name"),
		RunE: func(cmd *cobra.Command, args []string) error {
			return o.with(cmd.Context(), args[0], o.addWithPassword)
		},
	}
	add.Flags().StringVar(&o.Email, "email", "", "e-mail address, which they may sign in with as well")
	add.Flags().StringVar(&o.DisplayName, "display-name", "", "name to show")
	password := &cobra.Command{
		Use: "password NAME", Short: "Set a person's password and end their sessions",
		Long: `Sets a person's password and ends their sessions. With --hash it changes nothing,
but prints the hash of a password for password_hash in center.yaml.`,
		Args: func(cmd *cobra.Command, args []string) error {
			if o.Hash {
				return noArgs(cmd, args)
			}
			return oneArg("name")(cmd, args)
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			if o.Hash {
				return o.printHash(cmd.Context())
			}
			return o.with(cmd.Context(), args[0], o.password)
		},
	}
	password.Flags().BoolVar(&o.Hash, "hash", false, "only print the hash of a password")
	list := &cobra.Command{
		Use: "list", Short: "List the people", Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return o.with(cmd.Context(), "", o.list) },
	}
	disable := &cobra.Command{
		Use: "disable NAME", Short: "Stop a person from signing in and end their sessions", Args: oneArg("name"),
		RunE: func(cmd *cobra.Command, args []string) error {
			return o.with(cmd.Context(), args[0], func(ctx context.Context, u users) error { return o.setDisabled(ctx, u, true) })
		},
	}
	enable := &cobra.Command{
		Use: "enable NAME", Short: "Undo disable", Args: oneArg("name"),
		RunE: func(cmd *cobra.Command, args []string) error {
			return o.with(cmd.Context(), args[0], func(ctx context.Context, u users) error { return o.setDisabled(ctx, u, false) })
		},
	}
	remove := &cobra.Command{
		Use: "remove NAME", Short: "Remove a person who is not in center.yaml", Args: oneArg("name"),
		RunE: func(cmd *cobra.Command, args []string) error { return o.with(cmd.Context(), args[0], o.remove) },
	}
	end := &cobra.Command{
		Use: "end-sessions NAME", Short: "End a person's sessions and what was issued under them", Args: oneArg("name"),
		RunE: func(cmd *cobra.Command, args []string) error { return o.with(cmd.Context(), args[0], o.endSessions) },
	}
	invite := &cobra.Command{
		Use: "invite NAME", Short: "Print a link with which a person chooses a first password",
		Long: `Prints a link with which a person chooses a password. It works once, for three
days; whoever has it can use it, so hand it to that person only. Somebody who is
not there yet is added.`,
		Args: oneArg("name"),
		RunE: func(cmd *cobra.Command, args []string) error { return o.with(cmd.Context(), args[0], o.invite) },
	}
	reset := &cobra.Command{
		Use: "reset NAME", Short: "Print a link with which a person chooses a new password",
		Long: `Prints a link with which a person chooses a new password. It works once, for an
hour. The old password works until then. With --second-factors it also removes their
authenticator apps, passkeys and recovery codes, for somebody who has lost them.`,
		Args: oneArg("name"),
		RunE: func(cmd *cobra.Command, args []string) error { return o.with(cmd.Context(), args[0], o.reset) },
	}
	reset.Flags().BoolVar(&o.SecondFactors, "second-factors", false, "also remove their second factors")
	invite.Flags().StringVar(&o.Email, "email", "", "e-mail address of somebody new")
	invite.Flags().StringVar(&o.DisplayName, "display-name", "", "name to show of somebody new")
	for _, c := range []*cobra.Command{invite, reset} {
		c.Flags().StringVar(&o.PublicURL, "public-url", "http://127.0.0.1:8480", "URL of the center that the link begins with")
	}
	for _, c := range []*cobra.Command{add, password} {
		c.Flags().BoolVar(&o.Generate, "generate", false, "make up a password and print it")
	}
	for _, c := range []*cobra.Command{add, invite, reset, password, list, disable, enable, remove, end} {
		o.flags(c)
		cmd.AddCommand(c)
	}
	return cmd
}

// users is an open store, the keys, what the config file declares, and the person a command is about.
type users struct {
	db   store.Store
	keys *keyring.Ring
	dir  *directory.Directory
	seed seed.Seed
	name string
}

// with opens the store for one command.
func (o *userOptions) with(ctx context.Context, name string, do func(context.Context, users) error) error {
	s, r, err := o.read()
	if err != nil {
		return err
	}
	db, keys, err := o.open(ctx)
	if err != nil {
		return err
	}
	defer db.Close() //nolint:errcheck // every write was its own transaction
	log := &audit.Log{Store: db, Clock: o.Clock, Keys: keys, Logger: slog.New(slog.DiscardHandler)}
	// What the file declares is serve's to apply, but before its first start there is nothing to change.
	if _, err := db.Instance(ctx); errors.Is(err, store.ErrNotFound) {
		if err := apply(ctx, log, db, keys, o.Config, s, r); err != nil {
			return err
		}
	} else if err != nil {
		return err
	}
	return do(ctx, users{db, keys, &directory.Directory{
		Store: db, Clock: o.Clock, Random: o.Random, Hasher: directory.NewHasher(1), Audit: log, Keys: keys,
	}, s, name})
}

// find returns the person of the command.
func (u users) find(ctx context.Context) (store.User, error) {
	key, err := directory.NameKey(u.name)
	if err != nil {
		return store.User{}, usageError{err}
	}
	found, err := u.db.UserByKey(ctx, key)
	if errors.Is(err, store.ErrNotFound) {
		return found, hinted{fmt.Errorf("there is no user %q", key), "keyfob-center user list shows who there is"}
	}
	return found, err
}

// declared reports whether the config file has the person.
func (u users) declared(id string) bool {
	for _, d := range u.seed.Organisation.Users {
		if d.ID == id {
			return true
		}
	}
	return false
}

func (o *userOptions) addWithPassword(ctx context.Context, u users) error {
	p, err := o.readPassword(ctx)
	if err != nil {
		return err
	}
	return o.add(ctx, u, p)
}

// add adds a person; without a password they cannot sign in yet.
func (o *userOptions) add(ctx context.Context, u users, p wire.Secret) error {
	added, err := u.dir.AddUser(ctx, u.name, o.Email, o.DisplayName, p)
	switch {
	case errors.Is(err, store.ErrConflict):
		return hinted{fmt.Errorf("somebody has the name %q or that e-mail address already", u.name), "keyfob-center user list shows who there is"}
	case errors.Is(err, directory.ErrName), errors.Is(err, directory.ErrPassword):
		return usageError{err}
	case err != nil:
		return err
	}
	return o.say("Added %s. They may use nothing yet: assignments are made in %s, to groups or to people declared there.\n", added.Name, o.Config)
}

func (o *userOptions) password(ctx context.Context, u users) error {
	found, err := u.find(ctx)
	if err != nil {
		return err
	}
	p, err := o.readPassword(ctx)
	if err != nil {
		return err
	}
	if err := u.dir.SetPassword(ctx, found.ID, p, ""); errors.Is(err, directory.ErrPassword) {
		return usageError{err}
	} else if err != nil {
		return err
	}
	return o.say("Changed the password of %s and ended their sessions.\n", found.Name)
}

func (o *userOptions) printHash(ctx context.Context) error {
	p, err := o.readPassword(ctx)
	if err != nil {
		return err
	}
	hash, err := directory.NewHasher(1).Hash(ctx, p)
	if errors.Is(err, directory.ErrPassword) {
		return usageError{err}
	} else if err != nil {
		return err
	}
	return o.say("%s\n", hash)
}

func (o *userOptions) list(ctx context.Context, u users) error {
	all, err := u.db.Users(ctx)
	if err != nil {
		return err
	}
	w := tabwriter.NewWriter(o.io.out, 0, 0, 3, ' ', 0)
	fmt.Fprintln(w, "NAME\tEMAIL\tDISPLAY NAME\tSTATE")
	for _, p := range all {
		var state []string
		if p.Disabled {
			state = append(state, "disabled")
		}
		if p.PasswordHash == "" {
			state = append(state, "no password")
		}
		if !u.declared(p.ID) {
			state = append(state, "not in "+o.Config)
		}
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\n", oneLine(p.Name), oneLine(p.Email), oneLine(p.DisplayName), strings.Join(state, ", "))
	}
	return w.Flush()
}

func (o *userOptions) setDisabled(ctx context.Context, u users, disabled bool) error {
	found, err := u.find(ctx)
	if err != nil {
		return err
	}
	if err := u.db.SetDisabled(ctx, found.ID, disabled, o.Clock.Now()); err != nil {
		return err
	}
	if err := u.dir.Audit.Record(ctx, store.AuditEvent{
		Name: "UpdateUser", Outcome: audit.Success, UserID: found.ID, Detail: map[string]string{"disabled": fmt.Sprint(disabled)},
	}); err != nil {
		return err
	}
	state := map[bool]string{true: "Disabled %s and ended their sessions.\n", false: "Enabled %s.\n"}
	return o.say(state[disabled], found.Name)
}

func (o *userOptions) say(format string, args ...any) error {
	_, err := fmt.Fprintf(o.io.out, format, args...)
	return err
}
