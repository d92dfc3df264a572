package watch

import (
	"slices"
	"strings"
	"time"

	"github.com/dhvani/dhvani/internal/event"
	"github.com/dhvani/dhvani/internal/insight"
	"github.com/dhvani/dhvani/internal/insight/detect"
	"github.com/dhvani/dhvani/internal/insight/incident"
	"github.com/dhvani/dhvani/internal/language"
	"github.com/dhvani/dhvani/internal/workspace"
)

// shop is a workspace that is watched.
type shop struct {
	workspace int64
	zone      *time.Location
	hours     workspace.Hours
	hour      detect.Moment // of the hour at hand
	hourAt    int64

	signals   map[string]*signal
	order     []*signal // by name
	topics    []*signal // of opinions
	pools     map[string]*pool
	phrases   *terms
	strangers *terms // who rate products
	wording   language.Wording
	terms     []*signal          // of phrases, and of strangers' ratings
	dropped   []string           // signals that are no more, which is not stored yet
	wary      map[string]float64 // of signals that staff called wrong: how many times as much evidence they need

	cursor   map[int]event.Position // by shard: read up to here
	latest   int64                  // time of the latest outcome
	promised int64                  // parcels that were due before are known
	counted  map[countKey]int64     // what the last minutes were counted as
	carry    map[insight.Name]int64 // what was taken back of them, and not yet made up for
	people   *memory[uint64, int64]
	texts    *memory[event.ID, *text]
	floods   []*text // of which nothing was said yet
	flooding int64   // when the last copy came of what is repeated

	history int   // outcomes of history since it was last learnt from
	trained int64 // when it was
	learnt  int   // outcomes that were learnt from then
	taken   int   // outcomes since

	lately   map[insight.OutcomeKind]lately // of the look at hand
	living   []*incident.Insight
	calm     map[string]int64 // since when all is as usual again, of those that live
	turned   map[string]bool  // of which a sign went the other way, and left
	verdicts []incident.Verdict
	judged   map[event.ID]string // Insights by the verdicts on them that were heeded
	expected []*incident.Verdict

	known     bool      // it was loaded, or has learnt
	fresh     bool      // it has learnt, which is not stored yet
	busy      bool      // something came in at the last look
	counting  bool      // counted is of the last look
	looked    time.Time // the last times that it was looked at,
	active    time.Time // that something came in,
	numbered  time.Time // that counts were read,
	told      time.Time // that history came,
	refreshed time.Time // that what lives was looked at anew,
	rests     time.Duration
	asked     time.Time // that what staff said was read,
	stored    time.Time // and that what is known was stored
}

// Bounds of what is remembered of a workspace, and of all that are watched together: some 40 MB of customers, 30 of texts, and
// 110 of words.
const (
	mostPeople, allPeople = 200_000, 1_500_000
	mostTexts, allTexts   = 20_000, 200_000
	mostKept, allKept     = 60_000, 600_000 // uses of terms
	allColumns            = 1 << 20         // of sketches of terms
)

// shares says that so many workspaces share the memory.
func (s *shop) shares(shops int) {
	s.people.bound(min(mostPeople, allPeople/max(shops, 1)))
	s.texts.bound(min(mostTexts, allTexts/max(shops, 1)))
	for _, t := range []*terms{s.phrases, s.strangers} { // half for each
		t.bound(min(mostKept, allKept/2/max(shops, 1)), min(mostTexts, allTexts/2/max(shops, 1)), columnsFor(allColumns/max(shops, 1)))
	}
}

type countKey struct {
	name insight.Name
	at   int64
}

// pool is a detect.Pool of a theme's shares, and which part each has.
type pool struct {
	pool    detect.Pool
	parts   map[string]float64
	changed bool
}

func newShop(number int64) *shop {
	s := &shop{workspace: number, zone: time.UTC, calm: map[string]int64{}, turned: map[string]bool{}, cursor: map[int]event.Position{}}
	s.forget()
	return s
}

// forget begins without any knowledge.
func (s *shop) forget() {
	s.signals, s.order, s.topics, s.pools = map[string]*signal{}, nil, nil, map[string]*pool{}
	s.phrases, s.terms, s.dropped = newTerms(phrasesName), nil, nil
	s.strangers = newTerms(strangersName)
	s.counted, s.carry = map[countKey]int64{}, map[insight.Name]int64{}
	s.people, s.texts = newMemory[uint64, int64](mostPeople), newMemory[event.ID, *text](mostTexts)
}

// add watches a signal; false where it is watched, or there are too many.
func (s *shop) add(g *signal) bool {
	if s.signals[g.name] != nil || len(s.signals) >= mostSignals {
		return false
	}
	s.signals[g.name] = g
	s.order = append(s.order, g)
	slices.SortFunc(s.order, func(a, b *signal) int { return strings.Compare(a.name, b.name) })
	if g.kind == insight.OpinionGiven && g.of.Dim == string(insight.DimTopic) {
		s.topics = append(s.topics, g)
	}
	if g.term != nil {
		s.terms = append(s.terms, g)
	}
	return true
}

// retire watches a signal no more, unless it shows a trouble now.
func (s *shop) retire(name string) {
	g := s.signals[name]
	if g == nil || g.on() || g.listed || g.insight != "" {
		return
	}
	delete(s.signals, name)
	s.order = slices.DeleteFunc(s.order, func(x *signal) bool { return x == g })
	s.dropped = append(s.dropped, name)
}

// gather makes the pools: of each theme the whole of its outcomes and the topics
// that are about it, in equal parts. Parts of parts are not independent of the
// whole, so they stay out.
func (s *shop) gather() {
	members := map[string][]string{}
	for _, g := range s.order {
		_, mean := insight.MeasureOf(g.kind, "") // vitals of one page are not independent
		whole := g.of.Dim == "" && g.kind != insight.OpinionGiven && !mean && g.kind != insight.OrderSentBack
		if g.share != nil && (whole || g.of.Dim == string(insight.DimTopic)) {
			members[g.theme] = append(members[g.theme], g.name)
		}
	}
	for theme, names := range members {
		if len(names) < 2 {
			continue
		}
		p := s.pools[theme]
		if p == nil {
			p = &pool{}
			s.pools[theme] = p
		}
		p.parts = map[string]float64{}
		for _, n := range names {
			p.parts[n] = 1 / float64(len(names))
		}
	}
}

// watched is how many series share the budget.
func (s *shop) watched() (n int) {
	for _, g := range s.order {
		if g.now.Phase != detect.Learning {
			n++
		}
	}
	return n + len(s.pools) + s.searched()
}
