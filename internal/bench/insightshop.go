package bench

import (
	"math"
	"math/rand/v2"

	"github.com/dhvani/dhvani/internal/insight/detect"
)

// Signals of a simulated shop.
const (
	sigFailed    = iota // customers whose checkout failed, of those whose checkout came to an end
	sigUPI              // likewise by payment method
	sigCard             //
	sigCash             //
	sigAndroid          // by device
	sigIOS              //
	sigWeb              //
	sigLate             // deliveries that came late
	sigRating           // mean rating of deliveries
	shares              // how many of these there are
	sigOrders    = iota - 1
	sigCheckouts = iota - 1
	sigVisits    = iota - 1
	signals      = iota - 1
)

var signalNames = [signals]string{"failed", "failed upi", "failed card", "failed cash", "failed android", "failed ios", "failed web", "late", "rating", "orders", "checkouts", "visits"}

// What is usual in the simulated shops.
var (
	methodShare = [3]float64{0.6, 0.3, 0.1}
	methodFails = [3]float64{0.05, 0.03, 0.005}
	deviceShare = [3]float64{0.55, 0.15, 0.30}
)

const (
	lateShare  = 0.08
	ratedShare = 0.15
	retries    = 0.5 // of those who failed, by another method
	minute     = int64(60) * 1e6
	day        = 24 * 60 * minute
	simStart   = int64(1_735_862_400) * 1e6 / (7 * day) * 7 * day // a Thursday
)

// insightShop is one simulated shop with its detectors.
type insightShop struct {
	r       *rand.Rand
	orders  float64 // a day
	growth  float64 // of a week
	at      int64
	day     int64
	hour    int64
	busy    float64    // noise of the day
	hourly  float64    // and of the hour
	worse   [3]float64 // noise of the failures of each method, by day
	holiday bool
	retry   [3]float64 // who tries again by another method

	share  [shares]detect.Share
	count  [signals - shares]detect.Count
	budget detect.Budget
	told   float64
	listed float64
	now    [signals]detect.Reading
	on     [signals]bool // told and not yet over
	low    [signals]bool // listed and not yet over

	harm trouble
	last step // what the last step brought, for the oracle
}

// trouble is what goes wrong, as factors of what is usual. A zero one is none.
type trouble struct {
	kind   string
	from   int64
	factor float64
	method int
}

// step is what came in one step of time.
type step struct {
	ended, failed   [3]float64 // by method, customers once
	all, allFailed  float64
	late, delivered float64
	orders          float64
	expected        float64 // orders, by the truth
	fails           [3]float64
	first           [3][2]float64 // first tries, by method: all, failed
}

func newInsightShop(r *rand.Rand, orders float64) *insightShop {
	s := &insightShop{r: r, orders: orders, growth: math.Exp(0.01 * r.NormFloat64()), at: simStart, day: -1, hour: -1, busy: 1, hourly: 1}
	s.budget = detect.DefaultBudget(signals)
	s.told, s.listed = s.budget.Limits()
	for i := range s.share {
		s.share[i].Limit = s.told
	}
	for i := range s.count {
		s.count[i].Limit = s.told
	}
	return s
}

// shapes of a day and a week; both have a mean of about 1.
var dayShape = func() (out [24]float64) {
	sum := 0.0
	for h := range out {
		x := float64(h)
		out[h] = 0.12 + 0.9*math.Exp(-math.Pow((x-12.5)/3.5, 2)) + 1.3*math.Exp(-math.Pow((x-20.5)/2.5, 2))
		sum += out[h] / 24
	}
	for h := range out {
		out[h] /= sum
	}
	return out
}()

var weekShape = [7]float64{0.95, 0.92, 0.93, 0.96, 1.02, 1.15, 1.07}

func (s *insightShop) moment() detect.Moment {
	m := detect.UTC(s.at)
	m.Holiday = s.holiday
	return m
}

// rate is how many checkouts end in a minute.
func (s *insightShop) rate() float64 {
	m := detect.UTC(s.at)
	weeks := float64(s.at-simStart) / float64(7*day)
	return s.orders / 1440 * dayShape[m.Hour%24] * weekShape[m.Hour/24] * math.Pow(s.growth, math.Mod(weeks, 26)) * s.busy * s.hourly
}

// turn draws the noise of a new day or hour.
func (s *insightShop) turn() {
	if d := s.at / day; d != s.day {
		s.day = d
		s.busy = math.Exp(0.08 * s.r.NormFloat64())
		for m := range s.worse {
			s.worse[m] = math.Exp(0.12 * s.r.NormFloat64())
		}
		s.holiday = (d*2654435761)%61 == 7
		if s.holiday {
			s.busy *= math.Exp(0.35 * s.r.NormFloat64())
		}
	}
	if h := s.at / (60 * minute); h != s.hour {
		s.hour = h
		s.hourly = math.Exp(0.05 * s.r.NormFloat64())
	}
}

// hits reports whether the trouble has begun.
func (s *insightShop) hits(kind string) bool { return s.harm.kind == kind && s.at >= s.harm.from }

func (s *insightShop) fails(m int) float64 {
	p := methodFails[m] * s.worse[m]
	switch {
	case s.hits("method down") && s.harm.method == m:
		p = 1
	case s.hits("failures"):
		p *= s.harm.factor
	case s.hits("drift"):
		p *= math.Pow(s.harm.factor, float64(s.at-s.harm.from)/float64(day))
	}
	return min(p, 1)
}

