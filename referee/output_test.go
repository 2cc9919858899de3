package referee

import (
	"fmt"
	"regexp"
	"strings"
	"testing"
)

// formats are those that AWS CLI 2.23.6 has; off is of later ones.
func formats() []string { return []string{"json", "text", "table", "yaml", "yaml-stream"} }

// queries are used on all answers; to most answers some are foreign.
func queries() []string {
	return []string{
		"", "@", "*", "keys(@)", "nothing", "accountList[]", "accountList[].accountId", "accountList[0]",
		"accountList[].{Name:accountName,Id:accountId}", "accountList[].[accountId,accountName]",
		"accountList[?accountName=='Production'].emailAddress|[0]", "sort_by(accountList,&accountName)[-1]",
		"roleList[].roleName", "join(',',roleList[].roleName)", "{b:Account,a:Arn}", "Account", "[Account,UserId]",
		"length(accountList)", "[accountList,roleList]", "roleList[*].[type(roleName)]", "a ==", "nofunction(@)",
	}
}

// sameOutput runs both programs with the same words: the same bytes and the same exit code are expected.
func (w *world) sameOutput(t *testing.T, args ...string) {
	t.Helper()
	here := *w
	here.center = w.in(t)
	ours, theirs := here.run(keyfob, args...), here.run(awsCLI, args...)
	if ours.code != theirs.code || redacted(ours.stdout) != redacted(theirs.stdout) {
		t.Errorf("%s:\nkeyfob %d\n%s%s\naws %d\n%s%s", redacted(strings.Join(args, " ")), ours.code, redacted(ours.stdout), ours.stderr,
			theirs.code, redacted(theirs.stdout), theirs.stderr)
	}
}

var longWord = regexp.MustCompile(`[A-Za-z0-9+/_.-]{60,}=*`)

// redacted is a text without what the center makes anew for each call: access tokens, and the tokens of pages, with
// what the programs wrap those in. A token that has none of the service's is left as it is.
func redacted(s string) string {
	return longWord.ReplaceAllStringFunc(s, func(word string) string {
		if strings.HasPrefix(word, "eyJuZXh0VG9rZW4iOiBudWxs") { // {"nextToken": null
			return word
		}
		return "…"
	})
}

// TestTokensOfPagesAreShared reads a list one item at a time, by one program and the other in turns.
func TestTokensOfPagesAreShared(t *testing.T) {
	t.Parallel()
	w := newWorld(t, keyfob, awsCLI)
	w.login(keyfob, "--profile", "dev")
	for _, size := range []string{"1", "2"} {
		for i := range 2 {
			var page struct {
				RoleList  []struct{ RoleName string }
				NextToken string
			}
			words := []string{"sso", "list-account-roles", "--profile", "dev", "--account-id", "000000000042", "--access-token", w.token("example").AccessToken, "--max-items", "1", "--page-size", size}
			w.decode(w.ok(clis()[i], words...), &page)
			if len(page.RoleList) != 1 || page.RoleList[0].RoleName != "AdministratorAccess" || page.NextToken == "" {
				t.Fatalf("%+v", page)
			}
			words = append(words, "--starting-token", page.NextToken)
			page.RoleList, page.NextToken = nil, ""
			w.decode(w.ok(clis()[1-i], words...), &page)
			if len(page.RoleList) != 1 || page.RoleList[0].RoleName != "ReadOnlyAccess" || page.NextToken != "" {
				t.Errorf("%+v", page)
			}
		}
	}
}

// TestOutputIsTheSame has both programs print every answer in every format, and all queries and ways of paging in
// turns: the sum is a few minutes of the AWS CLI's starts, the product would be hours.
func TestOutputIsTheSame(t *testing.T) {
	t.Parallel()
	w := newWorld(t, keyfob, awsCLI)
	w.login(keyfob, "--profile", "dev")
	token := w.token("example").AccessToken
	accounts := []string{"sso", "list-accounts", "--profile", "dev", "--access-token", token}
	roles := []string{"sso", "list-account-roles", "--profile", "dev", "--access-token", token, "--account-id", "000000000042"}
	identity := []string{"sts", "get-caller-identity", "--profile", "dev"}
	paging := [][]string{
		{"--max-items", "1"},
		{"--page-size", "1"},
		{"--max-items", "1", "--page-size", "1"},
		{"--no-paginate"},
		{"--max-items", "1", "--starting-token", "eyJuZXh0VG9rZW4iOiBudWxsLCAiYm90b190cnVuY2F0ZV9hbW91bnQiOiAxfQ=="},
		{"--max-items", "5"},
		{"--max-items", "0"},
		{"--max-results", "1"},
	}
	wrong := [][]string{
		{"--page-size", "0"},
		{"--page-size", "101"},
		{"--max-items", "x"},
		{"--no-paginate", "--max-items", "1"},
		{"--starting-token", "nonsense"},
		{"--output", "xml"},
		{"--color", "always"},
		{"--query", ""},
	}
	n := 0
	both := func(name string, command []string, more ...string) {
		n++
		t.Run(name, func(t *testing.T) { w.sameOutput(t, append(append([]string{}, command...), more...)...) })
	}
	for _, format := range formats() {
		for i, command := range [][]string{accounts, roles, identity} {
			both(fmt.Sprintf("%s-%d", format, i), command, "--output", format)
		}
	}
	for i, q := range queries() {
		if q == "" {
			continue
		}
		format := formats()[i%len(formats())]
		command := accounts
		switch {
		case strings.Contains(q, "role"):
			command = roles
		case strings.Contains(q, "Account,") || strings.Contains(q, "Account"):
			command = identity
		}
		both("query-"+format, command, "--output", format, "--query", q)
		both("query-text", command, "--output", "text", "--query", q)
	}
	for _, q := range []string{"keys(roleCredentials)", "type(roleCredentials.expiration)", "[roleCredentials.expiration > `0`]", "{b:length(roleCredentials.accessKeyId)}"} {
		for _, format := range formats() {
			both("credentials-"+format, []string{"sso", "get-role-credentials", "--profile", "dev", "--access-token", token, "--account-id", "000000000042", "--role-name", "ReadOnlyAccess"},
				"--output", format, "--query", q)
		}
	}
	for i, p := range paging {
		both("paging-json", accounts, p...)
		both("paging-text", roles, append([]string{"--output", "text"}, p...)...)
		both("paging-"+formats()[2+i%3], accounts, append([]string{"--output", formats()[2+i%3]}, p...)...)
		both("paging-query", accounts, append([]string{"--output", "text", "--query", "accountList[].accountId"}, p...)...)
	}
	for _, p := range wrong {
		both("wrong", accounts, p...)
	}
	if n < 90 {
		t.Errorf("only %d calls were compared", n)
	}
}
