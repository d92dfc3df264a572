package event

import (
	"math"
	"strconv"
	"strings"
	"time"
)

var layouts = []string{
	time.RFC3339Nano,
	"2006-01-02T15:04:05.999999999", // no zone: UTC
	"2006-01-02 15:04:05.999999999Z07:00",
	"2006-01-02 15:04:05.999999999 UTC",
	"2006-01-02 15:04:05.999999999",
	"2006-01-02T15:04:05.999999999-0700",
	"2006-01-02",
}

// ParseTime reads an ISO 8601 time, or seconds or milliseconds since 1970 as a
// number, and returns microseconds since 1970 in UTC. A time without a zone is
// UTC.
func ParseTime(s string) (int64, bool) {
	if t, ok := parseUTC(s); ok {
		return t, true
	}
	s = strings.TrimSpace(s)
	if s == "" || len(s) > 64 {
		return 0, false
	}
	if n, err := strconv.ParseFloat(s, 64); err == nil && len(s) > 4 {
		switch {
		case n > 0 && n < 1e11: // seconds, to the year 5138
			return int64(math.Round(n * 1e6)), true
		case n >= 1e11 && n < 253402300800e3: // milliseconds, to the year 9999
			return int64(math.Round(n * 1e3)), true
		}
		return 0, false
	}
	for _, l := range layouts {
		if t, err := time.Parse(l, s); err == nil {
			year := t.UTC().Year()
			return t.UnixMicro(), year >= 0 && year <= 9999 // what FormatTime can write
		}
	}
	return 0, false
}

// parseUTC reads the one form that nearly every client sends,
// "2006-01-02T15:04:05.000Z", without the cost of time.Parse.
func parseUTC(s string) (int64, bool) {
	if len(s) != 24 || s[4] != '-' || s[7] != '-' || s[10] != 'T' || s[13] != ':' || s[16] != ':' || s[19] != '.' || s[23] != 'Z' {
		return 0, false
	}
	num := func(i, j int) int {
		n := 0
		for ; i < j; i++ {
			c := s[i] - '0'
			if c > 9 {
				return -1 << 20
			}
			n = n*10 + int(c)
		}
		return n
	}
	y, mo, d := num(0, 4), num(5, 7), num(8, 10)
	h, mi, sec, ms := num(11, 13), num(14, 16), num(17, 19), num(20, 23)
	if y < 0 || mo < 1 || mo > 12 || d < 1 || d > 28 || h < 0 || h > 23 || mi < 0 || mi > 59 || sec < 0 || sec > 59 || ms < 0 {
		return 0, false // the 29th and later go the careful way
	}
	return time.Date(y, time.Month(mo), d, h, mi, sec, ms*1e6, time.UTC).UnixMicro(), true
}

// FormatTime writes microseconds since 1970 as RFC 3339 in UTC.
func FormatTime(micros int64) string {
	return time.UnixMicro(micros).UTC().Format(time.RFC3339Nano)
}
