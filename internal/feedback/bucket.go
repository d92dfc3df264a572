package feedback

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"github.com/dhvani/dhvani/internal/db"
)

// ScoreFilter says which answers make a score. Empty fields do not filter.
type ScoreFilter struct {
	From, To                 int64          // microseconds; From included, To not; 0 for open
	Bucket                   string         // none, hour, day, week (from Monday) or month; "" is none
	Location                 *time.Location // whose days they are; nil is UTC
	Channel, Product, Survey string
	Method                   string // mean or top_box; "" is what the kind is usually made by
}

// maxBuckets is how long a series may be.
const maxBuckets = 2000

// usualMethod is what a kind of score is usually made by.
var usualMethod = map[string]string{NPS: NPS, CSAT: TopBox, CES: Mean, Rating: Mean}

// complete fills in what is empty and checks what is not.
func (f *ScoreFilter) complete(kind string) error {
	usual := usualMethod[kind]
	switch {
	case usual == "":
		return InputError("the score must be nps, csat, ces or rating")
	case f.Method == "":
		f.Method = usual
	case f.Method != usual && (kind == NPS || f.Method != Mean && f.Method != TopBox):
		return InputError("method must be mean or top_box, and is not for nps")
	}
	switch f.Bucket {
	case "":
		f.Bucket = "none"
	case "none", "hour", "day", "week", "month":
	default:
		return InputError("bucket must be none, hour, day, week or month")
	}
	if f.Location == nil {
		f.Location = time.UTC
	}
	if err := checkChannel(f.Channel); err != nil {
		return err
	}
	return checkRange(f.From, f.To)
}

func (f *ScoreFilter) where(model int64, kind string) *where {
	w := &where{}
	w.add("f.model = ? AND f.kind = ? AND f.rating IS NOT NULL", model, kind)
	w.equal("f.channel", f.Channel)
	w.equal("f.product_id", f.Product)
	w.equal("f.survey_id", f.Survey)
	w.between(f.From, f.To)
	return w
}

// spans returns the calendar's bounds of all buckets of the range, one more
// than there are buckets, and none without buckets or answers. Where the range
// is open it goes from the first answer to the last, or has the last maxBuckets
// only: one wild time must not hide all others.
func (f *ScoreFilter) spans(ctx context.Context, tx *db.Tx, w *where) ([]int64, error) {
	if f.Bucket == "none" {
		return nil, nil
	}
	from, to := f.From, f.To
	if from == 0 || to == 0 {
		var first, last sql.Null[int64]
		// Each by itself, which an index answers at once.
		err := tx.QueryRow(ctx, "SELECT (SELECT min(f.at) FROM feedback f WHERE "+w.String()+"), (SELECT max(f.at) FROM feedback f WHERE "+w.String()+")", w.args...).Scan(&first, &last)
		if err != nil || !first.Valid {
			return nil, err
		}
		if from == 0 {
			from = first.V
		}
		if to == 0 {
			to = last.V + 1
		}
		if f.From == 0 {
			shortest := map[string]int64{"hour": 1, "day": 23, "week": 7*24 - 1, "month": 28*24 - 1}[f.Bucket] * 3600e6
			from = max(from, to-(maxBuckets-2)*shortest)
		}
	}
	at := f.floor(time.UnixMicro(from).In(f.Location))
	spans := []int64{at.UnixMicro()}
	for at.UnixMicro() < to {
		if len(spans) > maxBuckets {
			return nil, InputError(fmt.Sprintf("that range has more than %d buckets: ask for a shorter one or a larger bucket", maxBuckets))
		}
		at = f.next(at)
		spans = append(spans, at.UnixMicro())
	}
	return spans, nil
}

// clip cuts the first and the last bucket to the range.
func (f *ScoreFilter) clip(from, to int64) (int64, int64) {
	if f.From != 0 {
		from = max(from, f.From)
	}
	if f.To != 0 {
		to = min(to, f.To)
	}
	return from, to
}

// floor returns the beginning of the bucket that holds t.
func (f *ScoreFilter) floor(t time.Time) time.Time {
	y, m, d := t.Date()
	switch f.Bucket {
	case "hour":
		// Not by time.Date: where clocks go back an hour it is there twice.
		into := time.Duration(t.Minute())*time.Minute + time.Duration(t.Second())*time.Second + time.Duration(t.Nanosecond())
		return t.Add(-into)
	case "week":
		d -= (int(t.Weekday()) + 6) % 7
	case "month":
		d = 1
	}
	return f.midnight(y, m, d)
}

func (f *ScoreFilter) next(t time.Time) time.Time {
	y, m, d := t.Date()
	switch f.Bucket {
	case "hour":
		return f.floor(t.Add(time.Hour))
	case "week":
		d += 7
	case "month":
		m++
	default:
		d++
	}
	return f.midnight(y, m, d)
}

// midnight is the beginning of a day, which is later than 0:00 where clocks go
// forward at midnight; time.Date may give the evening before.
func (f *ScoreFilter) midnight(y int, m time.Month, d int) time.Time {
	t := time.Date(y, m, d, 0, 0, 0, 0, f.Location)
	if noon := time.Date(y, m, d, 12, 0, 0, 0, f.Location); t.Day() != noon.Day() {
		_, t = t.ZoneBounds()
	}
	return t
}
