package language

// Numbers: cards, CPF, Aadhaar, PAN, IBAN. Each has check digits or a fixed form.

// digits are the digits from a place on, in runs with little between them, as far
// as the longest number of a person can reach.
type digits struct {
	value [mostDigits]byte
	total int
	runs  [mostRuns]run
	n     int
}

type run struct {
	from, to   int  // bytes of the text
	first, end int  // in value
	before     byte // of '-', ')', '.' and ' ', what stands between it and the one before
}

const (
	mostDigits = 20
	mostRuns   = 7
)

// digitAt returns the digit at a place and its bytes, which are 0 where there is none.
func digitAt(s string, i int) (value byte, size int) {
	c := s[i]
	if c < 0x80 {
		if isASCIIDigit(c) {
			return c - '0', 1
		}
		return 0, 0
	}
	if i+2 >= len(s) {
		return 0, 0
	}
	switch d := s[i+2]; {
	case c == 0xe0 && (s[i+1] == 0xa5 || s[i+1] == 0xa7) && d >= 0xa6 && d <= 0xaf: // Devanagari, Bengali
		return d - 0xa6, 3
	case c == 0xef && s[i+1] == 0xbc && d >= 0x90 && d <= 0x99: // wide
		return d - 0x90, 3
	}
	return 0, 0
}

// read takes the digits from a place on. It returns where the first run ends.
func (d *digits) read(text string, at int) int {
	var before byte
	skipped := 0
	for d.n < mostRuns && d.total < mostDigits {
		r := run{from: at, first: d.total, before: before}
		for at < len(text) {
			v, size := digitAt(text, at)
			if size == 0 {
				break
			}
			if d.total < mostDigits {
				d.value[d.total] = v
				d.total++
			} else if d.n == 0 {
				skipped++ // the first run is too long for anything
			} else {
				d.total = r.first // this one is
				return d.runs[0].to
			}
			at += size
		}
		r.to, r.end = at, d.total
		d.runs[d.n] = r
		d.n++
		if skipped > 0 {
			d.n, d.total = 0, 0
			return at
		}
		if at, before = between(text, at); before == 0 {
			break
		}
	}
	return d.runs[0].to
}

// between goes over what may stand between the runs of one number; 0 where
// something else does.
func between(text string, at int) (next int, kind byte) {
	kind = ' '
	from := at
	for at < len(text) && at-from < 4 {
		switch c := text[at]; {
		case c == '-' || c == ')' || c == '.' && at == from:
			kind = c
			at++
		case c == ' ' || c == '(':
			at++
		case c == 0xc2 && at+1 < len(text) && text[at+1] == 0xa0:
			at += 2
		case c == 0xe2 && at+2 < len(text) && text[at+1] == 0x80 && text[at+2] >= 0x90 && text[at+2] <= 0x94: // dashes
			kind = '-'
			at += 3
		default:
			if _, size := digitAt(text, at); size > 0 && at > from {
				return at, kind
			}
			return at, 0
		}
	}
	if at < len(text) && at > from {
		if _, size := digitAt(text, at); size > 0 {
			return at, kind
		}
	}
	return at, 0
}

// numeral takes the personal number, or the address, that is found from the digits
// at i. It returns where to go on.
func numeral(text string, i, free int) (found Personal, next int) {
	letters := 0
	for i-letters > free && letters <= 5 && isASCIILetter(text[i-letters-1]) {
		letters++
	}
	if letters > 0 {
		return lettered(text, i, letters)
	}
	var d digits
	next = d.read(text, i)
	if d.n == 0 || !opens(text, i) {
		return Personal{}, next
	}
	if d.total >= 7 {
		if h := hintBefore(text, i); h != hintPrice {
			for n := d.n; n > 0; n-- { // the longest first
				to := d.runs[n-1].to
				if !closes(text, to) {
					continue
				}
				if kind := d.kind(text, n, h); kind != "" {
					return Personal{kind, Span{opened(text, i, free), to}}, to
				}
			}
		}
	}
	return place(text, &d, free), next
}

// kind says what the first n runs are.
func (d *digits) kind(text string, n int, h hint) string {
	v := d.value[:d.runs[n-1].end]
	order := h == hintOrder && n == 1
	switch {
	case !order && d.card(v, n):
		return "card"
	case !order && len(v) == 11 && (n == 1 || d.shaped(n, 3, 3, 3, 2)) && isCPF(v):
		return "cpf"
	case !order && len(v) == 12 && (n == 1 || d.shaped(n, 4, 4, 4)) && isAadhaar(v) && (h == hintAadhaar || n == 3 || !callsIndia(v)):
		return "aadhaar"
	case d.phone(text, n, h):
		return "phone"
	}
	return ""
}

// shaped reports whether the first n runs have these lengths.
func (d *digits) shaped(n int, lengths ...int) bool {
	if n != len(lengths) {
		return false
	}
	for i, l := range lengths {
		if d.runs[i].end-d.runs[i].first != l {
			return false
		}
	}
	return true
}

