package console

import (
	"math"
	"strings"
	"time"

	"github.com/dhvani/dhvani/internal/console/ui"
	"github.com/dhvani/dhvani/internal/insight/cause"
	"github.com/dhvani/dhvani/internal/insight/incident"
)

// noticedAfter is how long it took from the first sign to notice it.
func (p *incidentPage) noticedAfter(v *ui.Viewer) string {
	first := time.UnixMicro(p.Finding.First)
	if p.Finding.First == 0 || p.OpenedAt.Before(first) {
		return v.T("incidents.noticed_at", "When", v.L.At(p.OpenedAt, v.Now))
	}
	return v.T("incidents.noticed_after", "Long", v.L.Duration(max(p.OpenedAt.Sub(first), time.Second).Truncate(time.Second)))
}

// who is a colleague by name, or Dhvani itself.
func (p *incidentPage) who(v *ui.Viewer, account string) string {
	if name := p.people[account]; name != "" {
		return name
	}
	if account == "" {
		return "Dhvani"
	}
	return v.T("incidents.somebody")
}

// takenBy says who takes care of it.
func (p *incidentPage) takenBy(v *ui.Viewer) string {
	switch {
	case p.State == incident.Resolved && p.ResolvedBy != "":
		return v.T("incidents.resolved_by", "Name", p.who(v, p.ResolvedBy))
	case p.Owner != "":
		return v.T("incidents.owned_by", "Name", p.who(v, p.Owner))
	case p.AcknowledgedBy != "":
		return v.T("incidents.taken_by", "Name", p.who(v, p.AcknowledgedBy))
	case p.State == incident.Open:
		return v.T("incidents.taken_by_nobody")
	}
	return ""
}

// assignees are the people to whom it can be given.
func (p *incidentPage) assignees(v *ui.Viewer) []ui.Choice {
	out := []ui.Choice{{Label: v.T("incidents.nobody"), Current: p.Owner == ""}}
	for _, m := range p.members {
		out = append(out, ui.Choice{Label: m.Name, Value: m.Account, Current: p.Owner == m.Account})
	}
	return out
}

// figures are the four at the top: how often, whom, how much, what they say. Good news hits nobody and costs nothing.
func (p *incidentPage) figures(v *ui.Viewer) []ui.StatInfo {
	f := p.Finding
	hit := ui.StatInfo{Label: v.T("incidents.customers_hit"), Value: v.L.Int(int64(f.Hit)), URL: incidentURL(v, p.Insight, "customers")}
	if f.Back > 0 {
		hit.Foot = v.T("incidents.back", "N", f.Back)
	}
	voices := ui.StatInfo{Label: v.T("incidents.voices"), Value: v.L.Int(int64(f.Voices)), URL: quotesQuery(v, p.Insight).address(v.URL("feedback"))}
	if f.Upset > 0 {
		voices.Foot = v.T("incidents.upset", "N", f.Upset)
	}
	if f.Good {
		return []ui.StatInfo{rateFigure(v, p.Insight), voices}
	}
	lost := lostFigure(v, p.Insight)
	if f.Kind == incident.Service {
		lost = p.waitFigure(v)
	}
	return []ui.StatInfo{rateFigure(v, p.Insight), hit, lost, voices}
}

// waitFigure is how many chats wait for an answer now, which costs no orders that are
// known.
func (p *incidentPage) waitFigure(v *ui.Viewer) ui.StatInfo {
	out := ui.StatInfo{Label: v.T("incidents.waiting_now"), Value: v.L.Int(int64(p.waits.N))}
	if p.waits.N > 0 {
		out.Foot = v.T("incidents.waiting_longest", "Long", v.L.Duration(max(v.Now.Sub(time.UnixMicro(p.waits.Since)), time.Second).Truncate(time.Second)))
	}
	return out
}

// lostFigure is what it cost so far, with the interval.
func lostFigure(v *ui.Viewer, in *incident.Insight) ui.StatInfo {
	lost := in.Finding.Lost
	out := ui.StatInfo{Label: v.T("incidents.money_lost"), None: "–", Foot: v.T("incidents.nothing_lost")}
	if lost.Orders >= 0.5 {
		out.Side = v.T("common.count_orders", "N", int64(math.Round(lost.Orders)))
	}
	if len(lost.Money) == 0 || lost.Money[0].Amount <= 0 {
		if out.Side != "" {
			out.None, out.Side, out.Foot = "", "", v.T("common.range", "From", v.L.Decimal(math.Round(lost.Low), 0), "To", v.L.Decimal(math.Round(lost.High), 0))
			out.Label, out.Value = v.T("incidents.orders_lost"), v.L.Int(int64(math.Round(lost.Orders)))
		}
		return out
	}
	m := lost.Money[0]
	out.None = ""
	out.Value, out.Whole = v.L.MoneyShort(int64(m.Amount), m.Currency), v.L.Money(int64(m.Amount), m.Currency)
	out.Foot = v.T("common.range", "From", v.L.MoneyShort(int64(m.Low), m.Currency), "To", v.L.MoneyShort(int64(m.High), m.Currency))
	return out
}

