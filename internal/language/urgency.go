package language

import (
	"strings"
	"sync"
)

// How urgent a text is can be told from words: of anger, of having asked before, of
// money that is gone, of a date that passes. Some say it alone; others only when
// two stand near each other (refund ... when). urgencyWords holds them.

// cue is what a word or phrase is a sign of.
type cue uint8

const (
	insult   cue = iota // says anger alone
	cross               // says it with capitals, !!! or an angry face
	repeated            // says alone that the writer has asked before
	again               // likewise, unless the writer buys again
	times               // so many times
	contact             // wrote, called, complained
	bought              // does what is not asking again: third time I buy
	gone                // says alone that money is missing
	money               // the money, the refund
	debited             // was taken
	paid                // or billed
	twice
	noOrder // and there is nothing for it
	missing // has not come; where, when
	settled // has come
	urgent  // says alone that it cannot wait
	soon    // today, tomorrow
	weekday
	event // a wedding, a flight
	need
	cues
)

// near is how many words two cues may be apart to belong together.
const near = 10

// lexicon holds words and runs of words by their hashes.
type lexicon struct {
	maybe []uint64         // a bit by some bits of a hash: whether the map can hold it
	words map[uint64]entry // beginnings and wholes of phrases
}

type entry struct {
	cues uint64 // a bit for each
	goes bool   // on: longer phrases begin with it
}

// newLexicon makes room for phrases. The bits, a power of two, should be ten times
// as many.
func newLexicon(bits int) *lexicon {
	return &lexicon{make([]uint64, bits/64), map[uint64]entry{}}
}

func (p *lexicon) may(h uint64) bool {
	h >>= 32
	return p.maybe[h/64%uint64(len(p.maybe))]>>(h%64)&1 != 0
}

// learnList takes in phrases between commas or on lines of their own.
func (p *lexicon) learnList(list string, cue uint64) {
	var t text
	for one := range strings.FieldsFuncSeq(list, func(r rune) bool { return r == ',' || r == '\n' }) {
		one, stem := strings.CutSuffix(strings.TrimSpace(one), "*")
		if t.fold(one); len(t.tokens) > 0 {
			p.learn(&t, cue, stem)
		}
	}
}

// urgencyPhrases are built when the first text is read.
var urgencyPhrases = sync.OnceValue(func() *lexicon {
	p := newLexicon(1 << 15)
	for c, list := range urgencyWords {
		p.learnList(list, 1<<c)
	}
	return p
})

// learn takes in the phrase of a folded text. With stem its last word may have any
// ending.
func (p *lexicon) learn(t *text, cues uint64, stem bool) {
	whole := uint64(0)
	for i := range t.tokens {
		if i > 0 {
			w := p.words[whole]
			w.goes = true
			p.words[whole] = w
		}
		from := whole
		if stem && i == len(t.tokens)-1 {
			from++ // apart from whole words
		}
		whole = mix(from, wordHash(t.of(&t.tokens[i])))
		if _, known := p.words[whole]; !known {
			p.words[whole] = entry{}
		}
		h := whole >> 32
		p.maybe[h/64%uint64(len(p.maybe))] |= 1 << (h % 64)
	}
	w := p.words[whole]
	w.cues |= cues
	p.words[whole] = w
}

func wordHash(runes []rune) uint64 {
	h := seeded(seedWord)
	for _, r := range runes {
		h = mix(h, uint64(plain(r)))
	}
	return h
}

// cuesAt returns the cues of the phrases that begin with a token, and where the
// longest of them ends.
func (p *lexicon) cuesAt(t *text, i int) (found uint64, end int) {
	whole := uint64(0)
	for ; i < len(t.tokens) && t.tokens[i].kind <= number; i++ {
		h := seeded(seedWord)
		for _, r := range t.of(&t.tokens[i]) {
			h = mix(h, uint64(plain(r)))
			if stem := mix(whole+1, h); p.may(stem) {
				if cues := p.words[stem].cues; cues != 0 {
					found |= cues
					end = i + 1
				}
			}
		}
		if whole = mix(whole, h); !p.may(whole) {
			break
		}
		w := p.words[whole]
		if w.cues != 0 {
			found |= w.cues
			end = i + 1
		}
		if !w.goes {
			break
		}
	}
	return found, end
}

