package main

import (
	"fmt"
	"runtime"
	"runtime/debug"

	"github.com/spf13/cobra"
)

func validateCommand(io stdio) *cobra.Command {
	var f files
	cmd := &cobra.Command{
		Use:   "validate",
		Short: "Check center.yaml without starting anything",
		Long: `Reads the config file as serve would, and reports everything that is wrong with
it, one line each, as FILE:LINE:COLUMN: what is wrong and what to do about it.`,
		Args: noArgs,
		RunE: func(*cobra.Command, []string) error {
			s, err := f.seed()
			if err != nil {
				return err
			}
			o := s.Organisation
			_, err = fmt.Fprintf(io.out, "%s is good: %s, %s, %s, %s, %s, %s, %s.\n", f.Config, count(len(o.Accounts), "account"), count(len(o.Users), "user"),
				count(len(o.Groups), "group"), count(len(o.PermissionSets), "permission set"), count(len(o.Assignments), "assignment"),
				count(len(o.Roles), "role"), count(len(o.ServiceUsers), "service user"))
			return err
		},
	}
	cmd.Flags().StringVar(&f.Config, "config", configName, "the file that declares the instance")
	return cmd
}

func versionCommand(io stdio) *cobra.Command {
	return &cobra.Command{
		Use:   "version",
		Short: "Print the version",
		Args:  noArgs,
		RunE: func(*cobra.Command, []string) error {
			_, err := fmt.Fprintln(io.out, versionLine())
			return err
		},
	}
}

// version is set by the linker.
var version string

func versionLine() string {
	return fmt.Sprintf("keyfob-center %s %s/%s %s", programVersion(), runtime.GOOS, runtime.GOARCH, runtime.Version())
}

// programVersion is the linker's, else what the go command recorded when it built this program.
func programVersion() string {
	if version != "" {
		return version
	}
	info, ok := debug.ReadBuildInfo()
	if !ok || info.Main.Version == "" {
		return "(devel)"
	}
	return info.Main.Version
}
