package console

import (
	"cmp"
	"context"
	"net/http"
	"slices"
	"time"

	"github.com/dhvani/dhvani/internal/console/ui"
	"github.com/dhvani/dhvani/internal/customer"
	"github.com/dhvani/dhvani/internal/db"
	"github.com/dhvani/dhvani/internal/event"
	"github.com/dhvani/dhvani/internal/feedback"
	"github.com/dhvani/dhvani/internal/insight"
	"github.com/dhvani/dhvani/internal/insight/incident"
	"github.com/dhvani/dhvani/internal/roster"
	"github.com/dhvani/dhvani/internal/staff"
)

// incidentRoutes are the page of one incident, its parts, and what is done there.
func (c *Console) incidentRoutes() []route {
	const at = "/w/{workspace}/incidents/{id}"
	return []route{
		{pattern: "GET " + at, right: staff.See, handle: c.incident},
		{pattern: "GET " + at + "/stream", right: staff.See, handle: c.incidentStream},
		{pattern: "GET " + at + "/customers", right: staff.See, handle: c.incidentCustomers},
		{pattern: "POST " + at + "/export", right: staff.Export, handle: c.incidentExport},
		{pattern: "GET " + at + "/report", right: staff.See, handle: c.incidentReport},
		{pattern: "POST " + at + "/report", right: staff.Answer, handle: c.incidentLesson},
		{pattern: "POST " + at + "/acknowledge", right: staff.Answer, handle: c.orLookAgain(c.incidentAcknowledge)},
		{pattern: "POST " + at + "/assign", right: staff.Answer, handle: c.orLookAgain(c.incidentAssign)},
		{pattern: "POST " + at + "/resolve", right: staff.Answer, handle: c.orLookAgain(c.incidentResolve)},
		{pattern: "POST " + at + "/reopen", right: staff.Answer, handle: c.orLookAgain(c.incidentReopen)},
		{pattern: "POST " + at + "/snooze", right: staff.Answer, handle: c.orLookAgain(c.incidentSnooze)},
		{pattern: "POST " + at + "/step", right: staff.Answer, handle: c.incidentStep},
		{pattern: "POST " + at + "/comment", right: staff.Answer, handle: c.incidentComment},
		{pattern: "POST " + at + "/verdict", right: staff.Answer, handle: c.orLookAgain(c.incidentVerdict)},
		{pattern: "POST " + at + "/merge", right: staff.Answer, handle: c.orLookAgain(c.incidentMerge)},
		{pattern: "POST " + at + "/withdraw", right: staff.Answer, handle: c.incidentWithdraw},
	}
}

const (
	shownQuotes = 4   // opinions of the page
	shownHits   = 4   // customers of the page
	lookedHits  = 200 // of so many those with the most at stake
	sessionsOf  = 3   // of whom it shows what they did
	sessionLong = 8   // so many lines each
)

// incidentPage is what the page of one incident shows.
type incidentPage struct {
	*incident.Insight
	chartOf  string // a dimension, "" for what is best, else all
	names    pairNames
	people   map[string]string
	members  []staff.Member
	entries  []incident.Entry
	steps    []incident.Tick
	hits     []hitRow // those with the most at stake
	voices   []voiceRow
	sessions []session
	series   incidentSeries
	waits    insight.InWait      // of a trouble with answers
	verdict  *incident.Verdict   // that stands about it
	into     *incident.Insight   // that it was merged into
	others   []*incident.Insight // that it may be merged into
	flaw     string              // what is wrong with a comment
	note     string              // as it was sent
	faster   bool                // a colleague changed it since a lesson was begun
}

// hitRow is a customer whom it hit.
type hitRow struct {
	incident.Hit
	customer event.ID // zero where nothing is known of them any more
	name     string
	orders   int64
}

// session is what a customer did when it hit them.
type session struct {
	row   hitRow
	items []happening
}

func (c *Console) incident(w http.ResponseWriter, r *http.Request, v *ui.Viewer) error {
	p, err := c.readIncident(r.Context(), v, r.PathValue("id"), r.FormValue("chart"))
	if err != nil {
		return err
	}
	c.incidentNotice(r, v, p)
	return render(w, r, http.StatusOK, incidentView(v, p))
}

