package center

import (
	"encoding/hex"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"runtime/debug"
	"slices"
	"strings"

	"keyfob/internal/center/request"
	"keyfob/internal/wire"
)

// maxBody bounds what any door may read; each has a smaller bound of its own.
const maxBody = 1 << 20

// outer is what every request goes through: it gets an id, its Host is checked, its outcome is logged,
// and a panic is its own end and nobody else's.
func (c *Center) outer(next http.Handler) http.Handler {
	if c.Powers != nil {
		next = c.Powers.Wrap(next)
	}
	inner := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !c.answersTo(r.Host) {
			// A web page that rebinds its name to this address sends its own name (item 63).
			w.Header().Set("Content-Type", "text/plain; charset=utf-8")
			w.WriteHeader(http.StatusMisdirectedRequest)
			_, _ = io.WriteString(w, "This Identity Center answers to other host names. Start keyfob-center serve with --public-url to add one.\n")
			return
		}
		r.Body = http.MaxBytesReader(w, r.Body, maxBody)
		next.ServeHTTP(w, r)
	})
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		start := c.Clock.Now()
		info := request.Info{ID: c.requestID(), RemoteIP: c.remoteIP(r), UserAgent: r.UserAgent()}
		r = r.WithContext(request.NewContext(r.Context(), info))
		w.Header().Set(wire.HeaderRequestID, info.ID)
		// SDKs correct their clocks by this header, so it is the center's clock that counts.
		w.Header().Set("Date", start.UTC().Format(http.TimeFormat))
		seen := &recorder{ResponseWriter: w}
		end := c.Metrics.Begin()
		defer func() {
			broken := recover()
			if broken != nil && broken != http.ErrAbortHandler {
				c.Logger.LogAttrs(r.Context(), slog.LevelError, "panic", slog.String("request_id", info.ID),
					slog.String("panic", fmt.Sprint(broken)), slog.String("stack", string(debug.Stack())))
				if seen.status == 0 {
					w.Header().Set(wire.HeaderErrorType, string(wire.CodeInternalServer))
					http.Error(seen, "Something broke. The center's log has it under request id "+info.ID+".", http.StatusInternalServerError)
					broken = nil
				} else {
					broken = http.ErrAbortHandler // half an answer must not look whole
				}
			}
			end()
			took := c.Clock.Now().Sub(start)
			c.Metrics.Request(c.routes.door(r), r.Pattern, seen.status, took)
			// The path only: queries carry codes and states.
			c.Logger.LogAttrs(r.Context(), slog.LevelInfo, "request", slog.String("method", r.Method), slog.String("path", shown(r.URL.Path)),
				slog.Int("status", seen.status), slog.Duration("took", took), slog.String("remote_ip", info.RemoteIP),
				slog.String("request_id", info.ID))
			if broken != nil {
				panic(broken)
			}
		}()
		inner.ServeHTTP(seen, r)
	})
}

// answersTo is the allow list of Host headers.
func (c *Center) answersTo(host string) bool {
	host = strings.ToLower(host)
	return host == strings.ToLower(c.BaseURL.Host) || slices.Contains(c.Hosts, host)
}

// requestID is a UUID. Without randomness there is none, and calls that need some fail by themselves.
func (c *Center) requestID() string {
	var b [16]byte
	if _, err := io.ReadFull(c.Random, b[:]); err != nil {
		return ""
	}
	b[6], b[8] = b[6]&0x0f|0x40, b[8]&0x3f|0x80
	s := hex.EncodeToString(b[:])
	return s[:8] + "-" + s[8:12] + "-" + s[12:16] + "-" + s[16:20] + "-" + s[20:]
}

func shown(path string) string {
	const most = 200
	if len(path) > most {
		path = strings.ToValidUTF8(path[:most], "") + "…"
	}
	return path
}

// recorder remembers the status that was sent.
type recorder struct {
	http.ResponseWriter
	status int
}

// WriteHeader implements [http.ResponseWriter].
func (w *recorder) WriteHeader(status int) {
	if w.status == 0 {
		w.status = status
	}
	w.ResponseWriter.WriteHeader(status)
}

// Write implements [http.ResponseWriter].
func (w *recorder) Write(b []byte) (int, error) {
	if w.status == 0 {
		w.status = http.StatusOK
	}
	return w.ResponseWriter.Write(b)
}

// Unwrap lets [http.ResponseController] through.
func (w *recorder) Unwrap() http.ResponseWriter { return w.ResponseWriter }
