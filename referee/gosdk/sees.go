package main

import (
	"bufio"
	"context"
	"encoding/json"
	"os"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/sso"
)

// sees prints, for each line of the input, a profile, what there is for whoever is signed in by now, or
// what is in the way.
func sees(ctx context.Context) error {
	for lines := bufio.NewScanner(os.Stdin); lines.Scan(); {
		cfg, err := config.LoadDefaultConfig(ctx, config.WithSharedConfigProfile(lines.Text()))
		if err != nil {
			return err
		}
		if err := json.NewEncoder(os.Stdout).Encode(map[string]any{"roles": attempt(ctx, cfg, roles), "identity": attempt(ctx, cfg, identity)}); err != nil {
			return err
		}
	}
	return nil
}

func attempt(ctx context.Context, cfg aws.Config, ask func(context.Context, aws.Config) (any, error)) map[string]any {
	answer, err := ask(ctx, cfg)
	if err != nil {
		return map[string]any{"error": err.Error()}
	}
	return map[string]any{"answer": answer}
}

// roles are the names of roles, by account.
func roles(ctx context.Context, cfg aws.Config) (any, error) {
	token, err := cfg.BearerAuthTokenProvider.RetrieveBearerToken(ctx)
	if err != nil {
		return nil, err
	}
	portal, found := sso.NewFromConfig(cfg), map[string][]string{}
	for p := sso.NewListAccountsPaginator(portal, &sso.ListAccountsInput{AccessToken: &token.Value}); p.HasMorePages(); {
		page, err := p.NextPage(ctx)
		if err != nil {
			return nil, err
		}
		for _, a := range page.AccountList {
			input := &sso.ListAccountRolesInput{AccessToken: &token.Value, AccountId: a.AccountId}
			for p := sso.NewListAccountRolesPaginator(portal, input); p.HasMorePages(); {
				page, err := p.NextPage(ctx)
				if err != nil {
					return nil, err
				}
				for _, r := range page.RoleList {
					found[*a.AccountId] = append(found[*a.AccountId], *r.RoleName)
				}
			}
		}
	}
	return found, nil
}
