package deliver

import (
	"context"
	"time"

	"github.com/dhvani/dhvani/internal/db"
)

// What was sent or given up keeps its body, with which it can be sent again, for
// 30 days; that it was sent is known for 90.
const (
	tidyEvery = time.Hour
	keepBody  = 30 * 24 * time.Hour
	keepRow   = 90 * 24 * time.Hour
	tidyStep  = 500 // rows in a transaction
)

// tidy deletes what is old. Messages whose destination was deleted while they
// were put become dead letters.
func (s *Store) tidy(ctx context.Context) error {
	now := s.now()
	err := s.DB.Update(ctx, func(tx *db.Tx) error {
		_, err := tx.Exec(ctx, `UPDATE outbox SET state = 'dead', failure = '`+noDestination+`', touched_at = $1 WHERE state = 'open'
			AND NOT EXISTS (SELECT 1 FROM destination d WHERE d.workspace = outbox.workspace AND d.id = outbox.destination)`, now.UnixMicro())
		return err
	})
	if err != nil {
		return err
	}
	for _, step := range []struct {
		query string
		args  []any
	}{
		{`DELETE FROM outbox WHERE (workspace, id) IN (SELECT workspace, id FROM outbox WHERE state <> 'open' AND touched_at < $1 ORDER BY touched_at LIMIT $2)`,
			[]any{now.Add(-keepRow).UnixMicro(), tidyStep}},
		{`UPDATE outbox SET body = $3, receiver = '' WHERE (workspace, id) IN (SELECT workspace, id FROM outbox WHERE state <> 'open' AND touched_at < $1
			AND length(body) > 0 ORDER BY touched_at LIMIT $2)`, []any{now.Add(-keepBody).UnixMicro(), tidyStep, []byte{}}},
	} {
		for n := int64(tidyStep); n == tidyStep; {
			err := s.DB.Update(ctx, func(tx *db.Tx) (err error) {
				n, err = tx.Exec(ctx, step.query, step.args...)
				return err
			})
			if err != nil {
				return err
			}
		}
	}
	return nil
}
