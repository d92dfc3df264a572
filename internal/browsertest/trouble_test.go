package browsertest

import (
	"context"
	"fmt"
	"strconv"
	"testing"
	"time"

	"github.com/dhvani/dhvani/internal/db"
	"github.com/dhvani/dhvani/internal/event"
	"github.com/dhvani/dhvani/internal/insight"
	"github.com/dhvani/dhvani/internal/insight/cause"
	"github.com/dhvani/dhvani/internal/insight/impact"
	"github.com/dhvani/dhvani/internal/insight/incident"
)

// watch notices what a test wants noticed, as a watch on another node would: by a
// handle of its own on the shop's database.
type watch struct {
	t         *testing.T
	store     *incident.Store
	workspace int64
}

// watch returns the shop's.
func (s *shop) watch() *watch {
	s.t.Helper()
	d, err := db.Open(s.t.Context(), db.Options{Data: s.options.Data})
	if err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(func() { d.Close() })
	w := &watch{t: s.t, store: &incident.Store{DB: d}}
	err = d.View(s.t.Context(), func(tx *db.Tx) error {
		return tx.QueryRow(s.t.Context(), "SELECT number FROM workspace WHERE id = $1", s.id).Scan(&w.workspace)
	})
	if err != nil {
		s.t.Fatal(err)
	}
	return w
}

func (w *watch) do(f func(ctx context.Context, tx *db.Tx) error) {
	w.t.Helper()
	if err := w.store.DB.Update(context.Background(), func(tx *db.Tx) error { return f(context.Background(), tx) }); err != nil {
		w.t.Fatal(err)
	}
}

// open opens an Insight that so many of the shop's customers are hit by.
func (w *watch) open(f incident.Finding, told bool, customers int) (in *incident.Insight) {
	w.t.Helper()
	var hits []incident.Hit
	for i := range customers {
		at := time.UnixMicro(f.Since).Add(time.Duration(i) * time.Minute).UnixMicro()
		hits = append(hits, incident.Hit{Profile: event.ProfileID(w.workspace, event.UserProfile, "u"+strconv.Itoa(20410+i)), First: at, Last: at, Times: 1 + i%3,
			Amount: int64(2240+i*310) * int64(event.One), Currency: "INR"})
	}
	w.do(func(ctx context.Context, tx *db.Tx) (err error) {
		in, err = w.store.Open(ctx, tx, w.workspace, f, told, hits)
		return err
	})
	return in
}

// get reads one.
func (w *watch) get(id string) *incident.Insight {
	w.t.Helper()
	in, err := w.store.Get(context.Background(), w.workspace, id)
	if err != nil {
		w.t.Fatal(err)
	}
	return in
}

// grow is what the watch says of it later.
func (w *watch) grow(in *incident.Insight, change func(f *incident.Finding)) {
	w.t.Helper()
	w.do(func(ctx context.Context, tx *db.Tx) error {
		f := in.Finding
		change(&f)
		return w.store.Update(ctx, tx, in, f, in.Told, true, nil)
	})
}

// upi is a way to pay that fails.
func upi(ago time.Duration) incident.Finding {
	since := time.Now().Add(-ago)
	return incident.Finding{
		Kind: incident.Payment, Theme: "payment/upi", Since: since.UnixMicro(), First: since.Add(-11 * time.Second).UnixMicro(), Noticed: time.Now().UnixMicro(),
		Signs: []incident.Sign{{Signal: "checkout/method=upi", Outcome: insight.CheckoutEnded, Of: []cause.Pair{{Dim: "method", Value: "upi"}}, Up: true, Since: since.UnixMicro(),
			Expected: 0.05, Low: 0.042, High: 0.068, Observed: 0.179, N: 1196, Excess: 147}},
		Causes: []cause.Cause{
			{Pairs: []cause.Pair{{Dim: "device", Value: "Android"}, {Dim: "method", Value: "upi"}}, N: 310, Bad: 98, WasN: 4010, WasBad: 176, Rate: 0.316, Was: 0.044, Others: 0.044, Explains: 0.91, Sure: 0.93},
			{Pairs: []cause.Pair{{Dim: "method", Value: "upi"}}, N: 420, Bad: 131, WasN: 6010, WasBad: 300, Rate: 0.312, Was: 0.05, Others: 0.051, Explains: 0.86, Sure: 0.75},
			{Pairs: []cause.Pair{{Dim: "system", Value: "Android 14"}}, N: 500, Bad: 112, WasN: 6500, WasBad: 350, Rate: 0.224, Was: 0.054, Others: 0.06, Explains: 0.42, Sure: 0.5},
			{Pairs: []cause.Pair{{Dim: "area", Value: "IN 3"}}, N: 100, Bad: 18, Rate: 0.188, Others: 0.177, Explains: 0.03, Sure: 0.02},
		},
		Sure: true, Reasons: []incident.Reason{{Text: "upi timeout", N: 131}, {Text: "bank declined", N: 9}},
		Changes: []incident.Change{{ID: "c1", At: since.Add(-7 * time.Minute).UnixMicro(), Kind: "deploy", Title: "Release 4.18"}},
		Hit:     214, Back: 9, Voices: 47, Upset: 41,
		Lost: impact.Lost{Orders: 112, Low: 96, High: 128, Money: []impact.Money{{Currency: "INR", Amount: 312000 * event.One, Low: 268000 * event.One, High: 356000 * event.One}}},
	}
}

// visitors is good news: many more come than usual.
func visitors() incident.Finding {
	since := time.Now().Add(-20 * time.Minute).UnixMicro()
	return incident.Finding{Kind: incident.Traffic, Good: true, Theme: "traffic", Since: since, First: since, Noticed: since,
		Signs:  []incident.Sign{{Signal: "visits", Name: insight.Visits, Up: true, Since: since, Expected: 120, Low: 90, High: 150, Observed: 610, N: 0.33, Excess: 160}},
		Causes: []cause.Cause{{Pairs: []cause.Pair{{Dim: "campaign", Value: "instagram"}}, N: 200, Rate: 0.8, Others: 0.1, Explains: 0.88, Sure: 0.9}}, Sure: true, Hit: 160}
}

// dye is a product that disappoints, not surely enough to tell anybody.
func dye(n int) incident.Finding {
	since := time.Now().Add(-time.Duration(5+n) * time.Hour).UnixMicro()
	return incident.Finding{Kind: incident.Product, Theme: fmt.Sprint("product/p", n), Since: since, First: since, Noticed: since,
		Signs: []incident.Sign{{Signal: "opinion/topic=product", Outcome: insight.OpinionGiven, Up: true, Since: since, Expected: 0.12, Low: 0.06, High: 0.2, Observed: 0.44, N: 25, Excess: 8}},
		Hit:   8, Voices: 8, Upset: 7}
}
