package feedback

import (
	"cmp"
	"context"
	"database/sql"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/dhvani/dhvani/internal/db"
	"github.com/dhvani/dhvani/internal/event"
)

// cell is one way to be rated, on one channel.
type cell struct {
	kind, channel string
	scale         int64
	inverted      bool
	rating        event.Millionths
	rated         bool
	heard         heard // without a rating
}

func (c *cell) mood() Mood {
	if !c.rated {
		return c.heard.mood()
	}
	return MoodOf(c.kind, c.rating, c.scale, c.inverted)
}

// Counted is how many opinions are counted at most where no prepared counts
// serve: the newest.
const Counted = 20_000

// tallied is a count of opinions that is being made.
type tallied struct {
	f         Filter
	rated     bool // only what has a rating
	words     []string
	workspace int64
	model     int64
	spans     []int64 // bounds of buckets, or none
	base      int64   // of slots
	length    int64   // of a slot
	add       func(bucket int, c cell, n int64)
	since     int64             // where not all could be counted: the oldest that was
	byProduct map[string]*Moods // where they were counted row by row
}

// prepared reports whether the rolled up counts tell what is asked.
func (t *tallied) prepared() bool {
	f := &t.f
	return len(t.words) == 0 && f.Product == "" && f.Order == "" && f.Profiles == nil && !f.ofText() &&
		!f.fromCases() && f.Assignee == ""
}

// count reads how many opinions there are of each cell, by bucket where there
// are spans. They are grouped by slots of equal length that begin and end with
// every bucket, in whatever time zone; that they are few is seen to by spans.
func (t *tallied) count(ctx context.Context, tx *db.Tx) error {
	t.slots()
	from, to, whole := t.hours()
	if !t.prepared() || !whole {
		return t.newestOf(ctx, tx)
	}
	if err := t.rolled(ctx, tx, from, to); err != nil {
		return err
	}
	if f := t.f.From; f != 0 && f < from {
		if err := t.single(ctx, tx, f, min(from, cmp.Or(t.f.To, from)), newest, 1); err != nil {
			return err
		}
	}
	if e := t.f.To; e > to && to >= from {
		if err := t.single(ctx, tx, to, e, newest, 1); err != nil {
			return err
		}
	}
	return t.takeOff(ctx, tx, from, to)
}

// slots finds the length of slots that begin and end with every bucket.
func (t *tallied) slots() {
	t.length = 1
	if len(t.spans) > 1 {
		t.base, t.length = t.spans[0], t.spans[1]-t.spans[0]
		for _, at := range t.spans[1:] {
			t.length = divisor(t.length, at-t.base)
		}
	}
}

// Bounds of what is counted by hour, where the range is open.
const (
	beginning int64 = -1 << 62
	end       int64 = 1 << 62
)

// hours is the part of the range that whole hours cover, counted from the quarter
// at which buckets begin; false where buckets do not begin so.
func (t *tallied) hours() (from, to int64, ok bool) {
	var shift int64
	switch {
	case len(t.spans) > 1:
		if t.base%quarter != 0 || t.length%hour != 0 {
			return 0, 0, false
		}
		shift = ((t.base % hour) + hour) % hour
	case t.f.From != 0:
		shift = floorDiv(t.f.From, quarter)*quarter - floorDiv(t.f.From, hour)*hour
	}
	from, to = floorDiv(beginning, hour)*hour+shift, floorDiv(end, hour)*hour+shift
	if t.f.From != 0 {
		from = floorDiv(t.f.From-shift+hour-1, hour)*hour + shift
	}
	if t.f.To != 0 {
		to = max(floorDiv(t.f.To-shift, hour)*hour+shift, from)
	}
	return from, to, true
}

