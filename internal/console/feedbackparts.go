package console

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/dhvani/dhvani/internal/console/ui"
	"github.com/dhvani/dhvani/internal/feedback"
	"github.com/dhvani/dhvani/internal/language"
	"github.com/dhvani/dhvani/internal/locale"
)

// filterChoice is a value of a filter, with its name and how many there are of it,
// 0 where that is not known.
type filterChoice struct {
	value, label string
	n            int64
}

// menu makes the menu of a filter: its choices, and the name of the chosen one.
func (q feedbackQuery) menu(v *ui.Viewer, current string, set func(q *feedbackQuery, value string), values ...filterChoice) (chosen string, out []ui.Choice) {
	chosen = v.T("common.all")
	for _, c := range append([]filterChoice{{"", chosen, 0}}, values...) {
		if c.value == current {
			chosen = c.label
		}
		side := ""
		if c.n > 0 && current == "" {
			side = v.L.Int(c.n)
		}
		out = append(out, ui.Choice{Label: c.label, Side: side, Current: c.value == current, URL: q.with(v, func(q *feedbackQuery) { set(q, c.value) })})
	}
	return chosen, out
}

func (p *feedbackPage) moodChoices(v *ui.Viewer) []filterChoice {
	m := p.overview.Moods
	return []filterChoice{
		{string(feedback.Good), ui.MoodGood.Label(v), m.Good}, {string(feedback.Neutral), ui.MoodNeutral.Label(v), m.Neutral}, {string(feedback.Bad), ui.MoodBad.Label(v), m.Bad},
		{string(feedback.NoMood), v.T("feedback.mood_none"), m.Unrated},
	}
}

func (p *feedbackPage) channelChoices(v *ui.Viewer) (out []filterChoice) {
	for _, c := range []string{feedback.Survey, feedback.Review, feedback.Chat, feedback.Email, feedback.Social, feedback.InStore} {
		choice := filterChoice{value: c, label: v.L.Word("common.channel", c)}
		for _, o := range p.overview.Channels {
			if o.Channel == c {
				choice.n = o.N
			}
		}
		out = append(out, choice)
	}
	return out
}

// topicChoices are all topics, those that are spoken of most first.
func (p *feedbackPage) topicChoices(v *ui.Viewer) (out []filterChoice) {
	for _, t := range language.Topics {
		choice := filterChoice{value: t, label: topicName(v, t)}
		for _, row := range p.topics {
			if row.Topic == t {
				choice.n = row.N
			}
		}
		out = append(out, choice)
	}
	slices.SortStableFunc(out, func(a, b filterChoice) int { return cmp.Compare(b.n, a.n) })
	return out
}

func sentimentChoices(v *ui.Viewer) (out []filterChoice) {
	for _, s := range slices.Backward(language.Sentiments) {
		out = append(out, filterChoice{value: string(s), label: sentimentMood(s).Label(v)})
	}
	return out
}

func spokenChoices(v *ui.Viewer) (out []filterChoice) {
	for _, tag := range spoken {
		out = append(out, filterChoice{value: tag, label: languageName(v, tag)})
	}
	return out
}

func stateChoices(v *ui.Viewer) []filterChoice {
	return []filterChoice{{value: feedback.Open, label: v.T("feedback.state_open")}, {value: feedback.Handled, label: v.T("feedback.state_handled")}, {value: "mine", label: v.T("feedback.state_mine")}}
}

// options are the choices of a select, "all" being the first.
func options(v *ui.Viewer, values ...filterChoice) []ui.Choice {
	out := []ui.Choice{{Label: v.T("common.all")}}
	for _, c := range values {
		out = append(out, ui.Choice{Label: c.label, Value: c.value})
	}
	return out
}

func kindOptions(v *ui.Viewer) []ui.Choice {
	var all []filterChoice
	for _, k := range []string{feedback.NPS, feedback.CSAT, feedback.CES, feedback.Rating, feedback.Choice, feedback.Text} {
		all = append(all, filterChoice{value: k, label: v.L.Word("common.kind", k)})
	}
	return options(v, all...)
}