// causeRow is a cause as the table shows it.
type causeRow struct {
	Name, Note, With, Without, Explains, Sure string
	Share                                     float64
	Bad                                       bool
}

const shownCauses = 5

func (p *incidentPage) causeRows(v *ui.Viewer) (out []causeRow) {
	for _, x := range p.Finding.Causes[:min(len(p.Finding.Causes), shownCauses)] {
		row := causeRow{
			Name: p.names.pairs(v, x.Pairs), With: v.L.Percent(x.Rate, 1), Without: v.L.Percent(x.Others, 1),
			Share: x.Explains, Explains: v.L.Percent(x.Explains, 0), Sure: sureName(v, x.Sure, p.Finding.Sure), Bad: x.Rate > x.Others && !p.Finding.Good && x.Explains >= 0.1,
		}
		if m, ok := p.series.sign.Measure(); ok && m.Falls() { // the badness of vitals here is the share of slow ones
			row.With, row.Without = incident.NumberWords(v.L, m, x.Rate), incident.NumberWords(v.L, m, x.Others)
		}
		row.Note = p.causeNote(v, x)
		if len(x.Pairs) == 0 {
			row.Without = "–"
		}
		out = append(out, row)
	}
	return out
}

// causeNote says what kind of values they are, and which others mean nearly the same.
func (p *incidentPage) causeNote(v *ui.Viewer, x cause.Cause) string {
	parts := []string{p.names.dims(v, x.Pairs)}
	if x.Instead {
		parts = append(parts, v.T("incidents.instead"))
	}
	if x.WasN > 0 {
		parts = append(parts, v.T("incidents.before", "Rate", v.L.Percent(x.Was, 1)))
	}
	for _, same := range x.Same[:min(len(x.Same), 2)] {
		parts = append(parts, v.T("incidents.same_as", "Cause", p.names.pairs(v, same)))
	}
	return capital(strings.Trim(strings.Join(parts, " · "), " ·"))
}

func changeIcon(kind string) string {
	switch kind {
	case "deploy":
		return "code"
	case "price":
		return "tag"
	case "stock":
		return "package"
	case "campaign":
		return "megaphone"
	}
	return "flag"
}

// beforeIt is how long before the beginning a change was.
func (p *incidentPage) beforeIt(x incident.Change) time.Duration {
	return max(time.Duration(p.Finding.Since-x.At)*time.Microsecond, 0).Truncate(time.Second)
}

// verdictText says what staff said of it.
func (p *incidentPage) verdictText(v *ui.Viewer) string {
	name := p.who(v, p.verdict.Account)
	until := time.UnixMicro(p.verdict.Until)
	switch p.verdict.What {
	case incident.Mute:
		if p.verdict.Until == 0 {
			return v.T("incidents.muted_ever", "Name", name)
		}
		return v.T("incidents.muted", "Name", name, "When", v.L.At(until, v.Now))
	case incident.Expected:
		return v.T("incidents.was_expected", "Name", name, "When", v.L.At(until, v.Now))
	}
	return v.T("incidents.was_wrong", "Name", name)
}

// muteText says what would not be told any more.
func (p *incidentPage) muteText(v *ui.Viewer) string {
	if p.Finding.Sure && len(p.Finding.Causes) > 0 {
		return v.T("incidents.mute_text", "Cause", p.names.pairs(v, p.Finding.Causes[0].Pairs))
	}
	return v.T("incidents.mute_text_all", "Kind", aboutName(v, p.Finding.Kind))
}

func (p *incidentPage) stepsDone(v *ui.Viewer) string {
	n := 0
	for _, s := range p.steps {
		if s.Done {
			n++
		}
	}
	return v.T("incidents.steps_done", "Done", v.L.Int(int64(n)), "All", v.L.Int(int64(len(p.steps))))
}

// localTime is a moment as a datetime-local field has it, in the shop's zone.
func (p *incidentPage) localTime(v *ui.Viewer, t time.Time) string {
	return t.In(v.Workspace.Location()).Format(minuteFormat)
}

// plain is a line of a timeline without an id, which may stand on the page twice.
func (h happening) plain() ui.TimelineInfo {
	out := h.TimelineInfo
	out.ID = ""
	return out
}

