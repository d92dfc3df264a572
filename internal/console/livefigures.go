package console

import (
	"cmp"
	"math"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/a-h/templ"

	"github.com/dhvani/dhvani/internal/console/ui"
	"github.com/dhvani/dhvani/internal/feedback"
	"github.com/dhvani/dhvani/internal/insight"
)

// strong is a message in which the number stands out; HTML.
func strong(v *ui.Viewer, key string, n int64) string {
	number := v.L.Int(n)
	return strings.Replace(templ.EscapeString(v.T(key, "N", n)), number, "<b>"+number+"</b>", 1)
}

func liveStreamURL(v *ui.Viewer, p *livePage) string {
	url := liveURL(v, p.Range, "stream")
	if p.empty() {
		url += "&empty=1"
	}
	return url
}

func liveRanges(v *ui.Viewer, p *livePage) []ui.Choice {
	var out []ui.Choice
	for _, r := range insight.Ranges {
		out = append(out, ui.Choice{Label: rangeName(v, r), URL: liveURL(v, r), Current: r == p.Range})
	}
	return out
}

func rangeName(v *ui.Viewer, r insight.Range) string {
	switch r {
	case insight.Hour:
		return v.T("common.last_minutes", "N", 60)
	case insight.Week:
		return v.T("common.last_days", "N", 7)
	case insight.Month:
		return v.T("common.last_days", "N", 30)
	}
	return v.T("common.today")
}

// within is a range's name within a sentence.
func within(v *ui.Viewer, r insight.Range) string {
	if r == insight.Today {
		return v.T("live.today")
	}
	return rangeName(v, r)
}

// liveFigures are the six figures at the top.
func liveFigures(v *ui.Viewer, p *livePage) []ui.StatInfo {
	out := []ui.StatInfo{{
		Label: v.T("live.voices_in", "Range", within(v, p.Range)), Value: v.L.Int(p.Voices.N), Spark: liveSpark(p, func(x insight.Point) int64 { return x.Good + x.Even + x.Bad + x.Untold }),
		Foot: againstUsual(v, p, p.Voices), URL: v.URL("feedback"),
	}}
	for _, s := range p.Scores {
		out = append(out, scoreFigure(v, s))
	}
	return append(out, orderFigure(v, p), checkoutFigure(v, p))
}

func liveSpark(p *livePage, of func(insight.Point) int64) []float64 {
	out := make([]float64, 0, len(p.Points))
	for i, x := range p.Points {
		if p.Bounds[i].Before(p.Until) {
			out = append(out, float64(of(x)))
		}
	}
	if p.Range == insight.Hour { // single minutes jump
		out = grouped(out, 5)
	}
	return out
}

func grouped(values []float64, n int) (out []float64) {
	for part := range slices.Chunk(values, n) {
		sum := 0.0
		for _, x := range part {
			sum += x
		}
		out = append(out, sum)
	}
	return out
}

// againstUsual compares a count with what is usual by this time.
func againstUsual(v *ui.Viewer, p *livePage, c insight.Counted) string {
	u := c.Usual
	switch {
	case u.N == 0:
		return v.T("live.no_usual")
	case u.Middle < 10 || p.Range != insight.Today:
		return usually(v, v.L.Decimal(u.Low, 0), v.L.Decimal(u.High, 0), "")
	}
	day := p.Bounds[0].In(p.Location).Weekday()
	return v.T("live.on_usual", "Change", v.L.SignedPercent(float64(c.N)/u.Middle-1, 0), "Weekday", v.L.Weekday(day))
}

// fewAnswers is below what a score says less than the answers themselves.
const fewAnswers = 10

func scoreFigure(v *ui.Viewer, s liveScore) ui.StatInfo {
	out := ui.StatInfo{Label: v.T("live.score_days", "Score", v.L.Word("common.kind", s.Kind), "N", s.Days), URL: v.URL("feedback") + "?kind=" + s.Kind}
	switch {
	case s.N == 0 || s.Value == nil:
		out.None, out.Foot = "–", v.T("live.no_answers")
		return out
	case s.N < fewAnswers:
		out.None, out.Foot, out.Side = answers(v, s.Score), v.T("live.few_answers"), v.T("common.sample", "Count", v.L.Int(s.N))
		return out
	}
	digits, lowest, highest := 0, 0.0, 100.0
	switch s.Kind {
	case feedback.NPS:
		lowest = -100
	case feedback.Rating:
		digits, lowest, highest = 1, 1, float64(s.Scale)
		out.Unit = outOf(v, s.Scale)
	case feedback.CSAT:
		out.Unit = "%"
	}
	out.Value = v.L.Decimal(*s.Value, digits)
	if s.Low != nil && s.High != nil {
		from, to := v.L.Decimal(*s.Low, digits), v.L.Decimal(*s.High, digits)
		out.Foot = v.T("common.range", "From", from, "To", to)
		if s.Kind == feedback.CSAT {
			out.Foot += "%"
		}
		out.Interval = &ui.Interval{Min: lowest, Max: highest, Value: *s.Value, Low: *s.Low, High: *s.High, Label: out.Value + ", " + out.Foot}
	}
	out.Side = v.T("common.sample", "Count", v.L.Int(s.N))
	return out
}

