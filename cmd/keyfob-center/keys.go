package main

import (
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/spf13/cobra"

	"keyfob/internal/center/keyring"
	"keyfob/internal/clock"
)

// followKeys is how often a center that runs looks whether keys.json has changed.
const followKeys = 2 * time.Second

func keysCommand(io stdio) *cobra.Command {
	var f files
	cmd := groupCommand("keys", "Change the center's own keys", `keys.json holds the keys that seal role credentials, page tokens and stored secrets and
sign the audit log. The first seals and signs; all of them open what they have sealed.`)
	list := &cobra.Command{
		Use: "list", Short: "Name the keys, the one in use first",
		Args: noArgs,
		RunE: func(*cobra.Command, []string) error {
			keys, err := f.keysThere()
			if err != nil {
				return err
			}
			ids, sealing, from := keys.IDs()
			for i, id := range ids {
				use := "opens what it has sealed"
				switch until := keys.Until(id); {
				case id == sealing:
					use = "seals and signs"
				case i == 0:
					use = "seals and signs from " + from.Local().Format(time.DateTime) + " on"
				case !until.IsZero():
					use += " until " + until.Local().Format(time.DateTime)
				}
				if _, err := fmt.Fprintf(io.out, "%s  %s\n", id, use); err != nil {
					return err
				}
			}
			return nil
		},
	}
	var after time.Duration
	rotate := &cobra.Command{
		Use: "rotate", Short: "Seal and sign with a new key",
		Long: `Makes a new key and puts it before the others in keys.json. Nothing that was
issued ends: the old keys stay, and open what they have sealed.

A center that runs reads keys.json again within ` + followKeys.String() + ` of a change. The new key
begins to seal and sign a while later (--after), so that every replica knows it
by then: one that does not refuses what another has sealed with it. Replicas with
a keys.json of their own need the new file within that time. Codes for devices that
are shown at that moment have to be asked for anew.

Old keys stay, as secrets in the database are sealed with them: keys retire changes
that and removes them.`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if after < 0 {
				return usageError{errors.New("--after is a time from now on, such as 1m")}
			}
			if _, err := f.keysThere(); err != nil {
				return err
			}
			from := clock.System{}.Now().Add(after)
			keys, err := keyring.Change(cmd.Context(), f.keys(), func(r *keyring.Ring) (*keyring.Ring, error) { return r.Rotated(from) })
			if err != nil {
				return fmt.Errorf("keys: %w", err)
			}
			ids, _, _ := keys.IDs()
			_, err = fmt.Fprintf(io.out, "The new key is %s. It seals and signs from %s on.\n", ids[0], from.Local().Format(time.DateTime))
			return err
		},
	}
	rotate.Flags().DurationVar(&after, "after", time.Minute, "when the new key begins to seal and sign, from now on")
	f.flags(list)
	f.flags(rotate)
	cmd.AddCommand(list, rotate, retireCommand(io))
	return cmd
}

// keysThere reads the keys, and makes none.
func (f files) keysThere() (*keyring.Ring, error) {
	if _, err := os.Stat(f.keys()); err != nil {
		return nil, configError{hinted{fmt.Errorf("keys: %w", err), "keyfob-center serve makes them at its first start"}}
	}
	keys, err := keyring.Load(f.keys())
	if err != nil {
		return nil, configError{fmt.Errorf("keys: %w", err)}
	}
	return keys, nil
}
