// Package metrics counts what a center does, for Prometheus.
//
// Package center reports to it and the command keyfob-center serves it, on a listener of its own. It
// decides nothing, and must not know who anybody is: a label is a name out of our own code (a door, a
// route, an operation, an error code), never text from outside, so that neither the number of series nor
// what they tell grows with the people who use the center.
package metrics

import (
	"net/http"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"keyfob/internal/center/store"
)

// namespace is what the name of every metric of ours begins with.
const namespace = "keyfob_center"

// Metrics are the counters of one center. A nil *Metrics counts nothing. It is safe for concurrent use.
type Metrics struct {
	registry  *prometheus.Registry
	requests  *prometheus.CounterVec
	seconds   *prometheus.HistogramVec
	inFlight  prometheus.Gauge
	signIns   *prometheus.CounterVec
	tokens    *prometheus.CounterVec
	roles     *prometheus.CounterVec
	audited   *prometheus.CounterVec
	throttled *prometheus.CounterVec
	store     *prometheus.HistogramVec
	events    names
	limits    names
}

// New makes the counters of a center of that version.
func New(version string) *Metrics {
	m := &Metrics{
		registry: prometheus.NewRegistry(),
		requests: counter("http_requests_total", "Requests answered.", "door", "route", "status"),
		seconds: histogram("http_request_duration_seconds", "How long answers took.",
			[]float64{.001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 10}, "door", "route"),
		inFlight: prometheus.NewGauge(prometheus.GaugeOpts{Namespace: namespace, Name: "http_requests_in_flight", Help: "Requests being answered."}),
		signIns:  counter("sign_ins_total", "Sign-ins of people by password; outcome is success or failure.", "outcome"),
		tokens: counter("tokens_total", "Answers of CreateToken by grant; outcome is success or the error code, of which AuthorizationPendingException is a client that waits.",
			"grant", "outcome"),
		roles:     counter("role_credentials_total", "Role credentials by operation; outcome is success or failure.", "operation", "outcome"),
		audited:   counter("audit_events_total", "Events of the audit log; outcome is success or failure.", "event", "outcome"),
		throttled: counter("throttled_total", "Attempts refused because there were too many before them, by what is limited.", "limit"),
		store: histogram("store_duration_seconds", "How long calls of the database took.",
			[]float64{.0001, .00025, .0005, .001, .0025, .005, .01, .025, .05, .1, .25, 1}, "call", "outcome"),
	}
	info := prometheus.NewGaugeVec(prometheus.GaugeOpts{Namespace: namespace, Name: "build_info", Help: "Always 1; the labels say what is running."},
		[]string{"version", "go_version"})
	info.WithLabelValues(version, runtime.Version()).Set(1)
	m.registry.MustRegister(info, m.requests, m.seconds, m.inFlight, m.signIns, m.tokens, m.roles, m.audited, m.throttled, m.store,
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return m
}

func counter(name, help string, labels ...string) *prometheus.CounterVec {
	return prometheus.NewCounterVec(prometheus.CounterOpts{Namespace: namespace, Name: name, Help: help}, labels)
}

func histogram(name, help string, buckets []float64, labels ...string) *prometheus.HistogramVec {
	return prometheus.NewHistogramVec(prometheus.HistogramOpts{Namespace: namespace, Name: name, Help: help, Buckets: buckets}, labels)
}

// Handler serves the metrics in Prometheus's formats.
func (m *Metrics) Handler() http.Handler {
	return promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{Registry: m.registry})
}

// Begin counts a request as being answered until the function it returns is called.
func (m *Metrics) Begin() (end func()) {
	if m == nil {
		return func() {}
	}
	m.inFlight.Inc()
	return m.inFlight.Dec
}

// Request counts an answered request. route is the pattern of the mux that matched, "" if none did.
func (m *Metrics) Request(door, route string, status int, took time.Duration) {
	if m == nil {
		return
	}
	if route == "" {
		route = "none"
	}
	if status == 0 {
		status = http.StatusOK // nothing was written, which net/http makes a 200
	}
	m.requests.WithLabelValues(door, route, strconv.Itoa(status)).Inc()
	m.seconds.WithLabelValues(door, route).Observe(took.Seconds())
}

// Audited counts an event of the audit log, and what it means.
func (m *Metrics) Audited(e store.AuditEvent) {
	if m == nil {
		return
	}
	outcome := "failure"
	if e.Outcome == "success" {
		outcome = e.Outcome
	}
	m.audited.WithLabelValues(m.events.bounded(e.Name), outcome).Inc()
	switch {
	case e.Name == "SignIn":
		m.signIns.WithLabelValues(outcome).Inc()
	case e.Name == "GetRoleCredentials" || e.Name == "GetSessionToken" || strings.HasPrefix(e.Name, "AssumeRole"):
		m.roles.WithLabelValues(m.events.bounded(e.Name), outcome).Inc()
	}
}

// names keeps the values of a label finite, should what comes in ever not be.
type names struct {
	mu   sync.Mutex
	seen map[string]bool
}

// maxNames is more than there are events and limits.
const maxNames = 100

func (n *names) bounded(name string) string {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.seen[name] {
		return name
	}
	if len(n.seen) == maxNames || len(name) > 64 {
		return "other"
	}
	if n.seen == nil {
		n.seen = map[string]bool{}
	}
	n.seen[name] = true
	return name
}
