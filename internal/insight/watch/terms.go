package watch

import (
	"cmp"
	"maps"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/dhvani/dhvani/internal/event"
	"github.com/dhvani/dhvani/internal/insight/detect"
)

// terms watch opinions for what hardly any held before: phrases of texts, or strangers' ratings of one product. Who used a
// term lately is known use by use (since from, half a day to a day ago), how often it was used before that as a sketch knows it.
//
// What is stored is what was known at the last turn of half a day; what came since is read again from the outcomes, so that not much is written
// though much is known, and a watch that goes on elsewhere knows the same.
type terms struct {
	name string // of what is stored

	width int
	past  *sketch // until from; each half of a day fades
	last  *sketch // the half of a day before the one at hand
	open  *sketch // the one at hand; not stored
	sums  sums    // as of the last turn, without what is open

	slot   int64                  // half of a day at hand
	from   map[int]event.Position // where the half before it began, by shard,
	mid    map[int]event.Position // and where it did itself
	n      float64                // opinions since from,
	midN   float64                // of which so many came before mid
	opened float64                // opinions since mid that teach,
	tests  float64                // and uses in them

	recent  *memory[uint64, *uses]
	most    int // uses that are remembered in recent,
	newer   int // and how many its newer half holds,
	older   int // and its older one, at most
	copies  *memory[copyKey, int]
	rising  map[uint64]*rise
	changed bool // sums and sketches since they were stored
}

// sums are how much came before, faded as the sketches are.
type sums struct {
	Past, Last         float64 // opinions
	PastUses, LastUses float64
	Halves             float64 // halves of a day that Past stands for
}

const (
	halfDay    = int64(12 * time.Hour / time.Microsecond)
	fourWeeks  = 56 // halves of a day
	fading     = 1 - 1.0/fourWeeks
	mostUses   = 64 // of a term that are remembered
	mostRising = 100
	leastUsers = 5   // customers who use a term, before it says something
	leastPast  = 100 // opinions before
	leastHalf  = 4   // halves of a day
)

// uses of a term since from, the newest ones.
type uses struct {
	gone int // of the older ones
	list []use
}

// use of a term by a customer.
type use struct {
	n     float64 // opinions since from, with this one
	at    int64
	who   uint64
	what  event.ID // the opinion
	bad   float32
	about string // its topics, as an outcome has them
}

// rise is a term that is used more than before.
type rise struct {
	hash     uint64
	text     string
	words    int
	of       *terms
	term     detect.Term
	uses     []use // in it
	evidence float64
}

func newTerms(name string) *terms {
	t := &terms{name: name}
	t.begin(narrowest)
	return t
}

// begin knows nothing.
func (t *terms) begin(width int) {
	*t = terms{name: t.name, width: width, past: newSketch(width), last: newSketch(width), open: newSketch(width), from: map[int]event.Position{}, mid: map[int]event.Position{},
		recent: newMemory[uint64, *uses](2 * mostKept), most: mostKept, copies: newMemory[copyKey, int](mostTexts), rising: map[uint64]*rise{}}
}

// bound changes how much is remembered: how many uses and texts, and in how many columns of sketches, a power of two.
func (t *terms) bound(kept, texts, columns int) {
	t.most = kept
	t.fit()
	t.copies.bound(texts)
	for ; t.width > columns; t.width /= 2 {
		for _, s := range []*sketch{t.past, t.last, t.open} {
			s.fold()
		}
		t.changed = true
	}
}

// fit forgets the older uses where there are too many: all of them where the room became much less.
func (t *terms) fit() {
	for t.newer > t.most/2 || t.newer+t.older > t.most {
		t.recent.turn()
		t.newer, t.older = 0, t.newer
	}
}

// usesOf are the uses of a term, which is then one of the newest.
func (t *terms) usesOf(hash uint64) *uses {
	if u, ok := t.recent.new[hash]; ok {
		return u
	}
	u, ok := t.recent.renew(hash)
	if !ok {
		u = &uses{}
		t.recent.put(hash, u)
	}
	t.newer += len(u.list)
	return u
}

// ready reports whether enough is known of the past to call something new.
func (t *terms) ready() bool {
	return t.sums.Past+t.sums.Last >= leastPast && t.sums.Halves >= leastHalf
}

// turn begins a half of a day; at says how far each shard had been read.
func (t *terms) turn(slot int64, at map[int]event.Position) {
	if t.slot == 0 {
		t.slot, t.from, t.mid = slot, maps.Clone(at), maps.Clone(at)
		return
	}
	for ; t.slot < slot; t.slot++ {
		if slot-t.slot > 2*fourWeeks { // nothing of that is left
			t.slot = slot - 2*fourWeeks
		}
		t.past.take(t.last, fading)
		t.last, t.open = t.open, newSketch(t.width)
		u := &t.sums
		u.Past, u.PastUses, u.Halves = u.Past*fading+u.Last, u.PastUses*fading+u.LastUses, u.Halves*fading+1
		u.Last, u.LastUses = t.opened, t.tests
		t.forget(t.midN)
		t.n -= t.midN
		t.midN, t.opened, t.tests = t.n, 0, 0
		t.from, t.mid = t.mid, maps.Clone(at)
		t.changed = true
	}
}

// forget drops uses among the first so many opinions.
func (t *terms) forget(gone float64) {
	left := func(half map[uint64]*uses) (n int) {
		for h, u := range half {
			u.list = slices.DeleteFunc(u.list, func(x use) bool { return x.n <= gone })
			for i := range u.list {
				u.list[i].n -= gone
			}
			if u.gone = 0; len(u.list) == 0 {
				delete(half, h)
			}
			n += len(u.list)
		}
		return n
	}
	t.newer, t.older = left(t.recent.new), left(t.recent.old)
	clear(t.rising)
}

