package language

import (
	"cmp"
	"math"
	"slices"
	"strings"
	"time"
)

// PhrasesOptions say how phrases are watched; what is zero is as written behind.
type PhrasesOptions struct {
	Most      int           // phrases that are kept: 50,000
	Window    time.Duration // in which a phrase rises: a day
	Baseline  time.Duration // how far back it is compared with; older days weigh less: 28 days
	Customers int           // who must say a phrase, at least: 3
	Rate      float64       // of false discoveries: 0.05
}

// Phrases finds phrases of one to four words, of any script, that more customers
// write than did before. It keeps what it needs of a stream of texts in bounded
// memory. It is not to be used by two at once.
//
// Time is cut into halves of the window. For each half, a phrase's different
// customers are counted. Those of the two newest halves are compared with those of
// the halves before, which fade. Phrases for which there is no room are counted
// roughly together, and what may have been theirs counts as their past, so that
// nothing is taken for new only because it was forgotten.
type Phrases struct {
	o         PhrasesOptions
	half      int64 // microseconds
	fade      float64
	slot      int64 // the newest half
	begun     bool
	all       [2]crowd // customers of the newest half and the one before
	turned    [2]int   // phrases turned away in them
	past      float64  // customers of the halves before, faded
	known     map[uint64]int32
	seen      []seen
	lost      *sketch
	porch     []visit // first sights of phrases that were turned away, as many as fit
	forgotten int64   // the half in which lost was last halved
	texts     uint32
	t         text
}

// seen is a phrase.
type seen struct {
	hash      uint64
	words     [mostOfPhrase]uint64
	n         int
	slot      int64      // to which the rest belongs
	crowd     [2]crowd   // its customers in this half and the one before
	texts     [2]int     // and its texts
	first     [2]int64   // and when the first came, in microseconds
	past      float64    // customers in the halves before, faded
	unsure    float64    // as many more there may have been
	spellings []spelling // as people wrote it
	text      uint32     // the last one, by number
}

// visit is a sight of a phrase.
type visit struct {
	hash, who uint64
	at        int64
}

type spelling struct {
	text string
	n    int
}

// Bounds of phrases.
const (
	mostOfPhrase  = 4  // words
	longestOfWord = 40 // letters of a word of a phrase
	mostSpellings = 4
	allBits       = 1 << 20 // for counting all customers
	sketchRoom    = 16      // cells for each phrase that is kept
)

// NewPhrases begins to watch.
func NewPhrases(o PhrasesOptions) *Phrases {
	o.Most = cmp.Or(o.Most, 50_000)
	o.Window = cmp.Or(o.Window, 24*time.Hour)
	o.Baseline = cmp.Or(o.Baseline, 28*24*time.Hour)
	o.Customers = cmp.Or(o.Customers, 3)
	o.Rate = cmp.Or(o.Rate, 0.05)
	half := max(1, o.Window.Microseconds()/2)
	return &Phrases{o: o, half: half, fade: max(0, 1-float64(half)/float64(max(1, o.Baseline.Microseconds()))), known: map[uint64]int32{}, lost: newSketch(o.Most * sketchRoom), porch: make([]visit, o.Most)}
}

// Add takes in a text of a customer. Texts come in about the order of time: one
// that is older than the half of the window before the newest is left out.
func (p *Phrases) Add(at time.Time, customer uint64, text string) {
	us := at.UnixMicro()
	slot := floorDiv(us, p.half)
	p.advance(slot)
	age := int(p.slot - slot)
	if age > 1 {
		return
	}
	who := mix(mix(0, customer), customer>>32)
	if p.all[age].many == nil {
		p.all[age].grow(allBits)
	}
	p.all[age].set(uint32(who >> 32))
	p.texts++
	p.t.fold(text)
	p.t.phrases(func(from, to int, words *[mostOfPhrase]uint64, hash uint64) {
		s := p.find(visit{hash, who, us}, words, to-from)
		if s == nil {
			p.turned[age]++
			return
		}
		if s.text == p.texts {
			return
		}
		s.text = p.texts
		s.came(age, who, us)
		s.spelt(p.t.given[p.t.tokens[from].from:p.t.tokens[to-1].to])
	})
}

func floorDiv(a, b int64) int64 {
	q := a / b
	if a%b < 0 {
		q--
	}
	return q
}

// phrases gives the phrases of a folded text: from which token to which, and the
// hashes of the words and the whole. They do not go over anything but spaces and
// hyphens, and neither begin nor end with a stop word.
func (t *text) phrases(each func(from, to int, words *[mostOfPhrase]uint64, hash uint64)) {
	stop := stopWords()
	type last struct {
		hash uint64
		stop bool
	}
	var run [mostOfPhrase]last // the last words, the newest at the end
	n := 0
	for i := range t.tokens {
		k := &t.tokens[i]
		if k.kind != word || k.end-k.start > longestOfWord {
			n = 0
			continue
		}
		if i > 0 && strings.Trim(t.given[t.tokens[i-1].to:k.from], " -\u00a0\u200c\u200d") != "" {
			n = 0
		}
		h := wordHash(t.of(k))
		copy(run[:], run[1:])
		run[mostOfPhrase-1] = last{h, stop[h] || k.end-k.start < 2}
		if n = min(n+1, mostOfPhrase); run[mostOfPhrase-1].stop {
			continue
		}
		for length := 1; length <= n; length++ {
			words := run[mostOfPhrase-length:]
			if words[0].stop {
				continue
			}
			hash := uint64(0)
			var all [mostOfPhrase]uint64
			for j, w := range words {
				all[j] = w.hash
				hash = mix(hash, w.hash)
			}
			each(i+1-length, i+1, &all, hash)
		}
	}
}

