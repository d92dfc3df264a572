package insight

import (
	"context"
	"database/sql"
	"fmt"
	"slices"

	"github.com/dhvani/dhvani/internal/db"
	"github.com/dhvani/dhvani/internal/event"
)

// pageErrors are the names of a page's events about errors, in lower case.
var pageErrors = map[string]bool{
	"error": true, "javascript error": true, "js error": true, "error occurred": true, "uncaught error": true, "application error": true,
	"exception": true, "$exception": true,
}

const longestPageEvent = 17 // characters

// page takes a page's event about an error or how fast it was; the rest of the
// batch tells whether that was at checkout.
func (w *watched) page(e *event.Event) {
	if e.Has(event.Verified) {
		return
	}
	if isError, isVital := pageEvent(e.Name); isError || isVital {
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
		if _, isVital := pageEvent(e.Name); isVital {
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
