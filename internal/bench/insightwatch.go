package bench

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"runtime/metrics"
	"time"

	"github.com/dhvani/dhvani/internal/db"
	"github.com/dhvani/dhvani/internal/event"
	"github.com/dhvani/dhvani/internal/feedback"
	"github.com/dhvani/dhvani/internal/insight"
	"github.com/dhvani/dhvani/internal/insight/incident"
	"github.com/dhvani/dhvani/internal/insight/watch"
	"github.com/dhvani/dhvani/internal/language"
	"github.com/dhvani/dhvani/internal/order"
	"github.com/dhvani/dhvani/internal/workspace"
)

// WatchReport says what the whole watch costs while events come: its looks at a SQLite database in which the Stages keep counts and outcomes.
type WatchReport struct {
	Shops    int     `json:"shops"`
	Signals  int     `json:"live_signals"`
	Events   int     `json:"events_a_second"`
	Outcomes float64 `json:"outcomes_a_second"`
	Seconds  int     `json:"seconds"`
	Looks    int     `json:"looks"`
	Core     float64 `json:"share_of_a_core"`     // processor time of the looks, of one core
	LookMS   float64 `json:"look_mean_ms"`        //
	LookMax  float64 `json:"look_most_ms"`        //
	Memory   float64 `json:"memory_mb"`           // what the watch keeps: the heap with it less that without it
	StoreMS  float64 `json:"store_ms"`            // processor time of the looks that store what all detectors know, once a minute; a sixtieth of it is in the share of a core
	Garbage  float64 `json:"allocated_mb_second"` // by its looks
	Insights int     `json:"insights"`            // that were opened; nothing is the matter
}

// watchShape is how many shops there are, and how many signals each should have.
type watchShape struct {
	shops    int
	products int
}

// Of 5,000 signals: many shops of usual size, or few of the largest.
var watchShapes = []watchShape{{shops: 28, products: 60}, {shops: 1, products: 60}}

func (b Insight) watches(ctx context.Context) (out []WatchReport, err error) {
	for _, shape := range watchShapes {
		r, err := b.watchAll(ctx, shape)
		if err != nil {
			return nil, fmt.Errorf("watch %d shops: %w", shape.shops, err)
		}
		out = append(out, r)
	}
	return out, nil
}

// watched is a database with shops in it, their Stages and their watch.
type watched struct {
	db     *db.DB
	stages []stage
	shops  []workspace.Workspace
	models []int64
	now    int64
	looked int64
	behind bool
	made   *shoppers
	watch  *watch.Watch
}

type stage interface {
	Apply(ctx context.Context, tx *db.Tx, b *event.Batch) error
}

const (
	watchStep   = 50 * time.Millisecond // the watch looks at most 20 times a second
	watchRate   = 10_000
	watchLength = 15 * time.Second
	warmUp      = 3 * time.Second
)

func (b Insight) watchAll(ctx context.Context, shape watchShape) (r WatchReport, err error) {
	dir, err := os.MkdirTemp("", "dhvani-watch")
	if err != nil {
		return r, err
	}
	defer os.RemoveAll(dir)
	w, err := openWatched(ctx, dir, b.rand(5000, shape.shops), shape)
	if err != nil {
		return r, err
	}
	defer func() { err = errors.Join(err, w.db.Close()) }()
	if err := w.history(ctx, shape); err != nil {
		return r, err
	}
	before := heap()
	records := &steady{Store: &insight.Store{DB: w.db}, r: w.made.r, end: w.now - calibrate*1e6}
	kept := &incident.Store{DB: w.db, Now: w.clock}
	w.watch = watch.New(watch.Options{DB: w.db, Records: records, Incidents: kept, Shards: 1, Behind: func() bool { return w.behind }, Now: w.clock, Logger: slog.New(slog.DiscardHandler)})
	if mine, err := w.watch.Take(ctx); err != nil || !mine {
		return r, fmt.Errorf("the watch is not taken: %w", err)
	}
	r = WatchReport{Shops: shape.shops, Events: watchRate, Seconds: int(watchLength / time.Second)}
	var used, most time.Duration
	var garbage uint64
	outcomes, next := 0, int64(0)
	for from := w.now; w.now < from+(warmUp+watchLength).Microseconds(); {
		warm := w.now < from+warmUp.Microseconds()
		w.now += watchStep.Microseconds()
		come := w.made.batch(w, watchRate*int(watchStep)/int(time.Second))
		n, err := w.apply(ctx, come)
		if err != nil {
			return r, err
		}
		if !warm {
			outcomes += n
		}
		w.watch.Committed(come)
		if w.now < next {
			continue
		}
		cpu, bytes, began := processorTime(), allocated(), time.Now()
		looks, err := w.round(ctx)
		if err != nil {
			return r, err
		}
		took := processorTime() - cpu
		next = w.now + watch.Rest(took).Microseconds()
		if !warm {
			used += took
			garbage += allocated() - bytes
			most = max(most, time.Since(began))
			r.Looks += looks
		}
	}
	seconds := watchLength.Seconds()
	r.Signals = w.watch.Signals()
	// A minute later all is stored. Nothing is concluded from its silence while events wait.
	w.behind = true
	w.now += time.Minute.Microseconds()
	cpu := processorTime()
	if _, err := w.watch.Round(ctx, w.shops, true); err != nil {
		return r, err
	}
	store := processorTime() - cpu
	r.StoreMS = round3(store.Seconds() * 1000)
	r.Core, r.Outcomes = round3(used.Seconds()/seconds+store.Seconds()/60), round3(float64(outcomes)/seconds)
	r.LookMS, r.LookMax = round3(used.Seconds()*1000/float64(max(r.Looks, 1))), round3(most.Seconds()*1000)
	r.Garbage = round3(float64(garbage) / 1e6 / seconds)
	r.Memory = round3(float64(heap()-before) / 1e6)
	for _, ws := range w.shops {
		err := w.db.View(ctx, func(tx *db.Tx) error {
			all, err := kept.All(ctx, tx, ws.Number)
			r.Insights += len(all)
			return err
		})
		if err != nil {
			return r, err
		}
	}
	runtime.KeepAlive(w.watch)
	return r, nil
}

