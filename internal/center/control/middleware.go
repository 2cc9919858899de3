package control

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/url"

	"keyfob/internal/center/request"
	"keyfob/internal/wire"
)

// operation is how a call is recognised.
type operation struct{ name, method, path string }

func operations() []operation {
	return []operation{
		{"RegisterClient", http.MethodPost, wire.PathRegisterClient},
		{"StartDeviceAuthorization", http.MethodPost, wire.PathStartDeviceAuthorization},
		{"CreateToken", http.MethodPost, wire.PathCreateToken},
		{"Authorize", http.MethodGet, wire.PathAuthorize},
		{"ListAccounts", http.MethodGet, wire.PathListAccounts},
		{"ListAccountRoles", http.MethodGet, wire.PathListAccountRoles},
		{"GetRoleCredentials", http.MethodGet, wire.PathGetRoleCredentials},
		{"Logout", http.MethodPost, wire.PathLogout},
		{wire.ActionGetCallerIdentity, http.MethodPost, "/"}, // of STS's, the one for a form that does not say
		{wire.ActionAssumeRole, http.MethodPost, "/"},
		{wire.ActionAssumeRoleWithWebIdentity, http.MethodPost, "/"},
		{wire.ActionGetSessionToken, http.MethodPost, "/"},
	}
}

// Operations returns the names that faults and recorded requests use.
func Operations() []string {
	var names []string
	for _, o := range operations() {
		names = append(names, o.name)
	}
	return names
}

// operationOf names a call; "" is a page.
func operationOf(r *http.Request) string {
	if r.URL.Path == "/" {
		return stsOperation(r)
	}
	for _, o := range operations() {
		if o.method == r.Method && o.path == r.URL.Path {
			return o.name
		}
	}
	return ""
}

// stsOperation is the Action of a form or query.
func stsOperation(r *http.Request) string {
	action := r.URL.Query().Get("Action")
	if r.Method == http.MethodPost && action == "" {
		if form, err := url.ParseQuery(string(head(r))); err == nil {
			action = form.Get("Action")
		}
	}
	for _, o := range operations() {
		if o.path == "/" && o.name == action {
			return action
		}
	}
	if r.Method == http.MethodPost {
		return wire.ActionGetCallerIdentity
	}
	return ""
}

// Wrap records calls and applies the faults to them. Pages pass untouched.
func (p *Powers) Wrap(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		op := operationOf(r)
		if op == "" {
			next.ServeHTTP(w, r)
			return
		}
		rec := Request{
			At: p.Clock.Now(), Operation: op, GrantType: grantType(op, r), Method: r.Method, Path: r.URL.Path, Query: openQuery(r),
			RequestID: request.FromContext(r.Context()).ID, UserAgent: r.UserAgent(),
		}
		seen := &statusWriter{ResponseWriter: w}
		defer func() {
			rec.Status = seen.status
			p.record(rec)
		}()
		if f, ok := p.takeFault(op, rec.GrantType); ok {
			f.serve(seen, r, p, next)
			return
		}
		next.ServeHTTP(seen, r)
	})
}

// openQuery picks the parameters that may be shown to anybody.
func openQuery(r *http.Request) map[string]string {
	q := r.URL.Query()
	open := map[string]string{}
	for _, name := range []string{wire.ParamAccountID, wire.ParamRoleName, wire.ParamMaxResult, "Action"} {
		if q.Has(name) {
			open[name] = q.Get(name)
		}
	}
	return open
}

// grantType looks into CreateToken's body.
func grantType(op string, r *http.Request) string {
	if op != "CreateToken" {
		return ""
	}
	var in wire.CreateTokenRequest
	if json.Unmarshal(head(r), &in) != nil {
		return ""
	}
	return in.GrantType
}

// head is the beginning of a body, which the door behind reads again.
func head(r *http.Request) []byte {
	const most = 64 << 10
	b, err := io.ReadAll(io.LimitReader(r.Body, most))
	r.Body = struct {
		io.Reader
		io.Closer
	}{io.MultiReader(bytes.NewReader(b), r.Body), r.Body}
	if err != nil {
		return nil
	}
	return b
}

// statusWriter remembers the status that was sent.
type statusWriter struct {
	http.ResponseWriter
	status int
}

func (w *statusWriter) WriteHeader(status int) {
	if w.status == 0 {
		w.status = status
	}
	w.ResponseWriter.WriteHeader(status)
}

func (w *statusWriter) Write(b []byte) (int, error) {
	if w.status == 0 {
		w.status = http.StatusOK
	}
	return w.ResponseWriter.Write(b)
}

// Unwrap lets [http.ResponseController] through.
func (w *statusWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }
