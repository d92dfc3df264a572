package incident

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"github.com/dhvani/dhvani/internal/db"
	"github.com/dhvani/dhvani/internal/insight"
	"github.com/dhvani/dhvani/internal/insight/cause"
)

// Stood is an Insight that stood in a span of time, as far as it had come by the
// end of the span.
type Stood struct {
	*Insight
	Measured Measured
	MendedAt time.Time // zero: it was not mended by then
	AsUsual  bool      // the figures were as usual again; false where somebody closed it before
}

// mostStood is how many of a span are listed.
const mostStood = 500

// During lists the Insights that stood at some time of a span, but those that live
// on in others and those of which staff said that they were nothing or to be
// expected: the newest first.
func (s *Store) During(ctx context.Context, workspace int64, from, to time.Time) (out []Stood, err error) {
	err = s.DB.View(ctx, func(tx *db.Tx) error {
		list, err := each(ctx, tx, `workspace = $1 AND opened_at < $2 AND state <> 'merged' AND verdict = '' AND (`+live+` OR resolved_at >= $3)
			ORDER BY opened_at DESC, id LIMIT `+fmt.Sprint(mostStood), workspace, to.UnixMicro(), from.UnixMicro())
		if err != nil {
			return err
		}
		keys := db.NewRows(db.Columns("workspace int, insight text"))
		for _, in := range list {
			keys.Add(workspace, in.ID)
		}
		lines := map[string][]Entry{}
		err = tx.Lookup(ctx, keys, `SELECT e.insight, e.at, e.what FROM k CROSS JOIN insight_entry e WHERE e.workspace = k.workspace AND e.insight = k.insight
			AND e.what IN ('acknowledged', 'recovered', 'resolved', 'came_back', 'reopened') ORDER BY e.insight, e.n`, func(rows *sql.Rows) error {
			var id string
			var at int64
			var e Entry
			err := rows.Scan(&id, &at, &e.What)
			e.At = timeOf(at)
			if e.At.Before(to) {
				lines[id] = append(lines[id], e)
			}
			return err
		})
		for _, in := range list {
			if x := stood(in, lines[in.ID]); x.MendedAt.IsZero() || !x.MendedAt.Before(from) {
				out = append(out, x)
			}
		}
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("list incidents of a span: %w", err)
	}
	return out, nil
}

func stood(in *Insight, lines []Entry) Stood {
	x := Stood{Insight: in, Measured: measure(in, lines)}
	if x.Measured.Mended {
		x.MendedAt = in.OpenedAt.Add(x.Measured.Mend)
	}
	for _, e := range lines {
		switch e.What {
		case HasRecovered:
			x.AsUsual = true
		case CameBack, WasReopened:
			x.AsUsual = false
		}
	}
	return x
}

// kindTopics are the topics by which customers speak of a kind of trouble.
var kindTopics = map[Kind]string{
	Checkout: "checkout", Payment: "payment", Delivery: "delivery", Product: "product", Price: "price", Stock: "stock", Service: "service", Page: "website",
}

// Topic is what customers speak of who speak of it, "" where no topic fits.
func (f *Finding) Topic() string {
	if topic, ok := topicOf(f); ok {
		return topic
	}
	return kindTopics[f.Kind]
}

// ProductID is the product that it concerns, "" where it is none or several.
func (f *Finding) ProductID() string {
	var all []cause.Pair
	if len(f.Signs) > 0 {
		all = append(all, f.Signs[0].Of...)
	}
	if f.Sure {
		all = append(all, first(f.Causes)...)
	}
	id := ""
	for _, p := range all {
		if p.Dim != string(insight.DimProduct) || p.Value == id {
			continue
		}
		if id != "" {
			return ""
		}
		id = p.Value
	}
	return id
}
