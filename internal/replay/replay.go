// Package replay makes derived rows anew from the stored events: into a new
// model that takes the place of the old one, into one that is only compared
// with it, or as if the events happened once more. Nothing leaves the system
// meanwhile: Stages are applied, and nobody is told of their commits.
package replay

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/dhvani/dhvani/internal/archive"
	"github.com/dhvani/dhvani/internal/db"
	"github.com/dhvani/dhvani/internal/event"
	"github.com/dhvani/dhvani/internal/process"
	"github.com/dhvani/dhvani/internal/workspace"
)

// Replayer replays stored events through Stages.
type Replayer struct {
	DB     *db.DB
	Stages []process.Stage
	// Comparing are the Stages of a check; nil: the same. They make what models say
	// of texts like the rows in use, which an older model may have made.
	Comparing []process.Stage
	Logger    *slog.Logger
}

// A replay works in small transactions, because the live events' wait for them
// on SQLite.
const (
	stepEvents = 2000
	stepBytes  = 2 << 20
)

// Progress tells how many events of a workspace are replayed, and how many are
// stored by now.
type Progress func(done, total int64)

// build is a model that is being filled.
type build struct {
	*Replayer
	workspace int64
	model     int64
	at        map[int]event.Position // replayed, by shard
	done      int64
	total     int64
	progress  Progress
}

// Run rebuilds a workspace's derived rows while it goes on, and puts them in the
// place of the old ones, which are deleted afterwards. It returns how many
// events were replayed. Where it ends early, nothing has changed.
func (r *Replayer) Run(ctx context.Context, workspace int64, progress Progress) (int64, error) {
	b, err := r.begin(ctx, workspace, "replay", progress)
	if err != nil {
		return 0, err
	}
	defer b.abandon()
	for try := 0; ; try++ {
		if err := b.catchUp(ctx); err != nil {
			return b.done, err
		}
		var n int64
		err := r.DB.Update(ctx, func(tx *db.Tx) error {
			err := lockWorkspace(ctx, tx, workspace)
			if err == nil {
				n, err = b.rest(ctx, tx)
			}
			if err != nil {
				return err
			}
			return b.swap(ctx, tx)
		})
		if err == nil {
			return b.done + n, nil
		}
		if !errors.Is(err, errMore) || try > 10 {
			return b.done, fmt.Errorf("replay: %w", err)
		}
	}
}

