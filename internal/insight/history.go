package insight

import (
	"context"
	"strings"
	"sync"
	"time"

	"github.com/dhvani/dhvani/internal/db"
)

// history is what the same spans were in the past.
type history struct {
	since time.Time
	spans []pastSpan
	bad   []Usual // bad voices by point
}

type pastSpan struct {
	sums  sums
	money map[string]float64    // amounts by currency
	paid  map[string][2]float64 // orders and failures by payment method
}

// usual says what is usual of a figure of the spans.
func (h *history) usual(of func(sums) float64) Usual {
	var values []float64
	for _, s := range h.spans {
		values = append(values, of(s.sums))
	}
	return usual(values)
}

func (h *history) money(currency string) Usual {
	var values []float64
	for _, s := range h.spans {
		values = append(values, s.money[currency])
	}
	return usual(values)
}

func (h *history) method(name string) Usual {
	var values []float64
	for _, s := range h.spans {
		p := s.paid[name]
		values = append(values, ratio(p[0], p[0]+p[1]))
	}
	return usual(values)
}

// memory keeps histories for a minute: they are read from weeks of rows, and
// change little.
type memory struct {
	mu   sync.Mutex
	kept map[memoryKey]*history
	at   map[memoryKey]int64 // minute
}

type memoryKey struct {
	model int64
	r     Range
	zone  string
}

// maxKept bounds how many histories are in memory.
const maxKept = 500

func (m *memory) get(k memoryKey, minute int64) *history {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.at[k] != minute {
		return nil
	}
	return m.kept[k]
}

func (m *memory) put(k memoryKey, minute int64, h *history) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.kept == nil || len(m.kept) >= maxKept {
		m.kept, m.at = map[memoryKey]*history{}, map[memoryKey]int64{}
	}
	m.kept[k], m.at[k] = h, minute
}

// history reads the past of a range, or takes what was read in this minute.
func (s *Store) history(ctx context.Context, tx *db.Tx, model int64, r Range, now time.Time) (*history, error) {
	key, minute := memoryKey{model, r, now.Location().String()}, now.Unix()/60
	if h := s.past.get(key, minute); h != nil {
		return h, nil
	}
	h := &history{}
	first, err := earliest(ctx, tx, model)
	if err != nil || first == 0 {
		return h, err
	}
	h.since = time.UnixMicro(first).In(now.Location())
	bounds := r.bounds(now)
	for k := 1; k <= weeks; k++ {
		from, to := r.before(bounds[0], k), r.before(now, k)
		if from.UnixMicro() < first {
			break
		}
		span, err := readSpan(ctx, tx, model, r, from.UnixMicro(), to.UnixMicro())
		if err != nil {
			return nil, err
		}
		h.spans = append(h.spans, span)
	}
	if h.bad, err = usualBad(ctx, tx, model, r, bounds, first); err != nil {
		return nil, err
	}
	s.past.put(key, minute, h)
	return h, nil
}

// earliest is when the first thing was counted, 0 for nothing yet.
func earliest(ctx context.Context, tx *db.Tx, model int64) (first int64, err error) {
	for _, name := range core {
		var at *int64
		err := tx.QueryRow(ctx, "SELECT min(at) FROM signal WHERE model = $1 AND grain = $2 AND name = $3", model, int64(Quarter), string(name)).Scan(&at)
		if err != nil {
			return 0, err
		}
		if at != nil && (first == 0 || *at < first) {
			first = *at
		}
	}
	return first, nil
}

func readSpan(ctx context.Context, tx *db.Tx, model int64, r Range, from, to int64) (pastSpan, error) {
	span := pastSpan{money: map[string]float64{}, paid: map[string][2]float64{}}
	var err error
	if span.sums, err = past(ctx, tx, model, core, from, to); err != nil {
		return span, err
	}
	cover := pieces(Quarter.slot(from), Quarter.slot(to), Quarter)
	money, err := parts(ctx, tx, model, Orders, cover, few)
	if err != nil {
		return span, err
	}
	for _, m := range money {
		span.money[m.Label] = float64(m.Amount)
	}
	paid, err := parts(ctx, tx, model, Paid, cover, 200)
	if err != nil {
		return span, err
	}
	for _, p := range paid {
		span.paid[p.Label] = [2]float64{float64(p.N), 0}
	}
	failures, err := parts(ctx, tx, model, Failed, cover, 400)
	for _, f := range failures {
		method, _, _ := strings.Cut(f.Label, "\n")
		method = orUnknown(method)
		p := span.paid[method]
		p[1] += float64(f.N)
		span.paid[method] = p
	}
	return span, err
}

// usualBad says how many bad voices are usual at each point of a range: of the
// same points of the last eight weeks. A minute's count is too small for that:
// there it is what chance makes of the usual rate of its quarter of an hour.
func usualBad(ctx context.Context, tx *db.Tx, model int64, r Range, bounds []time.Time, first int64) ([]Usual, error) {
	values := make([][]float64, len(bounds)-1)
	for k := 1; k <= weeks; k++ {
		then := make([]time.Time, len(bounds))
		for i, b := range bounds {
			then[i] = b.AddDate(0, 0, -7*k)
		}
		if then[0].UnixMicro() < first {
			break
		}
		ns, err := pastPoints(ctx, tx, model, r, then)
		if err != nil {
			return nil, err
		}
		for i, n := range ns {
			values[i] = append(values[i], n)
		}
	}
	out := make([]Usual, len(values))
	for i, v := range values {
		out[i] = usual(v)
		if r == Hour && out[i].N > 0 {
			mean := 0.0
			for _, x := range v {
				mean += x / float64(len(v))
			}
			out[i].Low, out[i].High = poisson(mean)
		}
	}
	return out, nil
}

func pastPoints(ctx context.Context, tx *db.Tx, model int64, r Range, then []time.Time) ([]float64, error) {
	out := make([]float64, len(then)-1)
	if r != Hour {
		by, err := series(ctx, tx, model, []Name{Upset}, then, Quarter)
		for i, n := range by[Upset] {
			out[i] = float64(n)
		}
		return out, err
	}
	quarters := map[int64]float64{}
	for i := range out {
		slot := Quarter.slot(then[i].UnixMicro())
		if _, ok := quarters[slot]; !ok {
			got := sums{}
			if err := total(ctx, tx, model, []Name{Upset}, slot, slot+Quarter.micros(), Quarter, got, 1); err != nil {
				return nil, err
			}
			quarters[slot] = got[Upset]
		}
		out[i] = quarters[slot] / float64(Quarter)
	}
	return out, nil
}
