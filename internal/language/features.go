package language

import "unicode/utf8"

// A text is turned into features: hashes of what it is made of. All models read
// the same ones, so a text is cut and hashed once.
//
//   - its words, pairs of neighbours, and words by their consonants, because
//     romanised words are spelt in many ways (bahut, bohot, bht)
//   - runs of 2 to 5 letters within a word and its edges
//   - words near a negation, and words after a "but"
//   - emoji, marks, addresses, and how it is written (capitals, sooo, !!!)

// feature is one of them, and the token it belongs to.
type feature struct {
	hash  uint32
	token uint16
}

// Kinds of features start their hashes apart.
const (
	seedWord = iota + 1
	seedPair
	seedGram
	seedBones
	seedNegated
	seedAfterBut
	seedMark
	seedShape
	seedNegatedGram
)

// mix is the step of the hash: xor and multiply, as in FNV-1a, on 64 bits.
func mix(h, x uint64) uint64 { h = (h ^ x) * 0x9e3779b97f4a7c15; return h ^ h>>29 }

func seeded(kind uint64) uint64 { return mix(0xcbf29ce484222325, kind) }

// Reach of a negation: words after it, and before it where it stands behind
// (Hindi, Bengali, Nepali).
const (
	negatesAfter  = 3
	negatesBefore = 2
)

// features appends the features of a folded text.
func (t *text) features(out []feature) []feature {
	words := [2]uint64{0, edge} // hashes of the last two words
	negated, afterBut := 0, false
	var recent [negatesBefore]struct {
		hash  uint64
		token int
	}
	for i := range t.tokens {
		k := &t.tokens[i]
		n := uint16(min(i, 1<<16-1))
		add := func(h uint64) { out = append(out, feature{uint32(h >> 32), n}) }
		if k.kind != word {
			h := mix(seeded(seedMark), uint64(t.runes[k.start])<<4|uint64(k.kind))
			add(h)
			if k.drawn {
				add(mix(h, 1))
			}
			if k.kind == emoji {
				if f := feelingOf(t.runes[k.start]); f != 0 {
					add(mix(seeded(seedMark), uint64(f)))
				}
			}
			if k.kind == mark && t.runes[k.start] != ',' {
				negated = 0
			}
			words[0], words[1] = words[1], h
			continue
		}
		runes := t.of(k)
		h := seeded(seedWord)
		for _, r := range runes {
			h = mix(h, uint64(plain(r)))
		}
		add(h)
		add(mix(mix(seeded(seedPair), words[1]), h))
		if b := bones(runes); b != 0 {
			add(b)
		}
		out = grams(runes, n, seedGram, out)
		if k.shouted {
			add(mix(seeded(seedShape), 1))
		}
		if k.drawn {
			add(mix(seeded(seedShape), 2))
		}
		switch wordClasses[h] {
		case negator:
			negated = negatesAfter + 1
			for _, w := range recent {
				if w.hash != 0 {
					out = t.negated(w.token, w.hash, out)
				}
			}
		case contrast:
			afterBut, negated = true, 0
			k.contrast = true
		default:
			if negated > 0 {
				out = t.negated(i, h, out)
			}
			if afterBut {
				add(mix(seeded(seedAfterBut), h))
			}
		}
		negated = max(0, negated-1)
		copy(recent[:], recent[1:])
		recent[negatesBefore-1].hash, recent[negatesBefore-1].token = h, i
		words[0], words[1] = words[1], h
	}
	if n := len(t.tokens); n > 0 {
		out = append(out, feature{uint32(mix(mix(seeded(seedPair), words[1]), edge) >> 32), uint16(min(n-1, 1<<16-1))})
	}
	return out
}

// negated appends the features of a negated word: all that it has otherwise, or what
// these say of it would outweigh the negation.
func (t *text) negated(token int, hash uint64, out []feature) []feature {
	n := uint16(min(token, 1<<16-1))
	out = append(out, feature{uint32(mix(seeded(seedNegated), hash) >> 32), n})
	return grams(t.of(&t.tokens[token]), n, seedNegatedGram, out)
}

// edge stands in pairs of words for what is before the first and after the last.
const edge = 1

// Lengths of the runs of letters.
const shortestGram, longestGram = 2, 5

// grams appends the runs of letters of a word with its edges.
func grams(runes []rune, token uint16, seed uint64, out []feature) []feature {
	n := len(runes) + 2
	at := func(i int) uint64 {
		if i == 0 || i == n-1 {
			return '_'
		}
		return uint64(plain(runes[i-1]))
	}
	for i := range n - 1 {
		h := seeded(seed)
		for j := i; j < n && j < i+longestGram; j++ {
			h = mix(h, at(j))
			if j-i+1 >= shortestGram {
				out = append(out, feature{uint32(h >> 32), token})
			}
		}
	}
	return out
}

// bones hashes a Latin word by its consonants as they sound, and by its first
// letter; 0 for words of other scripts and where little would be left.
func bones(runes []rune) uint64 {
	if len(runes) < 3 {
		return 0
	}
	h, n := seeded(seedBones), 0
	var last rune
	for i, r := range runes {
		r = plain(r)
		if r >= utf8.RuneSelf {
			return 0
		}
		switch r {
		case 'a', 'e', 'i', 'o', 'u', 'y':
			if i > 0 {
				last = 0
				continue
			}
			r = 'a'
		case 'h': // kh, gh, ch, th, dh, bh as without
			if i > 0 && last != 0 {
				continue
			}
		case 'w':
			r = 'v'
		case 'z':
			r = 'j'
		case 'q':
			r = 'k'
		case 'x':
			r = 'c'
		}
		if r == last {
			continue
		}
		last = r
		h = mix(h, uint64(r))
		n++
	}
	if n < 2 {
		return 0
	}
	return h
}

// plain is a letter without its accent.
func plain(r rune) rune {
	if r >= 0xc0 && r < 0x250 {
		return plainLatin[r-0xc0]
	}
	return r
}

// Features returns the hashes of a text's features as a task reads them, for
// training; Bits tells which bits are its bucket.
func Features(task Task, given string) []uint32 {
	var t text
	t.fold(given)
	list := t.features
	if task == LanguageTask {
		list = t.spelling
	}
	var out []uint32
	for _, f := range list(nil) {
		out = append(out, f.hash)
	}
	return out
}
