package console

import (
	"cmp"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/dhvani/dhvani/internal/console/ui"
	"github.com/dhvani/dhvani/internal/event"
	"github.com/dhvani/dhvani/internal/feedback"
	"github.com/dhvani/dhvani/internal/language"
	"github.com/dhvani/dhvani/internal/locale"
	"github.com/dhvani/dhvani/internal/staff"
)

// feedbackQuery is the address of the Feedback page: who has it sees the same.
type feedbackQuery struct {
	text, mood, channel, kind string
	product, order, survey    string
	customer, state           string
	language, sentiment       string // of the text
	topic, toward             string // toward is the sentiment towards the topic
	care, urgency, disagrees  string
	least, most               string // rating
	days                      string // 1, 7 or 30
	from, to                  string // days, or hours of a bar; of the workspace's zone
	view, chart, cursor       string

	page string // address of the page that is filtered; "" is the list's
}

// fields are the query's names, in the order of the address.
func (q *feedbackQuery) fields() []struct {
	name  string
	value *string
} {
	return []struct {
		name  string
		value *string
	}{
		{"q", &q.text}, {"mood", &q.mood}, {"channel", &q.channel}, {"kind", &q.kind}, {"product", &q.product}, {"order", &q.order},
		{"survey", &q.survey}, {"customer", &q.customer}, {"state", &q.state},
		{"topic", &q.topic}, {"toward", &q.toward}, {"language", &q.language}, {"sentiment", &q.sentiment}, {"care", &q.care},
		{"urgency", &q.urgency}, {"disagrees", &q.disagrees}, {"rating_min", &q.least}, {"rating_max", &q.most},
		{"days", &q.days}, {"from", &q.from}, {"to", &q.to}, {"view", &q.view}, {"chart", &q.chart}, {"cursor", &q.cursor},
	}
}

// sentiments and spoken are what may be asked for of a text.
var (
	sentiments = []string{string(language.Negative), string(language.Neutral), string(language.Positive)}
	spoken     = append(slices.Clone(language.Languages), language.Other)
)

func readFeedbackQuery(values url.Values) (q feedbackQuery) {
	for _, f := range q.fields() {
		*f.value = strings.TrimSpace(values.Get(f.name))
	}
	q.text = searched(q.text, 500, 16)
	q.mood = oneOf(q.mood, string(feedback.Good), string(feedback.Neutral), string(feedback.Bad), string(feedback.NoMood))
	q.channel = oneOf(q.channel, feedback.Survey, feedback.Review, feedback.Chat, feedback.Email, feedback.Social, feedback.InStore)
	q.state = oneOf(q.state, feedback.Open, feedback.Handled, "mine")
	q.topic = oneOf(q.topic, language.Topics...)
	q.toward, q.sentiment = oneOf(q.toward, sentiments...), oneOf(q.sentiment, sentiments...)
	q.language = oneOf(q.language, spoken...)
	q.care = oneOf(q.care, append([]string{feedback.AnyCare}, language.Care...)...)
	q.urgency, q.disagrees = oneOf(q.urgency, "1", "2", "3"), oneOf(q.disagrees, "yes")
	if q.topic == "" {
		q.toward = ""
	}
	q.least, q.most = inOrder(q.least, q.most)
	return q
}

// values are the query's names and values, without what is empty and without some.
func (q feedbackQuery) values(without ...string) (out [][2]string) {
	for _, f := range q.fields() {
		left := *f.value != ""
		for _, name := range without {
			left = left && name != f.name
		}
		if left {
			out = append(out, [2]string{f.name, *f.value})
		}
	}
	return out
}

// address is a page's address with the query.
func (q feedbackQuery) address(page string) string {
	values := url.Values{}
	for _, p := range q.values() {
		values.Set(p[0], p[1])
	}
	if len(values) == 0 {
		return page
	}
	return page + "?" + values.Encode()
}

// with is the address of the page after a change of the query, from its first page on.
func (q feedbackQuery) with(v *ui.Viewer, change func(q *feedbackQuery)) string {
	q.cursor = ""
	change(&q)
	return q.address(q.action(v))
}

// action is the address of the page without a query.
func (q feedbackQuery) action(v *ui.Viewer) string { return cmp.Or(q.page, v.URL("feedback")) }

// filtered reports whether more than the span of time is chosen.
func (q feedbackQuery) filtered() bool {
	return len(q.values("days", "from", "to", "view", "chart", "cursor")) > 0
}

// clear takes all filters away but the span of time.
func (q *feedbackQuery) clear() {
	*q = feedbackQuery{days: q.days, from: q.from, to: q.to, view: q.view, chart: q.chart, page: q.page}
}

// times is the query with nothing but the span of time.
func (q feedbackQuery) times() feedbackQuery {
	return feedbackQuery{days: q.days, from: q.from, to: q.to}
}

