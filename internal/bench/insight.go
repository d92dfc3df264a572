package bench

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"sync"

	"github.com/dhvani/dhvani/internal/insight/detect"
)

// Insight says what is simulated.
type Insight struct {
	Seed  uint64
	Shops []int // orders a day
	Weeks int   // quiet ones for each size, in stretches of eight after four weeks of history
	Runs  int   // of each trouble
	Cases int   // tables of each kind, in which causes are looked for
	Jobs  int
	Parts []string // of InsightParts; none: all

	Program string // this one, which the part page runs as a server
}

// InsightParts can be simulated by themselves.
var InsightParts = []string{"noticing", "troubled", "causes", "impact", "watch", "page"}

// InsightReport is what came of it.
type InsightReport struct {
	Seed     uint64           `json:"seed"`
	History  int              `json:"weeks_of_history"`
	Quiet    []QuietReport    `json:"quiet,omitempty"`
	Troubles []TroubleReport  `json:"troubles,omitempty"`
	Troubled []TroubledReport `json:"troubled,omitempty"`
	Causes   []CauseReport    `json:"causes,omitempty"`
	Impact   []ImpactReport   `json:"impact,omitempty"`
	Watch    []WatchReport    `json:"watch,omitempty"`
	Page     *PageReport      `json:"page,omitempty"`
}

// QuietReport counts false alarms of one size of shop: what would have been Insights. The bounds are upper ones of 95 % (Poisson; Garwood, Biometrika 1936).
type QuietReport struct {
	Orders    int            `json:"orders_a_day"`
	Signals   int            `json:"signals"` // that share the budget
	Weeks     int            `json:"weeks"`
	Told      int            `json:"told_falsely"`
	Listed    int            `json:"listed_falsely"`
	ToldBound float64        `json:"told_in_four_weeks_at_most"`
	ListBound float64        `json:"listed_a_week_at_most"`
	BySignal  map[string]int `json:"told_by_signal"` // the one that showed it first
}

// TroubleReport says how one trouble was noticed. Delays are in seconds.
type TroubleReport struct {
	Trouble  string  `json:"trouble"`
	Orders   int     `json:"orders_a_day"`
	Runs     int     `json:"runs"`
	Noticed  float64 `json:"noticed"`
	Low      float64 `json:"noticed_low"` // of its 95 % interval (Wilson)
	Median   float64 `json:"delay_median_s"`
	P90      float64 `json:"delay_p90_s"`
	P95      float64 `json:"delay_p95_s"`
	Hits     float64 `json:"customers_hit_p90,omitempty"`
	Within   float64 `json:"aim_s,omitempty"`
	Oracle   float64 `json:"oracle_median_s,omitempty"`
	Ratio    float64 `json:"against_oracle_median,omitempty"`
	RatioP90 float64 `json:"against_oracle_p90,omitempty"`
	False    int     `json:"told_before"` // false alarms in the day before
}

const historyWeeks = 4

// stretch is how many quiet weeks follow one history.
const stretch = 8

// Run simulates.
func (b Insight) Run(ctx context.Context) (*InsightReport, error) {
	r := &InsightReport{Seed: b.Seed, History: historyWeeks}
	parts := b.Parts
	if len(parts) == 0 {
		parts = InsightParts
	}
	for _, part := range parts {
		var err error
		switch part {
		case "noticing":
			err = b.noticing(ctx, r)
		case "troubled":
			r.Troubled, err = b.troubled(ctx)
		case "causes":
			r.Causes, err = b.causes(ctx)
		case "impact":
			r.Impact, err = b.impacts(ctx)
		case "watch":
			r.Watch, err = b.watches(ctx)
		case "page":
			r.Page, err = b.pages(ctx)
		default:
			err = fmt.Errorf("no part %q", part)
		}
		if err != nil {
			return nil, err
		}
	}
	return r, nil
}

// noticing simulates quiet weeks, and then troubles.
func (b Insight) noticing(ctx context.Context, r *InsightReport) error {
	for i, orders := range b.Shops {
		q := QuietReport{Orders: orders, BySignal: map[string]int{}}
		n := (b.Weeks + stretch - 1) / stretch
		parts := make([]QuietReport, n)
		if err := each(ctx, n, b.Jobs, func(k int) {
			parts[k] = quietWeeks(b.rand(i, k), float64(orders))
		}); err != nil {
			return err
		}
		for _, p := range parts {
			q.Signals = p.Signals
			q.Weeks += p.Weeks
			q.Told += p.Told
			q.Listed += p.Listed
			for name, n := range p.BySignal {
				q.BySignal[name] += n
			}
		}
		q.ToldBound = round3(poissonUpper(q.Told) / float64(q.Weeks) * 4)
		q.ListBound = round3(poissonUpper(q.Listed) / float64(q.Weeks))
		r.Quiet = append(r.Quiet, q)
	}
	for i, s := range b.scenarios() {
		// The oracle may alarm as often as a signal did in the quiet weeks of the next size; one half where it never did.
		f := 1.0
		for _, q := range r.Quiet {
			if q.Orders <= s.orders || f == 1 {
				f = max(0.5, float64(q.BySignal[signalNames[s.signal]])) / float64(q.Weeks)
			}
		}
		runs := make([]runResult, b.Runs)
		if err := each(ctx, b.Runs, b.Jobs, func(k int) {
			runs[k] = s.run(b.rand(1000+i, k), f)
		}); err != nil {
			return err
		}
		r.Troubles = append(r.Troubles, s.report(runs))
	}
	return nil
}

