package ssoapi

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"strconv"
	"strings"
	"time"

	"keyfob/internal/wire"
)

// request is one call before it is sent.
type request struct {
	operation string
	method    string // "" is POST with a body and GET without
	endpoint  string
	path      string
	query     url.Values
	token     wire.Secret
	body      any    // JSON
	form      string // or a form
	target    string // of the JSON protocol, which names the operation in a header
	sign      func(*http.Request, []byte)
	once      bool // a success uses up what is sent
}

// callJSON makes a call whose answer is JSON; out may be nil for one without content.
func (c *Client) callJSON(ctx context.Context, r request, out any) error {
	answer, err := c.call(ctx, r)
	if err != nil || out == nil {
		return err
	}
	if err := json.Unmarshal(answer, out); err != nil {
		return &MalformedError{Operation: r.operation, Endpoint: r.endpoint, Err: err}
	}
	return nil
}

// call sends the request, again where that helps, and returns the body of a success.
func (c *Client) call(ctx context.Context, r request) ([]byte, error) {
	if err := checkEndpoint(r.endpoint); err != nil {
		return nil, err
	}
	var payload []byte
	contentType := ""
	switch {
	case r.body != nil:
		var err error
		if payload, err = json.Marshal(r.body); err != nil {
			return nil, err
		}
		contentType = "application/json"
		if r.target != "" {
			contentType = "application/x-amz-json-1.1"
		}
	case r.form != "":
		payload, contentType = []byte(r.form), "application/x-www-form-urlencoded; charset=utf-8"
	}
	if r.method == "" {
		r.method = http.MethodGet
		if payload != nil {
			r.method = http.MethodPost
		}
	}
	target := strings.TrimSuffix(r.endpoint, "/") + r.path
	if len(r.query) > 0 {
		target += "?" + r.query.Encode()
	}
	invocation, err := c.invocationID()
	if err != nil {
		return nil, err
	}
	for attempt := 1; ; attempt++ {
		req, err := http.NewRequestWithContext(ctx, r.method, target, bytes.NewReader(payload))
		if err != nil {
			return nil, &EndpointError{Endpoint: r.endpoint}
		}
		if payload == nil {
			req.Body, req.ContentLength = http.NoBody, 0
		}
		// SDKs spell these two so; Go would write Amz-Sdk-….
		req.Header["amz-sdk-invocation-id"] = []string{invocation}
		req.Header["amz-sdk-request"] = []string{fmt.Sprintf("attempt=%d; max=%d", attempt, c.config.MaxAttempts)}
		req.Header.Set("User-Agent", c.config.UserAgent)
		req.Header.Set("Accept", "application/json")
		if contentType != "" {
			req.Header.Set("Content-Type", contentType)
		}
		if r.target != "" {
			req.Header.Set("X-Amz-Target", r.target)
		}
		if u := req.URL.User; u != nil {
			password, _ := u.Password()
			req.SetBasicAuth(u.Username(), password)
		}
		if r.token != "" {
			req.Header[wire.HeaderBearerToken] = []string{r.token.Reveal()}
		}
		if r.sign != nil {
			req.Header.Del("Accept")
			r.sign(req, payload)
		}
		answer, wait, err := c.send(ctx, r, req)
		if err == nil {
			return answer, nil
		}
		if ctx.Err() != nil {
			return nil, context.Cause(ctx)
		}
		if wait < 0 || attempt >= c.config.MaxAttempts {
			if e := new(wire.ServiceError); errors.As(err, &e) && wait >= 0 {
				e.Attempts = attempt
			}
			return nil, err
		}
		if err := c.config.Clock.Sleep(ctx, max(wait, c.backoff(attempt))); err != nil {
			return nil, err
		}
	}
}

// send makes one attempt. wait is negative when another would be of no use, else how long the service
// asks to wait before it.
func (c *Client) send(ctx context.Context, r request, req *http.Request) (answer []byte, wait time.Duration, err error) {
	began := c.config.Clock.Now()
	resp, body, err := c.exchange(req)
	usedUp := r.once && resp != nil && resp.StatusCode >= 200 && resp.StatusCode < 300
	took := c.config.Clock.Now().Sub(began).Round(time.Millisecond)
	if err != nil {
		err = asNetworkError(ctx, r.endpoint, err)
		c.config.Log.Debug("call failed", "operation", r.operation, "endpoint", shown(r.endpoint), "took", took, "error", err)
		if usedUp || hopeless(err) {
			return nil, -1, err
		}
		return nil, 0, err
	}
	c.config.Log.Debug("call", "operation", r.operation, "endpoint", shown(r.endpoint), "status", resp.StatusCode, "took", took,
		"requestId", printableID(resp.Header.Get(wire.HeaderRequestID)))
	if len(body) > maxBody {
		return nil, -1, &MalformedError{Operation: r.operation, Endpoint: r.endpoint, Err: errors.New("it is too large")}
	}
	switch {
	case resp.StatusCode >= 200 && resp.StatusCode < 300:
		return body, 0, nil
	case resp.StatusCode >= 300 && resp.StatusCode < 400:
		return nil, -1, &RedirectError{Operation: r.operation, Endpoint: r.endpoint, Status: resp.StatusCode}
	}
	e := decodeError(r.operation, resp, body)
	if !retryable(e) {
		return nil, -1, e
	}
	return nil, retryAfter(resp.Header), e
}

