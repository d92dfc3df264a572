package shop

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"github.com/dhvani/dhvani/internal/db"
	"github.com/dhvani/dhvani/internal/db/dbtest"
	"github.com/dhvani/dhvani/internal/event"
	"github.com/dhvani/dhvani/internal/staff"
	"github.com/dhvani/dhvani/internal/workspace"
)

func TestMain(m *testing.M) { dbtest.Main(m) }

func owner() staff.Actor {
	return staff.Actor{Account: "a1", Workspace: 1, Role: workspace.Owner}
}

func open(t *testing.T, dir string, now time.Time) *Director {
	t.Helper()
	d, err := Open(dir, 1, now)
	if err != nil {
		t.Fatal(err)
	}
	d.shop.plan.Scale = .1
	return d
}

// take lets a demo run until a time and returns its events by id.
func take(t *testing.T, d *Director, until time.Time, into map[string]string) {
	t.Helper()
	for _, e := range d.until(until) {
		text := string(e.AppendJSON(nil, e.At))
		id := event.ParseObject(text).Text("messageId")
		if into[id] != "" && into[id] != text {
			t.Fatalf("%s is two different events:\n%s\n%s", id, into[id], text)
		}
		into[id] = text
	}
	d.keep(until)
}

// A demo that is stopped and started again goes on as if it had not been: what
// was played belongs to its past, and nothing is sent twice as something else.
func TestGoesOn(t *testing.T) {
	dir, start := t.TempDir(), time.Now().Add(-6*time.Hour)
	sent := map[string]string{}
	d := open(t, dir, start)
	if _, err := d.Begin(start, 1); err != nil {
		t.Fatal(err)
	}
	take(t, d, start.Add(20*time.Minute), sent)
	d.add(Span{From: start.Add(20 * time.Minute), Live: true, Speed: 1, Scene: DyeLot})
	take(t, d, start.Add(40*time.Minute), sent)
	if err := d.Close(); err != nil {
		t.Fatal(err)
	}
	before := len(sent)

	d = open(t, dir, time.Now())
	if !d.state.Born.Equal(start.UTC().Truncate(time.Second)) {
		t.Errorf("it was born at %s, not %s", d.state.Born, start)
	}
	from, err := d.Begin(start.Add(4*time.Hour), 2)
	if err != nil || !from.Equal(start.Add(40*time.Minute)) {
		t.Fatalf("it goes on from %s, not after 40 minutes: %v", from, err)
	}
	if playing := d.Current(); playing.Scene != Calm {
		t.Errorf("it goes on with %q", playing.Scene)
	}
	again := map[string]string{}
	take(t, d, from, again)
	for id, text := range sent {
		if again[id] != text {
			t.Fatalf("simulated again, %s is\n%s\nnot\n%s", id, again[id], text)
		}
	}
	take(t, d, start.Add(4*time.Hour), sent)
	gap := len(sent) - before
	take(t, d, start.Add(4*time.Hour+20*time.Minute), sent)
	if live := len(sent) - before - gap; gap == 0 || live < 50 {
		t.Errorf("%d events, %d while it was off, %d after", before, gap, live)
	}
}

func TestPlay(t *testing.T) {
	dbtest.Run(t, func(t *testing.T, database *db.DB) {
		dbtest.Workspace(t, database, 1)
		dir := t.TempDir()
		d := open(t, dir, time.Now())
		d.Audit(database)
		if _, err := d.Begin(time.Now(), 1); err != nil {
			t.Fatal(err)
		}
		changed := d.Changed()
		if err := d.Play(t.Context(), owner(), UPI); err != nil {
			t.Fatal(err)
		}
		select {
		case <-changed:
		default:
			t.Error("nobody hears of it")
		}
		if err := d.Play(t.Context(), staff.Actor{Workspace: 1, Role: workspace.Analyst}, Viral); !errors.Is(err, staff.ErrForbidden) {
			t.Errorf("an analyst plays: %v", err)
		}
		if err := d.Play(t.Context(), owner(), "flood"); !errors.Is(err, ErrUnknownScene) {
			t.Errorf("an unknown scene: %v", err)
		}
		if now := d.Current(); now.Scene != UPI || time.Since(now.Since) > time.Minute {
			t.Errorf("on is %+v", now)
		}
		if now := open(t, dir, time.Now()).Current(); now.Scene != UPI {
			t.Errorf("kept is %+v", now)
		}
		var lines []string
		err := database.View(t.Context(), func(tx *db.Tx) error {
			rows, err := tx.Query(t.Context(), `SELECT action, subject FROM audit WHERE workspace = $1`, 1)
			if err != nil {
				return err
			}
			defer rows.Close()
			for rows.Next() {
				var action, subject string
				if err := rows.Scan(&action, &subject); err != nil {
					return err
				}
				lines = append(lines, action+" "+subject)
			}
			return rows.Err()
		})
		if err != nil || len(lines) != 1 || lines[0] != "scene.played "+UPI {
			t.Errorf("the audit log says %q, %v", lines, err)
		}
	})
}

// keys records what came with which key, and fails so many requests first.
type keys struct {
	mu    sync.Mutex
	count map[string]int // key and path -> events
	fail  int
	full  func()
}

func (k *keys) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	k.mu.Lock()
	defer k.mu.Unlock()
	body, _ := io.ReadAll(r.Body)
	key, _, _ := r.BasicAuth()
	if k.fail > 0 {
		k.fail--
		w.WriteHeader(http.StatusServiceUnavailable)
		return
	}
	if bytes.Contains(body, []byte("wk_")) || bytes.Contains(body, []byte("sk_")) {
		k.count["leak"]++
	}
	p, err := event.DecodePayload(body, event.Defaults{ReceivedAt: time.Now().UnixMicro()})
	if err != nil || len(p.Rejected) > 0 {
		k.count["rejected"]++
	}
	k.count[key+r.URL.Path] += len(p.Events)
	if k.full != nil && k.count["wk_1/v1/batch"] > 0 && k.count["sk_1/v1/batch"] > 0 {
		k.full()
	}
}

func TestPlayer(t *testing.T) {
	k := &keys{count: map[string]int{}}
	h := httptest.NewServer(k)
	defer h.Close()
	p := Player{URL: h.URL, WriteKey: "wk_1", SecretKey: "sk_1"}
	d := open(t, t.TempDir(), time.Now())
	now := time.Now()
	from, err := d.Begin(now, 50)
	if err != nil {
		t.Fatal(err)
	}
	events := 0
	if err := p.History(t.Context(), d.Shop(), from, now, func(n int, _ time.Time) { k.mu.Lock(); events = max(events, n); k.mu.Unlock() }); err != nil {
		t.Fatal(err)
	}
	if err := d.Imported(now); err != nil {
		t.Fatal(err)
	}
	if k.count["sk_1/v1/import"] < 8_000 || events != k.count["sk_1/v1/import"] || len(k.count) != 1 {
		t.Fatalf("history: %v, told of %d", k.count, events)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	k.fail, k.full = 1, cancel
	troubles := 0
	p.Live(ctx, d, func(error) { troubles++ })
	if k.count["wk_1/v1/batch"] == 0 || k.count["sk_1/v1/batch"] == 0 || k.count["leak"] != 0 || k.count["rejected"] != 0 || troubles != 1 {
		t.Errorf("live: %v, %d troubles", k.count, troubles)
	}
	k.fail, k.full = 1, nil
	if err := p.History(t.Context(), New(1, born, small()), born, born.Add(time.Hour), func(int, time.Time) {}); err == nil {
		t.Error("a failure went unseen")
	}
}
