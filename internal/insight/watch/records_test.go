package watch_test

import (
	"cmp"
	"context"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/dhvani/dhvani/internal/db"
	"github.com/dhvani/dhvani/internal/event"
	"github.com/dhvani/dhvani/internal/insight"
)

// records are what the watch reads, made by these tests and kept in memory.
type records struct {
	outcomes []insight.Outcome // in the order of the log
	counts   map[insight.Name][]int64
	changes  []insight.Change
	chats    []chat
	r        *rand.Rand
	sequence uint64
	texts    map[event.ID]string // of opinions
}

func newRecords(seed uint64) *records {
	return &records{counts: map[insight.Name][]int64{}, texts: map[event.ID]string{}, r: rand.New(rand.NewPCG(seed, 1))}
}

func (m *records) add(o insight.Outcome) {
	m.sequence++
	o.Position = event.NewPosition(0, m.sequence, 0)
	m.outcomes = append(m.outcomes, o)
}

// chat is from when until when somebody waited for an answer in one.
type chat struct{ from, until int64 }

// sort brings what was added later into the order of time.
func (m *records) sort() {
	slices.SortStableFunc(m.outcomes, func(a, b insight.Outcome) int { return cmp.Compare(a.At, b.At) })
	for i := range m.outcomes {
		m.outcomes[i].Position = event.NewPosition(0, uint64(i+1), 0)
	}
}

// checkout ends a checkout of a customer of whom nothing else is known.
func (m *records) checkout(at time.Time, fails float64, history bool) {
	method, device := "card", "Windows"
	if m.r.Float64() < 0.5 {
		method = "upi"
	}
	if m.r.Float64() < 0.6 {
		device = "Android"
	}
	bad := 0.0
	p := 0.04
	if fails > 0 && method == "upi" {
		p = fails
	}
	if m.r.Float64() < p {
		bad = 1
	}
	o := insight.Outcome{Kind: insight.CheckoutEnded, At: at.UnixMicro(), Profile: event.NewID(1, "p", event.FormatTime(at.UnixMicro()), string(rune('a'+m.r.IntN(26)))),
		History: history, Bad: bad, Amount: 1000 * int64(event.One), Currency: "INR",
		Dims: insight.Dims{insight.DimMethod: method, insight.DimDevice: device, insight.DimCountry: "IN"}}
	if bad == 1 {
		o.Dims[insight.DimReason] = "timeout"
	}
	m.add(o)
	m.counts[insight.Visits] = append(m.counts[insight.Visits], at.UnixMicro())
	m.counts[insight.Checkouts] = append(m.counts[insight.Checkouts], at.UnixMicro())
	if bad == 0 {
		m.counts[insight.Orders] = append(m.counts[insight.Orders], at.UnixMicro())
	}
}

func (m *records) Outcomes(_ context.Context, _ *db.Tx, _ int64, _ int, after event.Position, limit int) (out []insight.Outcome, err error) {
	i, _ := slices.BinarySearchFunc(m.outcomes, after+1, func(o insight.Outcome, p event.Position) int { return cmp.Compare(o.Position, p) })
	return m.outcomes[i:min(len(m.outcomes), i+limit)], nil
}

func (m *records) LatestOutcome(context.Context, *db.Tx, int64, int) (event.Position, error) {
	if len(m.outcomes) == 0 {
		return -1, nil
	}
	return m.outcomes[len(m.outcomes)-1].Position, nil
}

func (m *records) OutcomesOf(_ context.Context, _ *db.Tx, _ int64, kind insight.OutcomeKind, from, to int64, limit int) (out []insight.Outcome, err error) {
	for i := len(m.outcomes) - 1; i >= 0 && len(out) < limit; i-- {
		if o := m.outcomes[i]; o.Kind == kind && o.At >= from && o.At < to {
			out = append(out, o)
		}
	}
	return out, nil
}

func (m *records) OutcomeSeries(_ context.Context, _ *db.Tx, _ int64, kind insight.OutcomeKind, dim insight.Dim, value string, from, to int64, grain insight.Grain) (out []insight.Slot, err error) {
	by := map[int64]*insight.Slot{}
	for i := range m.outcomes {
		o := &m.outcomes[i]
		if o.Kind != kind || o.At < from || o.At >= to || o.Again || dim != "" && o.Dims[dim] != value {
			continue
		}
		k := grain.Slot(o.At)
		if by[k] == nil {
			by[k] = &insight.Slot{At: k}
		}
		by[k].N++
		by[k].Bad += o.Bad
	}
	return sorted(by), nil
}

