package language

import "strings"

// Personal data in texts. One pass looks for what each kind needs, an @ or a digit;
// only from there a text is read more closely, and never further than a fixed
// number of bytes to both sides. What cannot be told from an order number, a price,
// a date or a tracking number is left alone.

// starts says which bytes a piece of personal data can be found from: @, a digit,
// and what digits of other scripts begin with.
var starts = func() (out [256]bool) {
	for c := '0'; c <= '9'; c++ {
		out[c] = true
	}
	out['@'], out[0xe0], out[0xef] = true, true, true
	return out
}()

// Personals appends the personal data in a text: each piece with its bytes, in the
// order of the text, none over another.
func Personals(text string, out []Personal) []Personal {
	first := len(out)
	free := 0 // where the last piece ends
	for i := 0; i < len(text); {
		c := text[i]
		if !starts[c] {
			i++
			continue
		}
		var found Personal
		end := i + 1
		if c == '@' {
			found = account(text, i)
		} else if _, size := digitAt(text, i); size > 0 {
			found, end = numeral(text, i, free)
		}
		if found.Kind != "" {
			for len(out) > first && out[len(out)-1].To > found.From {
				out = out[:len(out)-1] // 9876543210@upi is one account and no phone
			}
			out = append(out, found)
			free = found.To
			end = max(end, found.To)
		}
		i = end
	}
	return out
}

// Mask writes a text with the name of its kind in place of each piece of personal
// data that Personals found in it.
func Mask(text string, found []Personal) string {
	if len(found) == 0 {
		return text
	}
	var b strings.Builder
	b.Grow(len(text))
	at := 0
	for _, p := range found {
		b.WriteString(text[at:p.From])
		b.WriteByte('[')
		b.WriteString(p.Kind)
		b.WriteByte(']')
		at = p.To
	}
	b.WriteString(text[at:])
	return b.String()
}

// Lengths of the parts of an e-mail address (RFC 5321, 4.5.3.1).
const (
	longestLocal  = 64
	longestDomain = 255
)

// account takes the e-mail address or the UPI id around the @ at i.
func account(text string, i int) Personal {
	from := i
	for from > 0 && i-from < longestLocal && isLocal(text[from-1]) {
		from--
	}
	for from < i && !isASCIILetter(text[from]) && !isASCIIDigit(text[from]) {
		from++
	}
	to := i + 1
	dots := 0
	for to < len(text) && to-i <= longestDomain && (isASCIILetter(text[to]) || isASCIIDigit(text[to]) || text[to] == '-' || text[to] == '.') {
		if text[to] == '.' {
			if text[to-1] == '.' {
				break
			}
			dots++
		}
		to++
	}
	for to > i+1 && (text[to-1] == '.' || text[to-1] == '-') {
		if text[to-1] == '.' {
			dots--
		}
		to--
	}
	if from == i || to == i+1 || to < len(text) && text[to] == '@' {
		return Personal{}
	}
	domain := text[i+1 : to]
	if dots == 0 {
		known := holds(handles, domain)
		if !known && len(domain) >= 3 && len(domain) <= 12 { // new ones are given out all the time
			known = isMobile(text[from:i]) || hintBefore(text, from) == hintUPI
		}
		if known && i-from >= 2 {
			return Personal{"upi", Span{from, to}}
		}
		return Personal{}
	}
	top := domain[strings.LastIndexByte(domain, '.')+1:]
	if len(top) < 2 || !isASCIILetter(top[0]) || !isASCIILetter(top[len(top)-1]) {
		return Personal{}
	}
	if inLink(text, from, to) {
		return Personal{}
	}
	return Personal{"email", Span{from, to}}
}

// inLink reports whether what stands there is a middle part of a link, as names of
// accounts are: https://host/user@other/posts.
func inLink(text string, from, to int) bool {
	if from == 0 || text[from-1] != '/' || to == len(text) || text[to] != '/' {
		return false
	}
	before := text[max(from-longestDomain, 0):from]
	return strings.Contains(before[strings.LastIndexAny(before, " \t\n")+1:], "://")
}

// isMobile reports whether a text is an Indian mobile number and nothing else.
func isMobile(s string) bool {
	for i := range len(s) {
		if !isASCIIDigit(s[i]) {
			return false
		}
	}
	return len(s) == 10 && s[0] >= '6'
}

func isLocal(c byte) bool {
	return isASCIILetter(c) || isASCIIDigit(c) || c == '.' || c == '_' || c == '-' || c == '+' || c == '%'
}

// handles are what stands behind the @ of UPI ids, by the banks and apps that give
// them (npci.org.in, UPI live members).
var handles = set(`upi ybl ibl axl apl yapl rapl okaxis okhdfcbank okicici oksbi paytm ptaxis ptsbi pthdfc ptyes axisb axisbank hdfcbank icici sbi
	pnb boi barodampay cnrb kotak kotak811 kbl idfcbank idfcfirst indus yesbank yesbankltd federal fbl rbl sib unionbank uboi utbi idbi
	freecharge ikwik jupiteraxis superyes sliceaxis fam freoicici axisgo amazonpay waaxis wahdfcbank waicici wasbi airtel jio postbank
	naviaxis pingpay timecosmos tapicici mbk dbs citi citigold hsbc sc scb aubank equitas dlb kvb tmb csbpay obc allbank mahb cmsidfc bhim`)

// hint is what the words before a number say of it.
type hint uint8