// snoozes and mutes are the times that can be chosen; 0 is for ever.
var (
	snoozes = []time.Duration{time.Hour, 4 * time.Hour, 12 * time.Hour, 24 * time.Hour, 3 * 24 * time.Hour}
	mutes   = []time.Duration{24 * time.Hour, 7 * 24 * time.Hour, 30 * 24 * time.Hour, 90 * 24 * time.Hour, 0}
)

func durationChoices(v *ui.Viewer, all []time.Duration) (out []ui.Choice) {
	for _, d := range all {
		label := v.T("incidents.for_ever")
		if d > 0 {
			label = v.L.Duration(d)
		}
		out = append(out, ui.Choice{Label: label, Value: d.String()})
	}
	return out
}

func expectedChoices(v *ui.Viewer) (out []ui.Choice) {
	for _, r := range incident.Reasons {
		out = append(out, ui.Choice{Label: v.T("incidents.expected_" + r), Value: r})
	}
	return out
}

// happenedRow is a line of what happened.
type happenedRow struct {
	At              time.Time
	Text, By, Words string
	Bad, Good       bool
}

// happened is the timeline: changes before it, the first sign, and its entries.
func (p *incidentPage) happened(v *ui.Viewer) (out []happenedRow) {
	for i := len(p.Finding.Changes) - 1; i >= 0; i-- {
		x := p.Finding.Changes[i]
		out = append(out, happenedRow{At: time.UnixMicro(x.At), Text: x.Title})
	}
	if p.Finding.First != 0 {
		out = append(out, happenedRow{At: time.UnixMicro(p.Finding.First), Text: v.T("incidents.first_sign")})
	}
	for _, e := range p.entries {
		out = append(out, p.entryRow(v, e))
	}
	return out
}

// entryRow tells an entry.
func (p *incidentPage) entryRow(v *ui.Viewer, e incident.Entry) happenedRow {
	row := happenedRow{At: e.At, Words: e.Detail.Text, Bad: e.What == incident.WasOpened || e.What == incident.CameBack || e.What == incident.BecameWorse,
		Good: e.What == incident.HasRecovered || e.What == incident.WasResolved}
	if e.Account != "" {
		row.By = v.T("incidents.by", "Name", p.who(v, e.Account))
	}
	key := "incidents.did_" + string(e.What)
	switch e.What {
	case incident.WasOpened:
		row.Bad = !p.Finding.Good
		row.Text = v.T("incidents.did_opened")
		if first := time.UnixMicro(p.Finding.First); p.Finding.First != 0 && e.At.After(first) {
			row.By = v.T("incidents.after", "Long", v.L.Duration(max(e.At.Sub(first), time.Second).Truncate(time.Second)))
		}
	case incident.WasTold, incident.WasEscalated:
		row.Text = v.T(key, "Whom", strings.Join(e.Detail.Destinations, ", "))
	case incident.Grew:
		row.Text = v.T("incidents.did_grew", "N", e.Detail.Hit)
	case incident.LetterSent:
		row.Text = v.T("incidents.did_written", "N", e.Detail.Hit)
		if e.Detail.Held > 0 {
			row.Words = v.T("loop.held_out", "N", e.Detail.Held)
		}
	case incident.CauseChanged, incident.BecameSure:
		row.Text = v.T(key, "Cause", p.names.pairs(v, e.Detail.Pairs))
	case incident.BecameWorse:
		row.Text = v.T("incidents.did_worse", "Severity", severityName(v, e.Detail.Severity))
	case incident.WasAssigned:
		row.Text = v.T("incidents.did_unassigned")
		if e.Detail.Account != "" {
			row.Text = v.T("incidents.did_assigned", "Name", p.who(v, e.Detail.Account))
		}
	case incident.WasAcknowledged:
		row.Text = v.T("incidents.did_acknowledged")
		if e.Detail.Destination != "" {
			row.By = v.T("incidents.from_message", "Name", e.Detail.Destination)
		}
	case incident.WasSnoozed:
		row.Text = v.T("incidents.did_snoozed", "When", v.L.At(time.UnixMicro(e.Detail.Until), v.Now))
	case incident.StepDone, incident.StepUndone:
		row.Text = v.T(key, "Step", p.stepText(v, e.Detail.Step))
	case incident.WasJudged, incident.VerdictGone:
		row.Text = v.T(key, "Verdict", v.T("incidents.verdict_"+string(e.Detail.Verdict)))
	default:
		row.Text = v.T(key)
	}
	return row
}

// stepText is what a step says, its id where it is gone.
func (p *incidentPage) stepText(v *ui.Viewer, id string) string {
	for _, s := range p.steps {
		if s.ID == id {
			return s.Words(v.L)
		}
	}
	return id
}
