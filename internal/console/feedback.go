package console

import (
	"context"
	"errors"
	"mime"
	"net/http"
	"slices"
	"time"

	"github.com/dhvani/dhvani/internal/console/ui"
	"github.com/dhvani/dhvani/internal/event"
	"github.com/dhvani/dhvani/internal/feedback"
	"github.com/dhvani/dhvani/internal/staff"
	"github.com/dhvani/dhvani/internal/web"
)

func (c *Console) feedbackRoutes() []route {
	return []route{
		{pattern: "GET /w/{workspace}/feedback", right: staff.See, handle: c.feedback},
		{pattern: "GET /w/{workspace}/feedback/stream", right: staff.See, handle: c.feedbackStream},
		{pattern: "POST /w/{workspace}/feedback/export", right: staff.Export, handle: c.feedbackExport},
		{pattern: "GET /w/{workspace}/feedback/{id}", right: staff.See, handle: c.opinion},
		{pattern: "POST /w/{workspace}/feedback/{id}/correct", right: staff.Answer, handle: c.opinionCorrect},
		{pattern: "POST /w/{workspace}/feedback/{id}/uncorrect", right: staff.Answer, handle: c.opinionUncorrect},
		{pattern: "POST /w/{workspace}/feedback/{id}/assign", right: staff.Answer, handle: c.opinionAssign},
		{pattern: "POST /w/{workspace}/feedback/{id}/handle", right: staff.Answer, handle: c.opinionHandle},
		{pattern: "POST /w/{workspace}/feedback/{id}/note", right: staff.Answer, handle: c.opinionNote},
		{pattern: "POST /w/{workspace}/feedback/{id}/note/{note}/remove", right: staff.Answer, handle: c.opinionRemoveNote},
		{pattern: "POST /w/{workspace}/feedback/{id}/reply", right: staff.Reveal, handle: c.opinionReply},
	}
}

// feedbackPage is what the page shows.
type feedbackPage struct {
	query    feedbackQuery
	found    feedbackRange
	overview feedback.Overview
	rows     []voiceRow
	next     string            // address of the next page, or ""
	names    map[string]string // of products
	topics   []feedback.TopicRow
	any      bool // the workspace has an opinion at all
}

// voiceRow is an opinion in a list: who has it, and what was done about it.
type voiceRow struct {
	liveVoice
	Case     feedback.Case
	Product  string // its name, "" for none
	Assignee string // their name
}

// feedback lists opinions and shows what they say together.
func (c *Console) feedback(w http.ResponseWriter, r *http.Request, v *ui.Viewer) error {
	q := readFeedbackQuery(r.URL.Query())
	place := v.Workspace.Location()
	found := q.span(v.Now.In(place))
	p := feedbackPage{query: q, found: found}
	f, err := c.feedbackFilter(r.Context(), v, q, found)
	if err != nil {
		return err
	}
	if p.overview, err = c.Feedback.Overview(r.Context(), v.Workspace.Number, f, feedback.Buckets{Bucket: found.bucket, Location: place, Until: found.to.UnixMicro()}); err != nil {
		return err
	}
	topics, err := c.Feedback.Topics(r.Context(), v.Workspace.Number, f, feedback.Buckets{Until: found.to.UnixMicro()})
	if err != nil {
		return err
	}
	p.topics = topics.Topics
	f.Cursor = q.cursor
	if q.cursor != "" {
		f.Limit = 50
	}
	items, next, err := c.Feedback.List(r.Context(), v.Workspace.Number, f)
	if errors.As(err, new(feedback.InputError)) && q.cursor != "" {
		leave(w, r, v, q.with(v, func(*feedbackQuery) {})) // of another list
		return nil
	}
	if err != nil {
		return err
	}
	if next != "" {
		p.next = q.with(v, func(q *feedbackQuery) { q.cursor = next })
	}
	if p.rows, p.names, err = c.voiceRows(r.Context(), v, items, p.overview.Products, q.product); err != nil {
		return err
	}
	if p.any = len(items) > 0; !p.any {
		first, _, err := c.Feedback.List(r.Context(), v.Workspace.Number, feedback.Filter{Limit: 1})
		if err != nil {
			return err
		}
		p.any = len(first) > 0
	}
	return render(w, r, http.StatusOK, feedbackView(v, p))
}

// feedbackFilter is what the address asks for. A customer of another workspace,
// or none, is not found.
func (c *Console) feedbackFilter(ctx context.Context, v *ui.Viewer, q feedbackQuery, found feedbackRange) (feedback.Filter, error) {
	f := q.filter(v.Actor, found)
	if q.customer == "" {
		return f, nil
	}
	id, err := event.ParseID(q.customer)
	if err != nil {
		return f, web.NewProblem(http.StatusNotFound, "")
	}
	f.Profiles, err = c.Customers.ProfileIDs(ctx, v.Workspace.Number, id)
	return f, err
}

