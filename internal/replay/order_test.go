package replay

import (
	"context"
	"fmt"
	"hash/fnv"
	"slices"
	"strings"
	"sync"
	"testing"

	"pgregory.net/rapid"

	"github.com/dhvani/dhvani/internal/customer"
	"github.com/dhvani/dhvani/internal/db"
	"github.com/dhvani/dhvani/internal/db/dbtest"
	"github.com/dhvani/dhvani/internal/event"
	"github.com/dhvani/dhvani/internal/feedback"
	"github.com/dhvani/dhvani/internal/insight"
	"github.com/dhvani/dhvani/internal/insight/incident"
	"github.com/dhvani/dhvani/internal/intake"
	"github.com/dhvani/dhvani/internal/language"
	"github.com/dhvani/dhvani/internal/order"
	"github.com/dhvani/dhvani/internal/process"
	"github.com/dhvani/dhvani/internal/staff"
	"github.com/dhvani/dhvani/internal/workspace"
)

func TestMain(m *testing.M) { dbtest.Main(m) }

var rooms = []process.Stage{customer.Stage{}, order.Stage{}, feedback.Stage{Analyzers: guesses}, insight.Stage{}, intake.Stage{}, incident.Stage{}}

// guess says anything of a text, and always the same.
type guess struct{ salt string }

func guesses(int64) feedback.Analyzer { return guess{} }

func (g guess) Analyze(text string) (a language.Analysis) {
	h := fnv.New32a()
	h.Write([]byte(g.salt + text))
	n := int(h.Sum32() >> 3)
	a.Language, a.Sentiment = language.Languages[n%9], language.Sentiments[n%3]
	a.Score, a.Urgency = float64(n%3-1)*0.8, language.Urgency{Grade: n % 4, Calm: n % 4}
	if n%5 == 0 {
		a.Care, a.Urgency.Grade = []language.Flag{{Kind: "legal"}}, 3
	}
	for i := range n % 3 {
		a.Topics = append(a.Topics, language.Topic{Name: language.Topics[(n+i)%13], Sentiment: language.Sentiments[(n/7+i)%3]})
	}
	return a
}

// correct lets staff say something of an opinion of the model in use, or take it back.
func correct(t *rapid.T, d *db.DB) {
	s := feedback.Store{DB: d, Analyzers: guesses, Recount: func(ctx context.Context, tx *db.Tx, opinion, _ event.Key, change func() error) error {
		return insight.Recount(ctx, tx, opinion, change)
	}}
	said, err := s.Rated(context.Background(), 1, 10)
	if err != nil {
		t.Fatal(err)
	}
	items, _, err := s.List(context.Background(), 1, feedback.Filter{Mood: rapid.SampledFrom([]feedback.Mood{"", feedback.Bad}).Draw(t, "of mood")})
	if err != nil {
		t.Fatal(err)
	}
	for _, it := range items {
		said = append(said, feedback.RatedText{ID: it.ID, Text: it.Text})
	}
	said = slices.DeleteFunc(said, func(r feedback.RatedText) bool { return r.Text == "" })
	if len(said) == 0 {
		return
	}
	by, id := staff.Actor{Account: "ann", Workspace: 1, Role: workspace.Agent}, rapid.SampledFrom(said).Draw(t, "corrected").ID
	if rapid.IntRange(0, 3).Draw(t, "back") == 0 {
		err = s.Uncorrect(context.Background(), by, id, feedback.Label{})
	} else {
		c := feedback.Change{Sentiment: string(rapid.SampledFrom(language.Sentiments).Draw(t, "sentiment"))}
		if rapid.Bool().Draw(t, "topics too") {
			c.Topics = map[string]string{"delivery": c.Sentiment, "size": "neutral", "price": ""}
		}
		if rapid.Bool().Draw(t, "care too") {
			c.Care = map[string]bool{"legal": rapid.Bool().Draw(t, "right")}
		}
		err = s.Correct(context.Background(), by, id, c)
	}
	if err != nil {
		t.Fatal(err)
	}
}

const shards = 4

