package torture_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net"
	"slices"
	"testing"
	"time"

	"github.com/dhvani/dhvani/internal/db"
	"github.com/dhvani/dhvani/internal/db/dbtest"
	"github.com/dhvani/dhvani/internal/deliver"
	"github.com/dhvani/dhvani/internal/deliver/email"
	"github.com/dhvani/dhvani/internal/insight/incident"
	"github.com/dhvani/dhvani/internal/staff"
	"github.com/dhvani/dhvani/internal/workspace"
)

// A process that dies again and again during a trouble keeps one incident and
// tells of it once, and so it is when everything is made anew from the log.
func TestKill9Incident(t *testing.T) {
	for _, store := range []string{"SQLite", "PostgreSQL"} {
		t.Run(store, func(t *testing.T) {
			t.Parallel() // both wait most of the time
			p := newProgram(t)
			if store == "PostgreSQL" {
				p.postgres = dbtest.Postgres(t)
			}
			o := newPostOffice(t, "127.0.0.1")
			p.args = []string{"--mail-relay", o.addr}
			p.start()
			s := newStall(t, p, o)
			s.trouble(func() { o.wait(p, 1) })
			for range either(1, 10) {
				s.trouble(func() {})
				p.kill()
				p.start()
				s.watched()
			}
			if out, err := p.command("replay"); err != nil {
				t.Fatalf("replay: %v: %s", err, out)
			}
			s.watched()
			p.stop()
			s.once(p)
		})
	}
}

// Nodes that watch in turn, because each dies, keep one incident and tell of it
// once.
func TestNodesOneIncident(t *testing.T) {
	n := newNetwork(t)
	o := newPostOffice(t, n.here)
	x := startNodesOn(t, n, "--mail-relay", o.addr)
	s := newStall(t, x.programs[0], o)
	s.trouble(func() { o.wait(x.programs[0], 1) })
	for i := range either(2, 10) {
		dies := x.programs[i%2]
		s.p = x.programs[1-i%2]
		dies.kill()
		s.watched()
		s.trouble(func() {})
		dies.start()
	}
	for _, p := range x.programs {
		p.stop()
	}
	s.once(x.programs[0])
}

// stall is a small shop that has a past, whose people get mail.
type stall struct {
	t      *testing.T
	p      *program
	ws     created
	o      *postOffice
	number int64
	buyers int
}

const stallReceiver = "mira@shop.example"

func newStall(t *testing.T, p *program, o *postOffice) *stall {
	t.Helper()
	s := &stall{t: t, p: p, ws: p.createWorkspace("stall"), o: o}
	var b batch
	now := time.Now().Truncate(time.Hour)
	for at := now.AddDate(0, 0, -28); at.Before(now.Add(-2 * time.Hour)); at = at.Add(10 * time.Minute) {
		s.buyers++
		b.checkout(s.buyers, at, []string{"upi", "card"}[s.buyers%2], s.buyers%40 == 0)
		if len(b.events) >= 1000 {
			b.send(s, "/v1/import")
		}
	}
	b.send(s, "/v1/import")
	p.settle(s.ws)
	p.withDatabase(t, func(ctx context.Context, d *db.DB) {
		sealer, err := workspace.New(ctx, d, p.sealKey())
		if err != nil {
			t.Fatal(err)
		}
		if err := d.View(ctx, func(tx *db.Tx) error { return tx.QueryRow(ctx, "SELECT max(number) FROM workspace").Scan(&s.number) }); err != nil {
			t.Fatal(err)
		}
		host, port, _ := net.SplitHostPort(o.addr)
		ways := &deliver.Store{DB: d, Sealer: sealer, Senders: map[deliver.Kind]deliver.Sender{deliver.Email: email.New(o.addr, nil)}}
		to := &deliver.Destination{Kind: deliver.Email, Name: "People", Limits: deliver.Limits{AtOnce: 4},
			Settings: map[string]string{email.Host: host, email.Port: port, email.TLS: "none", email.From: "shop@shop.example"}}
		by := staff.ByOperator(s.number)
		if err := ways.Create(ctx, by, to); err != nil {
			t.Fatal(err)
		}
		rule := &incident.Rule{Name: "All", Active: true, Least: incident.Low, To: []incident.Receiver{{Destination: to.ID, Address: stallReceiver}}}
		if err := (&incident.Store{DB: d}).SaveRule(ctx, by, rule); err != nil {
			t.Fatal(err)
		}
	})
	return s
}

