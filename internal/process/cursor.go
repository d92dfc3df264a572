package process

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/dhvani/dhvani/internal/db"
)

// cursor is how far a shard is applied: every event up to a log message, and the
// first few of the next one, which are more than none only while an event that
// cannot be applied is being looked for.
type cursor struct {
	sequence uint64
	partial  int
}

// errLostShard says that another owner has the shard.
var errLostShard = errors.New("another process applies this part of the log now")

// checkCursors makes sure that the log and the database belong together, and
// makes the cursors of a new database.
func (r *Runner) checkCursors(ctx context.Context) error {
	l := r.o.Log
	if err := l.Refresh(ctx); err != nil {
		return err
	}
	return r.o.DB.Update(ctx, func(tx *db.Tx) error {
		streams, cursors, err := loadCursors(ctx, tx)
		if err != nil {
			return err
		}
		if len(cursors) > 0 && len(cursors) != l.Shards() {
			return fmt.Errorf("the database has applied a log of %d shards and this one has %d: start with the log that belongs to it", len(cursors), l.Shards())
		}
		for number := range l.Shards() {
			c, ok := cursors[number]
			last := l.Last(number)
			switch {
			case !ok && last > 0 && !l.Shared():
				return errors.New("the log holds events of another database: put back the database that belongs to it, or move the log folder away to begin anew without those events")
			case !ok:
				_, err := tx.Exec(ctx, "INSERT INTO shard_cursor (shard, stream, sequence) VALUES ($1, $2, 0) ON CONFLICT (shard) DO NOTHING", number, l.ID(number))
				if err != nil {
					return fmt.Errorf("make the cursor of shard %d: %w", number, err)
				}
			case streams[number] != l.ID(number):
				return errors.New("this database belongs to another log: start with the data folder that both came from")
			case c > last:
				return fmt.Errorf("the database has applied message %d of shard %d and the log ends at %d: the log is older than the database, or its end was damaged; put back the log that belongs to it, or let dhvani salvage begin a new one with what can be read", c, number, last)
			}
		}
		return nil
	})
}

// loadCursors returns each shard's stream and applied sequence.
func loadCursors(ctx context.Context, tx *db.Tx) (streams map[int]string, sequences map[int]uint64, err error) {
	streams, sequences = map[int]string{}, map[int]uint64{}
	err = tx.Each(ctx, "SELECT shard, stream, sequence FROM shard_cursor", nil, func(rows *sql.Rows) error {
		var shard int
		var stream string
		var sequence int64
		err := rows.Scan(&shard, &stream, &sequence)
		streams[shard], sequences[shard] = stream, uint64(sequence)
		return err
	})
	if err != nil {
		return nil, nil, fmt.Errorf("load the cursors: %w", err)
	}
	return streams, sequences, nil
}

// acquire makes this process the owner of a shard: from its commit on, no
// transaction of the owner before can succeed.
func (r *Runner) acquire(ctx context.Context, s *shard) error {
	return r.o.DB.Update(ctx, func(tx *db.Tx) error {
		var stream string
		var sequence int64
		err := tx.QueryRow(ctx, "UPDATE shard_cursor SET epoch = epoch + 1 WHERE shard = $1 RETURNING stream, sequence, partial, epoch", s.number).
			Scan(&stream, &sequence, &s.at.partial, &s.epoch)
		if err != nil {
			return fmt.Errorf("own shard %d: %w", s.number, err)
		}
		if stream != r.o.Log.ID(s.number) {
			return fmt.Errorf("own shard %d: the database belongs to another log", s.number)
		}
		s.at.sequence = uint64(sequence)
		return nil
	})
}

// moveCursor is the fence: it succeeds for the owner only.
func (s *shard) moveCursor(ctx context.Context, tx *db.Tx, from, to cursor) error {
	n, err := tx.Exec(ctx, "UPDATE shard_cursor SET sequence = $1, partial = $2 WHERE shard = $3 AND epoch = $4 AND sequence = $5 AND partial = $6",
		int64(to.sequence), to.partial, s.number, s.epoch, int64(from.sequence), from.partial)
	if err != nil {
		return fmt.Errorf("move the cursor of shard %d: %w", s.number, err)
	}
	if n != 1 {
		return errLostShard
	}
	return nil
}

// fence fails where the shard is another's.
func (s *shard) fence(ctx context.Context, tx *db.Tx) error {
	at := s.position()
	return s.moveCursor(ctx, tx, at, at)
}

const followEvery = time.Second

// follow tells the log once a second what is applied of every shard, also of
// those that other nodes own.
func (r *Runner) follow(ctx context.Context) {
	for {
		if err := r.lookAtCursors(ctx); err != nil && ctx.Err() == nil {
			r.o.Logger.Warn("the cursors could not be read", "error", db.Safe(err))
		}
		if !sleep(ctx, followEvery) {
			return
		}
	}
}

// lookAtCursors reads how far each shard is applied. Where that is less than was
// committed before, the database has gone back: a replica that was behind took
// over. The log still has what it lost, so the shard is owned anew from there.
func (r *Runner) lookAtCursors(ctx context.Context) error {
	before := map[int]uint64{}
	for number := range r.o.Log.Shards() {
		before[number] = r.o.Log.AppliedTo(number)
	}
	var cursors map[int]uint64
	err := r.o.DB.View(ctx, func(tx *db.Tx) (err error) {
		_, cursors, err = loadCursors(ctx, tx)
		return err
	})
	for number, sequence := range cursors {
		if sequence >= before[number] {
			r.o.Log.Applied(number, sequence)
			continue
		}
		r.o.Logger.Error("the database has gone back and is applied anew from where it stands", "shard", number, "applied", before[number], "now", sequence)
		r.o.Log.Rewind(number, sequence)
		for _, s := range r.owned() {
			if s.number == number {
				s.stuck(errLostShard)
				s.cancel()
			}
		}
	}
	return err
}
