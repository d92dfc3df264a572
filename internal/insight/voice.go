package insight

import (
	"strings"
	"unicode"

	"github.com/dhvani/dhvani/internal/event"
)

// opinion is what an outcome tells of a row of feedback.
type opinion struct {
	channel, language, topics, product, order, said, kind string
	mood                                                  int64 // as in the row, 0 where it is unknown
	rated, inverted                                       bool
	rating, scale                                         int64 // millionths; the highest possible
}

// bad is how badly an opinion sounds.
func (o *opinion) bad() float64 { return float64(1-o.mood) / 2 }

// height is where a rating stands on its scale, from 0 for the worst.
func (o *opinion) height() float64 {
	lowest := 1.0
	if o.scale == 10 {
		lowest = 0 // as feedback has it
	}
	h := (float64(o.rating)/float64(event.One) - lowest) / (float64(o.scale) - lowest)
	if o.inverted {
		h = 1 - h
	}
	return min(max(h, 0), 1)
}

// wordsOf is the same for texts with the same letters and digits.
func wordsOf(workspace int64, said string) event.ID {
	return event.NewID(workspace, "words", strings.Map(func(r rune) rune {
		if unicode.IsLetter(r) || unicode.IsMark(r) || unicode.IsDigit(r) {
			return r
		}
		return -1
	}, said))
}