// filter is what the query asks for, but for the customer.
func (q feedbackQuery) filter(by staff.Actor, found feedbackRange) feedback.Filter {
	f := feedback.Filter{
		Query: q.text, Mood: feedback.Mood(q.mood), Channel: q.channel, Kind: q.kind, Product: q.product, Order: q.order, Survey: q.survey,
		Language: q.language, Sentiment: q.sentiment, Topic: q.topic, TopicSentiment: q.toward, Care: q.care, Disagrees: q.disagrees != "",
		From: found.from.UnixMicro(), Limit: 30,
	}
	f.Urgency, _ = strconv.Atoi(q.urgency)
	if !found.open {
		f.To = found.to.UnixMicro()
	}
	switch q.state {
	case "mine":
		f.Assignee = by.Account
	default:
		f.State = q.state
	}
	for _, r := range []struct {
		text string
		into **event.Millionths
	}{{q.least, &f.RatingMin}, {q.most, &f.RatingMax}} {
		if n, ok := event.ParseMillionths(r.text); ok {
			*r.into = &n
		}
	}
	return f
}

// feedbackRange is the span of time that is shown.
type feedbackRange struct {
	from, to time.Time
	open     bool // goes on as time does
	days     int  // 1, 7 or 30; 0: other
	bucket   string
}

// minuteFormat is how a bar's bounds stand in the address.
const minuteFormat = "2006-01-02T15:04"

// span reads the span of time, in the zone of now. Without one, or with one that
// no opinion can be of, it is 30 days.
func (q feedbackQuery) span(now time.Time) feedbackRange {
	midnight := func(t time.Time, days int) time.Time {
		y, m, d := t.Date()
		return time.Date(y, m, d+days, 0, 0, 0, 0, now.Location())
	}
	out := feedbackRange{to: midnight(now, 1)}
	read := func(text string, days int) (time.Time, bool) {
		t, err := time.ParseInLocation(minuteFormat, text, now.Location())
		if err != nil {
			if t, err = time.ParseInLocation(time.DateOnly, text, now.Location()); err == nil {
				t = midnight(t, days)
			}
		}
		return t, err == nil && t.Year() >= 1970 && t.Year() <= now.Year()+1
	}
	from, hasFrom := read(q.from, 0)
	to, hasTo := read(q.to, 1)
	if hasFrom && hasTo && !from.Before(to) { // the days the other way round
		from, hasFrom = read(q.to, 0)
		to, hasTo = read(q.from, 1)
	}
	switch {
	case hasFrom && hasTo && !from.Before(to):
		hasFrom, hasTo = false, false
	case hasFrom && !hasTo && !from.Before(out.to):
		hasFrom = false
	}
	if !hasFrom && !hasTo {
		out.days = map[string]int{"1": 1, "7": 7}[q.days]
		if out.days == 0 {
			out.days = 30
		}
		out.open, out.from = true, midnight(now, 1-out.days)
	} else {
		if hasTo {
			out.to = to
		}
		if out.from = from; !hasFrom {
			out.from = midnight(out.to, -30)
		}
	}
	switch length := out.to.Sub(out.from); {
	case length <= 49*time.Hour:
		out.bucket = "hour"
	case length <= 100*24*time.Hour:
		out.bucket = "day"
	case length <= 800*24*time.Hour:
		out.bucket = "week"
	default:
		out.bucket = "month"
	}
	return out
}

// tick is how a bucket that begins then is written below an axis, and its name in full.
func (r feedbackRange) tick(l *locale.Locale, from time.Time) (tick, name string) {
	switch r.bucket {
	case "hour":
		return l.Time(from), l.DateTime(from)
	case "month":
		return l.MonthName(from.Month()), l.Month(from)
	}
	return l.DayMonth(from), l.Date(from)
}

// words is the span in words.
func (r feedbackRange) words(v *ui.Viewer) string {
	switch {
	case r.days == 1:
		return v.T("common.today")
	case r.days > 0:
		return v.T("common.last_days", "N", r.days)
	}
	last := r.to.Add(-time.Second)
	if r.to.Sub(r.from) < 24*time.Hour {
		return v.L.Date(r.from) + ", " + v.T("common.range", "From", v.L.Time(r.from), "To", v.L.Time(r.to))
	}
	if r.from.Format(time.DateOnly) == last.Format(time.DateOnly) {
		return v.L.Date(r.from)
	}
	return v.T("common.range", "From", v.L.Date(r.from), "To", v.L.Date(last))
}

// ranges are the spans to choose from.
func (q feedbackQuery) ranges(v *ui.Viewer, found feedbackRange) (out []ui.Choice) {
	for _, d := range []struct {
		days  int
		value string
	}{{1, "1"}, {7, "7"}, {30, ""}} {
		label := v.T("common.last_days", "N", d.days)
		if d.days == 1 {
			label = v.T("common.today")
		}
		out = append(out, ui.Choice{Label: label, Current: found.days == d.days,
			URL: q.with(v, func(q *feedbackQuery) { q.days, q.from, q.to = d.value, "", "" })})
	}
	return out
}
