package insight

import (
	"context"
	"database/sql"
	"fmt"
	"strings"
	"time"

	"github.com/dhvani/dhvani/internal/db"
)

// sums are what signals come to, by name.
type sums map[Name]float64

// piece is a part of a span of time that is read from one grain.
type piece struct {
	grain    Grain
	from, to int64
}

// pieces cover a span by whole slots: long ones by days of UTC with quarters at
// both ends.
func pieces(from, to int64, g Grain) []piece {
	low, high := Day.slot(from+Day.micros()-1), Day.slot(to)
	if g != Quarter || high-low < 2*Day.micros() {
		return []piece{{g, from, to}}
	}
	return []piece{{Quarter, from, low}, {Day, low, high}, {Quarter, high, to}}
}

// list is SQL for some names.
func list(names []Name) string {
	var out []string
	for _, n := range names {
		out = append(out, "'"+string(n)+"'")
	}
	return strings.Join(out, ", ")
}

// total adds up signals over a span of whole slots.
func total(ctx context.Context, tx *db.Tx, model int64, names []Name, from, to int64, g Grain, into sums, weight float64) error {
	for _, p := range pieces(from, to, g) {
		if p.from >= p.to {
			continue
		}
		err := tx.Each(ctx, `SELECT name, sum(n) FROM signal WHERE model = $1 AND grain = $2 AND name IN (`+list(names)+`)
			AND at >= $3 AND at < $4 AND label = '' GROUP BY name`, []any{model, int64(p.grain), p.from, p.to},
			func(r *sql.Rows) error {
				var name Name
				var n int64
				err := r.Scan(&name, &n)
				into[name] += weight * float64(n)
				return err
			})
		if err != nil {
			return err
		}
	}
	return nil
}

// past adds up signals over a span whose ends lie within quarters, of which it
// takes the part that they are.
func past(ctx context.Context, tx *db.Tx, model int64, names []Name, from, to int64) (sums, error) {
	out := sums{}
	q := Quarter.micros()
	low, high := Quarter.slot(from+q-1), Quarter.slot(to)
	if err := total(ctx, tx, model, names, low, high, Quarter, out, 1); err != nil {
		return nil, err
	}
	for _, edge := range [][2]int64{{from, low}, {high, to}} {
		if edge[0] >= edge[1] {
			continue
		}
		slot := Quarter.slot(edge[0])
		if err := total(ctx, tx, model, names, slot, slot+q, Quarter, out, float64(edge[1]-edge[0])/float64(q)); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// series are signals by the points of a range.
func series(ctx context.Context, tx *db.Tx, model int64, names []Name, bounds []time.Time, g Grain) (map[Name][]int64, error) {
	out := map[Name][]int64{}
	for _, n := range names {
		out[n] = make([]int64, len(bounds)-1)
	}
	from, to := bounds[0].UnixMicro(), bounds[len(bounds)-1].UnixMicro()
	step := g.micros()
	if g == Quarter {
		step *= 4 // all bounds are whole hours from the first on, also where clocks change
	}
	at, i := from, 0
	err := tx.Each(ctx, `SELECT name, (at - $3) / $5, sum(n) FROM signal WHERE model = $1 AND grain = $2 AND name IN (`+list(names)+`)
		AND at >= $3 AND at < $4 AND label = '' GROUP BY name, (at - $3) / $5 ORDER BY name, (at - $3) / $5`,
		[]any{model, int64(g), from, to, step}, func(r *sql.Rows) error {
			var name Name
			var slot, n int64
			if err := r.Scan(&name, &slot, &n); err != nil {
				return err
			}
			if next := from + slot*step; next < at {
				i = 0
				at = next
			} else {
				at = next
			}
			for i+1 < len(bounds)-1 && bounds[i+1].UnixMicro() <= at {
				i++
			}
			out[name][i] += n
			return nil
		})
	return out, err
}

// part is a label's share of a signal.
type part struct {
	Label  string
	N      int64
	Amount int64
}

// parts are a signal's labels over a span, the most first. Labels of products and
// searches are kept by quarter for two days, else by day of UTC.
func parts(ctx context.Context, tx *db.Tx, model int64, name Name, cover []piece, limit int) ([]part, error) {
	args := []any{model, string(name)}
	var spans []string
	for _, p := range cover {
		if p.from < p.to {
			n := len(args)
			spans = append(spans, fmt.Sprintf("grain = $%d AND at >= $%d AND at < $%d", n+1, n+2, n+3))
			args = append(args, int64(p.grain), p.from, p.to)
		}
	}
	if len(spans) == 0 {
		return nil, nil
	}
	var halves []string
	for _, s := range spans {
		halves = append(halves, "SELECT label, n, amount FROM signal WHERE model = $1 AND name = $2 AND label <> '' AND "+s)
	}
	var out []part
	err := tx.Each(ctx, `SELECT label, sum(n), sum(amount) FROM (`+strings.Join(halves, " UNION ALL ")+`) s
		GROUP BY label ORDER BY sum(n) DESC, label`+fmt.Sprintf(" LIMIT %d", limit), args, func(r *sql.Rows) error {
		var p part
		err := r.Scan(&p.Label, &p.N, &p.Amount)
		out = append(out, p)
		return err
	})
	return out, err
}
