package console

import (
	"cmp"
	"math"
	"strings"
	"time"

	"github.com/dhvani/dhvani/internal/console/ui"
	"github.com/dhvani/dhvani/internal/event"
	"github.com/dhvani/dhvani/internal/feedback"
	"github.com/dhvani/dhvani/internal/insight"
)

func liveWaveTitle(v *ui.Viewer, p *livePage) string {
	switch p.Range {
	case insight.Hour:
		return v.T("live.wave_minute")
	case insight.Today:
		return v.T("live.wave_hour")
	case insight.Week:
		return v.T("live.wave_hours")
	}
	return v.T("live.wave_day")
}

// hasUsual reports whether any point has a usual range.
func hasUsual(p *livePage) bool {
	for _, x := range p.Points {
		if x.UsualBad.N > 0 {
			return true
		}
	}
	return false
}

func liveUsualName(v *ui.Viewer, p *livePage) string {
	if !hasUsual(p) {
		return ""
	}
	return v.T("live.usual_bad")
}

// tick names a time below the axis, name in full.
func (p *livePage) tick(v *ui.Viewer, at time.Time) string {
	l := p.in(v)
	switch p.Range {
	case insight.Hour, insight.Today:
		return l.Time(at)
	case insight.Week:
		return l.ShortWeekday(at.In(p.Location).Weekday()) + " " + l.Time(at)
	}
	return l.DayMonth(at)
}

func liveWaveChart(v *ui.Viewer, p *livePage) ui.Chart {
	n := len(p.Points)
	good, even, bad, low, high := make([]float64, n), make([]float64, n), make([]float64, n), make([]float64, n), make([]float64, n)
	c := ui.Chart{ID: "live-wave-chart", Kind: ui.Wave, Label: liveWaveTitle(v, p), Column: v.T("common.time")}
	for i, x := range p.Points {
		good[i], even[i], bad[i] = float64(x.Good), float64(x.Even+x.Untold), float64(x.Bad)
		low[i], high[i] = math.NaN(), math.NaN()
		if x.UsualBad.N > 0 {
			low[i], high[i] = x.UsualBad.Low, x.UsualBad.High
		}
		c.Ticks = append(c.Ticks, p.tick(v, p.Bounds[i]))
	}
	c.Series = []ui.Series{
		{Name: ui.MoodGood.Label(v), Tone: ui.Good, Values: good}, {Name: v.T("live.neutral_or_unrated"), Tone: ui.Neutral, Values: even},
		{Name: ui.MoodBad.Label(v), Tone: ui.Bad, Values: bad},
	}
	if p.Range == insight.Hour {
		c.Marks = liveMarks(v, p)
	}
	if hasUsual(p) {
		c.Usual = &ui.Band{Name: v.T("live.usual_bad"), Low: low, High: high}
	}
	return c
}

// fewCheckouts is below what a point of the line would say nothing.
const fewCheckouts = 5

// liveCheckoutChart is the share of checkouts that ended in an order, by time; of
// an hour each five minutes over the last twenty, as single minutes have few.
func liveCheckoutChart(v *ui.Viewer, p *livePage) ui.Chart {
	c := ui.Chart{ID: "live-checkout-chart", Kind: ui.Line, Unit: "%", Label: v.T("live.checkout"), Column: v.T("common.time"), Size: "short"}
	s := ui.Series{Name: v.T("live.checkout"), Tone: ui.Plain}
	if worse(p.Checkout) {
		s.Tone = ui.Bad
	}
	step, over := 1, 1
	if p.Range == insight.Hour {
		step, over = 5, 20
	}
	u := p.Checkout.Usual
	var band ui.Band
	least := 0.9
	if u.N > 0 {
		least = min(least, u.Low)
	}
	for i := 0; i < len(p.Points); i += step {
		end := min(i+step, len(p.Points))
		r := insight.Together(p.Points[max(end-over, 0):end])
		value, low, high := math.NaN(), math.NaN(), math.NaN()
		if r.N >= fewCheckouts && p.Bounds[i].Before(p.Until) {
			value, low, high = r.Share, r.Low, r.High
			least = min(least, low)
		}
		s.Values, s.Low, s.High = append(s.Values, value), append(s.Low, low), append(s.High, high)
		band.Low, band.High = append(band.Low, u.Low), append(band.High, u.High)
		c.Ticks = append(c.Ticks, p.tick(v, p.Bounds[i]))
	}
	c.Series = []ui.Series{s}
	if u.N > 0 {
		band.Name = v.T("common.usual")
		c.Usual = &band
	}
	lowest, most := math.Floor(least*10)/10, 1.0
	c.Min, c.Max = &lowest, &most
	return c
}

func liveCheckoutNote(v *ui.Viewer, p *livePage) string {
	if p.Checkout.Usual.N == 0 {
		return ""
	}
	return v.T("live.grey_usual")
}

