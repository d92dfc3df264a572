package watch

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/dhvani/dhvani/internal/db"
	"github.com/dhvani/dhvani/internal/event"
	"github.com/dhvani/dhvani/internal/insight"
	"github.com/dhvani/dhvani/internal/workspace"
)

// Workspaces tells the shops with their clocks: *workspace.Store.
type Workspaces interface {
	List(ctx context.Context) ([]workspace.Workspace, error)
}

// Options are what a Watch works with.
type Options struct {
	DB         *db.DB
	Records    Records
	Incidents  Incidents
	Workspaces Workspaces
	Shards     int
	Behind     func() bool           // events wait that are not applied yet; nil: none ever do
	Found      func(workspace int64) // something of its Insights changed; nil: nobody wants to know
	Now        func() time.Time      // nil: the machine's clock
	Logger     *slog.Logger
	Metrics    prometheus.Registerer // nil: none
}

// Watch watches all workspaces. It is also a Stage's Committed, so that it looks
// as soon as something is stored here.
type Watch struct {
	Options
	metrics *metrics
	id      string
	epoch   int64
	shops   map[int64]*shop

	mu    sync.Mutex
	dirty map[int64]bool
	wake  chan struct{}
}

// New makes a Watch; Run runs it.
func New(o Options) *Watch {
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Behind == nil {
		o.Behind = func() bool { return false }
	}
	return &Watch{Options: o, metrics: newMetrics(o.Metrics), id: rand.Text(), shops: map[int64]*shop{}, dirty: map[int64]bool{}, wake: make(chan struct{}, 1)}
}

// Name names it among the Stages.
func (w *Watch) Name() string { return "watch" }

// Apply does nothing: the watch reads what other Stages wrote.
func (w *Watch) Apply(context.Context, *db.Tx, *event.Batch) error { return nil }

// Committed wakes the watch for the workspaces of a batch.
func (w *Watch) Committed(b *event.Batch) {
	w.mu.Lock()
	last := int64(0)
	for i := range b.Events {
		if n := b.Events[i].Workspace; n != last {
			w.dirty[n] = true
			last = n
		}
	}
	w.mu.Unlock()
	select {
	case w.wake <- struct{}{}:
	default:
	}
}

const (
	lookEvery    = time.Second     // at counts and for what other nodes stored
	restEvery    = 5 * time.Second // at shops in which nothing comes in
	refreshEvery = 5 * time.Second // what is said of Insights that live,
	refreshPart  = 50              // and for so many times as long as it took nothing of it is said anew
	storeEvery   = time.Minute     // what the detectors know
	breath       = 50 * time.Millisecond
	longBreath   = 250 * time.Millisecond
	readAtOnce   = 2000 // outcomes
)

// Run watches until ctx ends.
func (w *Watch) Run(ctx context.Context) {
	tick := time.NewTicker(lookEvery)
	defer tick.Stop()
	var renewed, listed time.Time
	mine := false
	defer func() {
		if mine {
			w.leave()
			w.release()
		}
	}()
	var all []workspace.Workspace
	for {
		rest := false
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			rest = true
		case <-w.wake:
			if !mine {
				continue
			}
		}
		var err error
		if time.Since(renewed) >= renewEvery {
			if mine, err = w.Take(ctx); err != nil {
				w.warn(ctx, "the watch could not look who watches", err)
				continue
			}
			renewed = time.Now()
		}
		if !mine {
			continue
		}
		if time.Since(listed) >= restEvery {
			if all, err = w.Workspaces.List(ctx); err != nil {
				w.warn(ctx, "the watch could not list the shops", err)
				continue
			}
			listed = time.Now()
		}
		began := time.Now()
		w.round(ctx, all, rest, func(ws workspace.Workspace, err error) {
			w.warn(ctx, "a shop could not be watched", err, "workspace", ws.ID)
			if errors.Is(err, errLost) {
				mine = false
			}
		})
		select { // let a burst come together
		case <-time.After(Rest(time.Since(began))):
		case <-ctx.Done():
			return
		}
	}
}

