package insight

import (
	"context"
	"strings"

	"github.com/dhvani/dhvani/internal/db"
	"github.com/dhvani/dhvani/internal/event"
)

// Stage counts events into signals. It runs after order and feedback, whose rows
// it reads.
type Stage struct{ seen *seen }

// Live is the Stage for events that happen now, and not for a replay's: it keeps
// outcomes for the watch as well.
func Live() Stage { return Stage{seen: &seen{}} }

// Name names the stage in metrics and errors.
func (Stage) Name() string { return "insight" }

// Apply counts a batch.
func (s Stage) Apply(ctx context.Context, tx *db.Tx, b *event.Batch) error {
	t := newTally()
	browsed := visits{shard: b.Shard, by: map[visitor]*[]moment{}}
	changed := subjects{shard: b.Shard, orders: map[subject]bool{}, opinions: map[subject]bool{}}
	names := productNames{}
	var w *watched
	if s.seen != nil {
		w = newWatched(b.Shard, s.seen)
		changed.heard = map[subject]*opinion{}
	}
	latest := map[int64]int64{}
	for i := range b.Events {
		e := &b.Events[i]
		if at, ok := latest[e.Model]; !ok || e.At > at {
			latest[e.Model] = e.At
		}
		if e.Type == event.Staff {
			continue
		}
		browsed.add(e)
		if opinions := changed.add(e); w != nil {
			w.add(e, opinions)
		}
		switch e.Verb() {
		case event.ProductsSearched:
			notFound, query := t.search(e, b.Shard)
			if w != nil {
				w.search(e, notFound, query)
			}
		case event.ProductViewed:
			p := event.ParseObject(e.Properties)
			if id := product(p); id != "" {
				t.add(e.Model, b.Shard, count{Name: ItemsSeen, Label: id, At: e.At, N: 1}, 1)
				names.add(e, id, p.Text("name"))
			}
			if w != nil {
				w.price(e, p)
			}
		case event.ProductAdded:
			if w != nil {
				w.price(e, event.ParseObject(e.Properties))
			}
		case event.OrderCompleted:
			names.addItems(e)
		}
	}
	if len(latest) == 0 {
		return nil
	}
	if w != nil && len(w.pages) > 0 {
		browsed.after = map[visitor][]*visit{}
		for _, e := range w.pages {
			browsed.after[visitor{e.Model, e.Profile()}] = nil
		}
	}
	if err := browsed.apply(ctx, tx, t); err != nil {
		return err
	}
	if err := changed.apply(ctx, tx, t); err != nil {
		return err
	}
	if err := names.write(ctx, tx); err != nil {
		return err
	}
	if w != nil {
		if err := w.apply(ctx, tx, changed.heard, browsed.after); err != nil {
			return err
		}
	}
	return t.write(ctx, tx, b.Shard, latest)
}

const maxProduct = 128 // bytes of a product's id

// product is the id of a product, "" where there is none that can be a label.
func product(p event.Object) string {
	if id := p.First("product_id", "productId", "id"); len(id) <= maxProduct && id != rest && id != unknown {
		return id
	}
	return ""
}

// search counts a search, and says whether it found nothing, of what. Systems tell
// in different ways that nothing was found.
func (t *tally) search(e *event.Event, shard int) (notFound bool, query string) {
	t.add(e.Model, shard, count{Name: Searches, At: e.At, N: 1}, 1)
	p := event.ParseObject(e.Properties)
	for _, name := range [...]string{"results", "results_count", "result_count", "resultsCount", "number_of_results", "num_results", "hits", "total_results"} {
		raw := p.Get(name)
		n, isNumber := p.Number(name)
		if isNumber && n == 0 || strings.HasPrefix(raw, "[") && len(event.ParseArray(raw)) == 0 {
			query = word(p.First("query", "search_term", "q"))
			t.add(e.Model, shard, count{Name: NotFound, Label: query, At: e.At, N: 1}, 1)
			return true, query
		}
	}
	return false, ""
}