// drawEvent draws an event of few people, orders and opinions, who meet in every
// way: in browsers, at the shop's server, and by staff's decisions.
func drawEvent(t *rapid.T, i int) event.Event {
	pick := func(name string, from ...string) string { return rapid.SampledFrom(from).Draw(t, name) }
	user, visitor := pick("user", "u1", "u2", "u3", ""), pick("visitor", "a1", "a2", "a3")
	e := event.Event{
		Workspace: 1, Source: "segment", Type: event.Track, UserID: user, AnonymousID: visitor,
		MessageID: fmt.Sprint("m", i), At: 1_000_000 * rapid.Int64Range(1, 6).Draw(t, "at") * rapid.SampledFrom([]int64{1, 1, 1200, 40_000}).Draw(t, "far"), ReceivedAt: 9_000_000,
	}
	if rapid.Bool().Draw(t, "verified") {
		e.Flags = event.Verified
	}
	order, score := pick("order", "o1", "o2"), rapid.IntRange(1, 5).Draw(t, "score")
	switch rapid.IntRange(0, 15).Draw(t, "what") {
	case 0:
		e.Type, e.Traits = event.Identify, fmt.Sprintf(`{"email":%q,"phone":%q}`, pick("mail", "x@y.z", "p@q.r"), pick("phone", "+919876543210", "+919876543211"))
	case 1:
		e.Type, e.UserID, e.PreviousID = event.Alias, pick("alias", "u1", "u2"), pick("previous", "u3", "a1", "a2")
	case 2, 3:
		e.Name = pick("order event", "Order Completed", "Order Updated", "Order Cancelled", "Order Refunded", "Order Shipped", "Order Delivered")
		e.Properties = fmt.Sprintf(`{"order_id":%q,"total":%d.5,"currency":"INR","products":[{"product_id":"p%d","price":3,"quantity":2}]}`, order, score, score)
	case 4:
		e.Name, e.Properties = "Survey Answered", fmt.Sprintf(`{"survey_id":"s","question_id":"q","kind":"nps","score":%d,"order_id":%q}`, score, order)
	case 5:
		e.Name, e.Properties = "Product Reviewed", fmt.Sprintf(`{"review_id":%q,"product_id":"p1","rating":%d,"review_body":"text %d"}`, pick("review", "r1", "r2"), score, i%5)
	case 10, 11:
		e.Name, e.Properties = "Survey Answered", fmt.Sprintf(`{"survey_id":"t","submission_id":%q,"text":"text %d","order_id":%q}`, pick("submission", "x", "y", "z"), i%5, order)
	case 6, 7, 8, 9:
		e.Name = pick("browsing", "Product Viewed", "Product Added", "Checkout Started", "Checkout Failed", "Products Searched", "Order Completed")
		e.Properties = fmt.Sprintf(`{"product_id":"p%d","name":"name %d","payment_method":%q,"reason":"late","query":"q%d","results":0}`, score, i, pick("method", "UPI", "card"), i)
	case 12:
		n := rapid.IntRange(1, 2).Draw(t, "verdict")
		id := event.NewID(1, "verdict", fmt.Sprint(n)).String()
		e.Type, e.Flags, e.UserID, e.AnonymousID = event.Staff, event.Verified, "", ""
		if e.Name, e.Properties = incident.WithdrawName, fmt.Sprintf(`{"id":%q,"by":"ann"}`, id); rapid.Bool().Draw(t, "given") {
			e.Name, e.At = incident.VerdictName, int64(n)*1_000_000 // its id stands for what it says and when
			e.Properties = fmt.Sprintf(`{"id":%q,"insight":"i%d","what":"mute","kind":"payment","theme":"checkout","pairs":[{"dim":"method","value":"upi"}],"by":"ann"}`, id, n)
		}
	default:
		ids := []event.ID{
			event.ProfileID(1, event.UserProfile, "u1"), event.ProfileID(1, event.UserProfile, "u2"),
			event.ProfileID(1, event.AnonymousProfile, "a1"), event.ProfileID(1, event.AnonymousProfile, "a3"),
		}
		a := rapid.IntRange(0, len(ids)-1).Draw(t, "a")
		b := (a + rapid.IntRange(1, len(ids)-1).Draw(t, "b")) % len(ids)
		e.Type, e.Flags, e.Name = event.Staff, event.Verified, pick("decision", customer.MergeName, customer.UnmergeName, customer.RefuseName)
		e.Properties = fmt.Sprintf(`{"left":[%q],"right":[%q],"by":"key"}`, ids[a], ids[b])
	}
	return e
}

// shardOf is any placement that keeps a shard key together.
func shardOf(e *event.Event) int {
	h := fnv.New32a()
	h.Write([]byte(e.ShardKey()))
	return int(h.Sum32() % shards)
}

