package backup

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/dhvani/dhvani/internal/customer"
	"github.com/dhvani/dhvani/internal/db"
	"github.com/dhvani/dhvani/internal/db/dbtest"
	"github.com/dhvani/dhvani/internal/event"
	"github.com/dhvani/dhvani/internal/eventlog"
	"github.com/dhvani/dhvani/internal/feedback"
	"github.com/dhvani/dhvani/internal/order"
	"github.com/dhvani/dhvani/internal/process"
	"github.com/dhvani/dhvani/internal/staff"
	"github.com/dhvani/dhvani/internal/workspace"
)

func TestMain(m *testing.M) { dbtest.Main(m) }

// place is a data folder with its database, which may be PostgreSQL, and log.
type place struct {
	t        testing.TB
	data     string
	postgres string
	sealKey  string
	cluster  *eventlog.Cluster // nil: the log is in the data folder
	db       *db.DB
	log      *eventlog.Log
	runner   *process.Runner
	number   int64 // of the one workspace, as the next
	id       string
	model    int64
}

// stages are the real rooms and one that fails on purpose.
func stages() []process.Stage {
	return []process.Stage{customer.Stage{}, order.Stage{}, feedback.Stage{}, brittle{}}
}

// brittle panics at events that say so.
type brittle struct{}

func (brittle) Name() string { return "brittle" }

func (brittle) Apply(_ context.Context, _ *db.Tx, b *event.Batch) error {
	for i := range b.Events {
		if b.Events[i].Name == "poison" {
			panic("poison")
		}
	}
	return nil
}

// stores run a test for every kind of database.
var stores = []string{"sqlite", "postgres"}

// newPlace returns an empty place.
func newPlace(t testing.TB, store string) *place {
	p := &place{t: t, data: t.TempDir()}
	p.sealKey = filepath.Join(p.data, workspace.SealKeyFile)
	if store == "postgres" {
		p.postgres = dbtest.Postgres(t)
	}
	return p
}

func discard() *slog.Logger { return slog.New(slog.DiscardHandler) }

func (p *place) logOptions() eventlog.Options {
	return eventlog.Options{Dir: filepath.Join(p.data, logFolder), MaxBytes: 1 << 30, Cluster: p.cluster, Logger: discard()}
}

// open opens what is there, or makes it, and finds the workspace.
func (p *place) open() {
	p.t.Helper()
	ctx := context.Background()
	var err error
	if p.db, err = db.Open(ctx, db.Options{URL: p.postgres, Data: p.data}); err != nil {
		p.t.Fatal(err)
	}
	if p.log, err = eventlog.Open(ctx, p.logOptions()); err != nil {
		p.t.Fatal(err)
	}
	p.t.Cleanup(p.close)
}

func (p *place) close() {
	p.stop()
	if p.log != nil {
		p.log.Close()
		p.db.Close()
		p.log, p.db = nil, nil
	}
}

// start applies the log.
func (p *place) start() {
	p.t.Helper()
	p.runner = process.New(process.Options{DB: p.db, Log: p.log, Stages: stages(), Logger: discard()})
	if err := p.runner.Start(context.Background()); err != nil {
		p.t.Fatal(err)
	}
}

func (p *place) stop() {
	if p.runner != nil {
		p.runner.Stop()
		p.runner = nil
	}
}

func (p *place) wait() {
	p.t.Helper()
	if err := p.runner.Wait(context.Background()); err != nil {
		p.t.Fatal(err)
	}
}

func (p *place) update(f func(ctx context.Context, tx *db.Tx) error) {
	p.t.Helper()
	ctx := context.Background()
	if err := p.db.Update(ctx, func(tx *db.Tx) error { return f(ctx, tx) }); err != nil {
		p.t.Fatal(err)
	}
}

// createWorkspace makes the workspace with its keys and somebody of its staff.
func (p *place) createWorkspace() {
	p.t.Helper()
	ctx := context.Background()
	s, err := workspace.New(ctx, p.db, p.sealKey)
	if err != nil {
		p.t.Fatal(err)
	}
	c, err := s.Create(ctx, "shop")
	if err == nil {
		_, err = staff.New(p.db, s, nil).AddUser(ctx, c.Workspace.Number, staff.NewUser{Email: "a@shop.example", Role: workspace.Owner, Password: "a long password"})
	}
	if err != nil {
		p.t.Fatal(err)
	}
	p.number, p.id = c.Workspace.Number, c.Workspace.ID
	p.update(func(ctx context.Context, tx *db.Tx) (err error) {
		p.model, err = tx.Model(ctx, p.number)
		return err
	})
}

