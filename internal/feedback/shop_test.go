package feedback_test

import (
	"bufio"
	"compress/gzip"
	"errors"
	"math"
	"os"
	"path/filepath"
	"testing"

	"github.com/dhvani/dhvani/internal/db"
	"github.com/dhvani/dhvani/internal/db/dbtest"
	"github.com/dhvani/dhvani/internal/event"
	"github.com/dhvani/dhvani/internal/feedback"
	"github.com/dhvani/dhvani/internal/order"
)

// A real shop's events give the ratings and texts that the file holds.
func TestRealShop(t *testing.T) {
	name := upwards(t, "shared/data/shop/brazilian-shop.ndjson.gz")
	f, err := os.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	var events []event.Event
	var sum, n, texts int64
	lines := bufio.NewScanner(z)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		e, err := event.Decode(lines.Text(), &event.Defaults{ReceivedAt: 2e15, Flags: event.History})
		if err != nil {
			t.Fatal(err)
		}
		e.Workspace, e.Model = 1, 101
		events = append(events, e)
		if e.Verb() == event.ProductReviewed {
			p := event.ParseObject(e.Properties)
			rating, _ := p.Number("rating")
			sum, n = sum+int64(rating), n+1
			if p.Text("review_body") != "" {
				texts++
			}
		}
	}
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		dbtest.Workspace(t, d, 1)
		for rest := events; len(rest) > 0; {
			b := &event.Batch{Events: rest[:min(len(rest), 8000)]}
			rest = rest[len(b.Events):]
			err := d.Update(ctx, func(tx *db.Tx) error {
				return errors.Join(order.Stage{}.Apply(ctx, tx, b), feedback.Stage{}.Apply(ctx, tx, b))
			})
			if err != nil {
				t.Fatal(err)
			}
		}
		score, err := feedback.Store{DB: d}.Scores(ctx, 1, "rating", feedback.ScoreFilter{Bucket: "month"})
		if err != nil {
			t.Fatal(err)
		}
		if score.N != n || n != 8225 || math.Abs(*score.Value-float64(sum)/1e6/float64(n)) > 1e-9 {
			t.Errorf("n %d value %v, in the file %d and %v", score.N, *score.Value, n, float64(sum)/1e6/float64(n))
		}
		var inBuckets int64
		for _, b := range score.Series {
			inBuckets += b.N
		}
		if inBuckets != n {
			t.Errorf("buckets hold %d of %d", inBuckets, n)
		}
		var orders, withText, cancelled int64
		err = d.View(ctx, func(tx *db.Tx) error {
			return tx.QueryRow(ctx, `SELECT (SELECT count(*) FROM orders), (SELECT count(*) FROM feedback WHERE text <> ''),
				(SELECT count(*) FROM orders WHERE cancelled_at IS NOT NULL)`).Scan(&orders, &withText, &cancelled)
		})
		if err != nil || orders != 8135 || withText != texts || texts != 4109 || cancelled != 625 {
			t.Errorf("%v: orders %d, with text %d of %d, cancelled %d", err, orders, withText, texts, cancelled)
		}
	})
}

// upwards finds a file in the folders above, or leaves the test out.
func upwards(t *testing.T, name string) string {
	dir, _ := os.Getwd()
	for {
		if p := filepath.Join(dir, name); exists(p) {
			return p
		}
		if dir == filepath.Dir(dir) {
			t.Skipf("LEFT OUT, %s is not there", name)
		}
		dir = filepath.Dir(dir)
	}
}

func exists(p string) bool {
	_, err := os.Stat(p)
	return err == nil
}
