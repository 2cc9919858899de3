package cli

import (
	"strings"

	"github.com/spf13/cobra"

	"keyfob/internal/awsconfig"
)

func (a *app) newListProfiles() *cobra.Command {
	return &cobra.Command{
		Use:   "list-profiles",
		Short: "print the names of all profiles",
		Long:  `Prints the profiles of the config file, in its order, and then those that only the credentials file has.`,
		Args:  noArgs,
		RunE: func(*cobra.Command, []string) error {
			names, ok := awsconfig.ProfileNames(a.configEnv())
			if !ok {
				c, err := a.loadTalking()
				if err != nil {
					return err
				}
				names = c.Profiles()
			}
			return a.print(lines(names))
		},
	}
}

// lines is one harmless line for each name.
func lines(names []string) string {
	var b strings.Builder
	for _, name := range names {
		b.WriteString(printable(name))
		b.WriteByte('\n')
	}
	return b.String()
}
