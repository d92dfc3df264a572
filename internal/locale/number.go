package locale

import (
	"math"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

const minus = "−"

// Int writes a whole number: 18,426.
func (l *Locale) Int(n int64) string { return l.p.number(strconv.FormatInt(n, 10)) }

// Signed writes a whole number with its sign, also where it is positive: +14, −4, 0.
func (l *Locale) Signed(n int64) string {
	if n > 0 {
		return "+" + l.Int(n)
	}
	return l.Int(n)
}

// Decimal writes a number with so many decimals: 4.4. What is no number is a dash.
func (l *Locale) Decimal(f float64, digits int) string {
	if math.IsNaN(f) || math.IsInf(f, 0) {
		return "–"
	}
	s := strconv.FormatFloat(f, 'f', digits, 64)
	if strings.Trim(s, "-0.") == "" {
		s = strings.TrimPrefix(s, "-") // no minus zero
	}
	return l.p.number(s)
}

// Percent writes a share (0.179) as 17.9%, with so many decimals.
func (l *Locale) Percent(share float64, digits int) string {
	return l.Decimal(share*100, digits) + l.p.percent
}

// SignedPercent is Percent with the sign, also where it is positive: +9%.
func (l *Locale) SignedPercent(share float64, digits int) string {
	s := l.Percent(share, digits)
	if share > 0 && strings.Trim(strconv.FormatFloat(share*100, 'f', digits, 64), "0.") != "" {
		return "+" + s
	}
	return s
}

// Short writes a number in little room: 1,240, 12K, 3.1M, in India 1.2L.
func (l *Locale) Short(f float64) string {
	size := math.Abs(f)
	if size < 10_000 {
		return l.Decimal(f, 0)
	}
	for _, c := range l.p.compact {
		// What rounds up to the next unit still belongs to this one: 999,999 is 1,000K.
		if v := f / c.size; size >= c.size {
			digits := 0
			if math.Abs(v) < 9.95 {
				digits = 1
			}
			s := l.Decimal(v, digits)
			return strings.TrimSuffix(s, l.p.decimal+string(l.p.zero)) + c.word
		}
	}
	return l.Decimal(f, 0)
}

// Money writes millionths of a currency: ₹42,310, ₹3,022.50. Decimals that are
// zero are left out. Rupees are grouped in lakhs also in English.
func (l *Locale) Money(micros int64, code string) string {
	c := currencyOf(code)
	return l.money(c, code, func(p *pattern) string {
		s := millionths(micros, c.digits)
		return p.number(strings.TrimSuffix(s, "."+strings.Repeat("0", c.digits)))
	})
}

// MoneyShort writes money in little room, rounded: ₹42,310, ₹3.1L.
func (l *Locale) MoneyShort(micros int64, code string) string {
	return l.money(currencyOf(code), code, func(p *pattern) string {
		return (&Locale{Lang: l.Lang, p: p}).Short(float64(micros) / 1e6)
	})
}

// CurrencySign returns the sign of a currency, its code where it has none.
func CurrencySign(code string) string { return currencyOf(code).sign }

func currencyOf(code string) currency {
	if c, ok := currencies[code]; ok {
		return c
	}
	return currency{sign: code, digits: 2}
}

func (l *Locale) money(c currency, code string, write func(*pattern) string) string {
	p := l.p
	if p == patterns[English] && lakhs(code) {
		p = indianEnglish
	}
	number := write(p)
	sign, negative := "", strings.HasPrefix(number, minus)
	if negative {
		sign, number = minus, strings.TrimPrefix(number, minus)
	}
	space := "\u00a0"
	if c.sign == "" || !p.between && (p.tight && !letter(c.sign)) {
		space = ""
	}
	if p.before {
		return sign + c.sign + space + number
	}
	return sign + number + space + c.sign
}

// letter reports whether a currency's sign ends in a letter, which a number must
// not touch.
func letter(sign string) bool {
	r, _ := utf8.DecodeLastRuneInString(sign)
	return r >= 'A' && r <= 'Z' || r >= 'a' && r <= 'z'
}

// millionths writes an amount with so many decimals, rounded half away from zero.
func millionths(micros int64, digits int) string {
	unit := int64(1)
	for range 6 - digits {
		unit *= 10
	}
	negative := micros < 0
	u := uint64(micros)
	if negative {
		u = -u
	}
	u = (u + uint64(unit)/2) / uint64(unit)
	s := strconv.FormatUint(u, 10)
	for len(s) <= digits {
		s = "0" + s
	}
	if digits > 0 {
		s = s[:len(s)-digits] + "." + s[len(s)-digits:]
	}
	if negative && u != 0 {
		s = "-" + s
	}
	return s
}

// Bytes writes a size: 512 B, 4.2 MB.
func (l *Locale) Bytes(n int64) string {
	units := []string{"B", "kB", "MB", "GB", "TB"}
	f, unit := float64(n), 0
	for f >= 999.5 && unit < len(units)-1 {
		f, unit = f/1000, unit+1
	}
	digits := 0
	if unit > 0 && f < 9.95 {
		digits = 1
	}
	return l.Decimal(f, digits) + "\u00a0" + units[unit]
}

// Part is a number and its unit, for where the two are shown in different sizes.
type Part struct{ Number, Unit string }

// Parts splits a duration into at most two numbers: 1 min 48 s. Under a second
// it is in milliseconds.
func (l *Locale) Parts(d time.Duration) []Part {
	if d < 0 {
		d = -d
	}
	if d < time.Second && d > 0 {
		return []Part{l.part(int64(d/time.Millisecond), "ms")}
	}
	d = d.Round(time.Second)
	units := []struct {
		name string
		size time.Duration
	}{{"d", 24 * time.Hour}, {"h", time.Hour}, {"min", time.Minute}, {"s", time.Second}}
	for i, u := range units {
		if d < u.size && u.name != "s" {
			continue
		}
		out := []Part{l.part(int64(d/u.size), u.name)}
		if i+1 < len(units) {
			if rest := (d % u.size) / units[i+1].size; rest > 0 {
				out = append(out, l.part(int64(rest), units[i+1].name))
			}
		}
		return out
	}
	return nil
}

func (l *Locale) part(n int64, unit string) Part {
	return Part{l.Int(n), l.T("common.unit_"+unit, "N", n)}
}

// Duration writes how long something takes: 12 s, 1 min 48 s, 3 h, 2 d 4 h.
func (l *Locale) Duration(d time.Duration) string {
	var out []string
	for _, p := range l.Parts(d) {
		out = append(out, p.Number+"\u00a0"+p.Unit)
	}
	return strings.Join(out, " ")
}

// number turns a number as Go writes it (-1234.5) into the language's.
func (p *pattern) number(s string) string {
	whole, fraction, _ := strings.Cut(s, ".")
	var out strings.Builder
	out.Grow(len(s) * 2)
	if rest, negative := strings.CutPrefix(whole, "-"); negative {
		out.WriteString(minus)
		whole = rest
	}
	grouped := len(whole) >= 3+max(1, p.minGroup)
	for i := range len(whole) {
		p.digit(&out, whole[i])
		left := len(whole) - 1 - i
		if !grouped || left == 0 {
			continue
		}
		if left%3 == 0 && !p.indian || p.indian && (left == 3 || left > 3 && left%2 == 1) {
			out.WriteString(p.group)
		}
	}
	if fraction != "" {
		out.WriteString(p.decimal)
		for i := range len(fraction) {
			p.digit(&out, fraction[i])
		}
	}
	return out.String()
}

func (p *pattern) digit(out *strings.Builder, d byte) { out.WriteRune(p.zero + rune(d-'0')) }

// Digits writes the digits of an identifier-like number (a year, 5 of 7) as the
// language does, ungrouped.
func (l *Locale) Digits(n int) string { return l.p.plain(n, 1) }

func (p *pattern) plain(n, width int) string {
	s := strconv.Itoa(n)
	for len(s) < width {
		s = "0" + s
	}
	if p.zero == '0' {
		return s
	}
	var out strings.Builder
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			out.WriteByte(s[i])
			continue
		}
		p.digit(&out, s[i])
	}
	return out.String()
}
