package torture_test

import (
	"database/sql"
	"fmt"
	"net/url"
	"path/filepath"
	"slices"
	"time"
)

// verdict is what a comparison found, and the one line that a test prints.
type verdict struct {
	fault        string
	cycles       int
	acknowledged int
	lost         int // acknowledged and not stored
	doubled      int // stored or counted more than once
	recovery     []time.Duration
}

func (v verdict) String() string {
	line := fmt.Sprintf("%s: %d cycles, %d acknowledged, %d lost, %d doubled", v.fault, v.cycles, v.acknowledged, v.lost, v.doubled)
	if len(v.recovery) > 0 {
		line += fmt.Sprintf(", recovery p50 %s p95 %s", quantile(v.recovery, 0.5), quantile(v.recovery, 0.95))
	}
	return line
}

// add takes another comparison of the same events in.
func (v *verdict) add(o verdict) {
	v.acknowledged = max(v.acknowledged, o.acknowledged)
	v.lost += o.lost
	v.doubled += o.doubled
}

// quantile is the smallest value that at least this part of all do not exceed.
func quantile(all []time.Duration, part float64) time.Duration {
	if len(all) == 0 {
		return 0
	}
	sorted := slices.Sorted(slices.Values(all))
	i := int(float64(len(sorted))*part + 0.999999)
	return sorted[max(i, 1)-1].Round(time.Millisecond)
}

// counts are the program's own.
type counts struct{ Accepted, Stored, Duplicate, Rejected, Lag int64 }

// settleWithin is how long what is in the log may take to be visible; the long
// form has a million events to go through.
const settleWithin = 5 * time.Minute

// settle waits until everything acknowledged is visible.
func (p *program) settle(ws created) counts {
	p.t.Helper()
	for deadline := time.Now().Add(settleWithin); ; pause(20 * time.Millisecond) {
		var s struct{ Events counts }
		err := p.get("/api/v1/stats", ws.SecretKey, &s)
		if err == nil && s.Events.Lag == 0 {
			return s.Events
		}
		if p.gone() {
			p.t.Fatalf("it ended (%v): %s", p.cmd.ProcessState, p.log.String())
		}
		if time.Now().After(deadline) {
			p.t.Fatalf("not settled in %s: %+v, %v: %s", settleWithin, s.Events, err, p.log.String())
		}
	}
}

// compare compares a running program with events of the record and stops it.
// All of them are sent once more, and none may be new; then every stored event
// is looked at. What is wrong fails the test.
func (p *program) compare(ws created, l *ledger, acknowledged []string) (v verdict) {
	p.t.Helper()
	v.acknowledged = len(acknowledged)
	before := p.settle(ws)
	for ids := range slices.Chunk(acknowledged, 1000) {
		p.sendUntilTaken(ws, ids)
	}
	after := p.settle(ws)
	p.stop()
	times := p.stored(ws)
	rows, foreign := 0, 0
	for id, n := range times {
		rows += n
		v.doubled += n - 1
		if !l.wasSent(id) {
			foreign++
		}
	}
	for _, id := range acknowledged {
		if times[id] == 0 {
			v.lost++
		}
	}
	if again := int(after.Stored - before.Stored); again != 0 {
		v.doubled += again
		p.t.Errorf("it counted %d events, and after all of them came again %d", before.Stored, after.Stored)
	}
	if v.lost+v.doubled+foreign > 0 {
		p.t.Errorf("%d acknowledged events are lost, %d are there twice, %d were never sent", v.lost, v.doubled, foreign)
	}
	if after.Stored != int64(rows) {
		p.t.Errorf("it counted %d events and stored %d", after.Stored, rows)
	}
	return v
}

// stored returns how many times each event is in the database of a program that
// does not run.
func (p *program) stored(ws created) map[string]int {
	p.t.Helper()
	h := p.openDatabase()
	defer h.Close()
	rows, err := h.Query("SELECT message_id FROM event WHERE workspace = (SELECT number FROM workspace WHERE id = $1)", ws.ID)
	if err != nil {
		p.t.Fatal(err)
	}
	defer rows.Close()
	out := map[string]int{}
	for rows.Next() {
		var id string
		if err := rows.Scan(&id); err != nil {
			p.t.Fatal(err)
		}
		out[id]++
	}
	if err := rows.Err(); err != nil {
		p.t.Fatal(err)
	}
	return out
}

// openDatabase opens the database by itself, without the program's code.
func (p *program) openDatabase() *sql.DB {
	p.t.Helper()
	driver, address := "pgx", p.postgres
	if address == "" {
		driver, address = "sqlite", "file:"+(&url.URL{Path: filepath.Join(p.data, "dhvani.db")}).EscapedPath()
	}
	h, err := sql.Open(driver, address)
	if err != nil {
		p.t.Fatal(err)
	}
	return h
}