func careOptions(v *ui.Viewer) []ui.Choice {
	all := []filterChoice{{value: feedback.AnyCare, label: v.T("feedback.care_any")}}
	for _, c := range language.Care {
		all = append(all, filterChoice{value: c, label: capital(careName(v, c))})
	}
	return options(v, all...)
}

func urgencyOptions(v *ui.Viewer) []ui.Choice {
	var all []filterChoice
	for grade := 1; grade <= 3; grade++ {
		all = append(all, filterChoice{value: strconv.Itoa(grade), label: urgencyName(v, grade)})
	}
	return options(v, all...)
}

// furtherNames are the filters that stand together in one form, by their names in
// the address.
var furtherNames = []string{"sentiment", "disagrees", "care", "urgency", "kind", "rating_min", "rating_max"}

// further is how many of them are set, in words.
func (q feedbackQuery) further(v *ui.Viewer) string {
	n := int64(0)
	for _, value := range []string{q.sentiment, q.disagrees, q.care, q.urgency, q.kind, q.least + q.most} {
		if value != "" {
			n++
		}
	}
	if n == 0 {
		return ""
	}
	return v.L.Int(n)
}

func (p *feedbackPage) productChoices() (out []filterChoice) {
	for _, o := range p.overview.Products {
		out = append(out, filterChoice{o.ID, p.names[o.ID], o.N})
	}
	if id := p.query.product; id != "" && !slices.ContainsFunc(out, func(c filterChoice) bool { return c.value == id }) {
		out = append(out, filterChoice{value: id, label: p.names[id]})
	}
	return out
}

// pins are filters that links from elsewhere set, and those behind "More filters".
func (q feedbackQuery) pins(v *ui.Viewer) (out []ui.Choice) {
	add := func(value, label string, unset func(q *feedbackQuery)) {
		if value != "" {
			out = append(out, ui.Choice{Label: label, URL: q.with(v, unset)})
		}
	}
	further := func(value, label string, choices []ui.Choice, unset func(q *feedbackQuery)) {
		if value == "" {
			return
		}
		for _, c := range choices {
			if c.Value == value {
				value = c.Label
			}
		}
		out = append(out, ui.Choice{Label: label, Value: value, URL: q.with(v, unset)})
	}
	add(q.customer, v.T("feedback.filter_customer"), func(q *feedbackQuery) { q.customer = "" })
	add(q.order, v.T("feedback.filter_order", "ID", q.order), func(q *feedbackQuery) { q.order = "" })
	add(q.survey, v.T("feedback.filter_survey", "ID", q.survey), func(q *feedbackQuery) { q.survey = "" })
	further(q.sentiment, v.T("feedback.text_mood"), options(v, sentimentChoices(v)...), func(q *feedbackQuery) { q.sentiment = "" })
	add(q.disagrees, v.T("feedback.disagrees"), func(q *feedbackQuery) { q.disagrees = "" })
	further(q.care, v.T("feedback.care"), careOptions(v), func(q *feedbackQuery) { q.care = "" })
	further(q.urgency, v.T("feedback.urgency_least"), urgencyOptions(v), func(q *feedbackQuery) { q.urgency = "" })
	further(q.kind, v.T("feedback.kind"), kindOptions(v), func(q *feedbackQuery) { q.kind = "" })
	further(q.least, v.T("feedback.rating")+", "+v.T("feedback.rating_min"), nil, func(q *feedbackQuery) { q.least = "" })
	further(q.most, v.T("feedback.rating")+", "+v.T("feedback.rating_max"), nil, func(q *feedbackQuery) { q.most = "" })
	return out
}

// picked reports whether opinions were picked by how they sound: shares and scores
// of these alone would say nothing.
func (p *feedbackPage) picked() bool {
	q := p.query
	return q.mood+q.least+q.most+q.sentiment+q.toward+q.disagrees != ""
}

// charts are what the chart may show.
func (p *feedbackPage) charts(v *ui.Viewer) (out []ui.Choice) {
	shown := p.shown()
	add := func(value, label string) {
		out = append(out, ui.Choice{Label: label, Current: value == shown, URL: p.query.with(v, func(q *feedbackQuery) { q.chart = value })})
	}
	if p.overview.Rated() > 0 && !p.picked() {
		add("", v.T("feedback.chart_share"))
	}
	add("volume", v.T("feedback.chart_volume"))
	if p.picked() {
		return out
	}
	for _, s := range p.overview.Scores[:min(len(p.overview.Scores), 3)] {
		add(s.Kind, v.L.Word("common.kind", s.Kind))
	}
	return out
}

