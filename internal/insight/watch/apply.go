package watch

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/dhvani/dhvani/internal/db"
	"github.com/dhvani/dhvani/internal/event"
	"github.com/dhvani/dhvani/internal/insight"
	"github.com/dhvani/dhvani/internal/insight/cause"
	"github.com/dhvani/dhvani/internal/insight/detect"
	"github.com/dhvani/dhvani/internal/insight/incident"
)

// Incidents is where Insights are kept: *incident.Store. All its methods work in
// the transaction that moves the watch on.
type Incidents interface {
	Live(ctx context.Context, tx *db.Tx, workspace int64) ([]*incident.Insight, error)
	Open(ctx context.Context, tx *db.Tx, workspace int64, f incident.Finding, told bool, hits []incident.Hit) (*incident.Insight, error)
	Update(ctx context.Context, tx *db.Tx, in *incident.Insight, f incident.Finding, told, grew bool, hits []incident.Hit) error
	Recover(ctx context.Context, tx *db.Tx, in *incident.Insight, f incident.Finding) error
	Reopen(ctx context.Context, tx *db.Tx, in *incident.Insight, f incident.Finding) error
	CloseOld(ctx context.Context, tx *db.Tx, workspace int64, now time.Time) error
	Due(ctx context.Context, tx *db.Tx, workspace int64, now time.Time) error
	Verdicts(ctx context.Context, tx *db.Tx, workspace int64) ([]incident.Verdict, error)
}

// step is what is done with one Insight.
type step struct {
	in      *incident.Insight // nil: it is opened
	signals []*signal         // all its signs
	fresh   []*signal         // that joined now
	found   found
	tell    bool
	grew    bool
	recover bool
	reopen  bool
}

// plan says what follows from news for the Insights that live. Signals that join one are
// taken as its own only when the plan is carried out.
func (s *shop) plan(ctx context.Context, tx *db.Tx, r Records, live []*incident.Insight, n news, refresh bool, now int64) ([]*step, error) {
	if err := s.follow(ctx, tx, live); err != nil {
		return nil, err
	}
	fresh := slices.Concat(n.told, n.listed)
	s.depart(live, fresh)
	steps := map[string]*step{}
	var out []*step
	of := func(in *incident.Insight) *step {
		st := steps[in.ID]
		if st == nil {
			st = &step{in: in, signals: s.signs(in.ID)}
			steps[in.ID] = st
			out = append(out, st)
		}
		return st
	}
	for _, in := range live {
		open := in.State == incident.Open || in.State == incident.Acknowledged
		if refresh && (len(s.signs(in.ID)) > 0 || open && in.Finding.Kind != incident.Flood) {
			of(in)
		}
	}
	slices.SortFunc(fresh, byRank)
	for _, g := range fresh {
		tell := slices.Contains(n.told, g)
		if explained, err := s.explained(ctx, tx, r, g, now); err != nil {
			return nil, err
		} else if explained || s.crowded(g) {
			g.calm()
			g.listed = false
			continue
		}
		st, err := s.home(ctx, tx, r, g, live, out, now)
		if err != nil {
			return nil, err
		}
		if st == nil {
			st = &step{}
			out = append(out, st)
		}
		if st.in != nil {
			st = of(st.in)
		}
		st.fresh = append(st.fresh, g)
		st.tell = st.tell || tell
	}
	for _, g := range n.over {
		if i := slices.IndexFunc(live, func(in *incident.Insight) bool { return in.ID == g.insight }); i >= 0 {
			of(live[i])
		} else if !s.held(g) {
			g.insight, g.changed = "", true // staff resolved it, or it was merged
		}
	}
	for _, st := range out {
		if err := s.complete(ctx, tx, r, st, now); err != nil {
			return nil, err
		}
	}
	out = slices.DeleteFunc(out, func(st *step) bool {
		return len(st.fresh) == 0 && (st.in == nil || len(st.signals) == 0 && !st.recover)
	})
	return append(out, s.floodSteps(live, now)...), nil
}

// depart takes signals out of the Insights that they were signs of in the other direction: what was good news and turned is a trouble of its
// own, and the other way round.
func (s *shop) depart(live []*incident.Insight, fresh []*signal) {
	for _, in := range live {
		for _, g := range s.signs(in.ID) {
			was := signIn(&in.Finding, g.name)
			if was == nil || was.Up == (g.now.Direction == detect.Up) {
				continue
			}
			if slices.Contains(fresh, g) {
				g.insight, g.changed, s.turned[in.ID] = "", true, true
			} else if g.listed && !g.on() {
				g.insight, g.listed, g.changed, s.turned[in.ID] = "", false, true, true // it is listed anew
			}
		}
	}
}

