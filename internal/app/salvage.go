package app

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/dhvani/dhvani/internal/db"
	"github.com/dhvani/dhvani/internal/eventlog"
)

// Salvage puts a new log in the place of one that is damaged, older than the
// database, or gone: it goes on where the database stands, and holds what could
// be read of the events that were not yet applied. The old files are kept aside.
// It says what it did. Nothing may run on the data folder. Of a log on NATS
// servers that is gone whole nothing can be read: a new one is begun.
func Salvage(ctx context.Context, o Options, say func(string)) error {
	return withDatabase(ctx, o, func(d *db.DB) error {
		if o.NATS != nil {
			if err := beginAnew(ctx, o, d, say); err != nil {
				return fmt.Errorf("begin a new log: %w", err)
			}
			return nil
		}
		s := salvage{o: o, db: d, say: say, old: filepath.Join(o.Data, "log"), fresh: filepath.Join(o.Data, "log.salvaged")}
		if err := s.run(ctx); err != nil {
			return fmt.Errorf("salvage the log: %w", err)
		}
		return nil
	})
}

type salvage struct {
	o          Options
	db         *db.DB
	say        func(string)
	old, fresh string // folders

	stream   string // identity of the log that the database knows
	sequence uint64 // applied
	partial  int
}

func (s *salvage) run(ctx context.Context) error {
	var sequence int64
	err := s.db.View(ctx, func(tx *db.Tx) error {
		return tx.QueryRow(ctx, "SELECT stream, sequence, partial FROM shard_cursor WHERE shard = 0").Scan(&s.stream, &sequence, &s.partial)
	})
	if db.IsNone(err) {
		return errors.New("this database has never worked with a log")
	}
	if err != nil {
		return err
	}
	s.sequence = uint64(sequence)
	if eventlog.SalvageID(s.fresh) == s.stream {
		return s.swap() // an earlier salvage was cut off
	}
	foreign := eventlog.SalvageID(s.old) != "" && eventlog.SalvageID(s.old) != s.stream
	if foreign && !isEmpty(s.old) {
		return errors.New("the log in the data folder is not this database's: put back the one that belongs to it, or move it away to begin a new one without its events")
	}
	if err := s.rebuild(ctx); err != nil {
		return errors.Join(err, os.RemoveAll(s.fresh))
	}
	return s.swap()
}

// isEmpty reports whether a log has no messages: a start without the database's
// own log leaves one.
func isEmpty(dir string) bool {
	s, err := eventlog.Salvage(dir, 0, func(eventlog.Message) error { return nil })
	return err == nil && s == eventlog.Salvaged{}
}

// rebuild makes the new log, and then the database's.
func (s *salvage) rebuild(ctx context.Context) error {
	if err := os.RemoveAll(s.fresh); err != nil {
		return err
	}
	lo := s.o.logOptions()
	lo.Dir, lo.First = s.fresh, []uint64{s.sequence + 1}
	l, err := eventlog.Open(ctx, lo)
	if err != nil {
		return err
	}
	first := true
	saved, err := eventlog.Salvage(s.old, s.sequence, func(m eventlog.Message) error {
		if first && m.Sequence != s.sequence+1 {
			s.partial = 0 // the message that was applied in part is lost
		}
		first = false
		_, err := l.AppendMessage(ctx, m)
		return err
	})
	id := l.ID(0)
	if err := errors.Join(err, l.Close()); err != nil {
		return err
	}
	err = s.db.Update(ctx, func(tx *db.Tx) error {
		_, err := tx.Exec(ctx, "UPDATE shard_cursor SET stream = $1, partial = $2 WHERE shard = 0", id, s.partial)
		return err
	})
	if err != nil {
		return err
	}
	s.say(fmt.Sprintf("%d messages that were not yet applied are saved, %d between them are lost, and the files are damaged at %d places.", saved.Messages, saved.Lost, saved.Damaged))
	if saved.Damaged > 0 {
		s.say("If the last of the damage hit the end of the log, messages after the newest that was saved may be lost too: their number cannot be known.")
	}
	return nil
}

// swap puts the new folder in the old one's place.
func (s *salvage) swap() error {
	aside := filepath.Join(s.o.Data, "log.damaged-"+time.Now().UTC().Format("20060102-150405"))
	if err := os.Rename(s.old, aside); err == nil {
		s.say("The old files are in " + aside + "; delete them when you need them no more.")
	} else if !errors.Is(err, os.ErrNotExist) {
		return err
	}
	if err := os.Rename(s.fresh, s.old); err != nil {
		return err
	}
	d, err := os.Open(s.o.Data)
	if err != nil {
		return err
	}
	defer d.Close()
	return d.Sync()
}

// beginAnew makes a new log on NATS servers that have none any more, which goes
// on where the database stands.
func beginAnew(ctx context.Context, o Options, d *db.DB, say func(string)) error {
	var first []uint64 // by shard
	err := d.View(ctx, func(tx *db.Tx) error {
		return tx.Each(ctx, "SELECT sequence FROM shard_cursor ORDER BY shard", nil, func(rows *sql.Rows) error {
			var sequence int64
			err := rows.Scan(&sequence)
			first = append(first, uint64(sequence)+1)
			return err
		})
	})
	if err != nil {
		return err
	}
	if len(first) == 0 {
		return errors.New("this database has never worked with a log")
	}
	lo := o.logOptions()
	lo.First = first
	l, err := eventlog.Open(ctx, lo)
	if err != nil {
		return err
	}
	err = d.Update(ctx, func(tx *db.Tx) error {
		for shard := range first {
			if _, err := tx.Exec(ctx, "UPDATE shard_cursor SET stream = $1, partial = 0 WHERE shard = $2", l.ID(shard), shard); err != nil {
				return err
			}
		}
		return nil
	})
	if err == nil {
		say("A new log is begun. What the old one held and was not yet applied is lost.")
	} else {
		err = errors.Join(err, l.Discard(ctx))
	}
	return errors.Join(err, l.Close())
}
