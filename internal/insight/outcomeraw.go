package insight

import (
	"cmp"
	"context"
	"database/sql"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/dhvani/dhvani/internal/db"
	"github.com/dhvani/dhvani/internal/event"
)

// eachRaw calls f with the outcomes of a kind and span, as they are counted, whose
// dimensions hold a text.
func eachRaw(ctx context.Context, tx *db.Tx, workspace int64, kind OutcomeKind, text string, from, to int64, f func(at, bad int64, d string)) error {
	holds := "instr(dims, $5)"
	if tx.Postgres() {
		holds = "strpos(dims, $5)"
	}
	query := fmt.Sprintf("SELECT at, bad, dims FROM outcome WHERE workspace = $1 AND kind = $2 AND at >= $3 AND at < $4 AND %s > 0 AND flags & %d = 0", holds, isAgain)
	return tx.Each(ctx, query, []any{workspace, string(kind), from, to, text}, func(r *sql.Rows) error {
		var at, bad int64
		var d string
		err := r.Scan(&at, &bad, &d)
		f(at, bad, d)
		return err
	})
}

// has is the text by which stored dimensions are known to have a value, any where
// that is empty.
func has(dim Dim, value string) string {
	b := append([]byte(nil), `"`+string(dim)+`":`...)
	if value != "" {
		b, _ = jsontext.AppendQuote(b, value)
	}
	return string(b)
}

// countSlots counts the outcomes with a value of a dimension by slots.
func countSlots(ctx context.Context, tx *db.Tx, workspace int64, kind OutcomeKind, dim Dim, value string, from, to int64, grain Grain) ([]Slot, error) {
	by := map[int64]*counted{}
	text := has(dim, value)
	if dim == DimTopic {
		text = has(dim, "")
	}
	err := eachRaw(ctx, tx, workspace, kind, text, from, to, func(at, bad int64, d string) {
		if dim == DimTopic {
			values := parseValues(d)
			negative, others := splitTopics(values[inTopic])
			switch {
			case slices.Contains(negative, value):
				bad = int64(event.One)
			case slices.Contains(others, value):
				bad = 0
			default:
				return
			}
		}
		slot := grain.slot(at)
		if by[slot] == nil {
			by[slot] = &counted{}
		}
		by[slot].n, by[slot].bad = by[slot].n+1, by[slot].bad+bad
	})
	if err != nil {
		return nil, fmt.Errorf("count outcomes: %w", err)
	}
	var out []Slot
	for _, at := range slices.Sorted(maps.Keys(by)) {
		out = append(out, Slot{at, by[at].n, float64(by[at].bad) / float64(event.One)})
	}
	return out, nil
}

// countValues counts the values of a dimension.
func countValues(ctx context.Context, tx *db.Tx, workspace int64, kind OutcomeKind, dim Dim, from, to int64, limit int) ([]ValueCount, error) {
	p, ok := placeOf[string(dim)]
	if !ok {
		return nil, nil
	}
	by := map[string]*counted{}
	err := eachRaw(ctx, tx, workspace, kind, has(dim, ""), from, to, func(_, bad int64, d string) {
		values := parseValues(d)
		f := by[values[p]]
		if f == nil {
			f = &counted{}
			by[values[p]] = f
		}
		f.n, f.bad = f.n+1, f.bad+bad
	})
	if err != nil {
		return nil, fmt.Errorf("count values of outcomes: %w", err)
	}
	var out []ValueCount
	for value, f := range by {
		out = append(out, ValueCount{value, f.n, float64(f.bad) / float64(event.One)})
	}
	slices.SortFunc(out, func(a, b ValueCount) int { return cmp.Or(cmp.Compare(b.N, a.N), strings.Compare(a.Value, b.Value)) })
	return out[:min(len(out), limit)], nil
}