// maxTrickle is how many read timeouts an answer may take that comes in pieces, each of them in time.
const maxTrickle = 5

// exchange sends a request and reads the answer. An answer whose body could not be read is returned too.
func (c *Client) exchange(req *http.Request) (resp *http.Response, body []byte, err error) {
	ctx, cancel := context.WithCancelCause(req.Context())
	defer cancel(nil)
	if resp, err = c.http.RoundTrip(req.WithContext(ctx)); err != nil {
		return nil, nil, err
	}
	defer resp.Body.Close() //nolint:errcheck // it is only read
	if c.config.ReadTimeout > 0 {
		defer time.AfterFunc(maxTrickle*c.config.ReadTimeout, func() { cancel(os.ErrDeadlineExceeded) }).Stop()
	}
	if body, err = io.ReadAll(io.LimitReader(resp.Body, maxBody+1)); err != nil && errors.Is(context.Cause(ctx), os.ErrDeadlineExceeded) {
		err = os.ErrDeadlineExceeded
	}
	return resp, body, err
}

// hopeless reports whether a call failed for something that stays as it is.
func hopeless(err error) bool {
	return errors.As(err, new(*TLSError)) || errors.As(err, new(*BundleError)) || errors.As(err, new(*ProxyError))
}

// retryable follows the AWS CLI's standard mode: throttling and a service that broke, but not
// SlowDownException, which is the device flow's own affair.
func retryable(e *wire.ServiceError) bool {
	switch e.Code {
	case wire.CodeSlowDown, wire.CodeAuthorizationPending:
		return false
	case wire.CodeTooManyRequests, "ThrottlingException", "Throttling", "ThrottledException", "RequestThrottled",
		"RequestThrottledException", "RequestLimitExceeded", "BandwidthLimitExceeded", "LimitExceededException", "PriorRequestNotComplete":
		return true
	}
	if e.Operation == wire.ActionAssumeRoleWithWebIdentity && e.Code == "IDPCommunicationError" {
		return true // the identity provider was not reached
	}
	switch e.Status {
	case 429, 500, 502, 503, 504:
		return true
	}
	return false
}

const maxBackoff = 20 * time.Second

// backoff is full jitter over 1 s, 2 s, 4 s …, at most 20 s, as in the AWS CLI's standard mode.
func (c *Client) backoff(attempt int) time.Duration {
	ceiling := min(time.Second<<min(attempt-1, 10), maxBackoff)
	var b [2]byte
	if _, err := io.ReadFull(c.config.Random, b[:]); err != nil {
		return ceiling
	}
	share := float64(int(b[0])<<8|int(b[1])) / 0xffff
	// Never quite at once: a service that throttles would only be asked again in the same moment.
	return max(50*time.Millisecond, time.Duration(share*float64(ceiling)))
}

// retryAfter is what the service asks for, within reason.
func retryAfter(h http.Header) time.Duration {
	// Each is limited before it is multiplied: a large enough one would come out negative.
	if ms, err := strconv.Atoi(h.Get("x-amz-retry-after")); err == nil && ms > 0 {
		return time.Duration(min(ms, int(maxBackoff/time.Millisecond))) * time.Millisecond
	}
	if s, err := strconv.Atoi(h.Get("Retry-After")); err == nil && s > 0 {
		return time.Duration(min(s, int(maxBackoff/time.Second))) * time.Second
	}
	return 0
}

func (c *Client) invocationID() (string, error) {
	var u [16]byte
	if _, err := io.ReadFull(c.config.Random, u[:]); err != nil {
		return "", err
	}
	u[6], u[8] = u[6]&0x0f|0x40, u[8]&0x3f|0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", u[0:4], u[4:6], u[6:8], u[8:10], u[10:16]), nil
}
