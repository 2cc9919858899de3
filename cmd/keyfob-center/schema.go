package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"keyfob/internal/center/seed"
)

func schemaCommand(io stdio) *cobra.Command {
	return &cobra.Command{
		Use:   "schema",
		Short: "Print the JSON Schema of center.yaml",
		Long: `Prints the JSON Schema of center.yaml, with which editors complete and check it. What
refers to something else (people, accounts, groups) only validate checks.`,
		Args: noArgs,
		RunE: func(*cobra.Command, []string) error {
			_, err := fmt.Fprint(io.out, seed.Schema())
			return err
		},
	}
}
