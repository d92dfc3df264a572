package db

import (
	"context"
	"database/sql"
	"time"
)

// SQLite's write-ahead log is copied into the database file by a goroutine of
// its own, once a second, so that a commit does not wait for it. While batches
// follow each other without a pause that copy never reaches the log's end and
// the log cannot start over; when it has grown long, the writer itself copies
// the little that is left, between two transactions.
const (
	checkpointEvery = time.Second
	longWAL         = 96 << 20 / 4096 // pages
)

func (d *DB) checkpointLoop(ctx context.Context) {
	defer close(d.checkpointed)
	for last := int64(0); ; {
		select {
		case <-ctx.Done():
			return
		case <-time.After(checkpointEvery):
		}
		if n := d.commits.Load(); n != last {
			last = n
			if pages, err := d.checkpoint(ctx, d.ckpt.QueryRowContext); err == nil && pages > longWAL {
				d.long.Store(true)
			}
		}
	}
}

// checkpoint copies what it can without waiting for anybody, and returns how
// many pages the write-ahead log holds.
func (d *DB) checkpoint(ctx context.Context, query func(context.Context, string, ...any) *sql.Row) (pages int, err error) {
	var busy, copied int
	err = query(ctx, "PRAGMA wal_checkpoint(PASSIVE)").Scan(&busy, &pages, &copied)
	return pages, err
}
