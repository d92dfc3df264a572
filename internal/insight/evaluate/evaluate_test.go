package evaluate

import (
	"bytes"
	"encoding/csv"
	"fmt"
	"math"
	"math/rand/v2"
	"runtime"
	"slices"
	"strings"
	"testing"
)

func run(t *testing.T, in, kind string) [][]string {
	t.Helper()
	var out bytes.Buffer
	if _, err := Run(strings.NewReader(in), &out, kind); err != nil {
		t.Fatal(err)
	}
	rows, err := csv.NewReader(&out).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	return rows
}

func TestRowsStayAsTheyAre(t *testing.T) {
	in := "timestamp,value\n2024-01-01 00:00:00,1.50\n2024-01-01 00:05:00,\n2024-01-01 00:10:00,NaN\n2024-01-01 00:15:00,2\n"
	rows := run(t, in, Auto)
	if got := fmt.Sprint(rows[0]); got != "[timestamp value score alert]" || len(rows) != 5 {
		t.Fatal(rows)
	}
	for i, want := range []string{"1.50", "", "NaN", "2"} {
		if r := rows[i+1]; r[1] != want || r[2] != "0.000000" || r[3] != "0" {
			t.Errorf("row %d: %v", i+1, r)
		}
	}
	if rows := run(t, "1700000000,1\n1700000060,2\n", Auto); len(rows) != 2 {
		t.Error("without a header:", rows)
	}
}

func TestTimes(t *testing.T) {
	const want = int64(1704067200) * 1e6
	for _, s := range []string{"2024-01-01T00:00:00Z", "2024-01-01T05:30:00+05:30", "2024-01-01 00:00:00", "2024-01-01", "1704067200", "1704067200.0", "1704067200000", " 2024-01-01 00:00", "473352"} {
		if got, err := parseTime(s); err != nil || got != want {
			t.Errorf("%q: %d, %v", s, got, err)
		}
	}
}

// Where a clock was put back, rows count at the latest time, and it is said how many; the same time again is none of them.
func TestClockPutBack(t *testing.T) {
	var out bytes.Buffer
	late, err := Run(strings.NewReader("1700000600,1\n1700000000,1\n1700000600,1\n1700000600,1\n1700000599,1\n1700000900,2\n"), &out, Auto)
	if err != nil || late != 2 || strings.Count(out.String(), "\n") != 6 {
		t.Error(late, err, out.String())
	}
}

// Score and alert stand in one column of all rows; what is empty at the end of a row need not be written.
func TestColumnsStandInLine(t *testing.T) {
	for in, want := range map[string]string{
		"time,value,note\n1,2\n2,3,x\n": "time,value,note,score,alert\n1,2,,0.000000,0\n2,3,x,0.000000,0\n",
		"time,value\n1,2,\n2,,\n":       "time,value,score,alert\n1,2,0.000000,0\n2,,0.000000,0\n",
		"time,value\n\n1,2\n\n2,3\n\n":  "time,value,score,alert\n1,2,0.000000,0\n2,3,0.000000,0\n",
	} {
		var out bytes.Buffer
		if _, err := Run(strings.NewReader(in), &out, Auto); err != nil || out.String() != want {
			t.Errorf("%q becomes %q, %v", in, out.String(), err)
		}
	}
}

// A file without rows is told what it must hold, and what was judged before a bad row is written.
func TestWhatIsNoSeries(t *testing.T) {
	const none = "there are no rows: a file has one for each time and value, with a comma between"
	for _, test := range []struct{ in, kind, want, out string }{
		{"", Auto, none, ""},
		{"timestamp,value\n", Auto, none, "timestamp,value,score,alert\n"},
		{"a,b,c\n1,2\n1,2,3,4\n", Auto, "line 3: a row of 4 columns, where the first one has 3", "a,b,c,score,alert\n1,2,,0.000000,0\n"},
		{"1,0.5\n2,1.7\n", Rate, "line 2: 1.7 is no share, from 0 to 1", "1,0.5,0.000000,0\n"},
		{"1,-0.5\n", Rate, "line 1: -0.5 is no share, from 0 to 1", ""},
		{"1,0.5,10\n2,0.7,-5\n", Rate, "line 2: a share of -5 is none", "1,0.5,10,0.000000,0\n"},
		{"\xff\xfe1\x00,\x002\x00\n\x00", Auto, "this is UTF-16: save it as UTF-8", ""},
		{"\xfe\xff\x001\x00,\x002\x00\n", Auto, "this is UTF-16: save it as UTF-8", ""},
		{"1\x00,\x002\x00\n\x00", Auto, "this is UTF-16: save it as UTF-8", ""},
	} {
		var out bytes.Buffer
		_, err := Run(strings.NewReader(test.in), &out, test.kind)
		if err == nil || !strings.HasPrefix(err.Error(), test.want) || out.String() != test.out {
			t.Errorf("%q: %v, and %q", test.in, err, out.String())
		}
	}
	var out bytes.Buffer
	_, err := Run(strings.NewReader(lines(5000, 1)+"2,x\n"), &out, Auto)
	if err == nil || !strings.HasPrefix(err.Error(), "line 5001: ") || strings.Count(out.String(), "\n") != 5000 {
		t.Errorf("%v after %d rows", err, strings.Count(out.String(), "\n"))
	}
}

