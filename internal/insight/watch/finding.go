package watch

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/dhvani/dhvani/internal/db"
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

// found is what is said of an Insight now, with the customers whom it hits.
type found struct {
	incident.Finding
	hits    []incident.Hit
	signals []*signal // of the signs
}

// find says what some signals show together, as of a time.
func (s *shop) find(ctx context.Context, tx *db.Tx, r Records, signals []*signal, before *incident.Finding, now int64) (f found, err error) {
	if err := s.sign(ctx, tx, r, signals, &f, before, now); err != nil {
		return f, err
	}
	main := f.signals[0]
	f.Since, f.Noticed, f.Theme, f.Good = main.now.Since, now, main.themeOf(f.Signs[0].Up), main.isGood()
	if before != nil {
		f.Noticed, f.Phrase, f.Since, f.Good = before.Noticed, before.Phrase, before.Since, before.Good
		if before.Kind == incident.Phrase && main.count == insight.Visits { // what was only said is seen
			f.Good = f.Signs[0].Up
		}
	}
	if main.kind != "" || main.count == insight.Upset || main.count == insight.Waiting {
		if err := s.explain(ctx, tx, r, main, f.signals, &f, before, now); err != nil {
			return f, fmt.Errorf("explain %s: %w", main.name, err)
		}
		named := ""
		if before != nil && len(before.Signs) > 0 {
			named = before.Signs[0].Signal
		}
		f.lead(named)
		main = f.signals[0]
	}
	if f.Theme == themeTraffic {
		if err := s.crowd(ctx, tx, r, &f, now); err != nil {
			return f, fmt.Errorf("what visitors look at: %w", err)
		}
	}
	if f.Theme == themeOrders {
		if err := s.fewer(ctx, tx, r, &f, now); err != nil {
			return f, fmt.Errorf("orders that do not come: %w", err)
		}
	}
	f.Kind = kindOf(f.Theme, main, f.Causes, f.Sure)
	f.spoken(main, f.signals)
	if err := s.voices(ctx, tx, r, main, &f, now); err != nil {
		return f, fmt.Errorf("voices on %s: %w", main.name, err)
	}
	changes, err := r.Changes(ctx, tx, s.workspace, f.Since-changedBefore.Microseconds(), now)
	if err != nil {
		return f, fmt.Errorf("changes before %s: %w", main.name, err)
	}
	f.Changes = likely(changes, f.began(), f.Noticed, f.Causes)
	if err := s.named(ctx, tx, r, &f); err != nil {
		return f, fmt.Errorf("name the product of %s: %w", main.name, err)
	}
	return f, nil
}

// sign says what each of the signals has come to, the strongest first.
func (s *shop) sign(ctx context.Context, tx *db.Tx, r Records, signals []*signal, f *found, before *incident.Finding, now int64) error {
	f.signals = slices.SortedFunc(slices.Values(signals), byRank)
	if before != nil && before.Kind == incident.Phrase {
		wordsFirst(f.signals)
	}
	for _, g := range f.signals {
		sign := g.sign()
		if was := signIn(before, g.name); was != nil { // it stays what it was, also when it is over
			sign.Up, sign.Noticed, sign.Evidence = was.Up, was.Noticed, max(sign.Evidence, was.Evidence)
			if !g.lasting() {
				sign.Ended = cmp.Or(sign.Ended, was.Ended)
			}
			if was.Ended == 0 || sign.Since < was.Ended || !g.lasting() { // else it came again
				sign.Since = was.Since
			}
		} else {
			sign.Noticed = now
		}
		f.Signs = append(f.Signs, sign)
	}
	ended := f.ended()
	for i, g := range f.signals {
		sign := &f.Signs[i]
		sign.Ended = cmp.Or(sign.Ended, ended)
		if err := s.observe(ctx, tx, r, g, sign, cmp.Or(sign.Ended, now)); err != nil {
			return fmt.Errorf("observe %s: %w", g.name, err)
		}
	}
	f.contraryLast()
	return nil
}

