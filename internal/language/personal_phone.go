package language

import "math/bits"

// Phones, as people of the countries write them. A parser of all numbers of the
// world takes tens of microseconds and finds phones in too many order numbers, so
// these are forms.

// forms are how phones are written without the code of their country. A letter is
// a digit: d any, N 2 to 9, B 3 to 9, S 6 to 9, L 2 to 5, Z not 0. Between two runs
// a space stands for anything, - and ) for themselves. With a ? at its end, a form
// is a phone only where a word before says so.
var forms = []string{
	// India, Nepal; mobile, then with the codes of towns
	"Sddddddddd", "Sdddd ddddd", "Sdd ddd dddd", "Sddd ddd ddd", "Sddd dddddd", "Sdd ddddddd", "Sd dddddddd", "Sddd dd dd dd", "Sd dd dd dd dd",
	"0Sddddddddd", "0Sdddd ddddd", "0Sdd ddd dddd", "0Zd-dddddddd", "0Zd)dddddddd", "0Zd dddd dddd", "0ZZd-ddddddd", "0ZZdd-dddddd", "0Z-ddddddd", "0ZZ-dddddd", "0Z)ddddddd",
	// Bangladesh
	"01Bdddddddd", "01Bdd dddddd", "01Bdd ddd ddd", "01B dddd dddd", "01B dddddddd", "01Bd ddddddd", "02-dddddddd",
	// Brazil
	"ZZ 9dddd dddd", "ZZ9dddddddd", "ZZ 9dddddddd", "ZZ 9 dddd dddd", "ZZ)Lddd dddd", "ZZ Lddd-dddd", "ZZ)Lddddddd", "9dddd-dddd", "0ZZ 9dddd dddd", "0ZZ9dddddddd",
	// Spain, Peru, Chile
	"Sdd ddd ddd", "Sdd dd dd dd", "Sd ddd dd dd", "Sdddddddd?", "9 dddd dddd", "9dddddddd?",
	// Mexico, Argentina, Colombia
	"Zd dddd dddd", "3dd ddddddd", "011 dddd dddd", "15 dddd dddd", "15-dddd-dddd",
	// United States, Canada
	"Ndd-Ndd-dddd", "Ndd.Ndd.dddd", "Ndd)Ndd dddd", "Ndd Ndd dddd", "1 Ndd Ndd dddd", "Nddddddddd?",
	// United Kingdom
	"07ddddddddd", "07ddd dddddd", "07ddd ddd ddd", "01ddd dddddd", "01ddd ddd ddd", "0Ndd dddd dddd", "01dd ddd dddd", "02d dddd dddd", "03dd ddd dddd", "01ddddddddd?", "02ddddddddd?",
	// without the code of the town
	"ddddddd?", "dddddddd?", "Lddd dddd?", "ddd dddd?",
}

// formsOf are the forms by how many digits they have.
var formsOf = func() (out [13][]string) {
	for _, f := range forms {
		n := 0
		for _, c := range f {
			if c >= '0' && c <= '9' || c >= 'A' && c <= 'z' {
				n++
			}
		}
		out[n] = append(out[n], f)
	}
	return out
}()

// countries are the codes of countries with the shortest and longest numbers behind
// them.
var countries = []struct {
	code              string
	shortest, longest int
}{
	{"91", 10, 10}, {"977", 8, 10}, {"880", 9, 10}, {"55", 10, 11}, {"34", 9, 9}, {"52", 10, 11}, {"54", 10, 11}, {"57", 10, 10}, {"51", 8, 9}, {"56", 9, 9},
	{"58", 10, 10}, {"593", 8, 9}, {"591", 8, 8}, {"598", 8, 8}, {"595", 9, 9}, {"53", 8, 8}, {"1", 10, 10}, {"44", 9, 10}, {"351", 9, 9}, {"92", 9, 10}, {"94", 9, 9},
	{"971", 8, 9}, {"966", 8, 9}, {"974", 8, 8}, {"60", 8, 10}, {"65", 8, 8}, {"61", 9, 9}, {"49", 7, 11}, {"33", 9, 9}, {"39", 8, 11}, {"975", 7, 8}, {"95", 7, 10},
}

