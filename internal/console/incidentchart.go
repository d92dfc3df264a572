package console

import (
	"context"
	"math"
	"slices"
	"time"

	"github.com/dhvani/dhvani/internal/console/ui"
	"github.com/dhvani/dhvani/internal/db"
	"github.com/dhvani/dhvani/internal/feedback"
	"github.com/dhvani/dhvani/internal/insight"
	"github.com/dhvani/dhvani/internal/insight/cause"
	"github.com/dhvani/dhvani/internal/insight/incident"
	"github.com/dhvani/dhvani/internal/locale"
)

// incidentSeries is the strongest sign over time, from some while before it began.
type incidentSeries struct {
	sign     incident.Sign
	of       *cause.Pair // what the chart is restricted to, nil for all
	choices  []cause.Pair
	from, to time.Time
	step     time.Duration
	slots    []insight.Slot
	spoken   bool // it counts opinions one by one
}

// chartSteps are how long a point of the chart may last.
var chartSteps = []time.Duration{time.Minute, 5 * time.Minute, 15 * time.Minute, time.Hour, 3 * time.Hour, 6 * time.Hour, 24 * time.Hour}

const (
	mostMark    = 36 // characters beside a mark
	mostPoints  = 90 // of a chart
	leastPoints = 8
	mostSpoken  = 1000 // opinions that are counted one by one
	leastCases  = 8    // that a point has on average, where the chart is long enough
	fewCases    = 3    // below what a point would say nothing; in the trouble each one says something
)

// readSeries reads what the chart shows. which names the dimension that it is
// restricted to, "" what is best; anything else is all.
func (c *Console) readSeries(ctx context.Context, v *ui.Viewer, in *incident.Insight, which string) (s incidentSeries, err error) {
	var ok bool
	if s.sign, ok = strongest(in); !ok {
		return s, nil
	}
	s.choose(in, which)
	s.to = v.Now
	if end := in.RecoveredAt; !end.IsZero() && in.State != incident.Open && in.State != incident.Acknowledged {
		s.to = earlier(s.to, end.Add(time.Hour))
	}
	since := time.UnixMicro(in.Finding.Since)
	s.from = since.Add(-max(s.to.Sub(since)/2, 30*time.Minute))
	grain := insight.Quarter
	if v.Now.Sub(s.from) < 47*time.Hour { // finer ones are kept for two days
		grain = insight.Minute
	} else if v.Now.Sub(s.from) > 59*24*time.Hour {
		grain = insight.Day
	}
	place := v.Workspace.Location()
	var slots []insight.Slot
	if isPhrase(s.sign) || slices.Contains(s.sign.Of, incident.ByStrangers) {
		slots, err = c.readSpoken(ctx, v.Workspace.Number, &s, grain)
	} else {
		slots, err = c.readSlots(ctx, v.Workspace.Number, s, grain)
	}
	if err != nil {
		return s, err
	}
	s.step = stepOf(slots, s.to.Sub(s.from), time.Duration(grain)*time.Minute, s.sign.Outcome != "")
	s.slots, s.from = together(slots, s.from.In(place), s.to, s.step)
	return s, nil
}

// choose finds out what the chart may be restricted to, each by one value: what the
// sign itself is about, and the likeliest cause. It begins with the
// first of these, as far as it is sure.
func (s *incidentSeries) choose(in *incident.Insight, which string) {
	if s.sign.Outcome == "" {
		return
	}
	if len(s.sign.Of) == 1 {
		s.choices = append(s.choices, s.sign.Of[0])
	}
	if len(in.Finding.Causes) > 0 {
		for _, p := range in.Finding.Causes[0].Pairs {
			if !slices.Contains(s.choices, p) && p.Dim != string(insight.DimReason) { // only what failed has a reason
				s.choices = append(s.choices, p)
			}
		}
	}
	for i := range s.choices {
		if s.choices[i].Dim == which || which == "" && i == 0 && (in.Finding.Sure || len(s.sign.Of) == 1) {
			s.of = &s.choices[i]
		}
	}
}

func earlier(a, b time.Time) time.Time {
	if a.Before(b) {
		return a
	}
	return b
}

func (c *Console) readSlots(ctx context.Context, workspace int64, s incidentSeries, g insight.Grain) (out []insight.Slot, err error) {
	from, to := s.from.UnixMicro(), s.to.UnixMicro()
	if s.sign.Outcome == "" {
		return c.Insight.CountSeries(ctx, workspace, s.sign.Name, from, to, g)
	}
	var dim insight.Dim
	var value string
	if s.of != nil {
		dim, value = insight.Dim(s.of.Dim), s.of.Value
	}
	err = c.Insight.DB.View(ctx, func(tx *db.Tx) error {
		out, err = c.Insight.OutcomeSeries(ctx, tx, workspace, s.sign.Outcome, dim, value, from, to, g)
		if err != nil || dim != insight.DimTopic {
			return err
		}
		all, err := c.Insight.OutcomeSeries(ctx, tx, workspace, s.sign.Outcome, "", "", from, to, g)
		for i := range out { // complaints about it, of all opinions
			out[i].N = 0
		}
		for i := range all {
			all[i].Bad = 0
		}
		out = append(out, all...)
		return err
	})
	return out, err
}

