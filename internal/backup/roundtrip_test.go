package backup

import (
	"os"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// What comes out of a backup is what went in, row by row and message by message,
// whichever of the two databases is on either side; the restored place goes on
// from there and knows what it has seen.
func TestRoundTrip(t *testing.T) {
	for _, from := range stores {
		t.Run("from "+from, func(t *testing.T) {
			source := newPlace(t, from)
			acknowledged := source.fill()
			want, tail := source.content(), source.tail()
			path, summary := source.backUp()
			if summary.Messages != int64(len(tail)) || len(tail) == 0 || summary.Events == 0 || summary.Workspaces != 1 || summary.Damaged != 0 {
				t.Errorf("the summary is %+v", summary)
			}
			source.start()
			source.wait()
			after, stats := source.content(), source.stats()
			for _, to := range stores {
				t.Run("to "+to, func(t *testing.T) {
					target := newPlace(t, to)
					target.number, target.model = source.number, source.model
					r, err := target.restore(path, nil)
					if err != nil {
						t.Fatal(err)
					}
					if r.Events != summary.Events || r.Messages != summary.Messages || r.Erased != 0 {
						t.Errorf("restored %+v", r)
					}
					target.open()
					sameContent(t, want, target.content())
					if diff := cmp.Diff(tail, target.tail()); diff != "" {
						t.Error("the log differs: ", diff)
					}
					target.start()
					target.wait()
					sameContent(t, after, target.content())
					if got := target.stats(); got != stats {
						t.Errorf("counted %+v, want %+v", got, stats)
					}
					target.send(acknowledged...)
					target.wait()
					if got := target.stats(); got.Stored != stats.Stored || got.Duplicate != stats.Duplicate+int64(len(acknowledged)) {
						t.Errorf("after all events came again: %+v, and %+v before", got, stats)
					}
					target.verify()
					target.send(target.made("new", "new"))
					target.wait()
					if got := target.stats(); got.Stored != stats.Stored+1 {
						t.Errorf("a new event was not stored: %+v", got)
					}
					if _, err := os.Stat(target.data + "/" + buildFolder); err == nil {
						t.Error("the folder of the restore is still there")
					}
					target.sealKey = source.sealKey
					target.createAnother()
				})
			}
		})
	}
}
