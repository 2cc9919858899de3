package cli

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"time"

	"github.com/spf13/cobra"

	"keyfob/internal/credentials"
	"keyfob/internal/wire"
)

// eksTokenOptions is `eks token`.
type eksTokenOptions struct {
	Credentials func(context.Context) (credentials.Credentials, error)
	Presign     func(keys credentials.Credentials, headers map[string]string) (wire.Secret, error)
	Now         func() time.Time
	JSON        func(any) error
	Print       func(string) error

	Cluster    string
	APIVersion string
}

// What Kubernetes and EKS agree on.
const (
	execAPI          = "client.authentication.k8s.io/"
	eksTokenPrefix   = "k8s-aws-v1."
	eksClusterHeader = "x-k8s-aws-id"
	// eksTokenLifetime is a minute less than the 15 that EKS takes a token for.
	eksTokenLifetime = 14 * time.Minute
)

// execCredential is the answer of a Kubernetes exec credential plugin, members in the AWS CLI's order.
type execCredential struct {
	Kind       string               `json:"kind"`
	APIVersion string               `json:"apiVersion"`
	Spec       struct{}             `json:"spec"`
	Status     execCredentialStatus `json:"status"`
}

type execCredentialStatus struct {
	ExpirationTimestamp string `json:"expirationTimestamp"`
	Token               string `json:"token"`
}

func (a *app) newEKSToken() *cobra.Command {
	o := &eksTokenOptions{JSON: a.printJSON, Print: a.print}
	var alias, id string
	c := &cobra.Command{
		Use:     "token",
		Aliases: []string{"get-token"},
		Short:   "print a token for the Kubernetes API of an EKS cluster",
		Long: `Prints the answer of a Kubernetes exec credential plugin, in the version that KUBERNETES_EXEC_INFO asks for: a
token that proves to an EKS cluster who you are. It is made without a call to anybody, except for credentials that
are not cached. It is the same token as that of aws eks get-token, and get-token is another name of this command: in
a kubeconfig of aws eks update-kubeconfig it is enough to put keyfob in the place of aws.

Without a usable sign-in it fails and says how to sign in; nothing is asked, and no browser opened. The token is good
for 14 minutes, or until the credentials end if that is sooner.`,
		Example: `    # in ~/.kube/config
    users:
    - name: prod
      user:
        exec:
          apiVersion: client.authentication.k8s.io/v1
          command: keyfob
          args: [eks, token, --cluster-name, prod, --profile, dev]
          interactiveMode: Never`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			given := 0
			for _, name := range []string{o.Cluster, alias, id} {
				if name != "" {
					o.Cluster = name
					given++
				}
			}
			switch given {
			case 0:
				return &usageError{cmd, "Either parameter --cluster-name or --cluster-id must be specified."}
			case 1:
			default:
				return &usageError{cmd, "--cluster-name and --cluster-id exclude each other"}
			}
			info, _ := a.sys.LookupEnv("KUBERNETES_EXEC_INFO")
			var warning string
			if o.APIVersion, warning = execVersion(info); warning != "" {
				a.warn("%s", warning)
			}
			if err := a.buildEKSToken(o); err != nil {
				return err
			}
			return o.Run(cmd.Context())
		},
	}
	f := c.Flags()
	f.StringVar(&o.Cluster, "cluster-name", "", "the `name` of the cluster")
	f.StringVar(&alias, "cluster", "", "the same as --cluster-name")
	f.StringVar(&id, "cluster-id", "", "the `id` of the cluster, for a local one on Outposts")
	_ = f.MarkHidden("cluster")
	return c
}

// Run prints the token.
func (o *eksTokenOptions) Run(ctx context.Context) error {
	keys, err := o.Credentials(ctx)
	if err != nil {
		return err
	}
	url, err := o.Presign(keys, map[string]string{eksClusterHeader: o.Cluster})
	if err != nil {
		return err
	}
	end := o.Now().Add(eksTokenLifetime)
	if !keys.ExpiresAt.IsZero() && keys.ExpiresAt.Before(end) {
		end = keys.ExpiresAt // STS refuses it from then on
	}
	err = o.JSON(execCredential{
		Kind: "ExecCredential", APIVersion: o.APIVersion,
		Status: execCredentialStatus{
			ExpirationTimestamp: end.UTC().Format(time.RFC3339),
			Token:               eksTokenPrefix + base64.RawURLEncoding.EncodeToString([]byte(url.Reveal())),
		},
	})
	if err != nil {
		return err
	}
	return o.Print("\n") // as the AWS CLI does, which ends it twice
}

// execVersion returns the API version that the environment's KUBERNETES_EXEC_INFO asks for. One that it
// does not ask for in so many words is v1beta1, as for the AWS CLI.
func execVersion(info string) (version, warning string) {
	const fallback = execAPI + "v1beta1"
	if info == "" {
		return fallback, ""
	}
	var asked struct {
		APIVersion string `json:"apiVersion"`
	}
	if json.Unmarshal([]byte(info), &asked) != nil {
		return fallback, "KUBERNETES_EXEC_INFO makes no sense, " + fallback + " is assumed; this is likely a bug of your Kubernetes client"
	}
	switch asked.APIVersion {
	case execAPI + "v1", execAPI + "v1beta1":
		return asked.APIVersion, ""
	case execAPI + "v1alpha1":
		return asked.APIVersion, "the kubeconfig uses " + asked.APIVersion + ", which is deprecated; change it to " + execAPI + "v1"
	}
	return fallback, "KUBERNETES_EXEC_INFO asks for the unknown API version " + quoted(asked.APIVersion) + "; " + fallback + " is assumed"
}
