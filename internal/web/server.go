package web

import (
	"context"
	"errors"
	"log"
	"log/slog"
	"net"
	"net/http"
	"regexp"
	"strings"
	"sync"
	"time"
)

// NewServer returns a server with limits on what a client may hold open:
// headers 10 s and 32 KB, an idle connection 2 minutes. How long a body or an
// answer may take is for the handlers to say, since some take long rightly.
func NewServer(h http.Handler, logger *slog.Logger) *http.Server {
	draining := make(chan struct{})
	s := &http.Server{
		Handler:           h,
		ReadHeaderTimeout: 10 * time.Second,
		IdleTimeout:       120 * time.Second,
		MaxHeaderBytes:    32 << 10,
		ErrorLog:          log.New(newAddressless(logger), "", 0),
		BaseContext: func(net.Listener) context.Context {
			return context.WithValue(context.Background(), drainingKey{}, (<-chan struct{})(draining))
		},
	}
	s.RegisterOnShutdown(sync.OnceFunc(func() { close(draining) }))
	return s
}

type drainingKey struct{}

// Draining returns a channel that closes when the server begins to stop. A
// handler that streams without end returns then.
func Draining(ctx context.Context) <-chan struct{} {
	c, _ := ctx.Value(drainingKey{}).(<-chan struct{})
	return c
}

// Shutdown stops a server: it accepts nothing more and waits for running
// requests until ctx ends, then cuts them off and returns ctx's error.
func Shutdown(ctx context.Context, s *http.Server) error {
	err := s.Shutdown(ctx)
	if err != nil {
		err = errors.Join(err, s.Close())
	}
	return err
}

// addressless logs net/http's own complaints without the client's address.
type addressless struct {
	log     *slog.Logger
	address *regexp.Regexp
}

func newAddressless(log *slog.Logger) *addressless {
	return &addressless{log, regexp.MustCompile(`\d{1,3}(\.\d{1,3}){3}(:\d+)?|\[[0-9a-fA-F:.]+(%\w+)?\](:\d+)?`)}
}

func (a *addressless) Write(b []byte) (int, error) {
	a.log.Warn("http server", "message", strings.TrimSpace(a.address.ReplaceAllString(string(b), "(client)")))
	return len(b), nil
}
