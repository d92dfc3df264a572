package torture_test

import (
	"fmt"
	"log/slog"
	"net/http"
	"sync/atomic"
	"testing"
	"time"

	"github.com/dhvani/dhvani/internal/app"
	"github.com/dhvani/dhvani/internal/event"
)

// dated is an event whose times a clock test chose.
type dated struct {
	id      string
	clamped bool
}

// The program's clock steps by an hour, forwards and backwards, under load. It
// runs within the test, which gives it its clock: the machine's own serves
// others too, and no kernel gives a process a wall clock of its own.
func TestClockSteps(t *testing.T) {
	p := newProgram(t)
	var step atomic.Int64 // nanoseconds that the program's clock is ahead
	a, err := app.Start(t.Context(), app.Options{
		Data: p.data, Listen: "127.0.0.1:0", Logger: slog.New(slog.NewTextHandler(&p.log, &slog.HandlerOptions{Level: slog.LevelWarn})),
		Now: func() time.Time { return time.Now().Add(time.Duration(step.Load())) },
	})
	if err != nil {
		t.Fatal(err)
	}
	addr := a.Addr().String()
	p.inside = a
	p.addr.Store(&addr)
	t.Cleanup(p.stop) // a second stop does nothing
	ws, l := p.createWorkspace("clock"), newLedger(t)
	x := p.startLoad(ws, l, 4, 10*time.Millisecond)
	var all []dated
	steps := []time.Duration{time.Hour, 0, -time.Hour, 0, -time.Hour, time.Hour}
	rounds := either(1, 20)
	for range rounds {
		for _, s := range steps {
			pause(100 * time.Millisecond)
			step.Store(int64(s))
			all = append(all, p.sendDated(ws, l, s)...)
			if !p.ready() {
				t.Errorf("not ready after the clock stepped by %s: %s", s, p.log.String())
			}
		}
	}
	x.stop()
	p.checkOrder(ws, len(all))
	v := p.compare(ws, l, l.first(l.count()))
	v.fault, v.cycles = "clock steps", rounds*len(steps)
	t.Log(v)
	p.checkTimes(ws, all)
}

// sendDated sends events whose times stand at an hour before, at and after the
// true time, with and without the time by the sender's clock, which is true.
func (p *program) sendDated(ws created, l *ledger, serverAhead time.Duration) (out []dated) {
	p.t.Helper()
	for _, at := range []time.Duration{-time.Hour, 0, time.Hour} {
		for _, sentAt := range []bool{false, true} {
			// Where it was sent is known, only what lies ahead of the sending is clamped;
			// else what lies ahead of the program's clock.
			d := dated{clamped: at > serverAhead}
			now, sent := time.Now().UTC(), ""
			if sentAt {
				d.clamped = at > 0
				sent = fmt.Sprintf(`,"sentAt":%q`, now.Format(time.RFC3339Nano))
			}
			d.id = l.send(1)[0]
			body := fmt.Sprintf(`{"batch":[{"type":"track","event":"Product Viewed","userId":"dated","messageId":%q,"timestamp":%q,"properties":{}}]%s}`,
				d.id, now.Add(at).Format(time.RFC3339Nano), sent)
			if status, err := p.post(p.t.Context(), "/v1/batch", ws.WriteKey, []byte(body)); err != nil || status != http.StatusOK {
				p.t.Errorf("an event with a time of %s was not acknowledged: %d, %v", at, status, err)
				continue
			}
			l.acknowledge([]string{d.id})
			out = append(out, d)
		}
	}
	return out
}

// checkOrder reads the timeline of the customer whose events had all kinds of
// times: every event is there once, the latest first.
func (p *program) checkOrder(ws created, want int) {
	p.t.Helper()
	p.settle(ws)
	var found struct{ Customers []struct{ ID string } }
	if err := p.get("/api/v1/customers?identifier=user_id:dated", ws.SecretKey, &found); err != nil || len(found.Customers) != 1 {
		p.t.Fatal(found, err)
	}
	n, cursor, last := 0, "", time.Time{}
	for {
		var page struct {
			Items []struct{ At time.Time }
			Next  string
		}
		if err := p.get("/api/v1/customers/"+found.Customers[0].ID+"/timeline?limit=50&cursor="+cursor, ws.SecretKey, &page); err != nil {
			p.t.Fatal(err)
		}
		for _, item := range page.Items {
			if n > 0 && item.At.After(last) {
				p.t.Errorf("the timeline goes from %s to %s", last, item.At)
			}
			n, last = n+1, item.At
		}
		if cursor = page.Next; cursor == "" {
			break
		}
	}
	if n != want {
		p.t.Errorf("the timeline has %d events of %d", n, want)
	}
}

// checkTimes reads the stored times: none is after its arrival, and those that
// were are flagged.
func (p *program) checkTimes(ws created, all []dated) {
	p.t.Helper()
	h := p.openDatabase()
	defer h.Close()
	for _, d := range all {
		var at, receivedAt, flags int64
		if err := h.QueryRow("SELECT at, received_at, flags FROM event WHERE message_id = $1", d.id).Scan(&at, &receivedAt, &flags); err != nil {
			p.t.Fatal(err)
		}
		if clamped := event.Flags(flags)&event.Clamped != 0; clamped != d.clamped || at > receivedAt || clamped && at != receivedAt {
			p.t.Errorf("an event arrived at %s with the time %s, clamped %t, want %t", time.UnixMicro(receivedAt), time.UnixMicro(at), clamped, d.clamped)
		}
	}
}