func (b Insight) rand(part, run int) *rand.Rand {
	return rand.New(rand.NewPCG(b.Seed, uint64(part)<<32|uint64(run)))
}

// each calls f for 0 to n-1, some at a time.
func each(ctx context.Context, n, jobs int, f func(int)) error {
	var wg sync.WaitGroup
	next := make(chan int)
	for range max(jobs, 1) {
		wg.Go(func() {
			for k := range next {
				f(k)
			}
		})
	}
	var err error
	for k := range n {
		if err = ctx.Err(); err != nil {
			break
		}
		next <- k
	}
	close(next)
	wg.Wait()
	return err
}

// learn lets four weeks of history pass, by quarters of an hour, as the watch learns from them.
func (s *insightShop) learn() {
	for s.at < simStart+historyWeeks*7*day {
		s.advance(15 * minute)
	}
	s.panel.Gather()
	s.retry = [3]float64{} // of a whole quarter of an hour; minutes follow
}

func quietWeeks(r *rand.Rand, orders float64) QuietReport {
	s := newInsightShop(r, orders)
	s.learn()
	q := QuietReport{Weeks: stretch, BySignal: map[string]int{}}
	for end := s.at + stretch*7*day; s.at < end; {
		s.advance(minute)
		opened, told := s.panel.Cases(s.at)
		q.Listed += len(opened)
		q.Told += len(told)
		for _, c := range told {
			q.BySignal[c.Signs[0]]++
		}
	}
	q.Signals = s.panel.Len()
	return q
}

// scenario is one kind of trouble in one size of shop.
type scenario struct {
	name   string
	orders int
	scale  func(rate float64) float64 // orders a day such that this hour is as it must be; rate is that of one order a day, a minute
	harm   trouble
	signal int
	step   int64 // of time
	most   int64 // how long one waits
	aim    float64
	buyers bool  // count the customers hit instead
	after  int64 // hours of silence in the night are not asked for: the hour of the day from which troubles begin
}

func (b Insight) scenarios() []scenario {
	second := int64(1e6)
	out := []scenario{
		{name: "a method that 30 % use fails, at one attempt a second", orders: 86400, scale: func(rate float64) float64 { return 60 / rate },
			harm: trouble{kind: "method down", method: 1}, signal: sigCard, step: second, most: 3600 * second, aim: 45},
		{name: "failures 3x, 60 customers in an hour more", orders: 16000, scale: func(rate float64) float64 { return 60 / 2.0 / 0.0395 / 60 / rate },
			harm: trouble{kind: "failures", factor: 3}, signal: sigFailed, step: second, most: 3600 * second, aim: 3600},
		{name: "failures 10x, 25 customers in an hour more", orders: 1500, scale: func(rate float64) float64 { return 25 / 9.0 / 0.0395 / 60 / rate },
			harm: trouble{kind: "failures", factor: 10}, signal: sigFailed, step: 5 * second, most: 3600 * second, aim: 3600},
		{name: "UPI fails, which 60 % use", orders: 20, harm: trouble{kind: "method down"}, signal: sigUPI, step: 60 * second, most: 2 * day, buyers: true},
	}
	for _, n := range b.Shops {
		step := 60 * second
		if n >= 1000 {
			step = 5 * second
		}
		out = append(out,
			scenario{name: "a method that 30 % use fails", orders: n, harm: trouble{kind: "method down", method: 1}, signal: sigCard, step: step, most: 4 * day},
			scenario{name: "everything stops", orders: n, harm: trouble{kind: "silence", factor: 0}, signal: sigVisits, step: step, most: day, after: 9},
			scenario{name: "deliveries late 3x", orders: n, harm: trouble{kind: "late", factor: 3}, signal: sigLate, step: 60 * second, most: 14 * day, after: 9},
			scenario{name: "failures rise by 4 % a day", orders: n, harm: trouble{kind: "drift", factor: 1.04}, signal: sigFailed, step: 60 * second, most: 42 * day},
		)
	}
	return out
}

type runResult struct {
	noticed bool
	delay   float64
	oracle  float64
	hits    float64
	wrong   int
}

