package event

import (
	"math/big"
	"regexp"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

func TestParseTime(t *testing.T) {
	for s, want := range map[string]string{
		"2026-03-01T10:00:00.123Z":          "2026-03-01T10:00:00.123Z",
		"2026-03-31T10:00:00.123Z":          "2026-03-31T10:00:00.123Z",
		"2024-02-29T23:59:59.999Z":          "2024-02-29T23:59:59.999Z",
		"2026-11-21T17:47:36.312847383Z":    "2026-11-21T17:47:36.312847Z",
		"2026-03-01T10:00:00Z":              "2026-03-01T10:00:00Z",
		"2026-03-01T10:00:00+05:30":         "2026-03-01T04:30:00Z",
		"2026-03-01T10:00:00-0300":          "2026-03-01T13:00:00Z",
		"2026-03-01T10:00:00.5":             "2026-03-01T10:00:00.5Z",
		"2026-03-01 10:00:00":               "2026-03-01T10:00:00Z",
		"2026-03-01 10:00:00.25 UTC":        "2026-03-01T10:00:00.25Z",
		" 2026-03-01 ":                      "2026-03-01T00:00:00Z",
		"1772359200":                        "2026-03-01T10:00:00Z",
		"1772359200.5":                      "2026-03-01T10:00:00.5Z",
		"1772359200500":                     "2026-03-01T10:00:00.5Z",
		"2026-02-30T10:00:00.000Z":          "",
		"2026-13-01T10:00:00.000Z":          "",
		"2026-03-01T24:00:00.000Z":          "",
		"2026-03-01T1x:00:00.000Z":          "",
		"":                                  "",
		"2026-03-01 10:00:00 EST":           "",
		"soon":                              "",
		"17":                                "",
		"-1772359200":                       "",
		"1e300":                             "",
		"infinity":                          "",
		"300000000000000":                   "",
		"9999-12-31T23:59:59-01:00":         "",
		"0000-01-01T00:00:00+01:00":         "",
		"1772359200000000000":               "",
		strings.Repeat("1", 65):             "",
		"2026-03-01T10:00:00.000Z and more": "",
	} {
		at, ok := ParseTime(s)
		if ok != (want != "") || ok && FormatTime(at) != want {
			t.Errorf("%q: %s, %t, want %q", s, FormatTime(at), ok, want)
		}
	}
}

// The short way for the usual form agrees with the standard library.
func TestParseUTC(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		at := time.UnixMilli(rapid.Int64Range(-62167219200000, 253402300799999).Draw(t, "milliseconds")).UTC()
		if got, ok := ParseTime(at.Format("2006-01-02T15:04:05.000Z")); !ok || got != at.UnixMicro() {
			t.Fatalf("%s: %s, %t", at, FormatTime(got), ok)
		}
	})
}

func FuzzParseTime(f *testing.F) {
	f.Add("2026-03-01T10:00:00.123Z")
	f.Add("2026-03-01 10:00:00.25 UTC")
	f.Add("1772359200.5")
	f.Fuzz(func(t *testing.T, s string) {
		at, ok := ParseTime(s)
		if !ok {
			return
		}
		if back, ok := ParseTime(FormatTime(at)); !ok || back != at {
			t.Fatalf("%q is %d, written %s, read %d", s, at, FormatTime(at), back)
		}
		if want, err := time.Parse(time.RFC3339Nano, s); err == nil && want.UnixMicro() != at {
			t.Fatalf("%q is %s, want %s", s, FormatTime(at), want)
		}
	})
}

func TestParseMillionths(t *testing.T) {
	for s, want := range map[string]string{
		"12.50": "12.5", "0": "0", "-0.000001": "-0.000001", "+3": "3", ".5": "0.5", "7.": "7", "1e3": "1000", "1.5E-2": "0.015",
		"0.0000005": "0.000001", "-0.0000005": "-0.000001", "0.00000049": "0", "1.9999999": "2", " 4 ": "4",
		"9223372036854.775807": "9223372036854.775807", "9223372036854.775808": "", "-9223372036855": "", "1e99": "", "1e-99": "0",
		"": "", "-": "", ".": "", "1,5": "", "1.2.3": "", "--1": "", "0x10": "", "1_000": "", "1/2": "", "NaN": "", "e5": "", "1e1000": "",
		strings.Repeat("0", 65): "",
	} {
		n, ok := ParseMillionths(s)
		if ok != (want != "") || ok && n.String() != want {
			t.Errorf("%q: %s, %t, want %q", s, n, ok, want)
		}
	}
	if One.Float() != 1 || Millionths(-2_500_000).Float() != -2.5 {
		t.Error("Float")
	}
}

var decimal = regexp.MustCompile(`^[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?$`)

// FuzzParseMillionths compares with exact fractions.
func FuzzParseMillionths(f *testing.F) {
	for _, s := range []string{"12.50", "-0.0000005", "1e-3", "9223372036854.775807", "1.", ".5", "1e+12", "00000000000000000000001.5"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		got, ok := ParseMillionths(s)
		if trimmed := strings.TrimSpace(s); !decimal.MatchString(trimmed) || len(trimmed) > 64 {
			if ok {
				t.Fatalf("%q is no number", s)
			}
			return
		}
		if i := strings.IndexAny(s, "eE"); i >= 0 && len(strings.TrimSpace(s[i:])) > 4 {
			return // not promised
		}
		exact, _ := new(big.Rat).SetString(strings.TrimSpace(s))
		exact.Mul(exact, big.NewRat(1_000_000, 1))
		half := big.NewRat(1, 2)
		if exact.Sign() < 0 {
			half.Neg(half)
		}
		rounded := exact.Add(exact, half)
		n := new(big.Int).Quo(rounded.Num(), rounded.Denom()) // towards zero
		fits := new(big.Int).Abs(n).IsInt64()
		if ok != fits || ok && int64(got) != n.Int64() {
			t.Fatalf("%q: %d, %t, want %s", s, got, ok, n)
		}
		if ok {
			if back, ok := ParseMillionths(got.String()); !ok || back != got {
				t.Fatalf("%d is written %s", got, got)
			}
		}
	})
}
