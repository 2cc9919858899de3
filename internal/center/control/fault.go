package control

import (
	"encoding/json"
	"encoding/xml"
	"errors"
	"net/http"
	"slices"
	"strings"
	"time"

	"keyfob/internal/center/request"
	"keyfob/internal/wire"
)

// Fault makes calls go wrong. What it does not name it leaves alone: a Fault with only a Delay answers
// late, and rightly.
type Fault struct {
	Operation string    `json:"operation"`           // "CreateToken", "CreateToken:refresh_token", "*" for all
	Times     int       `json:"times,omitempty"`     // how often, 0 meaning once and -1 always
	Skip      int       `json:"skip,omitempty"`      // how many calls to let pass first
	Delay     Duration  `json:"delay,omitempty"`     // real time to wait first
	Status    int       `json:"status,omitempty"`    // HTTP status of the refusal
	Code      wire.Code `json:"code,omitempty"`      // its modelled error
	Message   string    `json:"message,omitempty"`   // its text
	Drop      bool      `json:"drop,omitempty"`      // close the connection in place of an answer
	AfterCall bool      `json:"afterCall,omitempty"` // let the call take effect, and lose its answer
}

// Duration is a time.Duration that is written "59m" in JSON.
type Duration time.Duration

// MarshalText implements [encoding.TextMarshaler].
func (d Duration) MarshalText() ([]byte, error) { return []byte(time.Duration(d).String()), nil }

// UnmarshalText implements [encoding.TextUnmarshaler].
func (d *Duration) UnmarshalText(b []byte) error {
	v, err := time.ParseDuration(string(b))
	*d = Duration(v)
	return err
}

func (f Fault) check() error {
	switch {
	case f.Operation == "":
		return errors.New("a fault needs an operation; \"*\" is every one")
	case f.Operation != "*" && !slices.Contains(Operations(), strings.SplitN(f.Operation, ":", 2)[0]):
		return errors.New("there is no such operation; there are " + strings.Join(Operations(), ", "))
	case f.Times < -1 || f.Skip < 0 || f.Delay < 0 || time.Duration(f.Delay) > 10*time.Minute:
		return errors.New("times, skip or delay is out of bounds")
	case f.Status != 0 && (f.Status < 200 || f.Status > 599):
		return errors.New("status must be 200 to 599")
	}
	return nil
}

// AddFault adds a rule. Of several that fit a call, the first decides.
func (p *Powers) AddFault(f Fault) error {
	if err := f.check(); err != nil {
		return err
	}
	if f.Times == 0 {
		f.Times = 1
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.faults = append(p.faults, f)
	return nil
}

// Faults returns the rules that still have something to do.
func (p *Powers) Faults() []Fault {
	p.mu.Lock()
	defer p.mu.Unlock()
	return append([]Fault{}, p.faults...)
}

// ClearFaults removes all rules.
func (p *Powers) ClearFaults() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.faults = nil
}

// takeFault returns the rule for a call and counts it.
func (p *Powers) takeFault(operation, grantType string) (Fault, bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for i := range p.faults {
		f := &p.faults[i]
		if f.Operation != "*" && f.Operation != operation && f.Operation != operation+":"+grantType {
			continue
		}
		if f.Skip > 0 {
			f.Skip--
			continue
		}
		hit := *f
		if f.Times > 0 {
			if f.Times--; f.Times == 0 {
				p.faults = append(p.faults[:i], p.faults[i+1:]...)
			}
		}
		return hit, true
	}
	return Fault{}, false
}

// serve does to a call what the rule says.
func (f Fault) serve(w http.ResponseWriter, r *http.Request, p *Powers, next http.Handler) {
	if err := p.Clock.Sleep(r.Context(), time.Duration(f.Delay)); err != nil {
		panic(http.ErrAbortHandler) // the client did not wait
	}
	if f.AfterCall {
		next.ServeHTTP(lost{http.Header{}}, r)
	}
	switch {
	case f.Drop:
		panic(http.ErrAbortHandler)
	case f.Status != 0 || f.Code != "":
		f.refuse(w, r)
	case f.AfterCall:
		panic(http.ErrAbortHandler)
	default:
		next.ServeHTTP(w, r)
	}
}

// refuse answers with an error as the door of that path would write it.
func (f Fault) refuse(w http.ResponseWriter, r *http.Request) {
	oauth, status, _ := f.Code.OAuth()
	if f.Status != 0 {
		status = f.Status
	}
	if status == 0 {
		status = http.StatusBadRequest
	}
	message := f.Message
	if message == "" {
		message = "This refusal was asked for by a fault rule."
	}
	var body []byte
	if r.URL.Path == "/" {
		w.Header().Set("Content-Type", "text/xml")
		body, _ = xml.Marshal(wire.STSErrorResponse{ // of strings: it cannot fail
			Error:     wire.STSErrorDetail{Type: "Sender", Code: string(f.Code), Message: message},
			RequestID: request.FromContext(r.Context()).ID,
		})
	} else {
		w.Header().Set("Content-Type", "application/json")
		body, _ = json.Marshal(wire.ErrorBody{Type: string(f.Code), Error: oauth, ErrorDescription: message, Message: message})
	}
	if f.Code != "" {
		w.Header().Set(wire.HeaderErrorType, string(f.Code))
	}
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_, _ = w.Write(body)
}

// lost is where the answer of a call goes that nobody shall see.
type lost struct{ h http.Header }

func (l lost) Header() http.Header       { return l.h }
func (lost) Write(b []byte) (int, error) { return len(b), nil }
func (lost) WriteHeader(int)             {}
