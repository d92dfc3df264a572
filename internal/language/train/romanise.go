package train

import (
	"cmp"
	"math/rand/v2"
	"strings"
	"unicode"
)

// romanised is the form of a language in Latin letters.
var romanised = map[string]string{"hi": "hi-Latn", "bn": "bn-Latn", "ne": "ne-Latn"}

// romanise writes a text in Devanagari or Bengali with Latin letters, as people type:
// by sound and without marks, and where there are several usual spellings with one of
// them by chance. Words in other letters stay as they are.
func romanise(text, language string, random *rand.Rand) string {
	var out strings.Builder
	word := []rune{}
	flush := func() {
		if len(word) > 0 {
			out.WriteString(romaniseWord(word, language, random))
			word = word[:0]
		}
	}
	for _, r := range text {
		switch {
		case r >= '०' && r <= '९':
			flush()
			out.WriteRune(r - '०' + '0')
		case r >= '০' && r <= '৯':
			flush()
			out.WriteRune(r - '০' + '0')
		case r == '।' || r == '॥':
			flush()
			out.WriteByte('.')
		case unicode.In(r, unicode.Devanagari, unicode.Bengali), r == '\u200c', r == '\u200d':
			word = append(word, r)
		default:
			flush()
			out.WriteRune(r)
		}
	}
	flush()
	return out.String()
}

// sound is a letter by its sound: a consonant or a vowel.
type sound struct {
	spellings string // usual ones, the likeliest first
	consonant bool
	implied   bool // the vowel of a consonant that has no other
}

// Letters by their distance from the beginning of their script's block; the blocks of
// Devanagari and Bengali are laid out alike.
var vowelSounds = map[rune]string{
	0x05: "a", 0x06: "a aa", 0x07: "i", 0x08: "i ee", 0x09: "u", 0x0a: "u oo", 0x0b: "ri",
	0x0f: "e", 0x10: "ai", 0x11: "o", 0x13: "o", 0x14: "au",
	0x3e: "a a aa", 0x3f: "i", 0x40: "i i ee", 0x41: "u", 0x42: "u oo", 0x43: "ri",
	0x45: "e", 0x47: "e", 0x48: "ai", 0x49: "o", 0x4b: "o", 0x4c: "au",
}

var consonantSounds = map[rune]string{
	0x15: "k", 0x16: "kh", 0x17: "g", 0x18: "gh", 0x19: "n", 0x1a: "ch", 0x1b: "ch chh", 0x1c: "j", 0x1d: "jh", 0x1e: "n",
	0x1f: "t", 0x20: "th", 0x21: "d", 0x22: "dh", 0x23: "n", 0x24: "t", 0x25: "th", 0x26: "d", 0x27: "dh", 0x28: "n",
	0x2a: "p", 0x2b: "ph f", 0x2c: "b", 0x2d: "bh", 0x2e: "m", 0x2f: "y", 0x30: "r", 0x32: "l", 0x33: "l", 0x35: "w v",
	0x36: "sh s", 0x37: "sh", 0x38: "s", 0x39: "h",
	0x58: "k q", 0x59: "kh", 0x5a: "g", 0x5b: "z j", 0x5c: "d r", 0x5d: "dh rh", 0x5e: "f", 0x5f: "y",
}

// Bengali letters that sound otherwise than those of Devanagari at their place.
var bengaliSounds = map[rune]string{
	0x05: "o", 0x10: "oi", 0x14: "ou", 0x48: "oi", 0x4c: "ou", 0x1b: "ch s", 0x19: "ng", 0x2d: "bh v", 0x2f: "j", 0x38: "s sh", 0x36: "sh s",
	0x5c: "r", 0x5d: "r", 0x5f: "y", 0x4e: "t", 0x70: "r", 0x71: "w",
}

var implied = map[string]string{"hi": "a", "ne": "a", "bn": "o"}