// readIncident reads all that the page shows.
func (c *Console) readIncident(ctx context.Context, v *ui.Viewer, id, chartOf string) (p *incidentPage, err error) {
	p = &incidentPage{chartOf: chartOf, people: map[string]string{}}
	ws := v.Workspace.Number
	if p.Insight, err = c.Incidents.Get(ctx, ws, id); err != nil {
		return nil, err
	}
	if p.members, err = c.Staff.Members(ctx, v.Actor); err != nil {
		return nil, err
	}
	for _, m := range p.members {
		p.people[m.Account] = m.Name
	}
	if p.names, err = c.namesOf(ctx, ws, p.Insight); err != nil {
		return nil, err
	}
	if p.entries, err = c.Incidents.Timeline(ctx, ws, id); err != nil {
		return nil, err
	}
	for _, e := range p.entries {
		if e.Detail.Destination != "" && p.people[p.AcknowledgedBy] == "" {
			p.people[p.AcknowledgedBy] = e.Detail.Destination // it was acknowledged from a message
		}
	}
	if p.steps, err = c.Incidents.Checklist(ctx, p.Insight); err != nil {
		return nil, err
	}
	if p.verdict, err = c.verdictOf(ctx, v, p.Insight); err != nil {
		return nil, err
	}
	if p.MergedInto != "" {
		if p.into, err = c.Incidents.Get(ctx, ws, p.MergedInto); err != nil {
			return nil, err
		}
	}
	if p.others, err = c.others(ctx, ws, p.Insight); err != nil {
		return nil, err
	}
	hits, _, err := c.Incidents.Hits(ctx, ws, id, "", lookedHits)
	if err != nil {
		return nil, err
	}
	if p.voices, err = c.quotes(ctx, v, p.Insight, hits, shownQuotes); err != nil {
		return nil, err
	}
	slices.SortStableFunc(hits, func(a, b incident.Hit) int { return cmp.Compare(b.Amount, a.Amount) })
	if p.hits, err = c.hitRows(ctx, v, hits[:min(len(hits), shownHits)]); err != nil {
		return nil, err
	}
	if p.sessions, err = c.readSessions(ctx, v, p.hits); err != nil {
		return nil, err
	}
	if p.Finding.Kind == incident.Service {
		err = c.Insight.DB.View(ctx, func(tx *db.Tx) error {
			p.waits, err = c.Insight.Waits(ctx, tx, v.Workspace.Number, v.Now.UnixMicro())
			return err
		})
		if err != nil {
			return nil, err
		}
	}
	p.series, err = c.readSeries(ctx, v, p.Insight, p.chartOf)
	return p, err
}

// verdictOf is what staff said of an Insight, where that stands.
func (c *Console) verdictOf(ctx context.Context, v *ui.Viewer, in *incident.Insight) (*incident.Verdict, error) {
	given, err := c.Incidents.Given(ctx, v.Actor)
	for i := range given {
		if given[i].Insight == in.ID {
			return &given[i], nil
		}
	}
	return nil, err
}

// hitRows adds to those whom it hit what is known of them.
func (c *Console) hitRows(ctx context.Context, v *ui.Viewer, hits []incident.Hit) (out []hitRow, err error) {
	profiles := make([]event.ID, len(hits))
	for i, h := range hits {
		profiles[i] = h.Profile
	}
	whose, err := c.Customers.Whose(ctx, v.Workspace.Number, profiles)
	if err != nil {
		return nil, err
	}
	var ids []event.ID
	for _, id := range whose {
		ids = append(ids, id)
	}
	cards, err := c.Roster.ByIDs(ctx, v.Workspace.Number, ids)
	if err != nil {
		return nil, err
	}
	for _, h := range hits {
		row := hitRow{Hit: h, customer: whose[h.Profile]}
		card, known := cards[row.customer]
		row.name = v.T("incidents.forgotten")
		if row.customer != (event.ID{}) {
			row.name = nameOf(v, cardName(card, known), row.customer)
			row.orders = card.Orders
		}
		out = append(out, row)
	}
	return out, nil
}

func cardName(card roster.Row, known bool) string {
	if !known {
		return ""
	}
	return card.Name
}

func (h hitRow) url(v *ui.Viewer) string {
	if h.customer == (event.ID{}) {
		return ""
	}
	return v.URL("customers", h.customer.String())
}

// note is what is known of a customer in a few words.
func (h hitRow) note(v *ui.Viewer) string {
	out := v.T("incidents.new_buyer")
	if h.orders > 0 {
		out = v.T("common.count_orders", "N", h.orders)
	}
	if h.Back > 0 {
		return out + " · " + v.T("incidents.got_through")
	}
	if h.Times > 1 {
		return out + " · " + v.T("incidents.times", "N", h.Times)
	}
	return out
}

// kindTopics are the topics that opinions about a kind of trouble have.
var kindTopics = map[incident.Kind]string{
	incident.Checkout: "checkout", incident.Payment: "payment", incident.Delivery: "delivery", incident.Product: "product",
	incident.Price: "price", incident.Stock: "stock", incident.Service: "service", incident.Page: "website",
}

// topicOf is the topic that opinions about an Insight have, "" where none is.
func topicOf(in *incident.Insight) string {
	for _, s := range in.Finding.Signs {
		for _, p := range s.Of {
			if p.Dim == "topic" {
				return p.Value
			}
		}
	}
	return kindTopics[in.Finding.Kind]
}

