package console

import (
	"cmp"
	"context"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/dhvani/dhvani/internal/console/ui"
	"github.com/dhvani/dhvani/internal/event"
	"github.com/dhvani/dhvani/internal/process"
	"github.com/dhvani/dhvani/internal/staff"
	"github.com/dhvani/dhvani/internal/web"
)

// The debugger of arriving events.
const (
	recentEvents = 50
	// A busy shop's events are shown in gulps, and not all of them.
	gulpEvery = 300 * time.Millisecond
	gulpRows  = 15
	missedFor = 10 * time.Second
)

// eventFilter chooses among arriving events.
type eventFilter struct {
	Show string // "", accepted or rejected
	Text string
}

func readEventFilter(r *http.Request) eventFilter {
	q := r.URL.Query()
	f := eventFilter{Text: strings.TrimSpace(q.Get("q"))}
	if s := q.Get("show"); s == "accepted" || s == "rejected" {
		f.Show = s
	}
	return f
}

// query writes the filter for an address, with another choice of Show.
func (f eventFilter) query(show string) string {
	q := url.Values{}
	if show != "" {
		q.Set("show", show)
	}
	if f.Text != "" {
		q.Set("q", f.Text)
	}
	if len(q) == 0 {
		return ""
	}
	return "?" + q.Encode()
}

// eventRow is an arrived event.
type eventRow struct {
	ID       string
	At       time.Time
	Name     string // of the event, in the sender's words
	Type     string
	Who      string
	Source   string
	Verified bool
	Position event.Position // of a stored one
	Reason   string         // of a rejected one
	Raw      string         // where there is no place to look it up
}

func storedRow(e *event.Event) eventRow {
	who := e.UserID
	if who == "" {
		who = e.AnonymousID
	}
	row := eventRow{
		ID: "e" + strconv.FormatInt(int64(e.Position), 36), At: time.UnixMicro(e.ReceivedAt), Name: cmp.Or(e.Name, e.Type.String()), Type: e.Type.String(),
		Who: masked(who), Source: e.Source, Verified: e.Has(event.Verified), Position: e.Position,
	}
	if e.Position == 0 { // seen by another node, which does not tell its place
		row.ID, row.Raw = "m"+e.MessageHash().String(), eventJSON(e, false)
	}
	return row
}

func rejectedRow(r *process.RejectedEvent) eventRow {
	o := event.ParseObject(r.Raw) // what is no JSON has no members
	name := cmp.Or(o.First("event", "type"), "…")
	return eventRow{
		ID: fmt.Sprintf("r%x-%x-%x", r.At, r.Position, len(r.Raw)), At: time.UnixMicro(r.At), Name: masked(name), Who: masked(o.First("userId", "anonymousId")),
		Source: r.Source, Reason: r.Reason, Raw: shownJSON(r.Raw, false),
	}
}

// matches reports whether the filter shows a row.
func (f eventFilter) matches(row *eventRow) bool {
	if f.Show == "accepted" && row.Reason != "" || f.Show == "rejected" && row.Reason == "" {
		return false
	}
	text := strings.ToLower(f.Text)
	return text == "" || strings.Contains(strings.ToLower(row.Name+"\n"+row.Who+"\n"+row.Source+"\n"+row.Reason), text)
}

// events shows the newest events, and new ones as they arrive.
func (c *Console) events(w http.ResponseWriter, r *http.Request, v *ui.Viewer) error {
	f := readEventFilter(r)
	rows, none, err := c.recent(r.Context(), v, f)
	if err != nil {
		return err
	}
	return render(w, r, http.StatusOK, eventsPage(v, f, rows, none, r.URL.Query().Get("sent") != ""))
}