// trouble lets 40 customers fail to pay by UPI, while those with cards do as usual,
// until what is waited for has come.
func (s *stall) trouble(wait func()) {
	s.t.Helper()
	came := make(chan struct{})
	go func() {
		defer close(came)
		wait()
	}()
	var b batch
	for i := 0; ; i++ {
		s.buyers++
		b.checkout(s.buyers, time.Now(), []string{"upi", "card"}[s.buyers%2], s.buyers%2 == 0)
		b.send(s, "/v1/batch")
		select {
		case <-came:
			if i >= 40 {
				return
			}
		case <-time.After(100 * time.Millisecond):
		}
	}
}

// watched waits until the watch has been looking again for a while: a dead node's
// lease ends first.
func (s *stall) watched() {
	s.t.Helper()
	s.p.settle(s.ws)
	pause(20 * time.Second)
}

// once checks that there is one incident, opened and told once.
func (s *stall) once(p *program) {
	s.t.Helper()
	told := map[string]int{}
	p.withDatabase(s.t, func(ctx context.Context, d *db.DB) {
		var all []*incident.Insight
		err := d.View(ctx, func(tx *db.Tx) (err error) {
			if all, err = (&incident.Store{DB: d}).All(ctx, tx, s.number); err != nil {
				return err
			}
			rows, err := tx.Query(ctx, "SELECT kind, count(*) FROM outbox WHERE workspace = $1 GROUP BY kind", s.number)
			if err != nil {
				return err
			}
			defer rows.Close()
			for rows.Next() {
				var kind string
				var n int
				if err := rows.Scan(&kind, &n); err != nil {
					return err
				}
				told[kind] = n
			}
			return rows.Err()
		})
		if err != nil {
			s.t.Fatal(err)
		}
		opened, back := 0, 0
		for _, in := range all {
			s.t.Logf("%s, %s, %d customers, reopened %d times", in.Finding.Kind, in.State, in.Finding.Hit, in.Reopened)
			if !in.Finding.Good { // so many buyers are good news, too
				opened, back = opened+1, back+in.Reopened
			}
		}
		if opened != 1 || back > 0 {
			s.t.Errorf("%d incidents of trouble, reopened %d times", opened, back)
		}
		if told["dhvani.insight.opened"] != 1 || told["dhvani.insight.reopened"]+told["dhvani.insight.recovered"] > 0 {
			s.t.Errorf("people were told %v", told)
		}
	})
	s.o.mu.Lock()
	defer s.o.mu.Unlock()
	if ids := s.o.taken[stallReceiver]; len(ids) == 0 || len(slices.Compact(slices.Sorted(slices.Values(ids)))) > told["dhvani.insight.opened"]+told["dhvani.insight.worse"] {
		s.t.Errorf("the mails' Message-IDs are %q", ids)
	}
	s.t.Logf("told %v; mails %q", told, s.o.subjects)
}

// batch gathers events.
type batch struct{ events []map[string]any }

// checkout is a customer who wants to buy something, and does or cannot.
func (b *batch) checkout(buyer int, at time.Time, method string, fails bool) {
	add := func(name string, after time.Duration, more map[string]any) {
		p := map[string]any{"checkout_id": fmt.Sprint("c", buyer), "order_id": fmt.Sprint("o", buyer), "payment_method": method, "value": 900, "total": 900, "currency": "INR"}
		for k, v := range more {
			p[k] = v
		}
		b.events = append(b.events, map[string]any{"type": "track", "event": name, "userId": fmt.Sprint("buyer-", buyer), "messageId": fmt.Sprint(name, buyer),
			"timestamp": at.Add(after).UTC().Format(time.RFC3339Nano), "properties": p})
	}
	add("Checkout Started", 0, nil)
	if fails {
		add("Checkout Failed", time.Millisecond, map[string]any{"step": "payment", "reason": "bank_timeout"})
	} else {
		add("Order Completed", time.Millisecond, nil)
	}
}

func (b *batch) send(s *stall, path string) {
	s.t.Helper()
	var body bytes.Buffer
	if err := json.NewEncoder(&body).Encode(map[string]any{"batch": b.events}); err != nil {
		s.t.Fatal(err)
	}
	b.events = nil
	if _, err := s.p.post(context.Background(), path, s.ws.SecretKey, body.Bytes()); err != nil {
		s.t.Fatal(err)
	}
}
