package language

import (
	"cmp"
	"math/bits"
	"slices"
	"sync"
)

// What a person must take can be told from words better than the model alone can:
// some phrases nearly always say it, others only near words of another kind. Each
// adds to the model's score.

// careCue is what a word or phrase is a sign of.
type careCue uint8

const (
	vows   careCue = iota // threatens
	menace                // likewise, but ordinary texts have it too
	harms                 // does violence
	yours                 // the shop, its people and things
	weapon                // or what serves as one
	limb                  // that is broken
	warned                // veiled: you will see
	gang                  // others who will come
	knows                 // where somebody lives
	comes                 // or waits

	hurtBy  // says that something hurt or may hurt
	harmful // likewise
	injury  // or pain
	body    // parts of it
	someone // hurt: family, animals
	sharp   // what is not meant to be in food
	food
	hazard // fire, gas, current
	device // or another thing that can hurt
	clinic // doctors, hospitals
	after  // using it
	fell   // or broke

	sues     // calls in lawyers, courts, police, authorities, press
	official // likewise
	law
	lodges // a complaint
	press

	suicidal // says that the writer does not want to live
	sorrow   // likewise
	dying
	means // of dying
	despair
	farewell

	minor     // says that a child writes or is at stake
	childlike // likewise
	child
	didBuy
	approached // a child was
	years      // of age
	youth      // number of a child's years
	adultGoods
	schoolClass // of a school
	writer

	jest    // or praise
	product // asked about
	fits    // or asked about for a child: size, gifts

	aged   // a number of a child's years, found by its neighbours
	school // a class with its number
	inHand // a knife or fire as a picture
	careCues
)

// carePhrases are built when the first text is read.
var carePhrases = sync.OnceValue(func() *lexicon {
	p := newLexicon(1 << 18)
	for _, lists := range careWords {
		for cue, list := range lists {
			p.learnList(list, 1<<cue)
		}
	}
	return p
})

// careHit is a run of tokens with cues.
type careHit struct {
	cues     uint64
	from, to int
}

// hits appends the cues of a folded text.
func (t *text) careHits(out []careHit) []careHit {
	p := carePhrases()
	for i := range t.tokens {
		k := &t.tokens[i]
		switch k.kind {
		case word, number:
			found, end := p.cuesAt(t, i)
			if k.kind == number && t.isChildsAge(k) {
				found |= 1 << youth
				end = max(end, i+1)
			}
			if found != 0 {
				out = append(out, careHit{found, i, end})
			}
		case emoji:
			switch t.runes[k.start] {
			case '🔪', '💣', '🔫', '🗡', '👊':
				out = append(out, careHit{1 << inHand, i, i + 1})
			case '😂', '🤣', '😍', '😋', '😆', '😅', '🤩', '😄':
				out = append(out, careHit{1 << jest, i, i + 1})
			}
		}
	}
	tellAges(out)
	return out
}

// isChildsAge reports whether a number is from 3 to 17.
func (t *text) isChildsAge(k *token) bool {
	value, digits := 0, 0
	for at := int(k.from); at < int(k.to); {
		d, size := digitAt(t.given, at)
		if size == 0 || digits == 2 {
			return false
		}
		value = value*10 + int(d)
		digits++
		at += size
	}
	return value >= 3 && value <= 17
}

// tellAges marks numbers that say how old a child is, or in which class.
func tellAges(hits []careHit) {
	for i := range hits {
		h := &hits[i]
		if h.cues&(1<<youth) == 0 {
			continue
		}
		for j := max(0, i-3); j < min(len(hits), i+4); j++ {
			o := &hits[j]
			before, behind := h.from-o.to, o.from-h.to
			switch {
			case j == i:
			case o.cues&(1<<years) != 0 && (behind >= 0 && behind <= 1 || before >= 0 && before <= 1),
				o.cues&(1<<writer) != 0 && before == 0:
				h.cues |= 1 << aged
			case o.cues&(1<<schoolClass) != 0 && (before == 0 || behind == 0):
				h.cues |= 1 << school
			}
		}
	}
}

// CareWeights are what tells a flag: the model's score and the cues.
type CareWeights struct {
	Bias  float64     `json:"bias"`
	Model float64     `json:"model"`
	Cues  []CueWeight `json:"cues"`
}

// CueWeight is what a cue adds to a score, or two cues near each other.
type CueWeight struct {
	CuePair
	Weight float64 `json:"weight"`
}

// CuePair is a cue, with A and B the same, or two cues near each other, A before B in
// the list of cues.
type CuePair struct {
	A careCue `json:"a"`
	B careCue `json:"b"`
}

// cueTable has what two cues near each other, or one, add to the score of each flag.
type cueTable [careCues][careCues][aspectColumn - careColumn]float64

// careNear is how many words two cues may be apart to belong together.
const careNear = 8

// Where a writer is content by this score, a flag must be this likely.
const (
	content      = 0.4
	contentBound = 0.7
)

