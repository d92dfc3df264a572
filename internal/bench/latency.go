package bench

import (
	"encoding/json"
	"math"
	"math/bits"
	"time"
)

const (
	subBits = 8 // a bucket is at most 1/256 of its value wide
	subs    = 1 << subBits
)

// Latency counts durations in buckets that grow with their value, from a
// microsecond to hours in constant memory. Percentiles are at most 0.4 % too
// high, never too low; the largest value and the mean are exact.
type Latency struct {
	counts [(40 - subBits) * subs]int64
	n      int64
	sum    float64 // microseconds
	max    time.Duration
}

// Record counts a duration; what is negative counts as 0.
func (l *Latency) Record(d time.Duration) {
	d = max(d, 0)
	l.counts[bucket(uint64(d.Microseconds()))]++
	l.n++
	l.sum += float64(d) / float64(time.Microsecond)
	l.max = max(l.max, d)
}

// Merge adds what another has counted.
func (l *Latency) Merge(o *Latency) {
	for i, c := range o.counts {
		l.counts[i] += c
	}
	l.n += o.n
	l.sum += o.sum
	l.max = max(l.max, o.max)
}

// Percentile returns the smallest value that at least p percent of all do not
// exceed (nearest rank), or 0 where nothing was recorded.
func (l *Latency) Percentile(p float64) time.Duration {
	rank := max(1, int64(math.Ceil(p/100*float64(l.n))))
	var seen int64
	for i, c := range l.counts {
		if seen += c; seen >= rank {
			return min(time.Duration(upper(i))*time.Microsecond, l.max)
		}
	}
	return l.max
}

// bucket returns a value's place: below 2*subs one for each value, above subs
// for each doubling.
func bucket(v uint64) int {
	exp := max(0, bits.Len64(v)-subBits-1)
	return min(exp*subs+int(v>>exp), len(Latency{}.counts)-1)
}

// upper returns the largest value in a bucket.
func upper(i int) uint64 {
	if i < 2*subs {
		return uint64(i)
	}
	exp := i/subs - 1
	return uint64(i-exp*subs+1)<<exp - 1
}

// MarshalJSON writes milliseconds.
func (l *Latency) MarshalJSON() ([]byte, error) {
	ms := func(d time.Duration) float64 { return math.Round(float64(d.Microseconds())) / 1000 }
	return json.Marshal(struct {
		N    int64   `json:"n"`
		Mean float64 `json:"mean"`
		P50  float64 `json:"p50"`
		P90  float64 `json:"p90"`
		P95  float64 `json:"p95"`
		P99  float64 `json:"p99"`
		P999 float64 `json:"p99.9"`
		Max  float64 `json:"max"`
	}{
		l.n, math.Round(l.sum/float64(max(l.n, 1))) / 1000, ms(l.Percentile(50)), ms(l.Percentile(90)), ms(l.Percentile(95)),
		ms(l.Percentile(99)), ms(l.Percentile(99.9)), ms(l.max),
	})
}
