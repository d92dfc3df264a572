package language

import "strings"

// Addresses, where they are certain: a word for a street or a house, and a number.

var (
	// streetsBefore are words before the name of a street.
	streetsBefore = set(`rua r avenida av travessa alameda praça praca rodovia estrada calle c/ carrera cra jirón jiron jr pasaje paseo pje plaza diagonal transversal bulevar`)
	// streetsAfter are words behind it.
	streetsAfter = set(`street st road rd avenue ave lane ln drive close crescent terrace boulevard blvd court square nagar marg chowk gali
		colony enclave vihar puram society apartments apartment apartmen layout sector mohalla tole tol bazar bazaar block sarani sadak
		नगर मार्ग गली कॉलोनी कालोनी रोड सेक्टर टोल चोक मोहल्ला बाज़ार बाजार सड़क अपार्टमेंट রোড সড়ক সড়ক লেন গলি পাড়া পাড়া ব্লক সরণি আবাসন`)
	// small words stand in names of streets in lower case.
	small = set(`de da do das dos del la las los e y san santa dr dra dom`)
)

// How far a street may be from its house, in words and bytes.
const (
	furthestStreet = 6
	widestAddress  = 100
)

// place takes the address that is found from a number.
func place(text string, d *digits, free int) Personal {
	r := &d.runs[0]
	n := r.end - r.first
	var at Span
	switch {
	case n == 5 || n == 8:
		at = cep(text, d, free)
	case n == 6:
		at = pinned(text, r, free)
	}
	if at.To == 0 && n <= 5 {
		at = house(text, r, free)
	}
	if at.To == 0 && n <= 5 {
		at = named(text, r, free)
	}
	if at.To == 0 && n <= 4 {
		at = numbered(text, r)
	}
	if at.To == 0 {
		return Personal{}
	}
	return Personal{"address", at}
}

// cep takes the postal code of a street in Brazil: CEP 01310-100.
func cep(text string, d *digits, free int) Span {
	to := d.runs[0].to
	if d.runs[0].end == 5 {
		if d.n < 2 || d.runs[1].before != '-' || d.runs[1].end-d.runs[1].first != 3 {
			return Span{}
		}
		to = d.runs[1].to
	}
	from, end := wordBefore(text, d.runs[0].from)
	if from < free || !strings.EqualFold(text[from:end], "cep") || !closes(text, to) {
		return Span{}
	}
	return Span{from, to}
}

// named takes a street and its number behind: Rua das Flores, 123.
func named(text string, r *run, free int) Span {
	if !closes(text, r.to) {
		return Span{}
	}
	at := r.from
	certain := false // a sign that the number is that of a house
	for at > free && strings.IndexByte(" ,.#-", text[at-1]) >= 0 {
		certain = certain || text[at-1] == ',' || text[at-1] == '#'
		at--
	}
	names, capital, plain := 0, false, false
	for range furthestStreet {
		to := at
		for at > free && to-at < longestWord && (isWordByte(text[at-1]) || text[at-1] == '/') {
			at--
		}
		word := text[at:to]
		switch {
		case word == "":
			return Span{}
		case names == 0 && !certain && holds(numberSigns, word):
			certain = true
		case holds(streetsBefore, word) && names > 0:
			if capital && !plain || certain && ends(text, r.to) {
				return Span{at, withPostcode(text, withFlat(text, r.to))}
			}
			return Span{}
		default:
			names++
			capital = capital || isCapital(word)
			plain = plain || !isCapital(word) && !holds(small, word)
		}
		for at > free && (text[at-1] == ' ' || text[at-1] == '.') {
			at--
		}
	}
	return Span{}
}

var numberSigns = set(`nº n° n no num numero número nro`)

// isCapital reports whether a word begins with a capital.
func isCapital(word string) bool {
	return word[0] >= 'A' && word[0] <= 'Z' || word[0] == 0xc3 && len(word) > 1 && word[1] >= 0x80 && word[1] <= 0x9e
}

// ends reports whether a clause ends at a place.
func ends(text string, at int) bool {
	return at >= len(text) || strings.IndexByte(",.;)\n-", text[at]) >= 0 || strings.HasPrefix(text[at:], " -")
}

// withFlat goes on over the flat behind the number of a house: , apto 45.
func withFlat(text string, at int) int {
	rest := text[at:min(len(text), at+24)]
	from := 0
	for from < len(rest) && strings.IndexByte(", -", rest[from]) >= 0 {
		from++
	}
	to := from
	for to < len(rest) && isWordByte(rest[to]) {
		to++
	}
	if !holds(flats, rest[from:to]) {
		return at
	}
	for to < len(rest) && (rest[to] == ' ' || rest[to] == '.') {
		to++
	}
	digits := to
	for digits < len(rest) && isASCIIDigit(rest[digits]) {
		digits++
	}
	if digits == to {
		return at
	}
	return at + digits
}

var flats = set(`apto apt ap apartamento piso depto dpto casa bloco local flat unit`)

// withPostcode goes on over names of places to the postal code behind a street:
// São Paulo, 01310-100, or 28013 Madrid.
func withPostcode(text string, at int) int {
	most := min(len(text), at+widestAddress)
	for i, names := at, 0; ; names++ {
		from := i
		for from < most && strings.IndexByte(" ,-/", text[from]) >= 0 {
			from++
		}
		if from == i || from == most {
			return at
		}
		if isASCIIDigit(text[from]) {
			return max(at, postcode(text, from, names > 0))
		}
		i = from
		for i < most && isWordByte(text[i]) {
			i++
		}
		if word := text[from:i]; word == "" || !isCapital(word) && !holds(small, word) && !strings.EqualFold(word, "cep") {
			return at
		}
		if i < most && text[i] == '.' && i-from <= 3 { // Col. Juárez
			i++
		}
	}
}

