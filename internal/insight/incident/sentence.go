package incident

import (
	"math"
	"strings"
	"time"

	"github.com/dhvani/dhvani/internal/event"
	"github.com/dhvani/dhvani/internal/insight"
	"github.com/dhvani/dhvani/internal/locale"
)

// Sentence says in a few words what was seen, how sure the cause is, and whom it
// hit, to who reads it now.
func Sentence(t *locale.Locale, in *Insight, now time.Time) string {
	f := &in.Finding
	var out []string
	if len(f.Signs) > 0 {
		if seen := seen(t, in, &f.Signs[0], now); seen != "" {
			out = append(out, seen)
		}
	}
	switch {
	case !f.Sure && len(first(f.Causes)) > 0 && f.Causes[0].Sure >= 0.5:
		out = append(out, t.T("incident.sum_likely", "Cause", CauseWords(t, f, &f.Causes[0])))
	case !f.Sure || len(f.Causes) == 0:
		out = append(out, t.T("incident.sum_unsure"))
	case len(f.Causes[0].Pairs) == 0:
		out = append(out, t.T("incident.sum_all"))
	default:
		out = append(out, t.T("incident.sum_cause", "Share", t.Percent(f.Causes[0].Explains, 0), "Cause", CauseWords(t, f, &f.Causes[0])))
	}
	if !f.Good {
		out = append(out, hitWords(t, f, "incident.sum_hit")...)
	}
	if lost := LostWords(t, f); lost != "" {
		out = append(out, lost)
	}
	return event.Visible(strings.Join(out, " "))
}

// seenWords say what a sign's signal counts.
var seenWords = map[string]string{
	string(insight.CheckoutEnded): "incident.sum_checkout", string(insight.DeliveryEnded): "incident.sum_delivery", string(insight.OpinionGiven): "incident.sum_opinion",
	string(insight.SearchMade): "incident.sum_search", string(insight.PageDisturbed): "incident.sum_page", string(insight.ReplyWaitedFor): "incident.sum_reply",
	string(insight.OrderSentBack): "incident.sum_return", string(insight.RatingGiven): "incident.sum_rating",
	string(insight.PaintTook): "incident.sum_lcp", string(insight.InputTook): "incident.sum_inp", string(insight.LayoutMove): "incident.sum_cls", string(insight.ServerTook): "incident.sum_ttfb",
	"number of " + string(insight.Waiting): "incident.sum_waiting",
	"number of " + string(insight.Visits):  "incident.sum_visit", "number of " + string(insight.Checkouts): "incident.sum_checkouts",
	"number of " + string(insight.Orders): "incident.sum_order", "number of " + string(insight.Upset): "incident.sum_voices",
}

// seen says what is seen of a sign, against what is usual; "" where that has no
// words.
func seen(t *locale.Locale, in *Insight, s *Sign, now time.Time) string {
	name, found, usual := string(s.Outcome), percent(t, s.Observed), percent(t, s.Expected)
	if s.Name != "" {
		name = "number of " + string(s.Name)
	}
	if m, ok := s.Measure(); ok {
		found, usual = NumberWords(t, m, s.Observed), NumberWords(t, m, s.Expected)
	}
	if s.counts() {
		found, usual = perHour(t, s.Observed), perHour(t, s.Expected)
	}
	key, since, of := seenWords[name], Moment(t, in.Finding.Since, now), ""
	if key == "" {
		return ""
	}
	for i, p := range s.Of {
		switch {
		case p.Dim == string(insight.DimPhrase):
			return t.T("incident.sum_phrase", "Time", since, "Now", found, "Usual", usual, "Phrase", p.Value)
		case p == ByStrangers:
			return t.T("incident.sum_strangers", "Time", since, "Now", found, "Usual", usual)
		}
		if p.Dim == string(insight.DimTopic) && s.Outcome == insight.OpinionGiven {
			return t.T("incident.sum_topic", "Time", since, "Now", found, "Usual", usual, "Topic", Value(t, insight.DimTopic, p.Value))
		}
		if i > 0 {
			of += ", "
		}
		of += valueOf(t, &in.Finding, p)
	}
	if of != "" {
		of = " (" + of + ")"
	}
	return t.T(key, "Time", since, "Now", found, "Usual", usual, "Of", of)
}

// Over says of what is as usual again since when it is, and what it came to.
func Over(t *locale.Locale, in *Insight, now time.Time) string {
	f := &in.Finding
	end := in.RecoveredAt
	if end.IsZero() {
		end = now
	}
	long := max(end.Sub(time.UnixMicro(f.Since)), time.Minute).Truncate(time.Minute)
	out := []string{t.T("incident.sum_over", "Time", Moment(t, end.UnixMicro(), now), "Long", t.Duration(long))}
	out = append(out, hitWords(t, f, "incident.sum_was_hit")...)
	if lost := LostWords(t, f); lost != "" {
		out = append(out, lost)
	}
	return strings.Join(out, " ")
}

// hitWords say how many customers are or were hit, in the words of a key, and how many of these got through.
func hitWords(t *locale.Locale, f *Finding, key string) (out []string) {
	if f.Hit > 0 {
		out = append(out, t.T(key, "N", f.Hit))
		if f.Back > 0 {
			out = append(out, t.T("incident.sum_back", "N", f.Back))
		}
	}
	return out
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
	if n > 0 && n < .05 {
		return "<" + t.Decimal(.1, 1)
	}
	if n < 10 && n != math.Trunc(n) {
		return t.Decimal(n, 1)
	}
	return t.Int(int64(math.Round(n)))
}

// SeverityWord names a severity, and good news.
func SeverityWord(t *locale.Locale, s Severity) string {
	return t.T("incident.severity_" + string('0'+rune(min(max(s, NoSeverity), Critical))))
}
