package cli

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"strings"
	"unicode"

	"keyfob/internal/output"
)

// printable makes text from outside harmless on a terminal: no control characters, no marks that turn
// the direction of what follows. Line breaks become blanks.
func printable(s string) string {
	if strings.IndexFunc(s, func(r rune) bool { return r < ' ' || r > '~' }) < 0 {
		return s // nearly always, and a list may be long
	}
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\n' || r == '\r' || r == '\t':
			return ' '
		case hostile(r), r == unicode.ReplacementChar:
			return -1
		}
		return r
	}, s)
}

// hostile reports whether a terminal could do something else with r than show it.
func hostile(r rune) bool { return output.Hostile(r) }

func quoted(s string) string { return `"` + printable(s) + `"` }

// warn says on stderr what a person should know although the command goes on.
func (a *app) warn(format string, args ...any) {
	_, _ = fmt.Fprintf(a.sys.Stderr, "keyfob: warning: %s\n", printable(fmt.Sprintf(format, args...)))
}

// logHandler writes what rules and adapters log in the form of everything else that keyfob says on
// stderr. Without --debug only warnings appear.
type logHandler struct {
	w     io.Writer
	debug bool
	attrs []slog.Attr
}

// Enabled implements [slog.Handler].
func (h *logHandler) Enabled(_ context.Context, l slog.Level) bool {
	return h.debug || l >= slog.LevelWarn
}

// Handle implements [slog.Handler].
func (h *logHandler) Handle(_ context.Context, r slog.Record) error {
	var b strings.Builder
	fmt.Fprintf(&b, "keyfob: %s: %s", strings.ToLower(strings.Replace(r.Level.String(), "WARN", "warning", 1)), r.Message)
	add := func(at slog.Attr) bool {
		fmt.Fprintf(&b, " %s=%s", at.Key, wordOrQuoted(printable(at.Value.Resolve().String())))
		return true
	}
	for _, at := range h.attrs {
		add(at)
	}
	r.Attrs(add)
	b.WriteByte('\n')
	_, err := io.WriteString(h.w, b.String())
	return err
}

func wordOrQuoted(s string) string {
	if s == "" || strings.ContainsAny(s, ` "=`) {
		return `"` + strings.ReplaceAll(s, `"`, `\"`) + `"`
	}
	return s
}

// WithAttrs implements [slog.Handler].
func (h *logHandler) WithAttrs(attrs []slog.Attr) slog.Handler {
	c := *h
	c.attrs = append(append([]slog.Attr(nil), h.attrs...), attrs...)
	return &c
}

// WithGroup implements [slog.Handler]; nothing here groups.
func (h *logHandler) WithGroup(string) slog.Handler { return h }
