package intake_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/dhvani/dhvani/internal/db"
	"github.com/dhvani/dhvani/internal/db/dbtest"
	"github.com/dhvani/dhvani/internal/event"
	"github.com/dhvani/dhvani/internal/intake"
	"github.com/dhvani/dhvani/internal/source/file"
	"github.com/dhvani/dhvani/internal/source/table"
	"github.com/dhvani/dhvani/internal/staff"
	"github.com/dhvani/dhvani/internal/workspace"
)

func TestMain(m *testing.M) { dbtest.Main(m) }

var owner = staff.Actor{Account: "acc", Workspace: 1, Role: workspace.Owner}

// collection stands for the process's own: it keeps the events it is sent.
type collection struct {
	mu       sync.Mutex
	events   map[string]string // message id -> name or type
	requests int
	hold     func(ctx context.Context, n int) // before the n-th request is answered
}

func (c *collection) RoundTrip(r *http.Request) (*http.Response, error) {
	w := httptest.NewRecorder()
	if r.URL.Path == "/api/v1/stats" {
		io.WriteString(w, `{"events":{}}`)
		return w.Result(), nil
	}
	body, _ := io.ReadAll(r.Body)
	c.mu.Lock()
	c.requests++
	n := c.requests
	c.mu.Unlock()
	if c.hold != nil {
		c.hold(r.Context(), n)
	}
	if err := r.Context().Err(); err != nil {
		return nil, err
	}
	p, err := event.DecodePayload(body, event.Defaults{ReceivedAt: time.Now().UnixMicro(), Flags: event.History})
	if err != nil {
		return nil, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, e := range p.Events {
		c.events[e.MessageID] = e.Name
	}
	rejected := []map[string]any{}
	for _, x := range p.Rejected {
		rejected = append(rejected, map[string]any{"index": x.Index, "reason": string(x.Reason)})
	}
	json.NewEncoder(w).Encode(map[string]any{"success": true, "rejected": rejected})
	return w.Result(), nil
}

func (c *collection) names() map[string]int {
	c.mu.Lock()
	defer c.mu.Unlock()
	out := map[string]int{}
	for _, n := range c.events {
		out[n]++
	}
	return out
}

type fixture struct {
	*testing.T
	d     *db.DB
	store *intake.Store
	at    *collection
}

func start(t *testing.T, d *db.DB) *fixture {
	dbtest.Workspace(t, d, 1)
	return &fixture{t, d, &intake.Store{DB: d}, &collection{events: map[string]string{}}}
}

// run lets a node work on imports; stop waits until it has stopped.
func (f *fixture) run(node string) (stop func()) {
	ctx, cancel := context.WithCancel(f.Context())
	r := intake.NewRunner(intake.Runner{
		Store: f.store, Node: node, Client: &http.Client{Transport: f.at}, Key: func(intake.Job) string { return "k" }, Logger: slog.New(slog.DiscardHandler),
	})
	var wg sync.WaitGroup
	wg.Go(func() { r.Run(ctx) })
	return func() { cancel(); wg.Wait() }
}

func (f *fixture) upload(name, text string) intake.Job {
	f.Helper()
	j, err := f.store.Upload(f.Context(), owner, name, strings.NewReader(text))
	if err != nil {
		f.Fatal(err)
	}
	return j
}

// await returns an import when it is in a state.
func (f *fixture) await(id string, state intake.State) intake.Job {
	f.Helper()
	for end := time.Now().Add(20 * time.Second); ; {
		j, err := f.store.Job(f.Context(), owner, id)
		if err != nil {
			f.Fatal(err)
		}
		if j.State == state {
			return j
		}
		if time.Now().After(end) {
			f.Fatalf("the import is %s, not %s: %+v", j.State, state, j)
		}
		pause(f.Context())
	}
}

func pause(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Millisecond)
	defer cancel()
	<-ctx.Done()
}

const orders = "order,date,email,total\n1,2026-03-01,a@b.example,5\n2,soon,a@b.example,6\n3,2026-03-03,,7\n"

