package console

import (
	"context"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/dhvani/dhvani/internal/console/ui"
	"github.com/dhvani/dhvani/internal/event"
	"github.com/dhvani/dhvani/internal/insight"
	"github.com/dhvani/dhvani/internal/insight/cause"
	"github.com/dhvani/dhvani/internal/insight/incident"
)

func incidentURL(v *ui.Viewer, in *incident.Insight, more ...string) string {
	return v.URL(append([]string{"incidents", in.ID}, more...)...)
}

func aboutName(v *ui.Viewer, k incident.Kind) string { return v.L.Word("incidents.kind", string(k)) }

func severityName(v *ui.Viewer, s incident.Severity) string {
	return v.T("incidents.severity_" + severityWords[s])
}

var severityWords = [...]string{"none", "low", "medium", "high", "critical"}

// incidentMood is the sign before an Insight: what is mended, or good, is not bad.
func incidentMood(in *incident.Insight) ui.Mood {
	switch {
	case in.Finding.Good:
		return ui.MoodGood
	case in.State == incident.Recovered || in.State == incident.Resolved || in.State == incident.Merged:
		return ui.MoodNeutral
	}
	return ui.MoodBad
}

// stateText is where an Insight stands: "Open, high".
func stateText(v *ui.Viewer, in *incident.Insight) string {
	state := v.T("incidents.state_" + string(in.State))
	if in.Severity == incident.NoSeverity {
		return state
	}
	return v.T("incidents.state_severity", "State", state, "Severity", severityName(v, in.Severity))
}

// stateTone is the ground of that chip.
func stateTone(in *incident.Insight) string {
	switch {
	case in.State != incident.Open && in.State != incident.Acknowledged:
		return ""
	case in.Finding.Good:
		return "good"
	case in.Severity >= incident.High:
		return "bad"
	}
	return "watch"
}

// incidentNote is an Insight in a few words: how often against usual, and whom.
func incidentNote(v *ui.Viewer, in *incident.Insight) string {
	var out []string
	if f := rateFigure(v, in); f.Value != "" {
		rate, _ := rowRate(v, in)
		out = append(out, f.Label+" "+rate)
	}
	if in.Finding.Hit > 0 {
		out = append(out, v.T("incidents.hit", "N", in.Finding.Hit))
	}
	if len(out) == 0 {
		return aboutName(v, in.Finding.Kind)
	}
	return strings.Join(out, " · ")
}

// lasted is how long an Insight has stood, or stood until it was mended.
func lasted(v *ui.Viewer, in *incident.Insight) string {
	until := v.Now
	for _, end := range []time.Time{in.RecoveredAt, in.ResolvedAt} {
		if !end.IsZero() && end.Before(until) && (in.State == incident.Recovered || in.State == incident.Resolved) {
			until = end
		}
	}
	return v.L.Duration(max(until.Sub(time.UnixMicro(in.Finding.Since)), time.Second).Truncate(time.Second))
}

// strongest is the sign that shows it best, false where there is none.
func strongest(in *incident.Insight) (incident.Sign, bool) {
	if len(in.Finding.Signs) == 0 {
		return incident.Sign{}, false
	}
	return in.Finding.Signs[0], true
}

// signName is what a sign counts.
func signName(v *ui.Viewer, s incident.Sign) string {
	switch {
	case isPhrase(s):
		return v.T("incidents.rate_phrase")
	case slices.Contains(s.Of, incident.ByStrangers):
		return v.T("incidents.rate_strangers")
	case s.Name == "":
		name := v.T("incidents.rate_" + string(s.Outcome))
		for _, p := range s.Of {
			if p.Dim == string(insight.DimScore) {
				name += ", " + incident.Value(v.L, insight.DimScore, p.Value)
			}
		}
		return name
	}
	return v.L.Word("incidents.count", string(s.Name))
}

// isPhrase reports whether a sign counts opinions that hold a phrase.
func isPhrase(s incident.Sign) bool { return len(s.Of) > 0 && s.Of[0].Dim == string(insight.DimPhrase) }

// rateFigure is how often it happens, against what is usual.
func rateFigure(v *ui.Viewer, in *incident.Insight) ui.StatInfo {
	s, ok := strongest(in)
	if !ok {
		return ui.StatInfo{Label: v.T("incidents.rate"), None: "–"}
	}
	out := ui.StatInfo{Label: signName(v, s), Bad: incidentMood(in) == ui.MoodBad}
	if m, ok := s.Measure(); ok {
		return meanFigure(v, s, m, out)
	}
	if s.Outcome == "" {
		out.Value, out.Unit = v.L.Decimal(s.Observed, digitsOf(s.Observed)), countUnit(v, s)
		out.Foot = usually(v, v.L.Decimal(s.Low, digitsOf(s.High)), v.L.Decimal(s.High, digitsOf(s.High)), "")
		return out
	}
	out.Value, out.Unit = v.L.Decimal(100*s.Observed, 1), "%"
	out.Foot = usually(v, v.L.Decimal(100*s.Low, 1), v.L.Decimal(100*s.High, 1), v.L.Percent(s.High, 1))
	if s.N >= 1 {
		low, high := shareInterval(s.Observed, s.N)
		out.Side = v.T("incidents.sample_range", "Count", v.L.Int(int64(math.Round(s.N))), "From", v.L.Decimal(100*low, 1), "To", v.L.Percent(high, 1))
	}
	return out
}

