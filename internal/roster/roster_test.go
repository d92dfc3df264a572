package roster

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/dhvani/dhvani/internal/customer"
	"github.com/dhvani/dhvani/internal/db"
	"github.com/dhvani/dhvani/internal/db/dbtest"
	"github.com/dhvani/dhvani/internal/event"
	"github.com/dhvani/dhvani/internal/feedback"
	"github.com/dhvani/dhvani/internal/order"
	"github.com/dhvani/dhvani/internal/staff"
	ws "github.com/dhvani/dhvani/internal/workspace"
)

func TestMain(m *testing.M) { dbtest.Main(m) }

var ctx = context.Background()

const (
	workspace = 7
	model     = 70
	start     = 1_760_000_000_000_000 // microseconds
	minute    = 60_000_000
)

// shop is a database with one workspace, in India.
type shop struct {
	t testing.TB
	Store
	sent int
}

func newShop(t testing.TB, d *db.DB) *shop {
	t.Helper()
	err := d.Update(ctx, func(tx *db.Tx) error {
		_, err := tx.Exec(ctx, `INSERT INTO workspace (number, id, name, model, country, identity_secret, created_at)
			VALUES ($1, 'w', 'Shop', $2, 'in', $3, 0)`, workspace, model, []byte{1})
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return &shop{t: t, Store: Store{DB: d}}
}

func eachShop(t *testing.T, f func(t *testing.T, s *shop)) {
	dbtest.Run(t, func(t *testing.T, d *db.DB) { f(t, newShop(t, d)) })
}

// stages are those that cards are made from, and their own.
var stages = []interface {
	Apply(context.Context, *db.Tx, *event.Batch) error
}{customer.Stage{}, order.Stage{}, feedback.Stage{}, Stage{}}

// send applies events in one batch.
func (s *shop) send(events ...event.Event) {
	s.t.Helper()
	for i := range events {
		e := &events[i]
		s.sent++
		e.Workspace, e.Model, e.Source = workspace, model, "segment"
		if e.MessageID == "" {
			e.MessageID = fmt.Sprint("m", s.sent)
		}
		if e.At == 0 {
			e.At = start + int64(s.sent)*minute
		}
	}
	s.apply(events)
}

func (s *shop) apply(events []event.Event) {
	s.t.Helper()
	err := s.DB.Update(ctx, func(tx *db.Tx) error {
		b := &event.Batch{Events: events}
		for _, st := range stages {
			if err := st.Apply(ctx, tx, b); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		s.t.Fatal(err)
	}
}

func identify(u, traits string) event.Event {
	return event.Event{Type: event.Identify, UserID: u, Traits: traits, Flags: event.Verified}
}

func track(u, a, name, properties string) event.Event {
	return event.Event{Type: event.Track, UserID: u, AnonymousID: a, Name: name, Properties: properties}
}

func (s *shop) list(f Filter) Page {
	s.t.Helper()
	p, err := s.List(ctx, workspace, f)
	if err != nil {
		s.t.Fatal(err)
	}
	return p
}

// names lists the names on a page, "-" for who has none.
func names(p Page) string {
	var out []string
	for _, r := range p.Rows {
		if r.Name == "" {
			r.Name = "-"
		}
		out = append(out, r.Name)
	}
	return strings.Join(out, ", ")
}

// fill makes a few customers.
func (s *shop) fill() {
	s.t.Helper()
	s.send(
		identify("u1", `{"name":"রুমা সেনগুপ্ত","latin_name":"Ruma Sengupta","email":"ruma.s@mail.example","phone":"+919830012345","address":{"city":"Kolkata"}}`),
		identify("u2", `{"firstName":"Rekha","lastName":"Sharma","city":"Jaipur","phone":"+919812345678","instagram":"@rekha_s","tier":"gold"}`),
		identify("u3", `{"name":"João Café","email":"joao@mail.example"}`),
		identify("u4", `{"name":"रेखा शर्मा","email":"rekha@else.example"}`),
		track("", "visitor", "Product Viewed", `{"product_id":"p"}`),
		track("u1", "", "Order Completed", `{"order_id":"TH-1A","total":"900","currency":"INR"}`),
		track("u2", "", "Order Completed", `{"order_id":"1082-3391","total":"2500","currency":"INR"}`),
		track("u2", "", "Order Completed", `{"order_id":"1082-3392","total":"100","currency":"USD"}`),
		track("u2", "", "Order Completed", `{"order_id":"1082-3393","total":"500","currency":"INR"}`),
		track("u1", "", "Survey Answered", `{"kind":"nps","score":3,"text":"late"}`),
		track("u2", "", "Product Reviewed", `{"rating":5,"review_body":"lovely"}`),
		track("u3", "", "Live Chat Message Sent", `{"text":"hello"}`),
	)
}

func TestSearch(t *testing.T) {
	eachShop(t, func(t *testing.T, s *shop) {
		s.fill()
		for _, c := range []struct{ query, want string }{
			{"রুমা", "রুমা সেনগুপ্ত"},
			{"সেন", "রুমা সেনগুপ্ত"},
			{"ruma", "রুমা সেনগুপ্ত"},
			{"RUMA seng", "রুমা সেনগুপ্ত"},
			{"রে", ""},
			{"रेखा", "रेखा शर्मा"},
			{"शर् रेखा", "रेखा शर्मा"},
			{"joao cafe", "João Café"},
			{"jaipur", "Rekha Sharma"},
			{"rekha gold", "Rekha Sharma"},
			{"rekha silver", ""},
			{"ruma.s@", "রুমা সেনগুপ্ত"},
			{"Ruma.S@mail.example", "রুমা সেনগুপ্ত"},
			{"+91 98300 12345", "রুমা সেনগুপ্ত"},
			{"098300-12345", "রুমা সেনগুপ্ত"},
			{"98300", "রুমা সেনগুপ্ত"},
			{"৯৮৩০০ ১২৩৪৫", "রুমা সেনগুপ্ত"},
			{"@rekha_s", "Rekha Sharma"},
			{"1082-3391", "Rekha Sharma"},
			{"#1082-3391", "Rekha Sharma"},
			{"th-1a", "রুমা সেনগুপ্ত"},
			{"u3", "João Café"},
			{"visitor", "-"},
			{"nobody", ""},
			{"%", ""},
			{"' OR 1=1", ""},
		} {
			if got := names(s.list(Filter{Query: c.query})); got != c.want {
				t.Errorf("%q finds %q, not %q", c.query, got, c.want)
			}
		}
	})
}

func TestFiltersAndSorts(t *testing.T) {
	eachShop(t, func(t *testing.T, s *shop) {
		s.fill()
		for _, c := range []struct {
			name string
			f    Filter
			want string
		}{
			{"by name", Filter{Sort: Name, Ascending: true}, "João Café, Rekha Sharma, रेखा शर्मा, রুমা সেনগুপ্ত, -"},
			{"by spend", Filter{Sort: Spend, Limit: 2}, "Rekha Sharma, রুমা সেনগুপ্ত"},
			{"by orders", Filter{Sort: Orders, Limit: 2}, "Rekha Sharma, রুমা সেনগুপ্ত"},
			{"by rating leaves out who gave none", Filter{Sort: Rating}, "Rekha Sharma, রুমা সেনগুপ্ত"},
			{"bought", Filter{OrdersMin: 1, Sort: Name}, "রুমা সেনগুপ্ত, Rekha Sharma"},
			{"never bought", Filter{OrdersMax: -1, Sort: Name, Ascending: true}, "João Café, रेखा शर्मा, -"},
			{"spent much", Filter{SpendMin: 1_000_000_000}, "Rekha Sharma"},
			{"good", Filter{Mood: string(feedback.Good)}, "Rekha Sharma"},
			{"bad", Filter{Mood: string(feedback.Bad)}, "রুমা সেনগুপ্ত"},
			{"no rating", Filter{Mood: NoRating, Sort: Name, Ascending: true}, "João Café, रेखा शर्मा, -"},
			{"chat", Filter{Channel: feedback.Chat}, "João Café"},
			{"searched and filtered", Filter{Query: "rekha", OrdersMin: 1}, "Rekha Sharma"},
			{"searched and filtered out", Filter{Query: "joao", OrdersMin: 1}, ""},
			{"seen before", Filter{SeenTo: start}, ""},
			{"seen since", Filter{SeenFrom: start - grain, Query: "joao"}, "João Café"},
		} {
			if got := names(s.list(c.f)); got != c.want {
				t.Errorf("%s: %q, not %q", c.name, got, c.want)
			}
		}
		r := s.list(Filter{Query: "jaipur"}).Rows[0]
		if r.Orders != 3 || r.Spend != 3_000_000_000 || r.Currency != "INR" || r.Mood != string(feedback.Good) || r.Opinions != 1 || r.LastOpinion.IsZero() {
			t.Errorf("card: %+v", r)
		}
		for _, f := range []Filter{{Sort: "x"}, {Mood: "x"}, {Channel: "x"}, {Cursor: "x"}, {Cursor: place{key: int64(1)}.String(Spend, true)}} {
			if _, err := s.List(ctx, workspace, f); err == nil {
				t.Errorf("%+v is not refused", f)
			}
		}
	})
}

// TestPages walks through a list to its end and back, by each column.
func TestPages(t *testing.T) {
	eachShop(t, func(t *testing.T, s *shop) {
		var events []event.Event
		for i := range 23 {
			u := fmt.Sprintf("u%02d", i)
			events = append(events, identify(u, fmt.Sprintf(`{"name":"N%d","tier":"t"}`, i%5)))
			for j := range i % 3 {
				events = append(events, track(u, "", "Order Completed", fmt.Sprintf(`{"order_id":"%s-%d","total":"%d"}`, u, j, i%4)),
					track(u, "", "Product Reviewed", fmt.Sprintf(`{"rating":%d}`, 1+i%5)))
			}
		}
		s.send(events...)
		for _, base := range []Filter{{}, {Query: "t"}, {OrdersMin: 1}, {Mood: string(feedback.Good)}} {
			for _, by := range Sorts {
				for _, up := range []bool{false, true} {
					base.Sort, base.Ascending, base.Limit, base.Cursor = by, up, 200, ""
					all := s.list(base).Rows
					base.Limit = 4
					var there, back []Row
					var p Page
					for p = s.list(base); ; p = s.list(base) {
						there = append(there, p.Rows...)
						if p.Next == "" {
							break
						}
						base.Cursor = p.Next
					}
					if !slices.EqualFunc(all, there, func(a, b Row) bool { return a.ID == b.ID }) {
						t.Fatalf("%+v: pages give %d rows, the whole list %d, or in another order", base, len(there), len(all))
					}
					for p.Previous != "" {
						base.Cursor = p.Previous
						p = s.list(base)
						back = append(slices.Clone(p.Rows), back...)
					}
					if n := len(all) - len(all)%4; len(all) > 4 && len(back) < n-4 {
						t.Fatalf("%+v: %d of %d rows on the way back", base, len(back), len(all))
					}
					if !slices.EqualFunc(all[:len(back)], back, func(a, b Row) bool { return a.ID == b.ID }) {
						t.Fatalf("%+v: the way back is another", base)
					}
				}
			}
		}
	})
}

func TestMergeAndUndo(t *testing.T) {
	eachShop(t, func(t *testing.T, s *shop) {
		s.fill()
		before := s.rows(model)
		store := &customer.Store{DB: s.DB}
		desk := customer.Desk{Store: store, Act: func(_ context.Context, e event.Event) error { s.send(e); return nil }}
		owner := staff.Actor{Account: "a", Workspace: workspace, Role: ws.Owner}
		u2, u4 := event.ProfileID(workspace, event.UserProfile, "u2"), event.ProfileID(workspace, event.UserProfile, "u4")
		if err := desk.Merge(ctx, owner, u2, u4); err != nil {
			t.Fatal(err)
		}
		p := s.list(Filter{Query: "jaipur"})
		if q := s.list(Filter{Query: "शर्मा"}); len(p.Rows) != 1 || len(q.Rows) != 1 || p.Rows[0].ID != q.Rows[0].ID || p.Rows[0].Orders != 3 {
			t.Fatalf("merged: %+v and %+v", p.Rows, q.Rows)
		}
		if err := desk.Unmerge(ctx, owner, u2, event.ID{}); err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff(before, s.rows(model)); d != "" {
			t.Errorf("after undoing: %s", d)
		}
		if err := desk.Merge(ctx, staff.Actor{Account: "b", Workspace: workspace, Role: ws.Analyst}, u2, u4); err != staff.ErrForbidden {
			t.Errorf("an analyst may merge: %v", err)
		}
	})
}

// rows are all rows of a model, as text.
func (s *shop) rows(model int64) (out []string) {
	s.t.Helper()
	err := s.DB.View(ctx, func(tx *db.Tx) error {
		for _, q := range []string{
			"SELECT id, first_seen, last_seen, name, other_name, name_key, city, orders, spend, currency, opinions, channels, rating, last_opinion, terms FROM customer_card WHERE model = $1 ORDER BY id",
			"SELECT term, id FROM customer_term WHERE model = $1 ORDER BY term, id",
		} {
			rows, err := tx.Query(ctx, q, model)
			if err != nil {
				return err
			}
			columns, _ := rows.Columns()
			for rows.Next() {
				values := make([]any, len(columns))
				into := make([]any, len(columns))
				for i := range values {
					into[i] = &values[i]
				}
				if err := rows.Scan(into...); err != nil {
					return err
				}
				out = append(out, fmt.Sprint(values))
			}
			rows.Close()
		}
		return nil
	})
	if err != nil {
		s.t.Fatal(err)
	}
	return out
}

// TestOrderOfArrival checks that cards are a function of the set of events: of
// random events in any order and any batches the same cards are made, and they
// are those that remake makes of all customers at once.
func TestOrderOfArrival(t *testing.T) {
	eachShop(t, func(t *testing.T, s *shop) {
		for seed := range uint64(6) {
			r := rand.New(rand.NewPCG(seed, 2))
			events := randomEvents(r, 60)
			var want []string
			for try := range 3 {
				m := int64(1000 + 10*seed + uint64(try))
				for i := range events {
					events[i].Model = m
				}
				r.Shuffle(len(events), func(i, j int) { events[i], events[j] = events[j], events[i] })
				for left := events; len(left) > 0; {
					n := 1 + r.IntN(min(5, len(left)))
					s.apply(slices.Clone(left[:n]))
					left = left[n:]
				}
				got := s.rows(m)
				if try == 0 {
					want = got
					continue
				}
				if d := cmp.Diff(want, got); d != "" {
					t.Fatalf("seed %d: another order gives other cards: %s", seed, d)
				}
			}
		}
	})
}

func randomEvents(r *rand.Rand, n int) []event.Event {
	pick := func(s ...string) string { return s[r.IntN(len(s))] }
	var out []event.Event
	for i := range n {
		u, a := fmt.Sprintf("u%d", r.IntN(12)), pick("", "a1", "a2", "a3")
		if u > "u8" || u > "u1" && u < "u2" {
			u = ""
		}
		if u == "" && a == "" {
			a = "a4"
		}
		var e event.Event
		switch r.IntN(16) { // most only say that somebody is there
		case 0:
			e = event.Event{Type: event.Identify, UserID: u, AnonymousID: a, Traits: fmt.Sprintf(`{"name":%q,"email":%q,"city":%q}`, pick("A B", "C", "दीपा"), pick("a@x.example", "b@x.example"), pick("Pune", "Goa"))}
		case 1:
			e = track(u, a, pick("Order Completed", "Order Cancelled", "Order Refunded", "Order Updated"), fmt.Sprintf(`{"order_id":%q,"total":"%d","currency":%q}`, pick("o1", "o2", "o3"), r.IntN(9), pick("INR", "USD")))
		case 2:
			e = track(u, a, "Product Reviewed", fmt.Sprintf(`{"review_id":%q,"rating":%d}`, pick("", "r1", "r2"), 1+r.IntN(5)))
		case 3:
			e = track(u, a, "Survey Answered", fmt.Sprintf(`{"kind":"nps","score":%d}`, r.IntN(11)))
		default:
			e = track(u, a, "Product Viewed", `{}`)
		}
		if r.IntN(2) == 0 {
			e.Flags = event.Verified
		}
		e.Workspace, e.Source, e.MessageID, e.At = workspace, "segment", fmt.Sprint("m", i), start+int64(r.IntN(100))*minute
		out = append(out, e)
	}
	return out
}

func TestExport(t *testing.T) {
	eachShop(t, func(t *testing.T, s *shop) {
		s.send(identify("u1", `{"name":"=HYPERLINK(\"x\")","city":"@x","phone":"+919830012345","email":"ruma@mail.example"}`),
			identify("u2", `{"name":"a, \"b\"\n","city":"\t=1"}`), identify("u3", `{"name":"ruma@mail.example"}`))
		export := func(role ws.Role) (string, error) {
			var b strings.Builder
			err := s.Export(ctx, staff.Actor{Account: "a", Workspace: workspace, Role: role}, Filter{Sort: Name, Ascending: true}, &b)
			return b.String(), err
		}
		whole, err := export(ws.Owner)
		if err != nil {
			t.Fatal(err)
		}
		for _, want := range []string{`"'=HYPERLINK(""x"")"`, "ruma@mail.example", "'+919830012345", "'@x", `"a, ""b"""`, "'=1"} {
			if want == "'=1" { // white space before it is cut off
				want = ",=1"
				if strings.Contains(whole, want) {
					t.Errorf("a formula stands in %s", whole)
				}
				continue
			}
			if !strings.Contains(whole, want) {
				t.Errorf("%q is missing in %s", want, whole)
			}
		}
		masked, err := export(ws.Analyst)
		if err != nil || strings.Contains(masked, "ruma@") || strings.Contains(masked, "9830012345") {
			t.Errorf("an analyst gets %s (%v)", masked, err)
		}
		if _, err := export(ws.Agent); err != staff.ErrForbidden {
			t.Errorf("an agent may export: %v", err)
		}
		var n int
		err = s.DB.View(ctx, func(tx *db.Tx) error {
			return tx.QueryRow(ctx, "SELECT count(*) FROM audit WHERE action = 'customers.exported'").Scan(&n)
		})
		if err != nil || n != 2 {
			t.Errorf("the audit log has %d lines (%v)", n, err)
		}
	})
}
