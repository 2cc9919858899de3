package main

import (
	"fmt"
	"os"

	"github.com/spf13/cobra"

	"keyfob/internal/center/keyring"
)

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
			for i, id := range keys.IDs() {
				use := "opens what it has sealed"
				if i == 0 {
					use = "seals and signs"
				}
				if _, err := fmt.Fprintf(io.out, "%s  %s\n", id, use); err != nil {
					return err
				}
			}
			return nil
		},
	}
	rotate := &cobra.Command{
		Use: "rotate", Short: "Seal and sign with a new key from the next start on",
		Long: `Makes a new key and puts it before the others in keys.json. Nothing that was
issued ends: the old keys stay, and open what they have sealed.

A center reads keys.json when it starts. Replicas that share it are all stopped
before the first one starts again: one that does not know the new key refuses what
another has sealed with it. Codes for devices that are shown at that moment have
to be asked for anew.

Old keys are not removed: secrets in the database are sealed with them.`,
		Args: noArgs,
		RunE: func(*cobra.Command, []string) error {
			keys, err := f.keysThere()
			if err != nil {
				return err
			}
			if keys, err = keys.Rotated(); err != nil {
				return err
			}
			if err := keys.Replace(f.keys()); err != nil {
				return fmt.Errorf("keys: %w", err)
			}
			_, err = fmt.Fprintf(io.out, "The new key is %s. Restart the center.\n", keys.IDs()[0])
			return err
		},
	}
	f.flags(list)
	f.flags(rotate)
	cmd.AddCommand(list, rotate)
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
