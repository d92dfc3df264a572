package process

import (
	"fmt"
	"testing"

	"github.com/dhvani/dhvani/internal/db"
	"github.com/dhvani/dhvani/internal/db/dbtest"
	"github.com/dhvani/dhvani/internal/event"
)

// Hashes that a restore wrote are found by the fold, each at its own position
// and on the shard it was written for, and nothing else is.
func TestSeenBuilder(t *testing.T) {
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		ctx := t.Context()
		at := func(shard, i int) event.Event {
			e := track(1, "u", fmt.Sprint("m", shard, " ", i))
			e.Position = event.NewPosition(5, uint64(i/1000+1), i%1000) // of a log of more shards
			return e
		}
		counts := []int{tailEntries + 100, 1000, 0}
		b := NewSeenBuilder(len(counts))
		err := d.Update(ctx, func(tx *db.Tx) error {
			for shard, n := range counts {
				for i := range n {
					e := at(shard, i)
					if err := b.Add(ctx, tx, shard, &e); err != nil {
						return err
					}
				}
			}
			return b.Finish(ctx, tx)
		})
		if err != nil {
			t.Fatal(err)
		}
		for shard, n := range counts {
			s, err := openSeen(ctx, d, shard, 1)
			if err != nil {
				t.Fatal(err)
			}
			if s.total != int64(n) {
				t.Errorf("shard %d has %d hashes, want %d", shard, s.total, n)
			}
			var events []event.Event
			for i := 0; i < n; i += 97 {
				again, elsewhere := at(shard, i), at(shard, i)
				elsewhere.Position++
				events = append(events, again, elsewhere)
			}
			duplicates := int64(len(events) / 2)
			for i := range 1000 {
				events = append(events, at(len(counts), i))
			}
			found := map[int64]*count{}
			err = d.View(ctx, func(tx *db.Tx) error {
				_, _, err := s.filter(ctx, tx, events, found)
				return err
			})
			if err != nil || found[1].duplicate != duplicates || found[1].stored != 1000 {
				t.Errorf("shard %d: %+v, want %d duplicates and 1000 new (%v)", shard, found[1], duplicates, err)
			}
		}
	})
}
