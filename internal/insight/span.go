package insight

import (
	"math"
	"slices"
	"time"
)

// Range is a span of time that ends now.
type Range string

// The ranges.
const (
	Hour  Range = "60m"   // the last 60 minutes
	Today Range = "today" // since midnight
	Week  Range = "7d"    // today and six days before
	Month Range = "30d"   // today and 29 days before
)

// Ranges are all of them, from short to long.
var Ranges = []Range{Hour, Today, Week, Month}

// ParseRange reads a range, "" for one that does not exist.
func ParseRange(s string) Range {
	if slices.Contains(Ranges, Range(s)) {
		return Range(s)
	}
	return ""
}

// bounds cut a range into the points of its series: minutes, hours, three hours,
// or days. The last one is not over yet; of today all hours are there.
func (r Range) bounds(now time.Time) []time.Time {
	midnight := time.Date(now.Year(), now.Month(), now.Day(), 0, 0, 0, 0, now.Location())
	switch r {
	case Hour:
		end := now.Truncate(time.Minute).Add(time.Minute)
		return steps60(end)
	case Today:
		return every(midnight, midnight.AddDate(0, 0, 1), midnight.AddDate(0, 0, 1), func(t time.Time) time.Time { return t.Add(time.Hour) })
	case Week:
		return every(midnight.AddDate(0, 0, -6), midnight.AddDate(0, 0, 1), now, func(t time.Time) time.Time { return t.Add(3 * time.Hour) })
	}
	return every(midnight.AddDate(0, 0, -29), midnight.AddDate(0, 0, 1), now, func(t time.Time) time.Time { return t.AddDate(0, 0, 1) })
}

func steps60(end time.Time) []time.Time {
	var out []time.Time
	for i := range 61 {
		out = append(out, end.Add(time.Duration(i-60)*time.Minute))
	}
	return out
}

// every are the bounds from one time to another, up to the first after now.
func every(from, to, now time.Time, next func(time.Time) time.Time) []time.Time {
	out := []time.Time{from}
	for at := from; at.Before(to) && !at.After(now); {
		at = next(at)
		out = append(out, at)
	}
	return out
}

// grain is the coarsest that all bounds of a range fit, of those that are kept
// for ever unless the range is short.
func (r Range) grain() Grain {
	if r == Hour {
		return Minute
	}
	return Quarter
}

// before is a time of the range's k-th span in the past: the same weekdays at the
// same time of day, so many weeks before; for a month 30 days.
func (r Range) before(t time.Time, k int) time.Time {
	if r == Month {
		return t.AddDate(0, 0, -30*k)
	}
	return t.AddDate(0, 0, -7*k)
}

// weeks is how many spans of the past make the usual range.
const weeks = 8

// Usual is what figures of the past come to: nine tenths of them are above Low
// and nine tenths below High; of fewer than five, the least and the most.
type Usual struct {
	Low, High, Middle float64
	N                 int // how many spans; 0 where there are fewer than three
}

// leastSpans is how many spans of the past must be there before one may speak of usual.
const leastSpans = 3

func usual(values []float64) Usual {
	values = slices.DeleteFunc(slices.Clone(values), math.IsNaN)
	if len(values) < leastSpans {
		return Usual{}
	}
	slices.Sort(values)
	u := Usual{Low: values[0], High: values[len(values)-1], Middle: quantile(values, 0.5), N: len(values)}
	if len(values) >= 5 {
		u.Low, u.High = quantile(values, 0.1), quantile(values, 0.9)
	}
	return u
}

// quantile is Hyndman and Fan's seventh definition, of sorted values.
func quantile(sorted []float64, p float64) float64 {
	h := p * float64(len(sorted)-1)
	i := int(h)
	if i+1 >= len(sorted) {
		return sorted[len(sorted)-1]
	}
	return sorted[i] + (h-float64(i))*(sorted[i+1]-sorted[i])
}

// poisson are the tenth and ninetieth percentile of a count that is usually
// mean: a minute's count varies more than the rate of its quarter of an hour.
func poisson(mean float64) (low, high float64) {
	if mean <= 0 {
		return 0, 0
	}
	if mean > 50 {
		half := 1.2816 * math.Sqrt(mean)
		return math.Floor(mean - half), math.Ceil(mean + half)
	}
	p := math.Exp(-mean)
	sum := p
	low = -1
	for n := 0.0; ; n++ {
		if low < 0 && sum >= 0.1 {
			low = n
		}
		if sum >= 0.9 || n > 200 {
			return max(low, 0), n
		}
		p *= mean / (n + 1)
		sum += p
	}
}