// round looks as the watch does when a batch is stored; each second it also looks at who is due, and every four it renews its lease.
func (w *watched) round(ctx context.Context) (looks int, err error) {
	second := time.Second.Microseconds()
	rest := w.now/second != w.looked/second
	if rest && w.now/second%4 == 0 {
		if mine, err := w.watch.Take(ctx); err != nil || !mine {
			return 0, fmt.Errorf("the watch is lost: %w", err)
		}
	}
	w.looked = w.now
	return w.watch.Round(ctx, w.shops, rest)
}

func (w *watched) clock() time.Time { return time.UnixMicro(w.now) }

func openWatched(ctx context.Context, dir string, rnd *rand.Rand, shape watchShape) (*watched, error) {
	d, err := db.Open(ctx, db.Options{Data: dir})
	if err != nil {
		return nil, err
	}
	w := &watched{db: d, made: newShoppers(rnd, shape.products)}
	analyzer := func(int64) feedback.Analyzer { return language.Base() }
	w.stages = []stage{order.Stage{}, feedback.Stage{Analyzers: analyzer}, insight.Live()}
	shops, err := workspace.New(ctx, d, filepath.Join(dir, "seal.key"))
	if err != nil {
		return nil, errors.Join(err, d.Close())
	}
	for i := range shape.shops {
		made, err := shops.Create(ctx, fmt.Sprintf("Shop %d", i+1))
		if err == nil {
			err = d.View(ctx, func(tx *db.Tx) error {
				model, err := tx.Model(ctx, made.Workspace.Number)
				w.models = append(w.models, model)
				return err
			})
		}
		if err != nil {
			return nil, errors.Join(err, d.Close())
		}
		w.shops = append(w.shops, made.Workspace)
	}
	return w, nil
}

// history lets four weeks pass: enough of each value to be watched, and then some seconds at the rate that follows.
func (w *watched) history(ctx context.Context, shape watchShape) error {
	const size = 2500
	events := (shape.shops*shape.products*100 + size - 1) / size * size
	end := time.Date(2026, 3, 9, 12, 0, 0, 0, time.UTC).UnixMicro()
	w.made.past = true
	for done := 0; done < events; done += size {
		w.now = end - 28*day + 28*day/int64(events)*int64(done)
		b := w.made.batch(w, size)
		for i := range b.Events { // spread over the time until the next batch
			at := w.now + 28*day/int64(events)*int64(i)
			b.Events[i].At, b.Events[i].ReceivedAt = at, at
		}
		if _, err := w.apply(ctx, b); err != nil {
			return err
		}
	}
	w.made.past = false
	for i := range int64(calibrate) {
		w.now = end + i*1e6
		if _, err := w.apply(ctx, w.made.batch(w, watchRate)); err != nil {
			return err
		}
	}
	w.now = end + calibrate*1e6
	return nil
}

// calibrate is for how many seconds events come before the watch begins.
const calibrate = 3

// apply applies events, and counts the outcomes that they come to.
func (w *watched) apply(ctx context.Context, b *event.Batch) (outcomes int, err error) {
	for _, s := range w.stages {
		if p, ok := s.(interface {
			Prepare(ctx context.Context, b *event.Batch) error
		}); ok {
			if err := p.Prepare(ctx, b); err != nil {
				return 0, err
			}
		}
	}
	err = w.db.Update(ctx, func(tx *db.Tx) error {
		for _, s := range w.stages {
			if err := s.Apply(ctx, tx, b); err != nil {
				return err
			}
		}
		first := b.Events[0].Position
		return tx.QueryRow(ctx, "SELECT count(*) FROM outcome WHERE position >= $1", int64(first)).Scan(&outcomes)
	})
	return outcomes, err
}

func allocated() uint64 {
	s := []metrics.Sample{{Name: "/gc/heap/allocs:bytes"}}
	metrics.Read(s)
	return s[0].Value.Uint64()
}

// heap is what is in use after a collection.
func heap() int64 {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}
