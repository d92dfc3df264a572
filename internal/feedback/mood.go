package feedback

import (
	"math"

	"github.com/dhvani/dhvani/internal/event"
	"github.com/dhvani/dhvani/internal/language"
)

// Mood is how an opinion sounds: by its rating, and without one by its text.
type Mood string

// The moods.
const (
	Good    Mood = "good"
	Neutral Mood = "neutral"
	Bad     Mood = "bad"
	Unrated Mood = "" // there is nothing to go by
)

// NoMood asks a Filter for what has no mood.
const NoMood Mood = "none"

// MoodOf tells the mood of a rating. Of NPS, promoters (9, 10) are good and
// detractors (0 to 6) bad. On other scales the upper third is good (4 and 5 of 5,
// 5 to 7 of 7) and the lower two fifths are bad (1 and 2 of 5, 1 to 3 of 7);
// inverted, where a low rating is the good one.
func MoodOf(kind string, rating event.Millionths, scale int64, inverted bool) Mood {
	if scale < 2 {
		return Unrated
	}
	if kind == NPS {
		switch {
		case rating >= 9*event.One:
			return Good
		case rating >= 7*event.One:
			return Neutral
		}
		return Bad
	}
	low, high := event.Millionths(lowest(scale))*event.One, event.Millionths(scale)*event.One
	if inverted {
		rating = low + high - rating
	}
	switch {
	case 3*(rating-low) >= 2*(high-low):
		return Good
	case 5*(rating-low) <= 2*(high-low):
		return Bad
	}
	return Neutral
}

func (o *opinion) mood() Mood {
	if o.rated {
		return MoodOf(o.kind, o.rating, o.scale, o.inverted)
	}
	return o.heard().mood()
}

// moodOrNull is the value of the column mood.
func (o *opinion) moodOrNull() any {
	switch o.mood() {
	case Good:
		return int64(1)
	case Neutral:
		return int64(0)
	case Bad:
		return int64(-1)
	}
	return nil
}

// Moods are opinions counted by mood.
type Moods struct {
	Good    int64 `json:"good"`
	Neutral int64 `json:"neutral"`
	Bad     int64 `json:"bad"`
	Unrated int64 `json:"unrated"`
}

// of is the count of a mood.
func (m *Moods) of(mood Mood) *int64 {
	switch mood {
	case Good:
		return &m.Good
	case Neutral:
		return &m.Neutral
	case Bad:
		return &m.Bad
	}
	return &m.Unrated
}

// N is how many opinions there are in all.
func (m Moods) N() int64 { return m.Good + m.Neutral + m.Bad + m.Unrated }

// Rated is how many have a rating or a text that says how they sound.
func (m Moods) Rated() int64 { return m.Good + m.Neutral + m.Bad }

// Share is a part of a whole with its 95 % interval (Wilson), as fractions of 1.
type Share struct {
	Value float64 `json:"value"`
	Low   float64 `json:"low"`
	High  float64 `json:"high"`
}

// ShareOf is k of n with its interval, and false where n is 0.
func ShareOf(k, n int64) (Share, bool) { return ShareByModel(k, n, 0) }

// ShareByModel is k of n with its interval, where byModel of the n were classed by
// the model. Its errors do not cancel out as n grows: a share of what it classed
// is off by a standard deviation of language.ShareError. So the variance of the
// share is p(1-p)/n + (f*ShareError)^2 with f the part classed by the model.
// Wilson's limits stand for the first term; the second is added to the squared
// distance of each from p, as limits of independent errors are combined (G. Y.
// Zou, A. Donner, Statistics in Medicine 27, 2008).
func ShareByModel(k, n, byModel int64) (Share, bool) {
	if n == 0 {
		return Share{}, false
	}
	i := wilson(float64(k)/float64(n), n)
	off := z * language.ShareError * float64(byModel) / float64(n)
	i.low, i.high = i.value-math.Hypot(i.value-i.low, off), i.value+math.Hypot(i.high-i.value, off)
	i = i.within(0, 1)
	return Share{i.value, i.low, i.high}, true
}

// Row names a row of feedback. One that is edited may be written by later events.
type Row struct {
	ID     event.ID
	Edited bool
}

// Rows names the rows that an event writes, nearly always none.
func Rows(e *event.Event) []Row {
	var out []Row
	for _, o := range decode(e) {
		out = append(out, Row{o.id, len(o.ratedAt) > 0 || len(o.saidAt) > 0})
	}
	return out
}