// fold applies events of shards into a model, in batches that keep the order of
// each shard. Next says which shard's turn it is, and how much of it.
func fold(ctx context.Context, d *db.DB, model int64, byShard [][]event.Event, next func() (shard, n int)) error {
	left := 0
	rest := make([][]event.Event, len(byShard))
	for i := range byShard {
		rest[i], left = byShard[i], left+len(byShard[i])
	}
	for left > 0 {
		shard, n := next()
		n = min(n, len(rest[shard]))
		if n == 0 {
			continue
		}
		if err := foldBatch(ctx, d, model, shard, rest[shard][:n]); err != nil {
			return err
		}
		rest[shard], left = rest[shard][n:], left-n
	}
	return nil
}

func foldBatch(ctx context.Context, d *db.DB, model int64, shard int, events []event.Event) error {
	return foldBy(ctx, d, rooms, model, shard, events)
}

func foldBy(ctx context.Context, d *db.DB, rooms []process.Stage, model int64, shard int, events []event.Event) error {
	b := event.Batch{Shard: shard}
	for _, e := range events {
		e.Model = model
		b.Events = append(b.Events, e)
	}
	if model%2 == 1 { // in Apply otherwise
		if err := process.Prepare(ctx, rooms, &b); err != nil {
			return err
		}
	}
	return d.Update(ctx, func(tx *db.Tx) error {
		if _, err := tx.Exec(ctx, "UPDATE spare_model SET until = until + 1 WHERE model = $1", model); err != nil { // as a replay touches it
			return err
		}
		for _, st := range rooms {
			if err := st.Apply(ctx, tx, &b); err != nil {
				return err
			}
		}
		return nil
	})
}

// Whatever order the shards' batches are applied in, and however they are cut,
// all derived rows of all rooms are the same, merges and their undoing included.
func TestOrderAcrossShardsDoesNotMatter(t *testing.T) {
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		dbtest.Workspace(t, d, 1)
		last := int64(998)
		checks := 0
		rapid.Check(t, func(rt *rapid.T) {
			if checks++; d.Postgres && checks > 25 {
				return // slower, and the logic is the same: what differs is concurrency
			}
			last += 2
			model := last
			byShard := make([][]event.Event, shards)
			for i := range rapid.IntRange(2, 40).Draw(rt, "events") {
				e := drawEvent(rt, i)
				e.Position = event.NewPosition(shardOf(&e), uint64(i+1), 0)
				byShard[shardOf(&e)] = append(byShard[shardOf(&e)], e)
			}
			in := func(model int64, next func() (int, int)) {
				if err := fold(t.Context(), d, model, byShard, next); err != nil {
					rt.Fatal(err)
				}
			}
			turn := -1
			use(rt, d, model, model+1)
			in(model, func() (int, int) { turn++; return turn % shards, 100 })
			in(model+1, func() (int, int) {
				if rapid.IntRange(0, 2).Draw(rt, "does correct") == 0 {
					correct(rt, d)
				}
				return rapid.IntRange(0, shards-1).Draw(rt, "shard"), rapid.IntRange(1, 5).Draw(rt, "n")
			})
			mustBeEqual(rt, d, model, model+1)
		})
	})
}