// advance lets a time pass, shorter than an hour, and feeds what came.
func (s *insightShop) advance(length int64) {
	s.turn()
	minutes := float64(length) / float64(minute)
	rate := s.rate() * minutes
	silent := 1.0
	if s.hits("silence") {
		silent = s.harm.factor
	}
	s.at += length
	s.last = step{expected: rate * 0.96}
	var device, deviceFailed [3]float64
	for m := range methodShare {
		n := poisson(s.r, rate*silent*methodShare[m])
		p := s.fails(m)
		f := binomial(s.r, n, p)
		for range int(f) {
			deviceFailed[pick(s.r, deviceShare[:])]++
		}
		rest := n
		for d := range 2 {
			// Successes by device; failures were drawn above.
			k := binomial(s.r, rest, deviceShare[d]/(1-sum(deviceShare[:d])))
			device[d] += k
			rest -= k
		}
		device[2] += rest
		again := s.retry[m]
		af := binomial(s.r, again, p)
		s.retry[m] = 0
		s.last.ended[m], s.last.failed[m] = n+again, f+af
		s.last.all, s.last.allFailed = s.last.all+n, s.last.allFailed+f
		s.last.orders += n - f + again - af
		s.last.fails[m] = methodFails[m]
		s.last.first[m] = [2]float64{n, f}
	}
	for m, f := range s.last.failed {
		s.retry[(m+1+s.r.IntN(2))%3] += binomial(s.r, f, retries)
	}
	h := float64(detect.UTC(s.at).Hour % 24)
	if h >= 9 && h < 20 {
		s.last.delivered = poisson(s.r, s.orders/11/60*minutes)
		p := lateShare * math.Sqrt(s.worse[0])
		if s.hits("late") {
			p *= s.harm.factor
		}
		s.last.late = binomial(s.r, s.last.delivered, min(p, 1))
	}
	m := s.moment()
	for i := range s.last.ended {
		s.feedShare(sigUPI+i, m, s.last.failed[i], s.last.ended[i])
		s.feedShare(sigAndroid+i, m, min(deviceFailed[i], device[i]), device[i])
	}
	s.feedShare(sigFailed, m, s.last.allFailed, s.last.all)
	s.feedShare(sigLate, m, s.last.late, s.last.delivered)
	if rated := binomial(s.r, s.last.delivered, ratedShare); rated > 0 {
		x := 0.0
		for range int(rated) {
			x += stars(s.r)
		}
		s.feedShare(sigRating, m, x, rated)
	}
	s.now[sigOrders] = s.count[sigOrders-shares].Feed(m, s.last.orders)
	s.now[sigCheckouts] = s.count[sigCheckouts-shares].Feed(m, poisson(s.r, 2.5*rate*silent))
	s.now[sigVisits] = s.count[sigVisits-shares].Feed(m, poisson(s.r, 30*rate*silent))
}

func (s *insightShop) feedShare(i int, m detect.Moment, k, n float64) {
	if n > 0 || s.on[i] {
		s.now[i] = s.share[i].Feed(m, k, n)
	}
}

// verdicts says which signals begin to be told and listed now. Quiet ones cost little.
func (s *insightShop) verdicts() (told, listed []int) {
	some := false
	for i := range s.now {
		r := &s.now[i]
		if s.on[i] || s.low[i] || r.Evidence >= s.listed/signals {
			some = true
			break
		}
	}
	if !some {
		return nil, nil
	}
	var evidence [signals]float64
	for i := range s.now {
		if s.now[i].Phase != detect.Learning {
			evidence[i] = s.now[i].Evidence
		}
	}
	for i, v := range s.budget.Decide(evidence[:]) {
		r := s.now[i]
		if v == detect.Tell && !s.on[i] {
			told = append(told, i)
			s.on[i] = true
			if r.Phase == detect.Quiet {
				s.raise(i)
			}
		}
		if v != detect.Nothing && !s.low[i] {
			listed = append(listed, i)
			s.low[i] = true
		}
		if r.Phase == detect.Recovered || r.Phase == detect.Quiet && r.Evidence < 1 {
			s.on[i], s.low[i] = false, false
		}
	}
	return told, listed
}

func (s *insightShop) raise(i int) {
	if i < shares {
		s.share[i].Raise()
	} else {
		s.count[i-shares].Raise()
	}
}

func sum(xs []float64) (out float64) {
	for _, x := range xs {
		out += x
	}
	return out
}

func pick(r *rand.Rand, shares []float64) int {
	x := r.Float64()
	for i, s := range shares {
		if x -= s; x < 0 {
			return i
		}
	}
	return len(shares) - 1
}

// stars is a rating as a number from 0 to 1.
func stars(r *rand.Rand) float64 {
	return float64(pick(r, []float64{0.05, 0.04, 0.09, 0.22, 0.60})) / 4
}

func poisson(r *rand.Rand, mean float64) float64 {
	if mean <= 0 {
		return 0
	}
	if mean > 60 {
		return max(0, math.Round(mean+math.Sqrt(mean)*r.NormFloat64()))
	}
	n, l := 0.0, math.Exp(-mean)
	for p := r.Float64(); p > l; p *= r.Float64() {
		n++
	}
	return n
}

func binomial(r *rand.Rand, n, p float64) float64 {
	switch {
	case n <= 0 || p <= 0:
		return 0
	case p >= 1:
		return n
	case n > 200 && n*p > 30 && n*(1-p) > 30:
		return clampf(math.Round(n*p+math.Sqrt(n*p*(1-p))*r.NormFloat64()), 0, n)
	}
	k := 0.0
	for range int(n) {
		if r.Float64() < p {
			k++
		}
	}
	return k
}

func clampf(x, low, high float64) float64 { return max(low, min(high, x)) }
