package fitted

import (
	"context"
	"math"

	"github.com/dhvani/dhvani/internal/db"
	"github.com/dhvani/dhvani/internal/language"
)

const kept = 20 // trainings whose figures are kept

// store keeps a training, and the model where it is used. Without still, one that was
// in use is not any longer.
func (m *Models) store(ctx context.Context, workspace int64, n *Model, data []byte, still bool) error {
	used := 1
	if !n.Used {
		used, data = 0, []byte{}
	}
	whole := func(share float64) int64 { return int64(math.Round(share * million)) }
	type statement struct {
		query string
		args  []any
	}
	list := []statement{
		{`INSERT INTO language_model (workspace, trained_at, base, n_train, n_test, base_f1, own_f1, low, high, used, data)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)`, []any{
			workspace, n.TrainedAt, language.BaseVersion(), n.Train, n.Test, whole(n.Base), whole(n.Own), whole(n.Low), whole(n.High), used, data}},
		// The one before stays for nodes that have not heard of this one.
		{`UPDATE language_model SET data = $3 WHERE workspace = $1 AND trained_at < (SELECT max(trained_at) FROM language_model
			WHERE workspace = $1 AND used = 1 AND trained_at < $2)`, []any{workspace, n.TrainedAt, []byte{}}},
		{`DELETE FROM language_model WHERE workspace = $1 AND length(data) = 0 AND trained_at < (SELECT trained_at FROM language_model
			WHERE workspace = $1 ORDER BY trained_at DESC LIMIT 1 OFFSET $2)`, []any{workspace, kept - 1}},
	}
	if !n.Used && !still {
		list = append(list, statement{"UPDATE language_model SET used = 0, data = $2 WHERE workspace = $1", []any{workspace, []byte{}}})
	}
	return m.db.Update(ctx, func(tx *db.Tx) error {
		for _, s := range list {
			if _, err := tx.Exec(ctx, s.query, s.args...); err != nil {
				return err
			}
		}
		return nil
	})
}
