package eventlog

import (
	"math/rand/v2"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

var zeros = make([]byte, 4<<20+1)

func waiting(workspace int64, bytes int) *request {
	return &request{chunk: Chunk{Workspace: workspace, Count: 1, Records: zeros[:bytes]}}
}

// However much another workspace has waiting, or several have in requests of a
// usual size, a small request of a workspace that has nothing else there is
// written with the next frame or the one after it.
func TestASmallRequestDoesNotWaitBehindAFlood(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var q queue
		others, sizes := int64(1), []int{300, 20_000, 400_000, 4 << 20}
		if rapid.Bool().Draw(t, "several") {
			others, sizes = rapid.Int64Range(2, 8).Draw(t, "others"), sizes[:2]
		}
		largest := rapid.SampledFrom(sizes).Draw(t, "largest")
		random := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 0)) // rapid's own numbers are slow
		for w := range others {
			for n := 0; n < 2000 && q.add(waiting(w+1, 1+random.IntN(largest))); n++ {
			}
		}
		for range rapid.IntRange(0, 5).Draw(t, "frames before") {
			q.take()
		}
		lone := waiting(99, rapid.IntRange(1, 1000).Draw(t, "lone"))
		if !q.add(lone) {
			t.Skip("all is full")
		}
		for range 2 {
			if slices.Contains(q.take(), lone) {
				return
			}
		}
		t.Fatal("it is not in the next two frames")
	})
}

// Everything leaves the queue once, each workspace's requests in their order,
// and the counts of bytes come back to nothing.
func TestQueueKeepsOrderAndCounts(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var q queue
		in, out := map[int64][]*request{}, map[int64][]*request{}
		take := func() int {
			batch, bytes := q.take(), 0
			for _, r := range batch {
				out[r.chunk.Workspace] = append(out[r.chunk.Workspace], r)
				bytes += len(r.chunk.Records)
			}
			if len(batch) > 1 && bytes > frameBytes {
				t.Fatalf("a frame of %d bytes and %d requests", bytes, len(batch))
			}
			return len(batch)
		}
		for range rapid.IntRange(0, 200).Draw(t, "steps") {
			if rapid.IntRange(0, 9).Draw(t, "step") == 0 {
				take()
				continue
			}
			r := waiting(rapid.Int64Range(1, 5).Draw(t, "workspace"), rapid.IntRange(0, 300_000).Draw(t, "bytes"))
			if q.add(r) {
				in[r.chunk.Workspace] = append(in[r.chunk.Workspace], r)
			}
		}
		for take() > 0 {
		}
		if q.bytes != 0 || len(q.lines) != 0 || len(q.turns) != 0 {
			t.Fatalf("%d bytes, %d lines and %d turns are left", q.bytes, len(q.lines), len(q.turns))
		}
		for w := range in {
			if len(in[w]) != len(out[w]) {
				t.Fatalf("%d requests went in and %d came out", len(in[w]), len(out[w]))
			}
			for i := range in[w] {
				if in[w][i] != out[w][i] {
					t.Fatalf("request %d of workspace %d is out of order", i, w)
				}
			}
		}
	})
}

func TestOneWorkspaceMayHoldAThirdOfTheQueue(t *testing.T) {
	var q queue
	n := 0
	for q.add(waiting(1, 1<<20)) {
		n++
	}
	if n != maxShare>>20 {
		t.Fatalf("one workspace has %d MB waiting", n)
	}
	if !q.add(waiting(2, 4<<20)) {
		t.Fatal("another workspace found no room")
	}
}