// phone reports whether the first n runs are a phone.
func (d *digits) phone(text string, n int, h hint) bool {
	v := d.value[:d.runs[n-1].end]
	from := d.runs[0].from
	if opened(text, from, 0) < from && (text[from-1] == '+' || from > 1 && text[from-2] == '+') {
		return abroad(v)
	}
	if n == 1 && h == hintOrder {
		return false
	}
	if v[0] == 0 && len(v) > 10 && v[1] == 0 {
		return abroad(v[2:]) && h != hintOrder
	}
	if tollFree(v) || fewDigits(v) {
		return false
	}
	if len(v) < len(formsOf) {
		for _, f := range formsOf[len(v)] {
			if d.fits(f, 0, n, h) {
				return true
			}
		}
	}
	// with the code of the country, which is often written without its +
	for _, code := range []string{"91", "977", "880", "55"} {
		if !begins(v, code) {
			continue
		}
		rest := v[len(code):]
		if len(rest) < 10 || len(rest) > 11 {
			continue
		}
		mobile := code != "55" && len(rest) == 10 && (rest[0] >= 6 && code == "91" || rest[0] == 9 && code == "977" || rest[0] == 1 && rest[1] >= 3 && code == "880") ||
			code == "55" && len(rest) == 11 && rest[0] > 0 && rest[1] > 0 && rest[2] == 9
		if mobile && (n == 1 || d.runs[0].end == len(code)) {
			return true
		}
	}
	return false
}

func begins(v []byte, code string) bool {
	if len(v) < len(code) {
		return false
	}
	for i := range code {
		if v[i] != code[i]-'0' {
			return false
		}
	}
	return true
}

// abroad reports whether digits are a code of a country and a number there.
func abroad(v []byte) bool {
	if len(v) < 8 || len(v) > 15 || v[0] == 0 {
		return false
	}
	for _, c := range countries {
		if begins(v, c.code) {
			n := len(v) - len(c.code)
			if n > 0 && v[len(c.code)] == 0 { // +44 (0)20 ...
				n--
			}
			return n >= c.shortest && n <= c.longest
		}
	}
	return true
}

func callsIndia(v []byte) bool { return begins(v, "91") && v[2] >= 6 }

// fewDigits reports whether digits are only one or two, over and over: no phone,
// but somebody counting or drawing lines.
func fewDigits(v []byte) bool {
	var seen uint16
	for _, d := range v {
		seen |= 1 << d
	}
	return bits.OnesCount16(seen) < 3
}

// tollFree reports whether digits are the number of a company that anybody may call.
func tollFree(v []byte) bool {
	return begins(v, "0800") || begins(v, "0300") || begins(v, "1800") || begins(v, "800") && len(v) >= 9 || begins(v, "4004") && len(v) == 8 || begins(v, "900") && len(v) == 9
}

// fits reports whether the runs from the given one to n are written as a form.
func (d *digits) fits(form string, from, n int, h hint) bool {
	at := from
	i := d.runs[at].first
	for f := 0; f < len(form); f++ {
		c := form[f]
		switch c {
		case '?':
			return h == hintPhone && at == n-1 && i == d.runs[at].end
		case ' ', '-', '.', ')':
			if at+1 >= n || i != d.runs[at].end || c != ' ' && d.runs[at+1].before != c {
				return false
			}
			at++
			continue
		}
		if i >= d.runs[at].end || !among(c, d.value[i]) {
			return false
		}
		i++
	}
	return at == n-1 && i == d.runs[at].end
}

// among reports whether a digit is one of those that a letter of a form stands for.
func among(c, v byte) bool {
	switch c {
	case 'd':
		return true
	case 'N':
		return v >= 2
	case 'B':
		return v >= 3
	case 'S':
		return v >= 6
	case 'L':
		return v >= 2 && v <= 5
	case 'Z':
		return v >= 1
	}
	return v == c-'0'
}
