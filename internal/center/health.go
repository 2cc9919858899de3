package center

import (
	"encoding/json"
	"log/slog"
	"net/http"
)

// health tells a supervisor whether the center can answer, and everybody whether it can be tampered
// with (item 74).
type health struct{ c *Center }

type healthBody struct {
	Status     string `json:"status"` // "ok" or "unavailable"
	TestPowers bool   `json:"testPowers"`
}

// Routes adds /healthz.
func (h health) Routes(mux *http.ServeMux) { mux.Handle("GET /healthz", h) }

// ServeHTTP answers 200, or 503 when the store does not.
func (h health) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, status := healthBody{Status: "ok", TestPowers: h.c.Powers != nil}, http.StatusOK
	if _, err := h.c.Store.Instance(r.Context()); err != nil {
		h.c.Logger.LogAttrs(r.Context(), slog.LevelError, "healthz", slog.Any("error", err))
		body.Status, status = "unavailable", http.StatusServiceUnavailable
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body) // the client is gone
}
