package app_test

import (
	"database/sql"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/dhvani/dhvani/internal/app"
	"github.com/dhvani/dhvani/internal/db"
	"github.com/dhvani/dhvani/internal/feedback"
	sample "github.com/dhvani/dhvani/internal/shop"
	"github.com/dhvani/dhvani/internal/staff"
	"github.com/dhvani/dhvani/internal/workspace"
)

// follow carries out a command that takes long and returns what it says.
func (s *shop) follow(path string, in any) (results string, played *app.Step, err error) {
	s.t.Helper()
	c, err := app.Connect(s.t.Context(), s.o)
	if err != nil {
		s.t.Fatal(err)
	}
	defer c.Close()
	err = c.Follow(s.t.Context(), path, in, func(step app.Step) {
		results += step.Result + "\n"
		if step.Played != nil {
			played = &step
		}
	})
	return results, played, err
}

// A replay while events go on arriving makes the same rows as before; what is
// damaged behind the system's back is named.
func TestReplayAndVerify(t *testing.T) {
	eachStore(t, func(t *testing.T, s *shop) {
		start := time.Now().Add(-10 * 24 * time.Hour)
		shoppers := sample.New(7, start, &sample.Plan{Born: start, Scale: .15})
		player := sample.Player{URL: s.url, WriteKey: s.keys.WriteKey, SecretKey: s.keys.SecretKey}
		if err := player.History(t.Context(), shoppers, start, start.Add(5*24*time.Hour), func(int, time.Time) {}); err != nil {
			t.Fatal(err)
		}
		s.merge()
		arriving := make(chan error, 1)
		go func() {
			arriving <- player.History(t.Context(), shoppers, start.Add(5*24*time.Hour), start.Add(10*24*time.Hour), func(int, time.Time) {})
		}()
		before := s.model()
		if _, _, err := s.follow("/admin/replay", app.NamedKey{}); err != nil {
			t.Fatal(err)
		}
		if s.model() == before {
			t.Error("a replay left the old rows in use")
		}
		s.verify("") // while they arrive
		if err := <-arriving; err != nil {
			t.Fatal(err)
		}
		s.correct()
		said := s.verify("")
		if !strings.Contains(said, "The log:") || !strings.Contains(said, "Stored events:") || !strings.Contains(said, "derived rows are what the events make") {
			t.Errorf("verify says %q", said)
		}

		_, played, err := s.follow("/admin/play", app.Play{From: start.UnixMicro(), Speed: 0})
		if err != nil {
			t.Fatal(err)
		}
		stored := s.number("SELECT count(*) FROM event WHERE at >= $1", start.UnixMicro())
		if played.Played.Events != stored || played.Played.At == 0 {
			t.Errorf("played %+v of %d events", played.Played, stored)
		}

		for _, c := range []struct{ harm, heal, says string }{
			{"UPDATE profile SET events = events + 1 WHERE model = %m AND id = (SELECT id FROM profile WHERE model = %m ORDER BY id LIMIT 1)",
				"UPDATE profile SET events = events - 1 WHERE model = %m AND id = (SELECT id FROM profile WHERE model = %m ORDER BY id LIMIT 1)", "table profile, row id "},
			{"UPDATE event SET name = 'Order Cancelled' WHERE key = (SELECT min(key) FROM event WHERE name = 'Order Completed')",
				"UPDATE event SET name = 'Order Completed' WHERE key = (SELECT min(key) FROM event WHERE name = 'Order Cancelled')", "the stored event is damaged"},
			{"UPDATE event_count SET stored = stored + 1", "UPDATE event_count SET stored = stored - 1", "counts"},
			{"UPDATE event_segment SET first_at = first_at + 1", "UPDATE event_segment SET first_at = first_at - 1", "timelines lack events"},
			{"INSERT INTO orders (model, id, claimed, verified) VALUES (%m, %b, %b, %b)", "DELETE FROM orders WHERE model = %m AND id = %b", "table orders"},
		} {
			s.exec(c.harm)
			s.verify(c.says)
			s.exec(c.heal)
		}
		s.verify("")

		corrected := s.number("SELECT count(*) FROM feedback WHERE model = $1 AND corrected <> 0", s.model())
		if _, _, err := s.follow("/admin/replay", app.NamedKey{}); err != nil {
			t.Fatal(err)
		}
		if n := s.number("SELECT count(*) FROM feedback WHERE model = $1 AND corrected <> 0", s.model()); n != corrected || n == 0 {
			t.Errorf("%d opinions are corrected after a replay, and were %d", n, corrected)
		}
		s.exec("UPDATE feedback_label SET sentiment = 'neutral' WHERE sentiment <> 'neutral'")
		s.verify("and the stored events make it")
	})
}