// rolled counts by feedback_hour. Hours are counted from the quarter that from
// begins with: those before it in a row belong to the hour before.
func (t *tallied) rolled(ctx context.Context, tx *db.Tx, from, to int64) error {
	k := (floorDiv(from, quarter)%4 + 4) % 4
	first, last := floorDiv(from, hour), floorDiv(to, hour)
	part := func(shift int64, columns []string) error {
		w := &where{}
		slot := "0"
		if len(t.spans) > 1 {
			base := floorDiv(t.base, hour) + shift
			w.args = []any{base, t.length / hour}
			slot = "CASE WHEN f.hour < $1 THEN -1 ELSE (f.hour - $1) / $2 END"
		}
		w.add("f.model = ? AND f.hour >= ? AND f.hour < ?", t.model, first+shift, last+shift)
		w.equal("f.channel", t.f.Channel)
		w.equal("f.kind", t.f.Kind)
		w.equal("f.survey", t.f.Survey)
		sum := "CAST(sum(f." + strings.Join(columns, " + f.") + ") AS BIGINT)"
		return t.read(ctx, tx, "SELECT "+slot+" AS slot, f.kind, f.channel, f.scale, f.inverted, f.rating, f.heard, "+sum+", 0, '' FROM feedback_hour f WHERE "+
			w.String()+" GROUP BY 1, 2, 3, 4, 5, 6, 7", w.args, 1)
	}
	columns := []string{"q0", "q1", "q2", "q3"}
	if err := part(0, columns[k:]); err != nil || k == 0 {
		return err
	}
	return part(1, columns[:k])
}

// takeOff counts down what feedback_hour counts and the filter leaves out:
// reviews that a twin outdoes, and where only open opinions are asked for what is
// handled.
func (t *tallied) takeOff(ctx context.Context, tx *db.Tx, from, to int64) error {
	if err := t.single(ctx, tx, from, to, outdone, -1); err != nil || t.f.State != Open {
		return err
	}
	handled := *t
	handled.f.State = Handled
	return handled.single(ctx, tx, from, to, "1 = 1", -1)
}

// single counts row by row what lies between from and to and meets the condition.
func (t *tallied) single(ctx context.Context, tx *db.Tx, from, to int64, condition string, times int64) error {
	if from >= to {
		return nil
	}
	f := t.f
	f.From, f.To = from, to
	w := f.where(t.workspace, t.model, tx.Postgres())
	w.add(condition)
	slot := t.slot(w, "f.at")
	return t.read(ctx, tx, "SELECT "+slot+", f.kind, f.channel, f.scale, f.inverted, coalesce(f.rating, -1), "+t.heard()+", count(*), 0, '' FROM "+f.tables()+
		byTwin(tx, condition)+" WHERE "+w.String()+" GROUP BY 1, 2, 3, 4, 5, 6, 7", w.args, times)
}

// heard is the expression for how the opinion f sounds. Scores do without, and so
// with what their index holds.
func (t *tallied) heard() string {
	if t.rated {
		return "0"
	}
	return heardSQL
}

// outdone is the condition that a twin outdoes the review f.
const outdone = "f.twin = 1 AND NOT " + newest

// byTwin has SQLite read only reviews with a twin where only they can meet a
// condition: it would rather read the whole range.
func byTwin(tx *db.Tx, condition string) string {
	if condition == outdone && !tx.Postgres() {
		return " INDEXED BY feedback_twin"
	}
	return ""
}

// slot is the expression for the slot of a time.
func (t *tallied) slot(w *where, at string) string {
	if len(t.spans) < 2 {
		return "0"
	}
	w.args = append(w.args, t.base, t.length)
	n := len(w.args)
	return fmt.Sprintf("CASE WHEN %[1]s < $%[2]d THEN -1 ELSE (%[1]s - $%[2]d) / $%[3]d END", at, n-1, n)
}

// newestOf counts the newest opinions that meet the filter, row by row.
func (t *tallied) newestOf(ctx context.Context, tx *db.Tx) error {
	w := t.f.where(t.workspace, t.model, tx.Postgres())
	from, err := t.newestRows(ctx, tx, w)
	if err != nil {
		return err
	}
	slot := t.slot(w, "f.at")
	t.byProduct = map[string]*Moods{}
	return t.read(ctx, tx, "SELECT "+slot+", f.kind, f.channel, f.scale, f.inverted, coalesce(f.rating, -1), "+t.heard()+", count(*), min(f.at), coalesce(f.product_id, '') AS product FROM "+
		from+" GROUP BY 1, 2, 3, 4, 5, 6, 7, 10", w.args, 1)
}