// partBound is how likely a part of a long text must make a flag by itself.
const partBound = 0.7

// care returns the flags of a text, each as likely as the whole makes it, or the
// passage or sentence that shows it best.
func (m *Model) care(w *work, language string) (out []Flag) {
	w.hits = w.text.careHits(w.hits[:0])
	out = m.careOf(w, w.whole(), m.tuning.CareBound, language, nil)
	parts := w.passages[:max(0, len(w.passages)-1)]
	for _, p := range parts {
		out = m.careOf(w, p, partBound, language, out)
	}
	for from, n := 0, len(w.tokens); len(parts) > 0 && from < n; {
		to := w.text.sentence(from)
		out = m.careOf(w, passage{from, to}, partBound, language, out)
		from = to
	}
	slices.SortFunc(out, func(a, b Flag) int { return cmp.Compare(slices.Index(Care, a.Kind), slices.Index(Care, b.Kind)) })
	return out
}

// careOf adds the flags of a passage to those of a text.
func (m *Model) careOf(w *work, p passage, bound float64, language string, out []Flag) []Flag {
	sums, norm := w.part(p)
	s := sightOf(w.hitsIn(p))
	mood := softmax3(m.sentimentScores(sums, norm, language), m.tuning.Temperature)
	if mood[2]-mood[0] >= content {
		bound = max(bound, contentBound)
	}
	for c, kind := range Care {
		column := careColumn + c
		f := &m.tuning.Care[c]
		score := f.Bias + f.Model*m.meaning.score(sums[column], column, norm)
		var shows uint64
		for p := range s.pairs {
			weight := m.cues[p.A][p.B][c]
			if score += weight; weight > 0 {
				shows |= 1<<p.A | 1<<p.B
			}
		}
		likely := logistic(score)
		if likely < bound {
			continue
		}
		at := slices.IndexFunc(out, func(f Flag) bool { return f.Kind == kind })
		if at < 0 {
			out, at = append(out, Flag{}), len(out)
		}
		if likely > out[at].Confidence {
			out[at] = Flag{kind, likely, w.careWords(p, s.hits, shows, column)}
		}
	}
	return out
}

// hitsIn are the cues that begin in a passage.
func (w *work) hitsIn(p passage) []careHit {
	at := func(token int) int {
		i, _ := slices.BinarySearchFunc(w.hits, token, func(h careHit, token int) int { return cmp.Compare(h.from, token) })
		return i
	}
	return w.hits[at(p.from):at(p.to)]
}

// sight is which cues a passage has.
type sight struct {
	hits  []careHit
	there uint64
	near  [careCues]uint64 // for each cue that is there itself, and those near it
}

func sightOf(hits []careHit) (s sight) {
	if len(hits) > maxCareHits { // no end of sentence: what matters comes early
		hits = hits[:maxCareHits]
	}
	s.hits = hits
	for i := range hits {
		x := &hits[i]
		s.there |= x.cues
		around := uint64(0)
		for j := range hits {
			y := &hits[j]
			if max(y.from-x.to, x.from-y.to) <= careNear && !x.holds(y) && !y.holds(x) {
				around |= y.cues
			}
		}
		for cues := x.cues; cues != 0; cues &= cues - 1 {
			c := bits.TrailingZeros64(cues)
			s.near[c] |= around | 1<<c
		}
	}
	return s
}

// pairs are all cues of a passage, and pairs of them near each other.
func (s *sight) pairs(yield func(CuePair) bool) {
	for there := s.there; there != 0; there &= there - 1 {
		a := careCue(bits.TrailingZeros64(there))
		for near := s.near[a] >> a << a; near != 0; near &= near - 1 {
			if !yield(CuePair{a, careCue(bits.TrailingZeros64(near))}) {
				return
			}
		}
	}
}

// CareCues returns all cues and pairs of them that a text shows, for training.
func CareCues(given string) (out []CuePair) {
	var t text
	t.fold(given)
	s := sightOf(t.careHits(nil))
	return slices.AppendSeq(out, s.pairs)
}

// maxCareHits bounds the work on passages full of such words.
const maxCareHits = 64

// holds reports whether the tokens of a hit are all within those of another.
func (h *careHit) holds(o *careHit) bool { return h.from <= o.from && h.to >= o.to }

// careWords returns where the cues stand that speak for a flag, or, where there are
// none, the words that the model goes by.
func (w *work) careWords(p passage, hits []careHit, shows uint64, column int) (words []Span) {
	end := 0
	for _, h := range hits {
		if h.cues&shows == 0 || h.to <= end || len(words) == maxShown {
			continue
		}
		from := max(h.from, end)
		end = h.to
		words = append(words, Span{int(w.text.tokens[from].from), int(w.text.tokens[h.to-1].to)})
	}
	if len(words) == 0 {
		_, words = w.evidence(p, column)
	}
	return words
}