// shown is which of the charts is shown.
func (p *feedbackPage) shown() string {
	if p.picked() {
		return "volume"
	}
	for _, s := range p.overview.Scores {
		if s.Kind == p.query.chart {
			return s.Kind
		}
	}
	if p.query.chart == "volume" || p.overview.Rated() == 0 {
		return "volume"
	}
	return ""
}

// chart draws what is chosen, a point for each bucket; each leads to its texts.
func (p *feedbackPage) chart(v *ui.Viewer) ui.Chart {
	out := ui.Chart{ID: "feedback-chart", Kind: ui.Stack, Column: v.T("common.date"), Size: "short", Label: v.T("feedback.direction")}
	place := p.found.from.Location()
	l := v.L
	if place.String() != l.Zone.String() {
		l = locale.For(v.L.Lang, place)
	}
	for _, b := range p.overview.Series {
		from, to := saidAt(b.From).In(place), saidAt(b.To).In(place)
		tick, name := p.found.tick(l, from)
		out.Ticks, out.Names = append(out.Ticks, tick), append(out.Names, name)
		out.Links = append(out.Links, p.query.with(v, func(q *feedbackQuery) {
			q.days, q.from, q.to = "", from.Format(minuteFormat), to.Format(minuteFormat)
		}))
	}
	if kind := p.shown(); kind != "" && kind != "volume" {
		i := slices.IndexFunc(p.overview.Scores, func(s feedback.Score) bool { return s.Kind == kind })
		p.scoreChart(v, &out, p.overview.Scores[i])
		return out
	}
	p.moodChart(v, &out)
	return out
}

// moodChart shows moods: as shares of what has one, or as numbers.
func (p *feedbackPage) moodChart(v *ui.Viewer, out *ui.Chart) {
	share := p.shown() == ""
	if share {
		one := 1.0
		out.Unit, out.Max = "%", &one
		out.Format = func(f float64) string { return v.L.Percent(f, 0) }
	} else {
		out.Format = func(f float64) string { return v.L.Int(int64(f)) }
	}
	for _, m := range []struct {
		name string
		tone ui.Tone
		of   func(m feedback.Moods) int64
	}{
		{ui.MoodBad.Label(v), ui.Bad, func(m feedback.Moods) int64 { return m.Bad }},
		{ui.MoodNeutral.Label(v), ui.Neutral, func(m feedback.Moods) int64 { return m.Neutral }},
		{ui.MoodGood.Label(v), ui.Good, func(m feedback.Moods) int64 { return m.Good }},
		{v.T("feedback.mood_none"), ui.Plain, func(m feedback.Moods) int64 { return m.Unrated }},
	} {
		if m.tone == ui.Plain && (share || p.overview.Unrated == 0) {
			continue
		}
		s := ui.Series{Name: m.name, Tone: m.tone}
		for _, b := range p.overview.Series {
			n := float64(m.of(b.Moods))
			if share {
				n /= float64(b.Rated()) // NaN where there is none
			}
			s.Values = append(s.Values, n)
		}
		out.Series = append(out.Series, s)
	}
}

// scoreChart shows a score with its interval.
func (p *feedbackPage) scoreChart(v *ui.Viewer, out *ui.Chart, score feedback.Score) {
	out.Kind, out.Label = ui.Line, v.L.Word("common.kind", score.Kind)
	out.Format = func(f float64) string { return scoreText(v, score, f) }
	s := ui.Series{Name: out.Label, Tone: ui.Plain}
	at := func(f *float64) float64 {
		if f == nil {
			return math.NaN()
		}
		return *f
	}
	for _, b := range score.Series {
		s.Values, s.Low, s.High = append(s.Values, at(b.Value)), append(s.Low, at(b.Low)), append(s.High, at(b.High))
	}
	out.Series = []ui.Series{s}
}

