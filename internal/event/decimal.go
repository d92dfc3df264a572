package event

import (
	"math"
	"math/big"
	"strings"
)

// Millionths is a decimal number in steps of 0.000001: money, ratings and
// scores are kept so, exactly, in integers.
type Millionths int64

// One is the number 1.
const One Millionths = 1_000_000

// ParseMillionths reads a decimal text such as "12.50" or "1e3", rounding half
// away from zero at the sixth decimal. It reports false for anything else and
// for numbers beyond ±9.2e12.
func ParseMillionths(s string) (Millionths, bool) {
	s = strings.TrimSpace(s)
	if s == "" || len(s) > 64 {
		return 0, false
	}
	digits, i, neg := s, 0, false
	if digits[0] == '-' || digits[0] == '+' {
		neg, digits = digits[0] == '-', digits[1:]
	}
	var n uint64
	var seen, frac, point = 0, 0, false
	for ; i < len(digits); i++ {
		c := digits[i]
		switch {
		case c >= '0' && c <= '9':
			seen++
			if point {
				if frac == 6 {
					return parseLong(s)
				}
				frac++
			}
			if n > math.MaxInt64/100 {
				return parseLong(s)
			}
			n = n*10 + uint64(c-'0')
		case c == '.' && !point:
			point = true
		default:
			return parseLong(s)
		}
	}
	if seen == 0 {
		return 0, false
	}
	for ; frac < 6; frac++ {
		if n > math.MaxInt64/10 {
			return 0, false
		}
		n *= 10
	}
	if n > math.MaxInt64 {
		return 0, false
	}
	if neg {
		return -Millionths(n), true
	}
	return Millionths(n), true
}

// parseLong handles exponents and more than six decimals.
func parseLong(s string) (Millionths, bool) {
	for i := 0; i < len(s); i++ {
		if !strings.ContainsRune("0123456789.eE+-", rune(s[i])) {
			return 0, false
		}
	}
	if i := strings.IndexAny(s, "eE"); i >= 0 && len(s)-i > 4 {
		return 0, false // an exponent of more than two digits
	}
	r, ok := new(big.Rat).SetString(s)
	if !ok {
		return 0, false
	}
	r.Mul(r, big.NewRat(int64(One), 1))
	num, den := new(big.Int).Abs(r.Num()), r.Denom()
	num.Add(num.Lsh(num, 1), den).Quo(num, new(big.Int).Lsh(den, 1)) // half away from zero
	if !num.IsInt64() {
		return 0, false
	}
	n := Millionths(num.Int64())
	if r.Sign() < 0 {
		n = -n
	}
	return n, true
}

// Float returns the number as a float64, for display and statistics only.
func (m Millionths) Float() float64 { return float64(m) / float64(One) }

// String writes the shortest exact decimal text.
func (m Millionths) String() string {
	r := big.NewRat(int64(m), int64(One)).FloatString(6)
	return strings.TrimSuffix(strings.TrimRight(r, "0"), ".")
}