// Rest is how long nothing is looked at after a round that took so long: what comes meanwhile is read together, and where many shops are busy
// the watch takes no more than a tenth of a processor as long as a quarter of a second is enough for that.
func Rest(took time.Duration) time.Duration { return min(max(breath, 10*took), longBreath) }

// round looks at the shops of which something was stored and, where rest is set, at all that are due.
func (w *Watch) round(ctx context.Context, all []workspace.Workspace, rest bool, failed func(workspace.Workspace, error)) (looks int) {
	dirty := w.taken()
	for _, ws := range all {
		if dirty[ws.Number] || rest {
			looks++
			if err := w.Look(ctx, ws, dirty[ws.Number]); err != nil {
				failed(ws, err)
			}
		}
	}
	return looks
}

// Round is one round of Run, for who measures what it costs.
func (w *Watch) Round(ctx context.Context, all []workspace.Workspace, rest bool) (looks int, err error) {
	looks = w.round(ctx, all, rest, func(_ workspace.Workspace, failed error) { err = errors.Join(err, failed) })
	return looks, err
}

// Signals is how many signals of all shops are watched.
func (w *Watch) Signals() (n int) {
	for _, s := range w.shops {
		n += s.watched()
	}
	return n
}

func (w *Watch) warn(ctx context.Context, what string, err error, args ...any) {
	if ctx.Err() == nil {
		w.Logger.WarnContext(ctx, what, append(args, "error", db.Safe(err))...)
	}
}

func (w *Watch) taken() map[int64]bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	out := w.dirty
	w.dirty = map[int64]bool{}
	return out
}

// Look reads what is new of a workspace and does what follows. fresh says that
// something was stored just now.
func (w *Watch) Look(ctx context.Context, ws workspace.Workspace, fresh bool) error {
	s := w.shops[ws.Number]
	now := w.Now()
	known := s != nil
	if !known {
		s = newShop(ws.Number)
	}
	s.shares(len(w.shops)) // also where it rests
	if known && !fresh && now.Sub(s.looked) < s.patience() {
		return nil
	}
	s.zone, s.hours = ws.Settings.Location(), ws.Settings.Hours
	began := time.Now()
	err := w.look(ctx, s, now)
	s.shares(len(w.shops)) // what was read may be more
	w.metrics.look(time.Since(began), len(s.order))
	if err != nil {
		delete(w.shops, ws.Number) // what it knows may be ahead of what is stored
		return err
	}
	s.looked = now
	w.shops[ws.Number] = s
	return nil
}

// patience is how long nobody looks at a shop in which nothing comes in: longer
// the longer it is quiet there, up to a minute.
func (s *shop) patience() time.Duration {
	if s.busy || len(s.living) > 0 {
		return 0
	}
	return min(restEvery+s.looked.Sub(s.active)/20, time.Minute)
}