func TestImport(t *testing.T) {
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		f := start(t, d)
		j := f.upload(`C:\shop\orders.csv`, orders)
		if j.Name != "orders.csv" || j.State != intake.Ready || j.Size != int64(len(orders)) {
			t.Fatalf("%+v", j)
		}
		p, err := f.store.Preview(t.Context(), owner, j.ID, intake.Settings{Zone: "Asia/Kolkata", Currency: "INR"})
		if err != nil {
			t.Fatal(err)
		}
		if p.Settings.Format != "orders" || p.Looked != 3 || p.Flawed != 1 || !p.Whole || len(p.Missing) != 0 || p.Units[1].Flaw.Code != "bad_time" ||
			p.Units[1].Line != 3 || len(p.Units[0].Events) != 2 || event.FormatTime(p.Units[0].Events[1].At) != "2026-02-28T18:30:00Z" || p.Samples[2] != "a@b.example" {
			t.Fatalf("%+v", p)
		}
		if len(f.at.names()) > 0 {
			t.Fatal("the preview sent events")
		}
		defer f.run("a")()
		if err := f.store.Start(t.Context(), owner, j.ID, p.Settings); err != nil {
			t.Fatal(err)
		}
		j = f.await(j.ID, intake.Done)
		if diff := cmp.Diff(map[string]int{"": 1, "Order Completed": 2}, f.at.names()); diff != "" || j.Sent != 3 || j.Rejected != 1 || j.Share() != 1 {
			t.Errorf("%s %+v", diff, j)
		}
		r, suffix, err := f.store.Rejects(t.Context(), owner, j.ID)
		if err != nil {
			t.Fatal(err)
		}
		text, err := io.ReadAll(r)
		if want := "\ufefforder,date,email,total,dhvani_reason\n2,soon,a@b.example,6,date: the time cannot be read\n"; string(text) != want || suffix != ".rejects.csv" || err != nil {
			t.Errorf("%q %s %v", text, suffix, err)
		}
		// The file is gone, and the same once more changes nothing.
		if _, err := f.store.Preview(t.Context(), owner, j.ID, intake.Settings{}); !errors.Is(err, intake.ErrState) {
			t.Error(err)
		}
		before := len(f.at.events)
		again := f.upload("again.csv", orders)
		if err := f.store.Start(t.Context(), owner, again.ID, p.Settings); err != nil {
			t.Fatal(err)
		}
		if f.await(again.ID, intake.Done); len(f.at.events) != before {
			t.Error("the same file again brought other events")
		}
		if list, err := f.store.Jobs(t.Context(), owner, 10); err != nil || len(list) != 2 || list[0].ID != again.ID {
			t.Errorf("%+v %v", list, err)
		}
		if err := f.store.Remove(t.Context(), owner, again.ID); err != nil {
			t.Error(err)
		}
		audited(t, d, "import.uploaded", "import.started", "import.rejects", "import.uploaded", "import.started", "import.removed")
	})
}

func audited(t *testing.T, d *db.DB, want ...string) {
	t.Helper()
	got := []string{}
	err := d.View(t.Context(), func(tx *db.Tx) error {
		rows, err := tx.Query(t.Context(), "SELECT action FROM audit WHERE workspace = 1 AND account = 'acc' ORDER BY id")
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			var a string
			if err := rows.Scan(&a); err != nil {
				return err
			}
			got = append(got, a)
		}
		return rows.Err()
	})
	if diff := cmp.Diff(want, got); err != nil || diff != "" {
		t.Error(diff, err)
	}
}

// many is a file of more than one part and many requests.
func many(n int) string {
	var b strings.Builder
	b.WriteString("order,date,email,total\n")
	for i := range n {
		at := "2026-03-01"
		if i%1000 == 7 {
			at = "never"
		}
		fmt.Fprintf(&b, "%d,%s,c%d@b.example,%d,%040d\n", i, at, i, i, i)
	}
	return b.String()
}

// A node that dies in the middle is followed by another, which sends what is
// missing and no other events, and tells of each reject once.
func TestAnotherNodeGoesOn(t *testing.T) {
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		f := start(t, d)
		const n = 12_000
		j := f.upload("many.csv", many(n))
		middle := make(chan struct{})
		var once sync.Once
		f.at.hold = func(_ context.Context, k int) {
			if k == 20 {
				once.Do(func() { close(middle) })
			}
		}
		stop := f.run("a")
		if err := f.store.Start(t.Context(), owner, j.ID, intake.Settings{Format: "orders", Zone: "UTC"}); err != nil {
			t.Fatal(err)
		}
		<-middle
		stop()
		if now, err := f.store.Job(t.Context(), owner, j.ID); err != nil || now.State != intake.Running {
			t.Fatalf("%+v %v", now, err)
		}
		f.expire(j.ID)
		defer f.run("b")()
		j = f.await(j.ID, intake.Done)
		if got := f.at.names(); got["Order Completed"] != n-12 || j.Rejected != 12 || j.Sent != 2*(n-12) {
			t.Errorf("%v %+v", got, j)
		}
		r, _, err := f.store.Rejects(t.Context(), owner, j.ID)
		if err != nil {
			t.Fatal(err)
		}
		if text, _ := io.ReadAll(r); strings.Count(string(text), "\n") != 13 {
			t.Errorf("%s", text)
		}
	})
}

