package incident

import (
	"context"
	"database/sql"
	"fmt"

	"github.com/dhvani/dhvani/internal/db"
	"github.com/dhvani/dhvani/internal/event"
)

var hitColumns = db.Columns("workspace int, insight text, profile bytes, first_at int, last_at int, times int, amount int, currency text, back_at int")

// upsertHit takes what is known of a customer now in the place of what was known;
// what was seen of them stays seen.
const upsertHit = `ON CONFLICT (workspace, insight, profile) DO UPDATE SET
	first_at = CASE WHEN excluded.first_at < insight_hit.first_at THEN excluded.first_at ELSE insight_hit.first_at END,
	last_at = CASE WHEN excluded.last_at > insight_hit.last_at THEN excluded.last_at ELSE insight_hit.last_at END,
	times = CASE WHEN excluded.times > insight_hit.times THEN excluded.times ELSE insight_hit.times END,
	amount = CASE WHEN excluded.amount > 0 THEN excluded.amount ELSE insight_hit.amount END,
	currency = CASE WHEN excluded.amount > 0 THEN excluded.currency ELSE insight_hit.currency END,
	back_at = CASE WHEN excluded.back_at > 0 THEN excluded.back_at ELSE insight_hit.back_at END`

// writeHits writes whom an Insight hit: new ones and what is new of others.
func writeHits(ctx context.Context, tx *db.Tx, in *Insight, hits []Hit) error {
	rows, at := db.NewRows(hitColumns), map[event.ID]int{}
	var once []Hit // a key may stand only once in a statement
	for _, h := range hits {
		if i, ok := at[h.Profile]; ok {
			once[i] = joinHits(once[i], h)
			continue
		}
		at[h.Profile] = len(once)
		once = append(once, h)
	}
	for i := range once {
		h := &once[i]
		text(&h.Currency)
		rows.Add(in.Workspace, in.ID, h.Profile[:], h.First, h.Last, h.Times, h.Amount, h.Currency, h.Back)
	}
	if err := tx.Insert(ctx, "insight_hit", rows, upsertHit); err != nil {
		return fmt.Errorf("write whom an incident hit: %w", err)
	}
	return nil
}

// joinHits does what upsertHit does.
func joinHits(a, b Hit) Hit {
	a.First, a.Last, a.Times = min(a.First, b.First), max(a.Last, b.Last), max(a.Times, b.Times)
	if b.Amount > 0 {
		a.Amount, a.Currency = b.Amount, b.Currency
	}
	if b.Back > 0 {
		a.Back = b.Back
	}
	return a
}

// moveHits gives those of one Insight to another, as far as it does not have them.
func moveHits(ctx context.Context, tx *db.Tx, from, into *Insight) error {
	hits, err := hitsOf(ctx, tx, from.Workspace, from.ID, "", nil, 0)
	if err == nil {
		err = writeHits(ctx, tx, into, hits)
	}
	return err
}

// hitsOf lists whom an Insight hit, all of them where limit is 0.
func hitsOf(ctx context.Context, tx *db.Tx, workspace int64, id, where string, args []any, limit int) (out []Hit, err error) {
	query := "SELECT profile, first_at, last_at, times, amount, currency, back_at FROM insight_hit WHERE workspace = $1 AND insight = $2"
	if where != "" {
		query += " AND " + where
	}
	query += " ORDER BY profile"
	if limit > 0 {
		query += fmt.Sprintf(" LIMIT %d", limit)
	}
	err = tx.Each(ctx, query, append([]any{workspace, id}, args...), func(rows *sql.Rows) error {
		var h Hit
		var profile []byte
		err := rows.Scan(&profile, &h.First, &h.Last, &h.Times, &h.Amount, &h.Currency, &h.Back)
		if err == nil {
			h.Profile = event.ID(profile)
			out = append(out, h)
		}
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("list whom an incident hit: %w", err)
	}
	return out, nil
}

func countHits(ctx context.Context, tx *db.Tx, in *Insight) (n int, err error) {
	if err = tx.QueryRow(ctx, "SELECT count(*) FROM insight_hit WHERE workspace = $1 AND insight = $2", in.Workspace, in.ID).Scan(&n); err != nil {
		return 0, fmt.Errorf("count whom an incident hit: %w", err)
	}
	return n, nil
}
