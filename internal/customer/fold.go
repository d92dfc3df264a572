package customer

import (
	"encoding/binary"
	"strings"

	"github.com/dhvani/dhvani/internal/event"
)

// stamp orders facts by event time and then by message hash.
type stamp struct{ at, tie int64 }

func (s stamp) before(o stamp) bool { return s.at < o.at || s.at == o.at && s.tie < o.tie }

func stampOf(e *event.Event) stamp {
	h := e.MessageHash()
	return stamp{e.At, int64(binary.BigEndian.Uint64(h[:8]))}
}

// fold holds the facts of a batch, by key, before they are written.
type fold struct {
	profiles    map[profileKey]*profile
	links       map[linkKey]link
	identifiers map[identifierKey]*claim
	traits      map[traitKey]*trait
	optOuts     map[optOutKey]int64
	decisions   map[decisionKey]*decision
	phones      []rawPhone
	preferences map[string]preferences // by their raw JSON, of which there are few
	anyConsent  bool
	regrouped   []event.Key
}

type profileKey struct {
	model int64
	user  bool
	value string
}

// profile is a profile that the batch names, with what its own events say.
type profile struct {
	model, workspace int64
	id               event.ID
	value            string
	first, last      int64
	events           int64 // of the batch; 0 where it is only named
	verified         bool
	consent          stated
	write            bool
}

type linkKey struct{ anon, owner *profile }

// link says since when an anonymous profile was seen with a user. Anybody can
// claim to have been there first; a verified event's word goes before that.
type link struct {
	claimed int // 0 where a verified event vouched for it, else 1
	stamp
}

func (l link) before(o link) bool {
	return l.claimed < o.claimed || l.claimed == o.claimed && l.stamp.before(o.stamp)
}

type identifierKey struct {
	kind, value string
	profile     *profile
}

// claim is when a profile used an identifier.
type claim struct {
	first, last int64
	verified    int64 // first time it was vouched for
	isVerified  bool
}

func (c *claim) merge(o claim) {
	c.first, c.last = min(c.first, o.first), max(c.last, o.last)
	if o.isVerified && (!c.isVerified || o.verified < c.verified) {
		c.verified, c.isVerified = o.verified, true
	}
}

type traitKey struct {
	profile *profile
	name    string
}

type trait struct {
	value  string
	source string
	stamp
}

type optOutKey struct {
	profile *profile
	channel string
}

// rawPhone waits for the workspace's country.
type rawPhone struct {
	profile      *profile
	text, region string
	at           int64
	verified     bool
}

// Limits of traits. Of a profile with more names only the first 200 in byte
// order are kept, which no order of arrival can change; longer names and values
// are left out as if they had not been sent.
const (
	maxTraits     = 200
	maxTraitName  = 255     // bytes
	maxTraitValue = 8 << 10 // bytes of JSON
)

func newFold() *fold {
	return &fold{
		profiles:    map[profileKey]*profile{},
		links:       map[linkKey]link{},
		identifiers: map[identifierKey]*claim{},
		traits:      map[traitKey]*trait{},
		optOuts:     map[optOutKey]int64{},
		decisions:   map[decisionKey]*decision{},
		preferences: map[string]preferences{},
	}
}

// profile returns the batch's entry of a profile.
func (f *fold) profile(e *event.Event, kind, value string) *profile {
	k := profileKey{e.Model, kind == event.UserProfile, value}
	p := f.profiles[k]
	if p == nil {
		p = &profile{model: e.Model, workspace: e.Workspace, id: event.ProfileID(e.Workspace, kind, value), value: value}
		f.profiles[k] = p
	}
	return p
}

// add takes in one event.
func (f *fold) add(e *event.Event) {
	if e.Type == event.Staff {
		f.decide(e)
		return
	}
	var p *profile
	if e.UserID != "" {
		p = f.profile(e, event.UserProfile, e.UserID)
		if e.AnonymousID != "" {
			f.link(e, e.AnonymousID, p)
		}
	} else {
		p = f.profile(e, event.AnonymousProfile, e.AnonymousID)
	}
	p.see(e)
	f.readConsent(p, e)
	switch e.Type {
	case event.Identify:
		f.identify(p, e)
	case event.Alias:
		f.alias(p, e)
	case event.Track:
		f.track(p, e)
	}
}

func (p *profile) see(e *event.Event) {
	if p.events == 0 || e.At < p.first {
		p.first = e.At
	}
	if p.events == 0 || e.At > p.last {
		p.last = e.At
	}
	p.events++
	p.write = true
	p.verified = p.verified || e.Has(event.Verified) || e.Has(event.SignedUser) && e.UserID != ""
}