// complete says what a step comes to.
func (s *shop) complete(ctx context.Context, tx *db.Tx, r Records, st *step, now int64) (err error) {
	all := slices.Clone(st.signals)
	for _, g := range st.fresh {
		if !slices.Contains(all, g) {
			all = append(all, g)
		}
	}
	if len(all) == 0 { // all its signs turned; or nothing is known of them any more, and so not that all is well
		st.found.Finding = st.in.Finding
		if st.recover = st.in.State != incident.Recovered && s.turned[st.in.ID] && s.over(st.in.ID, false, now); st.recover {
			delete(s.turned, st.in.ID)
		}
		return nil
	}
	troubled := st.in == nil || lasts(all, &st.in.Finding)
	var before *incident.Finding
	if st.in != nil {
		before = &st.in.Finding
	}
	if st.found, err = s.find(ctx, tx, r, all, before, now); err != nil {
		return err
	}
	if st.in == nil {
		if expected := s.expects(&st.found.Finding, now); expected {
			for _, g := range st.fresh {
				g.calm()
			}
			st.fresh = nil
		}
		return nil
	}
	st.recover = s.over(st.in.ID, troubled, now) && (st.in.State == incident.Open || st.in.State == incident.Acknowledged)
	if st.recover && st.found.Signs[0].Outcome != "" {
		st.found.lead("") // what was worst in all that time
	}
	st.reopen = troubled && (st.in.State == incident.Recovered || st.in.State == incident.Resolved)
	st.grew = st.found.Hit >= 2*max(st.in.Finding.Hit, 5) || len(st.fresh) > 0 && st.found.Hit > st.in.Finding.Hit
	return nil
}

// calmFor is how long all must be as usual before a trouble is over, so that one that comes and goes is one.
const calmFor = 5 * time.Minute

// over reports whether an Insight's trouble has been gone for long enough.
func (s *shop) over(id string, troubled bool, now int64) bool {
	since, calm := s.calm[id]
	switch {
	case troubled:
		delete(s.calm, id)
	case !calm:
		s.calm[id] = now
	case now-since >= calmFor.Microseconds():
		delete(s.calm, id)
		return true
	}
	return false
}

// lasts reports whether a trouble goes on: while one of its strong signs does. Weak ones
// that were raised along with it take long to be sure that all is well, and people speak of it for longer.
func lasts(signs []*signal, f *incident.Finding) bool {
	if f.Kind != incident.Phrase {
		signs = slices.DeleteFunc(slices.Clone(signs), (*signal).says)
	}
	most := 0.0
	for _, g := range signs {
		most = max(most, g.now.Evidence, peak(f, g.name))
	}
	return slices.ContainsFunc(signs, func(g *signal) bool {
		return g.lasting() && max(g.now.Evidence, peak(f, g.name)) >= most/10 && !slices.ContainsFunc(signs, g.wasPartOf)
	})
}

func (g *signal) lasting() bool { return g.on() || g.listed }

// wasPartOf reports whether another sign is that of all opinions, and is over: an area or a product of which few speak takes long to be sure of
// what all of them say.
func (g *signal) wasPartOf(whole *signal) bool {
	return g.kind == insight.OpinionGiven && whole.kind == g.kind && g.of.Dim != "" && whole.of.Dim == "" && !whole.lasting()
}

// signs are the signals that show an Insight.
func (s *shop) signs(id string) (out []*signal) {
	for _, g := range s.order {
		if g.insight == id {
			out = append(out, g)
		}
	}
	return out
}

