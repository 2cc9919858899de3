package center

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"time"
)

// health tells a supervisor whether the center lives (/healthz) and whether it should be sent requests
// (/readyz), and everybody whether it can be tampered with (item 74).
type health struct{ c *Center }

type healthBody struct {
	Status     string `json:"status"` // "ok"
	TestPowers bool   `json:"testPowers"`
}

type readyBody struct {
	Status string            `json:"status"` // "ready", "unavailable" or "draining"
	Checks map[string]string `json:"checks"` // "ok" or "failed"; the log says why
}

// readyTime is how long the checks of /readyz may take together.
const readyTime = 3 * time.Second

// Routes adds /healthz and /readyz.
func (h health) Routes(mux *http.ServeMux) {
	mux.HandleFunc("GET /healthz", h.alive)
	mux.HandleFunc("GET /readyz", h.ready)
}

// HealthRoutes adds /healthz and /readyz to the mux of another listener, where every Host is answered:
// what supervises a container asks for it by its address.
func (c *Center) HealthRoutes(mux *http.ServeMux) { health{c}.Routes(mux) }

// Drain makes /readyz say that no further requests should be sent. The center goes on answering.
func (c *Center) Drain() { c.draining.Store(true) }

// alive answers 200 whatever the database does: a restart would not help that.
func (h health) alive(w http.ResponseWriter, _ *http.Request) {
	writeHealth(w, http.StatusOK, healthBody{Status: "ok", TestPowers: h.c.Powers != nil})
}

// ready answers 200, or 503 when a request would fail or the center is about to stop.
func (h health) ready(w http.ResponseWriter, r *http.Request) {
	body, status := readyBody{Status: "ready", Checks: map[string]string{}}, http.StatusOK
	ctx, cancel := context.WithTimeout(r.Context(), readyTime)
	defer cancel()
	for _, check := range []struct {
		name string
		do   func(context.Context) error
	}{
		{"database", func(ctx context.Context) error { _, err := h.c.Store.Instance(ctx); return err }},
		{"migrations", h.c.migrated},
		{"keys", h.keys},
	} {
		body.Checks[check.name] = "ok"
		if err := check.do(ctx); err != nil {
			h.c.Logger.LogAttrs(r.Context(), slog.LevelError, "readyz", slog.String("check", check.name), slog.Any("error", err))
			body.Checks[check.name], body.Status, status = "failed", "unavailable", http.StatusServiceUnavailable
		}
	}
	if h.c.draining.Load() {
		body.Status, status = "draining", http.StatusServiceUnavailable
	}
	writeHealth(w, status, body)
}

// keys seals and opens something.
func (h health) keys(context.Context) error {
	sealed, err := h.c.Keys.Seal("readyz", []byte("ready"))
	if err != nil {
		return err
	}
	if b, err := h.c.Keys.Open("readyz", sealed); err != nil || string(b) != "ready" {
		return errors.New("the keys do not open what they sealed")
	}
	return nil
}

func writeHealth(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body) // the client is gone
}
