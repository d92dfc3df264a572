package bench

import (
	"fmt"
	"math"

	"github.com/dhvani/dhvani/internal/insight"
	"github.com/dhvani/dhvani/internal/insight/detect"
	"github.com/dhvani/dhvani/internal/insight/watch"
)

// dimension is one by whose values a shop is watched, with how much each value has.
type dimension struct {
	kind   insight.OutcomeKind
	dim    insight.Dim
	values int
	skew   float64 // 0: all have the same

	sums   []float64 // shares added up
	series []*watch.Series
	k, n   []float64 // of this step
}

// values are a shop's other signals: as many as the watch would take, by the same sizes. With those by name a shop of 20 orders
// a day has some 45, one of 20,000 some 170.
type values struct {
	checkout, delivery, opinion []dimension // split by dimensions
	rating, topics              dimension
	all                         map[insight.OutcomeKind]*watch.Series
	upset, returns              *watch.Series
	quality                     []float64 // of products: how much more often these are bad
}

// The sizes from which on a value is watched alone are those of the watch.
const (
	leastSeen  = 40
	leastShare = 0.02
	productsOf = 50
)

// topics of complaints, which the watch gives their themes.
var topics = []string{"delivery", "product", "size", "price", "packaging", "service", "stock", "payment", "returns", "website", "offers", "checkout"}

func (v *values) begin(s *insightShop) {
	p, opinions := s.panel, s.orders*ratedShare
	v.checkout = []dimension{
		{kind: insight.CheckoutEnded, dim: insight.DimDevice, values: 3, skew: 1.2},
		{kind: insight.CheckoutEnded, dim: insight.DimBrowser, values: 7, skew: 1.2},
		{kind: insight.CheckoutEnded, dim: insight.DimCountry, values: 3, skew: 2.5},
		{kind: insight.CheckoutEnded, dim: insight.DimRelease, values: 4, skew: 1},
	}
	v.delivery = []dimension{
		{kind: insight.DeliveryEnded, dim: insight.DimCarrier, values: 4, skew: 0.7},
		{kind: insight.DeliveryEnded, dim: insight.DimArea, values: 10, skew: 0.5},
	}
	v.opinion = []dimension{
		{kind: insight.OpinionGiven, dim: insight.DimProduct, values: productsOf, skew: 0.8},
		{kind: insight.OpinionGiven, dim: insight.DimArea, values: 10, skew: 0.5},
	}
	for i := range v.checkout {
		v.checkout[i].begin(p, s.orders)
	}
	for i := range v.delivery {
		v.delivery[i].begin(p, s.orders)
	}
	for i := range v.opinion {
		v.opinion[i].begin(p, opinions)
	}
	v.rating = dimension{kind: insight.RatingGiven, dim: insight.DimProduct, values: productsOf, skew: 0.8}
	v.rating.begin(p, opinions)
	v.topics = dimension{kind: insight.OpinionGiven, dim: insight.DimTopic, values: len(topics), skew: 0.8}
	v.topics.begin(p, opinions*0.6) // some 60 % say what they are about
	v.all = map[insight.OutcomeKind]*watch.Series{}
	for _, kind := range []insight.OutcomeKind{insight.OpinionGiven, insight.RatingGiven, insight.SearchMade, insight.PageDisturbed, insight.ReplyWaitedFor} {
		v.all[kind] = p.Share(kind, "", "")
	}
	v.upset, v.returns = p.Count(insight.Upset), p.Returns()
	for range productsOf {
		v.quality = append(v.quality, math.Exp(0.3*s.r.NormFloat64()-0.045))
	}
}

// begin watches those values that four weeks of so many a day have enough of.
func (d *dimension) begin(p *watch.Panel, daily float64) {
	d.sums, d.series = make([]float64, d.values), make([]*watch.Series, d.values)
	d.k, d.n = make([]float64, d.values), make([]float64, d.values)
	all := 0.0
	for i := range d.sums {
		all += math.Pow(float64(i+1), -d.skew)
		d.sums[i] = all
	}
	for i := range d.sums {
		d.sums[i] /= all
		share := d.sums[i]
		if i > 0 {
			share -= d.sums[i-1]
		}
		few := share < leastShare && d.dim != insight.DimProduct && d.dim != insight.DimTopic
		if daily*28*share >= leastSeen && !few {
			d.series[i] = p.Share(d.kind, d.dim, d.name(i))
		}
	}
}

func (d *dimension) name(i int) string {
	if d.dim == insight.DimTopic {
		return topics[i]
	}
	return fmt.Sprintf("%s %d", d.dim, i+1)
}

// pick draws a value.
func (d *dimension) pick(x float64) int {
	for i, s := range d.sums {
		if x < s {
			return i
		}
	}
	return d.values - 1
}