const (
	hintNone  hint = iota
	hintOrder      // the number of an order, a parcel, a payment
	hintPrice
	hintPhone
	hintUPI
	hintNumber // only that it is a number: the word before may say more
	hintCEP
	hintPIN
	hintHouse
	hintAadhaar
)

// hints are words that stand before numbers.
var hints = func() map[string]hint {
	out := map[string]hint{}
	for h, words := range map[hint]string{
		hintOrder: `order orders orderid oid pedido pedidos orden compra awb tracking track rastreio rastreamento rastreo seguimiento guia guía
			ref reference referencia referência protocolo invoice bill fatura factura nota nf txn transaction transacción transação utr rrn rma
			ticket chamado caso case sku item model modelo serial imei pnr booking reserva reservation policy consignment docket shipment parcel
			package encomenda paquete envío envio código codigo code coupon cupom cupón otp isbn ean hsn
			ऑर्डर आर्डर अर्डर ओर्डर ट्रैकिंग ट्र्याकिङ रेफरेंस टिकट बिल इनवॉइस कोड अर्डरको ऑर्डर-नंबर অর্ডার অর্ডারের ট্র্যাকিং রেফারেন্স টিকিট বিল ইনভয়েস কোড`,
		hintPrice: `rs inr npr bdt tk usd eur brl mxn taka rupees rupee rupaye रु रू रुपये रुपए रुपैयाँ টাকা ৳ ₹ ₨`,
		hintPhone: `phone ph tel telefone teléfono telefono fone celular cel móvil movil mobile mob cell call calls called whatsapp whatsap whats wa wapp zap
			contact contato contacto ligar ligue liga llamar llamame llámame llamen text sms imo viber bkash nagad esewa khalti rocket pix fonepe
			फोन फ़ोन मोबाइल मोबाईल कॉल कल सम्पर्क संपर्क व्हाट्सएप ফোন মোবাইল কল নাম্বারে নম্বরে হোয়াটসঅ্যাপ বিকাশ নগদ`,
		hintUPI:    `upi vpa gpay phonepe bhim यूपीआई भीम ইউপিআই`,
		hintNumber: `id number num no nr nos nº n° n número numero nro is hai ho eh é es: my mera mero amar meu mi at on to pe par ma e the नंबर नम्बर नं नं. है हो मेरा मेरो পর আমার নম্বর নাম্বার নং`,
		hintCEP:    `cep`,
		hintPIN:    `pin pincode zip पिन पिनकोड পিন পিনকোড`,
		hintHouse: `flat house hno plot door villa holding bungalow qtr quarter basa basha makan makaan
			मकान फ्लैट फ़्लैट प्लॉट भवन বাসা বাড়ি বাড়ি ফ্ল্যাট হাউস হাউজ`,
		hintAadhaar: `aadhaar aadhar adhaar adhar uidai आधार আধার`,
	} {
		for _, w := range strings.Fields(words) {
			out[w] = h
		}
	}
	return out
}()

// furthestHint is how many words before a number are asked.
const furthestHint = 3

// hintBefore says what the words before a place say of a number there.
func hintBefore(text string, at int) hint {
	if at > 0 && (text[at-1] == '$' || strings.HasSuffix(text[:at], "₹") || strings.HasSuffix(text[:at], "৳") || strings.HasSuffix(text[:at], "€") || strings.HasSuffix(text[:at], "£")) {
		return hintPrice
	}
	if at > 0 && text[at-1] == '#' {
		return hintOrder
	}
	for n := range furthestHint {
		from, to := wordBefore(text, at)
		if from == to {
			return hintNone
		}
		var b [longestWord]byte
		h := hints[string(lower(&b, text[from:to]))]
		if h == hintPrice && n > 0 {
			return hintNone
		}
		if h != hintNone && h != hintNumber {
			return h
		}
		at = from
	}
	return hintNone
}

// longestWord is how many bytes of a word are looked at.
const longestWord = 36

// wordBefore returns the word that ends at or before a place, not beyond the end of
// a clause; nothing where there is none near.
func wordBefore(text string, at int) (from, to int) {
	to = at
	for to > 0 && at-to < 4 && !isWordByte(text[to-1]) {
		switch text[to-1] {
		case '!', '?', ',', ';', '|', '\n':
			return at, at
		}
		to--
	}
	from = to
	for from > 0 && to-from < longestWord && isWordByte(text[from-1]) {
		from--
	}
	return from, to
}

// wordAfter returns the word that begins at or after a place, likewise.
func wordAfter(text string, at int) (from, to int) {
	from = at
	for from < len(text) && from-at < 4 && !isWordByte(text[from]) {
		switch text[from] {
		case '!', '?', ';', '|', '\n':
			return at, at
		}
		from++
	}
	to = from
	for to < len(text) && to-from < longestWord && isWordByte(text[to]) {
		to++
	}
	return from, to
}

func isWordByte(c byte) bool { return isASCIILetter(c) || isASCIIDigit(c) || c >= 0x80 }

// lower writes a word with its ASCII letters in lower case.
func lower(b *[longestWord]byte, word string) []byte {
	n := copy(b[:], word)
	for i, c := range b[:n] {
		if c >= 'A' && c <= 'Z' {
			b[i] = c + 'a' - 'A'
		}
	}
	return b[:n]
}

func set(words string) map[string]bool {
	out := map[string]bool{}
	for _, w := range strings.Fields(words) {
		out[w] = true
	}
	return out
}

func holds(set map[string]bool, word string) bool {
	var b [longestWord]byte
	return len(word) <= longestWord && set[string(lower(&b, word))]
}
