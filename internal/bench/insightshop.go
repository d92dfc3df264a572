package bench

import (
	"math"
	"math/rand/v2"

	"github.com/dhvani/dhvani/internal/insight"
	"github.com/dhvani/dhvani/internal/insight/detect"
	"github.com/dhvani/dhvani/internal/insight/watch"
)

// Signals of a simulated shop that have a name here. A shop has more of them by its browsers, products and topics (insightvalues.go).
const (
	sigFailed    = iota // customers whose checkout failed, of those whose checkout came to an end
	sigUPI              // likewise by payment method
	sigCard             //
	sigCash             //
	sigLate             // deliveries that came late
	sigOrders           //
	sigCheckouts        //
	sigVisits           //
	signals
)

var signalNames = [signals]string{"checkout", "checkout/method=upi", "checkout/method=card", "checkout/method=cash", "delivery", "number of order", "number of checkout", "number of visit"}

// What is usual in the simulated shops.
var (
	methods     = []string{"upi", "card", "cash"}
	methodShare = [3]float64{0.6, 0.3, 0.1}
	methodFails = [3]float64{0.05, 0.03, 0.005}
)

const (
	lateShare  = 0.08
	ratedShare = 0.15
	retries    = 0.5 // of those who failed, by another method
	minute     = int64(60) * 1e6
	day        = 24 * 60 * minute
	simStart   = int64(1_735_862_400) * 1e6 / (7 * day) * 7 * day // a Thursday
)

// insightShop is one simulated shop with what watches it.
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
	mood    float64    // and of bad opinions
	holiday bool
	retry   [3]float64 // who tries again by another method

	panel  *watch.Panel
	series [signals]*watch.Series
	values values

	harm trouble
	last step // what the last step brought, for the oracle
}

// trouble is what goes wrong, as factors of what is usual. A zero one is none.
type trouble struct {
	kind   string
	from   int64
	factor float64
	method int // or the number of another value
}

// step is what came in one step of time.
type step struct {
	first           [3][2]float64 // first tries, by method: all, failed
	all, allFailed  float64
	late, delivered float64
	orders          float64
	expected        float64 // orders, by the truth
}

func newInsightShop(r *rand.Rand, orders float64) *insightShop {
	s := &insightShop{r: r, orders: orders, growth: math.Exp(0.01 * r.NormFloat64()), at: simStart, day: -1, hour: -1, busy: 1, hourly: 1, mood: 1, panel: watch.NewPanel()}
	p := s.panel
	s.series[sigFailed] = p.Share(insight.CheckoutEnded, "", "")
	for i, m := range methods {
		s.series[sigUPI+i] = p.Share(insight.CheckoutEnded, insight.DimMethod, m)
	}
	s.series[sigLate] = p.Share(insight.DeliveryEnded, "", "")
	s.series[sigOrders], s.series[sigCheckouts], s.series[sigVisits] = p.Count(insight.Orders), p.Count(insight.Checkouts), p.Count(insight.Visits)
	s.values.begin(s)
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

// moment is the end of what has just passed, which belongs to the hour that ends there.
func (s *insightShop) moment() detect.Moment {
	m := detect.UTC(s.at - 1)
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
		s.mood = math.Exp(0.12 * s.r.NormFloat64())
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

// advance lets a time pass, at most an hour, and feeds what came.
func (s *insightShop) advance(length int64) {
	s.turn()
	minutes := float64(length) / float64(minute)
	rate := s.rate() * minutes
	come := 1.0 // of those who usually do
	if s.hits("silence") || s.hits("crowd") {
		come = s.harm.factor
	}
	s.at += length
	m := s.moment()
	s.last = step{expected: rate * 0.96}
	s.checkouts(rate*min(come, 1), m)
	h := float64(m.Hour % 24)
	if h >= 9 && h < 20 {
		s.last.delivered = poisson(s.r, s.orders/11/60*minutes)
		p := lateShare * math.Sqrt(s.worse[0])
		if s.hits("late") {
			p *= s.harm.factor
		}
		s.last.late = s.values.deliveries(s, m, s.last.delivered, min(p, 1))
	}
	s.values.opinions(s, m, binomial(s.r, s.last.delivered, ratedShare))
	s.feed(sigFailed, m, s.last.allFailed, s.last.all)
	s.feed(sigLate, m, s.last.late, s.last.delivered)
	s.panel.Feed(s.series[sigOrders], m, s.last.orders, 1)
	s.panel.Feed(s.series[sigCheckouts], m, poisson(s.r, 2.5*rate*min(come, 1)), 1)
	visits := poisson(s.r, 30*rate*come)
	s.panel.Feed(s.series[sigVisits], m, visits, 1)
	s.values.others(s, m, visits, s.last.all)
}

// checkouts lets customers try to pay, and those who failed before try again. A customer counts once, as in the watch.
func (s *insightShop) checkouts(rate float64, m detect.Moment) {
	var failed [3]float64
	for k := range methodShare {
		n := poisson(s.r, rate*methodShare[k])
		p := s.fails(k)
		f := s.values.checkouts(s, n, p)
		again := s.retry[k]
		s.retry[k] = 0
		af := binomial(s.r, again, p)
		failed[k] = f + af
		s.last.all, s.last.allFailed = s.last.all+n, s.last.allFailed+f
		s.last.orders += n - f + again - af
		s.last.first[k] = [2]float64{n, f}
		s.feed(sigUPI+k, m, f, n)
	}
	s.values.flush(s, m)
	for k, f := range failed {
		s.retry[(k+1+s.r.IntN(2))%3] += binomial(s.r, f, retries)
	}
}

// feed feeds a share.
func (s *insightShop) feed(i int, m detect.Moment, k, n float64) {
	if n > 0 {
		s.panel.Feed(s.series[i], m, k, n)
	}
}

func (s *insightShop) now(i int) detect.Reading { return s.series[i].Reading() }

func (s *insightShop) on(i int) bool { return s.series[i].On() }