// quotesQuery is what opinions about an Insight have in common.
func quotesQuery(v *ui.Viewer, in *incident.Insight) feedbackQuery {
	from := time.UnixMicro(in.Finding.Since).In(v.Workspace.Location())
	to := v.Now.In(v.Workspace.Location())
	if !in.RecoveredAt.IsZero() && in.RecoveredAt.After(from) {
		to = in.RecoveredAt.Add(time.Hour).In(from.Location())
	}
	q := feedbackQuery{from: from.Format(minuteFormat), to: to.Add(time.Minute).Format(minuteFormat), topic: topicOf(in)}
	if in.Finding.Kind == incident.Product || in.Finding.Kind == incident.Reviews {
		q.topic, q.product = "", productOf(in)
	}
	if in.Finding.Kind == incident.Phrase {
		q.topic, q.text = "", in.Finding.Phrase
	}
	return q
}

// productOf is the id of the product that an Insight is about, "" for none.
func productOf(in *incident.Insight) string {
	for _, x := range in.Finding.Causes {
		for _, p := range x.Pairs {
			if p.Dim == "product" {
				return p.Value
			}
		}
	}
	return ""
}

// quotes are opinions since it began that show it, the newest first: of customers
// whom it hit, and others about its topic.
func (c *Console) quotes(ctx context.Context, v *ui.Viewer, in *incident.Insight, hits []incident.Hit, limit int) (rows []voiceRow, err error) {
	since := in.Finding.Since
	var items []feedback.Item
	if len(hits) > 0 {
		profiles := make([]event.ID, len(hits))
		for i, h := range hits {
			profiles[i] = h.Profile
		}
		if items, _, err = c.Feedback.List(ctx, v.Workspace.Number, feedback.Filter{Profiles: profiles, From: since, Limit: 5 * limit}); err != nil {
			return nil, err
		}
	}
	f := feedback.Filter{From: since, Limit: limit, Mood: feedback.Bad, Topic: topicOf(in)}
	if in.Finding.Good {
		f.Mood = feedback.Good
	}
	if in.Finding.Kind == incident.Product || in.Finding.Kind == incident.Reviews {
		f.Topic, f.Product = "", productOf(in)
	}
	if in.Finding.Kind == incident.Reviews { // also those that are too good
		f.Mood = ""
	}
	if in.Finding.Kind == incident.Phrase {
		f.Topic, f.Mood, f.Query = "", "", in.Finding.Phrase
	}
	if f.Query != "" || f.Topic != "" || f.Product != "" || in.Finding.Kind == incident.Score {
		more, _, err := c.Feedback.List(ctx, v.Workspace.Number, f)
		if err != nil {
			return nil, err
		}
		items = append(items, more...)
	}
	slices.SortStableFunc(items, func(a, b feedback.Item) int { return cmp.Or(cmp.Compare(b.At, a.At), cmp.Compare(b.ID, a.ID)) })
	items = slices.CompactFunc(items, func(a, b feedback.Item) bool { return a.ID == b.ID })
	others := func(o feedback.Item) int { // those that sound as it does come first
		if o.Mood == f.Mood {
			return 0
		}
		return 1
	}
	slices.SortStableFunc(items, func(a, b feedback.Item) int { return cmp.Compare(others(a), others(b)) })
	items = slices.DeleteFunc(items, func(o feedback.Item) bool { return o.Text == "" && o.Title == "" })
	rows, _, err = c.voiceRows(ctx, v, items[:min(len(items), limit)], nil)
	return rows, err
}

const (
	sessionBefore = 20 * time.Minute // so much of what they did before it hit them is shown
	sessionAfter  = 5 * time.Minute
)

// readSessions reads what some of the customers did around the time that it hit them.
func (c *Console) readSessions(ctx context.Context, v *ui.Viewer, hits []hitRow) (out []session, err error) {
	for _, h := range hits {
		if h.customer == (event.ID{}) {
			continue
		}
		t, err := c.Customers.Timeline(ctx, v.Workspace.Number, h.customer, customer.TimelineBefore(h.Last+sessionAfter.Microseconds()), 4*sessionLong, customer.TimelineFilter{})
		if err != nil {
			return nil, err
		}
		view := timelineView{}
		for i := range t.Items {
			if at := timeOf(t.Items[i].At).UnixMicro(); at >= h.First-sessionBefore.Microseconds() {
				view.add(v, &t.Items[i])
			}
		}
		s := session{row: h}
		for _, day := range view.days {
			s.items = append(s.items, day.items...)
		}
		s.items = s.items[:min(len(s.items), sessionLong)]
		slices.Reverse(s.items) // as it went
		if len(s.items) > 0 {
			out = append(out, s)
		}
		if len(out) == sessionsOf {
			break
		}
	}
	return out, nil
}
