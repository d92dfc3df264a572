package console

import (
	"cmp"
	"context"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"time"

	"github.com/dhvani/dhvani/internal/console/ui"
	"github.com/dhvani/dhvani/internal/insight/incident"
	"github.com/dhvani/dhvani/internal/staff"
)

// incidentsRoutes are the list of what was noticed, and its stream.
func (c *Console) incidentsRoutes() []route {
	return []route{
		{pattern: "GET /w/{workspace}/incidents", right: staff.See, handle: c.incidents},
		{pattern: "GET /w/{workspace}/incidents/stream", right: staff.See, handle: c.incidentsStream},
	}
}

// incidentsQuery is what the list shows, as its address says.
type incidentsQuery struct {
	show     string // a tab: "" for open, recovered, resolved, good
	kind     incident.Kind
	severity incident.Severity // at least
	owner    string            // an account, or incident.Nobody
	cursor   string
}

// incidentKinds are what an incident may be about, as they stand in menus.
var incidentKinds = []incident.Kind{incident.Checkout, incident.Payment, incident.Page, incident.Orders, incident.Traffic, incident.Delivery, incident.Product,
	incident.Price, incident.Stock, incident.Search, incident.Reviews, incident.Service, incident.Topic, incident.Score, incident.Phrase, incident.Flood}

// incidentTabs are the tabs, in their order.
var incidentTabs = []string{"", "recovered", "resolved", "good"}

func readIncidentsQuery(q url.Values) (out incidentsQuery) {
	if show := q.Get("show"); slices.Contains(incidentTabs, show) {
		out.show = show
	}
	if kind := incident.Kind(q.Get("kind")); slices.Contains(incidentKinds, kind) {
		out.kind = kind
	}
	out.severity = severityOf(q.Get("severity"))
	out.owner, out.cursor = q.Get("owner"), q.Get("cursor")
	return out
}

// address is the address of the list.
func (q incidentsQuery) address(v *ui.Viewer, parts ...string) string {
	set := url.Values{}
	for name, value := range map[string]string{"show": q.show, "kind": string(q.kind), "owner": q.owner, "cursor": q.cursor, "severity": q.severityWord()} {
		if value != "" {
			set.Set(name, value)
		}
	}
	at := v.URL(append([]string{"incidents"}, parts...)...)
	if len(set) == 0 {
		return at
	}
	return at + "?" + set.Encode()
}

// severityOf reads a severity as addresses have it, 0 for none.
func severityOf(word string) incident.Severity {
	return incident.Severity(max(slices.Index(severityWords[:], word), 0))
}

func (q incidentsQuery) severityWord() string {
	if q.severity == incident.NoSeverity {
		return ""
	}
	return severityWords[q.severity]
}

// with is the address after a change, which leads to the first page.
func (q incidentsQuery) with(v *ui.Viewer, change func(q *incidentsQuery)) string {
	q.cursor = ""
	change(&q)
	return q.address(v)
}

func (q incidentsQuery) filtered() bool { return q.kind != "" || q.severity != 0 || q.owner != "" }

// filter is the query as the room takes it.
func (q incidentsQuery) filter() incident.Filter {
	f := incident.Filter{Least: q.severity, Owner: q.owner, Cursor: q.cursor, Limit: listedIncidents}
	if q.kind != "" {
		f.Kinds = []incident.Kind{q.kind}
	}
	switch q.show {
	case "good":
		good := true
		f.Good, f.Least = &good, incident.NoSeverity
		f.States = []incident.State{incident.Open, incident.Acknowledged, incident.Recovered, incident.Resolved}
		return f
	case "recovered":
		f.States = []incident.State{incident.Recovered}
	case "resolved":
		f.States = []incident.State{incident.Resolved}
	default:
		f.States = []incident.State{incident.Open, incident.Acknowledged}
	}
	good := false
	f.Good = &good
	return f
}

const listedIncidents = 50

// incidentsPage is what the list shows.
type incidentsPage struct {
	query   incidentsQuery
	rows    []*incident.Insight
	next    string
	counts  map[string]int // by tab; of open ones alone where the others are not counted
	people  map[string]string
	members []staff.Member
	any     bool      // something was noticed before
	since   time.Time // since when the shop is watched, zero where nothing came in yet
}

// learning reports whether too little is known yet to say what is usual.
func (p *incidentsPage) learning(now time.Time) bool { return now.Sub(p.since) < learnsFor }

// learnsFor is how long the watch listens before it speaks.
const learnsFor = 3 * 24 * time.Hour

func (c *Console) incidents(w http.ResponseWriter, r *http.Request, v *ui.Viewer) error {
	q := readIncidentsQuery(r.URL.Query())
	p, err := c.readIncidents(r.Context(), v, q)
	if errors.Is(err, incident.ErrCursor) { // of another list
		http.Redirect(w, r, q.with(v, func(*incidentsQuery) {}), http.StatusSeeOther)
		return nil
	}
	if err != nil {
		return err
	}
	return render(w, r, http.StatusOK, incidentsView(v, p))
}

