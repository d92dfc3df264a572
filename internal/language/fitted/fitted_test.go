package fitted

import (
	"context"
	"log/slog"
	"testing"
	"time"

	"github.com/dhvani/dhvani/internal/db"
	"github.com/dhvani/dhvani/internal/db/dbtest"
	"github.com/dhvani/dhvani/internal/language"
)

func TestMain(m *testing.M) { dbtest.Main(m) }

func newModels(t *testing.T, d *db.DB) *Models {
	t.Helper()
	m, err := New(t.Context(), d, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// adaption adds the same to the score of a sentiment of every text.
func adaption(to int) *language.Adaption {
	l := language.Linear{Bias: make([]float32, 3)}
	l.Bias[to] = 50
	for range 3 {
		l.Weights = append(l.Weights, make([]float32, 1<<language.AdaptionBits))
	}
	return language.NewAdaption(l)
}

// A model in use reads its workspace's texts, here and on other nodes.
func TestInUse(t *testing.T) {
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		here, there := newModels(t, d), newModels(t, d)
		if used, last, err := here.Current(t.Context(), 1); used != nil || last != nil || err != nil || here.For(1) != here.base {
			t.Fatal(used, last, err)
		}
		data, err := adaption(2).MarshalBinary()
		if err != nil {
			t.Fatal(err)
		}
		first := Model{TrainedAt: 10, Train: 500, Test: 300, Base: .6, Own: .65, Low: .01, High: .09, Used: true}
		second := Model{TrainedAt: 20, Train: 600, Test: 310, Base: .61, Own: .6, Low: -.04, High: .02}
		for _, m := range []Model{first, second} {
			if err := here.store(t.Context(), 1, &m, data, true); err != nil {
				t.Fatal(err)
			}
		}
		used, last, err := there.Current(t.Context(), 1)
		if err != nil || *used != first || *last != second {
			t.Errorf("%+v %+v %v", used, last, err)
		}
		for _, m := range []*Models{here, there} {
			if err := m.refresh(t.Context()); err != nil {
				t.Fatal(err)
			}
			if a := m.For(1); a != m.For(1) || a.Analyze("terrible quality, it broke at once, waste of money").Sentiment != language.Positive {
				t.Error("its own model is read for each text, or is not used")
			}
			if m.For(2) != m.base || m.base.Analyze("terrible quality, it broke at once, waste of money").Sentiment != language.Negative {
				t.Error("another workspace has it too")
			}
			stored, err := m.Data(t.Context(), 1)
			if none, _ := m.Data(t.Context(), 2); err != nil || string(stored) != string(data) || none != nil {
				t.Error(len(stored), len(none), err)
			}
		}
		if err := there.store(t.Context(), 1, &Model{TrainedAt: 30}, nil, false); err != nil {
			t.Fatal(err)
		}
		if err := here.refresh(t.Context()); err != nil || here.For(1) != here.base {
			t.Error("a model that is not better any more is in use", err)
		}
	})
}

// Other processes' models come into use by themselves.
func TestRun(t *testing.T) {
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		m := newModels(t, d)
		data, err := adaption(2).MarshalBinary()
		if err != nil {
			t.Fatal(err)
		}
		if err := newModels(t, d).store(t.Context(), 1, &Model{TrainedAt: 1, Used: true}, data, false); err != nil {
			t.Fatal(err)
		}
		ctx, stop := context.WithCancel(t.Context())
		done := make(chan struct{})
		go func() { m.Run(ctx); close(done) }()
		for deadline := time.Now().Add(30 * time.Second); m.For(1) == m.base; <-time.After(10 * time.Millisecond) {
			if time.Now().After(deadline) {
				t.Fatal("it is not in use")
			}
		}
		stop()
		<-done
	})
}

// Memory is bounded; a model that cannot be read leaves its workspace the base model.
func TestManyModels(t *testing.T) {
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		m := newModels(t, d)
		data, err := adaption(0).MarshalBinary()
		if err != nil {
			t.Fatal(err)
		}
		for w := range int64(maxOpen + 20) {
			if err := m.store(t.Context(), w+1, &Model{TrainedAt: 1, Used: true}, data, false); err != nil {
				t.Fatal(err)
			}
		}
		if err := m.store(t.Context(), 1, &Model{TrainedAt: 2, Used: true}, []byte("damaged"), false); err != nil {
			t.Fatal(err)
		}
		if err := m.refresh(t.Context()); err != nil {
			t.Fatal(err)
		}
		for w := range int64(maxOpen + 20) {
			if (m.For(w+1) == m.base) != (w == 0) {
				t.Errorf("workspace %d", w+1)
			}
			m.For(2)
		}
		if len(m.open) != maxOpen || m.open[2] == nil || m.open[3] != nil {
			t.Errorf("%d models are in memory", len(m.open))
		}
		if err := m.store(t.Context(), 1, &Model{TrainedAt: 3, Used: true}, data, false); err != nil {
			t.Fatal(err)
		}
		if m.refresh(t.Context()); m.For(1) == m.base {
			t.Error("a model that can be read is not used")
		}
	})
}

// Of many trainings the newest are kept, and the one in use.
func TestKept(t *testing.T) {
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		m := newModels(t, d)
		for i := range int64(3 * kept) {
			if err := m.store(t.Context(), 1, &Model{TrainedAt: i + 1, Used: i == 2 || i == 4}, []byte("x"), true); err != nil {
				t.Fatal(err)
			}
		}
		var rows, newest, data int64
		err := d.View(t.Context(), func(tx *db.Tx) error {
			return tx.QueryRow(t.Context(), "SELECT count(*), max(CASE WHEN used = 1 THEN trained_at END), sum(length(data)) FROM language_model").Scan(&rows, &newest, &data)
		})
		if err != nil || rows > kept+2 || rows < kept || newest != 5 || data > 2 {
			t.Error(rows, newest, data, err)
		}
	})
}
