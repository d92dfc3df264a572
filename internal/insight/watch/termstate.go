package watch

import (
	"bytes"
	"compress/flate"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"maps"
	"math"

	"github.com/dhvani/dhvani/internal/event"
)

// termVersion is that of what is stored of terms. Another one is learnt anew.
const termVersion = 1

var errTerms = errors.New("not the state of terms of this version")

// kept is what is stored of terms, before the sketches.
type keptTerms struct {
	Version, Width int64
	Slot           int64
	Sums           sums
	Shards         int64
}

// state is what was known at the last turn.
func (t *terms) state() []byte {
	var out bytes.Buffer
	w, _ := flate.NewWriter(&out, flate.BestSpeed) // the level is one that there is
	put := func(v any) { binary.Write(w, binary.LittleEndian, v) }
	shards := map[int]bool{}
	for n := range t.from {
		shards[n] = true
	}
	for n := range t.mid {
		shards[n] = true
	}
	put(keptTerms{termVersion, int64(t.width), t.slot, t.sums, int64(len(shards))})
	for n := range maps.Keys(shards) {
		put([3]int64{int64(n), int64(t.from[n]), int64(t.mid[n])})
	}
	for _, s := range []*sketch{t.past, t.last} {
		for _, row := range s.rows {
			put(row)
		}
	}
	w.Close()
	return out.Bytes()
}

// restore makes terms what they were at the last turn before state was called. After an error they know nothing.
func (t *terms) restore(b []byte) (err error) {
	defer func() {
		if err != nil {
			t.begin(narrowest)
			err = fmt.Errorf("%w: %w", errTerms, err)
		}
	}()
	r := flate.NewReader(bytes.NewReader(b))
	var k keptTerms
	if err := binary.Read(r, binary.LittleEndian, &k); err != nil {
		return err
	}
	if k.Version != termVersion || k.Width < narrowest || k.Width > widest || k.Width&(k.Width-1) != 0 || k.Shards < 0 || k.Shards > 1<<7 || !k.Sums.valid() {
		return errTerms
	}
	t.begin(int(k.Width))
	t.slot, t.sums = k.Slot, k.Sums
	for range k.Shards {
		var at [3]int64
		if err := binary.Read(r, binary.LittleEndian, &at); err != nil {
			return err
		}
		t.from[int(at[0])], t.mid[int(at[0])] = event.Position(at[1]), event.Position(at[2])
	}
	for _, s := range []*sketch{t.past, t.last} {
		for _, row := range s.rows {
			if err := binary.Read(r, binary.LittleEndian, row); err != nil {
				return err
			}
			for _, x := range row {
				if !(x >= 0) || x > math.MaxInt32 {
					return errTerms
				}
			}
		}
	}
	if n, err := io.Copy(io.Discard, io.LimitReader(r, 1)); n > 0 || err != nil {
		return errTerms
	}
	return nil
}

func (s sums) valid() bool {
	for _, x := range []float64{s.Past, s.Last, s.PastUses, s.LastUses, s.Halves} {
		if !(x >= 0) || x > 1e12 {
			return false
		}
	}
	return true
}
