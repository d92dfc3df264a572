package bench

import (
	"math"
	"math/rand/v2"
	"sync"
)

// oracle is the CUSUM that knows what is usual and what goes wrong, on the same series of one signal. By
// Moustakides (Annals of Statistics, 1986) nothing that alarms as rarely is quicker. Its limit is simulated so that it alarms falsely as
// often as the detector did.
type oracle struct {
	sc     scenario
	s, h   float64
	p0, p1 float64
}

// newOracle makes one for troubles that begin at once; f is how often a week it may alarm.
func newOracle(sc scenario, s *insightShop, f float64) *oracle {
	o := &oracle{sc: sc}
	mean := 0.0
	for m := range methodShare {
		mean += methodShare[m] * methodFails[m]
	}
	weekly := s.orders * 7
	switch sc.harm.kind {
	case "method down":
		o.p0, o.p1 = methodFails[sc.harm.method], 0.9999
		weekly *= methodShare[sc.harm.method]
	case "failures":
		o.p0, o.p1 = mean, min(mean*sc.harm.factor, 0.9999)
	case "late":
		o.p0, o.p1 = lateShare, min(lateShare*sc.harm.factor, 0.9999)
	default:
		return nil
	}
	o.h = limitFor(o.p0, o.p1, weekly/f)
	return o
}

func (o *oracle) feed(s *insightShop) bool {
	k, n := s.last.allFailed, s.last.all
	switch o.sc.signal {
	case sigUPI, sigCard, sigCash:
		k, n = s.last.first[o.sc.signal-sigUPI][1], s.last.first[o.sc.signal-sigUPI][0]
	case sigLate:
		k, n = s.last.late, s.last.delivered
	}
	if n > 0 {
		o.s = max(o.s, 0) + k*math.Log(o.p1/o.p0) + (n-k)*math.Log((1-o.p1)/(1-o.p0))
	}
	return o.s >= o.h
}

var limits sync.Map // of [3]float64

// limitFor is the limit at which a CUSUM of p1 against p0 alarms once in so many trials. The run length grows as exp(limit) (Siegmund, Sequential
// Analysis, 1985), so it is simulated where it is short and carried on from there.
func limitFor(p0, p1, trials float64) float64 {
	key := [3]float64{p0, p1, trials}
	if h, ok := limits.Load(key); ok {
		return h.(float64)
	}
	r := rand.New(rand.NewPCG(1, 2))
	up, down := math.Log(p1/p0), math.Log((1-p1)/(1-p0))
	// Limits are tried from above: each is simulated until 200 alarms or too many trials.
	const most = 20_000_000
	h := math.Log(trials)
	length := func(h float64) float64 {
		alarms, s, n := 0, 0.0, 0
		for n = 1; n < most/4 && alarms < 200; n++ {
			if r.Float64() < p0 {
				s = max(s, 0) + up
			} else {
				s = max(s, 0) + down
			}
			if s >= h {
				alarms++
				s = 0
			}
		}
		return float64(n) / max(float64(alarms), 0.5)
	}
	at := min(5.0, h)
	h = max(at+math.Log(trials/length(at)), 0.1)
	limits.Store(key, h)
	return h
}