// home finds the Insight, or the step that opens one, to which a signal belongs: of the
// same theme, or whose trouble explains it, or that hits the same customers.
func (s *shop) home(ctx context.Context, tx *db.Tx, r Records, g *signal, live []*incident.Insight, steps []*step, now int64) (*step, error) {
	theme, good := g.themeNow(), g.isGood()
	if g.rates() {
		return s.floodHome(ctx, tx, r, g, live, steps, now)
	}
	// What strangers rate has nothing to do with anything else: explained saw to what is theirs.
	live = slices.DeleteFunc(slices.Clone(live), func(in *incident.Insight) bool { return in.Finding.Kind == incident.Reviews && in.ID != g.insight })
	steps = slices.DeleteFunc(slices.Clone(steps), func(st *step) bool { return slices.ContainsFunc(st.fresh, (*signal).rates) })
	for _, in := range live {
		if g.says() && g.partOf(&in.Finding) {
			return &step{in: in}, nil
		}
		if in.ID == g.insight || alike(in.Finding.Theme, in.Finding.Good, g) {
			return &step{in: in}, nil
		}
	}
	for _, st := range steps {
		if g.says() && g.even() && len(st.fresh) > 0 && st.fresh[0].isGood() && st.fresh[0].themeNow() == themeTraffic {
			return st, nil
		}
		if len(st.fresh) > 0 && alike(st.fresh[0].themeNow(), st.fresh[0].isGood(), g) {
			return st, nil
		}
	}
	if theme == themeTraffic && good {
		for _, in := range live {
			if in.Finding.Kind == incident.Phrase && !slices.ContainsFunc(s.signs(in.ID), func(g *signal) bool { return !g.says() || !g.even() }) {
				return &step{in: in}, nil // they come, and spoke of it first
			}
		}
	}
	if g.kind == "" {
		return nil, nil
	}
	mine, err := s.find(ctx, tx, r, []*signal{g}, nil, now)
	if err != nil {
		return nil, err
	}
	for _, in := range live {
		if in.Finding.Good != good {
			continue
		}
		if sameCause(in.Finding.Causes, mine.Causes) {
			return &step{in: in}, nil
		}
		signs := s.signs(in.ID)
		if len(signs) == 0 {
			continue
		}
		theirs, err := s.find(ctx, tx, r, signs, &in.Finding, now)
		if err != nil {
			return nil, err
		}
		if overlap(mine.hits, theirs.hits) {
			return &step{in: in}, nil
		}
	}
	for _, st := range steps {
		if len(st.fresh) == 0 || st.fresh[0].isGood() != good {
			continue
		}
		theirs, err := s.find(ctx, tx, r, st.fresh, nil, now)
		if err != nil {
			return nil, err
		}
		if sameCause(theirs.Causes, mine.Causes) || overlap(mine.hits, theirs.hits) {
			return st, nil
		}
	}
	return nil, nil
}

// follows are the themes that a trouble of a theme brings along: who cannot pay
// does not order and complains, and what people think in general falls with what
// they think of one thing.
var follows = map[string][]string{
	themeCheckout: {themeOrders, themeOpinion},
	themeOrders:   {themeCheckout},
	themeTraffic:  {themeOpinion, themeSearch},
	themeDelivery: {themeOpinion}, themeProduct: {themeOpinion}, themePrice: {themeOpinion}, themeStock: {themeOpinion}, themeService: {themeOpinion},
}

// alike reports whether a signal is of what goes wrong with a theme, or of what goes well.
func alike(theme string, good bool, g *signal) bool {
	return good == g.isGood() && related(theme, g.themeNow())
}

func related(one, other string) bool {
	one, other = ofTopic(one), ofTopic(other)
	return one == other || slices.Contains(follows[one], other) || slices.Contains(follows[other], one)
}

// ofTopic is the theme that a topic's own belongs to.
func ofTopic(theme string) string {
	if t, ok := strings.CutPrefix(theme, topicTheme); ok {
		return cmp.Or(topicThemes[t], theme)
	}
	return theme
}

// sameCause reports whether two findings name the same values first.
func sameCause(a, b []cause.Cause) bool {
	return len(a) > 0 && len(b) > 0 && len(a[0].Pairs) > 0 && slices.Equal(a[0].Pairs, b[0].Pairs)
}

// overlap reports whether a good part of the fewer customers are among the others.
func overlap(a, b []incident.Hit) bool {
	if len(a) > len(b) {
		a, b = b, a
	}
	if len(a) < 3 {
		return false
	}
	in := map[event.ID]bool{}
	for _, h := range b {
		in[h.Profile] = true
	}
	n := 0
	for _, h := range a {
		if in[h.Profile] {
			n++
		}
	}
	return n*4 >= len(a)
}

// carry does what a plan says.
func (s *shop) carryOut(ctx context.Context, tx *db.Tx, to Incidents, steps []*step) (joined map[*signal]string, err error) {
	joined = map[*signal]string{}
	for _, st := range steps {
		in := st.in
		f := st.found.Finding
		switch {
		case in == nil:
			in, err = to.Open(ctx, tx, s.workspace, f, st.tell, st.found.hits)
		case st.recover:
			err = to.Recover(ctx, tx, in, f)
		case st.reopen:
			if err = to.Reopen(ctx, tx, in, f); err == nil {
				err = to.Update(ctx, tx, in, f, st.tell || in.Told, true, st.found.hits)
			}
		default:
			err = to.Update(ctx, tx, in, f, st.tell || in.Told, st.grew, st.found.hits)
		}
		if err != nil {
			return nil, fmt.Errorf("keep an insight on %s: %w", f.Theme, err)
		}
		for _, g := range st.fresh {
			joined[g] = in.ID
		}
		if st.recover {
			for _, g := range st.signals {
				joined[g] = ""
				if g.on() {
					g.calm()
				}
				g.listed = false
			}
		}
	}
	return joined, nil
}

// errLost says that another node watches now.
var errLost = errors.New("another node watches now")
