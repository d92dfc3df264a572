package api

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"log/slog"
	"testing"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/dhvani/dhvani/internal/web"
)

// Who asks while the database is away is told to come again, and nothing else.
func TestFail(t *testing.T) {
	s := &server{Options: Options{Logger: slog.New(slog.DiscardHandler)}}
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	for _, c := range []struct {
		ctx    context.Context
		err    error
		status int
		again  string
	}{
		{t.Context(), fmt.Errorf("read: %w", driver.ErrBadConn), 503, "5"},
		{t.Context(), &pgconn.PgError{Code: "57P03", Message: "the database system is starting up"}, 503, "5"},
		{t.Context(), &pgconn.PgError{Code: "22001"}, 500, ""},
		{t.Context(), errors.New("a defect"), 500, ""},
		{gone, driver.ErrBadConn, 500, ""}, // nobody is there to answer
	} {
		var p *web.Problem
		if err := s.fail(c.ctx, c.err); !errors.As(err, &p) || p.Status != c.status || p.GetHeaders().Get("Retry-After") != c.again {
			t.Errorf("%v becomes %v", c.err, err)
		}
	}
}
