package table_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/unicode"

	"github.com/dhvani/dhvani/internal/event"
	"github.com/dhvani/dhvani/internal/source/file"
	"github.com/dhvani/dhvani/internal/source/table"
)

func rows(t *testing.T, text string) (out [][]string, lines []int64) {
	t.Helper()
	r, err := table.NewReader(strings.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	for {
		row, err := r.Next()
		if errors.Is(err, io.EOF) {
			return out, lines
		}
		if err != nil {
			t.Fatal(err)
		}
		if row.Broken {
			row.Cells = append([]string{"BROKEN"}, row.Cells...)
		}
		out, lines = append(out, row.Cells), append(lines, row.Line)
	}
}

func TestReader(t *testing.T) {
	type list = [][]string
	utf16 := func(e unicode.Endianness, bom unicode.BOMPolicy, s string) string {
		out, _ := unicode.UTF16(e, bom).NewEncoder().String(s)
		return out
	}
	latin, _ := charmap.Windows1252.NewEncoder().String("Größe;Preis\nS;5 €\n")
	long := strings.Repeat("x", 200<<10)
	for name, c := range map[string]struct {
		text  string
		want  list
		lines []int64
	}{
		"plain":               {"a,b\n1,2\n", list{{"a", "b"}, {"1", "2"}}, []int64{1, 2}},
		"no end of line":      {"a,b\n1,2", list{{"a", "b"}, {"1", "2"}}, []int64{1, 2}},
		"CRLF and empty rows": {"a,b\r\n\r\n,\r\n1,2\r\n", list{{"a", "b"}, {"1", "2"}}, []int64{1, 4}},
		"CR":                  {"a,b\r1,2\r", list{{"a", "b"}, {"1", "2"}}, []int64{1, 2}},
		"semicolons":          {"a;b\n1,5;2\n", list{{"a", "b"}, {"1,5", "2"}}, []int64{1, 2}},
		"tabs":                {"a\tb\n1\t2\n", list{{"a", "b"}, {"1", "2"}}, []int64{1, 2}},
		"sep":                 {"sep=|\r\na|b\n1|2\n", list{{"a", "b"}, {"1", "2"}}, []int64{2, 3}},
		"quoted":              {"a,b\n\"x, \"\"y\"\"\nz\",2\n3,4\n", list{{"a", "b"}, {"x, \"y\"\nz", "2"}, {"3", "4"}}, []int64{1, 2, 4}},
		"marks within":        {"a,b\n5\" pipe,\"6\" pipe\"\n", list{{"a", "b"}, {`5" pipe`, `6" pipe`}}, []int64{1, 2}},
		"unequal":             {"a,b\n1\n1,2,3\n", list{{"a", "b"}, {"1"}, {"1", "2", "3"}}, []int64{1, 2, 3}},
		"byte order mark":     {"\ufeffनाम,b\nरेखा,2\n", list{{"नाम", "b"}, {"रेखा", "2"}}, []int64{1, 2}},
		"UTF-16":              {utf16(unicode.LittleEndian, unicode.UseBOM, "a,b\nরুমা,2\n"), list{{"a", "b"}, {"রুমা", "2"}}, []int64{1, 2}},
		"UTF-16 big":          {utf16(unicode.BigEndian, unicode.UseBOM, "a,b\nরুমা,2\n"), list{{"a", "b"}, {"রুমা", "2"}}, []int64{1, 2}},
		"UTF-16 without mark": {utf16(unicode.LittleEndian, unicode.IgnoreBOM, "aaaaaaaa,b\n1,2\n"), list{{"aaaaaaaa", "b"}, {"1", "2"}}, []int64{1, 2}},
		"Windows-1252":        {latin, list{{"Größe", "Preis"}, {"S", "5 €"}}, []int64{1, 2}},
		"NUL":                 {"a,b\n1\x00,2\n", list{{"a", "b"}, {"1", "2"}}, []int64{1, 2}},
		"unclosed":            {"a,b\n\"x,2\n3,4\n", list{{"a", "b"}, {"BROKEN", "\"x,2"}, {"3", "4"}}, []int64{1, 2, 3}},
		"endless line":        {"a,b\n\"" + long + "\n3,4\n", nil, nil},
		"empty":               {"", nil, nil},
	} {
		t.Run(name, func(t *testing.T) {
			got, lines := rows(t, c.text)
			if name == "endless line" {
				if last := got[len(got)-1]; got[1][0] != "BROKEN" || last[len(last)-1] != "4" {
					t.Errorf("%d rows, the last %.40q", len(got), last)
				}
				return
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Error(diff)
			}
			if diff := cmp.Diff(c.lines, lines); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// decode returns what a table becomes: an event or a flaw a line.
func decode(t testing.TB, text string, p *table.Preset, m table.Mapping, o table.Options) (out []string) {
	t.Helper()
	d, err := table.NewDecoder(strings.NewReader(text), p, m, o)
	if err != nil {
		t.Fatal(err)
	}
	var end int64
	for {
		u, err := d.Next()
		if errors.Is(err, io.EOF) {
			return out
		}
		if err != nil {
			t.Fatal(err)
		}
		if u.End <= end {
			t.Fatalf("a unit ends at %d after %d", u.End, end)
		}
		end = u.End
		if u.Reason != nil {
			out = append(out, fmt.Sprintf("%d %v", u.Line, u.Reason))
		}
		for _, e := range u.Events {
			out = append(out, short(t, e))
		}
	}
}

// short checks an event and shows what matters of it.
func short(t testing.TB, raw string) string {
	t.Helper()
	e, err := event.Decode(raw, &event.Defaults{ReceivedAt: time.Now().UnixMicro(), Flags: event.History | event.Verified})
	if err != nil {
		t.Fatalf("%s: %v", raw, err)
	}
	out := e.Type.String()
	if e.Name != "" {
		out = e.Name
	}
	return strings.TrimSpace(fmt.Sprint(out, " ", e.ShardKey(), " ", event.FormatTime(e.At), " ", e.Properties, e.Traits))
}

func TestMoneyAndTimes(t *testing.T) {
	kolkata, err := time.LoadLocation("Asia/Kolkata")
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		at, total string
		o         table.Options
		want      string
	}{
		{"2026-03-01 10:00:00 +0530", "1234.50", table.Options{}, "2026-03-01T04:30:00Z 1234.5"},
		{"2026-03-01 10:00:00", "₹ 1,23,456.00", table.Options{Zone: kolkata}, "2026-03-01T04:30:00Z 123456"},
		{"2026-03-01T10:00:00Z", "Rs. 1,500", table.Options{Zone: kolkata}, "2026-03-01T10:00:00Z 1500"},
		{"03/04/2026", "-12.5", table.Options{}, "2026-03-04T00:00:00Z -12.5"},
		{"03/04/2026 5:07 pm", "(7)", table.Options{DayFirst: true}, "2026-04-03T17:07:00Z -7"},
		{"13.02.26 18:30", "1.234,50 €", table.Options{Comma: true}, "2026-02-13T18:30:00Z 1234.5"},
		{"1 Feb 2026", "1.234", table.Options{Comma: true}, "2026-02-01T00:00:00Z 1234"},
		{"February 1, 2026 3:04 PM", "1.234", table.Options{}, "2026-02-01T15:04:00Z 1.234"},
		{"1772359200", "12,5", table.Options{}, "2026-03-01T10:00:00Z 12.5"},
		{"1772359200000", "1'234.5", table.Options{}, "2026-03-01T10:00:00Z 1234.5"},
		{"30/02/2026", "1", table.Options{}, "at: the time cannot be read"},
		{"tomorrow", "1", table.Options{}, "at: the time cannot be read"},
		{"0001-01-01", "1", table.Options{}, "at: the time cannot be read"},
		{"", "1", table.Options{}, "at: the time is missing; a row that belongs to an order must follow it"},
		{"2026-03-01", "12a3", table.Options{}, "total: the amount cannot be read"},
		{"2026-03-01", "free", table.Options{}, "total: the amount cannot be read"},
	} {
		text := "no\tat\ttotal\n1\t" + c.at + "\t" + c.total + "\n"
		d, err := table.NewDecoder(strings.NewReader(text), table.Generic[0], table.Mapping{table.OrderID, table.PlacedAt, table.Total}, c.o)
		if err != nil {
			t.Fatal(err)
		}
		u, err := d.Next()
		if err != nil {
			t.Fatal(err)
		}
		got := fmt.Sprint(u.Reason)
		if u.Reason == nil {
			var e struct {
				Timestamp  string
				Properties struct{ Total json.Number }
			}
			if err := json.Unmarshal([]byte(u.Events[0]), &e); err != nil {
				t.Fatal(err)
			}
			got = e.Timestamp + " " + e.Properties.Total.String()
		}
		if got != c.want {
			t.Errorf("%s %s: %s, want %s", c.at, c.total, got, c.want)
		}
	}
}

func TestGeneric(t *testing.T) {
	asOf := time.Date(2026, 6, 1, 0, 0, 0, 0, time.UTC)
	for name, c := range map[string]struct {
		text string
		kind table.Kind
		want []string
	}{
		"orders, a row for each product": {
			"Order No;Date;E-mail;SKU;Product;Qty;Price;Total\n1;2026-03-01;A@b.example;S;Stole;2;10,50;31\n;;;K;Kurta;1;10;\n2;2026-03-02;;;Saree x 2, Lamp x 1;;;5\n",
			table.Orders, []string{
				`identify a@b.example 2026-03-01T00:00:00Z {"email":"a@b.example"}`,
				`Order Completed a@b.example 2026-03-01T00:00:00Z {"order_id":"1","total":31,"email":"a@b.example","products":[{"product_id":"S","sku":"S","name":"Stole","price":10.5,"quantity":2},{"product_id":"K","sku":"K","name":"Kurta","price":10,"quantity":1}]}`,
				`Order Completed order-csv-2 2026-03-02T00:00:00Z {"order_id":"2","total":5,"products":[{"product_id":"Saree x 2, Lamp x 1","name":"Saree x 2, Lamp x 1","quantity":1}]}`,
			},
		},
		"customers": {
			"Email,Full name,Phone,Newsletter,PIN,Registered\nasha@b.example,आशा,'+91 98 1234 5678,Yes,'700001,2024-05-06\n,Nobody,,,,\n",
			table.Customers, []string{
				`identify asha@b.example 2026-06-01T00:00:00Z {"name":"आशा","email":"asha@b.example","phone":"+91 98 1234 5678","address":{"postalCode":"700001"},"createdAt":"2024-05-06T00:00:00Z"}`,
				"3 no customer id, e-mail address or phone number",
			},
		},
		"reviews": {
			"Review ID,Date,Rating,Review,Product,Email\n7,2026-01-02,4,\"Lovely\nreally\",Kantha stole,r@b.example\n8,2026-01-02,6,x,y,z@b.example\n9,2026-01-03,,,y,\n",
			table.Reviews, []string{
				`identify r@b.example 2026-01-02T00:00:00Z {"email":"r@b.example"}`,
				`Product Reviewed r@b.example 2026-01-02T00:00:00Z {"review_id":"7","product_id":"Kantha stole","name":"Kantha stole","rating":4,"review_body":"Lovely\nreally"}`,
				"4 Rating: the rating is not a number from 1 to 5",
				"5 neither a rating nor a text",
			},
		},
	} {
		t.Run(name, func(t *testing.T) {
			g, err := table.Look(strings.NewReader(c.text), nil)
			if err != nil || g.Preset.Kind != c.kind || g.Known {
				t.Fatalf("%+v %v", g, err)
			}
			if missing := g.Mapping.Missing(c.kind); len(missing) > 0 || !g.Mapping.Check(c.kind) {
				t.Fatalf("%v misses %v", g.Mapping, missing)
			}
			got := decode(t, c.text, g.Preset, nil, table.Options{AsOf: asOf, Comma: g.Comma})
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestGuesses(t *testing.T) {
	for _, c := range []struct {
		text                    string
		comma, dayFirst, unsure bool
	}{
		{"order,date,total\n1,03/04/2026,1.5\n", false, false, true},
		{"order,date,total\n1,03/04/2026,1.5\n2,13/04/2026,1.5\n", false, true, false},
		{"order;date;total\n1;2026-01-01;1,5\n", true, false, false},
		{"order;date;total\n1;2026-01-01;1.234,50 €\n", true, false, false},
	} {
		g, err := table.Look(strings.NewReader(c.text), nil)
		if err != nil || g.Comma != c.comma || g.DayFirst != c.dayFirst || g.Unsure != c.unsure {
			t.Errorf("%q: %+v %v", c.text, g, err)
		}
	}
}

// A table that was imported before gives the same message ids, however the file
// is written now; another order, time or customer gives others.
func TestMessageIDs(t *testing.T) {
	ids := func(text string) (out []string) {
		d, err := table.NewDecoder(strings.NewReader(text), table.Generic[0], nil, table.Options{})
		if err != nil {
			t.Fatal(err)
		}
		for {
			u, err := d.Next()
			if err != nil {
				return out
			}
			for _, e := range u.Events {
				if id := event.ParseObject(e).Text("messageId"); !strings.Contains(e, `"identify"`) {
					out = append(out, id)
				}
			}
		}
	}
	before := ids("order,date,email,total\n1,2026-03-01 10:00,a@b.example,5\n2,2026-03-02,a@b.example,6\n")
	again := ids("Total;E-Mail;Order;Date;Status;Refunded\n6;A@b.example;2;2026-03-02 00:00:00;;\n5;a@b.example;1;01.03.2026 10:00;refunded;5\n")
	if len(before) != 2 || len(again) != 3 || again[0] != before[1] || before[0] == before[1] {
		t.Errorf("%v, again %v", before, again)
	}
	if other := ids("order,date,email,total\n1,2026-03-01 10:00,c@b.example,5\n"); other[0] == before[0] {
		t.Error("another customer's order has the same id")
	}
}

// Rejects are given back as a table that spreadsheets open without danger, and
// that can be imported when it is mended.
func TestRejects(t *testing.T) {
	text := "order,date,email,note\n=1+1,never,+91 98,@x\n"
	read := func(text string) (*table.Decoder, file.Unit) {
		d, err := table.NewDecoder(strings.NewReader(text), table.Generic[0], nil, table.Options{})
		if err != nil {
			t.Fatal(err)
		}
		u, err := d.Next()
		if err != nil {
			t.Fatal(err)
		}
		return d, u
	}
	d, u := read(text)
	if u.Reason == nil {
		t.Fatal("it was taken")
	}
	give := func(d *table.Decoder, u file.Unit) string {
		return string(d.AppendReject(nil, file.Reject{Line: u.Line, Reason: u.Reason.Error(), Rows: u.Rows}, true))
	}
	back := give(d, u)
	want := "\ufefforder,date,email,note,dhvani_reason\n'=1+1,never,'+91 98,'@x,date: the time cannot be read\n"
	if back != want {
		t.Errorf("%q", back)
	}
	if again := give(read(back)); again != strings.ReplaceAll(want, "'", "'") {
		t.Errorf("%q", again)
	}
	_, u = read(strings.Replace(back, "never", "2026-01-01", 1))
	if u.Reason != nil || !strings.Contains(u.Events[0], `"order_id":"=1+1"`) {
		t.Errorf("%+v", u)
	}
}

// Of a table of any length only a little is in memory.
func TestLongOrder(t *testing.T) {
	var b strings.Builder
	b.WriteString("order,date,sku\n")
	for range 5000 {
		b.WriteString("1,2026-01-01,S\n")
	}
	b.WriteString("2,2026-01-01,S\n")
	got := decode(t, b.String(), table.Generic[0], nil, table.Options{})
	if len(got) != 2 || got[0] != "2 the order has more than 1000 rows" || !strings.Contains(got[1], `"order_id":"2"`) {
		t.Errorf("%.300v", got)
	}
}

// Whatever a table holds, its events are ones that the server can read, and
// reading goes to the end.
func FuzzDecoder(f *testing.F) {
	f.Add("order,date,total,email\n1,2026-01-01,5,a@b.example\n", uint8(0))
	f.Add("email;name\n\"a\n", uint8(1))
	f.Add("\xff\xfea\x00,\x00b\x00", uint8(2))
	f.Add("order,date,items\n1,01/02/26,2x a;b x 3\n,,\n", uint8(0))
	f.Fuzz(func(t *testing.T, text string, kind uint8) {
		g, err := table.Look(strings.NewReader(text), nil)
		if err != nil {
			return
		}
		p := table.Generic[int(kind)%len(table.Generic)]
		g.Use(p)
		d, err := table.NewDecoder(strings.NewReader(text), p, nil, table.Options{Comma: g.Comma, DayFirst: g.DayFirst, AsOf: time.Now()})
		if err != nil {
			return
		}
		for n := 0; ; n++ {
			u, err := d.Next()
			if errors.Is(err, io.EOF) {
				return
			}
			if err != nil || n > len(text) || (u.Reason == nil) == (len(u.Events) == 0) {
				t.Fatalf("unit %d: %+v %v", n, u, err)
			}
			for _, e := range u.Events {
				if _, err := event.Clean([]byte(e)); err != nil || event.ParseObject(e).Text("messageId") == "" {
					t.Fatalf("%q is no event: %v", e, err)
				}
			}
			d.AppendReject(nil, file.Reject{Rows: u.Rows, Reason: "x"}, true)
		}
	})
}