// voiceRows adds to opinions the names of customers, products and colleagues.
func (c *Console) voiceRows(ctx context.Context, v *ui.Viewer, items []feedback.Item, products []feedback.Product, more ...string) ([]voiceRow, map[string]string, error) {
	var customers []event.ID
	ids := map[string]bool{}
	for _, it := range items {
		if id, err := event.ParseID(it.CustomerID); err == nil {
			customers = append(customers, id)
		}
		ids[it.ProductID] = true
	}
	for _, p := range products {
		ids[p.ID] = true
	}
	for _, id := range more {
		ids[id] = true
	}
	delete(ids, "")
	var wanted []string
	for id := range ids {
		wanted = append(wanted, id)
	}
	names, err := c.Customers.Called(ctx, v.Workspace.Number, customers)
	if err != nil {
		return nil, nil, err
	}
	goods, err := c.Insight.ProductNames(ctx, v.Workspace.Number, wanted)
	if err != nil {
		return nil, nil, err
	}
	cases, err := c.Feedback.Cases(ctx, v.Workspace.Number, items)
	if err != nil {
		return nil, nil, err
	}
	people, err := c.colleagues(ctx, v)
	if err != nil {
		return nil, nil, err
	}
	for _, id := range wanted {
		if goods[id] == "" {
			goods[id] = id
		}
	}
	var out []voiceRow
	for _, it := range items {
		id, _ := event.ParseID(it.CustomerID)
		done := cases[it.ID]
		out = append(out, voiceRow{liveVoice{it, names[id]}, done, goods[it.ProductID], people[done.Assignee]})
	}
	return out, goods, nil
}

// colleagues are the names of the people of the workspace.
func (c *Console) colleagues(ctx context.Context, v *ui.Viewer) (map[string]string, error) {
	members, err := c.Staff.Members(ctx, v.Actor)
	out := map[string]string{}
	for _, m := range members {
		out[m.Account] = m.Name
	}
	return out, err
}

// feedbackStream sends opinions that meet the filter as they come in.
func (c *Console) feedbackStream(w http.ResponseWriter, r *http.Request, v *ui.Viewer) error {
	q := readFeedbackQuery(r.URL.Query())
	found := q.span(v.Now.In(v.Workspace.Location()))
	f, err := c.feedbackFilter(r.Context(), v, q, found)
	if err != nil {
		return err
	}
	changed, stop, err := c.changes.watch(v.Workspace.Number)
	if err != nil {
		return err
	}
	defer stop()
	f.To, f.Limit = 0, 20
	known, began := map[string]bool{}, false
	return c.stream(w, r, v, func(ctx context.Context, s *stream) error {
		if began && !wait(ctx, changed, voicesSoon, beatEvery) {
			return ctx.Err()
		}
		if !began && s.Last != "" {
			known[s.Last] = true
		}
		began = true
		v.Now = c.Now()
		items, _, err := c.Feedback.List(ctx, v.Workspace.Number, f)
		if err == nil && outran(items, known) {
			more := f
			more.Limit = listedVoices
			items, _, err = c.Feedback.List(ctx, v.Workspace.Number, more)
		}
		if err != nil {
			return err
		}
		var fresh []feedback.Item
		now := map[string]bool{}
		for _, it := range items {
			if now[it.ID] = true; !known[it.ID] {
				fresh = append(fresh, it)
			}
		}
		if known = now; len(fresh) == 0 {
			return nil
		}
		rows, _, err := c.voiceRows(ctx, v, fresh, nil)
		if err != nil {
			return err
		}
		return s.Send(ctx, "voices", fresh[0].ID, feedbackRows(v, q, rows))
	})
}

const (
	voicesSoon   = 2 * time.Second // so often an open list is brought up to date at most
	listedVoices = 200             // so many it holds, as data-stream-max says
)

// outran reports whether more opinions came than were read: none of them was known.
func outran(items []feedback.Item, known map[string]bool) bool {
	return len(known) > 0 && !slices.ContainsFunc(items, func(it feedback.Item) bool { return known[it.ID] })
}

// feedbackExport answers with the list as a file.
func (c *Console) feedbackExport(w http.ResponseWriter, r *http.Request, v *ui.Viewer) error {
	if err := r.ParseForm(); err != nil {
		return web.NewProblem(http.StatusBadRequest, "")
	}
	q := readFeedbackQuery(r.PostForm)
	found := q.span(v.Now.In(v.Workspace.Location()))
	f, err := c.feedbackFilter(r.Context(), v, q, found)
	if err != nil {
		return err
	}
	name := "feedback-" + v.Now.In(v.Workspace.Location()).Format(time.DateOnly) + ".csv"
	w.Header().Set("Content-Type", "text/csv; charset=utf-8")
	w.Header().Set("Content-Disposition", mime.FormatMediaType("attachment", map[string]string{"filename": name}))
	http.NewResponseController(w).SetWriteDeadline(time.Time{}) // a million lines take their time
	out := &partialAnswer{ResponseWriter: w}
	err = c.Feedback.Export(r.Context(), v.Actor, f, out)
	if err != nil && !out.begun {
		w.Header().Del("Content-Disposition")
		return err
	}
	if err != nil {
		panic(http.ErrAbortHandler) // half a file must not look like a whole one
	}
	return nil
}

// voiceInfo is an opinion as a row of the list.
func voiceInfo(v *ui.Viewer, o voiceRow) ui.OpinionInfo {
	row := liveOpinion(v, o.liveVoice)
	row.Chips, row.Does = nil, voiceDoes(v, o)
	if row.Mood != ui.MoodNone || understood(o.Item) || o.Product != "" || o.Case.Handled || o.Assignee != "" || o.Case.Notes > 0 {
		row.Chips = voiceChips(v, o)
	}
	return row
}

// saidAt is the time of an opinion.
func saidAt(at string) time.Time {
	micros, _ := event.ParseTime(at)
	return time.UnixMicro(micros)
}

// partialAnswer notes whether an answer has begun.
type partialAnswer struct {
	http.ResponseWriter
	begun bool
}

func (p *partialAnswer) Write(b []byte) (int, error) {
	p.begun = true
	return p.ResponseWriter.Write(b)
}
