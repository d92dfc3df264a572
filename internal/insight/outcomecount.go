package insight

import (
	"cmp"
	"context"
	"database/sql"
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"

	"github.com/dhvani/dhvani/internal/db"
	"github.com/dhvani/dhvani/internal/event"
)

// How long the counts of a grain are kept, in days; days stay for ever.
var countsKept = map[Grain]int64{Minute: 2, Quarter: 60}

// countedBy are the dimensions by whose values a kind is counted too, by quarter of
// an hour and by day: those of which long series are asked. Minutes, and all other
// dimensions, are counted from the outcomes themselves when somebody asks.
var countedBy = map[OutcomeKind][]place{
	CheckoutEnded: {inMethod, inDevice, inBrowser, inCountry, inRelease},
	DeliveryEnded: {inCarrier, inArea},
	OpinionGiven:  {inTopic, inProduct, inArea, inChannel},
	RatingGiven:   {inProduct, inScore},
	PaintTook:     {inDevice, inRelease},
	InputTook:     {inDevice, inRelease},
	LayoutMove:    {inDevice, inRelease},
	ServerTook:    {inDevice, inRelease},
}

// isCounted reports whether a dimension of a kind is counted in a grain.
func isCounted(kind OutcomeKind, dim Dim, grain Grain) bool {
	return dim == "" || grain != Minute && slices.ContainsFunc(countedBy[kind], func(p place) bool { return dims[p] == dim })
}

// mostValues is how many values of a dimension a slot has in a shard.
const mostValues = 50

// countKey is a value of a dimension in a slot.
type countKey struct {
	workspace int64
	grain     Grain
	kind      OutcomeKind
	dim       Dim
	at        int64
	value     string
}

// slot is the key without its value.
func (k countKey) slot() countKey {
	k.value = ""
	return k
}

type counted struct{ n, bad int64 }

// outcomeCounts are what a batch's outcomes add.
type outcomeCounts map[countKey]*counted

// add counts an outcome; those that ended before are counted already.
func (c outcomeCounts) add(workspace int64, o *Outcome, d *values) {
	if o.Again {
		return
	}
	bad := int64(math.Round(o.Bad * float64(event.One)))
	k := countKey{workspace: workspace, grain: Minute, kind: o.Kind, at: Minute.slot(o.At)}
	c.count(k, bad)
	for _, p := range countedBy[o.Kind] {
		value := d[p]
		if value == "" {
			continue
		}
		k.dim = dims[p]
		if p != inTopic {
			k.value = value
			c.count(k, bad)
			continue
		}
		negative, others := splitTopics(value)
		for _, k.value = range negative {
			c.count(k, int64(event.One))
		}
		for _, k.value = range others {
			c.count(k, 0)
		}
	}
}

func (c outcomeCounts) count(k countKey, bad int64) {
	f := c[k]
	if f == nil {
		f = &counted{}
		c[k] = f
	}
	f.n, f.bad = f.n+1, f.bad+bad
}

// grains makes the other grains of the minutes, without what is too old to be kept.
func (c outcomeCounts) grains(news map[int64]int64) outcomeCounts {
	out := make(outcomeCounts, 3*len(c))
	for k, f := range c {
		for _, k.grain = range [...]Grain{Minute, Quarter, Day} {
			if k.dim != "" && k.grain == Minute {
				continue
			}
			at := k
			at.at = k.grain.slot(k.at)
			if kept := countsKept[k.grain]; kept > 0 && at.at < (news[k.workspace]-kept)*Day.micros() {
				continue
			}
			g := out[at]
			if g == nil {
				g = &counted{}
				out[at] = g
			}
			g.n, g.bad = g.n+f.n, g.bad+f.bad
		}
	}
	return out
}

var (
	countSlot    = db.Columns("n int, workspace int, grain int, kind text, dim text, at int, shard int")
	countColumns = db.Columns("workspace int, grain int, kind text, dim text, at int, value text, shard int, n int, bad int")
)