// meanFigure is a mean with its unit, against what is usual.
func meanFigure(v *ui.Viewer, s incident.Sign, m insight.Measure, out ui.StatInfo) ui.StatInfo {
	out.Value, out.Unit = incident.Number(v.L, m, s.Observed)
	low, high := s.Low, s.High
	if m.Falls() {
		low, high = high, low
	}
	from, unit := incident.Number(v.L, m, low)
	if _, other := incident.Number(v.L, m, high); other != unit { // 870 ms to 1.2 s
		from = incident.NumberWords(v.L, m, low)
	}
	to := incident.NumberWords(v.L, m, high)
	if from == to || incident.NumberWords(v.L, m, low) == to {
		from = to
	}
	out.Foot = usually(v, from, to, to)
	if s.N >= 1 && m.Falls() { // nothing is known of how vitals scatter
		low, high := shareInterval(s.Observed, s.N)
		out.Side = v.T("incidents.sample_range", "Count", v.L.Int(int64(math.Round(s.N))), "From", v.L.Decimal(m.Value(high), 1), "To", v.L.Decimal(m.Value(low), 1))
	}
	return out
}

// countUnit is what stands behind a counted number.
func countUnit(v *ui.Viewer, s incident.Sign) string {
	if s.Name == insight.Waiting {
		return v.T("incidents.waiting_at_once")
	}
	return v.T("incidents.an_hour")
}

// digitsOf is how many digits a figure that is no share needs behind the point.
func digitsOf(f float64) int {
	if math.Abs(f) < 10 && f != math.Trunc(f) {
		return 1
	}
	return 0
}

// shareInterval is Wilson's 95 % score interval (JASA 22, 1927) of a share of n.
func shareInterval(share, n float64) (low, high float64) {
	const z = 1.959964
	if n <= 0 {
		return 0, 1
	}
	middle := (share + z*z/(2*n)) / (1 + z*z/n)
	half := z / (1 + z*z/n) * math.Sqrt(max(share*(1-share)/n, 0)+z*z/(4*n*n))
	return max(middle-half, 0), min(middle+half, 1)
}

// pairNames are the words for the values of causes; products are called by name.
type pairNames struct{ products map[string]string }

// dimName is a dimension in words.
func dimName(v *ui.Viewer, dim string) string { return v.L.Word("incidents.dim", dim) }

// value is one value as people write it.
func (n pairNames) value(v *ui.Viewer, p cause.Pair) string {
	switch insight.Dim(p.Dim) {
	case insight.DimReason, insight.DimStep:
		return capital(p.Value)
	case insight.DimBuyer:
		return v.L.Word("incidents.buyer", p.Value)
	case insight.DimProduct:
		if name := n.products[p.Value]; name != "" {
			return name
		}
	case insight.DimVariant:
		id, variant, _ := strings.Cut(p.Value, "/")
		if name := n.products[id]; name != "" && variant != "" {
			return name + ", " + variant
		}
	case insight.DimRelease, insight.DimLot:
		return capital(dimName(v, p.Dim)) + " " + p.Value
	}
	return incident.Value(v.L, insight.Dim(p.Dim), p.Value)
}

// pairs are values that stand together: "UPI, Android 14".
func (n pairNames) pairs(v *ui.Viewer, pairs []cause.Pair) string {
	var out []string
	for _, p := range pairs {
		out = append(out, event.Visible(n.value(v, p)))
	}
	if len(out) == 0 {
		return v.T("incidents.everybody")
	}
	return strings.Join(out, " + ")
}

// dims are what kind of values they are: "payment method, system".
func (n pairNames) dims(v *ui.Viewer, pairs []cause.Pair) string {
	var out []string
	for _, p := range pairs {
		out = append(out, dimName(v, p.Dim))
	}
	return strings.Join(out, ", ")
}

// namesOf looks up the names of the products in the causes of Insights.
func (c *Console) namesOf(ctx context.Context, workspace int64, all ...*incident.Insight) (pairNames, error) {
	var ids []string
	note := func(pairs []cause.Pair) {
		for _, p := range pairs {
			switch insight.Dim(p.Dim) {
			case insight.DimProduct:
				ids = append(ids, p.Value)
			case insight.DimVariant:
				id, _, _ := strings.Cut(p.Value, "/")
				ids = append(ids, id)
			}
		}
	}
	for _, in := range all {
		for _, x := range in.Finding.Causes {
			note(x.Pairs)
			for _, same := range x.Same {
				note(same)
			}
		}
		for _, s := range in.Finding.Signs {
			note(s.Of)
		}
	}
	if len(ids) == 0 {
		return pairNames{}, nil
	}
	names, err := c.Insight.ProductNames(ctx, workspace, ids)
	return pairNames{names}, err
}

// sureName is how sure a cause is, in a word. While too little is known to be sure of
// any, the likeliest is no more than likely, however far it is ahead of the others.
func sureName(v *ui.Viewer, sure float64, known bool) string {
	switch {
	case !known:
		sure = min(sure, 0.5)
	case sure >= 0.5: // it is one that is named as the cause
		sure = max(sure, 0.7)
	}
	switch {
	case sure >= 0.9:
		return v.T("incidents.sure_very")
	case sure >= 0.7:
		return v.T("incidents.sure_fairly")
	case sure >= 0.4:
		return v.T("incidents.sure_somewhat")
	}
	return v.T("incidents.sure_no")
}
