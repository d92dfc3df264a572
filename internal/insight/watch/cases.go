package watch

import (
	"slices"
	"strings"
	"time"

	"github.com/dhvani/dhvani/internal/event"
	"github.com/dhvani/dhvani/internal/insight"
	"github.com/dhvani/dhvani/internal/insight/cause"
)

// causeDims are the dimensions in which causes of a kind are looked for.
var causeDims = map[insight.OutcomeKind][]insight.Dim{
	insight.CheckoutEnded: {insight.DimMethod, insight.DimDevice, insight.DimSystem, insight.DimBrowser, insight.DimRelease, insight.DimCountry, insight.DimRegion,
		insight.DimProduct, insight.DimCategory, insight.DimCampaign, insight.DimBuyer},
	insight.DeliveryEnded:  {insight.DimCarrier, insight.DimArea, insight.DimRegion, insight.DimCountry, insight.DimCategory},
	insight.OpinionGiven:   {insight.DimProduct, insight.DimVariant, insight.DimLot, insight.DimCategory, insight.DimArea, insight.DimCountry, insight.DimCarrier, insight.DimMethod, insight.DimDevice},
	insight.RatingGiven:    {insight.DimProduct, insight.DimVariant, insight.DimLot, insight.DimCategory, insight.DimArea, insight.DimCountry, insight.DimCarrier, insight.DimMethod, insight.DimDevice},
	insight.OrderSentBack:  {insight.DimProduct, insight.DimVariant, insight.DimLot, insight.DimCategory, insight.DimArea, insight.DimCountry},
	insight.SearchMade:     {insight.DimQuery, insight.DimCountry, insight.DimDevice},
	insight.PageDisturbed:  pageDims,
	insight.ReplyWaitedFor: {insight.DimChannel, insight.DimLanguage},
	insight.PaintTook:      pageDims, insight.InputTook: pageDims, insight.LayoutMove: pageDims, insight.ServerTook: pageDims,
}

// cases are what is looked at of customers.
type cases struct {
	kind   insight.OutcomeKind
	topics []string          // of opinions: negative about any of these
	wrote  map[event.ID]bool // of opinions: those that hold a phrase
	slow   float64           // of vitals: what is worse than nearly all before
}

// bad is how badly an outcome went, by what the Insight is about.
func (c cases) bad(o *insight.Outcome) float64 {
	if isVital(c.kind) {
		if o.Bad > c.slow {
			return 1
		}
		return 0
	}
	if c.wrote != nil {
		if c.wrote[o.Subject] {
			return 1
		}
		return 0
	}
	if c.kind != insight.OpinionGiven || len(c.topics) == 0 {
		return o.Bad
	}
	for _, t := range negativeTopics(o) {
		if slices.Contains(c.topics, t) {
			return 1
		}
	}
	return 0
}

// causes looks for them among cases.
func (c cases) causes(since, was []insight.Outcome, from, now int64, up bool) ([]cause.Cause, bool) {
	t := c.table(causeDims[c.kind], since, was)
	if c.kind == insight.OrderSentBack {
		return cause.FindCount(scaled(t, since, was, from, now), up)
	}
	causes, sure := cause.Find(t, up)
	if several, ok := cause.Several(t); ok && up && !(sure && as(causes[0], several)) && !slices.ContainsFunc(causes, func(c cause.Cause) bool { return c.Explains >= 0.6 && as(c, several) }) {
		causes, sure = append([]cause.Cause{several}, causes[:min(len(causes), 2)]...), several.Sure >= 0.5
	}
	return causes, sure
}

// finer is how many times the rate of one value several values of a dimension must have to be named in its place: in two regions of a country much
// more goes wrong than in all of it.
const finer = 1.2

// as reports whether one cause tells who is hit as well as several values together.
func as(c, several cause.Cause) bool { return len(c.Pairs) > 0 && finer*c.Rate >= several.Rate }

// table adds outcomes up by the values of their dimensions. A customer counts once.
func (c cases) table(dims []insight.Dim, since, was []insight.Outcome) cause.Table {
	t := cause.Table{}
	for _, d := range dims {
		t.Dims = append(t.Dims, string(d))
	}
	at := map[string]int{}
	group := func(o *insight.Outcome) *cause.Group {
		values := make([]string, len(dims))
		for i, d := range dims {
			values[i] = o.Dims[d]
		}
		key := strings.Join(values, "\x00")
		i, ok := at[key]
		if !ok {
			i = len(t.Groups)
			at[key] = i
			t.Groups = append(t.Groups, cause.Group{Values: values})
		}
		return &t.Groups[i]
	}
	for _, o := range c.customers(since) {
		g := group(o)
		g.N++
		g.Bad += c.bad(o)
	}
	for i := range was {
		if o := &was[i]; !o.Again {
			g := group(o)
			g.WasN++
			g.WasBad += c.bad(o)
		}
	}
	return t
}

// customers are each customer's worst outcome, the earliest of these.
func (c cases) customers(list []insight.Outcome) (out []*insight.Outcome) {
	at := map[event.ID]int{}
	for i := len(list) - 1; i >= 0; i-- { // the oldest first
		o := &list[i]
		if o.Again {
			continue
		}
		k, ok := at[o.Profile]
		switch {
		case !ok:
			at[o.Profile] = len(out)
			out = append(out, o)
		case c.bad(o) > c.bad(out[k]):
			out[k] = o
		}
	}
	return out
}

// scaled makes of what came before what would have come since.
func scaled(t cause.Table, since, was []insight.Outcome, from, now int64) cause.Table {
	if len(was) == 0 {
		return t
	}
	length := float64(max(from-was[len(was)-1].At, 1))
	k := float64(max(now-from, int64(time.Minute/time.Microsecond))) / length
	for i := range t.Groups {
		t.Groups[i].WasN *= k
		t.Groups[i].WasBad *= k
	}
	return t
}