// readSpoken counts the opinions that hold a phrase, or rate a product; the chart is then of a count.
func (c *Console) readSpoken(ctx context.Context, workspace int64, s *incidentSeries, g insight.Grain) (out []insight.Slot, err error) {
	f := feedback.Filter{From: s.from.UnixMicro(), To: s.to.UnixMicro(), Limit: mostSpoken}
	for _, p := range s.sign.Of {
		switch insight.Dim(p.Dim) {
		case insight.DimPhrase:
			f.Query = p.Value
		case insight.DimProduct:
			f.Product = p.Value
		}
	}
	items, _, err := c.Feedback.List(ctx, workspace, f)
	for i := len(items) - 1; i >= 0; i-- {
		out = append(out, insight.Slot{At: g.Slot(timeOf(items[i].At).UnixMicro()), N: 1})
	}
	s.sign.Outcome, s.of, s.choices, s.spoken = "", nil, nil, true
	return out, err
}

// stepOf is how long a point lasts: as short as is readable and says something.
func stepOf(slots []insight.Slot, whole, least time.Duration, rates bool) time.Duration {
	n := int64(0)
	for _, x := range slots {
		n += x.N
	}
	out := least
	for _, step := range chartSteps {
		points := whole.Minutes() / step.Minutes()
		if step < least || points > mostPoints {
			continue
		}
		if points < leastPoints && out >= least && out != least {
			break
		}
		out = step
		if !rates || float64(n)/points >= leastCases {
			break
		}
	}
	return out
}

// together adds slots up to points of a step that begin with whole ones.
func together(slots []insight.Slot, from, to time.Time, step time.Duration) ([]insight.Slot, time.Time) {
	from = from.Truncate(step)
	out := make([]insight.Slot, max(int(math.Ceil(to.Sub(from).Seconds()/step.Seconds())), 1))
	for i := range out {
		out[i].At = from.Add(time.Duration(i) * step).UnixMicro()
	}
	for _, x := range slots {
		if i := int((x.At - from.UnixMicro()) / step.Microseconds()); x.At >= from.UnixMicro() && i < len(out) {
			out[i].N += x.N
			out[i].Bad += x.Bad
		}
	}
	return out, from
}

// empty reports whether there is nothing to draw.
func (s *incidentSeries) empty() bool {
	return !slices.ContainsFunc(s.slots, func(x insight.Slot) bool { return x.N > 0 })
}

// index is the point that a time falls into, false where it is not in the chart.
func (s incidentSeries) index(at time.Time) (int, bool) {
	i := int(at.Sub(s.from) / s.step)
	return i, !at.Before(s.from) && i < len(s.slots)
}

// title and note say what the chart shows.
func (p *incidentPage) chartTitle(v *ui.Viewer) string { return signName(v, p.series.sign) }

func (p *incidentPage) chartNote(v *ui.Viewer) string {
	step := v.L.Duration(p.series.step)
	_, mean := p.series.sign.Measure()
	switch {
	case mean:
		return v.T("incidents.chart_mean", "Step", step)
	case p.series.sign.Name == insight.Waiting:
		return v.T("incidents.chart_waiting", "Step", step)
	case p.series.sign.Outcome == "":
		return v.T("incidents.chart_count", "Step", step)
	}
	return v.T("incidents.chart_rate", "Step", step)
}

// chartChoices are the values of the likeliest cause, and all.
func (p *incidentPage) chartChoices(v *ui.Viewer) (out []ui.Choice) {
	for i := range p.series.choices {
		pair := p.series.choices[i]
		out = append(out, ui.Choice{Label: p.names.pairs(v, []cause.Pair{pair}), URL: incidentURL(v, p.Insight) + "?chart=" + pair.Dim, Current: p.series.of != nil && *p.series.of == pair})
	}
	if len(out) > 0 {
		out = append(out, ui.Choice{Label: v.T("common.all"), URL: incidentURL(v, p.Insight) + "?chart=all", Current: p.series.of == nil})
	}
	return out
}

// chartTitleOf is the title where the choices do not stand beside it.
func (p *incidentPage) chartTitleOf(v *ui.Viewer) string {
	for _, c := range p.chartChoices(v) {
		if c.Current {
			return p.chartTitle(v) + " · " + c.Label
		}
	}
	return p.chartTitle(v)
}