// newestRows is the newest Counted opinions as a table f, with a condition. A word
// that no index finds, or that many texts have, would be looked for in all of them:
// only as many texts are read, and since says from when on.
func (t *tallied) newestRows(ctx context.Context, tx *db.Tx, w *where) (string, error) {
	before, bound := len(w.conditions), len(w.args)
	hint, err := search(ctx, tx, w, t.words, t.f.fromCases())
	if err != nil {
		return "", err
	}
	rest := "1 = 1"
	indexed := hint != ""
	if tx.Postgres() { // its index finds words of three letters and more
		indexed = slices.ContainsFunc(t.words, func(w string) bool { return utf8.RuneCountInString(w) >= 3 })
	}
	if len(t.words) > 0 && !indexed && !t.f.fromCases() {
		rest = strings.Join(w.conditions[before:], " AND ")
		w.conditions = w.conditions[:before]
	}
	w.add(newest)
	rows := "(SELECT f.at, f.kind, f.channel, f.scale, f.inverted, f.rating, f.mood, f.corrected, f.topics, f.product_id, f.search FROM " + t.f.tables() + " " + hint +
		" WHERE " + w.String() + fmt.Sprintf(" ORDER BY %s DESC LIMIT %d", w.time(), Counted) + ") f"
	if rest != "1 = 1" {
		var n int64
		var oldest sql.Null[int64]
		if err := tx.QueryRow(ctx, "SELECT count(*), min(f.at) FROM "+rows, w.args[:bound]...).Scan(&n, &oldest); err != nil {
			return "", err
		}
		if n == Counted {
			t.since = oldest.V
		}
	}
	return rows + " WHERE " + rest, nil
}

// read reads slots and cells with their counts, and the oldest opinion of each
// where not all may be there; it gives them to add by bucket.
func (t *tallied) read(ctx context.Context, tx *db.Tx, query string, args []any, times int64) error {
	var rows, oldest int64
	err := tx.Each(ctx, query, args, func(r *sql.Rows) error {
		var slot, rating, n, first int64
		var c cell
		var product string
		if err := r.Scan(&slot, &c.kind, &c.channel, &c.scale, &c.inverted, &rating, &c.heard, &n, &first, &product); err != nil {
			return err
		}
		if n == 0 {
			return nil
		}
		rows += n
		if first != 0 && (oldest == 0 || first < oldest) {
			oldest = first
		}
		if rating >= 0 {
			c.rating, c.rated = event.Millionths(rating), true
		} else {
			c.scale, c.inverted = 0, false
		}
		if t.rated && !c.rated || !t.meets(&c) {
			return nil
		}
		t.add(t.bucket(slot), c, n*times)
		if product != "" {
			if t.byProduct[product] == nil {
				t.byProduct[product] = &Moods{}
			}
			*t.byProduct[product].of(c.mood()) += n * times
		}
		return nil
	})
	if err == nil && oldest != 0 && rows >= Counted {
		t.since = oldest
	}
	return err
}

// meets checks what the rolled up counts are not asked for by SQL.
func (t *tallied) meets(c *cell) bool {
	f := &t.f
	return (f.Mood == "" || c.mood() == f.Mood || f.Mood == NoMood && c.mood() == Unrated) &&
		(f.RatingMin == nil || c.rated && c.rating >= *f.RatingMin) && (f.RatingMax == nil || c.rated && c.rating <= *f.RatingMax)
}

// bucket is the index of the bucket that holds a slot, -1 for none.
func (t *tallied) bucket(slot int64) int {
	if len(t.spans) < 2 || slot < 0 {
		return -1
	}
	i, found := slices.BinarySearch(t.spans, t.base+slot*t.length)
	if !found {
		i--
	}
	if i >= len(t.spans)-1 {
		return -1
	}
	return i
}