func (f *fold) link(e *event.Event, anonymous string, owner *profile) {
	k := linkKey{f.profile(e, event.AnonymousProfile, anonymous), owner}
	claimed := integer(!e.Has(event.Verified))
	old, ok := f.links[k]
	if ok && claimed >= old.claimed && e.At > old.at {
		return
	}
	if l := (link{claimed, stampOf(e)}); !ok || l.before(old) {
		f.links[k] = l
	}
}

// hold notes that a profile used an identifier; an empty value is none.
func (f *fold) hold(p *profile, kind, value string, at int64, verified bool) {
	if kind == "" || value == "" {
		return
	}
	c := claim{first: at, last: at, verified: at, isVerified: verified}
	k := identifierKey{kind, value, p}
	if old := f.identifiers[k]; old != nil {
		old.merge(c)
		return
	}
	f.identifiers[k] = &c
}

// alias keeps both meanings of an alias: the previous id as an anonymous one,
// which the user then owns, and as a user id, held like an identifier by both
// users and so joining them where the call is vouched for.
func (f *fold) alias(p *profile, e *event.Event) {
	if e.PreviousID == "" || e.PreviousID == e.UserID {
		return
	}
	f.link(e, e.PreviousID, p)
	f.hold(p, aliasKind, e.PreviousID, e.At, e.Has(event.Verified))
	f.hold(f.profile(e, event.UserProfile, e.PreviousID), aliasKind, e.PreviousID, e.At, e.Has(event.Verified))
}

// identify takes in traits, and the identifiers among them. A trait named id is
// a trait only.
func (f *fold) identify(p *profile, e *event.Event) {
	o := event.ParseObject(e.Traits)
	if len(o) == 0 {
		return
	}
	s, source, verified := stampOf(e), traitSource(e), e.Has(event.Verified)
	country := region(o.Object("address").Text("country"))
	phone := func(text string) {
		if text != "" {
			f.phones = append(f.phones, rawPhone{p, text, country, e.At, verified})
		}
	}
	for _, m := range o {
		f.set(p, m, trait{stamp: s, source: source})
		switch m.Name {
		case "email":
			f.hold(p, Email, normalEmail(event.ScalarText(m.Value)), e.At, verified)
		case "phone":
			phone(event.ScalarText(m.Value))
		case "emails":
			for _, v := range event.ParseArray(m.Value) {
				f.hold(p, Email, normalEmail(event.ScalarText(v)), e.At, verified)
			}
		case "phones":
			for _, v := range event.ParseArray(m.Value) {
				phone(event.ScalarText(v))
			}
		default:
			if networks[m.Name] && strings.HasPrefix(m.Value, `"`) {
				f.hold(p, normalNetwork(m.Name), normalHandle(event.ScalarText(m.Value)), e.At, verified)
			}
		}
	}
}

func (f *fold) set(p *profile, m event.Member, t trait) {
	if m.Name == "" || len(m.Name) > maxTraitName || len(m.Value) > maxTraitValue {
		return
	}
	t.value = m.Value
	k := traitKey{p, m.Name}
	if old := f.traits[k]; old == nil {
		f.traits[k] = &t
	} else if !t.before(old.stamp) {
		*old = t
	}
}

// traitSource says what a trait came by: the format, and whether the shop's
// server or a browser sent it.
func traitSource(e *event.Event) string {
	if e.Has(event.Verified) {
		return e.Source + "/server"
	}
	return e.Source + "/browser"
}

// track takes in the identifiers and opt-outs of the few events that have any.
func (f *fold) track(p *profile, e *event.Event) {
	verified := e.Has(event.Verified)
	switch e.Verb() {
	case event.OrderCompleted, event.CheckoutStarted:
		if !strings.Contains(e.Properties, `"email"`) && !strings.Contains(e.Properties, `"phone"`) {
			return
		}
		o := event.ParseObject(e.Properties)
		f.hold(p, Email, normalEmail(o.Text("email")), e.At, verified)
		if text := o.Text("phone"); text != "" {
			f.phones = append(f.phones, rawPhone{p, text, "", e.At, verified})
		}
	case event.SocialMention:
		o := event.ParseObject(e.Properties)
		handle := normalHandle(o.First("author_handle", "author", "handle"))
		f.hold(p, normalNetwork(o.Text("network")), handle, e.At, verified)
	case event.Unsubscribed, event.EmailMarkedSpam:
		k := optOutKey{p, Email}
		if at, ok := f.optOuts[k]; !ok || e.At > at {
			f.optOuts[k] = e.At
		}
	}
}