func (f *fixture) expire(id string) {
	f.Helper()
	err := f.d.Update(f.Context(), func(tx *db.Tx) error {
		_, err := tx.Exec(f.Context(), "UPDATE import_job SET until = 1 WHERE id = $1", id)
		return err
	})
	if err != nil {
		f.Fatal(err)
	}
}

func TestCancel(t *testing.T) {
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		f := start(t, d)
		held := make(chan struct{})
		var once sync.Once
		f.at.hold = func(ctx context.Context, k int) {
			if k >= 5 {
				once.Do(func() { close(held) })
				<-ctx.Done()
			}
		}
		defer f.run("a")()
		j := f.upload("many.csv", many(8000))
		waiting := f.upload("more.csv", orders)
		for _, id := range []string{j.ID, waiting.ID} {
			if err := f.store.Start(t.Context(), owner, id, intake.Settings{Format: "orders"}); err != nil {
				t.Fatal(err)
			}
		}
		<-held
		for _, id := range []string{waiting.ID, j.ID} {
			if err := f.store.Cancel(t.Context(), owner, id); err != nil {
				t.Fatal(err)
			}
		}
		if err := f.store.Remove(t.Context(), owner, j.ID); !errors.Is(err, intake.ErrState) {
			t.Errorf("a running import was removed: %v", err)
		}
		f.await(j.ID, intake.Cancelled)
		f.await(waiting.ID, intake.Cancelled)
		if err := f.store.Cancel(t.Context(), owner, j.ID); !errors.Is(err, intake.ErrState) {
			t.Error(err)
		}
	})
}

