package console

import (
	"context"
	"errors"
	"fmt"
	"hash/maphash"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/a-h/templ"

	"github.com/dhvani/dhvani/internal/console/ui"
	"github.com/dhvani/dhvani/internal/event"
	"github.com/dhvani/dhvani/internal/feedback"
	"github.com/dhvani/dhvani/internal/insight"
	"github.com/dhvani/dhvani/internal/insight/incident"
	"github.com/dhvani/dhvani/internal/locale"
	"github.com/dhvani/dhvani/internal/staff"
)

// liveRoutes are the page that shows the shop as it is now, and its stream.
func (c *Console) liveRoutes() []route {
	return []route{
		{pattern: "GET /w/{workspace}/live", right: staff.See, handle: c.live},
		{pattern: "GET /w/{workspace}/live/stream", right: staff.See, handle: c.liveStream},
	}
}

const (
	shownVoices = 20 // so many opinions the page begins with
	heldVoices  = 60 // so many its list holds
)

// livePage is what the page shows.
type livePage struct {
	*insight.Overview
	Location *time.Location // of the shop, whose days they are
	Scores   []liveScore
	Said     []liveVoice
	Currency string              // the shop's own
	Troubles []*incident.Insight // that are open, the gravest first
}

// liveScore is a score with the days that it is of.
type liveScore struct {
	feedback.Score
	Days int64
}

// liveVoice is an opinion and who has it.
type liveVoice struct {
	feedback.Item
	Who string // "" where there is no name
}

// in is the locale of the shop's own time, in the viewer's language.
func (p *livePage) in(v *ui.Viewer) *locale.Locale { return locale.For(v.L.Lang, p.Location) }

// empty reports whether nothing has come in yet.
func (p *livePage) empty() bool { return p.Since.IsZero() && len(p.Said) == 0 && p.Here == 0 }

func (c *Console) live(w http.ResponseWriter, r *http.Request, v *ui.Viewer) error {
	span := insight.ParseRange(r.FormValue("range"))
	if span == "" {
		var err error
		if span, err = c.Insight.Start(r.Context(), v.Workspace.Number, v.Now.In(v.Workspace.Location())); err != nil {
			return err
		}
	}
	p, err := c.readLive(r.Context(), v, span, v.Now)
	if err != nil {
		return err
	}
	return render(w, r, http.StatusOK, liveView(v, p))
}

// readLive reads all that the page shows.
func (c *Console) readLive(ctx context.Context, v *ui.Viewer, span insight.Range, now time.Time) (*livePage, error) {
	place := v.Workspace.Location()
	o, err := c.Insight.Overview(ctx, v.Workspace.Number, span, now.In(place))
	if err != nil {
		return nil, err
	}
	p := &livePage{Overview: o, Location: place, Currency: v.Workspace.Currency}
	if p.Scores, err = c.scores.read(ctx, c.Feedback, v.Workspace.Number, now); err != nil {
		return nil, err
	}
	if p.Troubles, err = c.openTroubles(ctx, v.Workspace.Number); err != nil {
		return nil, err
	}
	p.Said, err = c.readVoices(ctx, v, shownVoices)
	return p, err
}

// readVoices reads the newest opinions.
func (c *Console) readVoices(ctx context.Context, v *ui.Viewer, most int) ([]liveVoice, error) {
	items, _, err := c.Feedback.List(ctx, v.Workspace.Number, feedback.Filter{Limit: most})
	if err != nil {
		return nil, err
	}
	var ids []event.ID
	for _, it := range items {
		if id, err := event.ParseID(it.CustomerID); err == nil {
			ids = append(ids, id)
		}
	}
	names, err := c.Customers.Called(ctx, v.Workspace.Number, ids)
	if err != nil {
		return nil, err
	}
	var out []liveVoice
	for _, it := range items {
		id, _ := event.ParseID(it.CustomerID)
		out = append(out, liveVoice{it, names[id]})
	}
	return out, nil
}

// liveParts are the parts of the page that move by themselves, by the name of
// the element they are in.
func liveParts(v *ui.Viewer, p *livePage) []livePart {
	return []livePart{
		{"live-now", liveNow(v, p)}, {"live-banner", liveBanner(v, p)}, {"live-stats", liveStats(v, p)}, {"live-wave", liveWave(v, p)}, {"live-funnel", liveFunnel(v, p)},
		{"live-checkout", liveCheckout(v, p)}, {"live-selling", liveSelling(v, p)}, {"live-missed", liveMissed(v, p)},
	}
}

type livePart struct {
	name string
	part templ.Component
}