func TestErrorsNameTheLine(t *testing.T) {
	for _, test := range []struct{ in, want string }{
		{"time,value\n1,1\nx,2\n", "line 3"},
		{"1,1\n2,zwei\n", "line 2"},
		{"1,1\n2\n", "line 2"},
		{"1,\"1\n", "line 1"},
		{"1,1\n2,+Inf\n", "line 2"},
		{"timestamp;value\n2026-03-01 00:00;3\n", `line 1: columns are divided by ";": divide them by commas, and write decimals with a point`},
		{"timestamp;value\n2026-03-01 00:00;3,5\n", `line 1: columns are divided by ";"`},
		{"2026-03-01 00:00;3,5\n2026-03-01 01:00;4,5\n", `line 1: columns are divided by ";"`},
		{"timestamp\tvalue\n1\t3\n", `line 1: columns are divided by "\t"`},
	} {
		var out bytes.Buffer
		if _, err := Run(strings.NewReader(test.in), &out, Auto); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%q: %v", test.in, err)
		}
	}
}

// lines is a series of a day's season with a spike.
func lines(n int, seed uint64) string {
	r := rand.New(rand.NewPCG(seed, 1))
	var b strings.Builder
	for i := range n {
		y := 50 + 10*math.Sin(float64(i)*2*math.Pi/288) + r.NormFloat64()
		if i == n*3/4 {
			y += 30
		}
		fmt.Fprintf(&b, "%d,%.3f\n", 1_700_000_000+i*300, y)
	}
	return b.String()
}

// What is said of a row does not depend on what comes after it, and is the same each time.
func TestNoLookAhead(t *testing.T) {
	in := lines(2000, 3)
	all := run(t, in, Auto)
	for _, n := range []int{1, 199, 200, 201, 1499, 1501, 1999} {
		part := run(t, strings.Join(strings.SplitAfter(in, "\n")[:n], ""), Auto)
		if fmt.Sprint(part) != fmt.Sprint(all[:n]) {
			t.Errorf("the first %d rows alone are judged otherwise", n)
		}
	}
	if all[1500][3] != "1" {
		t.Error("the spike was not noticed:", all[1500])
	}
}

func TestRateWithItsNumber(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 5))
	var b strings.Builder
	from := 30 * 24
	for i := range 40 * 24 {
		p, n, k := 0.05, 200, 0
		if i >= from {
			p = 0.25
		}
		for range n {
			if r.Float64() < p {
				k++
			}
		}
		fmt.Fprintf(&b, "%d,%.4f,%d\n", 1_700_000_000+i*3600, float64(k)/float64(n), n)
	}
	rows := run(t, b.String(), Rate)
	for i, row := range rows {
		if row[4] == "1" {
			if i < from || i > from+2 {
				t.Errorf("alert at row %d of %d", i, from)
			}
			return
		}
	}
	t.Error("no alert")
}

// The kind is settled once.
func TestKindStays(t *testing.T) {
	for _, test := range []struct {
		value float64
		want  string
	}{{20, Count}, {50_000, Level}} {
		s := newSeries(Auto)
		for i := range 30_000 {
			s.feed(int64(i)*3e8, test.value+float64(i%7), 0)
			if i >= decided && s.speaks() != test.want {
				t.Fatalf("%v is taken as a %s at row %d", test.value, s.speaks(), i)
			}
		}
	}
}

func TestMemoryIsConstant(t *testing.T) {
	var out strings.Builder
	in := lines(60_000, 1)
	var m0, m1 runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&m0)
	s := newSeries(Auto)
	for i := range 60_000 {
		s.feed(int64(i)*3e8, float64(i%97), 0)
	}
	runtime.ReadMemStats(&m1)
	if n := m1.Mallocs - m0.Mallocs; n > 1000 {
		t.Errorf("%d allocations", n)
	}
	if _, err := Run(strings.NewReader(in), &out, Level); err != nil {
		t.Fatal(err)
	}
}

func FuzzRun(f *testing.F) {
	f.Add("timestamp,value\n2024-01-01 00:00:00,1\n", "auto")
	f.Add("1,1e300\n2,-1e300\n3,0.5,7\n", "rate")
	f.Add("1700000000,3\n1700000060,0\n9999999999,4\n", "count")
	f.Fuzz(func(t *testing.T, in, kind string) {
		var out bytes.Buffer
		if _, err := Run(strings.NewReader(in), &out, kind); err != nil {
			return
		}
		r := csv.NewReader(&out)
		r.FieldsPerRecord = -1
		rows, err := r.ReadAll()
		if err != nil {
			t.Fatal(err)
		}
		for _, row := range rows {
			if s := row[len(row)-2]; s == "NaN" || strings.HasPrefix(s, "-") || strings.Contains(s, "Inf") {
				t.Fatal(row)
			}
		}
	})
}

// A series that never moved is no news until it moves, and then at once, and once.
func TestStandsStill(t *testing.T) {
	for _, test := range []struct{ before, after float64 }{{5, 50}, {5, 0}, {0, 100}, {0.5, 0.75}, {1e6, 1e6 - 5}} {
		var in strings.Builder
		in.WriteString("timestamp,value\n")
		for i := range 3200 {
			v := test.before
			if i >= 3000 {
				v = test.after
			}
			fmt.Fprintf(&in, "%d,%g\n", 1767225600+60*i, v)
		}
		for _, kind := range []string{Auto, Level} {
			var out strings.Builder
			if _, err := Run(strings.NewReader(in.String()), &out, kind); err != nil {
				t.Fatal(err)
			}
			var alerts []int
			for i, line := range strings.Split(out.String(), "\n") {
				if strings.HasSuffix(line, ",1") {
					alerts = append(alerts, i-1)
				}
			}
			if !slices.Equal(alerts, []int{3000}) {
				t.Errorf("%g, then %g, as %s: alerts at rows %d, not at 3000", test.before, test.after, kind, alerts)
			}
		}
	}
}
