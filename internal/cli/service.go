package cli

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"keyfob/internal/wire"
)

// printJSON prints a result as the AWS CLI does: four blanks of indentation, text outside ASCII as it
// is, members in the service model's order.
func (a *app) printJSON(v any) error {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	e.SetIndent("", "    ")
	if err := e.Encode(v); err != nil {
		return err
	}
	return a.print(escapeHostile(b.String()))
}

// escapeHostile writes what [printable] would take away as JSON escapes: the document stays the same, and
// a terminal sees none of it.
func escapeHostile(doc string) string {
	var b strings.Builder
	for _, r := range doc {
		if r == '\n' || !hostile(r) {
			b.WriteRune(r)
			continue
		}
		fmt.Fprintf(&b, `\u%04x`, r)
	}
	return b.String()
}

// portalCall is what the commands that list have in common: a token, and where to send it.
type portalCall struct {
	Accounts    func(ctx context.Context, next string) (wire.ListAccountsResponse, error)
	Roles       func(ctx context.Context, accountID, next string) (wire.ListAccountRolesResponse, error)
	Credentials func(ctx context.Context, accountID, role string) (wire.RoleCredentials, error)
}

const accessTokenUsage = "call with this `token` instead of the cached one of the profile's sign-in"

func (a *app) newListAccounts() *cobra.Command {
	var token string
	c := &cobra.Command{
		Use:   "list-accounts",
		Short: "list the accounts that you may use",
		Long: `Lists the accounts that are assigned to you. With --access-token the region must be known (--region); without
it, the token is that of the profile's sign-in.`,
		Example: `    keyfob sso list-accounts --profile dev`,
		Args:    noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			call, err := a.buildPortalCall(cmd.Context(), token)
			if err != nil {
				return err
			}
			all, err := everyAccount(cmd.Context(), call)
			if err != nil {
				return err
			}
			return a.printJSON(wire.ListAccountsResponse{AccountList: all})
		},
	}
	c.Flags().StringVar(&token, "access-token", "", accessTokenUsage)
	return c
}

func (a *app) newListAccountRoles() *cobra.Command {
	var token, account string
	c := &cobra.Command{
		Use:   "list-account-roles",
		Short: "list the roles that you may use in an account",
		Long: `Lists the roles that are assigned to you in an account. With --access-token the region must be known
(--region); without it, the token is that of the profile's sign-in.`,
		Example: `    keyfob sso list-account-roles --profile dev --account-id 111122223333`,
		Args:    noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if account == "" {
				return &usageError{cmd, "the following arguments are required: --account-id"}
			}
			call, err := a.buildPortalCall(cmd.Context(), token)
			if err != nil {
				return err
			}
			all, err := everyRole(cmd.Context(), call, account)
			if err != nil {
				return err
			}
			return a.printJSON(wire.ListAccountRolesResponse{RoleList: all})
		},
	}
	c.Flags().StringVar(&token, "access-token", "", accessTokenUsage)
	c.Flags().StringVar(&account, "account-id", "", "the `account`, 12 digits")
	return c
}

func (a *app) newGetRoleCredentials() *cobra.Command {
	var token, account, role string
	c := &cobra.Command{
		Use:   "get-role-credentials",
		Short: "fetch credentials of one role, past the cache",
		Long: `Fetches short-lived credentials for a role and prints them as the service answers. They are not cached:
configure export-credentials is the command for everyday use.`,
		Example: `    keyfob sso get-role-credentials --profile dev --account-id 111122223333 --role-name ReadOnly`,
		Args:    noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			switch {
			case role == "":
				return &usageError{cmd, "the following arguments are required: --role-name"}
			case account == "":
				return &usageError{cmd, "the following arguments are required: --account-id"}
			}
			call, err := a.buildPortalCall(cmd.Context(), token)
			if err != nil {
				return err
			}
			rc, err := call.Credentials(cmd.Context(), account, role)
			if err != nil {
				return err
			}
			return a.printJSON(wire.GetRoleCredentialsResponse{RoleCredentials: rc})
		},
	}
	c.Flags().StringVar(&token, "access-token", "", accessTokenUsage)
	c.Flags().StringVar(&account, "account-id", "", "the `account`, 12 digits")
	c.Flags().StringVar(&role, "role-name", "", "the `role`, which is a permission set's name")
	return c
}

// everyAccount reads all pages. A service that goes round in circles is left alone.
func everyAccount(ctx context.Context, call *portalCall) ([]wire.AccountInfo, error) {
	all := []wire.AccountInfo{}
	err := everyPage("ListAccounts", func(next string) (string, error) {
		page, err := call.Accounts(ctx, next)
		all = append(all, page.AccountList...)
		return page.NextToken, err
	})
	return all, err
}

func everyRole(ctx context.Context, call *portalCall, accountID string) ([]wire.RoleInfo, error) {
	all := []wire.RoleInfo{}
	err := everyPage("ListAccountRoles", func(next string) (string, error) {
		page, err := call.Roles(ctx, accountID, next)
		all = append(all, page.RoleList...)
		return page.NextToken, err
	})
	return all, err
}

func everyPage(operation string, page func(next string) (string, error)) error {
	seen := map[string]bool{}
	for next := ""; ; {
		var err error
		if next, err = page(next); err != nil || next == "" {
			return err
		}
		if seen[next] {
			return &pagingError{operation}
		}
		seen[next] = true
	}
}

type pagingError struct{ operation string }

func (e *pagingError) Error() string {
	return "the service's answers to " + e.operation + " go round in circles: it gave the same page token twice"
}

func (a *app) newGetCallerIdentity() *cobra.Command {
	return &cobra.Command{
		Use:     "get-caller-identity",
		Short:   "print the account and role that a profile's credentials are for",
		Long:    `Asks STS whose credentials the profile's are. Any good credentials may ask.`,
		Example: `    keyfob sts get-caller-identity --profile dev`,
		Args:    noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			identity, err := a.buildGetCallerIdentity()
			if err != nil {
				return err
			}
			result, err := identity(cmd.Context())
			if err != nil {
				return err
			}
			return a.printJSON(result)
		},
	}
}
