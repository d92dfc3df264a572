package torture_test

import (
	"context"
	"math/rand/v2"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/dhvani/dhvani/internal/db/dbtest"
)

// readyReach is how soon a killed program is ready again, at the 95th percentile.
const readyReach = 5 * time.Second

// A killed process loses no acknowledged event and counts none twice.
func TestKill9(t *testing.T) {
	for _, c := range []struct {
		store       string
		short, long int
	}{
		{"SQLite", 12, 200},
		{"PostgreSQL", 4, 100},
	} {
		t.Run(c.store, func(t *testing.T) {
			p := newProgram(t)
			if c.store == "PostgreSQL" {
				p.postgres = dbtest.Postgres(t)
			}
			killUnderLoad(t, p, "kill -9, "+c.store, either(c.short, c.long))
		})
	}
}

func killUnderLoad(t *testing.T, p *program, fault string, kills int) {
	p.start()
	ws, l := p.createWorkspace("kill"), newLedger(t)
	if long {
		p.preload(ws, l, 1_000_000)
	}
	x := p.startLoad(ws, l, 4, 0)
	var ready, recovery []time.Duration
	for i := range kills {
		pause(time.Duration(100+rand.IntN(500)) * time.Millisecond)
		p.kill()
		if i%4 == 3 { // now and then while it starts, too
			p.launch()
			pause(time.Duration(rand.IntN(200)) * time.Millisecond)
			p.kill()
		}
		began := time.Now()
		p.launch()
		r, w := p.recovered(began, ws, l)
		ready, recovery = append(ready, r), append(recovery, w)
	}
	x.stop()
	if l.count() < 1000 {
		t.Fatalf("only %d events were acknowledged: the test shows nothing", l.count())
	}
	v := p.compare(ws, l, l.first(l.count()))
	v.fault, v.cycles, v.recovery = fault, kills, recovery
	t.Log(v)
	if p95 := quantile(ready, 0.95); tooLong(p95, readyReach) {
		t.Errorf("ready after %s at the 95th percentile", p95)
	}
}

// A command and a server that start at the same moment on a new folder both do
// what they were asked to.
func TestServeAndCreateAtOnce(t *testing.T) {
	for range 5 {
		p := newProgram(t)
		var ws created
		var wg sync.WaitGroup
		wg.Go(func() { ws = p.createWorkspace("at once") })
		p.start()
		wg.Wait()
		if status, err := p.post(context.Background(), "/v1/track", ws.WriteKey, []byte(`{"event":"E","userId":"u"}`)); err != nil || status != http.StatusOK {
			t.Fatal(status, err)
		}
		p.stop()
	}
}