// made is an event of a user with a message id.
func (p *place) made(user, id string) event.Event {
	return event.Event{Workspace: p.number, Type: event.Track, Name: "Product Viewed", UserID: user, MessageID: id,
		At: 1_700_000_000_000_000, ReceivedAt: 1_700_000_001_000_000, Source: "segment", Properties: `{"product_id":"p1"}`}
}

// together makes one chunk of events of one shard, so that they share a message.
func (p *place) together(events ...event.Event) {
	p.t.Helper()
	c := eventlog.Chunk{Shard: p.log.ShardOf(events[0].ShardKey()), Workspace: p.number, Count: len(events)}
	for i := range events {
		c.Records = event.AppendRecord(c.Records, &events[i])
	}
	if err := p.log.Append(context.Background(), []eventlog.Chunk{c}); err != nil {
		p.t.Fatal(err)
	}
}

// send appends events.
func (p *place) send(events ...event.Event) {
	p.t.Helper()
	var chunks []eventlog.Chunk
	for i := range events {
		e := &events[i]
		chunks = append(chunks, eventlog.Chunk{Shard: p.log.ShardOf(e.ShardKey()), Workspace: e.Workspace, Count: 1, Records: event.AppendRecord(nil, e)})
	}
	if err := p.log.Append(context.Background(), chunks); err != nil {
		p.t.Fatal(err)
	}
}

// story is a bit of everything that the rooms understand.
func (p *place) story() []event.Event {
	named := func(e event.Event, kind event.Type, name, properties, traits string) event.Event {
		e.Type, e.Name, e.Properties, e.Traits = kind, name, properties, traits
		return e
	}
	visitor := p.made("", "m-visitor")
	visitor.AnonymousID = "visitor"
	both := p.made("asha", "m-both")
	both.AnonymousID = "visitor"
	alias := named(p.made("asha", "m-alias"), event.Alias, "", "", "")
	alias.PreviousID = "old asha"
	review := `{"product_id":"p1","review_id":"r1","review_body":"খুব ভালো, really good","rating":5}`
	list := []event.Event{visitor, both, alias,
		named(p.made("asha", "m-identify"), event.Identify, "", "", `{"email":"shared@example.com","name":"Asha"}`),
		named(p.made("ben", "m-identify-2"), event.Identify, "", "", `{"email":"shared@example.com","name":"Ben"}`),
		named(p.made("asha", "m-order"), event.Track, "Order Completed", `{"order_id":"o1","total":12.5,"currency":"INR","products":[{"product_id":"p1","price":12.5,"quantity":1}]}`, ""),
		named(p.made("asha", "m-review"), event.Track, "Product Reviewed", review, ""),
		named(p.made("ben", "m-review-2"), event.Track, "Product Reviewed", review, ""),
		named(p.made("asha", "m-poison"), event.Track, "poison", "{}", ""),
	}
	for i := range 200 {
		list = append(list, p.made(fmt.Sprint("user ", i%17), fmt.Sprint("m", i)))
	}
	for i := range list {
		list[i].Flags = event.Verified
	}
	return list
}

// fill puts a story into a new place and at least one row into every table, and
// leaves some more events in the log that are not applied.
func (p *place) fill() (acknowledged []event.Event) {
	p.t.Helper()
	p.open()
	p.createWorkspace()
	p.start()
	acknowledged = p.story()
	p.send(acknowledged...)
	p.wait()
	p.send(acknowledged[:10]...) // duplicates
	p.wait()
	p.stop()
	p.fillEveryTable()
	var later []event.Event
	for i := range 50 {
		later = append(later, p.made(fmt.Sprint("user ", i%5), fmt.Sprint("later ", i)))
	}
	p.send(later...)
	return append(acknowledged, later...)
}

// fillEveryTable gives the tables that the story left empty a made-up row.
func (p *place) fillEveryTable() {
	p.t.Helper()
	p.update(func(ctx context.Context, tx *db.Tx) error {
		tables, err := tx.Tables(ctx)
		if err != nil {
			return err
		}
		for _, t := range inOrder(tables) {
			var n int
			if err := tx.QueryRow(ctx, "SELECT count(*) FROM "+t.Name).Scan(&n); err != nil || n > 0 {
				if err != nil {
					return err
				}
				continue
			}
			rows := db.NewRows(t.Columns)
			var row []any
			for _, c := range t.Columns {
				switch {
				case c.Name == "model":
					row = append(row, p.model)
				case c.Name == "workspace":
					row = append(row, p.number)
				case c.Kind == db.Int:
					row = append(row, int64(1<<62))
				case c.Kind == db.Text:
					row = append(row, "")
				default:
					row = append(row, []byte{0, 255})
				}
			}
			rows.Add(row...)
			if err := tx.Insert(ctx, t.Name, rows, ""); err != nil {
				return err
			}
		}
		return nil
	})
}