// card reports whether digits are the number of a card: a known beginning, the
// length that goes with it, and the check digit (ISO/IEC 7812-1, Luhn).
func (d *digits) card(v []byte, n int) bool {
	if n > 1 && !d.shaped(n, 4, 4, 4, 4) && !d.shaped(n, 4, 6, 5) && !d.shaped(n, 4, 6, 4) && !d.shaped(n, 4, 4, 4, 4, 3) {
		return false
	}
	if len(v) < 14 || len(v) > 19 {
		return false
	}
	two, three, four := int(v[0])*10+int(v[1]), int(v[0])*100+int(v[1])*10+int(v[2]), 0
	four = three*10 + int(v[3])
	known := false
	switch len(v) {
	case 14:
		known = (two == 36 || two == 38 || three >= 300 && three <= 305) && !isCNPJ(v)
	case 15:
		known = two == 34 || two == 37
	case 16:
		known = v[0] == 4 || two >= 50 && two <= 55 || four >= 2221 && four <= 2720 || two == 60 || two == 62 || two == 63 || two == 64 || two == 65 ||
			two == 67 || two == 81 || two == 82 || four >= 3528 && four <= 3589 || four == 3841
	case 17, 18, 19:
		known = two == 62 || len(v) == 19 && v[0] == 4
	}
	return known && luhn(v)
}

func luhn(v []byte) bool {
	sum := 0
	for i, d := range v {
		n := int(d)
		if (len(v)-i)%2 == 0 {
			if n *= 2; n > 9 {
				n -= 9
			}
		}
		sum += n
	}
	return sum%10 == 0
}

// isCPF checks the two last digits of a Brazilian taxpayer's number.
func isCPF(v []byte) bool {
	same := true
	for _, d := range v {
		same = same && d == v[0]
	}
	return !same && weighed(v[:9], 10, 11) == v[9] && weighed(v[:10], 11, 11) == v[10]
}

// isCNPJ checks those of a Brazilian company's, which is nobody's.
func isCNPJ(v []byte) bool {
	return len(v) == 14 && weighed(v[:12], 5, 9) == v[12] && weighed(v[:13], 6, 9) == v[13]
}

// weighed is the check digit of numbers of the Receita Federal: weights fall to 2
// and begin again at most.
func weighed(v []byte, weight, most int) byte {
	sum := 0
	for _, d := range v {
		sum += int(d) * weight
		if weight--; weight < 2 {
			weight = most
		}
	}
	if r := sum % 11; r >= 2 {
		return byte(11 - r)
	}
	return 0
}

// isAadhaar checks the last digit of an Indian resident's number by Verhoeff's
// method (J. Verhoeff, Error Detecting Decimal Codes, 1969).
func isAadhaar(v []byte) bool {
	if v[0] < 2 {
		return false
	}
	c := byte(0)
	for i := range v {
		c = verhoeffTimes[c][verhoeffTurn[i%8][v[len(v)-1-i]]]
	}
	return c == 0
}

var verhoeffTimes = [10][10]byte{
	{0, 1, 2, 3, 4, 5, 6, 7, 8, 9}, {1, 2, 3, 4, 0, 6, 7, 8, 9, 5}, {2, 3, 4, 0, 1, 7, 8, 9, 5, 6}, {3, 4, 0, 1, 2, 8, 9, 5, 6, 7}, {4, 0, 1, 2, 3, 9, 5, 6, 7, 8},
	{5, 9, 8, 7, 6, 0, 4, 3, 2, 1}, {6, 5, 9, 8, 7, 1, 0, 4, 3, 2}, {7, 6, 5, 9, 8, 2, 1, 0, 4, 3}, {8, 7, 6, 5, 9, 3, 2, 1, 0, 4}, {9, 8, 7, 6, 5, 4, 3, 2, 1, 0},
}

var verhoeffTurn = [8][10]byte{
	{0, 1, 2, 3, 4, 5, 6, 7, 8, 9}, {1, 5, 7, 6, 2, 8, 3, 0, 9, 4}, {5, 8, 0, 3, 7, 9, 6, 1, 4, 2}, {8, 9, 1, 6, 0, 4, 3, 5, 2, 7},
	{9, 4, 5, 3, 1, 2, 6, 8, 7, 0}, {4, 2, 8, 6, 5, 7, 3, 9, 0, 1}, {2, 7, 9, 3, 8, 0, 6, 4, 1, 5}, {7, 0, 4, 6, 9, 1, 3, 2, 5, 8},
}

// lettered takes what has letters before its first digits, which are at i: IBAN
// and PAN.
func lettered(text string, i, letters int) (Personal, int) {
	from := i - letters
	next := i
	for next < len(text) && isASCIIDigit(text[next]) {
		next++
	}
	next = max(next, i+1)
	if from > 0 && isWordByte(text[from-1]) {
		return Personal{}, next
	}
	if letters == 2 {
		if to := iban(text, from); to > 0 {
			return Personal{"iban", Span{from, to}}, to
		}
	}
	if letters == 5 && next == i+4 && isPAN(text, from) {
		return Personal{"pan", Span{from, next + 1}}, next + 1
	}
	return Personal{}, next
}