func (c *Console) readIncidents(ctx context.Context, v *ui.Viewer, q incidentsQuery) (p incidentsPage, err error) {
	p = incidentsPage{query: q, people: map[string]string{}}
	if p.rows, p.next, err = c.Incidents.List(ctx, v.Workspace.Number, q.filter()); err != nil {
		return p, err
	}
	if p.members, err = c.Staff.Members(ctx, v.Actor); err != nil {
		return p, err
	}
	for _, m := range p.members {
		p.people[m.Account] = m.Name
	}
	ways, err := c.Outbox.Destinations(ctx, v.Actor)
	if err != nil {
		return p, err
	}
	for _, d := range ways {
		p.people[d.ID] = d.Name // in whose name it was acknowledged from a message
	}
	tally, err := c.Incidents.Tally(ctx, v.Workspace.Number)
	if err != nil {
		return p, err
	}
	p.counts = map[string]int{"": tally.Open + tally.Listed, "recovered": tally.Recovered, "good": tally.Good}
	p.any = len(p.rows) > 0 || tally != incident.Tally{}
	p.since, err = c.Insight.Since(ctx, v.Workspace.Number)
	return p, err
}

// incidentsStream renews the list when something changes.
func (c *Console) incidentsStream(w http.ResponseWriter, r *http.Request, v *ui.Viewer) error {
	changed, stop, err := c.changes.watch(v.Workspace.Number)
	if err != nil {
		return err
	}
	defer stop()
	now, q := *v, readIncidentsQuery(r.URL.Query())
	var sent [2]uint64
	began := false
	return c.stream(w, r, v, func(ctx context.Context, s *stream) error {
		if began && !wait(ctx, changed, alertsSoon, liveSlowly) {
			return ctx.Err()
		}
		began = true
		now.Now = c.Now()
		p, err := c.readIncidents(ctx, &now, q)
		if err != nil {
			return err
		}
		return s.sendChanged(ctx, sent[:], []livePart{{"incidents-tabs", incidentsTabs(&now, p)}, {"incidents-list", incidentsList(&now, p)}})
	})
}

// tabs are the choices of what the list shows.
func (p *incidentsPage) tabs(v *ui.Viewer) []ui.Choice {
	var out []ui.Choice
	for _, show := range incidentTabs {
		name := show
		if name == "" {
			name = "open"
		}
		label := v.T("incidents.tab_" + name)
		if n := p.counts[show]; n > 0 {
			label += " " + v.L.Int(int64(n))
		}
		out = append(out, ui.Choice{Label: label, Current: show == p.query.show, URL: p.query.with(v, func(q *incidentsQuery) { q.show = show })})
	}
	return out
}

// menu is a filter of the list: what is chosen and the choices, the first of them all.
func (q incidentsQuery) menu(v *ui.Viewer, current string, set func(q *incidentsQuery, value string), values ...filterChoice) (string, []ui.Choice) {
	chosen := v.T("common.all")
	out := []ui.Choice{{Label: chosen, Current: current == "", URL: q.with(v, func(q *incidentsQuery) { set(q, "") })}}
	for _, x := range values {
		if x.value == current {
			chosen = x.label
		}
		out = append(out, ui.Choice{Label: x.label, Current: x.value == current, URL: q.with(v, func(q *incidentsQuery) { set(q, x.value) })})
	}
	return chosen, out
}

func incidentKindChoices(v *ui.Viewer) (out []filterChoice) {
	for _, k := range incidentKinds {
		out = append(out, filterChoice{value: string(k), label: aboutName(v, k)})
	}
	return out
}

func severityChoices(v *ui.Viewer) (out []filterChoice) {
	for s := incident.Low; s <= incident.Critical; s++ {
		out = append(out, filterChoice{value: severityWords[s], label: severityName(v, s)})
	}
	return out
}

func (p *incidentsPage) ownerChoices(v *ui.Viewer) []filterChoice {
	out := []filterChoice{{value: incident.Nobody, label: v.T("incidents.nobody")}}
	for _, m := range p.members {
		out = append(out, filterChoice{value: m.Account, label: m.Name})
	}
	return out
}

// after says who looks after an incident: the person it was given to, or who took it.
func (p *incidentsPage) after(v *ui.Viewer, in *incident.Insight) string {
	switch {
	case in.Owner != "":
		return cmp.Or(p.people[in.Owner], v.T("incidents.somebody"))
	case in.AcknowledgedBy != "":
		return capital(v.T("incidents.taken_by", "Name", cmp.Or(p.people[in.AcknowledgedBy], v.T("incidents.somebody"))))
	}
	return ""
}

// moneyLost is what it cost so far, in short, "" where nothing is known.
func moneyLost(v *ui.Viewer, in *incident.Insight) string {
	if money := in.Finding.Lost.Money; len(money) > 0 && money[0].Amount > 0 {
		return v.L.MoneyShort(int64(money[0].Amount), money[0].Currency)
	}
	return ""
}

// rowRate is the rate of a row and what is usual beside it.
func rowRate(v *ui.Viewer, in *incident.Insight) (rate, usual string) {
	f := rateFigure(v, in)
	if f.None != "" {
		return f.None, ""
	}
	if f.Unit == "%" {
		return f.Value + "%", f.Foot
	}
	return f.Value + " " + f.Unit, f.Foot
}

// first and further lead to other pages of the list.
func (p *incidentsPage) first(v *ui.Viewer) string {
	if p.query.cursor == "" {
		return ""
	}
	return p.query.with(v, func(*incidentsQuery) {})
}

func (p *incidentsPage) further(v *ui.Viewer) string {
	if p.next == "" {
		return ""
	}
	q := p.query
	q.cursor = p.next
	return q.address(v)
}
