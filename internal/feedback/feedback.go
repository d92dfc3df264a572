// Package feedback keeps what customers say, on every channel, as one kind of
// row: an answer to a survey, a product review, a chat message, a social post,
// a reply to an e-mail, a remark in the store. From the ratings among them it
// makes scores (NPS, CSAT, CES, rating), each with its n and a 95 % interval.
//
// A row is made from one event and one question. Two kinds of event name what
// they edit: a review (review id, order and profile) and the partial answers of
// one survey submission (submission id, profile and question). Of the events of
// such a row only the verified count, where there are any. The latest of them, by
// event time and then message hash, is the row, but for a rating or a text that
// it does not give: these stay as last given. The earliest gives the row's time.
// So arrival order does not matter.
//
// A visitor's review that they edit after they logged in has a row for each of
// the two profiles. Readers count the last edited alone, as long as the profiles
// are one customer's.
//
// Nothing is rejected here. A property that is missing or makes no sense is
// left out, and what then has neither text nor rating is no opinion.
//
// Texts are understood by a model: language, sentiment, topics with the sentiment
// towards each, care and urgency. What staff say of a text is kept and wins over
// the model, also in a replay. An opinion sounds good or bad by its rating, and
// without one by its text.
package feedback

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/cases"
	"golang.org/x/text/unicode/norm"

	"github.com/dhvani/dhvani/internal/event"
)

// Channels.
const (
	Survey  = "survey"
	Review  = "review"
	Chat    = "chat"
	Social  = "social"
	Email   = "email"
	InStore = "store"
)

// Kinds of opinion. The first four have a rating, and are kinds of score.
const (
	NPS    = "nps"
	CSAT   = "csat"
	CES    = "ces"
	Rating = "rating"
	Choice = "choice"
	Text   = "text"
)

// MaxText is how many characters of a text are kept; a longer one is cut and
// flagged.
const MaxText = 20_000

const (
	maxID    = 512 // bytes of an identifier; a longer one counts as missing
	maxScale = 100
)

// opinion is a row of feedback as an event makes it; migration 00005 tells what
// the columns mean.
type opinion struct {
	workspace, model int64
	id               event.ID
	profile          event.ID
	at, editedAt     int64
	stamp            event.ID
	ratedAt, saidAt  []byte // when it was rated and said, for rows that can be edited; empty where not
	channel, kind    string
	title, text      string
	cut              bool
	understood       // title and text
	rating           event.Millionths
	rated            bool
	scale            int64
	inverted         bool
	shard            int64
	product, order   string
	survey, question string
	external         string
	review           event.ID // zero where it has no id
	twin             bool     // another profile wrote the review as well
	replyTo          string
	origin, author   string
	verified         bool
}

// setText keeps a text, cut to MaxText characters.
func (o *opinion) setText(s string) {
	s = visible(s)
	o.text = short(s)
	o.cut = len(o.text) < len(s)
}

// visible is a text, or none where there is nothing to see in it.
func visible(s string) string {
	seen := func(r rune) bool {
		return unicode.IsGraphic(r) && !unicode.IsSpace(r) && !unicode.In(r, unicode.Cf, unicode.Other_Default_Ignorable_Code_Point, unicode.Variation_Selector)
	}
	if strings.IndexFunc(s, seen) < 0 {
		return ""
	}
	return s
}

// short cuts a text to MaxText characters.
func short(s string) string {
	if len(s) <= MaxText {
		return s
	}
	n := 0
	for i := range s {
		if n++; n > MaxText {
			return s[:i]
		}
	}
	return s
}

// rate keeps a rating that fits its kind and scale; a scale of 0 takes the
// kind's own.
func (o *opinion) rate(rating event.Millionths, scale int64) {
	if scale == 0 {
		scale = defaultScale(o.kind)
	}
	one := event.One
	switch {
	case o.kind == NPS && (scale != 10 || rating%one != 0):
		return
	case rating < event.Millionths(lowest(scale))*one || rating > event.Millionths(scale)*one:
		return
	}
	o.rating, o.rated, o.scale = rating, true, scale
}

// defaultScale is the highest rating of a kind where nothing else is said: 0 to
// 10 is the scale of NPS, 1 to 5 the usual one of CSAT and of stars, 1 to 7 of CES.
func defaultScale(kind string) int64 {
	return map[string]int64{NPS: 10, CSAT: 5, CES: 7, Rating: 5}[kind]
}

// lowest is the lowest rating of a scale: scales of ten points begin at 0, as
// NPS and PostHog's do, all others at 1.
func lowest(scale int64) int64 {
	if scale == 10 {
		return 0
	}
	return 1
}

// empty reports whether nothing is said.
func (o *opinion) empty() bool { return !o.rated && o.text == "" && o.title == "" }

// searchable is a text as it is searched: case folded, in normal form C (which
// spells the letters of Indic scripts in one way), and without the joiners and
// soft hyphens that change only how a word looks.
func searchable(s string) string {
	ascii := true
	for i := 0; ascii && i < len(s); i++ {
		ascii = s[i] < utf8.RuneSelf
	}
	if ascii {
		return strings.ToLower(s)
	}
	s = cases.Fold().String(norm.NFC.String(s))
	if strings.ContainsAny(s, invisible) {
		s = strings.Map(func(r rune) rune {
			if strings.ContainsRune(invisible, r) {
				return -1
			}
			return r
		}, s)
	}
	return norm.NFC.String(s)
}

// invisible: zero width non-joiner and joiner, soft hyphen, byte order mark.
const invisible = "\u200c\u200d\u00ad\ufeff"

func identifier(p event.Object, names ...string) string {
	if t := p.First(names...); len(t) <= maxID {
		return t
	}
	return ""
}