// correct lets staff turn round how texts were understood: signals and cards change.
func (s *shop) correct() {
	s.t.Helper()
	s.settle()
	opinions, by := s.app.Opinions(), staff.Actor{Account: "ann", Workspace: s.number("SELECT number FROM workspace"), Role: workspace.Owner}
	items, _, err := opinions.List(s.t.Context(), by.Workspace, feedback.Filter{Limit: 200})
	if err != nil {
		s.t.Fatal(err)
	}
	n := 0
	for _, it := range items {
		if it.Text == "" || it.Rating != nil && n > 5 {
			continue
		}
		sentiment := "negative"
		if it.Sentiment == sentiment {
			sentiment = "positive"
		}
		if err := opinions.Correct(s.t.Context(), by, it.ID, feedback.Change{Sentiment: sentiment, Topics: map[string]string{"size": sentiment}, Care: map[string]bool{"safety": false}}); err != nil {
			s.t.Fatal(err)
		}
		if n++; n%3 == 0 {
			if err := opinions.Uncorrect(s.t.Context(), by, it.ID, feedback.Label{}); err != nil {
				s.t.Fatal(err)
			}
		}
	}
	if n < 6 {
		s.t.Fatalf("only %d texts", n)
	}
}

// merge lets staff merge two customers, so that a replay meets their event.
func (s *shop) merge() {
	s.t.Helper()
	s.settle()
	var list struct {
		Items []struct {
			CustomerID string `json:"customer_id"`
		}
	}
	s.call("GET", "/api/v1/feedback?limit=50", "", 200, &list)
	one := list.Items[0].CustomerID
	for _, i := range list.Items {
		if i.CustomerID != one {
			s.call("POST", "/api/v1/customers/"+one+"/merge", `{"customer":"`+i.CustomerID+`"}`, 200, nil)
			return
		}
	}
	s.t.Fatal("only one customer said something")
}

// verify wants the command to find nothing, or a difference that it names.
func (s *shop) verify(finds string) string {
	s.t.Helper()
	said, _, err := s.follow("/admin/verify", app.NamedKey{})
	if finds == "" && err != nil || finds != "" && (err == nil || !strings.Contains(err.Error(), finds)) {
		s.t.Errorf("verify finds %v, want %q", err, finds)
	}
	return said
}

func (s *shop) model() int64 { return s.number("SELECT model FROM workspace") }

func (s *shop) open() *sql.DB {
	s.t.Helper()
	driver, source := "sqlite", "file:"+filepath.Join(s.o.Data, db.FileName)+"?_pragma=busy_timeout(10000)"
	if s.o.Database != "" {
		driver, source = "pgx", s.o.Database
	}
	h, err := sql.Open(driver, source)
	if err != nil {
		s.t.Fatal(err)
	}
	return h
}

func (s *shop) number(query string, args ...any) (n int64) {
	s.t.Helper()
	h := s.open()
	defer h.Close()
	if err := h.QueryRow(query, args...).Scan(&n); err != nil {
		s.t.Fatal(err)
	}
	return n
}

// exec changes rows behind the system's back: %m is the model in use, %b an id.
func (s *shop) exec(query string) {
	s.t.Helper()
	id := "x'00000000000000000000000000000001'"
	if s.o.Database != "" {
		id = `'\x00000000000000000000000000000001'`
	}
	h := s.open()
	defer h.Close()
	query = strings.NewReplacer("%m", strconv.FormatInt(s.model(), 10), "%b", id).Replace(query)
	r, err := h.Exec(query)
	if err != nil {
		s.t.Fatal(query, err)
	}
	if n, _ := r.RowsAffected(); n == 0 {
		s.t.Fatal("nothing was changed by ", query)
	}
}