// look is one look at a workspace.
func (w *Watch) look(ctx context.Context, s *shop, now time.Time) error {
	at := now.UnixMicro()
	var steps []*step
	var n news
	refresh := now.Sub(s.refreshed) >= max(refreshEvery, s.rests)
	began := time.Now()
	s.lately = nil
	err := w.DB.View(ctx, func(tx *db.Tx) (err error) {
		if !s.known {
			if s.known, err = s.load(ctx, tx); err != nil {
				return err
			}
			if s.known {
				if err := s.again(ctx, tx, w.Records, at); err != nil {
					return err
				}
			}
		}
		switch {
		case !s.known || s.stale() && s.quiet(now):
			err = s.begin(ctx, tx, w, now)
		case s.growing(now):
			err = s.grow(ctx, tx, w.Records, now)
			s.fresh = true
		}
		if err != nil {
			return err
		}
		due := now.Sub(s.asked) >= lookEvery || now.Before(s.asked)
		if due {
			if err = s.ask(ctx, tx, w, now); err != nil {
				return err
			}
		}
		if err := s.read(ctx, tx, w, now); err != nil {
			return err
		}
		if s.quiet(now) { // while history comes in, nobody knows yet what is usual
			n = s.judge()
		}
		if !refresh { // nobody waits for the end of a trouble as for its beginning
			n.over = nil
		}
		acts := !n.none() || len(s.floods) > 0 || refresh
		if acts && !due { // what staff said a moment ago counts
			if err = s.ask(ctx, tx, w, now); err != nil {
				return err
			}
		}
		if acts || due {
			if s.living, err = w.Incidents.Live(ctx, tx, s.workspace); err != nil {
				return err
			}
		}
		if !n.none() || len(s.floods) > 0 || refresh && len(s.living) > 0 {
			steps, err = s.plan(ctx, tx, w.Records, s.living, n, refresh, at)
		}
		return err
	})
	if err != nil {
		return fmt.Errorf("look: %w", err)
	}
	s.lately = nil
	save := len(steps) > 0 || s.fresh || now.Sub(s.stored) >= storeEvery && s.moved()
	if !save && (!refresh || len(s.living) == 0) {
		return nil
	}
	var joined map[*signal]string
	err = w.DB.Update(ctx, func(tx *db.Tx) (err error) {
		if err := w.holds(ctx, tx); err != nil {
			return err
		}
		if joined, err = s.carryOut(ctx, tx, w.Incidents, steps); err != nil {
			return err
		}
		if refresh {
			if err := w.Incidents.CloseOld(ctx, tx, s.workspace, now); err != nil {
				return err
			}
		}
		if err := w.Incidents.Due(ctx, tx, s.workspace, now); err != nil {
			return err
		}
		if !save {
			return nil
		}
		return s.store(ctx, tx, joined)
	})
	if err != nil {
		return fmt.Errorf("keep what was found: %w", err)
	}
	if refresh {
		s.refreshed, s.rests = now, min(refreshPart*time.Since(began), time.Minute)
	}
	if save {
		s.kept(joined, now)
		s.fresh = false
	}
	w.metrics.found(steps)
	if len(steps) > 0 && w.Found != nil {
		w.Found(s.workspace)
	}
	return nil
}

// ask reads what staff said.
func (s *shop) ask(ctx context.Context, tx *db.Tx, w *Watch, now time.Time) (err error) {
	if s.verdicts, err = w.Incidents.Verdicts(ctx, tx, s.workspace); err == nil {
		s.heed(now)
		s.asked = now
	}
	return err
}

// begin learns from history, and goes on from here.
func (s *shop) begin(ctx context.Context, tx *db.Tx, w *Watch, now time.Time) error {
	first := !s.known
	if err := s.train(ctx, tx, w.Records, now); err != nil {
		return err
	}
	s.fresh, s.counting = true, false // what came since the last whole quarter of an hour is not counted
	if !first {
		return s.learnTerms(ctx, tx, w.Records, now.UnixMicro())
	}
	s.known, s.told = true, now // of what comes in now much may be history
	for shard := range w.Shards {
		at, err := w.Records.LatestOutcome(ctx, tx, s.workspace, shard)
		if err != nil {
			return err
		}
		s.cursor[shard] = at
	}
	return s.learnTerms(ctx, tx, w.Records, now.UnixMicro())
}

// read feeds what is new.
func (s *shop) read(ctx context.Context, tx *db.Tx, w *Watch, now time.Time) error {
	s.busy = false
	for shard := range w.Shards {
		for {
			list, err := w.Records.Outcomes(ctx, tx, s.workspace, shard, s.cursor[shard], readAtOnce)
			if err != nil {
				return err
			}
			said, err := s.said(ctx, tx, w.Records, list)
			if err != nil {
				return err
			}
			for i := range list {
				s.take(&list[i], said[list[i].Subject])
				s.cursor[shard] = list[i].Position
				s.busy, s.active = true, now
				if list[i].History {
					s.told = now // more of it may follow
				}
			}
			if len(list) < readAtOnce {
				break
			}
		}
	}
	if err := s.overdue(ctx, tx, w.Records, now); err != nil {
		return err
	}
	return s.number(ctx, tx, w, now)
}