// scoreText writes a value of a score.
func scoreText(v *ui.Viewer, s feedback.Score, f float64) string {
	switch s.Method {
	case feedback.TopBox:
		return v.L.Percent(f/100, 0)
	case feedback.NPS:
		return v.L.Decimal(f, 0)
	}
	return v.L.Decimal(f, 1)
}

// scoreScale is the lowest and highest value of a score.
func scoreScale(s feedback.Score) (low, high float64) {
	switch {
	case s.Method == feedback.NPS:
		return -100, 100
	case s.Method == feedback.TopBox:
		return 0, 100
	case s.Scale == 10:
		return 0, 10
	}
	return 1, float64(max(s.Scale, 2))
}

// fewScores are the answers of a score of few, the highest first.
func fewScores(v *ui.Viewer, s feedback.Score) string {
	var out []string
	for rating := s.Scale; rating >= 0; rating-- {
		for range s.Distribution[fmt.Sprint(rating)] {
			out = append(out, v.L.Int(rating))
		}
	}
	return v.T("feedback.few", "Answers", strings.Join(out, ", "))
}

// scoreInterval draws a score with its interval.
func scoreInterval(v *ui.Viewer, s feedback.Score) ui.Interval {
	low, high := scoreScale(s)
	return ui.Interval{Min: low, Max: high, Value: *s.Value, Low: *s.Low, High: *s.High, Label: v.T("feedback.score_label",
		"Name", v.L.Word("common.kind", s.Kind), "Value", scoreText(v, s, *s.Value), "Low", scoreText(v, s, *s.Low), "High", scoreText(v, s, *s.High))}
}

// perBucket says what a bar stands for.
func (p *feedbackPage) perBucket(v *ui.Viewer) string {
	if p.shown() == "" {
		return v.T("feedback.share_of_each") + ", " + v.L.Word("feedback.per", p.found.bucket)
	}
	return v.L.Word("feedback.per", p.found.bucket)
}

// moodPart is a line of a panel: a channel or product with its opinions.
type moodPart struct {
	name, url string
	n         int64
	moods     feedback.Moods
	byModel   int64
}

func (p *feedbackPage) channels(v *ui.Viewer) (out []moodPart) {
	for _, c := range p.overview.Channels {
		out = append(out, moodPart{v.L.Word("common.channel", c.Channel), p.query.with(v, func(q *feedbackQuery) { q.channel = c.Channel }), c.N, c.Moods, c.ByModel})
	}
	return out
}

func (p *feedbackPage) products(v *ui.Viewer) (out []moodPart) {
	for _, o := range p.overview.Products {
		// As many of a product's moods are the model's as of all: they are not counted.
		byModel := int64(float64(o.Rated()) * share(p.overview.ByModel, p.overview.Rated()))
		out = append(out, moodPart{p.names[o.ID], p.query.with(v, func(q *feedbackQuery) { q.product = o.ID }), o.N, o.Moods, byModel})
	}
	return out
}

// moodSplit is how opinions divide, in words, with the share of good ones.
func moodSplit(v *ui.Viewer, m feedback.Moods) string {
	return v.T("feedback.split", "Bad", m.Bad, "Neutral", m.Neutral, "Good", m.Good)
}

// shareText is a share with its interval; byModel of the n were classed by the model.
func shareText(v *ui.Viewer, k, n, byModel int64) (value, interval string) {
	s, ok := feedback.ShareByModel(k, n, byModel)
	if !ok {
		return "", ""
	}
	return v.L.Percent(s.Value, 0), v.T("common.range", "From", v.L.Percent(s.Low, 0), "To", v.L.Percent(s.High, 0))
}

// since says from when on opinions are counted, where not all are.
func (p *feedbackPage) since(v *ui.Viewer) string {
	if p.overview.Since == "" {
		return ""
	}
	return v.T("feedback.counted_since", "Count", feedback.Counted, "When", v.L.DateTime(saidAt(p.overview.Since)))
}

// streams reports whether new opinions may belong to what is shown.
func (p *feedbackPage) streams(now time.Time) bool {
	return p.query.cursor == "" && (p.found.open || p.found.to.After(now)) && p.query.view != "table"
}
