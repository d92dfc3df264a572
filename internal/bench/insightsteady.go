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
	// As many of a value as it had of all, and of these as many as come now.
	var parts [3][]insight.Slot
	for i, ask := range []struct {
		dim   insight.Dim
		value string
		from  int64
	}{{"", "", s.end}, {"", "", from}, {dim, value, from}} {
		until := s.end
		if i == 0 {
			until += 15 * minute
		}
		var err error
		if parts[i], err = s.Store.OutcomeSeries(ctx, tx, workspace, kind, ask.dim, ask.value, ask.from, until, insight.Quarter); err != nil {
			return nil, err
		}
	}
	now, _ := total(parts[0])
	all, _ := total(parts[1])
	n, bad := total(parts[2])
	if n == 0 {
		return nil, nil
	}
	return s.past(now*n/all, bad/n), nil
}

// Series is Store's.
func (s *steady) Series(ctx context.Context, tx *db.Tx, workspace int64, names []insight.Name, from, to int64, grain insight.Grain) (map[insight.Name][]insight.Slot, error) {
	if grain != insight.Quarter || to > s.end+15*minute {
		return s.Store.Series(ctx, tx, workspace, names, from, to, grain)
	}
	out, err := s.Store.Series(ctx, tx, workspace, names, s.end, s.end+15*minute, insight.Quarter)
	for name, now := range out {
		n, _ := total(now)
		out[name] = s.past(n, 0)
	}
	return out, err
}

func total(slots []insight.Slot) (n, bad float64) {
	for _, x := range slots {
		n, bad = n+float64(x.N), bad+x.Bad
	}
	return n, bad
}

// past makes four weeks of what came n times in the seconds since, of which a share went badly.
func (s *steady) past(n, share float64) (out []insight.Slot) {
	mean := max(n, 0.1) / calibrate * 15 * 60
	for at := s.end - 28*day; at < s.end; at += 15 * minute {
		x := insight.Slot{At: at, N: int64(poisson(s.r, mean))}
		x.Bad = binomial(s.r, float64(x.N), min(share, 1))
		out = append(out, x)
	}
	return out
}
