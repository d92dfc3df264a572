package feedback

import "github.com/dhvani/dhvani/internal/event"

// Mood is how an opinion sounds: by its rating, until texts are understood.
type Mood string

// The moods; "" where there is nothing to go by.
const (
	Good    Mood = "good"
	Neutral Mood = "neutral"
	Bad     Mood = "bad"
)

// MoodOf tells the mood of a rating. Of NPS, promoters (9, 10) are good and
// detractors (0 to 6) bad. On other scales the upper third is good (4 and 5 of 5,
// 5 to 7 of 7) and the lower two fifths are bad (1 and 2 of 5, 1 to 3 of 7);
// inverted, where a low rating is the good one.
func MoodOf(kind string, rating event.Millionths, scale int64, inverted bool) Mood {
	if scale < 2 {
		return ""
	}
	low := lowest(scale)
	share := (rating.Float() - float64(low)) / float64(scale-low)
	if inverted {
		share = 1 - share
	}
	good, bad := 0.65, 0.4
	if kind == NPS {
		good, bad = 0.85, 0.65
	}
	switch {
	case share >= good:
		return Good
	case share <= bad:
		return Bad
	}
	return Neutral
}

// Mood tells the item's mood.
func (it *Item) Mood() Mood {
	switch {
	case it.Sentiment == "positive":
		return Good
	case it.Sentiment == "negative":
		return Bad
	case it.Sentiment == "neutral":
		return Neutral
	case it.Rating == nil:
		return ""
	}
	return MoodOf(it.Kind, event.Millionths(*it.Rating*float64(event.One)), it.Scale, it.Inverted)
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
