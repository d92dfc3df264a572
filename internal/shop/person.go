package shop

import (
	"fmt"
	"strings"
)

const (
	// crowdSize is how many people may come by. Those with small numbers come more
	// often.
	crowdSize = 9000
	members   = .62 // of them have an account
)

// person is somebody who comes to the shop. All about them follows from their
// number and the seed.
type person struct {
	*voice
	id, anonymous, other string // account, browser, and a second browser or ""
	name, native         string // as in Latin letters, and in their own script
	email, phone, handle string
	place                *place
	device, second       *device
	member, marketing    bool
	analytics            bool
	size                 string
	method               string  // of payment that they like
	kind                 float64 // how kindly they judge, 1 on average
}

// someone picks who begins a visit: the loyal ones more often.
func (s *Shop) someone(r random) *person {
	u := r.Float64()
	return s.person(int(u * u * crowdSize))
}

func (s *Shop) person(i int) *person {
	if p := s.people[i]; p != nil {
		return p
	}
	r := s.stream(uint64(i), 1<<40)
	p := &person{voice: pickVoice(r), id: fmt.Sprintf("cust-%05d", 10000+i*7%90000), anonymous: fmt.Sprintf("%016x", r.Uint64())}
	p.place = &p.places[r.IntN(len(p.places))]
	given, family := pick(r, p.given), pick(r, p.family)
	p.name, p.native = given[0]+" "+family[0], given[1]+" "+family[1]
	p.device, p.second = pickDevice(r), &desktop[r.IntN(len(desktop))]
	if r.chance(.18) {
		p.other = fmt.Sprintf("%016x", r.Uint64())
	}
	latin := plain.Replace(strings.ToLower(given[0] + "." + family[0]))
	p.email = fmt.Sprintf("%s%d@%s", latin, 10+i%89, pick(r, []string{"example.com", "example.org", "example.net"}))
	if r.chance(.55) {
		// Numbers that are kept for fiction, so that nobody is ever called.
		p.phone = fmt.Sprintf("+1%s5550%03d", areas[i/100%len(areas)], 100+i%100)
	}
	p.handle = strings.ReplaceAll(latin, ".", "_") + fmt.Sprint(i%97)
	p.member, p.marketing, p.analytics = r.chance(members), r.chance(.55), r.chance(.94)
	p.size = pick(r, []string{"S", "M", "M", "L", "L", "XL", "XXL"})
	p.method = methods[p.country][r.weighted(methodWeights[p.country]...)]
	p.kind = .6 + .8*r.Float64()
	s.people[i] = p
	return p
}

// shown is the name by which they call themselves.
func (p *person) shown() string {
	if p.usesOwnScript() {
		return p.native
	}
	return p.name
}

// usesOwnScript is true for about half of those who write in another script than
// the Latin one, the same ones always.
func (p *person) usesOwnScript() bool {
	return p.native != p.name && !strings.HasSuffix(p.code, "-Latn") && p.anonymous[0] < '9'
}

// plain takes the marks off Latin letters, for addresses.
var plain = strings.NewReplacer("á", "a", "ã", "a", "â", "a", "é", "e", "ê", "e", "í", "i", "ó", "o", "ô", "o", "õ", "o", "ú", "u", "ç", "c", "ñ", "n", " ", "", "'", "")

// areas are codes of North American areas, where 555-0100 to 0199 are nobody's.
var areas = strings.Fields(`201 202 203 205 206 207 208 209 210 212 213 214 215 216 217 218 219 224 225 228 229 231 234 239 240 248 251 252 253 254
	256 260 262 267 269 270 276 281 301 302 303 304 305 307 308 309 310 312 313 314 315 316 317 318 319 320 321 323 325 330 334 336 337 339 347 351 352 360
	361 386 401 402 404 405 406 407 408 409 410 412 413 414 415 417 419 423 424 425 430 432 434 435 440 443 469 478 479 480 484`)

// methods of payment by country, and how many of a hundred use them.
var (
	methods = map[string][]string{
		"IN": {"upi", "card", "cash_on_delivery", "netbanking", "wallet"},
		"NP": {"wallet", "cash_on_delivery", "card"},
		"BR": {"pix", "card", "boleto"},
		"ES": {"card", "bizum", "paypal"},
	}
	methodWeights = map[string][]float64{"IN": {56, 17, 19, 4, 4}, "NP": {52, 33, 15}, "BR": {47, 44, 9}, "ES": {60, 24, 16}}
)

// device is what a person visits with.
type device struct {
	kind, maker, model, os, version, browser, browserVersion string
	weight                                                   float64
}

// UPI is paid on phones, most of them Androids.
var phones = []device{
	{"mobile", "Xiaomi", "Redmi Note 13", "Android", "14", "Chrome", "142", 17},
	{"mobile", "Samsung", "Galaxy A15", "Android", "14", "Chrome", "142", 14},
	{"mobile", "vivo", "Y28", "Android", "14", "Chrome", "141", 9},
	{"mobile", "realme", "12x", "Android", "15", "Chrome", "142", 8},
	{"mobile", "OPPO", "A78", "Android", "13", "Chrome", "140", 7},
	{"mobile", "Samsung", "Galaxy S23", "Android", "15", "Samsung Internet", "28", 5},
	{"mobile", "Motorola", "moto g54", "Android", "13", "Firefox", "144", 3},
	{"mobile", "Apple", "iPhone 13", "iOS", "18.6", "Safari", "18.6", 9},
	{"mobile", "Apple", "iPhone 15", "iOS", "26.1", "Safari", "26.1", 7},
	{"tablet", "Samsung", "Galaxy Tab A9", "Android", "14", "Chrome", "142", 2},
	{"desktop", "", "", "Windows", "11", "Chrome", "142", 10},
	{"desktop", "", "", "Windows", "10", "Edge", "142", 5},
	{"desktop", "Apple", "Mac", "macOS", "15.6", "Safari", "18.6", 4},
}

var desktop = phones[10:]

func pickDevice(r random) *device {
	weights := make([]float64, len(phones))
	for i, d := range phones {
		weights[i] = d.weight
	}
	return &phones[r.weighted(weights...)]
}

// contexts are the devices as the Segment context has them.
var contexts = func() map[*device]object {
	m := map[*device]object{}
	for i := range phones {
		d := &phones[i]
		m[d] = object{}.obj("device", object{}.str("type", d.kind).str("manufacturer", d.maker).str("model", d.model)).
			obj("os", object{}.str("name", d.os).str("version", d.version)).
			obj("browser", object{}.str("name", d.browser).str("version", d.browserVersion))
	}
	return m
}()

// place is a town with the postal code of one of its parts.
type place struct{ city, postal, region, country string }

// north tells the places that the couriers' strike concerns: northern India by
// its postal codes.
func (p *place) north() bool {
	return p.country == "IN" && (p.postal[0] == '1' || p.postal[0] == '2' || p.postal[0] == '3' && p.postal[1] < '5')
}