// heard is what was heard of urgency in a text.
type heard struct {
	last                [cues]int // the token after the last one with a cue; 0 none
	insulted, crossed   bool
	repeated            bool
	money, date         int
	shouted, words      int
	shoutedMarks, angry bool
}

// urgency grades how soon somebody should look at a folded text; care says that it
// has a care flag, and intent, where one is certain, tells of money that is gone in
// words that are not listed.
func (t *text) urgency(care bool, intent string) Urgency {
	var h heard
	switch intent {
	case "charged_twice":
		h.money = 2
	case "refund_status":
		h.money = 1
	}
	p := urgencyPhrases()
	for i := range t.tokens {
		k := &t.tokens[i]
		switch k.kind {
		case word:
			h.words++
			if k.shouted {
				h.shouted++
			}
			if found, _ := p.cuesAt(t, i); found != 0 {
				h.note(found, i+1)
			}
		case number:
			if after, _ := p.cuesAt(t, i+1); after&(1<<times) != 0 {
				found := uint64(1 << times)
				if v, size := digitAt(t.given, int(k.from)); v == 2 && size == int(k.to-k.from) {
					found |= 1 << twice
				}
				h.note(found, i+2)
			}
		case mark:
			h.shoutedMarks = h.shoutedMarks || k.drawn && t.runes[k.start] == '!'
		case emoji:
			switch t.runes[k.start] {
			case '😡', '🤬', '😠', '👿', '🖕', '😤':
				h.angry = true
			}
		}
	}
	return h.urgency(care)
}

// note takes in the cues of a token, and what they say with those before.
func (h *heard) note(found uint64, at int) {
	for s := range cues {
		if found&(1<<s) != 0 {
			h.last[s] = at
		}
	}
	now := func(s cue) bool { return h.last[s] > 0 && at-h.last[s] <= near }
	h.insulted = h.insulted || now(insult)
	h.crossed = h.crossed || now(cross)
	h.repeated = h.repeated || now(repeated) || now(times) && now(contact)
	switch {
	case now(gone), now(twice) && (now(debited) || now(money) || now(paid)), now(debited) && now(noOrder):
		h.money = 2
	case now(money) && now(missing) && !now(settled):
		h.money = max(h.money, 1)
	}
	switch {
	case now(soon) && now(event):
		h.date = 2
	case now(urgent), now(weekday) && now(event), now(soon) && now(need):
		h.date = max(h.date, 1)
	}
}

// urgency puts what was heard into a grade: that of the gravest reason, and one
// more for each further one; 3 only for three reasons or care.
func (h *heard) urgency(care bool) Urgency {
	loud := h.shouted >= 3 || h.shouted >= 2 && h.shouted*2 >= h.words || h.shoutedMarks || h.angry
	var u Urgency
	add := func(reason string, grade int) {
		if grade == 0 {
			return
		}
		if len(u.Reasons) > 0 {
			grade = max(grade, u.Grade) + 1
			if len(u.Reasons) == 1 {
				grade = min(grade, 2)
			}
		}
		u.Grade = min(3, grade)
		u.Reasons = append(u.Reasons, reason)
	}
	switch {
	case h.insulted && loud:
		add("anger", 2)
	case h.insulted, h.crossed && loud:
		add("anger", 1)
	}
	apart := h.last[again] - h.last[bought]
	if h.repeated || h.last[again] > 0 && (h.last[bought] == 0 || max(apart, -apart) > near) {
		add("repeated", 1)
	}
	add("money", h.money)
	add("date", h.date)
	u.Calm = u.Grade
	if care {
		u.Grade = 3
		u.Reasons = append(u.Reasons, "care")
	}
	return u
}
