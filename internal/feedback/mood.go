package feedback

import "github.com/dhvani/dhvani/internal/event"

// Mood is how an opinion sounds: by its rating, until texts are understood.
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

// mood is the value of the column mood.
func (o *opinion) mood() any {
	if !o.rated {
		return nil
	}
	for n, m := range map[int64]Mood{1: Good, 0: Neutral, -1: Bad} {
		if MoodOf(o.kind, o.rating, o.scale, o.inverted) == m {
			return n
		}
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

// Rated is how many have a rating that says how they sound.
func (m Moods) Rated() int64 { return m.Good + m.Neutral + m.Bad }

// Share is a part of a whole with its 95 % interval (Wilson), as fractions of 1.
type Share struct{ Value, Low, High float64 }

// ShareOf is k of n with its interval, and false where n is 0.
func ShareOf(k, n int64) (Share, bool) {
	if n == 0 {
		return Share{}, false
	}
	i := wilson(float64(k)/float64(n), n)
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