// overdue feeds the parcels whose promise passed since it was last asked.
func (s *shop) overdue(ctx context.Context, tx *db.Tx, r Records, now time.Time) error {
	const often = int64(time.Minute / time.Microsecond)
	at := now.UnixMicro()
	if s.promised == 0 {
		s.promised = at
	}
	if at-s.promised < often {
		return nil
	}
	list, err := r.Overdue(ctx, tx, s.workspace, max(s.promised, at-24*60*often), at)
	if err != nil {
		return err
	}
	for i := range list {
		s.take(&list[i], "")
	}
	s.promised = at
	return nil
}

// quiet reports whether no more history came for some seconds.
func (s *shop) quiet(now time.Time) bool { return now.Sub(s.told) > 5*time.Second }

// moved reports whether there is anything new to be stored.
func (s *shop) moved() bool {
	for _, g := range s.order {
		if g.changed {
			return true
		}
	}
	return false
}

// recent is how far back minutes still grow by what happens now; what comes later
// was somewhere in between, and is no sign of this moment.
const recent = int64(5 * time.Minute / time.Microsecond)

// downFor is after which time without a look nothing is concluded from silence.
const downFor = 2 * time.Minute

// number feeds what was counted since the last look.
func (s *shop) number(ctx context.Context, tx *db.Tx, w *Watch, now time.Time) error {
	at := now.UnixMicro()
	if s.counting && now.Sub(s.numbered) < lookEvery {
		return nil
	}
	const back = int64(15 * time.Minute / time.Microsecond)
	from := insight.Minute.Slot(at - back)
	by, err := w.Records.Series(ctx, tx, s.workspace, counts, from, at+back, insight.Minute)
	if err != nil {
		return err
	}
	is := map[countKey]int64{}
	gained := map[insight.Name]int64{}
	for name, slots := range by {
		for _, x := range slots {
			k := countKey{name, x.At}
			is[k] = x.N
			if x.At >= at-recent {
				gained[name] += x.N - s.counted[k]
			}
		}
	}
	for k, n := range s.counted {
		if _, ok := is[k]; !ok && k.at >= at-recent {
			gained[k.name] -= n // taken back
		}
	}
	lost := !s.counting || now.Sub(s.numbered) > downFor || !s.quiet(now) || w.Behind()
	passed := now.Sub(s.numbered).Hours()
	s.counted, s.counting, s.numbered = is, true, now
	if err := s.waits(ctx, tx, w.Records, at, passed, lost); err != nil {
		return err
	}
	m := s.moment(at)
	for _, name := range counts {
		g := s.signals[counted+string(name)]
		if g == nil {
			continue
		}
		if lost {
			g.tally.Skip(m)
			continue
		}
		n := gained[name] + s.carry[name]
		s.carry[name] = min(n, 0)
		g.feed(m, float64(max(n, 0)), 1)
	}
	if g := s.signals[string(insight.OrderSentBack)]; g != nil {
		if lost {
			g.tally.Skip(m)
		} else {
			g.feed(m, 0, 1)
		}
	}
	return nil
}

// leave stores what the detectors know before another node goes on.
func (w *Watch) leave() {
	ctx, cancel := context.WithTimeout(context.Background(), 3*time.Second)
	defer cancel()
	for _, s := range w.shops {
		err := w.DB.Update(ctx, func(tx *db.Tx) error {
			if err := w.holds(ctx, tx); err != nil {
				return err
			}
			return s.store(ctx, tx, nil)
		})
		if err != nil {
			w.Logger.Warn("what the watch knows could not be stored; it reads again from where it was", "error", db.Safe(err))
			return
		}
	}
}
