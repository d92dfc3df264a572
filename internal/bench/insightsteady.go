package bench

import (
	"context"
	"math/rand/v2"

	"github.com/dhvani/dhvani/internal/db"
	"github.com/dhvani/dhvani/internal/insight"
)

// steady is what is stored, with a history at the rate of now: four weeks of thousands of events a second would take days to make. What is asked of
// the past by quarters of an hour comes as it has since, as a Poisson count; everything else is as it is stored.
type steady struct {
	*insight.Store
	r   *rand.Rand
	end int64 // of history
}

// OutcomeSeries is Store's.
func (s *steady) OutcomeSeries(ctx context.Context, tx *db.Tx, workspace int64, kind insight.OutcomeKind, dim insight.Dim, value string, from, to int64, grain insight.Grain) ([]insight.Slot, error) {
	if grain != insight.Quarter || to > s.end+15*minute {
		return s.Store.OutcomeSeries(ctx, tx, workspace, kind, dim, value, from, to, grain)
	}
	now, err := s.Store.OutcomeSeries(ctx, tx, workspace, kind, dim, value, s.end, s.end+15*minute, insight.Quarter)
	if err != nil {
		return nil, err
	}
	was, err := s.Store.OutcomeSeries(ctx, tx, workspace, kind, dim, value, from, s.end, insight.Quarter)
	if err != nil {
		return nil, err
	}
	return s.past(now, was), nil
}

// Series is Store's.
func (s *steady) Series(ctx context.Context, tx *db.Tx, workspace int64, names []insight.Name, from, to int64, grain insight.Grain) (map[insight.Name][]insight.Slot, error) {
	if grain != insight.Quarter || to > s.end+15*minute {
		return s.Store.Series(ctx, tx, workspace, names, from, to, grain)
	}
	out, err := s.Store.Series(ctx, tx, workspace, names, s.end, s.end+15*minute, insight.Quarter)
	for name, now := range out {
		out[name] = s.past(now, nil)
	}
	return out, err
}

// past makes four weeks of what came in the seconds since, at the share that went badly in both.
func (s *steady) past(now, was []insight.Slot) (out []insight.Slot) {
	var n, all, bad float64
	for _, x := range now {
		n, all, bad = n+float64(x.N), all+float64(x.N), bad+x.Bad
	}
	for _, x := range was {
		all, bad = all+float64(x.N), bad+x.Bad
	}
	if all == 0 {
		return nil
	}
	mean := max(n, 0.5) / calibrate * 15 * 60
	for at := s.end - 28*day; at < s.end; at += 15 * minute {
		x := insight.Slot{At: at, N: int64(poisson(s.r, mean))}
		x.Bad = binomial(s.r, float64(x.N), min(bad/all, 1))
		out = append(out, x)
	}
	return out
}
