package torture_test

import (
	"bytes"
	"database/sql"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// Ways in which a flipped bit ends. Anything else is silent.
const (
	refused  = "refused to start"
	notReady = "not ready"
	inReads  = "seen by readers"
	inVerify = "named by verify"
	harmless = "harmless" // every event is there as it was sent
)

// A bit that flips on the drive, in the log or in a stored event, is told: by a
// start that is refused, by /readyz, by who reads the event or by verify.
func TestBitFlips(t *testing.T) {
	applied, waiting := makeSample(t, false), makeSample(t, true)
	flips := []struct {
		name string
		of   *sample
		flip func(t *testing.T, folder string, s *sample) string
	}{
		{"log", applied, flipLog},
		{"log, not yet applied", waiting, flipLog},
		{"column of an event", applied, flipColumn},
		{"page of an event", applied, flipPage},
	}
	ends := map[string]int{}
	n := either(12, 200)
	for i := range n {
		f := flips[i%len(flips)]
		p := newProgram(t)
		f.of.copyTo(t, p.data)
		what := f.flip(t, p.data, f.of)
		end := p.endOf(f.of)
		ends[end]++
		if !slices.Contains([]string{refused, notReady, inReads, inVerify, harmless}, end) {
			t.Errorf("%s: silent, %s: %s: %s", f.name, what, end, p.log.String())
		}
		os.RemoveAll(p.data)
	}
	t.Logf("bit flips: %d cycles, %d acknowledged, %v", n, applied.events+waiting.events, ends)
}

// sample is a data folder that nobody uses, and what is in it.
type sample struct {
	folder string
	ws     created
	ids    []string
	events int
	rows   map[int64]string // stored events once all of them are applied, by key
}

// makeSample fills a data folder. Where events are to wait in the log, the
// database is locked while they arrive, and the program killed.
func makeSample(t *testing.T, waiting bool) *sample {
	t.Helper()
	p := newProgram(t)
	p.start()
	ws, l := p.createWorkspace("flips"), newLedger(t)
	for range 100 {
		p.acknowledge(ws, l, l.send(20))
	}
	p.settle(ws)
	if waiting {
		h := p.openDatabase()
		defer h.Close()
		h.SetMaxOpenConns(1)
		if _, err := h.Exec("BEGIN IMMEDIATE"); err != nil {
			t.Fatal(err)
		}
		for range 50 {
			p.acknowledge(ws, l, l.send(20))
		}
		p.kill()
	} else {
		p.stop()
	}
	if err := os.Remove(filepath.Join(p.data, "dhvani.sock")); err != nil {
		t.Fatal(err)
	}
	s := &sample{folder: p.data, ws: ws, ids: l.first(l.count()), events: l.count()}

	whole := newProgram(t) // as it is without a flipped bit
	s.copyTo(t, whole.data)
	if told, read := whole.tells(s); told != "" || read != s.events {
		t.Fatalf("without a flipped bit: %q, %d of %d events", told, read, s.events)
	}
	s.rows = whole.rows()
	if len(s.rows) != s.events {
		t.Fatalf("%d of %d events are stored", len(s.rows), s.events)
	}
	if waiting {
		before := newProgram(t)
		s.copyTo(t, before.data)
		if n := len(before.rows()); n >= s.events {
			t.Fatalf("no event waits in the log: the sample shows nothing")
		}
	}
	return s
}

func (s *sample) copyTo(t *testing.T, folder string) {
	t.Helper()
	if err := os.CopyFS(folder, os.DirFS(s.folder)); err != nil {
		t.Fatal(err)
	}
}

// flipLog flips a bit of a file of the log.
func flipLog(t *testing.T, folder string, _ *sample) string {
	t.Helper()
	var files []string
	err := filepath.WalkDir(filepath.Join(folder, "log"), func(path string, d os.DirEntry, err error) error {
		if err == nil && strings.HasSuffix(path, ".blk") {
			files = append(files, path)
		}
		return err
	})
	if err != nil || len(files) == 0 {
		t.Fatalf("the log has no files: %v", err)
	}
	return flipIn(t, files[rand.IntN(len(files))], nil)
}

// flipPage flips a bit of the database's file beside an event's message id.
func flipPage(t *testing.T, folder string, s *sample) string {
	t.Helper()
	return flipIn(t, filepath.Join(folder, "dhvani.db"), []byte(s.ids[rand.IntN(len(s.ids))]))
}

// flipIn flips a bit anywhere in a file, or near some bytes in it.
func flipIn(t *testing.T, name string, near []byte) string {
	t.Helper()
	b, err := os.ReadFile(name)
	if err != nil || len(b) == 0 {
		t.Fatalf("%s has %d bytes: %v", name, len(b), err)
	}
	at := rand.IntN(len(b))
	if near != nil {
		found := bytes.Index(b, near)
		if found < 0 {
			t.Fatalf("%s does not hold %s", name, near)
		}
		at = max(0, min(found-60+rand.IntN(240), len(b)-1))
	}
	bit := rand.IntN(8)
	b[at] ^= 1 << bit
	if err := os.WriteFile(name, b, 0o600); err != nil {
		t.Fatal(err)
	}
	return fmt.Sprintf("bit %d of byte %d of %s", bit, at, filepath.Base(name))
}

// flipColumn flips a bit of one text of an event by SQL.
func flipColumn(t *testing.T, folder string, s *sample) string {
	t.Helper()
	p := &program{t: t, data: folder}
	h := p.openDatabase()
	defer h.Close()
	id := s.ids[rand.IntN(len(s.ids))]
	column := []string{"message_id", "user_id", "name", "properties", "source"}[rand.IntN(5)]
	var key int64
	var text []byte
	if err := h.QueryRow("SELECT key, CAST("+column+" AS BLOB) FROM event WHERE message_id = $1", id).Scan(&key, &text); err != nil {
		t.Fatal(err)
	}
	at, bit := rand.IntN(len(text)), rand.IntN(8)
	text[at] ^= 1 << bit
	if _, err := h.Exec("UPDATE event SET "+column+" = CAST($1 AS TEXT) WHERE key = $2", text, key); err != nil {
		t.Fatal(err)
	}
	return fmt.Sprintf("bit %d of byte %d of the %s of event %s", bit, at, column, id)
}

// tellWithin is how long a program may take to tell that something is wrong.
const tellWithin = 10 * time.Second

// endOf starts a program on a sample and says what became of the bit.
func (p *program) endOf(s *sample) string {
	p.t.Helper()
	told, read := p.tells(s)
	switch {
	case told != "":
		return told
	case !maps.Equal(p.rows(), s.rows):
		return "other events than were sent"
	case read != s.events:
		return fmt.Sprintf("%d events in timelines, of %d", read, s.events)
	}
	return harmless
}

// tells starts a program on a sample, reads all of it, stops and verifies it.
// It returns how the program told that something is wrong, if it did, and else
// how many events were read.
func (p *program) tells(s *sample) (told string, read int) {
	p.t.Helper()
	p.launch()
	for deadline := time.Now().Add(tellWithin); !p.lagIsZero(s.ws); pause(10 * time.Millisecond) {
		if p.gone() {
			if p.log.String() == "" || p.cmd.ProcessState.Success() {
				return "it ended and did not say why", 0
			}
			return refused, 0
		}
		if time.Now().After(deadline) {
			ready := p.ready()
			p.kill()
			if ready {
				return "not all is visible, and it says that it is ready", 0
			}
			return notReady, 0
		}
	}
	read, err := p.readTimelines(s)
	p.stop()
	if err != nil {
		return inReads, read
	}
	if out, err := p.command("verify"); err != nil {
		if len(bytes.TrimSpace(out)) == 0 {
			return "verify fails and does not say why", read
		}
		return inVerify, read
	}
	return "", read
}

func (p *program) lagIsZero(ws created) bool {
	var c struct{ Events counts }
	return p.get("/api/v1/stats", ws.SecretKey, &c) == nil && c.Events.Lag == 0 && p.ready()
}

// readTimelines reads all customers' timelines and counts the events. An error
// says that something is damaged.
func (p *program) readTimelines(s *sample) (events int, err error) {
	users := map[string]bool{}
	for _, id := range s.ids {
		users[userOf(id)] = true
	}
	for user := range users {
		var found struct{ Customers []struct{ ID string } }
		if err := p.get("/api/v1/customers?identifier=user_id:"+user, s.ws.SecretKey, &found); err != nil {
			return events, err
		}
		for _, c := range found.Customers {
			var page struct {
				Items []struct{ Kind string }
				Next  string
			}
			if err := p.get("/api/v1/customers/"+c.ID+"/timeline?limit=200", s.ws.SecretKey, &page); err != nil {
				return events, err
			}
			for _, item := range page.Items {
				if item.Kind == "damaged" {
					return events, fmt.Errorf("an event of %s is damaged", user)
				}
			}
			if page.Next != "" {
				p.t.Fatalf("%s has more events than a page", user)
			}
			events += len(page.Items)
		}
	}
	return events, nil
}

// rows returns all columns of the stored events, by key. Where they cannot be
// read there are none.
func (p *program) rows() map[int64]string {
	h := p.openDatabase()
	defer h.Close()
	out := map[int64]string{}
	rows, err := h.Query("SELECT key, * FROM event")
	if err != nil {
		return nil
	}
	defer rows.Close()
	columns, err := rows.Columns()
	if err != nil {
		return nil
	}
	for rows.Next() {
		var key int64
		values := make([]sql.RawBytes, len(columns)-1)
		into := []any{&key}
		for i := range values {
			into = append(into, &values[i])
		}
		if rows.Scan(into...) != nil {
			return nil
		}
		out[key] = fmt.Sprintf("%q", values)
	}
	if rows.Err() != nil {
		return nil
	}
	return out
}
