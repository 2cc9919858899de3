// Command gosdk is what the referee asks of an SDK, with the AWS SDK for Go: gosdk VERB PROFILE
// [OPERATION INPUT]... It prints one JSON document. boto3/check.py and js/check.mjs do the same.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/sso"
	"github.com/aws/aws-sdk-go-v2/service/ssooidc"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/smithy-go"
)

func main() {
	v, err := run(context.Background(), os.Args[1:])
	if err == nil && v != nil {
		err = json.NewEncoder(os.Stdout).Encode(v)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string) (any, error) {
	if len(args) < 2 {
		return nil, errors.New("usage: gosdk VERB PROFILE [OPERATION INPUT ...]")
	}
	cfg, err := config.LoadDefaultConfig(ctx, config.WithSharedConfigProfile(args[1]))
	if err != nil {
		return nil, err
	}
	switch args[0] {
	case "credentials":
		c, err := cfg.Credentials.Retrieve(ctx)
		return map[string]string{"AccessKeyId": c.AccessKeyID, "SecretAccessKey": c.SecretAccessKey, "SessionToken": c.SessionToken}, err
	case "identity":
		return identity(ctx, cfg)
	case "accounts":
		return accounts(ctx, cfg)
	case "sees":
		return nil, sees(ctx)
	case "presign":
		signed, err := sts.NewPresignClient(sts.NewFromConfig(cfg)).PresignGetCallerIdentity(ctx, nil)
		if err != nil {
			return nil, err
		}
		return signed.URL, nil
	case "call":
		var answers []any
		for pair := range slices.Chunk(args[2:], 2) {
			answer, err := call(ctx, cfg, pair[0], []byte(pair[1]))
			if err != nil {
				return nil, err
			}
			answers = append(answers, answer)
		}
		return answers, nil
	}
	return nil, errors.New("unknown verb " + args[0])
}

func identity(ctx context.Context, cfg aws.Config) (any, error) {
	answer, err := sts.NewFromConfig(cfg).GetCallerIdentity(ctx, nil)
	if err != nil {
		return nil, err
	}
	return map[string]*string{"Account": answer.Account, "Arn": answer.Arn, "UserId": answer.UserId}, nil
}

// accounts returns all accounts, a page for each.
func accounts(ctx context.Context, cfg aws.Config) (pages [][]string, err error) {
	token, err := cfg.BearerAuthTokenProvider.RetrieveBearerToken(ctx)
	if err != nil {
		return nil, err
	}
	p := sso.NewListAccountsPaginator(sso.NewFromConfig(cfg), &sso.ListAccountsInput{AccessToken: &token.Value, MaxResults: aws.Int32(1)})
	for p.HasMorePages() {
		page, err := p.NextPage(ctx)
		if err != nil {
			return nil, err
		}
		var ids []string
		for _, a := range page.AccountList {
			ids = append(ids, *a.AccountId)
		}
		pages = append(pages, ids)
	}
	return pages, nil
}

// call makes one call with an input as the service model spells it. STS takes its keys from the input.
func call(ctx context.Context, cfg aws.Config, operation string, input []byte) (any, error) {
	oidc, portal := ssooidc.NewFromConfig(cfg), sso.NewFromConfig(cfg)
	var answer any
	var err error
	switch operation {
	case "RegisterClient":
		answer, err = send(ctx, oidc.RegisterClient, input)
	case "StartDeviceAuthorization":
		answer, err = send(ctx, oidc.StartDeviceAuthorization, input)
	case "CreateToken":
		answer, err = send(ctx, oidc.CreateToken, input)
	case "ListAccounts":
		answer, err = send(ctx, portal.ListAccounts, input)
	case "ListAccountRoles":
		answer, err = send(ctx, portal.ListAccountRoles, input)
	case "GetRoleCredentials":
		answer, err = send(ctx, portal.GetRoleCredentials, input)
	case "Logout":
		answer, err = send(ctx, portal.Logout, input)
	case "GetCallerIdentity":
		var keys struct{ AccessKeyID, SecretAccessKey, SessionToken string }
		if err := json.Unmarshal(input, &keys); err != nil {
			return nil, err
		}
		cfg.Credentials = credentials.NewStaticCredentialsProvider(keys.AccessKeyID, keys.SecretAccessKey, keys.SessionToken)
		answer, err = sts.NewFromConfig(cfg).GetCallerIdentity(ctx, nil)
	default:
		err = errors.New("unknown operation " + operation)
	}
	var refused smithy.APIError
	var response *awshttp.ResponseError
	if !errors.As(err, &refused) || !errors.As(err, &response) {
		return answer, err
	}
	generic := new(smithy.GenericAPIError)
	return map[string]any{"error": map[string]any{
		"modelled": !errors.As(err, &generic), "code": refused.ErrorCode(), "status": response.HTTPStatusCode(), "requestId": response.RequestID,
	}}, nil
}

// send fills in the input; JSON ignores case, and so spells members as the service model does.
func send[In, Out, Options any](ctx context.Context, do func(context.Context, *In, ...func(*Options)) (*Out, error), input []byte) (*Out, error) {
	in := new(In)
	if err := json.Unmarshal(input, in); err != nil {
		return nil, err
	}
	return do(ctx, in)
}