const (
	liveEvery   = time.Second      // at most so often parts are made anew
	liveAnyway  = 5 * time.Second  // and so often though nothing came in: time goes on
	liveSlowly  = 10 * time.Second // so often those of weeks, which hardly change in a second
	voicesEvery = 10 * time.Second // so often new opinions follow the first, which is read aloud
)

// liveFeed is what an open page has been sent.
type liveFeed struct {
	c       *Console
	v       ui.Viewer
	span    insight.Range
	changed <-chan struct{}
	sent    map[string]uint64 // hashes of parts
	known   map[string]bool   // opinions
	began   bool
	empty   bool
	made    time.Time // when parts were last made
	spoke   time.Time // when opinions were last sent
}

var liveSeed = maphash.MakeSeed()

func (c *Console) liveStream(w http.ResponseWriter, r *http.Request, v *ui.Viewer) error {
	span := insight.ParseRange(r.FormValue("range"))
	if span == "" {
		span = insight.Today
	}
	changed, stop, err := c.changes.watch(v.Workspace.Number)
	if err != nil {
		return err
	}
	defer stop()
	f := &liveFeed{c: c, v: *v, span: span, changed: changed, sent: map[string]uint64{}, known: map[string]bool{}, empty: r.FormValue("empty") != ""}
	return c.stream(w, r, v, f.next)
}

// next waits until something may have changed and sends what did. The first time
// it sends at once: what came between the page and its stream must not be missed.
func (f *liveFeed) next(ctx context.Context, s *stream) error {
	if f.began {
		if !wait(ctx, f.changed, liveEvery, liveAnyway) {
			return ctx.Err()
		}
	}
	if !f.began && s.Last != "" {
		f.known[s.Last] = true
	}
	f.began = true
	f.v.Now = f.c.Now()
	if (f.span == insight.Week || f.span == insight.Month) && f.v.Now.Sub(f.made) < liveSlowly {
		said, err := f.c.readVoices(ctx, &f.v, shownVoices)
		if err != nil {
			return err
		}
		return f.speak(ctx, s, said)
	}
	f.made = f.v.Now
	p, err := f.c.readLive(ctx, &f.v, f.span, f.v.Now)
	if err != nil {
		return err
	}
	if f.empty != p.empty() { // from how to begin to the page itself
		return errors.Join(s.SendText("reload", "", "now"), errMoved)
	}
	if p.empty() {
		return nil
	}
	for _, part := range liveParts(&f.v, p) {
		var html strings.Builder
		if err := part.part.Render(ctx, &html); err != nil {
			return fmt.Errorf("render %s: %w", part.name, err)
		}
		sum := maphash.String(liveSeed, html.String())
		if f.sent[part.name] == sum {
			continue
		}
		if err := s.SendText(part.name, "", html.String()); err != nil {
			return err
		}
		f.sent[part.name] = sum
	}
	return f.speak(ctx, s, p.Said)
}

var errMoved = errors.New("the page is loaded anew")

// speak sends opinions that the page has not been sent, the newest first. The
// page drops those that it began with.
func (f *liveFeed) speak(ctx context.Context, s *stream, voices []liveVoice) error {
	if f.v.Now.Sub(f.spoke) < voicesEvery {
		return nil
	}
	if len(f.known) > 0 && !slices.ContainsFunc(voices, func(o liveVoice) bool { return f.known[o.ID] }) {
		var err error // more came than were read
		if voices, err = f.c.readVoices(ctx, &f.v, heldVoices); err != nil {
			return err
		}
	}
	var fresh []liveVoice
	now := map[string]bool{}
	for _, o := range voices {
		now[o.ID] = true
		if !f.known[o.ID] {
			fresh = append(fresh, o)
		}
	}
	f.known = now
	if len(fresh) == 0 {
		return nil
	}
	f.spoke = f.v.Now
	return s.Send(ctx, "live-voices", fresh[0].ID, liveVoices(&f.v, fresh))
}

// wait returns when something changed, but not sooner than soon, or at the latest
// after late; false where ctx ended.
func wait(ctx context.Context, changed <-chan struct{}, soon, late time.Duration) bool {
	early, end := time.NewTimer(soon), time.NewTimer(late)
	defer early.Stop()
	defer end.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-early.C:
	}
	select {
	case <-ctx.Done():
		return false
	case <-changed:
	case <-end.C:
	}
	return true
}

// liveURL is the page's address for a range, of the page or its stream.
func liveURL(v *ui.Viewer, span insight.Range, parts ...string) string {
	return v.URL(append([]string{"live"}, parts...)...) + "?" + url.Values{"range": {string(span)}}.Encode()
}
