// Package evaluate runs the detectors of insight over a series in a file, as they would have seen it live: row by row, in constant
// memory, without a look at what comes later.
package evaluate

import (
	"bufio"
	"bytes"
	"cmp"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/dhvani/dhvani/internal/insight/detect"
)

// Auto finds out the kind while the series runs.
const (
	Auto  = "auto"
	Count = "count"
	Rate  = "rate"
	Level = "level"
)

// Run reads rows of a time and a value, and writes the same rows with a score from 0 to 1 and an alert, which is 1 at the
// first row of a new alarm. Of a rate a third column may say of how many it is the share; without, it is taken as a level.
// The rows before one that it refuses are written. late is how many rows have a time before that of a row above: a clock
// was put back, and they are taken as of that time.
func Run(r io.Reader, w io.Writer, kind string) (late int, err error) {
	buffered := bufio.NewWriterSize(w, 1<<16)
	out := csv.NewWriter(buffered)
	late, err = rows(bufio.NewReaderSize(r, 1<<16), out, kind)
	out.Flush()
	return late, cmp.Or(err, out.Error(), buffered.Flush())
}

func rows(r *bufio.Reader, out *csv.Writer, kind string) (late int, err error) {
	if wide(r) {
		return 0, errors.New("this is UTF-16: save it as UTF-8")
	}
	in := csv.NewReader(r)
	in.FieldsPerRecord, in.ReuseRecord, in.TrimLeadingSpace = -1, true, true
	s := newSeries(kind)
	columns, before, none := 0, int64(math.MinInt64), true
	var row []string
	for {
		fields, err := in.Read()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return late, err // says the line
		}
		line, _ := in.FieldPos(0)
		first := columns == 0
		if first {
			fields[0] = strings.TrimPrefix(fields[0], "\ufeff")
		}
		if i := strings.IndexAny(fields[0], ";\t"); i >= 0 {
			return late, fmt.Errorf("line %d: columns are divided by %q: divide them by commas, and write decimals with a point", line, fields[0][i:i+1])
		}
		if len(fields) < 2 {
			return late, fmt.Errorf("line %d: a row is a time and a value, with a comma between", line)
		}
		if first {
			columns = len(fields)
		}
		if fields, err = aligned(fields, columns); err != nil {
			return late, fmt.Errorf("line %d: %w", line, err)
		}
		at, err := parseTime(fields[0])
		if err != nil {
			if first {
				row = append(append(row[:0], fields...), "score", "alert")
				if err := out.Write(row); err != nil {
					return late, err
				}
				continue
			}
			return late, fmt.Errorf("line %d: %w", line, err)
		}
		value, n, err := parseValue(fields, kind)
		if err != nil {
			return late, fmt.Errorf("line %d: %w", line, err)
		}
		if at < before {
			at = before // what is late counts now
			late++
		}
		before, none = at, false
		score, alert := s.feed(at, value, n)
		mark := "0"
		if alert {
			mark = "1"
		}
		row = append(append(row[:0], fields...), strconv.FormatFloat(score, 'f', 6, 64), mark)
		if err := out.Write(row); err != nil {
			return late, err
		}
	}
	if none {
		return 0, errors.New("there are no rows: a file has one for each time and value, with a comma between, as 2026-03-01 10:00,42, and may have a header")
	}
	return late, nil
}

// wide reports whether a text is UTF-16: it begins with its mark of byte order, or with a character that has a zero in it.
func wide(r *bufio.Reader) bool {
	head, _ := r.Peek(2)
	return string(head) == "\xff\xfe" || string(head) == "\xfe\xff" || bytes.IndexByte(head, 0) >= 0
}

// aligned brings a row to as many columns as the first one has.
func aligned(fields []string, columns int) ([]string, error) {
	n := len(fields)
	for len(fields) > columns && fields[len(fields)-1] == "" {
		fields = fields[:len(fields)-1]
	}
	if len(fields) > columns {
		return nil, fmt.Errorf("a row of %d columns, where the first one has %d", n, columns)
	}
	for len(fields) < columns {
		fields = append(fields, "")
	}
	return fields, nil
}

var layouts = []string{time.RFC3339Nano, "2006-01-02 15:04:05", "2006-01-02T15:04:05", "2006-01-02 15:04", "2006-01-02", "2006-01-02 15:04:05Z07:00", "2006/01/02 15:04:05"}

// Unix times of 10 digits are seconds, of 13 milliseconds. Numbers below 100 million are no times of today but count rows; they are taken as
// hours, so that a day's season of hourly rows can be found.
func parseTime(s string) (int64, error) {
	s = strings.TrimSpace(s)
	if x, err := strconv.ParseFloat(s, 64); err == nil {
		switch a := math.Abs(x); {
		case a < 1e8:
			return int64(math.Round(x * 3600e6)), nil
		case a < 1e11:
			return int64(math.Round(x * 1e6)), nil
		case a < 1e14:
			return int64(math.Round(x * 1e3)), nil
		case a < 1e17:
			return int64(x), nil
		}
		return 0, fmt.Errorf("%.40q is no time", s)
	}
	for _, l := range layouts {
		if t, err := time.Parse(l, s); err == nil {
			if y := t.Year(); y < 1 || y > 9999 {
				break
			}
			return t.UnixMicro(), nil
		}
	}
	return 0, fmt.Errorf("%.40q is no time as 2006-01-02T15:04:05Z, 2006-01-02 15:04:05, or in seconds or milliseconds since 1970", s)
}