func sorted(by map[int64]*insight.Slot) (out []insight.Slot) {
	for _, s := range by {
		out = append(out, *s)
	}
	slices.SortFunc(out, func(a, b insight.Slot) int { return cmp.Compare(a.At, b.At) })
	return out
}

func (m *records) OutcomeValues(_ context.Context, _ *db.Tx, _ int64, kind insight.OutcomeKind, dim insight.Dim, from, to int64, limit int) (out []insight.ValueCount, err error) {
	by := map[string]*insight.ValueCount{}
	for i := range m.outcomes {
		o := &m.outcomes[i]
		v := ""
		if dim != "" {
			v = o.Dims[dim]
		}
		if o.Kind != kind || o.At < from || o.At >= to || dim != "" && v == "" {
			continue
		}
		if by[v] == nil {
			by[v] = &insight.ValueCount{Value: v}
		}
		by[v].N++
		by[v].Bad += o.Bad
	}
	for _, v := range by {
		out = append(out, *v)
	}
	slices.SortFunc(out, func(a, b insight.ValueCount) int { return cmp.Or(cmp.Compare(b.N, a.N), cmp.Compare(a.Value, b.Value)) })
	return out[:min(len(out), limit)], nil
}

func (m *records) Series(_ context.Context, _ *db.Tx, _ int64, names []insight.Name, from, to int64, grain insight.Grain) (map[insight.Name][]insight.Slot, error) {
	out := map[insight.Name][]insight.Slot{}
	for _, name := range names {
		by := map[int64]*insight.Slot{}
		if name == insight.Waiting {
			for _, x := range m.chats {
				for at := insight.Minute.Slot(x.from); at < min(x.until, x.from+insight.LongestWait.Microseconds()); at += time.Minute.Microseconds() {
					if at >= from && at < to {
						k := grain.Slot(at)
						if by[k] == nil {
							by[k] = &insight.Slot{At: k}
						}
						by[k].N++
					}
				}
			}
			out[name] = sorted(by)
			continue
		}
		list := m.counts[name]
		i, _ := slices.BinarySearch(list, from)
		for _, at := range list[i:] {
			if at >= to {
				break
			}
			k := grain.Slot(at)
			if by[k] == nil {
				by[k] = &insight.Slot{At: k}
			}
			by[k].N++
		}
		out[name] = sorted(by)
	}
	return out, nil
}

func (m *records) Labels(context.Context, *db.Tx, int64, insight.Name, int64, int64, insight.Grain, int) ([]insight.ValueCount, error) {
	return nil, nil
}

func (m *records) Waits(_ context.Context, _ *db.Tx, _, at int64) (w insight.InWait, err error) {
	for _, x := range m.chats {
		if x.from <= at && at < min(x.until, x.from+insight.LongestWait.Microseconds()) {
			w.N, w.Fresh = w.N+1, w.Fresh+1
			w.Since = min(cmp.Or(w.Since, x.from), x.from)
		}
	}
	return w, nil
}

func (m *records) ProductName(context.Context, *db.Tx, int64, string) (string, error) { return "", nil }

func (m *records) Overdue(context.Context, *db.Tx, int64, int64, int64) ([]insight.Outcome, error) {
	return nil, nil
}

func (m *records) Changes(context.Context, *db.Tx, int64, int64, int64) ([]insight.Change, error) {
	return m.changes, nil
}

func (m *records) TextsOf(_ context.Context, _ *db.Tx, _ int64, subjects []event.ID) (map[event.ID]string, error) {
	out := map[event.ID]string{}
	for _, id := range subjects {
		if said := m.texts[id]; said != "" {
			out[id] = said
		}
	}
	return out, nil
}

func (m *records) TextsBefore(_ context.Context, _ *db.Tx, _, from, to int64, most int) (out []insight.Text, err error) {
	for i := range m.outcomes {
		if o := &m.outcomes[i]; o.Kind == insight.OpinionGiven && o.At >= from && o.At < to && m.texts[o.Subject] != "" {
			out = append(out, insight.Text{At: o.At, Who: uint64(o.Position), Text: m.texts[o.Subject]})
		}
	}
	return out[max(len(out)-most, 0):], nil
}
