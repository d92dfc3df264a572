package watch

import (
	"hash/maphash"
	"strings"
	"time"

	"github.com/dhvani/dhvani/internal/event"
	"github.com/dhvani/dhvani/internal/insight"
	"github.com/dhvani/dhvani/internal/insight/detect"
)

// once is for how long a customer counts once: tries of one customer are not
// independent, and neither is what they say several times.
var once = map[insight.OutcomeKind]time.Duration{
	insight.CheckoutEnded: 30 * time.Minute, insight.DeliveryEnded: time.Hour, insight.OpinionGiven: 24 * time.Hour, insight.RatingGiven: time.Hour,
	insight.SearchMade: 10 * time.Minute, insight.OrderSentBack: 24 * time.Hour, insight.PageDisturbed: 30 * time.Minute, insight.ReplyWaitedFor: time.Hour,
	insight.PaintTook: 30 * time.Minute, insight.InputTook: 30 * time.Minute, insight.LayoutMove: 30 * time.Minute, insight.ServerTook: 30 * time.Minute,
}

// take feeds an outcome to the signals that it belongs to. said is the text of an opinion.
func (s *shop) take(o *insight.Outcome, said string) {
	if o.History {
		s.history++
		return
	}
	s.latest = max(s.latest, o.At)
	s.taken++
	if o.Again || s.copied(o) {
		return
	}
	m := s.moment(o.At)
	if o.Kind == insight.RatingGiven {
		s.rated(m, o)
	}
	if s.flooded(o) {
		return
	}
	switch o.Kind {
	case insight.OpinionGiven:
		s.opinion(m, o)
		s.written(m, o, said)
	case insight.OrderSentBack:
		if s.first(o, "") {
			s.feed(string(o.Kind), m, 1, 1)
		}
	default:
		if !s.first(o, apart(o)) {
			return
		}
		s.feed(string(o.Kind), m, o.Bad, 1)
		for _, dim := range split[o.Kind] {
			if v := o.Dims[dim]; v != "" {
				s.feed(valueName(o.Kind, dim, v), m, o.Bad, 1)
			}
		}
	}
}

// apart names what counts once of its own: a page that came well does not hide the
// error that follows on it.
func apart(o *insight.Outcome) string {
	if o.Kind == insight.PageDisturbed && o.Bad > 0 {
		return "error"
	}
	return ""
}

// opinion feeds how an opinion sounds, and for each topic whether it is negative
// about it.
func (s *shop) opinion(m detect.Moment, o *insight.Outcome) {
	if s.first(o, "") {
		s.feed(string(o.Kind), m, o.Bad, 1)
		for _, dim := range split[o.Kind] {
			if v := o.Dims[dim]; v != "" && dim != insight.DimTopic {
				s.feed(valueName(o.Kind, dim, v), m, o.Bad, 1)
			}
		}
	}
	negative := negativeTopics(o)
	for _, g := range s.topics {
		k := 0.0
		for _, t := range negative {
			if t == g.of.Value {
				k = 1
			}
		}
		if k == 0 || s.first(o, g.of.Value) {
			s.feed(g.name, m, k, 1)
		}
	}
}

// negativeTopics are the topics that an opinion is negative about.
func negativeTopics(o *insight.Outcome) []string {
	bad, _, _ := strings.Cut(o.Dims[insight.DimTopic], "\n")
	if bad == "" {
		return nil
	}
	return strings.Split(bad, ",")
}

func valueName(kind insight.OutcomeKind, dim insight.Dim, value string) string {
	return string(kind) + "/" + string(dim) + "=" + value
}

func (s *shop) feed(name string, m detect.Moment, k, n float64) {
	if g := s.signals[name]; g != nil {
		s.feedTo(g, m, k, n)
	}
}

// feedTo feeds a signal, and the pool of its theme.
func (s *shop) feedTo(g *signal, m detect.Moment, k, n float64) {
	g.feed(m, k, n)
	if p := s.pools[g.theme]; p != nil && g.share != nil && !g.on() {
		if part := p.parts[g.name]; part > 0 {
			p.pool.Take(g.share, k, n, part)
		}
	}
}

// person is a customer in what counts once. Only a hash of it is kept: hundreds of thousands are remembered.
type person struct {
	profile event.ID
	kind    insight.OutcomeKind
	of      string
}

var personSeed = maphash.MakeSeed()

// first reports whether a customer is counted now, or was within the time of once.
func (s *shop) first(o *insight.Outcome, of string) bool {
	k := maphash.Comparable(personSeed, person{o.Profile, o.Kind, of})
	at, ok := s.people.get(k)
	if ok && o.At-at < once[o.Kind].Microseconds() && o.At-at > -once[o.Kind].Microseconds() {
		return false
	}
	s.people.put(k, o.At)
	return true
}

// moment is what the shop's calendar says of a time.
func (s *shop) moment(at int64) detect.Moment {
	const hour = int64(time.Hour / time.Microsecond)
	if h := at / hour; h != s.hourAt || s.hour.At == 0 {
		t := time.UnixMicro(at).In(s.zone)
		_, holiday := s.hours.Holiday(t)
		s.hourAt = h
		s.hour = detect.Moment{At: at, Hour: (int(t.Weekday())+6)%7*24 + t.Hour(), Holiday: holiday}
	}
	m := s.hour
	m.At, m.Holiday = at, m.Holiday || s.unusual(at)
	return m
}