// parseValue gives NaN where a value is missing.
func parseValue(fields []string, kind string) (value, n float64, err error) {
	if value, err = parseNumber(fields[1]); err != nil {
		return 0, 0, err
	}
	if kind == Rate && (value < 0 || value > 1) {
		return 0, 0, fmt.Errorf("%g is no share, from 0 to 1", value)
	}
	if len(fields) < 3 {
		return value, 0, nil
	}
	n, err = strconv.ParseFloat(strings.TrimSpace(fields[2]), 64)
	if err == nil && kind == Rate && n < 0 {
		return 0, 0, fmt.Errorf("a share of %g is none", n)
	}
	if err != nil || !(n >= 0) || math.IsInf(n, 0) {
		n = 0 // some other column
	}
	return value, n, nil
}

func parseNumber(s string) (float64, error) {
	s = strings.TrimSpace(s)
	switch strings.ToLower(s) {
	case "", "nan", "null", "none", "na", "n/a", "-":
		return math.NaN(), nil
	}
	x, err := strconv.ParseFloat(s, 64)
	if err != nil || math.IsInf(x, 0) {
		return 0, fmt.Errorf("%.40q is no number", s)
	}
	return x, nil
}

// decided is after how many rows the kind is settled, until which all detectors learn.
const decided = 200

// series feeds the detectors and speaks for the one that fits.
type series struct {
	kind   string
	count  detect.Count
	share  detect.Share
	plain  detect.Level
	root   detect.Level // of the root of counts: their noise then does not grow with them
	logs   detect.Level // of the logarithm, of what is skewed as latencies are
	raw    moments
	log    moments
	rows   int
	whole  bool // no value but 0, 1, 2, ...
	within bool // from 0 to 1, each with its number
	sum    float64
	moves  float64 // of squares of differences
	last   float64
	step   float64 // seconds, the mean
	first  int64
	low    float64 // the least of the first values; a tenth of it has the least logarithm
}

// moments are sums of powers, around the first value so that they stay exact.
type moments struct{ n, first, one, two, three float64 }

func (m *moments) add(x float64) {
	if m.n == 0 {
		m.first = x
	}
	x -= m.first
	m.n++
	m.one, m.two, m.three = m.one+x, m.two+x*x, m.three+x*x*x
}

func (m *moments) skewness() float64 {
	mean := m.one / m.n
	v := m.two/m.n - mean*mean
	return (m.three/m.n - 3*mean*m.two/m.n + 2*mean*mean*mean) / max(math.Pow(v, 1.5), 1e-300)
}

// skewed reports whether the logarithm is much nearer to normal than the value.
func (s *series) skewed() bool {
	return s.rows >= decided && s.log.n > 0 && s.raw.skewness() > 1.2 && math.Abs(s.log.skewness()) < s.raw.skewness()/2
}

func newSeries(kind string) *series {
	s := &series{kind: kind, whole: true, within: true}
	told, _ := detect.Budget{Signals: 1, Told: 0.5}.Limits() // one signal has a whole budget, of one false alarm in eight weeks
	s.plain.Limit, s.root.Limit, s.logs.Limit, s.count.Limit, s.share.Limit = told, told, told, told, told
	return s
}

func (s *series) feed(at int64, value, n float64) (score float64, alert bool) {
	m := detect.UTC(at)
	if math.IsNaN(value) {
		s.count.Skip(m)
		return 0, false
	}
	s.note(at, value, n)
	var levels, roots, counts, shares detect.Reading
	levels = s.plain.Feed(m, value)
	if s.log.n >= 0 && (s.rows <= decided || s.skewed()) {
		roots = s.logs.Feed(m, math.Log(max(value, s.low/10)))
	}
	if s.speaks() == Level && s.skewed() {
		return roots.Score(s.logs.Limit), roots.Began
	}
	if s.rows <= decided || s.speaks() == Count {
		v := max(value, 0)
		roots = s.root.Feed(m, 2*math.Sqrt(v+0.375)) // Anscombe, Biometrika 1948
		counts = s.count.Feed(m, v)
	}
	if s.within && n > 0 {
		shares = s.share.Feed(m, value*n, n)
	}
	switch s.speaks() {
	case Count:
		if s.steady() && counts.Phase != detect.Learning {
			return counts.Score(s.count.Limit), counts.Began
		}
		return roots.Score(s.root.Limit), roots.Began
	case Rate:
		return shares.Score(s.share.Limit), shares.Began
	}
	return levels.Score(s.plain.Limit), levels.Began
}

func (s *series) note(at int64, value, n float64) {
	if s.rows == 0 {
		s.first = at
	}
	s.rows++
	if s.rows > decided {
		return
	}
	s.whole = s.whole && value >= 0 && value == math.Trunc(value)
	s.within = s.within && value >= 0 && value <= 1 && n > 0
	if !(value > 0) {
		s.log.n = math.Inf(-1)
	}
	if s.log.n >= 0 {
		s.raw.add(value)
		s.log.add(math.Log(value))
	}
	if s.low == 0 || value < s.low {
		s.low = value
	}
	if s.rows > 1 {
		s.moves += (value - s.last) * (value - s.last)
		s.step = float64(at-s.first) / 1e6 / float64(s.rows-1)
	}
	s.sum += value
	s.last = value
}

// speaks says whose word counts.
func (s *series) speaks() string {
	switch s.kind {
	case Count:
		return Count
	case Rate:
		if s.within {
			return Rate
		}
	case Auto:
		if s.rows >= decided && s.whole && s.sum < 1000*decided {
			return Count
		}
	}
	return Level
}

// steady reports whether counts are about as Poisson ones, so that Count may speak: differences have twice the variance.
func (s *series) steady() bool {
	mean := s.sum / float64(min(s.rows, decided))
	noise := s.moves / (2 * decided * max(mean, 0.01))
	return s.rows >= decided && s.step > 0 && s.step <= 3600 && noise > 0.6 && noise < 1.5
}
