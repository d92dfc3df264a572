package language

import "sync"

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

// careNear is how many words two cues may be apart to belong together.
const careNear = 8

// Where a writer is content by this score, a flag must be at least as likely as not.
const (
	content      = 0.4
	contentBound = 0.5
)

// care returns the flags of a text whose writer feels as a score says.
func (m *Model) care(w *work, mood float64) (out []Flag) {
	bound := m.tuning.CareBound
	if mood >= content {
		bound = max(bound, contentBound)
	}
	cues := w.cues()
	for c, kind := range Care {
		column := careColumn + c
		f := &m.tuning.Care[c]
		score := f.Bias + f.Model*m.meaning.score(w.sums[column], column, w.norm)
		var shows uint64
		for i := range f.Cues {
			if one := &f.Cues[i]; w.shows(cues, one.CuePair) {
				if score += one.Weight; one.Weight > 0 {
					shows |= 1<<one.A | 1<<one.B
				}
			}
		}
		if p := logistic(score); p >= bound {
			out = append(out, Flag{kind, p, w.careWords(shows, column)})
		}
	}
	return out
}

// cues finds the cues of the text, and returns which there are.
func (w *work) cues() (cues uint64) {
	w.hits = w.text.careHits(w.hits[:0])
	if len(w.hits) > maxCareHits { // a long text: what matters comes early, or late
		half := maxCareHits / 2
		w.hits = append(w.hits[:half], w.hits[len(w.hits)-half:]...)
	}
	for _, h := range w.hits {
		cues |= h.cues
	}
	return cues
}

// shows reports whether a text has a cue, or two near each other.
func (w *work) shows(cues uint64, p CuePair) bool {
	both := uint64(1)<<p.A | 1<<p.B
	return cues&both == both && (p.A == p.B || near2(w.hits, p.A, p.B))
}

// CareCues returns all cues and pairs of them that a text shows, for training.
func CareCues(given string) (out []CuePair) {
	w := &work{}
	w.text.fold(given)
	cues := w.cues()
	for a := range careCues {
		for b := a; b < careCues && cues>>a&1 != 0; b++ {
			if w.shows(cues, CuePair{a, b}) {
				out = append(out, CuePair{a, b})
			}
		}
	}
	return out
}

// maxCareHits bounds the work on texts full of such words.
const maxCareHits = 64

// near2 reports whether two cues stand near each other, in words of their own.
func near2(hits []careHit, a, b careCue) bool {
	for i := range hits {
		x := &hits[i]
		if x.cues>>a&1 == 0 {
			continue
		}
		for j := range hits {
			y := &hits[j]
			if y.cues>>b&1 != 0 && max(y.from-x.to, x.from-y.to) <= careNear && !x.holds(y) && !y.holds(x) {
				return true
			}
		}
	}
	return false
}

// holds reports whether the tokens of a hit are all within those of another.
func (h *careHit) holds(o *careHit) bool { return h.from <= o.from && h.to >= o.to }

// careWords returns where the cues stand that speak for a flag, or, where there are
// none, the words that the model goes by.
func (w *work) careWords(shows uint64, column int) (words []Span) {
	end := 0
	for _, h := range w.hits {
		if h.cues&shows == 0 || h.to <= end || len(words) == maxShown {
			continue
		}
		from := max(h.from, end)
		end = h.to
		words = append(words, Span{int(w.text.tokens[from].from), int(w.text.tokens[h.to-1].to)})
	}
	if len(words) == 0 {
		_, words = w.evidence(column)
	}
	return words
}