// ended is when the last of the strong signs ended, 0 while one goes on: weaker ones take long to be sure.
func (f *found) ended() (at int64) {
	most := 0.0
	for _, sign := range f.Signs {
		most = max(most, sign.Evidence)
	}
	for i, g := range f.signals {
		switch sign := f.Signs[i]; {
		case sign.Evidence < most/10:
		case sign.Ended > 0:
			at = max(at, sign.Ended)
		case g.lasting():
			return 0
		}
	}
	return at
}

// contrary reports whether what a sign has come to since it began is on the other side of the usual than it was noticed on: what got better again by more
// than it had got worse, or the other way round. Of counts nobody can say so: their usual is that of this hour.
func contrary(sign incident.Sign) bool {
	share := sign.Name == "" && sign.Outcome != insight.OrderSentBack
	return share && (sign.Up && sign.Excess < 0 || !sign.Up && sign.Excess > 0)
}

// contraryLast puts signs whose figures contradict them behind all others: an Insight is named and explained by what its figures show.
func (f *found) contraryLast() {
	signs, of := f.Signs, f.signals
	f.Signs, f.signals = nil, nil
	for _, last := range []bool{false, true} {
		for i, sign := range signs {
			if contrary(sign) == last {
				f.Signs, f.signals = append(f.Signs, sign), append(f.signals, of[i])
			}
		}
	}
}

// lead puts the sign first by which the Insight is named. named is the one that it is named by so far, "" to choose anew.
func (f *found) lead(named string) {
	if len(f.Signs) == 0 {
		return
	}
	k := f.steady(named)
	if f.Signs[0].Outcome == insight.CheckoutEnded {
		k = f.headline()
	}
	f.Signs[0], f.Signs[k], f.signals[0], f.signals[k] = f.Signs[k], f.Signs[0], f.signals[k], f.signals[0]
}

// clearly is how many times as much beyond the usual another sign must have come to, to be named instead.
const clearly = 1.5

// steady is the sign among the likes of the first by which all but failing checkouts are named: one of a sure cause, else that of all, else the one with the
// most beyond the usual since it began. Evidence would not do: it is that of each sign's last parcels, and names another area every other day.
func (f *found) steady(named string) (best int) {
	first, g := &f.Signs[0], f.signals[0]
	rank := func(sign *incident.Sign) int {
		switch {
		case len(sign.Of) == 0:
			return 1
		case f.Sure && len(f.Causes) > 0 && slices.Contains(f.Causes[0].Pairs, sign.Of[0]):
			return 2
		}
		return 0
	}
	beyond := func(i int) float64 {
		x := math.Abs(f.Signs[i].Excess)
		if f.Signs[i].Signal == named {
			x *= clearly
		}
		return x
	}
	for i := range f.Signs {
		sign, of := &f.Signs[i], f.signals[i]
		if sign.Outcome != first.Outcome || of.rank() != g.rank() || of.theme != g.theme || contrary(*sign) != contrary(*first) {
			continue
		}
		if a, b := rank(sign), rank(&f.Signs[best]); a > b || a == b && beyond(i) > beyond(best) {
			best = i
		}
	}
	return best
}

