package control

import (
	"context"
	"crypto/subtle"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"time"

	"keyfob/internal/center/directory"
	"keyfob/internal/center/grant"
	"keyfob/internal/center/store"
	"keyfob/internal/wire"
)

// Config is what the door is made of.
type Config struct {
	Powers    *Powers
	Directory *directory.Directory
	Grants    *grant.Grants
	Store     store.Directory
	Token     wire.Secret // every call carries it as a bearer token
}

// Door serves the control API. Its Go methods are the same powers without HTTP.
type Door struct{ Config }

// New makes the door.
func New(c Config) *Door { return &Door{c} }

// mistake is an error of the caller, as opposed to one of the center.
type mistake struct{ error }

// SignIn opens a session for a user, who is not asked.
func (d *Door) SignIn(ctx context.Context, user string) (grant.Person, error) {
	key, err := directory.NameKey(user)
	if err != nil {
		return grant.Person{}, mistake{err}
	}
	u, err := d.Store.UserByKey(ctx, key)
	if errors.Is(err, store.ErrNotFound) {
		return grant.Person{}, mistake{fmt.Errorf("there is no user %q", user)}
	} else if err != nil {
		return grant.Person{}, err
	}
	in, err := d.Directory.StartSession(ctx, u)
	return grant.Person{User: in.Person.User, Session: in.Person.Session}, err
}

// DecideDevice approves or denies a device authorization as the user.
func (d *Door) DecideDevice(ctx context.Context, user, userCode string, approve bool) error {
	p, err := d.SignIn(ctx, user)
	if err != nil {
		return err
	}
	return d.Grants.DecideDevice(ctx, userCode, approve, p)
}

// Authorize answers an authorization request as the user, and returns where the browser would be sent.
func (d *Door) Authorize(ctx context.Context, user, authorizeURL string, allow bool) (location string, err error) {
	u, err := url.Parse(authorizeURL)
	if err != nil || u.Path != wire.PathAuthorize {
		return "", mistake{errors.New("that is not the URL of an authorization request")}
	}
	a, err := d.Grants.CheckAuthorize(ctx, u.Query())
	var redirect *grant.RedirectError
	if errors.As(err, &redirect) {
		return redirect.Location, nil
	} else if err != nil {
		return "", mistake{err}
	}
	if !allow {
		return d.Grants.DenyAuthorize(a), nil
	}
	p, err := d.SignIn(ctx, user)
	if err != nil {
		return "", err
	}
	return d.Grants.AllowAuthorize(ctx, a, p)
}

// Handler serves the API to whoever has the token.
func (d *Door) Handler() http.Handler {
	mux := http.NewServeMux()
	for pattern, f := range map[string]func(*http.Request) (any, error){
		"GET /clock":       func(*http.Request) (any, error) { return d.clock(), nil },
		"POST /clock":      d.moveClock,
		"POST /device":     d.device,
		"POST /authorize":  d.authorize,
		"GET /faults":      func(*http.Request) (any, error) { return d.Powers.Faults(), nil },
		"POST /faults":     d.addFault,
		"DELETE /faults":   func(*http.Request) (any, error) { d.Powers.ClearFaults(); return nil, nil },
		"GET /requests":    func(*http.Request) (any, error) { return d.Powers.Requests(), nil },
		"DELETE /requests": func(*http.Request) (any, error) { d.Powers.ForgetRequests(); return nil, nil },
	} {
		mux.HandleFunc(pattern, func(w http.ResponseWriter, r *http.Request) {
			v, err := f(r)
			answer(w, v, err)
		})
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !local(r.Host) {
			http.Error(w, "the control API is for this machine", http.StatusMisdirectedRequest)
			return
		}
		token, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
		if !ok || d.Token == "" || subtle.ConstantTimeCompare([]byte(token), []byte(d.Token.Reveal())) != 1 {
			w.Header().Set("WWW-Authenticate", "Bearer")
			http.Error(w, "the control API wants its token, which keyfob-center prints when it starts", http.StatusUnauthorized)
			return
		}
		mux.ServeHTTP(w, r)
	})
}

// local reports whether a Host header names this machine: a web page that rebinds its name to
// 127.0.0.1 sends its own.
func local(host string) bool {
	u := url.URL{Host: host}
	a, err := netip.ParseAddr(u.Hostname())
	return u.Hostname() == "localhost" || err == nil && a.IsLoopback()
}

func answer(w http.ResponseWriter, v any, err error) {
	w.Header().Set("Cache-Control", "no-store")
	var own mistake
	var throttled *grant.ThrottledError
	switch {
	case errors.As(err, &own), errors.Is(err, grant.ErrUnknownCode), errors.As(err, &throttled):
		http.Error(w, err.Error(), http.StatusBadRequest)
	case err != nil:
		http.Error(w, err.Error(), http.StatusInternalServerError)
	case v == nil:
		w.WriteHeader(http.StatusNoContent)
	default:
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(v) // the client is gone
	}
}

func read(r *http.Request, into any) error {
	if t, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err != nil || t != "application/json" {
		return mistake{errors.New("send JSON: Content-Type: application/json")}
	}
	d := json.NewDecoder(io.LimitReader(r.Body, 1<<20))
	d.DisallowUnknownFields()
	if err := d.Decode(into); err != nil {
		return mistake{err}
	}
	return nil
}

type clockState struct {
	Now time.Time `json:"now"`
}

func (d *Door) clock() clockState { return clockState{d.Powers.Clock.Now().UTC()} }

func (d *Door) moveClock(r *http.Request) (any, error) {
	var in struct {
		Advance *Duration  `json:"advance"`
		Set     *time.Time `json:"set"`
	}
	if err := read(r, &in); err != nil {
		return nil, err
	}
	switch {
	case in.Advance != nil && in.Set == nil:
		d.Powers.Clock.Advance(time.Duration(*in.Advance))
	case in.Set != nil && in.Advance == nil:
		d.Powers.Clock.Set(*in.Set)
	default:
		return nil, mistake{errors.New(`give {"advance": "59m"} or {"set": "2026-11-23T09:00:00Z"}`)}
	}
	return d.clock(), nil
}

func (d *Door) device(r *http.Request) (any, error) {
	var in struct {
		User     string `json:"user"`
		UserCode string `json:"userCode"`
		Deny     bool   `json:"deny"`
	}
	if err := read(r, &in); err != nil {
		return nil, err
	}
	return nil, d.DecideDevice(r.Context(), in.User, in.UserCode, !in.Deny)
}

func (d *Door) authorize(r *http.Request) (any, error) {
	var in struct {
		User string `json:"user"`
		URL  string `json:"url"`
		Deny bool   `json:"deny"`
	}
	if err := read(r, &in); err != nil {
		return nil, err
	}
	location, err := d.Authorize(r.Context(), in.User, in.URL, !in.Deny)
	return map[string]string{"location": location}, err
}

func (d *Door) addFault(r *http.Request) (any, error) {
	var f Fault
	if err := read(r, &f); err != nil {
		return nil, err
	}
	if err := d.Powers.AddFault(f); err != nil {
		return nil, mistake{err}
	}
	return nil, nil
}