// recent returns the newest events that the filter shows, and whether there are
// none at all.
func (c *Console) recent(ctx context.Context, v *ui.Viewer, f eventFilter) (rows []eventRow, none bool, err error) {
	stored, err := c.Imports.Recent(ctx, v.Actor, recentEvents)
	if err != nil {
		return nil, false, err
	}
	rejected, err := c.Rejected.List(ctx, v.Workspace.Number, 0, recentEvents)
	if err != nil {
		return nil, false, err
	}
	for i := range stored {
		rows = append(rows, storedRow(&stored[i]))
	}
	for i := range rejected {
		rows = append(rows, rejectedRow(&rejected[i]))
	}
	none = len(rows) == 0
	rows = slices.DeleteFunc(rows, func(row eventRow) bool { return !f.matches(&row) })
	slices.SortStableFunc(rows, func(a, b eventRow) int { return b.At.Compare(a.At) })
	return rows[:min(len(rows), recentEvents)], none, nil
}

// eventsStream sends what arrives.
func (c *Console) eventsStream(w http.ResponseWriter, r *http.Request, v *ui.Viewer) error {
	f := readEventFilter(r)
	seen, stop, ok := c.Tail.Watch(v.Workspace.Number)
	if !ok {
		return web.NewProblem(http.StatusServiceUnavailable, "")
	}
	defer stop()
	missed := true // what came between the page and this stream
	return c.stream(w, r, v, func(ctx context.Context, to *stream) (err error) {
		var rows []eventRow
		if missed {
			missed = false
			if rows, _, err = c.recent(ctx, v, f); err != nil {
				return err
			}
			rows = slices.DeleteFunc(rows, func(row eventRow) bool { return c.Now().Sub(row.At) > missedFor })
		} else {
			rows = f.gulp(ctx, seen)
		}
		if len(rows) == 0 {
			return nil
		}
		now := *v
		now.Now = c.Now()
		return to.Send(ctx, "events", "", eventRows(&now, rows))
	})
}

// gulp waits for an event, and returns it with those that follow soon, the latest
// first.
func (f eventFilter) gulp(ctx context.Context, seen <-chan process.Sighting) []eventRow {
	var rows []eventRow
	take := func(s process.Sighting) {
		var row eventRow
		switch {
		case s.Rejected != nil:
			row = rejectedRow(s.Rejected)
		case s.Event.Type == event.Staff:
			return
		default:
			row = storedRow(&s.Event)
		}
		if f.matches(&row) {
			rows = append(rows, row)
		}
	}
	select {
	case <-ctx.Done():
		return nil
	case s := <-seen:
		take(s)
	}
	timer := time.NewTimer(gulpEvery)
	defer timer.Stop()
	for more := true; more; {
		select {
		case <-ctx.Done():
			more = false
		case <-timer.C:
			more = false
		case s := <-seen:
			take(s)
		}
	}
	slices.Reverse(rows)
	return rows[:min(len(rows), gulpRows)]
}

// event shows one stored event as JSON.
func (c *Console) event(w http.ResponseWriter, r *http.Request, v *ui.Viewer) error {
	e, err := c.Imports.Event(r.Context(), v.Actor, positionOf(r))
	if err != nil {
		return err
	}
	return c.showEvent(w, r, v, &e, false)
}

// revealEvent shows it with the personal data in it.
func (c *Console) revealEvent(w http.ResponseWriter, r *http.Request, v *ui.Viewer) error {
	e, err := c.Imports.Reveal(r.Context(), v.Actor, positionOf(r))
	if err != nil {
		return err
	}
	return c.showEvent(w, r, v, &e, true)
}

func (c *Console) showEvent(w http.ResponseWriter, r *http.Request, v *ui.Viewer, e *event.Event, open bool) error {
	row, text := storedRow(e), eventJSON(e, open)
	if v.Part {
		return render(w, r, http.StatusOK, eventJSONPart(v, row, text, open))
	}
	return render(w, r, http.StatusOK, eventPage(v, row, text, open))
}

// positionOf is 0, which no event has, where the address names none.
func positionOf(r *http.Request) event.Position {
	n, err := strconv.ParseInt(r.PathValue("event"), 10, 64)
	if err != nil {
		return 0
	}
	return event.Position(n)
}

// mayReveal reports whether the viewer may see the personal data in events.
func mayReveal(v *ui.Viewer) bool { return v.May(staff.Reveal) }
