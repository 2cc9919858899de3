package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"time"

	"github.com/spf13/pflag"

	"keyfob/internal/center"
)

// observeOptions is how serve lets itself be watched and stopped.
type observeOptions struct {
	Metrics   string
	LogFormat string
	LogLevel  string
	Drain     time.Duration
}

func (o *observeOptions) observeFlags(f *pflag.FlagSet) {
	f.StringVar(&o.Metrics, "metrics", "", "serve /metrics, /healthz and /readyz on this address too, like 127.0.0.1:9480")
	f.StringVar(&o.LogFormat, "log-format", "text", "text or json")
	f.StringVar(&o.LogLevel, "log-level", "info", "least that is logged: debug, info, warn or error")
	f.DurationVar(&o.Drain, "drain", 0, "how long to go on answering, and not be ready, before stopping; what a balancer needs to notice")
}

func (o observeOptions) logger(to io.Writer) (*slog.Logger, error) {
	options := &slog.HandlerOptions{}
	switch o.LogLevel {
	case "debug":
		options.Level = slog.LevelDebug
	case "info":
		options.Level = slog.LevelInfo
	case "warn":
		options.Level = slog.LevelWarn
	case "error":
		options.Level = slog.LevelError
	default:
		return nil, usageError{errors.New("--log-level is debug, info, warn or error")}
	}
	switch o.LogFormat {
	case "text":
		return slog.New(slog.NewTextHandler(to, options)), nil
	case "json":
		return slog.New(slog.NewJSONHandler(to, options)), nil
	}
	return nil, usageError{errors.New("--log-format is text or json")}
}

// observe opens the listener of metrics and health (item 82: never the public one) and tells r where it is.
func (o observeOptions) observe(ctx context.Context, c *center.Center, logger *slog.Logger, r *ready) (running, error) {
	l, err := new(net.ListenConfig).Listen(ctx, "tcp", o.Metrics)
	if err != nil {
		return running{}, configError{fmt.Errorf("--metrics: %w", err)}
	}
	mux := http.NewServeMux()
	c.HealthRoutes(mux)
	mux.Handle("GET /metrics", c.Metrics.Handler())
	r.MetricsURL = "http://" + l.Addr().String()
	return running{newServer(mux, logger), l}, nil
}

// drain goes on serving for a while, so that a balancer notices; a listener that fails meanwhile ends it.
func (o observeOptions) drain(ctx context.Context, c *center.Center, servers []running, failed <-chan error) error {
	c.Drain()
	c.Logger.LogAttrs(ctx, slog.LevelInfo, "stopping", slog.Duration("drain", o.Drain))
	for _, s := range servers {
		s.server.SetKeepAlivesEnabled(false)
	}
	if o.Drain <= 0 {
		return nil
	}
	select {
	case <-time.After(o.Drain):
		return nil
	case err := <-failed:
		return err
	}
}