// liveStep is a row of the funnel.
type liveStep struct {
	Name, N, Of, Rate, Usual string
	Share                    float64 // of the first step
	Bad, Good                bool
}

func liveSteps(v *ui.Viewer, p *livePage) []liveStep {
	var out []liveStep
	for i, s := range p.Steps {
		row := liveStep{Name: v.T("live.step_" + string(s.Name)), N: v.L.Int(s.N)}
		first := p.Steps[0].N
		if first > 0 {
			row.Share = float64(s.N) / float64(first)
		}
		row.Of = v.L.Percent(row.Share, 1)
		if i > 0 && s.Rate.N > 0 {
			row.Rate, row.Usual, row.Bad, row.Good = v.L.Percent(s.Rate.Share, 1), usualShare(v, s.Rate.Usual), worse(s.Rate), better(s.Rate)
		}
		out = append(out, row)
	}
	return out
}

// liveMethod is a payment method's row.
type liveMethod struct {
	Name, N, Usual, Rate string
	Bad                  bool
}

func liveMethods(v *ui.Viewer, p *livePage) []liveMethod {
	var out []liveMethod
	for _, m := range p.Methods[:min(len(p.Methods), 5)] {
		out = append(out, liveMethod{Name: methodName(v, m.Name), N: v.T("common.sample", "Count", v.L.Int(m.Rate.N)),
			Usual: usualShare(v, m.Rate.Usual), Rate: v.L.Percent(m.Rate.Share, 1), Bad: worse(m.Rate)})
	}
	return out
}

// methodWords are other words for the payment methods that have a name in every language.
var methodWords = map[string]string{
	"cash on delivery": "cod", "cash": "cod", "net banking": "netbanking", "bank transfer": "netbanking", "credit card": "card",
	"debit card": "card", "credit": "card", "debit": "card", "wallets": "wallet",
}

// methodName is a payment method as people write it.
func methodName(v *ui.Viewer, name string) string {
	name = strings.ReplaceAll(name, "_", " ")
	name = cmp.Or(methodWords[name], name)
	if known := v.L.Word("live.method", name); known != name {
		return known
	}
	return capital(name)
}

type liveFailure struct{ Method, Reason, N string }

func liveFailures(v *ui.Viewer, p *livePage) []liveFailure {
	var out []liveFailure
	for _, f := range p.Failures[:min(len(p.Failures), 5)] {
		row := liveFailure{Reason: v.T("live.no_reason"), N: v.L.Int(f.N)}
		if f.Reason != "" {
			row.Reason = capital(f.Reason)
		}
		if f.Method != "" && f.Method != "*" {
			row.Method = methodName(v, f.Method)
		}
		out = append(out, row)
	}
	return out
}

func liveSearches(v *ui.Viewer, p *livePage) string {
	if p.Searches == 0 {
		return ""
	}
	return v.T("live.searches", "N", p.Searches)
}

var channelIcons = map[string]string{
	feedback.Chat: "message-circle", feedback.Review: "star", feedback.Survey: "list-checks",
	feedback.Email: "mail", feedback.Social: "at-sign", feedback.InStore: "store",
}

// liveOpinion is an opinion as a row.
func liveOpinion(v *ui.Viewer, o liveVoice) ui.OpinionInfo {
	at, _ := event.ParseTime(o.At)
	text := o.Text
	if o.Title != "" {
		text = o.Title + "\n" + text
	}
	row := ui.OpinionInfo{
		ID: o.ID, URL: v.URL("feedback", o.ID), Mood: moodOf(o.Mood), Who: o.Who, WhoURL: v.URL("customers", o.CustomerID),
		Channel: v.L.Word("common.channel", o.Channel), Icon: channelIcons[o.Channel], At: time.UnixMicro(at), Text: text, Lang: o.Language, Clamp: true,
	}
	if row.Who == "" {
		row.Who = v.T("live.visitor", "ID", o.CustomerID[len(o.CustomerID)-4:])
	}
	if row.Mood != ui.MoodNone || understood(o.Item) {
		row.Chips = understoodChips(v, o.Item)
	}
	if o.Rating != nil {
		row.Score = v.T("common.of", "Value", v.L.Decimal(*o.Rating, 0), "Most", v.L.Int(o.Scale))
		if o.Kind != feedback.Rating {
			row.Score = v.L.Word("common.kind", o.Kind) + " " + row.Score
		}
		if o.Kind == feedback.NPS {
			row.Score = v.L.Word("common.kind", o.Kind) + " " + v.L.Decimal(*o.Rating, 0)
		}
	}
	return row
}

func moodOf(mood feedback.Mood) ui.Mood {
	switch mood {
	case feedback.Good:
		return ui.MoodGood
	case feedback.Neutral:
		return ui.MoodNeutral
	case feedback.Bad:
		return ui.MoodBad
	}
	return ui.MoodNone
}
