package process

import (
	"cmp"
	"context"
	"crypto/rand"
	"database/sql"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/dhvani/dhvani/internal/db"
)

// Where nodes share a log, each says every renewEvery that it lives and which
// shards it holds. A lease that was not renewed for leaseFor is anybody's; a
// node that stops gives its own back at once. All of it by PostgreSQL's clock.
const (
	lookEvery  = 250 * time.Millisecond
	renewEvery = 1500 * time.Millisecond
	leaseFor   = 6 * time.Second
)

func newNodeID() string {
	var b [8]byte
	rand.Read(b[:])
	return hex.EncodeToString(b[:])
}

// ShardInfo says who applies a shard and how far.
type ShardInfo struct {
	Shard   int       `json:"shard"`
	Node    string    `json:"node"`    // name of its owner, empty where nobody has it
	Applied uint64    `json:"applied"` // log message
	Last    uint64    `json:"last"`    // newest message of the log
	Oldest  time.Time `json:"oldest"`  // when the oldest message not applied was written; zero for none
}

// leases are the lease rows and the living nodes as they are in the database.
type leases struct {
	now     int64
	holders map[int]string
	until   map[int]int64
	nodes   map[string]string // id and name
}

func (l *leases) free(shard int) bool { return l.until[shard] <= l.now }

func loadLeases(ctx context.Context, tx *db.Tx) (*leases, error) {
	l := &leases{holders: map[int]string{}, until: map[int]int64{}, nodes: map[string]string{}}
	err := errors.Join(
		tx.QueryRow(ctx, "SELECT "+databaseMicros).Scan(&l.now),
		tx.Each(ctx, "SELECT shard, node, until FROM shard_lease", nil, func(rows *sql.Rows) error {
			var shard int
			var node string
			var until int64
			err := rows.Scan(&shard, &node, &until)
			l.holders[shard], l.until[shard] = node, until
			return err
		}),
		tx.Each(ctx, "SELECT id, name FROM node WHERE until > "+databaseMicros, nil, func(rows *sql.Rows) error {
			var id, name string
			err := rows.Scan(&id, &name)
			l.nodes[id] = name
			return err
		}))
	if err != nil {
		return nil, fmt.Errorf("read the leases: %w", err)
	}
	return l, nil
}

const databaseMicros = "CAST(extract(epoch FROM clock_timestamp()) * 1000000 AS BIGINT)"

// keepLooking renews the leases and takes free shards until ctx ends.
func (r *Runner) keepLooking(ctx context.Context) {
	for sleep(ctx, lookEvery) {
		within, cancel := context.WithTimeout(ctx, leaseFor)
		err := r.look(within, ctx)
		cancel()
		if err != nil && ctx.Err() == nil {
			r.o.Logger.Warn("the leases of the shards cannot be kept", "error", db.Safe(err))
		}
	}
}

// keepOwning owns again what was lost, where the log is this process's own: a
// commit whose answer was lost looks as if another owner had moved the cursor.
func (r *Runner) keepOwning(ctx context.Context) {
	for sleep(ctx, lookEvery) {
		for _, s := range r.owned() {
			if s.isLost() {
				r.disown(s)
			}
		}
		for number := range r.o.Log.Shards() {
			if r.owns(number) {
				continue
			}
			if err := r.own(ctx, ctx, number); err != nil && ctx.Err() == nil {
				r.o.Logger.Warn("a shard cannot be applied yet", "shard", number, "error", db.Safe(err))
			}
		}
	}
}