// Words that are spelt otherwise than they sound.
var usualSpellings = map[string]string{
	"में": "me mein", "मैं": "main mai", "नहीं": "nahi nhi nahin", "है": "hai h", "हैं": "hain hai", "यह": "ye yeh", "वह": "wo woh", "ये": "ye", "वो": "wo", "बहुत": "bahut bhut",
	"हूँ": "hu hoon", "हूं": "hu hun", "क्या": "kya", "और": "aur", "कुछ": "kuch", "अच्छा": "accha acha", "अच्छी": "acchi achi", "अच्छे": "acche ache", "छ": "cha chha", "छैन": "chaina xaina", "छन्": "chan", "हुन्छ": "huncha hunxa",
	"র": "r", "এই": "ei", "খুব": "khub", "না": "na", "নাই": "nai", "ভালো": "valo bhalo", "ভাল": "valo bhalo", "আছে": "ache", "কেন": "keno", "কত": "koto", "কবে": "kobe", "কোন": "kon", "হয়": "hoy", "নয়": "noy",
}

func romaniseWord(word []rune, language string, random *rand.Rand) string {
	choose := func(list string) string {
		all := strings.Fields(list)
		return all[random.IntN(len(all))]
	}
	if s, ok := usualSpellings[string(word)]; ok {
		return choose(s)
	}
	var sounds []sound
	for i, r := range word {
		bengali := unicode.Is(unicode.Bengali, r)
		at := r - 0x0900
		if bengali {
			at = r - 0x0980
		}
		spelt := func(table map[rune]string) string {
			if s := bengaliSounds[at]; bengali && s != "" {
				return s
			}
			return table[at]
		}
		last := len(sounds) - 1
		switch {
		case vowelSounds[at] != "":
			if at >= 0x3e && last >= 0 && sounds[last].implied {
				sounds = sounds[:last]
			}
			sounds = append(sounds, sound{spellings: spelt(vowelSounds)})
		case at == 0x4d: // no vowel
			if last >= 0 && sounds[last].implied {
				sounds = sounds[:last]
			}
		case at == 0x3c: // a dot below
			if last > 0 {
				of := &sounds[last-1].spellings
				*of = cmp.Or(map[bool]map[string]string{
					false: {"j": "z j", "d": "d r", "dh": "dh rh", "ph f": "f", "k": "k q"},
					true:  {"d": "r", "dh": "r", "j": "y", "y": "y"},
				}[bengali][*of], *of)
			}
		case at == 0x01 || at == 0x02: // of the nose
			s := "n"
			if bengali && at == 0x02 {
				s = "ng"
			} else if i+1 < len(word) && strings.ContainsRune("पफबभम", word[i+1]) {
				s = "m"
			} else if i+1 == len(word) || bengali {
				continue
			}
			sounds = append(sounds, sound{spellings: s, consonant: true})
		case consonantSounds[at] != "" || bengali && bengaliSounds[at] != "":
			s := spelt(consonantSounds)
			if bengali && at == 0x2f && i > 0 { // after another consonant
				s = "y"
			}
			sounds = append(sounds, sound{spellings: s, consonant: true})
			if !bengali || at != 0x4e {
				sounds = append(sounds, sound{spellings: implied[language], implied: true})
			}
		}
	}
	return spell(sounds, language, choose)
}

// spell leaves out the implied vowels that are not spoken: at the end, unless more
// than one consonant is before it or it is the only vowel, and between two syllables that have
// vowels.
func spell(sounds []sound, language string, choose func(string) string) string {
	silent := make([]bool, len(sounds))
	vowels := 0
	for _, s := range sounds {
		if !s.consonant {
			vowels++
		}
	}
	if n := len(sounds); n > 0 && sounds[n-1].implied && vowels > 1 {
		silent[n-1] = n < 3 || !sounds[n-2].consonant || !sounds[n-3].consonant || language == "hi"
	}
	for i := len(sounds) - 3; i >= 2; i-- {
		silent[i] = sounds[i].implied && sounds[i-1].consonant && !sounds[i-2].consonant && !silent[i-2] &&
			sounds[i+1].consonant && !sounds[i+2].consonant && !silent[i+2]
	}
	var out strings.Builder
	for i, s := range sounds {
		if !silent[i] {
			out.WriteString(choose(s.spellings))
		}
	}
	return out.String()
}