// use makes a workspace use one model while another is being filled.
func use(t fataler, d *db.DB, model, other int64) {
	t.Helper()
	err := d.Update(context.Background(), func(tx *db.Tx) error {
		for _, q := range []string{"DELETE FROM spare_model", "DELETE FROM feedback_label", fmt.Sprint("UPDATE workspace SET model = ", model),
			fmt.Sprintf("INSERT INTO spare_model (model, workspace, purpose, until) VALUES (%d, 1, 'replay', 1)", other)} {
			if _, err := tx.Exec(context.Background(), q); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// The same with all shards at once, as several nodes apply them, while staff correct
// what was understood.
func TestShardsAtOnceAreAsShardsInTurn(t *testing.T) {
	d := open(t)
	dbtest.Workspace(t, d, 1)
	gen := rapid.Custom(func(rt *rapid.T) [][]event.Event {
		byShard := make([][]event.Event, shards)
		for i := range 120 {
			e := drawEvent(rt, i)
			byShard[shardOf(&e)] = append(byShard[shardOf(&e)], e)
		}
		return byShard
	})
	for round := range 10 {
		byShard, model := gen.Example(round), int64(1000+2*round)
		turn := -1
		use(t, d, model, model+1)
		if err := fold(t.Context(), d, model, byShard, func() (int, int) { turn++; return turn % shards, 100 }); err != nil {
			t.Fatal(err)
		}
		var all sync.WaitGroup
		for shard := range byShard {
			all.Go(func() {
				for rest := byShard[shard]; len(rest) > 0; {
					n := min(len(rest), 3)
					if err := foldBatch(context.Background(), d, model+1, shard, rest[:n]); err != nil {
						t.Error(err)
						return
					}
					rest = rest[n:]
				}
			})
		}
		all.Go(func() {
			rapid.Custom(func(rt *rapid.T) bool {
				for range 15 {
					correct(rt, d)
				}
				return true
			}).Example(round)
		})
		all.Wait()
		mustBeEqual(t, d, model, model+1)
	}
}

func open(t *testing.T) *db.DB {
	t.Helper()
	d, err := db.Open(t.Context(), db.Options{URL: dbtest.Postgres(t)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { d.Close() })
	return d
}

type fataler interface {
	Helper()
	Fatal(...any)
}

func mustBeEqual(t fataler, d *db.DB, a, b int64) {
	t.Helper()
	err := d.View(context.Background(), func(tx *db.Tx) error {
		_, err := compare(context.Background(), tx, a, b)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

// Rows that an older model made are no difference; a text that says something else is.
func TestNewerModelIsNoDifference(t *testing.T) {
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		dbtest.Workspace(t, d, 1)
		var events []event.Event
		for i := range 20 {
			e := event.Event{Workspace: 1, Type: event.Track, UserID: "u", MessageID: fmt.Sprint(i), At: int64(i), Name: "Survey Answered"}
			e.Properties = fmt.Sprintf(`{"survey_id":"s","submission_id":"%d","text":"text %d"}`, i%12, i)
			events = append(events, e)
		}
		use(t, d, 1, 2)
		if err := foldBatch(t.Context(), d, 1, 0, events); err != nil {
			t.Fatal(err)
		}
		st := feedback.Stage{Analyzers: func(int64) feedback.Analyzer { return guess{"newer"} }}
		fill := func(model int64) {
			list := slices.Clone(rooms)
			list[slices.IndexFunc(list, func(s process.Stage) bool { return s.Name() == "feedback" })] = st
			if err := foldBy(t.Context(), d, list, model, 0, events); err != nil {
				t.Fatal(err)
			}
		}
		fill(2)
		err := d.View(t.Context(), func(tx *db.Tx) error { _, err := compare(t.Context(), tx, 1, 2); return err })
		if err == nil {
			t.Error("the newer model says the same, so this shows nothing")
		}
		st.Recall = true
		fill(3)
		mustBeEqual(t, d, 1, 3)
	})
}

// The comparison itself finds what differs.
func TestCompareFindsDifferences(t *testing.T) {
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		dbtest.Workspace(t, d, 1)
		events := []event.Event{{Workspace: 1, Type: event.Identify, UserID: "u", MessageID: "m", At: 1, Traits: `{"email":"x@y.z"}`}}
		for model := int64(1); model <= 2; model++ {
			if err := foldBatch(t.Context(), d, model, 0, events); err != nil {
				t.Fatal(err)
			}
		}
		mustBeEqual(t, d, 1, 2)
		for _, c := range []struct{ harm, heal, says string }{
			{"UPDATE profile SET events = 7 WHERE model = 1", "UPDATE profile SET events = 1 WHERE model = 1", "column events is 7, and the stored events make it 1"},
			{"INSERT INTO trait SELECT 1, profile, 'zz', value, at, tie, source FROM trait WHERE model = 1", "DELETE FROM trait WHERE name = 'zz'", "do not make it"},
			{"INSERT INTO trait SELECT 2, profile, 'aa', value, at, tie, source FROM trait WHERE model = 2", "DELETE FROM trait WHERE name = 'aa'", "is missing"},
			{"UPDATE trait SET value = '\"secret\"' WHERE model = 1", "UPDATE trait SET value = '\"x@y.z\"'", "a text of 8 bytes"},
		} {
			exec := func(query string) {
				err := d.Update(t.Context(), func(tx *db.Tx) error { _, err := tx.Exec(t.Context(), query); return err })
				if err != nil {
					t.Fatal(err)
				}
			}
			exec(c.harm)
			err := d.View(t.Context(), func(tx *db.Tx) error { _, err := compare(t.Context(), tx, 1, 2); return err })
			if err == nil || !strings.Contains(err.Error(), c.says) || strings.Contains(err.Error(), "secret") {
				t.Errorf("%s: %v", c.harm, err)
			}
			exec(c.heal)
		}
	})
}