// write adds the counts up in the table. Of slots that would have too many values
// those stay that are there, and then the most frequent of the batch.
func (c outcomeCounts) write(ctx context.Context, tx *db.Tx, shard int) error {
	slots := map[countKey][]countKey{}
	for k := range c {
		if k.dim != "" {
			slots[k.slot()] = append(slots[k.slot()], k)
		}
	}
	full, err := c.full(ctx, tx, shard, slots)
	if err != nil {
		return fmt.Errorf("read counts of outcomes: %w", err)
	}
	for slot, known := range full {
		list := slots[slot]
		slices.SortFunc(list, func(a, b countKey) int {
			return cmp.Or(cmp.Compare(c[b].n, c[a].n), strings.Compare(a.value, b.value))
		})
		for _, k := range list {
			if known[k.value] {
				continue
			}
			if len(known) < mostValues {
				known[k.value] = true
				continue
			}
			f := c[k]
			delete(c, k)
			k.value = rest
			if c[k] == nil {
				c[k] = &counted{}
			}
			c[k].n, c[k].bad = c[k].n+f.n, c[k].bad+f.bad
		}
	}
	rows := db.NewRows(countColumns)
	for _, k := range slices.SortedFunc(maps.Keys(c), compareCounts) {
		rows.Add(k.workspace, int64(k.grain), string(k.kind), string(k.dim), k.at, k.value, shard, c[k].n, c[k].bad)
	}
	return tx.Insert(ctx, "outcome_count", rows, `ON CONFLICT (workspace, grain, kind, dim, at, value, shard) DO UPDATE SET
		n = outcome_count.n + excluded.n, bad = outcome_count.bad + excluded.bad`)
}

// full reads the values of the slots that may get too many.
func (c outcomeCounts) full(ctx context.Context, tx *db.Tx, shard int, slots map[countKey][]countKey) (map[countKey]map[string]bool, error) {
	order := slices.SortedFunc(maps.Keys(slots), compareCounts)
	keys := db.NewRows(countSlot)
	add := func(n int, k countKey) {
		keys.Add(n, k.workspace, int64(k.grain), string(k.kind), string(k.dim), k.at, shard)
	}
	for n, k := range order {
		add(n, k)
	}
	const of = `FROM k CROSS JOIN outcome_count c WHERE c.workspace = k.workspace AND c.grain = k.grain AND c.kind = k.kind AND c.dim = k.dim
		AND c.at = k.at AND c.shard = k.shard AND c.value <> '*'`
	many := map[int]bool{}
	for n, k := range order {
		many[n] = len(slots[k]) > mostValues
	}
	err := tx.Lookup(ctx, keys, "SELECT k.n, count(*) "+of+" GROUP BY k.n", func(r *sql.Rows) error {
		var n, have int
		err := r.Scan(&n, &have)
		many[n] = have+len(slots[order[n]]) > mostValues
		return err
	})
	if err != nil {
		return nil, err
	}
	out := map[countKey]map[string]bool{}
	keys.Reset()
	for n, k := range order {
		if many[n] {
			add(n, k)
			out[k] = map[string]bool{}
		}
	}
	return out, tx.Lookup(ctx, keys, "SELECT k.n, c.value "+of, func(r *sql.Rows) error {
		var n int
		var value string
		err := r.Scan(&n, &value)
		out[order[n]][value] = true
		return err
	})
}

func compareCounts(a, b countKey) int {
	return cmp.Or(cmp.Compare(a.workspace, b.workspace), cmp.Compare(a.grain, b.grain), strings.Compare(string(a.kind), string(b.kind)),
		strings.Compare(string(a.dim), string(b.dim)), cmp.Compare(a.at, b.at), strings.Compare(a.value, b.value))
}

// tidyCounts deletes a step of the counts that are kept for a while only, and says
// whether that was all.
func tidyCounts(ctx context.Context, tx *db.Tx, workspace int64, shard int, day int64) (done bool, err error) {
	keys := db.NewRows(db.Columns("workspace int, grain int, kind text, dim text, before int, shard int"))
	for _, grain := range [...]Grain{Minute, Quarter} {
		for _, kind := range append(slices.Clone(kinds), OutcomeKind(Waiting)) {
			before := (day - countsKept[grain]) * Day.micros()
			keys.Add(workspace, int64(grain), string(kind), "", before, shard)
			for _, p := range countedBy[kind] {
				if grain != Minute {
					keys.Add(workspace, int64(grain), string(kind), string(dims[p]), before, shard)
				}
			}
		}
	}
	deleted := 0
	err = tx.Lookup(ctx, keys, fmt.Sprintf(`DELETE FROM outcome_count WHERE (workspace, grain, kind, dim, at, value, shard) IN
		(SELECT c.workspace, c.grain, c.kind, c.dim, c.at, c.value, c.shard FROM k CROSS JOIN outcome_count c WHERE c.workspace = k.workspace
			AND c.grain = k.grain AND c.kind = k.kind AND c.dim = k.dim AND c.at < k.before AND c.shard = k.shard LIMIT %d) RETURNING at`, tidyStep),
		func(*sql.Rows) error { deleted++; return nil })
	if err != nil {
		return false, fmt.Errorf("delete old counts of outcomes: %w", err)
	}
	return deleted < tidyStep, nil
}
