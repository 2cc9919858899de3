package main

import (
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"keyfob/internal/center/directory"
	"keyfob/internal/center/seed"
	"keyfob/internal/center/store"
)

// generateOptions is the command generate.
type generateOptions struct {
	Name                   string
	Accounts, Roles, Users int
}

// maxGenerated bounds what generate makes up, of each kind.
const maxGenerated = 100_000

func generateCommand(io stdio) *cobra.Command {
	var o generateOptions
	cmd := &cobra.Command{
		Use:   "generate",
		Short: "Print a center.yaml of any size, to try things at scale",
		Long: `Prints a file that declares so many accounts, permission sets and people, all of whom
may use every permission set in every account, by way of a group. The same numbers give
the same file. The people have no passwords: keyfob-center user password NAME sets one.`,
		Example: "  keyfob-center generate --accounts 5000 --roles 5 --users 100 > center.yaml",
		Args:    noArgs,
		RunE: func(*cobra.Command, []string) error {
			s, err := o.seed()
			if err != nil {
				return err
			}
			_, err = io.out.Write(seed.Export(s))
			return err
		},
	}
	f := cmd.Flags()
	f.StringVar(&o.Name, "name", "Generated", "name of the instance")
	f.IntVar(&o.Accounts, "accounts", 100, "number of accounts")
	f.IntVar(&o.Roles, "roles", 5, "number of permission sets, each assigned in every account")
	f.IntVar(&o.Users, "users", 10, "number of people")
	return cmd
}

func (o generateOptions) seed() (seed.Seed, error) {
	for _, n := range []int{o.Accounts, o.Roles, o.Users} {
		if n < 1 || n > maxGenerated || o.Accounts*o.Roles > maxGenerated {
			return seed.Seed{}, usageError{errors.New("numbers are 1 or more, and there are at most 100,000 assignments and people")}
		}
	}
	org := store.Organisation{Instance: store.Instance{Name: o.Name, Region: "us-east-1", SessionLifetime: 8 * time.Hour}}
	org.Instance.ID = directory.InstanceID(o.Name)
	everyone := store.Group{ID: directory.GroupID(org.Instance.ID, "Everyone"), Name: "Everyone"}
	for i := range o.Users {
		name := fmt.Sprintf("user-%05d", i+1)
		u := store.User{ID: directory.UserID(org.Instance.ID, name), Name: name, Email: name + "@example.com"}
		org.Users = append(org.Users, u)
		everyone.Members = append(everyone.Members, u.ID)
	}
	org.Groups = []store.Group{everyone}
	for i := range o.Roles {
		name := fmt.Sprintf("Role%02d", i+1)
		org.PermissionSets = append(org.PermissionSets, store.PermissionSet{
			ID: directory.PermissionSetID(org.Instance.ID, name), Name: name, SessionDuration: time.Hour,
		})
	}
	for i := range o.Accounts {
		a := store.Account{ID: fmt.Sprintf("%012d", 100_000_000_000+i), Name: fmt.Sprintf("Account %05d", i+1)}
		org.Accounts = append(org.Accounts, a)
		for _, p := range org.PermissionSets {
			org.Assignments = append(org.Assignments, store.AccountAssignment{
				AccountID: a.ID, PermissionSetID: p.ID, PrincipalKind: store.PrincipalGroup, PrincipalID: everyone.ID,
			})
		}
	}
	org.Administrators = []store.Principal{{Kind: store.PrincipalUser, ID: org.Users[0].ID}}
	return seed.Seed{Organisation: org}, nil
}
