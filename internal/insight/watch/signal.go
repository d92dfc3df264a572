package watch

import (
	"slices"
	"strings"

	"github.com/dhvani/dhvani/internal/event"
	"github.com/dhvani/dhvani/internal/insight"
	"github.com/dhvani/dhvani/internal/insight/cause"
	"github.com/dhvani/dhvani/internal/insight/detect"
	"github.com/dhvani/dhvani/internal/insight/incident"
)

// signal is one watched series: a share of outcomes, or a count.
type signal struct {
	name  string              // such as checkout/method=upi
	kind  insight.OutcomeKind // of a share, or of counted outcomes
	count insight.Name        // of a count of signals
	of    cause.Pair          // the value that it is restricted to, zero for none
	theme string
	good  detect.Direction // the direction that is good news; Unchanged where neither is
	ways  []detect.Direction

	share *detect.Share
	tally *detect.Count
	term  *detect.Term
	hash  uint64            // of a term
	wrote map[event.ID]bool // opinions that hold the term,
	moods float64           // and how badly they sound, added up

	now     detect.Reading
	insight string // of which it is a sign
	listed  bool   // it stands in the console, and no more
	changed bool   // since its state was stored
	wary    float64
}

// Themes are what a trouble is about; signals of one theme that go wrong together
// are one Insight.
const (
	themeCheckout = "checkout"
	themeDelivery = "delivery"
	themeProduct  = "product"
	themePrice    = "price"
	themeStock    = "stock"
	themeService  = "service"
	themeSearch   = "search"
	themeTraffic  = "traffic"
	themeOrders   = "orders"
	themeOpinion  = "opinion"
)

// topicTheme begins the theme of opinions on a topic of its own.
const topicTheme = "topic "

// topicThemes says what theme opinions on a topic belong to.
var topicThemes = map[string]string{
	"checkout": themeCheckout, "payment": themeCheckout, "website": themeCheckout,
	"delivery": themeDelivery, "packaging": themeDelivery,
	"product": themeProduct, "size": themeProduct, "returns": themeProduct,
	"price": themePrice, "offers": themePrice, "stock": themeStock, "service": themeService,
}

// kindThemes says what theme outcomes belong to.
var kindThemes = map[insight.OutcomeKind]string{
	insight.CheckoutEnded: themeCheckout, insight.PageDisturbed: themeCheckout, insight.DeliveryEnded: themeDelivery, insight.OrderSentBack: themeProduct,
	insight.SearchMade: themeSearch, insight.ReplyWaitedFor: themeService, insight.OpinionGiven: themeOpinion, insight.RatingGiven: themeOpinion,
	insight.PaintTook: themeCheckout, insight.InputTook: themeCheckout, insight.LayoutMove: themeCheckout, insight.ServerTook: themeCheckout,
}

// split are the dimensions by whose values a kind is watched besides as a whole.
var split = map[insight.OutcomeKind][]insight.Dim{
	insight.CheckoutEnded: {insight.DimMethod, insight.DimDevice, insight.DimBrowser, insight.DimCountry, insight.DimRelease},
	insight.DeliveryEnded: {insight.DimCarrier, insight.DimArea},
	insight.OpinionGiven:  {insight.DimTopic, insight.DimProduct, insight.DimArea},
	insight.RatingGiven:   {insight.DimProduct, insight.DimScore},
	insight.PaintTook:     {insight.DimDevice, insight.DimRelease},
	insight.InputTook:     {insight.DimDevice, insight.DimRelease},
	insight.LayoutMove:    {insight.DimDevice, insight.DimRelease},
	insight.ServerTook:    {insight.DimDevice, insight.DimRelease},
}

// shares are the kinds that are watched as shares of what went badly, or as means
// (measures.go).
var shares = []insight.OutcomeKind{insight.CheckoutEnded, insight.DeliveryEnded, insight.OpinionGiven, insight.RatingGiven,
	insight.SearchMade, insight.PageDisturbed, insight.ReplyWaitedFor, insight.PaintTook, insight.InputTook, insight.LayoutMove, insight.ServerTook}

// counts are the signals whose number itself is watched: a tiny shop's orders
// alone are silent too long. More complaints than usual are trouble, whatever share
// of the opinions they are.
var counts = []insight.Name{insight.Visits, insight.Checkouts, insight.Orders, insight.Upset}

const (
	mostValues  = 12 // of a dimension that are watched
	mostTopics  = 20 //
	mostWatched = 60 // products
	leastShare  = 0.02
	mostShare   = 0.95 // from so much on a value is the whole itself, which is watched already
	leastSeen   = 40   // outcomes of a value in the history before it is watched alone
	mostSignals = 5000
	leastBad    = 20.0 // that went badly, before fewer are good news
)

var bothWays = []detect.Direction{detect.Up, detect.Down}

// newShare makes the signal of a kind, or of one of its values.
func newShare(kind insight.OutcomeKind, dim insight.Dim, value string) *signal {
	s := &signal{name: string(kind), kind: kind, theme: kindThemes[kind], good: detect.Down, ways: bothWays, share: &detect.Share{}, wary: 1}
	if dim != "" {
		s.of = cause.Pair{Dim: string(dim), Value: value}
		s.name += "/" + string(dim) + "=" + value
		s.ways = []detect.Direction{detect.Up} // that one value is better than usual shows in the whole, or is nobody's business
	}
	switch dim {
	case insight.DimTopic:
		s.theme = topicThemes[value]
		if s.theme == "" {
			s.theme = topicTheme + value
		}
	case insight.DimProduct:
		s.theme = themeProduct
	case insight.DimScore:
		s.ways = bothWays // no whole stands above it
	}
	return s
}