// look renews what this node holds, gives up what is more than its share, and
// takes what is free.
func (r *Runner) look(ctx, running context.Context) error {
	if err := r.renew(ctx); err != nil {
		return err
	}
	var l *leases
	err := r.o.DB.View(ctx, func(tx *db.Tx) (err error) {
		l, err = loadLeases(ctx, tx)
		return err
	})
	if err != nil {
		return err
	}
	for _, s := range r.owned() {
		if s.isLost() || l.holders[s.number] != r.id {
			r.o.Logger.Warn("a shard is another node's now", "shard", s.number)
			r.disown(s)
		}
	}
	mine := len(r.owned())
	share := (r.o.Log.Shards() + len(l.nodes) - 1) / max(len(l.nodes), 1)
	if mine > share {
		return r.giveUp(ctx, mine-share)
	}
	for number := 0; number < r.o.Log.Shards() && mine < share; number++ {
		if r.owns(number) || !l.free(number) && l.holders[number] != r.id {
			continue
		}
		ok, err := r.take(ctx, number)
		if err == nil && ok {
			mine++
			err = r.own(ctx, running, number)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func (r *Runner) owns(number int) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.shards[number] != nil
}

// renew says that this node lives and keeps the shards that it applies. The
// lease of one that it gave up, and that nobody took yet, still names it, and
// must end.
func (r *Runner) renew(ctx context.Context) error {
	if time.Since(r.renewed) < renewEvery {
		return nil
	}
	mine := []int64{}
	for _, s := range r.owned() {
		mine = append(mine, int64(s.number))
	}
	err := r.o.DB.Update(ctx, func(tx *db.Tx) error {
		_, err := tx.Exec(ctx, `INSERT INTO node (id, name, version, until) VALUES ($1, $2, $3, `+databaseMicros+` + $4)
			ON CONFLICT (id) DO UPDATE SET until = excluded.until`, r.id, r.o.Node, db.Version, leaseFor.Microseconds())
		if err != nil {
			return err
		}
		if _, err = tx.Exec(ctx, "DELETE FROM node WHERE until < "+databaseMicros+" - $1", time.Hour.Microseconds()); err != nil {
			return err
		}
		_, err = tx.Exec(ctx, "UPDATE shard_lease SET until = "+databaseMicros+" + $1 WHERE node = $2 AND shard = ANY($3)", leaseFor.Microseconds(), r.id, mine)
		return err
	})
	if err != nil {
		return fmt.Errorf("renew the leases: %w", err)
	}
	r.renewed = time.Now()
	return nil
}

// take gets the lease of a shard if it is free.
func (r *Runner) take(ctx context.Context, number int) (bool, error) {
	var n int64
	err := r.o.DB.Update(ctx, func(tx *db.Tx) (err error) {
		n, err = tx.Exec(ctx, `INSERT INTO shard_lease (shard, node, until) VALUES ($1, $2, `+databaseMicros+` + $3)
			ON CONFLICT (shard) DO UPDATE SET node = excluded.node, until = excluded.until
			WHERE shard_lease.until <= `+databaseMicros+` OR shard_lease.node = excluded.node`, number, r.id, leaseFor.Microseconds())
		return err
	})
	if err != nil {
		return false, fmt.Errorf("take shard %d: %w", number, err)
	}
	return n == 1, nil
}

// giveUp lets others have n shards, each after its batch at hand.
func (r *Runner) giveUp(ctx context.Context, n int) error {
	owned := r.owned()
	slices.SortFunc(owned, func(a, b *shard) int { return cmp.Compare(b.number, a.number) })
	for _, s := range owned[:n] {
		r.disown(s)
		err := r.o.DB.Update(ctx, func(tx *db.Tx) error {
			_, err := tx.Exec(ctx, "UPDATE shard_lease SET until = 0 WHERE shard = $1 AND node = $2", s.number, r.id)
			return err
		})
		if err != nil {
			return fmt.Errorf("give up shard %d: %w", s.number, err)
		}
	}
	return nil
}

// release gives everything back when the node stops.
func (r *Runner) release() {
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Second)
	defer cancel()
	err := r.o.DB.Update(ctx, func(tx *db.Tx) error {
		_, err := tx.Exec(ctx, "UPDATE shard_lease SET until = 0 WHERE node = $1", r.id)
		if err == nil {
			_, err = tx.Exec(ctx, "DELETE FROM node WHERE id = $1", r.id)
		}
		return err
	})
	if err != nil {
		r.o.Logger.Warn("the shards could not be given back; others take them when the leases end", "error", db.Safe(err))
	}
}

// Shards tells who applies what, and how far.
func (r *Runner) Shards(ctx context.Context) ([]ShardInfo, error) {
	if err := r.o.Log.Refresh(ctx); err != nil {
		return nil, err
	}
	l := &leases{}
	var applied map[int]uint64
	err := r.o.DB.View(ctx, func(tx *db.Tx) (err error) {
		if _, applied, err = loadCursors(ctx, tx); err != nil || !r.o.Log.Shared() {
			return err
		}
		l, err = loadLeases(ctx, tx)
		return err
	})
	if err != nil {
		return nil, err
	}
	var out []ShardInfo
	for number := range r.o.Log.Shards() {
		info := ShardInfo{Shard: number, Applied: applied[number], Last: r.o.Log.Last(number), Oldest: r.o.Log.Oldest(number)}
		switch {
		case !r.o.Log.Shared():
			info.Node = r.o.Node
		case !l.free(number):
			info.Node = cmp.Or(l.nodes[l.holders[number]], l.holders[number])
		}
		out = append(out, info)
	}
	return out, nil
}
