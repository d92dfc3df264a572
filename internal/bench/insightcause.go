package bench

import (
	"context"
	"math/rand/v2"
	"slices"

	"github.com/dhvani/dhvani/internal/insight/cause"
)

// CauseReport says how often the cause that was planted is named.
type CauseReport struct {
	Case    string  `json:"case"`
	Extra   float64 `json:"extra_failures"` // that are expected of the planted set, or of each of them
	N       int     `json:"n"`
	First   float64 `json:"first"` // exactly the cases of the planted set, as the first
	Low     float64 `json:"first_low"`
	Three   float64 `json:"among_three"`
	Sure    float64 `json:"sure"`             // it says that it is sure
	Wrong   float64 `json:"sure_but_wrong"`   // of those that it is sure of, that the first is another
	Claimed float64 `json:"mean_probability"` // of the first, as it says itself
	Strict  float64 `json:"first_by_name"`    // as First, but not by another name of the first (Same)
}

// causeCase is one kind of table.
type causeCase struct {
	name  string
	extra float64
	sets  int
	count bool
	all   bool // everybody
}

var causeCases = []causeCase{
	{name: "1 to 3 values", extra: 100, sets: 1},
	{name: "1 to 3 values", extra: 30, sets: 1},
	{name: "1 to 3 values", extra: 300, sets: 1},
	{name: "1 to 3 values", extra: 15, sets: 1},
	{name: "1 to 3 values", extra: 10, sets: 1},
	{name: "1 to 3 values", extra: 5, sets: 1},
	{name: "two sets at once", extra: 100, sets: 2},
	{name: "everybody", extra: 300, all: true},
	{name: "nothing", extra: 0},
	{name: "a count that rose", extra: 100, sets: 1, count: true},
}

func (b Insight) causes(ctx context.Context) ([]CauseReport, error) {
	var out []CauseReport
	for i, kind := range causeCases {
		results := make([]causeResult, b.Cases)
		if err := each(ctx, b.Cases, b.Jobs, func(k int) {
			results[k] = kind.run(b.rand(2000+i, k))
		}); err != nil {
			return nil, err
		}
		r := CauseReport{Case: kind.name, Extra: kind.extra, N: b.Cases}
		var first, three, strict, sure, wrong int
		for _, x := range results {
			first += count01(x.first)
			three += count01(x.three)
			strict += count01(x.strict)
			sure += count01(x.sure)
			wrong += count01(x.sure && !x.first)
			r.Claimed += x.claimed / float64(b.Cases)
		}
		n := float64(b.Cases)
		r.First, r.Three, r.Strict, r.Sure = round3(float64(first)/n), round3(float64(three)/n), round3(float64(strict)/n), round3(float64(sure)/n)
		r.Low, r.Claimed = round3(wilsonLow(first, b.Cases)), round3(r.Claimed)
		if sure > 0 {
			r.Wrong = round3(float64(wrong) / float64(sure))
		}
		out = append(out, r)
	}
	return out, nil
}

func count01(b bool) int {
	if b {
		return 1
	}
	return 0
}

type causeResult struct {
	first, three, strict, sure bool
	claimed                    float64
}

func (k causeCase) run(r *rand.Rand) (out causeResult) {
	t, planted := k.table(r)
	find := cause.Find
	if k.count {
		find = cause.FindCount
	}
	causes, sure := find(t, true)
	out.sure = sure
	if len(causes) > 0 {
		out.claimed = causes[0].Sure
	}
	if len(planted) == 0 {
		// Right is to name everybody, or nobody where nothing is the matter.
		out.first = k.all && len(causes) > 0 && len(causes[0].Pairs) == 0 || !k.all && !sure
		out.three, out.strict = out.first, out.first
		return out
	}
	named := func(i int, p []cause.Pair, equal bool) bool {
		if equalCases(t, causes[i].Pairs, p) {
			return true
		}
		return equal && slices.ContainsFunc(causes[i].Same, func(s []cause.Pair) bool { return equalCases(t, s, p) })
	}
	out.first, out.three, out.strict = len(causes) > 0, true, len(causes) > 0
	if len(causes) > 0 {
		out.first = slices.ContainsFunc(planted, func(p []cause.Pair) bool { return named(0, p, true) })
		out.strict = slices.ContainsFunc(planted, func(p []cause.Pair) bool { return named(0, p, false) })
	}
	for _, p := range planted {
		one := false
		for i := range causes {
			one = one || named(i, p, true)
		}
		out.three = out.three && one
	}
	return out
}

// equalCases reports whether two sets of values hold the same cases, so that nothing that was seen tells them apart.
func equalCases(t cause.Table, a, b []cause.Pair) bool {
	index := make(map[string]int, len(t.Dims))
	for i, d := range t.Dims {
		index[d] = i
	}
	holds := func(g *cause.Group, s []cause.Pair) bool {
		for _, p := range s {
			if g.Values[index[p.Dim]] != p.Value {
				return false
			}
		}
		return true
	}
	for i := range t.Groups {
		if g := &t.Groups[i]; g.N > 0 && holds(g, a) != holds(g, b) {
			return false
		}
	}
	return true
}