func TestEventsAndBadFiles(t *testing.T) {
	d := dbtest.SQLite(t)
	f := start(t, d)
	defer f.run("a")()
	j := f.upload("events.ndjson", `{"type":"track","event":"A","userId":"u"}`+"\n{}\nx\n")
	p, err := f.store.Preview(t.Context(), owner, j.ID, intake.Settings{})
	if err != nil || p.Settings.Format != intake.Events || p.Looked != 3 || p.Flawed != 2 {
		t.Fatalf("%+v %v", p, err)
	}
	if err := f.store.Start(t.Context(), owner, j.ID, p.Settings); err != nil {
		t.Fatal(err)
	}
	if j = f.await(j.ID, intake.Done); j.Sent != 1 || j.Rejected != 2 {
		t.Errorf("%+v", j)
	}
	if _, err := f.store.Upload(t.Context(), owner, "x", strings.NewReader("")); !errors.Is(err, intake.ErrEmpty) {
		t.Error(err)
	}
	for name, head := range map[string]string{"workbook": "PK\x03\x04\x14\x00", "pdf": "%PDF-1.7\n", "picture": "\xff\xd8\xff\xe0", "noise": strings.Repeat("\x01\x02data", 100)} {
		if _, err := f.store.Upload(t.Context(), owner, name, strings.NewReader(head)); !errors.Is(err, intake.ErrBinary) {
			t.Errorf("%s: %v", name, err)
		}
	}
	j = f.upload("utf16.csv", "\xff\xfeN\x00a\x00m\x00e\x00,\x00E\x00m\x00a\x00i\x00l\x00\n\x00\x05\x09\x15\x09,\x00a\x00@\x00b\x00.\x00c\x00o\x00\n\x00") // अक
	if p, err := f.store.Preview(t.Context(), owner, j.ID, intake.Settings{}); err != nil || !slices.Contains(p.Samples, "अक") {
		t.Errorf("UTF-16: %q %v", p.Samples, err)
	}
	j = f.upload("cut.csv.gz", "\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\xff\x4a")
	if _, err := f.store.Preview(t.Context(), owner, j.ID, intake.Settings{}); !errors.Is(err, file.ErrBroken) {
		t.Errorf("a file that is cut off: %v", err)
	}
	j = f.upload("x.csv", orders)
	for name, set := range map[string]intake.Settings{
		"format": {Format: "nothing"}, "zone": {Format: "orders", Zone: "Mars/Olympus"}, "mapping": {Format: "orders", Mapping: table.Mapping{table.OrderID}},
		"field": {Format: "orders", Mapping: table.Mapping{table.OrderID, table.PlacedAt, table.Rating, table.None}},
	} {
		if err := f.store.Start(t.Context(), owner, j.ID, set); !errors.Is(err, intake.ErrSettings) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if err := f.store.Start(t.Context(), owner, "imp_other", intake.Settings{}); !errors.Is(err, intake.ErrNotFound) {
		t.Error(err)
	}
	stranger := owner
	stranger.Workspace = 2
	if _, err := f.store.Job(t.Context(), stranger, j.ID); !errors.Is(err, intake.ErrNotFound) {
		t.Error(err)
	}
}

// What a role does not allow is refused before anything is looked at.
func TestRights(t *testing.T) {
	f := start(t, dbtest.SQLite(t))
	j := f.upload("x.csv", orders)
	for _, role := range []workspace.Role{workspace.Agent, workspace.Analyst, ""} {
		by := owner
		by.Role = role
		ctx := t.Context()
		_, upload := f.store.Upload(ctx, by, "x", strings.NewReader("x"))
		_, list := f.store.Jobs(ctx, by, 1)
		_, one := f.store.Job(ctx, by, j.ID)
		_, preview := f.store.Preview(ctx, by, j.ID, intake.Settings{})
		_, _, rejects := f.store.Rejects(ctx, by, j.ID)
		for i, err := range []error{
			upload, list, one, preview, rejects, f.store.Start(ctx, by, j.ID, intake.Settings{Format: "orders"}), f.store.Cancel(ctx, by, j.ID),
			f.store.Again(ctx, by, j.ID), f.store.Remove(ctx, by, j.ID),
		} {
			if !errors.Is(err, staff.ErrForbidden) {
				t.Errorf("%s, %d: %v", role, i, err)
			}
		}
	}
}

func TestArrivals(t *testing.T) {
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		f := start(t, d)
		const hour = int64(time.Hour / time.Microsecond)
		now := 500_000*hour + 5
		ev := func(at int64, source, context string, flags event.Flags, shard int) event.Event {
			return event.Event{Workspace: 1, Model: 101, Type: event.Track, Source: source, Context: context, Flags: flags, ReceivedAt: at, Position: event.NewPosition(shard, 1, 0)}
		}
		js := `{"ip":"1.2.3.4","library":{"version":"1","name":"analytics.js"}}`
		for _, events := range [][]event.Event{
			{ev(now, "segment", js, 0, 0), ev(now-1, "segment", js, 0, 0), ev(now-30*hour, "segment", js, 0, 0)},
			{ev(now-hour, "segment", js, 0, 1), ev(now-2*hour, "import", "", event.Verified, 1), ev(now, "staff", "", 0, 1)},
			{ev(now-3*hour, "segment", `{"library":{"name":"made up"}}`, 0, 0)},
		} {
			if events[len(events)-1].Source == "staff" {
				events[len(events)-1].Type = event.Staff
			}
			err := d.Update(t.Context(), func(tx *db.Tx) error { return intake.Stage{}.Apply(t.Context(), tx, &event.Batch{Events: events}) })
			if err != nil {
				t.Fatal(err)
			}
		}
		got, err := f.store.Arrivals(t.Context(), 1, now)
		if err != nil {
			t.Fatal(err)
		}
		hours := func(at ...int64) []int64 {
			out := make([]int64, intake.LastHours)
			for _, h := range at {
				out[intake.LastHours-1-h]++
			}
			return out
		}
		want := []intake.Arrival{
			{Source: "segment", Library: "analytics.js", Events: 4, LastAt: now, Hours: hours(0, 0, 1)},
			{Source: "import", Verified: true, Events: 1, LastAt: now - 2*hour, Hours: hours(2)},
			{Source: "segment", Events: 1, LastAt: now - 3*hour, Hours: hours(3)},
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Error(diff)
		}
	})
}