// headline is the sign by which failing checkouts are named and counted: one of what those who are hit share, a way to pay before all else, and that of
// all where they share nothing. Each of these fails more than usual, and the one with the most evidence may be no more than a place where they all are.
func (f *found) headline() (best int) {
	if len(f.Causes) == 0 || f.Signs[0].Outcome != insight.CheckoutEnded {
		return 0
	}
	shared, rank := f.Causes[0].Pairs, 0
	for i, sign := range f.Signs {
		r := 0
		switch {
		case sign.Outcome != insight.CheckoutEnded || contrary(sign):
		case len(sign.Of) == 0:
			r = 1
			if len(shared) == 0 {
				r = 3
			}
		case slices.Contains(shared, sign.Of[0]):
			r = 2
			if sign.Of[0].Dim == string(insight.DimMethod) {
				r = 3
			}
		}
		if r > rank {
			best, rank = i, r
		}
	}
	return best
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
func (s *shop) fewer(ctx context.Context, tx *db.Tx, r Records, f *found, now int64) error {
	for i, sign := range f.Signs {
		if sign.Name != insight.Orders || sign.Up || sign.Expected <= 0 {
			continue
		}
		was, err := s.outcomesBefore(ctx, tx, r, insight.CheckoutEnded, f.Since)
		if err != nil {
			return err
		}
		m, err := s.missing(ctx, tx, r, &f.signals[i].tally.Base, sign.Since, now)
		if err != nil {
			return err
		}
		m.Orders = usualOrders(was)
		m.Expected.Low, m.Expected.High = m.Expected.Mean*sign.Low/sign.Expected, m.Expected.Mean*sign.High/sign.Expected
		f.Lost = m.Lost()
	}
	return nil
}

// observe counts what a signal came to from its onset until its end, or now.
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
			return g.slots(upTo(list, sign.Ended)), err
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
func (s *shop) explain(ctx context.Context, tx *db.Tx, r Records, main *signal, signals []*signal, f *found, before *incident.Finding, now int64) error {
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
	since, was, err := s.compared(ctx, tx, r, c.kind, f.Since, now)
	if err != nil {
		return err
	}
	if !main.rates() {
		since = s.sincere(since)
	}
	if isVital(c.kind) {
		c.slow = slow(was)
	}
	up, ended := f.Signs[0].Up, f.Signs[0].Ended // of main
	lasted := upTo(since, ended)
	if f.Theme == themeOpinion && up {
		f.Theme, c.topics = s.topic(lasted)
	}
	f.Causes, f.Sure = c.causes(lasted, was, f.Since, cmp.Or(ended, now), up)
	f.Sure = f.Sure || stays(before, f.Causes)
	if up {
		s.hit(c, since, len(since)-len(lasted), f)
	}
	if !f.Sure && up && (c.kind == insight.OpinionGiven || c.kind == insight.RatingGiven) {
		if err := s.otherwise(ctx, tx, r, c.kind, signals, f, before, now); err != nil {
			return err
		}
	}
	if c.kind == insight.CheckoutEnded && up {
		over := !slices.ContainsFunc(signals, func(g *signal) bool { return g.on() || g.listed })
		f.Lost = s.failures(f, since, was, now, over)
	}
	return nil
}

// likelier is from which probability on it does though it is not sure.
const likelier = 0.6

// stays reports whether a cause that was sure before is likely still: else each few cases more would make it sure, not sure yet and sure again.
func stays(before *incident.Finding, causes []cause.Cause) bool {
	return before != nil && before.Sure && sameCause(before.Causes, causes) && causes[0].Sure >= likelier
}

// otherwise looks whether another kind of sign shows better what opinions leave open: ratings know the lot of what was bought, and parcels their
// courier, where a message in a chat knows neither.
func (s *shop) otherwise(ctx context.Context, tx *db.Tx, r Records, but insight.OutcomeKind, signals []*signal, f *found, before *incident.Finding, now int64) error {
	for i, g := range signals {
		c := cases{kind: g.kind}
		if g.kind == but || !f.Signs[i].Up || causeDims[c.kind] == nil || slices.ContainsFunc(signals[:i], func(o *signal) bool { return o.kind == g.kind }) {
			continue
		}
		since, was, err := s.compared(ctx, tx, r, c.kind, f.Since, now)
		if err != nil {
			return err
		}
		ended := f.Signs[i].Ended
		causes, sure := c.causes(upTo(since, ended), was, f.Since, cmp.Or(ended, now), true)
		sure = sure || stays(before, causes)
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

// began is the latest beginning that the signs tell by which it was noticed: which of them is right nobody knows.
func (f *found) began() int64 {
	at := f.Since
	for _, sign := range f.Signs {
		if sign.Noticed == f.Noticed {
			at = max(at, sign.Since)
		}
	}
	return at
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
