package main

import (
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"keyfob/internal/center/doctor"
)

// healthcheckCommand is for containers, which have neither a shell nor curl.
func healthcheckCommand(io stdio) *cobra.Command {
	var address string
	timeout := 5 * time.Second
	cmd := &cobra.Command{
		Use: "healthcheck", Short: "Ask a running center whether it is ready; for containers",
		Long: `Asks /readyz at the address that serve has as --metrics, and exits with 0 when it is
ready and 1 when it is not. It prints what the center says.`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			answer, err := doctor.Ready(cmd.Context(), address, timeout)
			if err != nil {
				return failedError{err}
			}
			_, err = fmt.Fprintln(io.out, strings.TrimSpace(answer))
			return err
		},
	}
	cmd.Flags().StringVar(&address, "metrics", "127.0.0.1:9480", "address that serve has as --metrics")
	cmd.Flags().DurationVar(&timeout, "timeout", timeout, "how long to wait")
	return cmd
}
