package archive_test

import (
	"testing"

	"github.com/dhvani/dhvani/internal/archive"
	"github.com/dhvani/dhvani/internal/db"
	"github.com/dhvani/dhvani/internal/db/dbtest"
	"github.com/dhvani/dhvani/internal/event"
)

func TestMain(m *testing.M) { dbtest.Main(m) }

// Every shard's events are read in log order, each from its own shard only,
// those of the highest shard too.
func TestRead(t *testing.T) {
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		ctx := t.Context()
		positions := map[int][]event.Position{}
		err := d.Update(ctx, func(tx *db.Tx) error {
			for _, shard := range []int{0, 1, event.MaxShards - 1} {
				var events []event.Event
				for _, p := range []event.Position{event.NewPosition(shard, 1, 0), event.NewPosition(shard, 1, 7), event.NewPosition(shard, event.MaxSequence, event.MaxIndex)} {
					positions[shard] = append(positions[shard], p)
					events = append(events, event.Event{Workspace: 1, Type: event.Track, UserID: "u", Position: p})
				}
				if err := archive.Insert(ctx, tx, archive.Segment(shard, 0), events); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		err = d.View(ctx, func(tx *db.Tx) error {
			for shard := range event.MaxShards {
				var got []event.Position
				for after := event.Position(-1); ; {
					events, err := archive.Read(ctx, tx, 1, shard, after, 2, 1<<20)
					if err != nil {
						return err
					}
					if len(events) == 0 {
						break
					}
					for _, e := range events {
						got = append(got, e.Position)
					}
					after = got[len(got)-1]
				}
				if len(got) != len(positions[shard]) {
					t.Errorf("shard %d holds %v, want %v", shard, got, positions[shard])
				}
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	})
}
