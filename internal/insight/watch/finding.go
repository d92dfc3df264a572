package watch

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/dhvani/dhvani/internal/db"
	"github.com/dhvani/dhvani/internal/event"
	"github.com/dhvani/dhvani/internal/insight"
	"github.com/dhvani/dhvani/internal/insight/cause"
	"github.com/dhvani/dhvani/internal/insight/incident"
)

const (
	lookedThrough = 20_000              // outcomes since and before, in the search for causes
	compareWith   = 28 * 24 * time.Hour // before
	mostHits      = 5_000
	mostReasons   = 5
	changedBefore = 6 * time.Hour // changes that may be the cause
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

// found is what is said of an Insight now, with the customers whom it hits.
type found struct {
	incident.Finding
	hits []incident.Hit
}

// find says what some signals show together, as of a time.
func (s *shop) find(ctx context.Context, tx *db.Tx, r Records, signals []*signal, before *incident.Finding, now int64) (f found, err error) {
	signals = slices.Clone(signals)
	slices.SortFunc(signals, byRank)
	if before != nil && before.Kind == incident.Phrase {
		wordsFirst(signals)
	}
	main := signals[0]
	f.Since, f.Noticed, f.Theme, f.Good = main.now.Since, now, main.themeNow(), main.isGood()
	if before != nil {
		f.Noticed, f.Phrase, f.Since, f.Good = before.Noticed, before.Phrase, before.Since, before.Good
		if before.Kind == incident.Phrase && main.count == insight.Visits { // what was only said is seen
			f.Good = main.isGood()
		}
		if was := signIn(before, main.name); was != nil { // also after it has turned
			f.Theme = main.themeOf(was.Up)
		}
	}
	for _, g := range signals {
		sign := g.sign()
		if was := signIn(before, g.name); was != nil { // it stays what it was, also when it is over
			sign.Up, sign.Since, sign.Noticed, sign.Evidence = was.Up, was.Since, was.Noticed, max(sign.Evidence, was.Evidence)
		} else {
			sign.Noticed = now
		}
		if err := s.observe(ctx, tx, r, g, &sign, now); err != nil {
			return f, fmt.Errorf("observe %s: %w", g.name, err)
		}
		f.Signs = append(f.Signs, sign)
	}
	if main.kind != "" || main.count == insight.Upset || main.count == insight.Waiting {
		if err := s.explain(ctx, tx, r, main, signals, &f, now); err != nil {
			return f, fmt.Errorf("explain %s: %w", main.name, err)
		}
	}
	if f.Theme == themeTraffic {
		if err := s.crowd(ctx, tx, r, &f, now); err != nil {
			return f, fmt.Errorf("what visitors look at: %w", err)
		}
	}
	if f.Theme == themeOrders {
		if err := s.fewer(ctx, tx, r, &f); err != nil {
			return f, fmt.Errorf("orders that do not come: %w", err)
		}
	}
	f.Kind = kindOf(f.Theme, main, f.Causes, f.Sure)
	f.spoken(main, signals)
	if err := s.voices(ctx, tx, r, main, &f, now); err != nil {
		return f, fmt.Errorf("voices on %s: %w", main.name, err)
	}
	changes, err := r.Changes(ctx, tx, s.workspace, f.Since-changedBefore.Microseconds(), now)
	if err != nil {
		return f, fmt.Errorf("changes before %s: %w", main.name, err)
	}
	f.Changes = likely(changes, f.Since, f.Noticed, f.Causes)
	if err := s.named(ctx, tx, r, &f); err != nil {
		return f, fmt.Errorf("name the product of %s: %w", main.name, err)
	}
	return f, nil
}

// signIn is a signal as it stands in an Insight, nil where it does not.
func signIn(f *incident.Finding, name string) *incident.Sign {
	if f == nil {
		return nil
	}
	for i := range f.Signs {
		if f.Signs[i].Signal == name {
			return &f.Signs[i]
		}
	}
	return nil
}

// peak is the most evidence that a sign had.
func peak(f *incident.Finding, name string) float64 {
	if s := signIn(f, name); s != nil {
		return s.Evidence
	}
	return 0
}

// fewer says what orders cost that did not come, where orders themselves are a sign.
func (s *shop) fewer(ctx context.Context, tx *db.Tx, r Records, f *found) error {
	for _, sign := range f.Signs {
		if sign.Name != insight.Orders || sign.Up {
			continue
		}
		was, err := r.OutcomesOf(ctx, tx, s.workspace, insight.CheckoutEnded, f.Since-compareWith.Microseconds(), f.Since, lookedThrough)
		if err != nil {
			return err
		}
		f.Lost = missing(sign.Expected, sign.Low, sign.High, sign.Observed, sign.N, usualOrders(was))
	}
	return nil
}

// observe counts what a signal has come to since its onset.
func (s *shop) observe(ctx context.Context, tx *db.Tx, r Records, g *signal, sign *incident.Sign, now int64) error {
	// Minutes are kept for two days, quarters of an hour for sixty.
	grain := insight.Minute
	if now-sign.Since > 40*int64(time.Hour/time.Microsecond) {
		grain = insight.Quarter
	}
	if now-sign.Since > 50*dayMicros {
		grain = insight.Day
	}
	from := grain.Slot(sign.Since)
	var slots []insight.Slot
	var err error
	switch {
	case g.term != nil:
		sign.N, sign.Observed = g.term.All[1], g.term.All[0]/max(g.term.All[1], 1)
		sign.Excess = g.term.All[0] - sign.Expected*sign.N
		return nil
	case g.count != "":
		var by map[insight.Name][]insight.Slot
		by, err = r.Series(ctx, tx, s.workspace, []insight.Name{g.count}, from, now+1, grain)
		slots = by[g.count]
	case g.of.Dim == string(insight.DimTopic):
		all, e1 := r.OutcomeSeries(ctx, tx, s.workspace, g.kind, "", "", from, now+1, grain)
		slots, err = s.ofValue(ctx, tx, r, g, sign, from, now, grain)
		if e1 != nil {
			return e1
		}
		n := int64(0)
		for _, x := range all {
			n += x.N
		}
		for i := range slots {
			slots[i].N = 0
		}
		slots = append(slots, insight.Slot{N: n})
	case g.of.Dim != "":
		slots, err = s.ofValue(ctx, tx, r, g, sign, from, now, grain)
	default:
		slots, err = r.OutcomeSeries(ctx, tx, s.workspace, g.kind, "", "", from, now+1, grain)
	}
	if err != nil {
		return err
	}
	var n, bad float64
	for _, x := range slots {
		n, bad = n+float64(x.N), bad+x.Bad
	}
	if g.count == insight.Waiting {
		n /= 60
	}
	if g.tally != nil {
		hours := max(float64(now-from)/float64(time.Hour/time.Microsecond), 1.0/60)
		sign.N, sign.Observed = hours, n/hours
		sign.Excess = n - sign.Expected*hours
	} else if n > 0 {
		sign.N, sign.Observed = n, bad/n
		sign.Excess = bad - sign.Expected*n
	}
	return nil
}

// ofValue is how the outcomes of a value went since a time. While they are few they are looked at one by one. Beyond that quarters of an hour are
// read, and of the first one that part is left out that came before, as the quarter before went.
func (s *shop) ofValue(ctx context.Context, tx *db.Tx, r Records, g *signal, sign *incident.Sign, from, now int64, grain insight.Grain) ([]insight.Slot, error) {
	dim := insight.Dim(g.of.Dim)
	if grain == insight.Minute {
		list, err := s.outcomesSince(ctx, tx, r, g.kind, from, now)
		if err != nil || len(list) < lookedThrough {
			return g.slots(list), err
		}
		grain = insight.Quarter
	}
	const quarter = int64(15 * time.Minute / time.Microsecond)
	began := insight.Quarter.Slot(from)
	slots, err := r.OutcomeSeries(ctx, tx, s.workspace, g.kind, dim, g.of.Value, began-quarter, now+1, grain)
	if err != nil || grain != insight.Quarter || len(slots) == 0 || slots[0].At >= began {
		return slots, err
	}
	before := slots[0]
	if slots = slots[1:]; len(slots) > 0 && slots[0].At == began {
		n := min(before.N*(from-began)/quarter, slots[0].N)
		slots[0].N -= n
		slots[0].Bad = max(slots[0].Bad-sign.Expected*float64(n), 0)
	}
	return slots, nil
}

// explain looks for causes, and gathers whom it hits and why it failed.
func (s *shop) explain(ctx context.Context, tx *db.Tx, r Records, main *signal, signals []*signal, f *found, now int64) error {
	c := cases{kind: cmp.Or(main.kind, insight.OpinionGiven)}
	if main.count == insight.Waiting {
		c.kind = insight.ReplyWaitedFor
	}
	for _, g := range signals {
		if g.kind == c.kind && g.of.Dim == string(insight.DimTopic) {
			c.topics = append(c.topics, g.of.Value)
		}
	}
	switch {
	case main.says():
		c.wrote = holding(main, signals)
	case main.rates():
		c.wrote = main.wrote
	}
	since, err := s.outcomesSince(ctx, tx, r, c.kind, f.Since, now)
	if err != nil {
		return err
	}
	was, err := r.OutcomesOf(ctx, tx, s.workspace, c.kind, f.Since-compareWith.Microseconds(), f.Since, lookedThrough)
	if err != nil {
		return err
	}
	if !main.rates() {
		since = s.sincere(since)
	}
	if isVital(c.kind) {
		c.slow = slow(was)
	}
	up := f.Signs[0].Up // that of main
	if f.Theme == themeOpinion && up {
		f.Theme, c.topics = s.topic(since)
	}
	f.Causes, f.Sure = c.causes(since, was, f.Since, now, up)
	if up {
		s.hit(c, since, f)
	}
	if !f.Sure && up && (c.kind == insight.OpinionGiven || c.kind == insight.RatingGiven) {
		if err := s.otherwise(ctx, tx, r, c.kind, signals, f, now); err != nil {
			return err
		}
	}
	if c.kind == insight.CheckoutEnded && up {
		over := !slices.ContainsFunc(signals, func(g *signal) bool { return g.on() || g.listed })
		f.Lost = s.failures(f, since, was, now, over)
	}
	return nil
}

// causes looks for them among cases.
func (c cases) causes(since, was []insight.Outcome, from, now int64, up bool) ([]cause.Cause, bool) {
	t := c.table(causeDims[c.kind], since, was)
	if c.kind == insight.OrderSentBack {
		return cause.FindCount(scaled(t, since, was, from, now), up)
	}
	causes, sure := cause.Find(t, up)
	if several, ok := cause.Several(t); ok && up && (!sure || several.Rate >= finer*causes[0].Rate) && !sharper(causes, several) {
		causes, sure = append([]cause.Cause{several}, causes[:min(len(causes), 2)]...), several.Sure >= 0.5
	}
	return causes, sure
}

// finer is how many times the rate of one sure value several values of a dimension must have to be named in its place: in two regions of a country much
// more goes wrong than in all of it.
const finer = 1.2

// sharper reports whether one of some causes tells who is hit as well as
// several values together.
func sharper(causes []cause.Cause, several cause.Cause) bool {
	return slices.ContainsFunc(causes, func(c cause.Cause) bool {
		return len(c.Pairs) > 0 && c.Explains >= 0.6 && c.Rate >= 0.95*several.Rate
	})
}

// likelier is from which probability on it does though it is not sure.
const likelier = 0.6

// otherwise looks whether another kind of sign shows better what opinions leave open: ratings know the lot of what was bought, and parcels their
// courier, where a message in a chat knows neither.
func (s *shop) otherwise(ctx context.Context, tx *db.Tx, r Records, but insight.OutcomeKind, signals []*signal, f *found, now int64) error {
	for i, g := range signals {
		c := cases{kind: g.kind}
		if g.kind == but || !f.Signs[i].Up || causeDims[c.kind] == nil || slices.ContainsFunc(signals[:i], func(o *signal) bool { return o.kind == g.kind }) {
			continue
		}
		since, err := r.OutcomesOf(ctx, tx, s.workspace, c.kind, f.Since, now+1, lookedThrough)
		if err != nil {
			return err
		}
		was, err := r.OutcomesOf(ctx, tx, s.workspace, c.kind, f.Since-compareWith.Microseconds(), f.Since, lookedThrough)
		if err != nil {
			return err
		}
		causes, sure := c.causes(since, was, f.Since, now, true)
		if len(causes) == 0 || len(causes[0].Pairs) == 0 {
			continue
		}
		if sure || causes[0].Sure > likelier && (len(f.Causes) == 0 || f.Causes[0].Sure < causes[0].Sure) {
			f.Causes, f.Sure = causes, sure
		}
		if sure {
			return nil
		}
	}
	return nil
}

// topic is the theme that most of the opinions beyond the usual are about, with its
// topics; the general one and none where none stands out.
func (s *shop) topic(since []insight.Outcome) (theme string, topics []string) {
	extra, by, all := map[string]float64{}, map[string]float64{}, 0.0
	for i := range since {
		for _, t := range negativeTopics(&since[i]) {
			by[t]++
			extra[cmp.Or(topicThemes[t], topicTheme+t)]++
		}
		all += since[i].Bad
	}
	for _, g := range s.topics {
		by[g.of.Value] -= g.now.Expected * float64(len(since))
		extra[g.theme] -= g.now.Expected * float64(len(since))
	}
	best := largest(extra, max(3, 0.1*all))
	switch best {
	case "":
		return themeOpinion, nil
	case themeCheckout, themeService: // what customers say alone does not say that it is so
		t := largest(by, 0)
		return topicTheme + t, []string{t}
	}
	for t := range by {
		if cmp.Or(topicThemes[t], topicTheme+t) == best {
			topics = append(topics, t)
		}
	}
	return best, topics
}

// largest is the name with the largest number above a limit, "" for none.
func largest(of map[string]float64, limit float64) (name string) {
	for _, k := range slices.Sorted(maps.Keys(of)) {
		if of[k] > limit {
			name, limit = k, of[k]
		}
	}
	return name
}

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

// hit lists the customers with a bad outcome since then, those of the cause alone
// where it is sure, and what is told of their failures.
func (s *shop) hit(c cases, since []insight.Outcome, f *found) {
	by := map[event.ID]*incident.Hit{}
	reasons := map[string]int{}
	for i := len(since) - 1; i >= 0; i-- {
		o := &since[i]
		h := by[o.Profile]
		if c.bad(o) < 0.5 {
			if h != nil && h.Back == 0 {
				h.Back = o.At
			}
			continue
		}
		if f.Sure && len(f.Causes) > 0 && !within(o, f.Causes[0].Pairs) {
			continue
		}
		if !o.Again {
			if why := o.Dims[insight.DimReason]; why != "" {
				reasons[why]++
			}
		}
		if h == nil {
			if len(by) >= mostHits {
				continue
			}
			h = &incident.Hit{Profile: o.Profile, First: o.At, Currency: o.Currency}
			by[o.Profile] = h
		}
		h.First, h.Last, h.Times = min(h.First, o.At), max(h.Last, o.At), h.Times+1
		if o.Currency == h.Currency {
			h.Amount = max(h.Amount, o.Amount)
		}
	}
	for _, h := range by {
		f.hits = append(f.hits, *h)
		f.Hit++
		if h.Back > 0 {
			f.Back++
		}
		if f.First == 0 || h.First < f.First {
			f.First = h.First
		}
	}
	slices.SortFunc(f.hits, func(a, b incident.Hit) int { return bytes.Compare(a.Profile[:], b.Profile[:]) })
	for why, n := range reasons {
		f.Reasons = append(f.Reasons, incident.Reason{Text: why, N: n})
	}
	slices.SortFunc(f.Reasons, func(a, b incident.Reason) int { return cmp.Or(b.N-a.N, strings.Compare(a.Text, b.Text)) })
	f.Reasons = f.Reasons[:min(len(f.Reasons), mostReasons)]
}

// within reports whether an outcome has the values of a cause: of several of one
// dimension, one.
func within(o *insight.Outcome, pairs []cause.Pair) bool {
	for i := 0; i < len(pairs); {
		dim, has := pairs[i].Dim, false
		for ; i < len(pairs) && pairs[i].Dim == dim; i++ {
			has = has || o.Dims[insight.Dim(dim)] == pairs[i].Value
		}
		if !has {
			return false
		}
	}
	return true
}

// voices counts the opinions since then that are about it.
func (s *shop) voices(ctx context.Context, tx *db.Tx, r Records, main *signal, f *found, now int64) error {
	list, err := s.outcomesSince(ctx, tx, r, insight.OpinionGiven, f.Since, now)
	if err != nil {
		return err
	}
	for i := range list {
		bad, good, _ := strings.Cut(list[i].Dims[insight.DimTopic], "\n")
		switch {
		case main.term != nil && !main.wrote[list[i].Subject]:
		case main.term != nil:
			f.Voices++
			if list[i].Bad > 0.5 {
				f.Upset++
			}
		case about(bad, f.Theme):
			f.Voices++
			f.Upset++
		case about(good, f.Theme):
			f.Voices++
		}
	}
	return nil
}

// about reports whether one of some topics belongs to a theme.
func about(topics, theme string) bool {
	for t := range strings.SplitSeq(topics, ",") {
		if t != "" && (topicThemes[t] == theme || "topic "+t == theme) {
			return true
		}
	}
	return false
}

// likely are the changes that may be the cause: before it began or hardly after,
// those that name a value of the cause first, then the latest. The longer it took to be noticed,
// the less exactly it is known when it began.
func likely(changes []insight.Change, since, noticed int64, causes []cause.Cause) (out []incident.Change) {
	slack := max(int64(2*time.Minute/time.Microsecond), (noticed-since)/3)
	named := func(c incident.Change) bool {
		for _, k := range causes {
			for _, p := range k.Pairs {
				if c.Of[p.Dim] == p.Value {
					return true
				}
			}
		}
		return false
	}
	for _, c := range changes {
		if c.At <= since+slack {
			out = append(out, incident.Change(c))
		}
	}
	slices.SortStableFunc(out, func(a, b incident.Change) int {
		if x, y := named(a), named(b); x != y {
			if x {
				return -1
			}
			return 1
		}
		return cmp.Compare(b.At, a.At)
	})
	return out[:min(len(out), 5)]
}

// kindOf is the kind of a theme.
func kindOf(theme string, main *signal, causes []cause.Cause, sure bool) incident.Kind {
	if main.says() {
		return incident.Phrase
	}
	if main.rates() {
		return incident.Reviews
	}
	said := main.kind == insight.OpinionGiven || main.kind == insight.RatingGiven || main.count == insight.Upset
	if said && (theme == themeCheckout || theme == themeService) {
		return incident.Topic // customers say so; nothing else shows it
	}
	switch theme {
	case themeCheckout:
		if main.kind == insight.PageDisturbed || isVital(main.kind) {
			return incident.Page
		}
		byMethod := func(p cause.Pair) bool { return p.Dim == string(insight.DimMethod) }
		if byMethod(main.of) && !sure || sure && len(causes) > 0 && slices.ContainsFunc(causes[0].Pairs, byMethod) {
			return incident.Payment
		}
		return incident.Checkout
	case themeDelivery:
		return incident.Delivery
	case themeProduct:
		return incident.Product
	case themePrice:
		return incident.Price
	case themeStock:
		return incident.Stock
	case themeService:
		return incident.Service
	case themeSearch:
		return incident.Search
	case themeTraffic:
		return incident.Traffic
	case themeOrders:
		return incident.Orders
	case themeOpinion:
		if sure && len(causes) > 0 && slices.ContainsFunc(causes[0].Pairs, func(p cause.Pair) bool { return p.Dim == string(insight.DimProduct) || p.Dim == string(insight.DimLot) }) {
			return incident.Product
		}
		return incident.Score
	}
	return incident.Topic
}
