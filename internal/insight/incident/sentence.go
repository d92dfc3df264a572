package incident

import (
	"math"
	"strings"

	"github.com/dhvani/dhvani/internal/insight"
	"github.com/dhvani/dhvani/internal/locale"
)

// Sentence says in a few words what was seen, how sure the cause is, and whom it
// hit.
func Sentence(t *locale.Locale, in *Insight) string {
	f := &in.Finding
	var out []string
	if len(f.Signs) > 0 {
		s := &f.Signs[0]
		since := Moment(t, f.Since, in.OpenedAt)
		switch {
		case s.Name != "":
			out = append(out, t.T("incident.sum_count", "Time", since, "Now", perHour(t, s.Observed), "Usual", perHour(t, s.Expected)))
		case s.Outcome != insight.RatingGiven:
			out = append(out, t.T("incident.sum_share", "Time", since, "Now", percent(t, s.Observed), "Usual", percent(t, s.Expected)))
		}
	}
	switch {
	case !f.Sure || len(f.Causes) == 0:
		out = append(out, t.T("incident.sum_unsure"))
	case len(f.Causes[0].Pairs) == 0:
		out = append(out, t.T("incident.sum_all"))
	default:
		out = append(out, t.T("incident.sum_cause", "Share", t.Percent(f.Causes[0].Explains, 0), "Cause", CauseWords(t, f, &f.Causes[0])))
	}
	if f.Hit > 0 && !f.Good {
		out = append(out, t.T("incident.sum_hit", "N", f.Hit))
		if f.Back > 0 {
			out = append(out, t.T("incident.sum_back", "N", f.Back))
		}
	}
	if lost := LostWords(t, f); lost != "" {
		out = append(out, lost)
	}
	return strings.Join(out, " ")
}

// LostWords says how many orders and how much money are lost, "" where none are.
func LostWords(t *locale.Locale, f *Finding) string {
	n := int64(math.Round(f.Lost.Orders))
	switch {
	case n < 1 || f.Good:
		return ""
	case len(f.Lost.Money) > 0 && f.Lost.Money[0].Amount > 0:
		return t.T("incident.sum_lost_money", "N", n, "Money", t.MoneyShort(int64(f.Lost.Money[0].Amount), f.Lost.Money[0].Currency))
	}
	return t.T("incident.sum_lost", "N", n)
}

func percent(t *locale.Locale, share float64) string {
	digits := 0
	if share > 0 && share < .0995 {
		digits = 1
	}
	return t.Percent(share, digits)
}

func perHour(t *locale.Locale, n float64) string {
	if n < 10 && n != math.Trunc(n) {
		return t.Decimal(n, 1)
	}
	return t.Int(int64(math.Round(n)))
}

// SeverityWord names a severity, and good news.
func SeverityWord(t *locale.Locale, s Severity) string {
	return t.T("incident.severity_" + string('0'+rune(min(max(s, NoSeverity), Critical))))
}
