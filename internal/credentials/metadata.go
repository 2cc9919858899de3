package credentials

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"net/url"
	"strings"

	"keyfob/internal/clock"
	"keyfob/internal/wire"
)

// Names of sources as the AWS CLI has them in its messages.
const (
	ContainerProvider = "container-role"
	InstanceProvider  = "iam-role"
)

// Container hands out the credentials of a container: those of an ECS task, an EKS pod, or of whatever
// else serves the container-credentials protocol, keyfob itself included.
type Container struct {
	LookupEnv func(key string) (string, bool)
	ReadFile  func(path string) ([]byte, error)
	// Fetch gets an address with the header Authorization, unless it is empty.
	Fetch func(ctx context.Context, url string, authorization wire.Secret) ([]byte, error)
	Clock clock.Clock
}

const (
	varRelativeURI = "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI"
	varFullURI     = "AWS_CONTAINER_CREDENTIALS_FULL_URI"
	varAuth        = "AWS_CONTAINER_AUTHORIZATION_TOKEN"
	varAuthFile    = "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE"

	containerHost = "169.254.170.2"
)

// Configured reports whether the environment says that there is such a service.
func (c *Container) Configured() bool {
	_, relative := c.LookupEnv(varRelativeURI)
	_, full := c.LookupEnv(varFullURI)
	return relative || full
}

// Get asks the service. Nothing is cached: it is on this machine.
func (c *Container) Get(ctx context.Context) (Credentials, error) {
	got, err := c.get(ctx)
	if err != nil && ctx.Err() != nil {
		return Credentials{}, context.Cause(ctx)
	}
	if err != nil && !errors.Is(err, ErrExpiredOnArrival) {
		err = &RetrievalError{Provider: ContainerProvider, Err: err}
	}
	return got, err
}

func (c *Container) get(ctx context.Context) (Credentials, error) {
	address, err := c.address()
	if err != nil {
		return Credentials{}, err
	}
	authorization, err := c.authorization()
	if err != nil {
		return Credentials{}, err
	}
	answer, err := c.Fetch(ctx, address, authorization)
	if err != nil {
		return Credentials{}, err
	}
	d, err := parseDocument(answer)
	if err != nil {
		return Credentials{}, err
	}
	return d.credentials(c.Clock, d.Token)
}

func (c *Container) address() (string, error) {
	address := ""
	if relative, ok := c.LookupEnv(varRelativeURI); ok {
		address = "http://" + containerHost + relative
	} else {
		address, _ = c.LookupEnv(varFullURI)
	}
	u, err := url.Parse(address)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" {
		return "", errors.New("the address in " + varFullURI + " is no http or https URL")
	}
	if !localHost(u.Hostname()) {
		// Whoever answers sees the token of the service, and says who one is.
		//lint:ignore ST1005 the AWS CLI's text
		return "", fmt.Errorf("Unsupported host '%s'.  Can only retrieve metadata from a loopback address or one of these hosts: %s",
			u.Hostname(), strings.Join(containerHosts(), ", "))
	}
	return address, nil
}

// containerHosts are those of ECS, of EKS Pod Identity, and this machine.
func containerHosts() []string {
	return []string{containerHost, "169.254.170.23", "fd00:ec2::23", "localhost"}
}

func localHost(host string) bool {
	if ip, err := netip.ParseAddr(host); err == nil && ip.IsLoopback() {
		return true
	}
	for _, h := range containerHosts() {
		if h == host {
			return true
		}
	}
	return false
}

func (c *Container) authorization() (wire.Secret, error) {
	token, _ := c.LookupEnv(varAuth)
	if path, ok := c.LookupEnv(varAuthFile); ok {
		b, err := c.ReadFile(path)
		if err != nil {
			return "", fmt.Errorf("the file in %s cannot be read: %w", varAuthFile, err)
		}
		token = strings.TrimRight(string(b), "\r\n")
	}
	if strings.ContainsAny(token, "\r\n") {
		//lint:ignore ST1005 the AWS CLI's text
		return "", errors.New("Auth token value is not a legal header value")
	}
	return wire.Secret(token), nil
}

// Instance hands out the credentials of the role of an EC2 instance.
type Instance struct {
	// Fetch asks the instance metadata service, version 2. It fails where there is none.
	Fetch func(ctx context.Context) ([]byte, error)
	Clock clock.Clock
}

// Get asks the service. Nothing is cached: it is on this machine.
func (i *Instance) Get(ctx context.Context) (Credentials, error) {
	answer, err := i.Fetch(ctx)
	if err == nil {
		var d document
		if d, err = parseDocument(answer); err == nil && d.AccessKeyID == "" && d.Code != "" {
			err = fmt.Errorf("%s: %s", d.Code, d.Message)
		}
		if err == nil {
			var c Credentials
			if c, err = d.credentials(i.Clock, d.Token); err == nil || errors.Is(err, ErrExpiredOnArrival) {
				return c, err
			}
		}
	}
	if ctx.Err() != nil {
		return Credentials{}, context.Cause(ctx)
	}
	return Credentials{}, &RetrievalError{Provider: InstanceProvider, Err: err}
}