// content is every row of every table that a backup holds, but for the model's
// rows that no workspace uses. No table may be empty.
func (p *place) content() map[string][]string {
	p.t.Helper()
	out := map[string][]string{}
	p.update(func(ctx context.Context, tx *db.Tx) error {
		if err := p.readRows(ctx, tx, out); err != nil {
			return err
		}
		tables, err := tx.Tables(ctx)
		for _, t := range inOrder(tables) {
			if len(out[t.Name]) == 0 {
				err = errors.New("no row in " + t.Name + ": nothing is shown of it")
			}
		}
		return err
	})
	return out
}

func (p *place) readRows(ctx context.Context, tx *db.Tx, out map[string][]string) error {
	tables, err := tx.Tables(ctx)
	if err != nil {
		return err
	}
	for _, t := range inOrder(tables) {
		d := newTable(t)
		err := tx.Each(ctx, d.query(), nil, func(rows *sql.Rows) error {
			row := make([]any, len(t.Columns))
			into := make([]any, len(row))
			for i := range row {
				into[i] = &row[i]
			}
			if err := rows.Scan(into...); err != nil {
				return err
			}
			out[t.Name] = append(out[t.Name], fmt.Sprintf("%#v", row))
			return nil
		})
		if err != nil {
			return err
		}
		slices.Sort(out[t.Name])
	}
	return nil
}

// tail is what the log holds after the cursors.
func (p *place) tail() (out []eventlog.Message) {
	p.t.Helper()
	ctx := context.Background()
	var h *header
	p.update(func(ctx context.Context, tx *db.Tx) (err error) {
		h, err = newHeader(ctx, tx)
		return err
	})
	for _, s := range h.Shards {
		for n := s.Sequence + 1; n <= p.log.Last(s.Shard); n++ {
			m, err := p.log.Read(ctx, s.Shard, n)
			if err != nil {
				p.t.Fatal(err)
			}
			out = append(out, m)
		}
	}
	return out
}

// backUp writes a backup into a file.
func (p *place) backUp() (path string, s Summary) {
	p.t.Helper()
	var b bytes.Buffer
	s, err := Write(context.Background(), &b, Source{p.db, p.log})
	if err != nil {
		p.t.Fatal(err)
	}
	if s.Bytes != int64(b.Len()) {
		p.t.Errorf("a backup of %d bytes says it has %d", b.Len(), s.Bytes)
	}
	path = filepath.Join(p.t.TempDir(), "backup")
	if err := os.WriteFile(path, b.Bytes(), 0o600); err != nil {
		p.t.Fatal(err)
	}
	return path, s
}

// restore makes the place from a file.
func (p *place) restore(path string, erasures *Erasures) (Restored, error) {
	ctx := context.Background()
	f, err := Open(ctx, path, nil)
	if err != nil {
		return Restored{}, err
	}
	return f.Restore(ctx, Place{Data: p.data, Database: p.postgres, Log: p.logOptions(), Erasures: erasures, Stages: stages()})
}

func (p *place) stats() process.Stats {
	p.t.Helper()
	s, err := p.runner.Stats(context.Background(), p.number)
	if err != nil {
		p.t.Fatal(err)
	}
	return s
}

func sameContent(t *testing.T, want, got map[string][]string) {
	t.Helper()
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("the tables differ (-backed up +restored):\n%.4000s", diff)
	}
}

// createAnother makes a second workspace, whose number must be new.
func (p *place) createAnother() {
	p.t.Helper()
	ctx := context.Background()
	s, err := workspace.New(ctx, p.db, p.sealKey)
	if err == nil {
		var c workspace.Created
		if c, err = s.Create(ctx, "another"); err == nil && c.Workspace.Number <= p.number {
			p.t.Errorf("the new workspace has the number %d", c.Workspace.Number)
		}
	}
	if err != nil {
		p.t.Fatal(err)
	}
}

// verify checks that events, counts and message hashes agree.
func (p *place) verify() {
	p.t.Helper()
	if _, err := p.runner.CheckStored(context.Background(), func(int64, int64) {}); err != nil {
		p.t.Error(err)
	}
	if _, err := p.runner.CheckLog(context.Background(), func(int64, int64) {}); err != nil {
		p.t.Error(err)
	}
}

func (p *place) rowCount(table string) (n int) {
	p.t.Helper()
	p.update(func(ctx context.Context, tx *db.Tx) error {
		return tx.QueryRow(ctx, "SELECT count(*) FROM "+table).Scan(&n)
	})
	return n
}