// tested is how many tests begin in four weeks as they were lately.
func (t *terms) tested() float64 {
	u := &t.sums
	perHalf := max((u.PastUses+u.LastUses)/max(u.Halves+1, 1), u.LastUses, t.tests)
	return max(perHalf*fourWeeks, 1)
}

// term is one in an opinion.
type term struct {
	hash  uint64
	words int
	text  string
}

// hear takes in an opinion with its terms. Where it does not teach, because it belongs to a trouble, it is a sign alone.
func (t *terms) hear(x use, list []term, teaches bool) {
	t.n++
	if teaches {
		t.opened++
	}
	x.n = t.n
	for _, k := range list {
		u := t.usesOf(k.hash)
		if slices.ContainsFunc(u.list, func(y use) bool { return y.who == x.who }) {
			continue
		}
		if teaches {
			t.open.add(k.hash, 1)
			t.tests++
		}
		if len(u.list) == mostUses {
			u.list, u.gone = slices.Delete(u.list, 0, 1), u.gone+1
			t.newer--
		}
		t.newer++
		if u.list = append(u.list, x); len(u.list) >= leastUsers && t.ready() {
			t.weigh(k, u)
		}
	}
	t.fit()
}

// weigh looks at a term from each of its uses on.
func (t *terms) weigh(k term, u *uses) {
	before, of := t.past.count(k.hash), t.sums.Past
	newest := len(u.list) - 1
	// What is not some times as frequent as before, as a whole or in its latest part, is nothing new.
	part := u.list[max(newest-leastUsers+1, 0)]
	usual := (before + 1) / max(of, 1)
	if float64(newest+u.gone) < 2*usual*t.n && float64(leastUsers-1) < 2*usual*(t.n-part.n) {
		delete(t.rising, k.hash)
		return
	}
	best, from := 0.0, -1
	for i := 0; newest-i >= leastUsers-1; i++ {
		r := detect.Known(before+float64(u.gone+i)+1, of+u.list[i].n)
		if e := r.Evidence(float64(newest-i), t.n-u.list[i].n); e > best {
			best, from = e, i
		}
	}
	tests := t.tested()
	if best/tests < 0.01 {
		delete(t.rising, k.hash)
		return
	}
	if t.rising[k.hash] == nil && len(t.rising) >= mostRising {
		return
	}
	x := u.list[from]
	r := &rise{hash: k.hash, text: strings.Clone(k.text), words: k.words, of: t, evidence: best / tests, uses: slices.Clone(u.list[from:])}
	r.term = detect.Term{Rate: detect.Known(before+float64(u.gone+from)+1, of+x.n), Tests: tests, Born: x.at, Since: x.at, At: u.list[newest].at,
		K: float64(newest - from), N: t.n - x.n, All: [2]float64{float64(newest-from) + 1, t.n - x.n + 1}}
	t.rising[k.hash] = r
}

// strongest is the clearest rise, nil where there is none. Opinions since its last use are evidence against it.
func (t *terms) strongest() (best *rise) {
	for _, h := range slices.Sorted(maps.Keys(t.rising)) {
		r := t.rising[h]
		last := r.uses[len(r.uses)-1].n
		r.evidence = r.term.Rate.Evidence(r.term.K, r.term.N+t.n-last) / r.term.Tests
		if r.evidence < 0.01 {
			delete(t.rising, h)
			continue
		}
		if best == nil || r.evidence > best.evidence {
			best = r
		}
	}
	return best
}

// wordiest is the rise that says most of what the same customers say: of those that they nearly all share, the longest.
// part is how much of its evidence the longer one must have.
func (t *terms) wordiest(of *rise, part float64) *rise {
	best := of
	for _, h := range slices.Sorted(maps.Keys(t.rising)) {
		r := t.rising[h]
		if r.evidence < of.evidence*part || 5*len(r.uses) < 3*len(of.uses) || 5*shared(of.uses, r.uses) < 4*len(r.uses) {
			continue
		}
		if c := cmp.Or(cmp.Compare(r.words, best.words), cmp.Compare(len(r.uses), len(best.uses))); c > 0 {
			best = r
		}
	}
	return best
}

// drop forgets the rises that mostly the same opinions hold.
func (t *terms) drop(like func(what event.ID) bool) {
	maps.DeleteFunc(t.rising, func(_ uint64, r *rise) bool {
		n := 0
		for _, x := range r.uses {
			if like(x.what) {
				n++
			}
		}
		return 2*n >= len(r.uses)
	})
}

// shared is how many opinions two lists have in common.
func shared(a, b []use) (n int) {
	for _, x := range a {
		if slices.ContainsFunc(b, func(y use) bool { return x.what == y.what }) {
			n++
		}
	}
	return n
}

// mood is how badly the opinions of a rise sound, 0.5 where most say neither.
func (r *rise) mood() float64 {
	sum := 0.0
	for _, x := range r.uses {
		sum += float64(x.bad)
	}
	return sum / float64(max(len(r.uses), 1))
}

// fadedBy is what is left after so many halves of a day, and halvesSince for how many
// they all stand since then.
func fadedBy(age int64) float64 { return math.Pow(fading, float64(max(age, 0))) }

func halvesSince(age int64) float64 { return (1 - fadedBy(age+1)) / (1 - fading) }

// slotOf is the half of a day of a time.
func slotOf(at int64) int64 { return int64(math.Floor(float64(at) / float64(halfDay))) }
