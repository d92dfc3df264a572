package watch

import (
	"context"
	"fmt"
	"time"

	"github.com/dhvani/dhvani/internal/db"
)

const (
	leaseFor   = 15 * time.Second
	renewEvery = 4 * time.Second
)

// Take gets or renews the lease; false where another node has it. A node that takes
// over raises the epoch, after which the one before can write nothing.
func (w *Watch) Take(ctx context.Context) (mine bool, err error) {
	now := w.DB.Clock()
	err = w.DB.Update(ctx, func(tx *db.Tx) error {
		var holder string
		var epoch int64
		var free bool
		err := tx.QueryRow(ctx, "SELECT holder, epoch, until <= "+now+" FROM watch_lease WHERE id = 1"+forUpdate(w.DB)).Scan(&holder, &epoch, &free)
		switch {
		case db.IsNone(err):
			epoch = 0
		case err != nil:
			return err
		case holder == w.id && epoch == w.epoch:
			_, err = tx.Exec(ctx, "UPDATE watch_lease SET until = "+now+" + $1 WHERE id = 1", leaseFor.Microseconds())
			mine = true
			return err
		case !free:
			mine = false
			return nil
		}
		n, err := tx.Exec(ctx, "INSERT INTO watch_lease (id, holder, epoch, until) VALUES (1, $1, $2, "+now+` + $3)
			ON CONFLICT (id) DO UPDATE SET holder = excluded.holder, epoch = excluded.epoch, until = excluded.until WHERE watch_lease.epoch = excluded.epoch - 1`,
			w.id, epoch+1, leaseFor.Microseconds())
		if mine = n == 1; mine {
			w.epoch = epoch + 1
			w.shops = map[int64]*shop{} // others moved on since
		}
		return err
	})
	if err != nil {
		return false, fmt.Errorf("take the watch: %w", err)
	}
	return mine, nil
}

// holds fails a transaction of a node that watches no longer.
func (w *Watch) holds(ctx context.Context, tx *db.Tx) error {
	var epoch int64
	if err := tx.QueryRow(ctx, "SELECT epoch FROM watch_lease WHERE id = 1"+forUpdate(w.DB)).Scan(&epoch); err != nil {
		return fmt.Errorf("look who watches: %w", err)
	}
	if epoch != w.epoch {
		return errLost
	}
	return nil
}

// release lets another node watch at once.
func (w *Watch) release() {
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Second)
	defer cancel()
	err := w.DB.Update(ctx, func(tx *db.Tx) error {
		_, err := tx.Exec(ctx, "UPDATE watch_lease SET until = 0 WHERE id = 1 AND holder = $1 AND epoch = $2", w.id, w.epoch)
		return err
	})
	if err != nil {
		w.Logger.Warn("the watch could not be given up; its lease ends by itself", "error", db.Safe(err))
	}
}

func forUpdate(d *db.DB) string {
	if d.Postgres {
		return " FOR UPDATE"
	}
	return ""
}
