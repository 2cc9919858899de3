// Package credentials gives programs that use the AWS SDK for Go the credentials of a profile, in their own
// process: what `keyfob process` prints, by the same rules, from the same caches, under the same locks.
//
//	provider, err := credentials.New("dev")
//	if err != nil {
//		return err
//	}
//	client := sts.New(sts.Options{Region: provider.Region(), Credentials: aws.NewCredentialsCache(provider)})
//
// A sign-in by keyfob, the AWS CLI or any tool that shares their files is seen, tokens and credentials are
// renewed while the sign-in lasts, and any number of processes and goroutines that need new ones make one
// call. Every kind of profile works: sign-in, chains of roles, web identity, other programs, keys.
//
// The package never opens a browser and never asks anybody. Where only a person can go on, the error is a
// [*SignInRequiredError] and names the command that signs in.
//
// It is a module of its own, so that keyfob itself does not link the SDK.
package credentials
