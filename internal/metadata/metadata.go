// Package metadata asks the services on a machine that hand out its credentials: the one of a container
// (ECS, EKS Pod Identity) and the instance metadata service of EC2, version 2 alone.
//
// Only package sources makes a [Client]; the credential rules decide whom it may ask. These
// services are on this machine or its link: no proxy is used, no redirect followed, and nobody is waited
// for who does not answer at once. Nothing it returns in an error holds a secret.
package metadata

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"

	"keyfob/internal/clock"
	"keyfob/internal/wire"
)

// Client asks. It is safe for concurrent use.
type Client struct {
	Timeout   time.Duration // for each answer; 0 means the AWS CLI's, two seconds
	Clock     clock.Clock
	UserAgent string
}

const (
	timeout     = 2 * time.Second
	maxBody     = 64 << 10 // real answers have two kilobytes
	attempts    = 3
	betweenThem = time.Second

	tokenPath   = "/latest/api/token"
	rolePath    = "/latest/meta-data/iam/security-credentials/"
	tokenHeader = "X-aws-ec2-metadata-token"
	tokenTTL    = "X-aws-ec2-metadata-token-ttl-seconds"
)

// Container gets an address of a container's service. It tries three times in all, a second apart.
func (c *Client) Container(ctx context.Context, address string, authorization wire.Secret) ([]byte, error) {
	headers := map[string]string{"Accept": "application/json"}
	if authorization != "" {
		headers["Authorization"] = authorization.Reveal()
	}
	for attempt := 1; ; attempt++ {
		answer, err := c.do(ctx, http.MethodGet, address, headers)
		if err == nil || attempt == attempts || ctx.Err() != nil {
			return answer, err
		}
		if s := new(statusError); errors.As(err, &s) && s.status < 500 && s.status != http.StatusTooManyRequests {
			return nil, err // it stays so
		}
		if err := c.Clock.Sleep(ctx, betweenThem); err != nil {
			return nil, err
		}
	}
}

// Instance asks the instance metadata service at endpoint, "http://169.254.169.254", for the credentials
// of the instance's role. It asks once: elsewhere than on EC2 there is nobody to answer.
func (c *Client) Instance(ctx context.Context, endpoint string) ([]byte, error) {
	endpoint = strings.TrimRight(endpoint, "/")
	token, err := c.do(ctx, http.MethodPut, endpoint+tokenPath, map[string]string{tokenTTL: "21600"})
	if err != nil {
		return nil, err
	}
	headers := map[string]string{tokenHeader: strings.TrimSpace(string(token))}
	roles, err := c.do(ctx, http.MethodGet, endpoint+rolePath, headers)
	if err != nil {
		if s := new(statusError); errors.As(err, &s) && s.status == http.StatusNotFound {
			return nil, errors.New("the instance has no role")
		}
		return nil, err
	}
	role, _, _ := strings.Cut(strings.TrimSpace(string(roles)), "\n")
	if role == "" {
		return nil, errors.New("the instance has no role")
	}
	return c.do(ctx, http.MethodGet, endpoint+rolePath+url.PathEscape(strings.TrimSpace(role)), headers)
}

type statusError struct {
	status  int
	host    string
	message string // what the service says about it; text from outside
}

func (e *statusError) Error() string {
	text := fmt.Sprintf("Received non 200 response %d from %s", e.status, e.host)
	if e.message != "" {
		text += ": " + e.message
	}
	return text
}

// maxMessage keeps a service's essay out of an error.
const maxMessage = 500

// refusal reads the message of a refusal, as container services word them.
func refusal(body io.Reader) string {
	var said struct{ Message string }
	if json.NewDecoder(io.LimitReader(body, maxBody)).Decode(&said) != nil || len(said.Message) > maxMessage {
		return ""
	}
	return said.Message
}

func (c *Client) do(ctx context.Context, method, address string, headers map[string]string) ([]byte, error) {
	patience := c.Timeout
	if patience == 0 {
		patience = timeout
	}
	call, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	req, err := http.NewRequestWithContext(call, method, address, nil)
	if err != nil {
		return nil, errors.New("its address is no URL")
	}
	req.Header.Set("User-Agent", c.UserAgent)
	for name, value := range headers {
		req.Header.Set(name, value)
	}
	// One of its own for each call, of which there are few: Proxy is nil, and so it stays.
	transport := &http.Transport{DisableKeepAlives: true, DisableCompression: true, MaxResponseHeaderBytes: maxBody}
	resp, err := transport.RoundTrip(req)
	if err == nil {
		defer resp.Body.Close() //nolint:errcheck // it is only read
		if resp.StatusCode != http.StatusOK {
			return nil, &statusError{resp.StatusCode, req.URL.Host, refusal(resp.Body)}
		}
		var body []byte
		if body, err = io.ReadAll(io.LimitReader(resp.Body, maxBody+1)); err == nil && len(body) > maxBody {
			return nil, fmt.Errorf("the answer of %s is too large", req.URL.Host)
		} else if err == nil {
			return body, nil
		}
	}
	switch {
	case ctx.Err() != nil:
		return nil, context.Cause(ctx)
	case call.Err() != nil:
		return nil, fmt.Errorf("no answer from %s within %s", req.URL.Host, patience)
	}
	var op *net.OpError
	if errors.As(err, &op) {
		err = op.Err
	}
	return nil, fmt.Errorf("no answer from %s: %w", req.URL.Host, err)
}
