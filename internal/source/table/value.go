package table

import (
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/dhvani/dhvani/internal/event"
)

// clean returns a cell's text: without the space around it, and without the
// apostrophe that exports put before what a spreadsheet would take for a formula
// or a number.
func clean(cell string) string {
	cell = strings.TrimSpace(cell)
	if len(cell) > 1 && cell[0] == '\'' && strings.IndexByte("=+-@0123456789\t\r", cell[1]) >= 0 {
		cell = cell[1:]
	}
	return cell
}

// amount reads an amount of money or a number: "1,234.50", "₹ 1,23,456.00",
// "1.234,50 €", "(12.00)".
func amount(cell string, comma bool) (event.Millionths, bool) {
	first := strings.IndexAny(cell, "0123456789")
	last := strings.LastIndexAny(cell, "0123456789")
	if first < 0 {
		return 0, false
	}
	before, digits := cell[:first], cell[first:last+1]
	if strings.HasSuffix(before, ".") && (len(before) == 1 || before[len(before)-2] == '-' || before[len(before)-2] == ' ') {
		digits = "0." + digits // .50
	}
	digits = strings.Map(func(r rune) rune {
		switch r {
		case ' ', '\'', '’', '\u00a0', '\u202f', '_':
			return -1
		}
		return r
	}, digits)
	point := decimalPoint(digits, comma)
	var b strings.Builder
	if strings.ContainsAny(before, "-−(") {
		b.WriteByte('-')
	}
	for i := 0; i < len(digits); i++ {
		switch c := digits[i]; {
		case i == point:
			b.WriteByte('.')
		case c >= '0' && c <= '9':
			b.WriteByte(c)
		case c != '.' && c != ',':
			return 0, false
		}
	}
	return event.ParseMillionths(b.String())
}

// decimalPoint finds the sign before the decimals of a number, or -1: of points
// and commas the last where both are there; one that comes once, and is not the
// one that groups thousands here, or has other than three digits after it.
func decimalPoint(digits string, comma bool) int {
	points, commas := strings.Count(digits, "."), strings.Count(digits, ",")
	mark, group := byte('.'), byte(',')
	if comma {
		mark, group = ',', '.'
	}
	switch {
	case points+commas == 0:
		return -1
	case points > 0 && commas > 0:
		if i, j := strings.LastIndexByte(digits, '.'), strings.LastIndexByte(digits, ','); i > j && points == 1 {
			return i
		} else if j > i && commas == 1 {
			return j
		}
		return -1
	case points+commas > 1:
		return -1
	}
	if i := strings.IndexByte(digits, mark); i >= 0 {
		return i
	}
	if i := strings.IndexByte(digits, group); len(digits)-i-1 != 3 {
		return i
	}
	return -1
}

// decimal marks a number that can only be written with a decimal comma.
var decimalComma = regexp.MustCompile(`^\D*\d{1,3}(\.\d{3})*,\d{1,2}\D*$`)

var zoned = []string{
	time.RFC3339Nano, "2006-01-02 15:04:05 -0700", "2006-01-02 15:04:05 Z07:00", "2006-01-02T15:04:05-0700", "2006-01-02 15:04:05-07:00",
	"2006-01-02 15:04:05 MST", "2006-01-02 15:04 -0700", "Mon, 02 Jan 2006 15:04:05 -0700",
}

var unzoned = []string{
	"2006-01-02 15:04:05.999999999", "2006-01-02T15:04:05.999999999", "2006-01-02 15:04", "2006-01-02T15:04", "2006-01-02", "2006-1-2 15:04:05", "2006-1-2 15:04", "2006-1-2",
	"20060102", "2 January 2006", "2 Jan 2006", "2-Jan-2006", "02-Jan-06", "January 2, 2006", "Jan 2, 2006", "2 January 2006 15:04:05", "2 Jan 2006 15:04:05", "2 Jan 2006 15:04", "2-Jan-2006 15:04:05", "2-Jan-2006 15:04",
	"January 2, 2006 3:04 PM", "January 2, 2006 3:04:05 PM", "Jan 2, 2006 3:04 PM", "Jan 2, 2006, 3:04 PM", "Jan 2, 2006, 3:04:05 PM", "January 2, 2006, 3:04 PM", "January 2, 2006 15:04", "Jan 2, 2006 15:04",
}