// flush feeds what the step brought.
func (d *dimension) flush(p *watch.Panel, m detect.Moment) {
	for i, n := range d.n {
		if n == 0 {
			continue
		}
		if x := d.series[i]; x != nil {
			p.Feed(x, m, d.k[i], n)
		}
		d.k[i], d.n[i] = 0, 0
	}
}

// checkouts lets n customers pay, who fail with probability p, and counts them by all dimensions.
func (v *values) checkouts(s *insightShop, n, p float64) (failed float64) {
	var at [4]int
	for range int(n) {
		x := s.r.Float64()
		fails := x < p
		for i := range v.checkout {
			d := &v.checkout[i]
			at[i] = d.pick(s.r.Float64())
			if d.dim == insight.DimBrowser && at[i] == s.harm.method && x < s.harm.factor && s.hits("browser") {
				fails = true
			}
		}
		for i := range v.checkout {
			v.checkout[i].n[at[i]]++
			if fails {
				v.checkout[i].k[at[i]]++
			}
		}
		failed += float64(count01(fails))
	}
	return failed
}

// flush feeds the checkouts of a step by all dimensions.
func (v *values) flush(s *insightShop, m detect.Moment) {
	for i := range v.checkout {
		v.checkout[i].flush(s.panel, m)
	}
}

// deliveries lets n parcels come, which are late with probability p.
func (v *values) deliveries(s *insightShop, m detect.Moment, n, p float64) (late float64) {
	for range int(n) {
		x := s.r.Float64()
		bad, carrier := x < p, v.delivery[0].pick(s.r.Float64())
		if s.hits("carrier") && carrier == s.harm.method && x < s.harm.factor {
			bad = true
		}
		area := v.delivery[1].pick(s.r.Float64())
		v.delivery[0].n[carrier]++
		v.delivery[1].n[area]++
		if bad {
			late++
			v.delivery[0].k[carrier]++
			v.delivery[1].k[area]++
		}
	}
	v.delivery[0].flush(s.panel, m)
	v.delivery[1].flush(s.panel, m)
	return late
}

// badOpinion is which part of opinions has three stars or fewer.
const badOpinion = 0.18

// opinions lets n customers say what they think, in stars and words.
func (v *values) opinions(s *insightShop, m detect.Moment, n float64) {
	var bad, rated, upset float64
	defer func() { s.panel.Feed(v.upset, m, upset, 1) }()
	if n == 0 {
		return
	}
	for range int(n) {
		product, area := v.opinion[0].pick(s.r.Float64()), v.opinion[1].pick(s.r.Float64())
		p := badOpinion * s.mood * v.quality[product]
		if s.hits("product") && product == s.harm.method {
			p *= s.harm.factor
		}
		topic := -1
		if s.hits("topic") && s.r.Float64() < s.harm.factor {
			p, topic = 1, s.harm.method
		}
		stars := 3 + count01(s.r.Float64() < 0.73)
		if s.r.Float64() < min(p, 0.95) {
			stars = pick(s.r, []float64{0.28, 0.22, 0.5})
		}
		b := [...]float64{1, 1, 0.5, 0, 0}[stars]
		v.opinion[0].k[product], v.opinion[0].n[product] = v.opinion[0].k[product]+b, v.opinion[0].n[product]+1
		v.opinion[1].k[area], v.opinion[1].n[area] = v.opinion[1].k[area]+b, v.opinion[1].n[area]+1
		low := 1 - float64(stars)/4
		v.rating.k[product], v.rating.n[product] = v.rating.k[product]+low, v.rating.n[product]+1
		bad, rated, upset = bad+b, rated+low, upset+float64(count01(b == 1))
		if b == 1 {
			if topic < 0 {
				topic = v.topics.pick(s.r.Float64())
			}
			v.topics.k[topic]++
		}
	}
	for i := range v.opinion {
		v.opinion[i].flush(s.panel, m)
	}
	v.rating.flush(s.panel, m)
	for i := range v.topics.n {
		v.topics.n[i] = n // each opinion that does not complain of a topic counts for it
	}
	v.topics.flush(s.panel, m)
	s.panel.Feed(v.all[insight.OpinionGiven], m, bad, n)
	s.panel.Feed(v.all[insight.RatingGiven], m, rated, n)
}

// others feeds what there is besides: searches, pages of the checkout, chats and returns.
func (v *values) others(s *insightShop, m detect.Moment, visits, checkouts float64) {
	share := func(kind insight.OutcomeKind, n, p float64) {
		if n > 0 {
			s.panel.Feed(v.all[kind], m, binomial(s.r, n, p), n)
		}
	}
	share(insight.SearchMade, binomial(s.r, visits, 0.3), 0.09*s.mood)
	share(insight.PageDisturbed, 2*checkouts, 0.12)
	share(insight.ReplyWaitedFor, binomial(s.r, checkouts, 0.05), min(0.1*s.worse[2], 1))
	s.panel.Feed(v.returns, m, binomial(s.r, checkouts, 0.05), 1)
}
