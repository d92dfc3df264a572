package db

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"
)

// What is set on every connection to PostgreSQL unless the address sets it. A
// node that freezes or is cut off in the middle of a transaction must not hold
// its locks for long, since another node goes on with its work.
var postgresSettings = map[string]string{
	"application_name":                    "dhvani",
	"synchronous_commit":                  "on",
	"idle_in_transaction_session_timeout": "5000", // milliseconds, as is the next
	"tcp_user_timeout":                    "8000",
	"tcp_keepalives_idle":                 "5", // seconds, as is the next
	"tcp_keepalives_interval":             "2",
	"tcp_keepalives_count":                "3",
}

const (
	connectTimeout = 5 * time.Second
	// deadAfter is how long bytes may wait for the other side's acknowledgement.
	deadAfter = 8 * time.Second
)

func (d *DB) openPostgres(dsn string) error {
	c, err := pgx.ParseConfig(dsn)
	if err != nil {
		return errors.New("the database address must look like postgres://user:password@host/name")
	}
	for name, value := range postgresSettings {
		if _, ok := c.RuntimeParams[name]; !ok {
			c.RuntimeParams[name] = value
		}
	}
	if c.ConnectTimeout == 0 {
		c.ConnectTimeout = connectTimeout
	}
	dialer := &net.Dialer{
		KeepAliveConfig: net.KeepAliveConfig{Enable: true, Idle: 5 * time.Second, Interval: 2 * time.Second, Count: 3},
		Control:         limitUnacknowledged,
	}
	c.DialFunc = dialer.DialContext
	d.write = stdlib.OpenDB(*c)
	d.write.SetMaxOpenConns(24)
	d.write.SetMaxIdleConns(12)
	d.write.SetConnMaxLifetime(time.Hour)
	d.read, d.Postgres = d.write, true
	return nil
}

// warnings logs what makes PostgreSQL less safe than is promised.
func (d *DB) warnings(ctx context.Context, log *slog.Logger) error {
	for _, w := range [...]struct{ setting, want, why string }{
		{"data_checksums", "on", "a damaged page is not noticed when it is read; see pg_checksums"},
		{"fsync", "on", "a power cut can damage the whole database"},
		{"full_page_writes", "on", "a power cut can damage pages"},
	} {
		var value string
		if err := d.read.QueryRowContext(ctx, "SELECT current_setting($1)", w.setting).Scan(&value); err != nil {
			return fmt.Errorf("read PostgreSQL's settings: %w", err)
		}
		if value != w.want {
			log.Warn("PostgreSQL's setting "+w.setting+" is "+value+": "+w.why, "want", w.want)
		}
	}
	return nil
}
