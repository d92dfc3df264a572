package watch

import (
	"encoding/binary"
	"runtime"
	"testing"

	"github.com/dhvani/dhvani/internal/event"
	"github.com/dhvani/dhvani/internal/insight"
)

// What is remembered of customers and texts of many shops is bounded together.
func TestMemoryIsShared(t *testing.T) {
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	const shops = 25
	var all []*shop
	for k := range shops {
		s := newShop(int64(k))
		s.shares(shops)
		for i := range 3 * allPeople / shops {
			o := &insight.Outcome{Kind: insight.OpinionGiven, At: int64(i + 1)}
			binary.LittleEndian.PutUint64(o.Profile[:], uint64(i+1))
			o.Words = event.ID(o.Profile)
			if !s.first(o, "") || s.copied(o) {
				t.Fatal("a new customer is taken for one who was counted")
			}
			if s.first(o, "") {
				t.Fatal("a customer counts twice")
			}
		}
		all = append(all, s)
	}
	runtime.GC()
	runtime.ReadMemStats(&after)
	if mb := (int64(after.HeapAlloc) - int64(before.HeapAlloc)) / 1e6; mb > 90 {
		t.Errorf("%d MB for what %d shops remember", mb, shops)
	} else {
		t.Logf("%d MB", mb)
	}
	runtime.KeepAlive(all)
}
