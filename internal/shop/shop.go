// Package shop is a shop that does not exist: Tantu Handloom, with what it
// sells, and shoppers who browse, search, buy, fail to, wait for their parcels,
// and say what they think, in nine ways of writing six languages. A seed decides
// everything that they do: every visit has a random stream of its own, made from
// the seed and the ten seconds in which it begins, so that the same seed, time and
// plan of scenes give the same events however the simulation is asked for them.
//
// A Player sends the events to a running Dhvani as the pages and the server of a
// real shop would; a Director lets staff play scenes, which change what shoppers
// do.
package shop

import (
	"container/heap"
	"math"
	"math/rand/v2"
	"time"
)

// Name of the shop.
const Name = "Tantu Handloom"

// Zone is the shop's own time; India has no summer time.
var Zone = time.FixedZone("Asia/Kolkata", 5*3600+1800)

const day = 24 * time.Hour

// Shop simulates the shop from a time on. It is not safe for use by several
// goroutines.
type Shop struct {
	seed   uint64
	plan   *Plan
	steps  queue
	count  int // of all steps, which orders those of the same time
	people map[int]*person
	orders *ledger // those that scenes may hit
}

// New returns a shop that is simulated from a time on, under a plan.
func New(seed uint64, from time.Time, plan *Plan) *Shop {
	s := &Shop{seed: seed, plan: plan, people: map[int]*person{}, orders: newLedger()}
	s.at(from.UTC().Truncate(slot), s.slot)
	return s
}

// Until returns the events that happen before a time and were not returned yet,
// in order.
func (s *Shop) Until(t time.Time) []Event {
	var out []Event
	for len(s.steps) > 0 && s.steps[0].at.Before(t) {
		next := heap.Pop(&s.steps).(step)
		if next.event == nil {
			next.do(next.at)
		} else {
			out = append(out, *next.event)
		}
	}
	return out
}

// slot is how long visits are decided ahead, and a scene may have to wait.
const slot = 10 * time.Second

// slot lets the visits of a slot begin, and what a scene adds to it.
func (s *Shop) slot(at time.Time) {
	now := s.plan.at(at)
	n := slotOf(at)
	r := s.stream(n, 0)
	for k := range r.poisson(now.rate * slot.Minutes()) {
		v := &visit{s: s, r: s.stream(n, uint64(k)+1), id: n<<14 | uint64(k%firstOutcry), speed: now.speed}
		s.at(at.Add(r.below(slot)), v.begin)
	}
	s.outcry(at, now, s.stream(n, 1<<20))
	s.at(at.Add(slot), s.slot)
}

// slotOf numbers the slots.
func slotOf(t time.Time) uint64 { return uint64(t.UnixNano() / int64(slot)) }

// firstOutcry is the number within a slot from which on visits are a scene's.
const firstOutcry = 12_000

// stream returns the random stream of a part of the simulation.
func (s *Shop) stream(a, b uint64) random {
	return random{rand.New(rand.NewPCG(s.seed^a*0x9e3779b97f4a7c15, b*0xbf58476d1ce4e5b9+a))}
}

// at lets something happen at a time.
func (s *Shop) at(t time.Time, do func(time.Time)) { s.push(step{at: t, do: do}) }

// emit lets an event happen at its time.
func (s *Shop) emit(e *Event) { s.push(step{at: e.At, event: e}) }

func (s *Shop) push(p step) {
	s.count++
	p.n = s.count
	heap.Push(&s.steps, p)
}

// random is a stream of chances.
type random struct{ *rand.Rand }

// chance is true in so many of one.
func (r random) chance(p float64) bool { return r.Float64() < p }

// between returns a duration from a to b.
func (r random) between(a, b time.Duration) time.Duration { return a + r.below(b-a) }

func (r random) below(d time.Duration) time.Duration { return time.Duration(r.Int64N(int64(d))) }

// poisson draws how many of what happens so often on average do happen.
func (r random) poisson(mean float64) int {
	n := 0
	for ; mean > 30; mean -= 30 { // the product below would come to nothing
		n += r.poisson(30)
	}
	limit, product := math.Exp(-mean), r.Float64()
	for product > limit {
		n++
		product *= r.Float64()
	}
	return n
}

// weighted draws a place in a list by the weights there.
func (r random) weighted(weights ...float64) int {
	sum := 0.0
	for _, w := range weights {
		sum += w
	}
	roll := r.Float64() * sum
	for i, w := range weights {
		if roll -= w; roll < 0 {
			return i
		}
	}
	return len(weights) - 1
}

func pick[T any](r random, list []T) T { return list[r.IntN(len(list))] }

// step is something that will happen: an event, or a decision with new steps.
type step struct {
	at    time.Time
	n     int
	event *Event
	do    func(at time.Time)
}

// queue is a heap of steps by time.
type queue []step

func (q queue) Len() int { return len(q) }
func (q queue) Less(i, j int) bool {
	if q[i].at.Equal(q[j].at) {
		return q[i].n < q[j].n
	}
	return q[i].at.Before(q[j].at)
}
func (q queue) Swap(i, j int) { q[i], q[j] = q[j], q[i] }
func (q *queue) Push(x any)   { *q = append(*q, x.(step)) }
func (q *queue) Pop() any {
	old := *q
	last := old[len(old)-1]
	old[len(old)-1] = step{}
	*q = old[:len(old)-1]
	return last
}