// came takes down a text with a phrase.
func (s *seen) came(age int, who uint64, at int64) {
	s.crowd[age].add(who)
	if s.texts[age]++; s.texts[age] == 1 || at < s.first[age] {
		s.first[age] = at
	}
}

// find returns a phrase, which is now known if there is room or it was seen before;
// else nil.
func (p *Phrases) find(v visit, words *[mostOfPhrase]uint64, n int) *seen {
	if i, ok := p.known[v.hash]; ok {
		s := &p.seen[i]
		s.advance(p.slot, p.fade)
		return s
	}
	var before visit
	unsure := 0.0
	if len(p.seen) >= p.o.Most/2 {
		porch := &p.porch[v.hash>>16%uint64(len(p.porch))]
		if porch.hash == v.hash && (porch.who != v.who || porch.at != v.at) {
			before = *porch
		}
		*porch = v
		if unsure = p.lost.estimate(v.hash); unsure < 1 && before.hash == 0 {
			p.lost.add(v.hash, 1)
			return nil
		}
	}
	if len(p.seen) >= p.o.Most {
		p.prune()
	}
	p.known[v.hash] = int32(len(p.seen))
	p.seen = append(p.seen, seen{hash: v.hash, words: *words, n: n, slot: p.slot, unsure: unsure})
	s := &p.seen[len(p.seen)-1]
	if age := p.slot - floorDiv(before.at, p.half); before.hash != 0 && age <= 1 {
		s.came(int(age), before.who, before.at)
		s.unsure = max(0, s.unsure-1)
	}
	return s
}

// spelt takes down how a phrase was written.
func (s *seen) spelt(text string) {
	for i := range s.spellings {
		if s.spellings[i].text == text {
			s.spellings[i].n++
			return
		}
	}
	if len(s.spellings) < mostSpellings {
		s.spellings = append(s.spellings, spelling{strings.Clone(text), 1})
	}
}

// mostly is what most people wrote.
func (s *seen) mostly() string {
	return slices.MinFunc(s.spellings, func(a, b spelling) int {
		return cmp.Or(cmp.Compare(b.n, a.n), strings.Compare(a.text, b.text))
	}).text
}

// advance goes on to a later half.
func (p *Phrases) advance(to int64) {
	if !p.begun {
		p.slot, p.forgotten, p.begun = to, to, true
	}
	if to <= p.slot {
		return
	}
	for range min(to-p.slot, 2) {
		p.past = p.past*p.fade + p.all[1].count()
		p.all[1], p.all[0] = p.all[0], crowd{}
		p.turned[1], p.turned[0] = p.turned[0], 0
		p.slot++
	}
	p.past *= math.Pow(p.fade, float64(to-p.slot))
	p.slot = to
	if float64(to-p.forgotten)*(1-p.fade) > math.Ln2 { // as long as it takes to fade by half
		p.lost.halve()
		p.forgotten = to
	}
}

// advance likewise, when the phrase is needed.
func (s *seen) advance(to int64, fade float64) {
	if to <= s.slot {
		return
	}
	s.unsure *= math.Pow(fade, float64(to-s.slot))
	for range min(to-s.slot, 2) {
		s.past = s.past*fade + s.crowd[1].count()
		s.crowd[1], s.crowd[0] = s.crowd[0], crowd{}
		s.texts[1], s.texts[0] = s.texts[0], 0
		s.first[1], s.first[0] = s.first[0], 0
		s.slot++
	}
	s.past *= math.Pow(fade, float64(to-s.slot))
	s.slot = to
}

// prune forgets the fifth of the phrases that fewest said, but for a rough count.
func (p *Phrases) prune() {
	type worth struct {
		i     int
		score float64
	}
	scores := make([]worth, len(p.seen))
	for i := range p.seen {
		s := &p.seen[i]
		s.advance(p.slot, p.fade)
		scores[i] = worth{i, s.past + s.crowd[0].count() + s.crowd[1].count()}
	}
	slices.SortFunc(scores, func(a, b worth) int {
		return cmp.Or(cmp.Compare(b.score, a.score), cmp.Compare(p.seen[a.i].hash, p.seen[b.i].hash))
	})
	keep := make([]seen, 0, cap(p.seen))
	clear(p.known)
	for n, w := range scores {
		s := &p.seen[w.i]
		if n >= p.o.Most*4/5 {
			p.lost.add(s.hash, int(math.Ceil(w.score)))
			continue
		}
		p.known[s.hash] = int32(len(keep))
		keep = append(keep, *s)
	}
	p.seen = keep
}

// Wording finds the phrases of texts. It is not to be used by two at once.
type Wording struct{ t text }

// Phrases finds phrases as Phrases.Add does: of one to four words that neither begin nor end with one that says nothing. Each is
// given with a hash, equal for all ways to write it, with how many words it has and as it stands in the text.
func (w *Wording) Phrases(given string, each func(hash uint64, words int, phrase string)) {
	w.t.fold(given)
	w.t.phrases(func(from, to int, _ *[mostOfPhrase]uint64, hash uint64) {
		each(hash, to-from, w.t.given[w.t.tokens[from].from:w.t.tokens[to-1].to])
	})
}

// Hash is the hash of a phrase, as Phrases gives it; 0 where it is none.
func (w *Wording) Hash(phrase string) (hash uint64) {
	most := 0
	w.Phrases(phrase, func(h uint64, words int, _ string) {
		if words > most {
			hash, most = h, words
		}
	})
	return hash
}