// counted begins the name of a counted signal.
const counted = "number of "

func newCount(name insight.Name) *signal {
	switch name {
	case insight.Waiting:
		return &signal{name: counted + string(name), count: name, theme: themeService, good: detect.Down, ways: []detect.Direction{detect.Up}, tally: &detect.Count{}, wary: 1}
	case insight.Upset:
		return &signal{name: counted + string(name), count: name, theme: themeOpinion, good: detect.Down, ways: []detect.Direction{detect.Up}, tally: &detect.Count{}, wary: 1}
	}
	return &signal{name: counted + string(name), count: name, theme: themeTraffic, good: detect.Up, ways: bothWays, tally: &detect.Count{}, wary: 1}
}

// newReturns counts what is sent back.
func newReturns() *signal {
	return &signal{name: string(insight.OrderSentBack), kind: insight.OrderSentBack, theme: themeProduct, good: detect.Down,
		ways: []detect.Direction{detect.Up}, tally: &detect.Count{}, wary: 1}
}

// themeNow is the theme in the direction that it went.
func (s *signal) themeNow() string { return s.themeOf(s.now.Direction == detect.Up) }

// themeOf is the theme in a direction: that fewer come is another trouble than that
// many do.
func (s *signal) themeOf(up bool) string {
	if s.theme == themeTraffic && !up {
		return themeOrders
	}
	return s.theme
}

func (s *signal) isGood() bool { return s.now.Direction == s.good }

// evidence is what the budget judges, 0 in a direction that is not watched.
func (s *signal) evidence() float64 {
	if s.now.Phase == detect.Learning || !slices.Contains(s.ways, s.now.Direction) {
		return 0
	}
	if s.share != nil && s.now.Direction == detect.Down && s.share.Base.Sum < leastBad {
		return 0 // what hardly ever goes wrong cannot go better
	}
	return s.now.Evidence / s.wary
}

func (s *signal) on() bool {
	if s.term != nil {
		return s.term.Ep.On
	}
	if s.share != nil {
		return s.share.S.Ep.On
	}
	return s.tally.S.Ep.On
}

func (s *signal) raise() {
	if s.term != nil {
		s.term.Raise()
		s.now = s.reading()
		return
	}
	if s.share != nil {
		s.share.Raise()
	} else {
		s.tally.Raise()
	}
}

func (s *signal) calm() {
	if s.term != nil {
		s.term.Calm()
	} else if s.share != nil {
		s.share.Calm()
	} else {
		s.tally.Calm()
	}
	s.now, s.changed = s.reading(), true
}

func (s *signal) feed(m detect.Moment, k, n float64) {
	if s.term != nil {
		s.now = s.term.Feed(m, k, n)
	} else if s.share != nil {
		s.now = s.share.Feed(m, k, n)
	} else {
		s.now = s.tally.Feed(m, k)
	}
	s.changed = true
}

func (s *signal) state() []byte {
	if s.term != nil {
		return s.term.State()
	}
	if s.share != nil {
		return s.share.State()
	}
	return s.tally.State()
}

func (s *signal) restore(b []byte) error {
	if s.term != nil {
		return s.term.Restore(b)
	}
	if s.share != nil {
		return s.share.Restore(b)
	}
	return s.tally.Restore(b)
}

// sign is the signal as it stands in an Insight.
func (s *signal) sign() incident.Sign {
	g := incident.Sign{Signal: s.name, Outcome: s.kind, Name: s.count, Up: s.now.Direction == detect.Up, Since: s.now.Since, Ended: s.now.Ended, Evidence: s.now.Evidence,
		Expected: s.now.Expected, Low: s.now.Low, High: s.now.High, Excess: s.now.Excess}
	if s.of.Dim != "" {
		g.Of = []cause.Pair{s.of}
	}
	if s.rates() {
		g.Of = append(g.Of, incident.ByStrangers)
	}
	s.atOnce(&g)
	return g
}

// parse makes the signal of a stored name, nil where it is none of this version.
func parse(name string) *signal {
	if kind, value, ok := strings.Cut(name, "/"); ok {
		if prefix := kind + "/"; prefix == phraseSignal || prefix == praiseSignal {
			return newPhrase(name)
		}
		if kind+"/" == strangersSignal {
			return newStrangers(name)
		}
		dim, v, _ := strings.Cut(value, "=")
		k := insight.OutcomeKind(kind)
		if slices.Contains(split[k], insight.Dim(dim)) {
			return newShare(k, insight.Dim(dim), v)
		}
		return nil
	}
	if n, ok := strings.CutPrefix(name, counted); ok && (slices.Contains(counts, insight.Name(n)) || n == string(insight.Waiting)) {
		return newCount(insight.Name(n))
	}
	switch {
	case name == string(insight.OrderSentBack):
		return newReturns()
	case slices.Contains(shares, insight.OutcomeKind(name)):
		return newShare(insight.OutcomeKind(name), "", "")
	}
	return nil
}