// outOf is what follows a rating: "of 5", or "/ 5" where a language says the
// highest first.
func outOf(v *ui.Viewer, most int64) string {
	text := v.T("common.of", "Value", "\x00", "Most", v.L.Int(most))
	if after, ok := strings.CutPrefix(text, "\x00"); ok {
		return strings.TrimSpace(after)
	}
	return "/ " + v.L.Int(most)
}

// answers lists few answers, the best first.
func answers(v *ui.Viewer, s feedback.Score) string {
	type answer struct {
		rating float64
		n      int64
	}
	var all []answer
	for text, n := range s.Distribution {
		if f, err := strconv.ParseFloat(text, 64); err == nil {
			all = append(all, answer{f, n})
		}
	}
	slices.SortFunc(all, func(a, b answer) int { return int(math.Copysign(1, b.rating-a.rating)) })
	var out []string
	for _, a := range all {
		for range a.n {
			digits := 0
			if a.rating != math.Trunc(a.rating) {
				digits = 1
			}
			out = append(out, v.L.Decimal(a.rating, digits))
		}
	}
	return strings.Join(out, " · ")
}

func orderFigure(v *ui.Viewer, p *livePage) ui.StatInfo {
	out := ui.StatInfo{Label: v.T("live.orders_in", "Range", within(v, p.Range)), Value: v.L.Int(p.Orders.N), Foot: againstUsual(v, p, p.Orders),
		Spark: liveSpark(p, func(x insight.Point) int64 { return x.Orders })}
	for _, m := range p.Money {
		if m.Currency != "" && (m.Currency == p.Currency || out.Unit == "") {
			out.Unit = v.L.MoneyShort(m.Amount, m.Currency)
		}
	}
	return out
}

func checkoutFigure(v *ui.Viewer, p *livePage) ui.StatInfo {
	out := ui.StatInfo{Label: v.T("live.checkout")}
	r := p.Checkout
	if r.N < fewAnswers {
		out.None, out.Foot = "–", v.T("live.few_checkouts", "N", r.N)
		if r.N > 0 {
			out.None = v.T("common.of", "Value", v.L.Int(int64(math.Round(r.Share*float64(r.N)))), "Most", v.L.Int(r.N))
		}
		return out
	}
	out.Value, out.Unit, out.Bad = v.L.Decimal(100*r.Share, 1), "%", worse(r)
	out.Interval = &ui.Interval{Max: 100, Value: 100 * r.Share, Low: 100 * r.Low, High: 100 * r.High, Bad: out.Bad,
		UsualLow: 100 * r.Usual.Low, UsualHigh: 100 * r.Usual.High, Label: v.L.Percent(r.Share, 1)}
	out.Side = v.T("common.sample", "Count", v.L.Int(r.N))
	if out.Foot = usualShare(v, r.Usual); out.Foot == "" {
		out.Foot = v.T("common.range", "From", v.L.Decimal(100*r.Low, 0), "To", v.L.Percent(r.High, 0))
	}
	return out
}

// worse reports whether a share is surely below what is usual, better whether
// above: its whole interval is.
func worse(r insight.Rate) bool { return r.N > 0 && r.Usual.N > 0 && r.High < r.Usual.Low }

func better(r insight.Rate) bool { return r.N > 0 && r.Usual.N > 0 && r.Low > r.Usual.High }

// usualShare is "usually 93 to 96%", "" where nothing is usual yet.
func usualShare(v *ui.Viewer, u insight.Usual) string {
	if u.N == 0 {
		return ""
	}
	return usually(v, v.L.Decimal(100*u.Low, 0), v.L.Decimal(100*u.High, 0), v.L.Percent(u.High, 0))
}

// usually says what is usual, as one value where both ends are written alike. top
// is how the upper end is written with its unit, "" where there is none.
func usually(v *ui.Viewer, low, high, top string) string {
	if low == high {
		return v.T("common.usually_value", "Value", cmp.Or(top, high))
	}
	return v.T("common.usually_range", "From", low, "To", cmp.Or(top, high))
}

// capital writes a label as a row begins: with a capital letter, and what is
// always written in capitals so.
func capital(s string) string {
	words := strings.Fields(strings.ReplaceAll(s, "_", " "))
	for i, w := range words {
		if slices.Contains([]string{"upi", "otp", "cod", "emi", "cvv", "3ds"}, w) {
			words[i] = strings.ToUpper(w)
		}
	}
	s = strings.Join(words, " ")
	r, n := utf8.DecodeRuneInString(s)
	return string(unicode.ToUpper(r)) + s[n:]
}
