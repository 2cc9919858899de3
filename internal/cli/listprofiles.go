package cli

import (
	"strings"

	"github.com/spf13/cobra"
)

func (a *app) newListProfiles() *cobra.Command {
	return &cobra.Command{
		Use:   "list-profiles",
		Short: "print the names of all profiles",
		Long:  `Prints the profiles of the config file, in its order, and then those that only the credentials file has.`,
		Args:  noArgs,
		RunE: func(*cobra.Command, []string) error {
			c, err := a.loadTalking()
			if err != nil {
				return err
			}
			var b strings.Builder
			for _, p := range c.Profiles() {
				b.WriteString(printable(p) + "\n")
			}
			return a.print(b.String())
		},
	}
}
