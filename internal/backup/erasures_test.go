package backup

import (
	"context"
	"strings"
	"testing"

	"github.com/dhvani/dhvani/internal/db"
	"github.com/dhvani/dhvani/internal/event"
	"github.com/dhvani/dhvani/internal/replay"
	"github.com/dhvani/dhvani/internal/workspace"
)

// listOf is a list of erasures of the place's workspace, with other lines in it.
func (p *place) listOf(identifiers ...string) *Erasures {
	p.t.Helper()
	m, err := workspace.OpenMarker(p.sealKey)
	if err != nil {
		p.t.Fatal(err)
	}
	text := "# erased\n\nkey " + m.KeyMark() + "\nws_other " + strings.Repeat("0", 64) + "\n"
	for _, i := range identifiers {
		kind, value, _ := strings.Cut(i, ":")
		text += p.id + " " + m.Mark(p.id, event.ProfileID(p.number, kind, value)) + "\n"
	}
	e, err := ReadErasures(strings.NewReader(text), m)
	if err != nil {
		p.t.Fatal(err)
	}
	return e
}

// Nothing of an erased customer comes back, neither from the archive nor from
// the log; what the others did is derived anew and counted right.
func TestErasedStayErased(t *testing.T) {
	for _, store := range stores {
		t.Run(store, func(t *testing.T) {
			source := newPlace(t, store)
			all := source.fill()
			source.waits("asha", "user 4")
			path, summary := source.backUp()
			erasures := source.listOf("user_id:asha", "anonymous_id:visitor", "user_id:user 3", "user_id:nobody")
			gone := func(e *event.Event) bool {
				return e.UserID == "asha" || e.UserID == "user 3" || e.AnonymousID == "visitor"
			}
			var kept, stored int64
			for i := range all {
				if gone(&all[i]) {
					continue
				}
				kept++
				if !strings.HasPrefix(all[i].MessageID, "later") {
					stored++
				}
			}
			target := newPlace(t, store)
			target.number, target.model = source.number, source.model
			r, err := target.restore(path, erasures)
			if err != nil {
				t.Fatal(err)
			}
			if r.Events != stored || r.Erased != int64(len(all))-kept || r.Rebuilt != 1 || r.Events >= summary.Events {
				t.Errorf("restored %+v; %d of %d stored events should be kept", r, stored, summary.Events)
			}
			target.open()
			target.start()
			target.wait()
			if got := target.stats(); got.Stored != kept {
				t.Errorf("counted %+v, want %d stored", got, kept)
			}
			target.verify()
			again := &replay.Replayer{DB: target.db, Stages: stages(), Logger: discard()}
			if _, err := again.Check(context.Background(), target.number, func(int64, int64) {}); err != nil {
				t.Errorf("the derived rows are not those of the events: %v", err)
			}
			var waits, others int
			target.update(func(ctx context.Context, tx *db.Tx) error {
				asha := event.ProfileID(target.number, event.UserProfile, "asha")
				return tx.QueryRow(ctx, "SELECT count(CASE WHEN profile = $1 THEN 1 END), count(CASE WHEN at = 7 THEN 1 END) FROM chat_wait", asha[:]).Scan(&waits, &others)
			})
			if waits != 0 || others != 1 {
				t.Errorf("what is not made from events: %d rows of an erased customer, %d of others", waits, others)
			}
			asha := event.ProfileID(target.number, event.UserProfile, "asha")
			for query, who := range map[string]any{
				"SELECT count(CASE WHEN customer = $1 THEN 1 END), count(*) FROM loop_customer": asha[:],
				"SELECT count(CASE WHEN about = $1 THEN 1 END), count(*) FROM outbox":           asha.String(),
			} {
				var theirs, all int
				target.update(func(ctx context.Context, tx *db.Tx) error { return tx.QueryRow(ctx, query, who).Scan(&theirs, &all) })
				if theirs != 0 || all < 1 {
					t.Errorf("%s: %d rows of an erased customer, of %d", query, theirs, all)
				}
			}
			for table, rows := range target.everyRow() {
				for _, row := range rows {
					if table != "workspace" && (strings.Contains(row, "asha") || strings.Contains(row, "visitor") || strings.Contains(row, `"user 3"`)) {
						t.Errorf("table %s still holds %s", table, row)
					}
				}
			}
		})
	}
}

