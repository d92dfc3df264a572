package letter

import (
	"strings"
	"time"

	"github.com/dhvani/dhvani/internal/feedback"
	"github.com/dhvani/dhvani/internal/insight/incident"
	"github.com/dhvani/dhvani/internal/locale"
)

// Section is a part of a letter in the reader's words.
type Section struct {
	Name  string // scores, worse, better, phrases, mend, mended or good
	Title string
	Note  string // after the title, in small letters
	None  string // stands in place of the items where there are none
	Items []Item
}

// Item is one thing that a section tells.
type Item struct {
	Title  string
	Value  string // the figure that the title names, "" for none
	Text   string // a sentence or two
	Quote  *Quote
	Figure *Figure
	Line   *Line
	Path   []string // of its page, below the workspace; nil for none
}

// Figure is an estimate with its 95 % interval, and those of the week before.
type Figure struct {
	Min, Max         float64 // of the scale
	Value, Low, High float64
	Known            bool // of the week before
	LastLow, LastTop float64
	Bad              bool
	Label            string // says it in words
}

// Line is a figure over the last weeks; what is not known of a week is NaN.
type Line struct {
	Values, Low, High []float64
	Label             string
}

// Title is what the letter is called: of a shop, and of which days.
func (l *Letter) Title(t *locale.Locale, shop string) string {
	return t.T("letter.subject", "Shop", shop, "Days", l.Days(t))
}

// Days are the days of the letter's week.
func (l *Letter) Days(t *locale.Locale) string {
	return t.T("common.range", "From", t.DayMonth(l.Week.From), "To", t.Date(l.Week.Sunday()))
}

// Lead says in a sentence or two how much was said and how it sounds.
func (l *Letter) Lead(t *locale.Locale) string {
	if l.N == 0 {
		return t.T("letter.lead_none", "N", l.Before)
	}
	lead := "letter.lead"
	if l.Until.Before(l.Week.To) {
		lead = "letter.lead_so_far"
	}
	out := t.T(lead, "N", l.N, "Before", t.Int(l.Before))
	if s, ok := feedback.ShareByModel(l.Moods.Bad, l.Moods.Rated(), l.ByModel); ok {
		out += " " + t.T("letter.lead_bad", "Share", t.Percent(s.Value, 0), "Low", t.Percent(s.Low, 0), "High", t.Percent(s.High, 0))
	}
	return out
}

// readAt is a day after the week, so that all times of it are told with their day.
func (l *Letter) readAt() time.Time { return l.Week.To.AddDate(0, 0, 1) }

// Sections are the parts of the letter, in their order.
func (l *Letter) Sections(t *locale.Locale) []Section {
	scores := Section{Name: "scores", Title: t.T("letter.scores"), Note: t.T("common.interval"), None: t.T("letter.scores_none")}
	for i := range l.Scores {
		scores.Items = append(scores.Items, l.Scores[i].item(t))
	}
	out := []Section{scores}
	if len(l.Worse)+len(l.Better) == 0 {
		out = append(out, Section{Name: "worse", Title: t.T("letter.moved"), None: t.T("letter.moved_none")})
	}
	for _, m := range []struct {
		name, title string
		list        []Topic
	}{{"worse", t.T("letter.worse"), l.Worse}, {"better", t.T("letter.better"), l.Better}} {
		s := Section{Name: m.name, Title: m.title}
		for i := range m.list {
			s.Items = append(s.Items, m.list[i].item(t, m.name == "worse"))
		}
		out = append(out, s)
	}
	phrases := Section{Name: "phrases", Title: t.T("letter.phrases")}
	for _, p := range l.Phrases {
		phrases.Items = append(phrases.Items, Item{Title: p.Text, Text: t.T("topics.rising_row", "N", p.Customers, "Expected", t.Decimal(p.Expected, 0))})
	}
	mend := Section{Name: "mend", Title: t.T("letter.mend"), None: t.T("letter.mend_none")}
	if len(l.Mend) > 0 {
		mend.Note = t.T("letter.mend_note")
	}
	for i := range l.Mend {
		mend.Items = append(mend.Items, l.Mend[i].item(t, l))
	}
	mended := Section{Name: "mended", Title: t.T("letter.mended"), None: t.T("letter.mended_none")}
	for i := range l.Mended {
		mended.Items = append(mended.Items, mendedItem(t, l, &l.Mended[i]))
	}
	good := Section{Name: "good", Title: t.T("letter.good")}
	for _, x := range l.Good {
		good.Items = append(good.Items, Item{Title: incident.Title(t, x.Insight, l.readAt()), Text: incident.Sentence(t, x.Insight, l.readAt()), Path: []string{"incidents", x.ID}})
	}
	if p := l.Praised; p != nil {
		good.Items = append(good.Items, Item{
			Title: t.T("letter.praised", "Topic", topicName(t, p.Topic)), Text: t.T("letter.praised_text", "Good", t.Int(p.Positive), "N", p.N),
			Quote: p.Quote, Path: []string{"topics", p.Topic},
		})
	}
	shown := []Section{}
	for _, s := range append(out, phrases, mend, mended, good) {
		if len(s.Items) > 0 || s.None != "" {
			shown = append(shown, s)
		}
	}
	return shown
}

func topicName(t *locale.Locale, topic string) string { return t.Word("language.topic", topic) }

