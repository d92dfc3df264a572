package feedback_test

import (
	"fmt"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/dhvani/dhvani/internal/db"
	"github.com/dhvani/dhvani/internal/db/dbtest"
	"github.com/dhvani/dhvani/internal/event"
	"github.com/dhvani/dhvani/internal/feedback"
)

// A visitor's review that they edit as a user is one review while the two are
// one customer.
func TestReviewOfTwoProfiles(t *testing.T) {
	user, visitor := event.ProfileID(1, event.UserProfile, "u"), event.ProfileID(1, event.AnonymousProfile, "a")
	asVisitor := ev("1", "Product Reviewed", 1, `{"review_id":"r","order_id":"o","rating":1,"review_body":"slow"}`)
	asVisitor.UserID, asVisitor.AnonymousID = "", "a"
	asUser := ev("2", "Product Reviewed", 2, `{"review_id":"r","order_id":"o","rating":5,"review_body":"came at last"}`)
	stranger := ev("3", "Product Reviewed", 3, `{"review_id":"r","order_id":"o","rating":3}`)
	stranger.UserID = "v"
	otherOrder := ev("4", "Product Reviewed", 4, `{"review_id":"r","order_id":"p","rating":4}`)
	vouched := asVisitor
	vouched.Flags = event.Verified
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		dbtest.Workspace(t, d, 1)
		belongs := func(profile, customer event.ID) {
			err := d.Update(ctx, func(tx *db.Tx) error {
				_, err := tx.Exec(ctx, `INSERT INTO profile (model, id, customer) VALUES (101, $1, $2)
					ON CONFLICT (model, id) DO UPDATE SET customer = excluded.customer`, profile[:], customer[:])
				return err
			})
			if err != nil {
				t.Fatal(err)
			}
		}
		check := func(name string, want ...float64) {
			t.Helper()
			var got []float64
			for _, it := range list(t, d, feedback.Filter{}) {
				got = append(got, *it.Rating)
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Error(name, diff)
			}
			for _, bucket := range []string{"", "hour"} {
				if s := scores(t, d, "rating", feedback.ScoreFilter{Bucket: bucket}); s.N != int64(len(want)) {
					t.Errorf("%s: a score of %d, want %d", name, s.N, len(want))
				}
			}
		}
		belongs(visitor, visitor)
		belongs(user, user)
		apply(t, d, asVisitor)
		apply(t, d, otherOrder, asUser)
		apply(t, d, stranger)
		check("before they are one", 4, 3, 5, 1)
		belongs(visitor, user)
		check("as one customer", 4, 3, 5)
		s, err := feedback.Store{DB: d}.Summary(ctx, 1, []event.ID{user, visitor})
		if err != nil || s.Ratings != 2 || *s.AverageRating != 4.5 {
			t.Errorf("%+v %v", s, err)
		}
		if n := len(list(t, d, feedback.Filter{To: 2e6})); n != 0 {
			t.Error("the edited review is shown where the edit is out of the range")
		}
		if n := len(list(t, d, feedback.Filter{Query: "slow"})); n != 0 {
			t.Error("the edited text is found")
		}
		belongs(visitor, visitor)
		check("taken apart", 4, 3, 5, 1)
		belongs(visitor, user)
		clean(t, d)
		apply(t, d, asUser, vouched)
		check("one of them vouched for", 1)
	})
}

// Two shards that bring the two rows of a review at the same time see each other.
func TestTwinsFromTwoShards(t *testing.T) {
	_, d := databases(t)
	const reviews = 300
	var shards sync.WaitGroup
	for _, u := range []string{"u", "v"} {
		shards.Go(func() {
			for i := range reviews {
				e := ev(fmt.Sprint(u, i), "Product Reviewed", 1, fmt.Sprintf(`{"review_id":"r%d","rating":4}`, i))
				e.UserID = u
				apply(t, d, e)
			}
		})
	}
	shards.Wait()
	var twins int
	err := d.View(ctx, func(tx *db.Tx) error {
		return tx.QueryRow(ctx, "SELECT count(*) FROM feedback WHERE twin = 1").Scan(&twins)
	})
	if err != nil || twins != 2*reviews {
		t.Errorf("%d of %d rows are marked: %v", twins, 2*reviews, err)
	}
}

// A shop may use one review id for all that is said about a product.
func BenchmarkTwins(b *testing.B) {
	d := dbtest.SQLite(b)
	dbtest.Workspace(b, d, 1)
	const n = 50_000
	for from := 0; from < n; from += 5000 {
		var events []event.Event
		for i := range 5000 {
			e := ev(fmt.Sprint(from+i), "Product Reviewed", int64(from+i), `{"review_id":"p1","rating":4}`)
			e.UserID = fmt.Sprint("u", from+i)
			events = append(events, e)
		}
		apply(b, d, events...)
	}
	for b.Loop() {
		if s := scores(b, d, "rating", feedback.ScoreFilter{}); s.N != n {
			b.Fatal(s.N)
		}
	}
}