// A list for other workspaces changes nothing, not even the log's sequences.
func TestListOfOthers(t *testing.T) {
	path, source := sampleFile(t)
	m, err := workspace.OpenMarker(source.sealKey)
	if err != nil {
		t.Fatal(err)
	}
	others, err := ReadErasures(strings.NewReader("key "+m.KeyMark()+"\nws_other "+strings.Repeat("a", 64)), m)
	if err != nil {
		t.Fatal(err)
	}
	target := newPlace(t, "sqlite")
	if r, err := target.restore(path, others); err != nil || r.Erased != 0 || r.Rebuilt != 0 {
		t.Errorf("%+v %v", r, err)
	}
}

// An alias names two customers; whichever of them is erased, it goes.
func TestGone(t *testing.T) {
	m := markerOf(t, firstKey)
	list := "key " + m.KeyMark() + "\nws_a " + m.Mark("ws_a", event.ProfileID(1, event.UserProfile, "u")) + "\nws_a " + m.Mark("ws_a", event.ProfileID(1, event.AnonymousProfile, "a"))
	e, err := ReadErasures(strings.NewReader(list), m)
	if err != nil {
		t.Fatal(err)
	}
	x := newEraser(e, &header{Workspaces: []workspaceName{{1, "ws_a", "a"}, {2, "ws_b", "b"}}})
	for _, c := range []struct {
		e    event.Event
		want bool
	}{
		{event.Event{Workspace: 1, UserID: "u"}, true},
		{event.Event{Workspace: 1, UserID: "v"}, false},
		{event.Event{Workspace: 1, UserID: "a"}, false}, // another kind
		{event.Event{Workspace: 1, AnonymousID: "a"}, true},
		{event.Event{Workspace: 1, UserID: "v", AnonymousID: "a"}, true},
		{event.Event{Workspace: 1, UserID: "v", PreviousID: "u", Type: event.Alias}, true},
		{event.Event{Workspace: 1, UserID: "v", PreviousID: "a", Type: event.Alias}, true},
		{event.Event{Workspace: 2, UserID: "u"}, false},
	} {
		if got := x.gone(&c.e); got != c.want {
			t.Errorf("%+v: %v", c.e, got)
		}
	}
	if (*eraser)(nil).gone(&event.Event{Workspace: 1, UserID: "u"}) {
		t.Error("nobody is erased without a list")
	}
}

// everyRow is like content, of tables that may be empty.
func (p *place) everyRow() map[string][]string {
	p.t.Helper()
	out := map[string][]string{}
	p.update(func(ctx context.Context, tx *db.Tx) error { return p.readRows(ctx, tx, out) })
	return out
}

// waits writes rows of customers into a table that is not made from events.
func (p *place) waits(users ...string) {
	p.t.Helper()
	p.update(func(ctx context.Context, tx *db.Tx) error {
		for _, u := range users {
			id := event.ProfileID(p.number, event.UserProfile, u)
			if _, err := tx.Exec(ctx, "INSERT INTO chat_wait (workspace, id, due, at, profile, history, dims) VALUES ($1, $2, 9, 7, $2, 0, '')", p.number, id[:]); err != nil {
				return err
			}
			if _, err := tx.Exec(ctx, `INSERT INTO loop_customer (workspace, insight, customer, address, at, arm, language, answered_at, answer)
				VALUES ($1, 'i', $2, $2, 7, 0, '', 0, '')`, p.number, id[:]); err != nil {
				return err
			}
			if _, err := tx.Exec(ctx, `INSERT INTO outbox (workspace, id, destination, kind, about, receiver, zone, bulk, body, state, attempts, due, created_at, touched_at, failure, log)
				VALUES ($1, $2, 'd', 'k', $2, 'a@b.example', '', 1, $3, 'sent', 1, 0, 7, 7, '', '[]')`, p.number, id.String(), []byte("x")); err != nil {
				return err
			}
		}
		return nil
	})
}