// text writes a value of a score.
func (s *Score) text(t *locale.Locale, f float64) string {
	switch s.Method {
	case feedback.TopBox:
		return t.Percent(f/100, 0)
	case feedback.NPS:
		return t.Decimal(f, 0)
	}
	return t.Decimal(f, 1)
}

// bounds are the lowest and highest value that a score can have.
func (s *Score) bounds() (low, high float64) {
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

func (s *Score) item(t *locale.Locale) Item {
	name := t.Word("common.kind", s.Kind)
	it := Item{Title: name, Value: s.text(t, *s.Value), Line: s.line(t.T("letter.line", "Name", name, "N", len(s.Series))), Path: []string{"feedback"}}
	answers := t.T("letter.n", "N", s.N)
	it.Text = t.T("letter.figures_only", "Answers", answers) + " "
	if s.Low != nil && s.High != nil {
		low, high := s.bounds()
		label := t.T("feedback.score_label", "Name", name, "Value", it.Value, "Low", s.text(t, *s.Low), "High", s.text(t, *s.High))
		it.Figure = &Figure{Min: low, Max: high, Value: *s.Value, Low: *s.Low, High: *s.High, Bad: s.Move == Fell, Label: label}
		it.Text = t.T("letter.figures", "Range", t.T("common.range", "From", s.text(t, *s.Low), "To", s.text(t, *s.High)), "Answers", answers) + " "
		if s.Last.Low != nil && s.Last.High != nil {
			it.Figure.Known, it.Figure.LastLow, it.Figure.LastTop = true, *s.Last.Low, *s.Last.High
		}
	}
	if s.Last.Value == nil {
		it.Text += t.T("letter.last_none")
		return it
	}
	it.Text += t.T("letter.last", "Value", s.text(t, *s.Last.Value), "N", s.Last.N) + " " +
		t.T([]string{NotClear: "letter.same", Rose: "letter.rose", Fell: "letter.fell"}[s.Move])
	return it
}

func (s *Score) line(label string) *Line {
	out := &Line{Label: label}
	for _, b := range s.Series {
		out.Values, out.Low, out.High = append(out.Values, number(b.Value)), append(out.Low, number(b.Low)), append(out.High, number(b.High))
	}
	return out
}

func (x *Topic) item(t *locale.Locale, worse bool) Item {
	it := Item{Title: topicName(t, x.Name), Value: t.Percent(x.Share.Value, 0), Path: []string{"topics", x.Name}}
	it.Text = t.T("letter.topic", "N", x.N, "Low", t.Percent(x.Share.Low, 0), "High", t.Percent(x.Share.High, 0), "Last", t.Percent(x.Last.Value, 0), "LastN", t.Int(x.LastN))
	it.Figure = &Figure{
		Max: 1, Value: x.Share.Value, Low: x.Share.Low, High: x.Share.High, Known: true, LastLow: x.Last.Low, LastTop: x.Last.High, Bad: worse,
		Label: t.T("feedback.score_label", "Name", it.Title, "Value", it.Value, "Low", t.Percent(x.Share.Low, 0), "High", t.Percent(x.Share.High, 0)),
	}
	return it
}

func (m *Mend) item(t *locale.Locale, l *Letter) (it Item) {
	if x := m.Topic; x != nil {
		it = Item{
			Title: topicName(t, x.Name), Text: t.T("letter.complaints", "N", x.Negative, "All", t.Int(x.N)) + " " +
				t.T("letter.share", "Share", t.Percent(x.Share.Value, 0), "Low", t.Percent(x.Share.Low, 0), "High", t.Percent(x.Share.High, 0)),
			Path: []string{"topics", x.Name},
		}
	} else {
		in := m.Incident.Insight
		it = Item{Title: incident.Title(t, in, l.readAt()), Text: incident.Sentence(t, in, l.readAt()), Path: []string{"incidents", in.ID}}
	}
	if it.Quote = m.Quote; l.Praised != nil && l.Praised.Topic == m.about() {
		it.Text += " " + t.T("letter.divided")
	}
	return it
}

// mendedItem says of an incident that is over how fast it was noticed and mended,
// whom it hit, what it cost, and whether the mending helped.
func mendedItem(t *locale.Locale, l *Letter, x *incident.Stood) Item {
	f := &x.Finding
	parts := []string{t.T("letter.times", "Notice", duration(t, x.Measured.Notice), "Mend", duration(t, x.Measured.Mend))}
	if f.Hit > 0 {
		parts = append(parts, t.T("incident.sum_hit", "N", f.Hit))
		if f.Back > 0 {
			parts = append(parts, t.T("incident.sum_back", "N", f.Back))
		}
	}
	if lost := incident.LostWords(t, f); lost != "" {
		parts = append(parts, lost)
	}
	helped := "letter.closed"
	if x.AsUsual {
		helped = "letter.helped"
	}
	parts = append(parts, t.T(helped))
	return Item{Title: incident.Title(t, x.Insight, l.readAt()), Text: strings.Join(parts, " "), Path: []string{"incidents", x.ID, "report"}}
}

// duration is in seconds below ten minutes, else in minutes.
func duration(t *locale.Locale, d time.Duration) string {
	if d > 10*time.Minute {
		d = d.Round(time.Minute)
	}
	return t.Duration(max(d.Round(time.Second), time.Second))
}
