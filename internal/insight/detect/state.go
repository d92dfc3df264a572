package detect

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
)

// version of what is stored. Another one is refused, and the series learns anew from history.
const version = 4

// ErrState is that of bytes which no detector of this version wrote.
var ErrState = errors.New("not the state of this detector")

// State is the detector as bytes.
func (c *Count) State() []byte { return store('c', c) }

// State is the detector as bytes.
func (s *Share) State() []byte { return store('s', s) }

// State is the detector as bytes.
func (l *Level) State() []byte { return store('l', l) }

// Restore makes the detector what it was when State was called. After an error it is as it was.
func (c *Count) Restore(b []byte) error { return restore('c', b, c) }

// Restore makes the detector what it was when State was called. After an error it is as it was.
func (s *Share) Restore(b []byte) error { return restore('s', b, s) }

// Restore makes the detector what it was when State was called. After an error it is as it was.
func (l *Level) Restore(b []byte) error { return restore('l', b, l) }

func store(kind byte, v any) []byte {
	b, err := binary.Append([]byte{kind, version}, binary.LittleEndian, v)
	if err != nil {
		panic(err) // the types are of fixed size
	}
	return b
}

func restore[T any](kind byte, b []byte, to *T) error {
	var v T
	if len(b) != 2+binary.Size(&v) || b[0] != kind || b[1] != version {
		return ErrState
	}
	if _, err := binary.Decode(b[2:], binary.LittleEndian, &v); err != nil {
		return fmt.Errorf("%w: %w", ErrState, err)
	}
	// What is not a number or no possible index would spread; only states that write back as they were, and that pass the checks of their type, are taken.
	if c, ok := any(&v).(interface{ valid() bool }); ok && !c.valid() {
		return ErrState
	}
	if again := store(kind, &v); !bytes.Equal(again, b) {
		return ErrState
	}
	*to = v
	return nil
}

func (c *Count) valid() bool {
	return c.Base.valid() && c.S.valid(c.At) && positive(c.Rates.Mid, c.Rates.Low, c.Rates.High, c.Rates.Half)
}

func (s *Share) valid() bool {
	return s.Base.valid() && s.S.valid(s.At) && positive(s.Hit[:]...) && positive(s.Miss[:]...) && positive(s.Back[:]...) &&
		positive(s.Rates.Mid, s.Rates.Low, s.Rates.High, s.Rates.Half)
}

func (b *Baseline) valid() bool {
	for _, c := range append(b.Day[:len(b.Day):len(b.Day)], b.Week[:]...) {
		if !positive(float64(c.O), float64(c.E)) {
			return false
		}
	}
	return positive(b.Hours, b.Flat, b.Seen, b.Sum, b.Fast[0], b.Fast[1], b.Pace[0], b.Pace[1], b.Lately[0], b.Lately[1], b.Noise[1], b.Days[1]) && finite(b.Noise[0], b.Days[0])
}

func (s *state) valid(at int64) bool {
	h := &s.Hours
	if at < -1<<60 || at > 1<<60 || h.Open.At > at || h.Open.At < at-hour { // hours are walked one by one
		return false
	}
	if h.N < 0 || h.N > kept || h.Open.Hour < 0 || h.Open.Hour > 167 {
		return false
	}
	for _, w := range h.Wait {
		if w.Hour < 0 || w.Hour > 167 || !positive(w.Exposure, w.Observed, w.Expected) {
			return false
		}
	}
	e := &s.Ep
	return s.Local.valid() && s.Bank.valid() && positive(s.Drift.M[:]...) && finite(s.Drift.A[:]...) &&
		finite(e.Excess, h.Day[0], h.Day[1], h.Day[2]) && positive(s.Drift.Days, h.Open.Exposure, h.Open.Observed, h.Open.Expected,
		e.Ratio, e.Back, e.Told, e.Seen, e.Sum, e.Evidence, e.Between, e.Lately, e.Last)
}

// positive reports whether all are numbers of 0 or more that sums cannot overflow with.
func positive(xs ...float64) bool {
	for _, x := range xs {
		if !(x >= 0) || x > math.MaxFloat64/1e6 {
			return false
		}
	}
	return true
}
