// Package fitted keeps models of sentiment that are fitted to a workspace: trained
// from its customers' ratings and its staff's corrections, and used only where they
// beat the base model on that workspace's newest ratings.
package fitted

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/dhvani/dhvani/internal/db"
	"github.com/dhvani/dhvani/internal/language"
)

// Model says how a fitted model did against the base model.
type Model struct {
	TrainedAt int64   `json:"trained_at_micros"`
	Train     int64   `json:"n_train"` // texts that it learnt from
	Test      int64   `json:"n_test"`  // newest rated texts, on which the two were compared
	Base      float64 `json:"base_f1"` // macro-F1 of the base model
	Own       float64 `json:"own_f1"`  // of this one
	Low       float64 `json:"low"`     // 95 % interval of the difference
	High      float64 `json:"high"`
	Used      bool    `json:"used"` // it was better
}

// Better is by how much it is better than the base model.
func (m *Model) Better() float64 { return m.Own - m.Base }

const (
	// maxOpen bounds the memory of models: each takes 200 KB.
	maxOpen = 100
	// pollEvery is how soon another process's training is seen.
	pollEvery = 2 * time.Second
	// loadWithin bounds how long a text waits for its model to be read.
	loadWithin = 5 * time.Second
)

// Models are the models of all workspaces.
type Models struct {
	db   *db.DB
	log  *slog.Logger
	base *language.Analyzer

	newest   atomic.Pointer[map[int64]int64] // when the one in use was trained, by workspace
	training sync.Mutex                      // held by a training

	mu    sync.Mutex
	open  map[int64]*opened
	asked int64 // grows with each question
}

// opened is a model in memory.
type opened struct {
	trainedAt int64
	asked     int64
	load      func() *language.Analyzer // nil where it cannot be read
}

// New reads which workspaces have a model in use.
func New(ctx context.Context, d *db.DB, log *slog.Logger) (*Models, error) {
	m := &Models{db: d, log: log, base: language.Base(), open: map[int64]*opened{}}
	return m, m.refresh(ctx)
}

// Run follows other processes' trainings until ctx ends.
func (m *Models) Run(ctx context.Context) {
	tick := time.NewTicker(pollEvery)
	defer tick.Stop()
	failing := false
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		err := m.refresh(ctx)
		if err != nil && !failing && ctx.Err() == nil {
			m.log.Warn("the database cannot be asked for language models; those last read stay in use", "error", err)
		}
		failing = err != nil
	}
}

// refresh reads which models are in use, and forgets those that are not.
func (m *Models) refresh(ctx context.Context) error {
	newest := map[int64]int64{}
	err := m.db.View(ctx, func(tx *db.Tx) error {
		return tx.Each(ctx, "SELECT workspace, max(trained_at) FROM language_model WHERE used = 1 AND base = $1 GROUP BY workspace", []any{language.BaseVersion()}, func(r *sql.Rows) error {
			var w, at int64
			err := r.Scan(&w, &at)
			newest[w] = at
			return err
		})
	})
	if err != nil {
		return fmt.Errorf("read which language models are in use: %w", err)
	}
	m.newest.Store(&newest)
	m.mu.Lock()
	defer m.mu.Unlock()
	for w, o := range m.open {
		if newest[w] != o.trainedAt || o.load() == nil { // the latter is tried again
			delete(m.open, w)
		}
	}
	return nil
}

// For is what analyses a workspace's texts: its own model where there is one in
// use, else the base model.
func (m *Models) For(workspace int64) *language.Analyzer {
	at, ok := (*m.newest.Load())[workspace]
	if !ok {
		return m.base
	}
	m.mu.Lock()
	o := m.open[workspace]
	if o == nil || o.trainedAt != at {
		m.makeRoom()
		o = &opened{trainedAt: at, load: sync.OnceValue(func() *language.Analyzer { return m.read(workspace, at) })}
		m.open[workspace] = o
	}
	m.asked++
	o.asked = m.asked
	m.mu.Unlock()
	if a := o.load(); a != nil {
		return a
	}
	return m.base
}

// makeRoom forgets the model that was not asked for the longest, where there are many.
func (m *Models) makeRoom() {
	if len(m.open) < maxOpen {
		return
	}
	var oldest int64
	for w, o := range m.open {
		if oldest == 0 || o.asked < m.open[oldest].asked {
			oldest = w
		}
	}
	delete(m.open, oldest)
}

// read reads a model, nil where that fails.
func (m *Models) read(workspace, at int64) *language.Analyzer {
	ctx, stop := context.WithTimeout(context.Background(), loadWithin)
	defer stop()
	data, err := m.data(ctx, workspace, at)
	if err == nil {
		var a *language.Analyzer
		if a, err = Open(data); err == nil {
			return a
		}
	}
	m.log.Warn("a workspace's language model cannot be read; the base model is used", "workspace", workspace, "error", err)
	return nil
}

func (m *Models) data(ctx context.Context, workspace, at int64) (data []byte, err error) {
	err = m.db.View(ctx, func(tx *db.Tx) error {
		return tx.QueryRow(ctx, "SELECT data FROM language_model WHERE workspace = $1 AND trained_at = $2", workspace, at).Scan(&data)
	})
	return data, err
}

// Data is a workspace's model in use as Open takes it, empty where there is none.
func (m *Models) Data(ctx context.Context, workspace int64) ([]byte, error) {
	at, ok := (*m.newest.Load())[workspace]
	if !ok {
		return nil, nil
	}
	data, err := m.data(ctx, workspace, at)
	if err != nil {
		return nil, fmt.Errorf("read the language model of workspace %d: %w", workspace, err)
	}
	return data, nil
}

// Open returns an Analyzer with a model of a workspace.
func Open(data []byte) (*language.Analyzer, error) {
	var a language.Adaption
	if err := a.UnmarshalBinary(data); err != nil {
		return nil, err
	}
	return language.Base().Adapted(&a), nil
}

// Current returns the model that reads a workspace's texts, nil where that is the
// base model, and the one that was trained last, nil where none was.
func (m *Models) Current(ctx context.Context, workspace int64) (used, last *Model, err error) {
	const columns = "SELECT trained_at, n_train, n_test, base_f1, own_f1, low, high, used FROM language_model WHERE workspace = $1"
	err = m.db.View(ctx, func(tx *db.Tx) error {
		one := func(query string, args ...any) (*Model, error) {
			var n Model
			var base, own, low, high int64
			err := tx.QueryRow(ctx, columns+query+" ORDER BY trained_at DESC LIMIT 1", args...).Scan(&n.TrainedAt, &n.Train, &n.Test, &base, &own, &low, &high, &n.Used)
			if errors.Is(err, sql.ErrNoRows) {
				return nil, nil
			}
			n.Base, n.Own, n.Low, n.High = share(base), share(own), share(low), share(high)
			return &n, err
		}
		if used, err = one(" AND used = 1 AND base = $2", workspace, language.BaseVersion()); err == nil {
			last, err = one("", workspace)
		}
		return err
	})
	if err != nil {
		return nil, nil, fmt.Errorf("read the language model of workspace %d: %w", workspace, err)
	}
	return used, last, nil
}

func share(n int64) float64 { return float64(n) / million }

const million = 1e6
