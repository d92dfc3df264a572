package console

import (
	"fmt"
	"net/url"
	"strings"
	"testing"
	"time"
)

func TestTyped(t *testing.T) {
	for _, c := range [][2]string{
		{"1000", "1000"}, {"₹1,00,000", "100000"}, {"1,000", "1000"}, {"1.000,50 €", "1000.50"}, {"1,234.5", "1234.5"}, {"3,5", "3.5"}, {"1.000.000", "1000000"},
		{"−4", "-4"}, {"", ""}, {"much", ""}, {"1e309", ""}, {"1;2", ""}, {"₹", ""},
	} {
		if got := numeral(c[0]); got != c[1] {
			t.Errorf("%q is %q, want %q", c[0], got, c[1])
		}
	}
	if low, high := inOrder("9", "2"); low != "2" || high != "9" {
		t.Errorf("from %s to %s", low, high)
	}
	for _, c := range [][2]string{
		{" साड़ी \x00 लाल\n", "साड़ी   लाल"}, {strings.Repeat("a", 30), strings.Repeat("a", 20)}, {"a b c d e", "a b c"}, {"\xff", ""},
	} {
		if got := searched(c[0], 20, 3); got != c[1] {
			t.Errorf("%q is searched as %q, want %q", c[0], got, c[1])
		}
	}
}

// Days the wrong way round are turned; what no opinion can be of is the usual span.
func TestSpan(t *testing.T) {
	now := time.Date(2026, 11, 22, 10, 0, 0, 0, time.UTC)
	for query, want := range map[string]string{
		"":                              "2026-10-24 2026-11-23 30",
		"days=7":                        "2026-11-16 2026-11-23 7",
		"days=400":                      "2026-10-24 2026-11-23 30",
		"from=2026-11-01&to=2026-11-03": "2026-11-01 2026-11-04 0",
		"from=2026-11-03&to=2026-11-01": "2026-11-01 2026-11-04 0",
		"from=2026-11-03T10:00&to=2026-11-03T10:00": "2026-10-24 2026-11-23 30",
		"from=2026-02-30":               "2026-10-24 2026-11-23 30",
		"from=1700-01-01&to=2400-01-01": "2026-10-24 2026-11-23 30",
		"from=2026-12-24":               "2026-10-24 2026-11-23 30",
		"to=2026-11-10":                 "2026-10-12 2026-11-11 0",
		"from=<script>":                 "2026-10-24 2026-11-23 30",
	} {
		v, _ := url.ParseQuery(query)
		r := readFeedbackQuery(v).span(now)
		if got := fmt.Sprint(r.from.Format(time.DateOnly), " ", r.to.Format(time.DateOnly), " ", r.days); got != want {
			t.Errorf("%s is %s, want %s", query, got, want)
		}
	}
}
