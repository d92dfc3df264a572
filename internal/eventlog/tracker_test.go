package eventlog

import (
	"testing"
	"time"

	"pgregory.net/rapid"
)

// However messages are written, told of twice, missed, read later and applied,
// the counts are those of the messages that are not applied.
func TestTrackerCounts(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		all := totals{events: map[int64]int64{}}
		tr := newTracker(&all)
		written := [][]Count{nil} // by sequence, from 1
		for range rapid.IntRange(1, 60).Draw(t, "steps") {
			last := uint64(len(written) - 1)
			switch rapid.IntRange(0, 4).Draw(t, "step") {
			case 0, 1:
				var counts []Count
				for w := range rapid.Int64Range(0, 3).Draw(t, "workspaces") {
					counts = append(counts, Count{w + 1, rapid.Int64Range(1, 9).Draw(t, "events")})
				}
				written = append(written, counts)
				if rapid.Bool().Draw(t, "told") {
					tr.add(last+1, counts, time.Now())
				} else {
					tr.grow(last + 1)
				}
			case 2:
				if last > 0 {
					s := rapid.Uint64Range(1, last).Draw(t, "again")
					tr.add(s, written[s], time.Now())
				}
			case 3:
				tr.apply(rapid.Uint64Range(0, last).Draw(t, "applied"))
			case 4:
				checkPending(t, tr, written, rapid.Uint64Range(tr.applied, last).Draw(t, "after"))
			}
		}
		tr.apply(uint64(len(written)))
		if len(tr.frames) != 0 || len(tr.events) != 0 || len(all.events) != 0 || all.sum != 0 {
			t.Fatalf("when all is applied %v, %v and %v are left", tr.frames, tr.events, all.events)
		}
	})
}

// checkPending compares with a count by hand, as a caller that reads what is unread.
func checkPending(t *rapid.T, tr *tracker, written [][]Count, after uint64) {
	for w := range int64(4) {
		var want int64
		for _, counts := range written[after+1:] {
			want += countOf(counts, w)
		}
		got, unread, ok := tr.pending(after, w)
		for _, s := range unread {
			got += countOf(written[s], w)
		}
		if got != want || !ok {
			t.Fatalf("%d events of workspace %d wait after %d, not %d", got, w, after, want)
		}
	}
}

// What other nodes say may be cut short or of another version; it is ignored then.
func TestOddNewsAreIgnored(t *testing.T) {
	l := open(t, t.TempDir(), 64<<20)
	defer l.Close()
	for _, b := range []string{"", "\x00", "\xff", "\x05\x01", "\x00\x01\x01", "\x00\xff", "\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01\x01"} {
		l.heardStored([]byte(b))
		l.heardApplied([]byte(b))
	}
	if l.Last(0) != 0 || l.AppliedTo(0) != 0 {
		t.Fatalf("the log ends at %d and is applied to %d", l.Last(0), l.AppliedTo(0))
	}
}