// chart draws the sign with its interval, what is usual, and what happened.
func (p *incidentPage) chart(v *ui.Viewer) ui.Chart {
	s := p.series
	l := locale.For(v.L.Lang, s.from.Location())
	c := ui.Chart{ID: "incident-line", Kind: ui.Line, Label: p.chartTitle(v), Column: v.T("common.time"), Size: "tall"}
	line := ui.Series{Name: p.chartTitle(v), Tone: ui.Plain}
	if incidentMood(p.Insight) == ui.MoodBad {
		line.Tone = ui.Bad
	}
	low, high := p.usual()
	band := ui.Band{Name: v.T("common.usual")}
	zero, last := 0.0, -1
	c.Min = &zero
	m, mean := s.sign.Measure()
	scale := meanScale(m)
	if mean {
		if m.Falls() {
			low, high, c.Min = high, low, nil
		}
		c.Format = func(f float64) string { return incident.NumberWords(v.L, m, m.Bad(f/scale)) }
	}
	hours := s.step.Hours()
	for i, x := range s.slots {
		at := time.UnixMicro(x.At).In(s.from.Location())
		tick := l.Time(at)
		if s.step >= 24*time.Hour || len(s.slots) > 1 && at.Hour() == 0 && at.Minute() == 0 {
			tick = l.DayMonth(at)
		}
		c.Ticks, c.Names = append(c.Ticks, tick), append(c.Names, l.DateTime(at))
		value, from, to := math.NaN(), math.NaN(), math.NaN()
		few := int64(fewCases)
		if at.Add(s.step).UnixMicro() > p.Finding.Since {
			few = 1
		}
		switch {
		case s.sign.Outcome == "":
			if i < len(s.slots)-1 || len(s.slots) == 1 { // the last one is not over yet
				value = float64(x.N) / hours
				from, to = countInterval(float64(x.N))
				from, to = from/hours, to/hours
			}
			if s.sign.Name == insight.Waiting { // a slot counts their minutes
				value, from, to = value/60, math.NaN(), math.NaN()
			}
		case x.N >= few && mean:
			value = scale * m.Value(x.Bad/float64(x.N))
			if m.Falls() {
				to, from = shareInterval(x.Bad/float64(x.N), float64(x.N))
				from, to = m.Value(from), m.Value(to)
			}
		case x.N >= few:
			value = min(x.Bad/float64(x.N), 1)
			from, to = shareInterval(value, float64(x.N))
		}
		if !math.IsNaN(value) {
			last = i
		}
		line.Values, line.Low, line.High = append(line.Values, value), append(line.Low, from), append(line.High, to)
		bandLow, bandHigh := low, high
		if mean {
			bandLow, bandHigh = scale*m.Value(low), scale*m.Value(high)
		}
		band.Low, band.High = append(band.Low, bandLow), append(band.High, bandHigh)
	}
	switch {
	case mean:
		if last >= 0 {
			line.Last = c.Format(line.Values[last])
		}
	case s.sign.Outcome != "":
		c.Unit = "%"
		if last >= 0 {
			line.Last = v.L.Percent(line.Values[last], 1)
		}
	case last >= 0:
		line.Last = v.L.Decimal(line.Values[last], digitsOf(line.Values[last]))
	}
	c.Series, c.Marks = []ui.Series{line}, p.marks(v)
	if high > 0 || low > 0 {
		c.Usual = &band
	}
	return c
}

// meanScale turns a mean into what a chart draws: seconds rather than milliseconds.
func meanScale(m insight.Measure) float64 {
	if m.Unit == insight.Millis {
		return 1e-3
	}
	return 1
}

// usual is the range of what the chart shows when nothing is wrong.
func (p *incidentPage) usual() (low, high float64) {
	sign, of := p.series.sign, p.series.of
	switch {
	case p.series.spoken: // the sign's is a share
		return 0, 0
	case len(sign.Of) == 0 && of == nil, len(sign.Of) == 1 && of != nil && *of == sign.Of[0]:
		return sign.Low, sign.High
	case of == nil:
		return 0, 0
	}
	for _, was := range p.Finding.Causes {
		if len(was.Pairs) == 1 && was.Pairs[0] == *of && was.WasN > 0 {
			return shareInterval(was.Was, was.WasN)
		}
	}
	return 0, 0
}

// marks are the changes before it, and when it was opened and over.
func (p *incidentPage) marks(v *ui.Viewer) (out []ui.Moment) {
	for _, x := range p.Finding.Changes[:min(len(p.Finding.Changes), 1)] {
		if i, ok := p.series.index(time.UnixMicro(x.At)); ok {
			out = append(out, ui.Moment{At: i, Label: shortLine(x.Title, mostMark)})
		}
	}
	if i, ok := p.series.index(p.OpenedAt); ok {
		out = append(out, ui.Moment{At: i, Label: v.T("incidents.opens"), Bad: !p.Finding.Good})
	}
	if p.State == incident.Recovered || p.State == incident.Resolved {
		if i, ok := p.series.index(p.RecoveredAt); ok && !p.RecoveredAt.IsZero() {
			out = append(out, ui.Moment{At: i, Label: v.T("incidents.as_usual")})
		}
	}
	return out
}

// countInterval is a 95 % interval of the mean of which n were counted: Byar's
// approximation of the exact Poisson limits (Breslow and Day, 1987).
func countInterval(n float64) (low, high float64) {
	const z = 1.959964
	if n > 0 {
		low = n * math.Pow(1-1/(9*n)-z/(3*math.Sqrt(n)), 3)
	}
	m := n + 1
	return max(low, 0), m * math.Pow(1-1/(9*m)+z/(3*math.Sqrt(m)), 3)
}