// postcode is the end of the postal code that begins there, 0 where there is none.
// Five digits take the name of a town, behind them or before.
func postcode(text string, from int, town bool) int {
	to := from
	for to < len(text) && isASCIIDigit(text[to]) {
		to++
	}
	switch h := hintBefore(text, from); {
	case h == hintOrder || h == hintPrice:
		return 0
	case to-from == 8 && h == hintCEP && closes(text, to):
		return to
	case to-from != 5:
		return 0
	case len(text) >= to+4 && text[to] == '-' && isASCIIDigit(text[to+1]) && isASCIIDigit(text[to+2]) && isASCIIDigit(text[to+3]) && closes(text, to+4):
		return to + 4
	case !closes(text, to):
		return 0
	}
	end := 0
	if town && ends(text, to) {
		end = to
	}
	for at := to; at < len(text) && text[at] == ' ' && at-to < widestAddress; {
		word := at + 1
		for at = word; at < len(text) && isWordByte(text[at]); at++ {
		}
		switch {
		case at == word:
			return end
		case isCapital(text[word:at]):
			end = at
		case end == 0 || !holds(small, text[word:at]):
			return end
		}
	}
	return end
}

// numbered takes a number and the street behind: 221B Baker Street.
func numbered(text string, r *run) Span {
	at := r.to
	if at < len(text) && isASCIILetter(text[at]) {
		at++
	}
	if at >= len(text) || text[at] != ' ' && text[at] != ',' {
		return Span{}
	}
	for n := range 4 {
		from, to := wordAfter(text, at)
		if from == to || !isCapital(text[from:to]) || from-at > 2 || text[at] == '.' && n > 0 {
			return Span{}
		}
		if n > 0 && holds(streetsAfter, text[from:to]) {
			if h := hintBefore(text, r.from); h == hintOrder || h == hintPrice {
				return Span{}
			}
			return Span{r.from, withPIN(text, to)}
		}
		at = to
	}
	return Span{}
}

// house takes what begins with a flat or house and names a street: Flat 302, Sai
// Residency, MG Road, Pune 411001.
func house(text string, r *run, free int) Span {
	from, end := wordBefore(text, r.from)
	if from < end && holds(houseSigns, text[from:end]) {
		from, end = wordBefore(text, from)
	}
	if from == end || from < free {
		return Span{}
	}
	var b [longestWord]byte
	if hints[string(lower(&b, text[from:end]))] != hintHouse {
		return Span{}
	}
	at := r.to
	for at < len(text) && at-r.to < widestAddress {
		start, to := wordAfterComma(text, at)
		if start == to {
			return Span{}
		}
		if holds(streetsAfter, text[start:to]) {
			return Span{from, withPIN(text, to)}
		}
		at = to
	}
	return Span{}
}

var houseSigns = set(`no number num nos nº n° नं नंबर नम्बर নং নম্বর`)

// wordAfterComma is wordAfter within a line.
func wordAfterComma(text string, at int) (from, to int) {
	for at < len(text) && strings.IndexByte(" ,.-/:()#", text[at]) >= 0 {
		at++
	}
	return wordAfter(text, at)
}

// pinned takes a street with the six digits of an Indian postal code behind: MG
// Road, Bengaluru, PIN 560001.
func pinned(text string, r *run, free int) Span {
	if v, _ := digitAt(text, r.from); v == 0 || v == 9 || !closes(text, r.to) {
		return Span{}
	}
	h := hintBefore(text, r.from)
	if h == hintOrder || h == hintPrice {
		return Span{}
	}
	certain := h == hintPIN
	at, street := r.from, -1
	for at > free && r.from-at < widestAddress {
		if c := text[at-1]; c == '\n' || c == '!' || c == '?' {
			break
		} else if !isWordByte(c) {
			certain = certain || c == ',' && street < 0
			if street >= 0 && c == ',' {
				break
			}
			at--
			continue
		}
		to := at
		for at > free && to-at < longestWord && isWordByte(text[at-1]) {
			at--
		}
		if street < 0 && holds(streetsAfter, text[at:to]) {
			street = at
		} else if street >= 0 && !isCapital(text[at:to]) && text[at] < 0x80 {
			at = to
			break
		}
	}
	if street < 0 || !certain {
		return Span{}
	}
	for at < street && !isWordByte(text[at]) {
		at++
	}
	if at == street { // the name of the street is missing
		return Span{}
	}
	return Span{at, r.to}
}

// withPIN goes on over a number that ends a street (Road 5) and to a postal code
// near by.
func withPIN(text string, at int) int {
	end := at
	for i := at; i < len(text) && i-at < widestAddress*2/3; {
		if c := text[i]; c == '\n' || c == '!' || c == '?' {
			break
		}
		_, size := digitAt(text, i)
		if size == 0 {
			i++
			continue
		}
		n, from := 0, i
		for i < len(text) {
			_, size := digitAt(text, i)
			if size == 0 {
				break
			}
			n++
			i += size
		}
		if isWordByte(text[from-1]) && text[from-1] < 0x80 || !closes(text, i) {
			continue
		}
		if n == 6 {
			return i
		}
		if end == at && n <= 3 && from-at <= 2 {
			end = i
		}
	}
	return end
}
