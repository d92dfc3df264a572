package torture_test

import (
	"math/rand/v2"
	"testing"
	"time"

	"github.com/dhvani/dhvani/internal/db/dbtest"
)

// backReach is how soon a program works again after PostgreSQL does.
const backReach = 5 * time.Second

// PostgreSQL crashes and comes back, and freezes. Meanwhile events are
// acknowledged, because the log has them, and the program says that it is not
// ready.
func TestPostgresFaults(t *testing.T) {
	c, err := dbtest.NewCluster("")
	if err != nil {
		t.Skipf("LEFT OUT, no PostgreSQL: %v", err)
	}
	t.Cleanup(c.Remove)
	p := newProgram(t)
	p.postgres = c.Address
	p.start()
	ws, l := p.createWorkspace("postgres"), newLedger(t)
	x := p.startLoad(ws, l, 4, 20*time.Millisecond)
	crashes, freezes := either(2, 50), either(1, 5)
	var crashed, frozen []time.Duration
	for range crashes {
		pause(time.Duration(200+rand.IntN(300)) * time.Millisecond)
		try(t, c.Crash())
		pause(time.Duration(rand.IntN(500)) * time.Millisecond)
		try(t, c.Start())
		crashed = append(crashed, p.back(ws, time.Now()))
	}
	x.stop()
	for range freezes {
		frozen = append(frozen, p.frozen(c, ws, l))
	}
	v := p.compare(ws, l, l.first(l.count()))
	v.fault, v.cycles, v.recovery = "PostgreSQL immediate restart and frozen", crashes+freezes, append(crashed, frozen...)
	t.Logf("%s (restarts p95 %s, freezes p95 %s)", v, quantile(crashed, 0.95), quantile(frozen, 0.95))
}

// frozen freezes PostgreSQL for a while and returns how long the program took
// to work again.
func (p *program) frozen(c *dbtest.Cluster, ws created, l *ledger) time.Duration {
	p.t.Helper()
	p.settle(ws) // whoever is behind by a minute refuses events, rightly
	x := p.startLoad(ws, l, 4, 20*time.Millisecond)
	defer x.stop()
	w := p.watch()
	defer w.stop()
	pause(500 * time.Millisecond)
	try(p.t, c.Freeze())
	thawed := false
	defer func() {
		if !thawed {
			c.Thaw() // else it cannot be removed
		}
	}()
	began, before := time.Now(), l.count()
	pause(time.Duration(either(3, 30)) * time.Second)
	if down := w.downAfter(began); down.IsZero() || tooLong(down.Sub(began), notReadyReach) {
		p.t.Errorf("PostgreSQL froze at %s, and the program was not ready from %s", began, down)
	}
	if l.count() == before {
		p.t.Errorf("nothing was acknowledged while PostgreSQL was frozen: %s", p.log.String())
	}
	thawed = true
	try(p.t, c.Thaw())
	return p.back(ws, time.Now())
}

// back waits until the program is ready and stores events again.
func (p *program) back(ws created, since time.Time) time.Duration {
	p.t.Helper()
	p.waitReady()
	first := int64(-1)
	for deadline := since.Add(readyWithin); ; pause(5 * time.Millisecond) {
		var s struct{ Events counts }
		if err := p.get("/api/v1/stats", ws.SecretKey, &s); err == nil {
			if first < 0 {
				first = s.Events.Stored
			}
			if s.Events.Stored > first {
				break
			}
		}
		if time.Now().After(deadline) {
			p.t.Fatalf("nothing is stored %s after PostgreSQL came back: %s", readyWithin, p.log.String())
		}
	}
	took := time.Since(since)
	if tooLong(took, backReach) {
		p.t.Errorf("it took %s until events were stored again: %s", took, p.log.String())
	}
	return took
}

func try(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
