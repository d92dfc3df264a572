package shop

import (
	"slices"
	"time"
)

// The scenes that staff can play, by the names under which they are kept.
const (
	Calm   = ""
	UPI    = "upi-android"
	DyeLot = "dye-lot"
	Strike = "courier-strike"
	Price  = "price-rise"
	Viral  = "viral-post"
)

// Scenes lists them in the order in which they are shown.
var Scenes = []string{UPI, DyeLot, Strike, Price, Viral}

// scene is what one changes beside what visits and parcels ask for themselves.
type scene struct {
	visits float64 // times as many come, 0 for as many as always
	outcry float64 // voices a minute that it adds
}

var scenes = map[string]scene{
	UPI:    {outcry: 1.2},
	DyeLot: {outcry: 2.4},
	Strike: {outcry: 3.2},
	Price:  {outcry: 2.6},
	Viral:  {outcry: 1.3, visits: 6},
}

const (
	bestseller   = "sar-01" // its price rises
	viralProduct = "bra-03" // is in the post
	rise         = 15       // percent
	badLot       = "lot 27" // bleeds
	settling     = 3 * time.Minute
)

// indigoStoles are dyed in lots, of which two are sold at a time.
var (
	indigoStoles = []string{"sto-01", "sto-02", "sto-03"}
	lots         = []string{"lot 26", badLot, badLot}
)

// outcry adds the voices of a scene to a slot, fewer at its beginning.
func (s *Shop) outcry(at time.Time, now moment, r random) {
	sc := scenes[now.Scene]
	rate := sc.outcry * now.speed * min(1, .3+.7*float64(now.since)/float64(settling))
	n := slotOf(at)
	for k := range r.poisson(rate * slot.Minutes()) {
		v := &visit{s: s, r: s.stream(n, uint64(firstOutcry+k)), id: n<<14 | uint64(firstOutcry+k), speed: now.speed}
		s.at(at.Add(r.below(slot)), func(t time.Time) { v.cry(t, now.Scene) })
	}
}

// cry is one voice of a scene.
func (v *visit) cry(t time.Time, scene string) {
	v.at, v.moment = t, v.s.plan.at(t)
	switch scene {
	case DyeLot:
		v.s.orders.pick(v.r, (*parcel).bleeds, func(c *parcel) { c.bleed(t) })
	case Strike:
		v.s.orders.pick(v.r, func(c *parcel) bool { return c.delivered.IsZero() && !c.promised.IsZero() && c.v.p.place.north() }, func(c *parcel) { c.speak(t, "strike") })
	default:
		v.stranger(map[string]string{UPI: "upifail", Price: "pricerise", Viral: "viral"}[scene])
	}
}

// stranger is somebody who posts about the shop.
func (v *visit) stranger(section string) {
	v.p = v.s.person(v.r.IntN(crowdSize))
	for v.p.country != "IN" {
		v.p = v.s.person(v.r.IntN(crowdSize))
	}
	v.browser, v.device = v.p.anonymous, v.p.device
	v.mention(v.at, v.p.say(v.r, section, ""))
}

// bleeds tells the parcels that hold an indigo stole of the bad lot.
func (c *parcel) bleeds() bool {
	return !c.delivered.IsZero() && slices.ContainsFunc(c.cart, func(l line) bool { return l.lot == badLot })
}

// bleed is what somebody does who has washed it.
func (c *parcel) bleed(t time.Time) {
	i := slices.IndexFunc(c.cart, func(l line) bool { return l.lot == badLot })
	r := c.v.r
	if c.said == 1 && r.chance(.6) {
		c.review(t, c.cart[i], 1+r.IntN(2), c.v.p.say(r, "bleed", ""))
		return
	}
	if c.speak(t, "bleed"); r.chance(.35) {
		c.giveBack(t, "colour bleeds")
	}
}

// speak complains in the chat, by mail, in a survey or in public.
func (c *parcel) speak(t time.Time, section string) {
	v := c.v
	text := v.p.say(v.r, section, "")
	switch v.r.weighted(4, 2.5, 2.5, 1) {
	case 0:
		v.chat(t, text, c.id)
	case 1:
		v.mail(t, "Order "+c.id, text, c.id)
	case 2:
		v.survey(t, true, "relationship", "Would you recommend us?", "nps", v.r.IntN(4), 10, text, "", c.id)
	default:
		v.mention(t, text)
	}
}

// ledger knows the parcels of the last weeks, whom scenes may hit.
type ledger struct{ list []*parcel }

func newLedger() *ledger { return &ledger{} }

const remembered = 35 * day

func (l *ledger) add(c *parcel) {
	drop := 0
	for drop < len(l.list) && l.list[drop].placed.Before(c.placed.Add(-remembered)) {
		drop++
	}
	l.list = append(l.list[drop:], c)
}

// pick lets one of those that fit act, of those who have spoken least.
func (l *ledger) pick(r random, fits func(*parcel) bool, act func(*parcel)) {
	var found []*parcel
	for _, c := range l.list {
		if !fits(c) || len(found) > 0 && c.said > found[0].said {
			continue
		}
		if len(found) > 0 && c.said < found[0].said {
			found = found[:0]
		}
		found = append(found, c)
	}
	if len(found) > 0 {
		c := pick(r, found)
		c.said++
		act(c)
	}
}
