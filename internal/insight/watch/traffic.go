package watch

import (
	"context"
	"slices"

	"github.com/dhvani/dhvani/internal/db"
	"github.com/dhvani/dhvani/internal/insight"
	"github.com/dhvani/dhvani/internal/insight/cause"
	"github.com/dhvani/dhvani/internal/insight/detect"
	"github.com/dhvani/dhvani/internal/insight/incident"
)

const (
	leastViews  = 30.0 // of a product since then, before it may be why many come
	viewedShare = 0.2  // of all views that it has
	viewedMore  = 3.0  // times its usual part of them
)

// crowd says what those look at who come more than usual.
func (s *shop) crowd(ctx context.Context, tx *db.Tx, r Records, f *found, now int64) error {
	list, err := r.Labels(ctx, tx, s.workspace, insight.ItemsSeen, f.Since, now+1, insight.Quarter, 50)
	if err != nil {
		return err
	}
	was, err := r.Labels(ctx, tx, s.workspace, insight.ItemsSeen, f.Since-compareWith.Microseconds(), f.Since-dayMicros, insight.Day, 2000)
	if err != nil {
		return err
	}
	all, before := total(list), total(was)
	for _, x := range list {
		if x.Value == "*" || float64(x.N) < leastViews || float64(x.N) < viewedShare*all {
			continue
		}
		usual := 0.0
		if i := slices.IndexFunc(was, func(w insight.ValueCount) bool { return w.Value == x.Value }); i >= 0 {
			usual = float64(was[i].N) / before
		}
		share := float64(x.N) / all
		if share < viewedMore*usual {
			continue
		}
		f.Causes = append(f.Causes, cause.Cause{Pairs: []cause.Pair{{Dim: string(insight.DimProduct), Value: x.Value}}, N: float64(x.N), WasN: usual * all,
			Rate: share, Was: usual, Others: 1 - share, Explains: min((share-usual)/(1-usual), 1), Sure: 1}) // it is counted, and with so many no chance
		f.Sure = true
		return nil
	}
	return nil
}

// crowded reports whether a count only grows with those who come, as complaints and waiting chats do while a crowd is there.
func (s *shop) crowded(g *signal) bool {
	if g.count != insight.Upset && g.count != insight.Waiting {
		return false
	}
	visits := s.signals[counted+string(insight.Visits)]
	return visits != nil && visits.lasting() && visits.now.Direction == detect.Up && g.now.Direction == detect.Up && g.now.Ratio <= visits.now.Ratio
}

func total(list []insight.ValueCount) (n float64) {
	for _, x := range list {
		n += float64(x.N)
	}
	return max(n, 1)
}

// named looks up what the product is called that a finding is about.
func (s *shop) named(ctx context.Context, tx *db.Tx, r Records, f *found) (err error) {
	id := ""
	for _, c := range f.Causes[:min(len(f.Causes), 1)] {
		for _, p := range c.Pairs {
			if p.Dim == string(insight.DimProduct) && (id == "" || id == p.Value) {
				id = p.Value
			}
		}
	}
	if id == "" && f.Kind == incident.Reviews && len(f.Signs) > 0 && len(f.Signs[0].Of) > 0 {
		id = f.Signs[0].Of[0].Value
	}
	if id == "" && f.Theme == themePrice && len(f.Changes) > 0 && f.Changes[0].Kind == "price" {
		id = f.Changes[0].Of[string(insight.DimProduct)]
	}
	if id != "" {
		f.Product, err = r.ProductName(ctx, tx, s.workspace, id)
	}
	return err
}
