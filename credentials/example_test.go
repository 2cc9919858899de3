package credentials_test

import (
	"context"
	"errors"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"

	"keyfob/credentials"
)

// With the SDK's cache around it, which also asks ahead of the expiry. An SDK client takes it as
// Options.Credentials, or config.LoadDefaultConfig by config.WithCredentialsProvider.
func Example() {
	provider, err := credentials.New("dev")
	if err != nil {
		fmt.Println(err) // of the config file
		return
	}
	cache := aws.NewCredentialsCache(provider)
	_, err = cache.Retrieve(context.Background())
	if required := new(credentials.SignInRequiredError); errors.As(err, &required) {
		fmt.Println("Sign in first:", required.Command)
	}
}
