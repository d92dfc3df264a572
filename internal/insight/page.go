package insight

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
	"strings"

	"github.com/dhvani/dhvani/internal/db"
	"github.com/dhvani/dhvani/internal/event"
)

// pageEvents are the names of a page's events about errors (true) and Web Vitals,
// in lower case.
var pageEvents = map[string]bool{
	"error": true, "javascript error": true, "js error": true, "error occurred": true, "uncaught error": true, "application error": true,
	"exception": true, "$exception": true, "web vital": false, "web vitals": false, "$web_vitals": false,
}

const longestPageEvent = 17 // characters

// vital is a Core Web Vital with its bounds: up to good it is good, beyond poor it
// is poor (web.dev/articles/vitals).
type vital struct {
	name       string
	good, poor float64 // milliseconds; of layout shifts, without unit
}

var vitals = []vital{{"lcp", 2500, 4000}, {"inp", 200, 500}, {"cls", 0.1, 0.25}}

// bad is how badly a measured value is.
func (v vital) bad(value float64) float64 {
	if v.name == "lcp" && value < 30 { // seconds
		value *= 1000
	}
	switch {
	case value <= v.good:
		return 0
	case value <= v.poor:
		return 0.5
	}
	return 1
}

// page takes a page's event about an error or how fast it was; the rest of the
// batch tells whether that was at checkout.
func (w *watched) page(e *event.Event) {
	if len(e.Name) > longestPageEvent || e.Has(event.Verified) {
		return
	}
	if _, ok := pageEvents[strings.ToLower(strings.TrimSpace(e.Name))]; ok {
		w.pages = append(w.pages, e)
	}
}

// pageOutcomes makes outcomes of what happened to pages while a checkout was under way.
// An error counts once a visit.
func (w *watched) pageOutcomes(ctx context.Context, tx *db.Tx, visits map[visitor][]*visit) error {
	type failure struct {
		e       *event.Event
		subject event.ID
		reason  string
	}
	var failures []failure
	for _, e := range w.pages {
		at, ok := atCheckout(e, visits[visitor{e.Model, e.Profile()}])
		if !ok {
			continue
		}
		p := event.ParseObject(e.Properties)
		if !pageEvents[strings.ToLower(strings.TrimSpace(e.Name))] {
			w.measured(e, p)
			continue
		}
		reason := word(p.First("$exception_type", "error_type", "errorType", "type", "name", "code", "$exception_message", "message", "error"))
		who := e.Profile()
		subject := event.NewID(e.Workspace, "page", who.String(), fmt.Sprint(at), reason)
		if !slices.ContainsFunc(failures, func(f failure) bool { return f.subject == subject }) {
			failures = append(failures, failure{e, subject, reason})
		}
	}
	keys := db.NewRows(db.Columns("n int, workspace int, profile bytes, subject bytes"))
	for n, f := range failures {
		who := f.e.Profile()
		keys.Add(n, f.e.Workspace, who[:], f.subject[:])
	}
	known := map[int]bool{}
	err := tx.Lookup(ctx, keys, `SELECT k.n FROM k CROSS JOIN outcome o WHERE o.workspace = k.workspace AND o.profile = k.profile
		AND o.bad >= 500000 AND o.subject = k.subject`, func(r *sql.Rows) error {
		var n int
		err := r.Scan(&n)
		known[n] = true
		return err
	})
	if err != nil {
		return fmt.Errorf("look up errors of pages: %w", err)
	}
	for n, f := range failures {
		if known[n] {
			continue
		}
		var d values
		d.learn(f.e)
		d[inReason] = f.reason
		w.outcome(f.e, Outcome{Kind: PageDisturbed, Subject: f.subject, Bad: 1}, d)
	}
	return nil
}

// measured makes outcomes of Web Vitals, as PostHog, the web-vitals library or the
// shop itself names them.
func (w *watched) measured(e *event.Event, p event.Object) {
	var d values
	d.learn(e)
	for _, v := range vitals {
		upper := strings.ToUpper(v.name)
		text := p.First(v.name, upper, "$web_vitals_"+upper+"_value")
		if text == "" && strings.EqualFold(p.First("name", "metric", "metric_name"), v.name) {
			text = p.Text("value")
		}
		value, ok := event.ParseMillionths(text)
		if !ok {
			continue
		}
		d[inReason] = ""
		bad := v.bad(value.Float())
		if bad == 1 {
			d[inReason] = v.name
		}
		w.outcome(e, Outcome{Kind: PageDisturbed, Bad: bad}, d)
	}
}

// atCheckout tells whether an event happened while its visitor had a checkout
// under way, and since when.
func atCheckout(e *event.Event, visits []*visit) (since int64, ok bool) {
	for _, x := range visits {
		at := x.at
		if x.start <= e.At && e.At <= x.last && at[checkout] != 0 && at[checkout] <= e.At && (at[ordered] == 0 || e.At <= at[ordered]) {
			return at[checkout], true
		}
	}
	return 0, false
}
