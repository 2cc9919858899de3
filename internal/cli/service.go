package cli

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"keyfob/internal/output"
	"keyfob/internal/paging"
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

// portalCall is what the commands that list have in common: a token, and where to send it. size is how many items
// a page may have, 0 for as many as the service likes.
type portalCall struct {
	Accounts    func(ctx context.Context, next string, size int) (wire.ListAccountsResponse, error)
	Roles       func(ctx context.Context, accountID, next string, size int) (wire.ListAccountRolesResponse, error)
	Credentials func(ctx context.Context, accountID, role string) (wire.RoleCredentials, error)
}

// tokenFlags say whose token a call is made with. AWS's own command only has the first.
type tokenFlags struct{ token, session string }

func (f *tokenFlags) add(cmd *cobra.Command) {
	cmd.Flags().StringVar(&f.token, "access-token", "", "call with this `token` instead of the cached one of the sign-in")
	cmd.Flags().StringVar(&f.session, "sso-session", "", "call with the sign-in of this `session` instead of the profile's")
	cmd.MarkFlagsMutuallyExclusive("access-token", "sso-session")
}

// list prints the items that fetch has in pages.
func (a *app) list(cmd *cobra.Command, operation, member string, whose tokenFlags, f *pagingFlags, fetch func(c *portalCall, next string, size int) (*output.Object, error)) error {
	all, err := f.check(cmd, !a.global.noPaginate)
	if err != nil {
		return err
	}
	print, err := a.buildResults()
	if err != nil {
		return err
	}
	call, err := a.buildPortalCall(cmd.Context(), whose)
	if err != nil {
		return err
	}
	if !all {
		page, err := fetch(call, f.nextToken, f.maxResults)
		if err != nil {
			return err
		}
		return print.one(operation, page)
	}
	if f.limited && f.maxItems == 0 {
		a.warn("with --max-items 0 nothing is listed")
	}
	pages, err := paging.Read(cmd.Context(), paging.Request{
		List: member, Max: f.maxItems, Limit: f.limited, Start: f.startingToken,
		Fetch: func(_ context.Context, next string) (*output.Object, error) { return fetch(call, next, f.pageSize) },
	})
	if err != nil {
		return asUsage(cmd, err)
	}
	return print.pages(operation, pages)
}

// page is one answer of an operation that lists, with the members in the service model's order.
func page[T any](next, member string, items []T, object func(T) *output.Object) *output.Object {
	list := make([]output.Value, len(items))
	for i, item := range items {
		list[i] = object(item)
	}
	o := output.NewObject()
	if next != "" {
		o.Set("nextToken", next)
	}
	o.Set(member, list)
	return o
}

// present is an object of the members that have a value. The service leaves out what it does not know.
func present(members ...string) *output.Object {
	o := output.NewObject()
	for i := 0; i+1 < len(members); i += 2 {
		if members[i+1] != "" {
			o.Set(members[i], members[i+1])
		}
	}
	return o
}

func (a *app) newListAccounts() *cobra.Command {
	var whose tokenFlags
	var paged pagingFlags
	c := &cobra.Command{
		Use:   "list-accounts",
		Short: "list the accounts that you may use",
		Long: `Lists the accounts that are assigned to you. With --access-token the region must be known (--region); without
it, the token is that of the profile's sign-in, or of --sso-session.`,
		Example: `    keyfob sso list-accounts --profile dev
    keyfob sso list-accounts --sso-session corp --output table
    keyfob sso list-accounts --profile dev --output text --query 'accountList[].accountId'`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return a.list(cmd, "ListAccounts", "accountList", whose, &paged, func(c *portalCall, next string, size int) (*output.Object, error) {
				answer, err := c.Accounts(cmd.Context(), next, size)
				return page(answer.NextToken, "accountList", answer.AccountList, func(i wire.AccountInfo) *output.Object {
					return present("accountId", i.AccountID, "accountName", i.AccountName, "emailAddress", i.EmailAddress)
				}), err
			})
		},
	}
	whose.add(c)
	paged.add(c)
	return c
}

func (a *app) newListAccountRoles() *cobra.Command {
	var account string
	var whose tokenFlags
	var paged pagingFlags
	c := &cobra.Command{
		Use:   "list-account-roles",
		Short: "list the roles that you may use in an account",
		Long: `Lists the roles that are assigned to you in an account. With --access-token the region must be known
(--region); without it, the token is that of the profile's sign-in, or of --sso-session.`,
		Example: `    keyfob sso list-account-roles --profile dev --account-id 111122223333`,
		Args:    noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if account == "" {
				return &usageError{cmd, "the following arguments are required: --account-id"}
			}
			return a.list(cmd, "ListAccountRoles", "roleList", whose, &paged, func(c *portalCall, next string, size int) (*output.Object, error) {
				answer, err := c.Roles(cmd.Context(), account, next, size)
				return page(answer.NextToken, "roleList", answer.RoleList, func(i wire.RoleInfo) *output.Object {
					return present("roleName", i.RoleName, "accountId", i.AccountID)
				}), err
			})
		},
	}
	whose.add(c)
	paged.add(c)
	c.Flags().StringVar(&account, "account-id", "", "the `account`, 12 digits")
	return c
}

func (a *app) newGetRoleCredentials() *cobra.Command {
	var whose tokenFlags
	var account, role string
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
			print, err := a.buildResults()
			if err != nil {
				return err
			}
			call, err := a.buildPortalCall(cmd.Context(), whose)
			if err != nil {
				return err
			}
			rc, err := call.Credentials(cmd.Context(), account, role)
			if err != nil {
				return err
			}
			return print.one("GetRoleCredentials", output.NewObject("roleCredentials", output.NewObject(
				"accessKeyId", rc.AccessKeyID, "secretAccessKey", string(rc.SecretAccessKey),
				"sessionToken", string(rc.SessionToken), "expiration", rc.Expiration)))
		},
	}
	whose.add(c)
	c.Flags().StringVar(&account, "account-id", "", "the `account`, 12 digits")
	c.Flags().StringVar(&role, "role-name", "", "the `role`, which is a permission set's name")
	return c
}

// everyAccount reads all pages. A service that goes round in circles is left alone.
func everyAccount(ctx context.Context, call *portalCall) ([]wire.AccountInfo, error) {
	all := []wire.AccountInfo{}
	err := everyPage("ListAccounts", func(next string) (string, error) {
		page, err := call.Accounts(ctx, next, 0)
		all = append(all, page.AccountList...)
		return page.NextToken, err
	})
	return all, err
}

func everyRole(ctx context.Context, call *portalCall, accountID string) ([]wire.RoleInfo, error) {
	all := []wire.RoleInfo{}
	err := everyPage("ListAccountRoles", func(next string) (string, error) {
		page, err := call.Roles(ctx, accountID, next, 0)
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
			print, err := a.buildResults()
			if err != nil {
				return err
			}
			identity, err := a.buildGetCallerIdentity()
			if err != nil {
				return err
			}
			result, err := identity(cmd.Context())
			if err != nil {
				return err
			}
			return print.one("GetCallerIdentity", output.NewObject("UserId", result.UserID, "Account", result.Account, "Arn", result.ARN))
		},
	}
}
