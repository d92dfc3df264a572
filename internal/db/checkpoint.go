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
	analyzeEvery    = time.Minute
)

func (d *DB) checkpointLoop(ctx context.Context) {
	defer close(d.checkpointed)
	analyzed := time.Now()
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
			if time.Since(analyzed) > analyzeEvery {
				analyzed = time.Now()
				d.analyze(ctx)
			}
		}
	}
}

// analyze looks through tables that are new or have grown tenfold, so that SQLite
// knows which index finds fewer rows; without it every index looks as good as
// another. It holds up the writer: 2 s once in a database of ten million events.
// A failure costs speed only, and the next one tries again.
func (d *DB) analyze(ctx context.Context) error {
	_, err := d.write.ExecContext(ctx, "PRAGMA analysis_limit = 1000; PRAGMA optimize = 0x10002")
	return err
}

// checkpoint copies what it can without waiting for anybody, and returns how
// many pages the write-ahead log holds.
func (d *DB) checkpoint(ctx context.Context, query func(context.Context, string, ...any) *sql.Row) (pages int, err error) {
	var busy, copied int
	err = query(ctx, "PRAGMA wal_checkpoint(PASSIVE)").Scan(&busy, &pages, &copied)
	return pages, err
}