// begin is when it begins: as checkouts come, in the fifth week.
func (sc scenario) begin(r *rand.Rand) int64 {
	base := simStart + historyWeeks*7*day
	for {
		from := base + day + r.Int64N(6*day)/minute*minute
		m := detect.UTC(from)
		w := dayShape[m.Hour%24] * weekShape[m.Hour/24]
		if r.Float64()*3 < w && m.Hour%24 >= int(sc.after) && (sc.after == 0 || m.Hour%24 < 20) {
			return from
		}
	}
}

func (sc scenario) run(r *rand.Rand, f float64) (out runResult) {
	from := sc.begin(r)
	s := newInsightShop(r, float64(sc.orders))
	if sc.scale != nil {
		s.growth = 1
		m := detect.UTC(from)
		s.orders = sc.scale(dayShape[m.Hour%24] * weekShape[m.Hour/24] / 1440)
	}
	s.learn()
	for s.at < from {
		s.advance(minute)
		if told, _ := s.panel.Judge(); len(told) > 0 {
			out.wrong++
		}
	}
	if sc.scale != nil {
		s.busy, s.hourly = 1, 1
	}
	s.harm = sc.harm
	s.harm.from = from
	o := newOracle(sc, s, f)
	first := from
	if sc.harm.kind == "method down" {
		first = 0 // counted from the first failure
	}
	hits := 0.0
	out.delay, out.oracle = math.Inf(1), math.Inf(1)
	for s.at < from+sc.most && (math.IsInf(out.delay, 1) || o != nil && math.IsInf(out.oracle, 1)) {
		s.advance(sc.step)
		switch sc.signal {
		case sigUPI, sigCard:
			hits += s.last.first[sc.signal-sigUPI][1]
		default:
			hits += s.last.allFailed
		}
		if first == 0 && hits > 0 {
			first = s.at - sc.step
		}
		if told, _ := s.panel.Judge(); len(told) > 0 && math.IsInf(out.delay, 1) {
			out.noticed, out.delay, out.hits = true, float64(s.at-max(first, from))/1e6, hits
		}
		if o != nil && math.IsInf(out.oracle, 1) && o.feed(s) {
			out.oracle = float64(s.at-max(first, from)) / 1e6
		}
	}
	return out
}

func (sc scenario) report(runs []runResult) TroubleReport {
	t := TroubleReport{Trouble: sc.name, Orders: sc.orders, Runs: len(runs), Within: sc.aim}
	var delays, ratios, oracles, hits []float64
	good := 0
	for _, r := range runs {
		ok := r.noticed && (sc.aim == 0 || r.delay <= sc.aim) && (!sc.buyers || r.hits <= 5)
		if ok {
			good++
		}
		t.False += r.wrong
		delays = append(delays, r.delay)
		if r.noticed {
			hits = append(hits, r.hits)
		} else {
			hits = append(hits, math.Inf(1))
		}
		if !math.IsInf(r.oracle, 1) && r.oracle > 0 {
			oracles = append(oracles, r.oracle)
			ratios = append(ratios, max(r.delay, 5)/max(r.oracle, 5))
		}
	}
	t.Noticed, t.Low = round3(float64(good)/float64(len(runs))), round3(wilsonLow(good, len(runs)))
	t.Median, t.P90, t.P95 = quantile(delays, 0.5), quantile(delays, 0.9), quantile(delays, 0.95)
	if sc.buyers {
		t.Hits = quantile(hits, 0.9)
	}
	t.Oracle, t.Ratio, t.RatioP90 = quantile(oracles, 0.5), quantile(ratios, 0.5), quantile(ratios, 0.9)
	return t
}

// quantile is -1 where it is not reached, as JSON has no infinity.
func quantile(xs []float64, q float64) float64 {
	if len(xs) == 0 {
		return 0
	}
	slices.Sort(xs)
	x := xs[min(int(math.Ceil(q*float64(len(xs))))-1, len(xs)-1)]
	if math.IsInf(x, 1) {
		return -1
	}
	return round3(x)
}

func round3(x float64) float64 { return math.Round(x*1000) / 1000 }

// poissonUpper is the upper one-sided bound of 95 % of a Poisson mean, by bisection.
func poissonUpper(n int) float64 {
	low, high := float64(n), float64(n)+10+4*math.Sqrt(float64(n)+1)
	for range 60 {
		mid := (low + high) / 2
		p, term := 0.0, math.Exp(-mid)
		for k := 0; k <= n; k++ {
			p += term
			term *= mid / float64(k+1)
		}
		if p > 0.05 {
			low = mid
		} else {
			high = mid
		}
	}
	return high
}

func wilsonLow(k, n int) float64 {
	const z = 1.96
	p, m := float64(k)/float64(n), float64(n)
	return (p + z*z/2/m - z*math.Sqrt(p*(1-p)/m+z*z/4/m/m)) / (1 + z*z/m)
}