var numeric = regexp.MustCompile(`^(\d{1,4})[/.\-](\d{1,2})[/.\-](\d{2,4})(?:[ ,T]+(.+))?$`)

// moment reads a time as people and programs write them. The years from 1990 to
// 2100 are ones that a shop can mean.
func moment(cell string, o *Options) (time.Time, bool) {
	cell = strings.Join(strings.Fields(cell), " ")
	t, ok := readMoment(cell, o)
	return t, ok && t.Year() >= 1990 && t.Year() <= 2100
}

func readMoment(cell string, o *Options) (time.Time, bool) {
	if n, err := strconv.ParseInt(cell, 10, 64); err == nil && len(cell) >= 10 {
		if len(cell) >= 13 {
			return time.UnixMilli(n).UTC(), true
		}
		return time.Unix(n, 0).UTC(), true
	}
	for _, l := range zoned {
		if l == "2006-01-02 15:04:05 MST" && !strings.HasSuffix(cell, " UTC") && !strings.HasSuffix(cell, " GMT") {
			continue // other short names of zones say nothing sure
		}
		if t, err := time.Parse(l, cell); err == nil {
			return t.UTC(), true
		}
	}
	zone := o.Zone
	if zone == nil {
		zone = time.UTC
	}
	for _, l := range unzoned {
		if t, err := time.ParseInLocation(l, cell, zone); err == nil {
			return t.UTC(), true
		}
	}
	if m := numeric.FindStringSubmatch(cell); m != nil {
		return ofNumbers(m, zone, o.DayFirst)
	}
	return time.Time{}, false
}

var clocks = []string{"15:04:05", "15:04", "3:04:05 PM", "3:04 PM", "3:04PM", "3:04:05PM", "15:04:05.999999999"}

// ofNumbers reads a date of three numbers, and the time after it.
func ofNumbers(m []string, zone *time.Location, dayFirst bool) (time.Time, bool) {
	a, _ := strconv.Atoi(m[1])
	b, _ := strconv.Atoi(m[2])
	c, _ := strconv.Atoi(m[3])
	year, month, day := c, a, b
	switch {
	case len(m[1]) == 4:
		year, month, day = a, b, c
	case len(m[1]) > 2:
		return time.Time{}, false
	case a > 12 || dayFirst && b <= 12:
		month, day = b, a
	}
	if year < 100 {
		year += 2000
	}
	at := time.Date(year, time.Month(month), day, 0, 0, 0, 0, zone)
	if month < 1 || month > 12 || at.Day() != day {
		return time.Time{}, false
	}
	if m[4] == "" {
		return at.UTC(), true
	}
	for _, l := range clocks {
		if t, err := time.Parse(l, strings.ToUpper(m[4])); err == nil {
			return time.Date(year, time.Month(month), day, t.Hour(), t.Minute(), t.Second(), t.Nanosecond(), zone).UTC(), true
		}
	}
	return time.Time{}, false
}

var yes = words("yes y true t 1 on subscribed opted_in opted-in ja sim sí si oui हाँ हां হ্যাঁ")
var no = words("no n false f 0 off unsubscribed not_subscribed not-subscribed pending none never nein não nao non नहीं না होइन")

// truth reads yes or no.
func truth(cell string) (value, ok bool) {
	cell = strings.ReplaceAll(strings.ToLower(cell), " ", "_")
	switch {
	case yes[cell]:
		return true, true
	case no[cell]:
		return false, true
	}
	return false, false
}

func words(s string) map[string]bool {
	m := map[string]bool{}
	for _, w := range strings.Fields(s) {
		m[w] = true
	}
	return m
}

// outcome is what a status says about an order.
type outcome int

const (
	placed outcome = iota
	unplaced
	failed
	cancelled
	refunded
)

var outcomes = map[string]outcome{
	"cancelled": cancelled, "canceled": cancelled, "voided": cancelled, "void": cancelled, "rejected": cancelled,
	"refunded": refunded, "fully refunded": refunded, "returned": refunded,
	"failed": failed, "payment failed": failed, "declined": failed,
	"draft": unplaced, "auto draft": unplaced, "checkout draft": unplaced, "trash": unplaced, "abandoned": unplaced,
	"pending payment": unplaced, "quote": unplaced,
}

func outcomeOf(status string) outcome {
	return outcomes[strings.TrimPrefix(fold(status), "wc ")]
}