// isPAN reports whether an Indian taxpayer's number is at a place: five letters, of
// which the fourth says whose it is, four digits, and a letter.
func isPAN(text string, from int) bool {
	if from+10 > len(text) || !isASCIILetter(text[from+9]) || from+10 < len(text) && isWordByte(text[from+10]) {
		return false
	}
	small := text[from] >= 'a'
	for _, i := range []int{1, 2, 3, 4, 9} {
		if text[from+i] >= 'a' != small {
			return false
		}
	}
	switch text[from+3] &^ 0x20 {
	case 'P', 'C', 'H', 'F', 'A', 'T', 'B', 'L', 'J', 'G':
		return true
	}
	return false
}

// ibanLengths are the lengths of IBANs by country (SWIFT's registry).
var ibanLengths = map[string]int{
	"AD": 24, "AE": 23, "AL": 28, "AT": 20, "AZ": 28, "BA": 20, "BE": 16, "BG": 22, "BH": 22, "BR": 29, "BY": 28, "CH": 21, "CR": 22, "CY": 28, "CZ": 24, "DE": 22,
	"DK": 18, "DO": 28, "EE": 20, "EG": 29, "ES": 24, "FI": 18, "FO": 18, "FR": 27, "GB": 22, "GE": 22, "GI": 23, "GL": 18, "GR": 27, "GT": 28, "HR": 21, "HU": 28,
	"IE": 22, "IL": 23, "IQ": 23, "IS": 26, "IT": 27, "JO": 30, "KW": 30, "KZ": 20, "LB": 28, "LC": 32, "LI": 21, "LT": 20, "LU": 20, "LV": 21, "LY": 25, "MC": 27,
	"MD": 24, "ME": 22, "MK": 19, "MR": 27, "MT": 31, "MU": 30, "NL": 18, "NO": 15, "PK": 24, "PL": 28, "PS": 29, "PT": 25, "QA": 29, "RO": 24, "RS": 22, "SA": 24,
	"SC": 31, "SE": 24, "SI": 19, "SK": 24, "SM": 27, "ST": 25, "SV": 28, "TL": 23, "TN": 24, "TR": 26, "UA": 29, "VA": 22, "VG": 24, "XK": 20,
}

// iban returns where the IBAN ends that begins at a place, or 0: its country's
// length, and the remainder by 97 (ISO 13616).
func iban(text string, from int) int {
	length := ibanLengths[string([]byte{text[from] &^ 0x20, text[from+1] &^ 0x20})]
	if length == 0 {
		return 0
	}
	head, rest, n, at := 0, 0, 0, from
	for n < length {
		if at >= len(text) {
			return 0
		}
		c := text[at]
		switch {
		case (c == ' ' || c == '-') && n > 0 && n%4 == 0 && text[at-1] != c:
			at++
			continue
		case isASCIIDigit(c):
			c -= '0'
		case isASCIILetter(c) && n != 2 && n != 3:
			c = c&^0x20 - 'A' + 10
		default:
			return 0
		}
		to := &rest
		if n < 4 { // country and check digits are counted last
			to = &head
		}
		if c >= 10 {
			*to = *to * 10
		}
		if *to = (*to*10 + int(c)); n >= 4 {
			*to %= 97
		}
		n++
		at++
	}
	if at < len(text) && isWordByte(text[at]) {
		return 0
	}
	shift := 1_000_000 // two letters are four digits
	if (rest*shift+head)%97 != 1 {
		return 0
	}
	return at
}

// opens reports whether a number may begin at a place: it is no part of a link, a
// code or a decimal.
func opens(text string, at int) bool {
	if at == 0 {
		return true
	}
	after := func(n int) bool { return at >= n && isWordByte(text[at-n]) }
	switch c := text[at-1]; c {
	case '_', '=', '&', '%', '*', '~':
		return false
	case '-', '.', ',', ':':
		return !(at >= 2 && isASCIIDigit(text[at-2])) && !(c == '-' && after(2))
	case '/':
		return at >= 2 && isASCIIDigit(text[at-2]) || at >= 6 && text[at-6:at] == "wa.me/"
	case '#':
		return true
	}
	return true
}

// closes reports whether a number may end at a place.
func closes(text string, at int) bool {
	if at >= len(text) {
		return true
	}
	digit := func(i int) bool {
		if i >= len(text) {
			return false
		}
		_, size := digitAt(text, i)
		return size > 0
	}
	switch c := text[at]; c {
	case '@', '_', '%', '=':
		return false
	case '-', '.', ',', ':':
		return !digit(at + 1)
	case '/':
		return true
	default:
		return !isASCIILetter(c) && !digit(at)
	}
}

// opened moves a number's beginning over the + and the bracket before it.
func opened(text string, at, free int) int {
	for range 2 {
		if at > free && (text[at-1] == '+' || text[at-1] == '(') {
			at--
		}
	}
	return at
}