// begin makes a new model.
func (r *Replayer) begin(ctx context.Context, number int64, purpose string, progress Progress) (*build, error) {
	if progress == nil {
		progress = func(int64, int64) {}
	}
	b := &build{Replayer: r, workspace: number, at: map[int]event.Position{}, progress: progress}
	err := r.DB.Update(ctx, func(tx *db.Tx) (err error) {
		if b.model, err = workspace.NewModel(ctx, tx); err != nil {
			return err
		}
		_, err = tx.Exec(ctx, "INSERT INTO spare_model (model, workspace, purpose, until) VALUES ($1, $2, $3, $4)", b.model, number, purpose, stillBusy())
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("begin a %s: %w", purpose, err)
	}
	return b, nil
}

// busyFor is how long a model is left alone by those who delete what nobody
// uses, without a word from who fills it.
const busyFor = 2 * time.Minute

func stillBusy() int64 { return time.Now().Add(busyFor).UnixMicro() }

// touch says that the model is being filled. It fails where it was given up.
func (b *build) touch(ctx context.Context, tx *db.Tx) error {
	n, err := tx.Exec(ctx, "UPDATE spare_model SET until = $1 WHERE model = $2", stillBusy(), b.model)
	if err == nil && n == 0 {
		err = errors.New("its model was deleted meanwhile, because nothing was heard of it for too long")
	}
	return err
}

// abandon leaves the model, unless it is in use now, to be deleted.
func (b *build) abandon() {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	err := b.DB.Update(ctx, func(tx *db.Tx) error {
		_, err := tx.Exec(ctx, "UPDATE spare_model SET until = 0 WHERE model = $1", b.model)
		return err
	})
	if err != nil {
		b.Logger.Warn("a model that is not needed could not be marked so; it is deleted later", "model", b.model, "error", err)
	}
}

// catchUp replays what is stored until little is left.
func (b *build) catchUp(ctx context.Context) error {
	for {
		shards, err := b.shards(ctx)
		if err != nil {
			return err
		}
		n := 0
		for _, shard := range shards {
			for full := true; full; {
				k, err := b.step(ctx, shard)
				if err != nil {
					return fmt.Errorf("replay shard %d: %w", shard, err)
				}
				n, full = n+k, k > 0
				b.progress(b.done, b.total)
			}
		}
		if n < stepEvents {
			return nil
		}
	}
}

// shards lists the shards that hold events of the workspace, and counts them.
func (b *build) shards(ctx context.Context) (list []int, err error) {
	b.total = 0
	err = b.DB.View(ctx, func(tx *db.Tx) error {
		return tx.Each(ctx, "SELECT shard, stored FROM event_count WHERE workspace = $1 ORDER BY shard", []any{b.workspace}, func(rows *sql.Rows) error {
			var shard int
			var stored int64
			err := rows.Scan(&shard, &stored)
			list, b.total = append(list, shard), b.total+stored
			return err
		})
	})
	return list, err
}

// step replays the next few events of a shard, and returns how many.
func (b *build) step(ctx context.Context, shard int) (n int, err error) {
	var events []event.Event
	err = b.DB.View(ctx, func(tx *db.Tx) error {
		events, err = archive.Read(ctx, tx, b.workspace, shard, b.at[shard], stepEvents, stepBytes)
		return err
	})
	if err != nil {
		return 0, err
	}
	return len(events), b.fold(ctx, shard, events)
}

// fold applies events, in several transactions where one of them is poison.
func (b *build) fold(ctx context.Context, shard int, events []event.Event) error {
	if len(events) == 0 {
		return nil
	}
	for i := range events {
		events[i].Model = b.model
	}
	apply := func(lo, hi int, f func(tx *db.Tx, some *event.Batch) error) error {
		some := &event.Batch{Shard: shard, Events: events[lo:hi]}
		if err := process.Prepare(ctx, b.Stages, some); err != nil {
			return err
		}
		err := b.DB.Update(ctx, func(tx *db.Tx) error {
			if err := b.touch(ctx, tx); err != nil {
				return err
			}
			return f(tx, some)
		})
		if err == nil {
			b.passed(shard, events[hi-1].Position, hi-lo)
		}
		return err
	}
	return process.Isolate(ctx, 0, len(events),
		func(lo, hi int) error {
			return apply(lo, hi, func(tx *db.Tx, some *event.Batch) error { return b.stages(ctx, tx, some) })
		},
		func(i int, cause error) error {
			return apply(i, i+1, func(tx *db.Tx, _ *event.Batch) error { return process.BuryFor(ctx, tx, events[i], cause) })
		})
}

func (b *build) passed(shard int, to event.Position, n int) {
	b.at[shard] = to
	b.done += int64(n)
}

func (b *build) stages(ctx context.Context, tx *db.Tx, some *event.Batch) error {
	for _, st := range b.Stages {
		if err := process.Apply(ctx, tx, st, some); err != nil {
			return err
		}
	}
	return nil
}

// errMore says that more events were stored meanwhile than one transaction
// should take, or that there is poison among them: first catch up again.
var errMore = errors.New("more events arrive than can be replayed")

// restEvents is how many events may be left for the transaction that keeps new
// ones waiting.
const restEvents = 50_000

// rest replays, within a transaction that keeps new events waiting, what came
// since catchUp, and returns how many events that were. It changes nothing of b,
// because the transaction may yet fail.
func (b *build) rest(ctx context.Context, tx *db.Tx) (n int64, err error) {
	var shards []int
	err = tx.Each(ctx, "SELECT shard FROM event_count WHERE workspace = $1 ORDER BY shard", []any{b.workspace}, func(rows *sql.Rows) error {
		var shard int
		err := rows.Scan(&shard)
		shards = append(shards, shard)
		return err
	})
	if err != nil {
		return 0, err
	}
	for _, shard := range shards {
		for after := b.at[shard]; ; {
			events, err := archive.Read(ctx, tx, b.workspace, shard, after, stepEvents, stepBytes)
			if err != nil {
				return n, err
			}
			if len(events) == 0 {
				break
			}
			after = events[len(events)-1].Position
			if n += int64(len(events)); n > restEvents {
				return n, errMore
			}
			for i := range events {
				events[i].Model = b.model
			}
			some := &event.Batch{Shard: shard, Events: events}
			if err := process.Prepare(ctx, b.Stages, some); err != nil {
				return n, errors.Join(errMore, err)
			}
			if err := b.stages(ctx, tx, some); err != nil {
				return n, errors.Join(errMore, err)
			}
		}
	}
	return n, nil
}

// lockWorkspace makes live batches with events of a workspace wait.
func lockWorkspace(ctx context.Context, tx *db.Tx, number int64) error {
	query := "SELECT model FROM workspace WHERE number = $1"
	if tx.Postgres() {
		query += " FOR UPDATE"
	}
	var model int64
	return tx.QueryRow(ctx, query, number).Scan(&model)
}

// swap makes the workspace use the new model and leaves the old one to be deleted.
func (b *build) swap(ctx context.Context, tx *db.Tx) error {
	old, err := tx.Model(ctx, b.workspace)
	if err != nil {
		return err
	}
	if _, err := tx.Exec(ctx, "UPDATE workspace SET model = $1 WHERE number = $2", b.model, b.workspace); err != nil {
		return err
	}
	if _, err := tx.Exec(ctx, "DELETE FROM spare_model WHERE model = $1", b.model); err != nil {
		return err
	}
	_, err = tx.Exec(ctx, "INSERT INTO spare_model (model, workspace, purpose, until) VALUES ($1, $2, 'replaced', 0)", old, b.workspace)
	return err
}
