package watch

import (
	"encoding/binary"
	"runtime"
	"testing"

	"github.com/dhvani/dhvani/internal/event"
	"github.com/dhvani/dhvani/internal/insight"
)

// So is what is remembered of words, also of a shop that was watched alone before; what is lately written often is still known.
func TestWordsAreShared(t *testing.T) {
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	const shops, opinions = 250, 400
	var all []*shop
	for k := range shops {
		s := newShop(int64(k))
		s.phrases.begin(widest)
		s.strangers.begin(widest)
		for i := range opinions {
			if i == opinions/2 {
				s.shares(shops)
			}
			var list []term
			for j := range 10 { // half of them are new
				list = append(list, term{uint64(k*opinions*10+i*10+j) * 0x9e3779b97f4a7c15, 1, "x"}, term{uint64(j), 1, "y"})
			}
			for _, tm := range []*terms{s.phrases, s.strangers} {
				o := &insight.Outcome{At: int64(i + 1), Words: event.NewID(int64(i), "words")}
				tm.hear(use{at: o.At, who: uint64(i), what: o.Words, about: "delivery"}, list, true)
				s.own(tm, o)
			}
		}
		if u, _ := s.phrases.recent.get(1); len(u.list) < leastUsers || u.list[len(u.list)-1].at != opinions {
			t.Fatalf("who used an old word lately is forgotten: %+v", u)
		}
		all = append(all, s)
	}
	runtime.GC()
	runtime.ReadMemStats(&after)
	if mb := (int64(after.HeapAlloc) - int64(before.HeapAlloc)) / 1e6; mb > 130 {
		t.Errorf("%d MB for the words that %d shops remember", mb, shops)
	} else {
		t.Logf("%d MB", mb)
	}
	runtime.KeepAlive(all)
}

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
