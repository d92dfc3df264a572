package deliver

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/dhvani/dhvani/internal/db"
	"github.com/dhvani/dhvani/internal/db/dbtest"
)

func TestQuietUntil(t *testing.T) {
	for _, c := range []struct {
		now, zone string
		from, to  int
		want      string
	}{
		{"2026-03-01T15:00:00Z", "Asia/Kolkata", 21 * 60, 8 * 60, ""},                     // 20:30
		{"2026-03-01T16:00:00Z", "Asia/Kolkata", 21 * 60, 8 * 60, "2026-03-02T02:30:00Z"}, // 21:30
		{"2026-03-01T20:00:00Z", "Asia/Kolkata", 21 * 60, 8 * 60, "2026-03-02T02:30:00Z"}, // 1:30
		{"2026-03-01T02:30:00Z", "Asia/Kolkata", 21 * 60, 8 * 60, ""},                     // 8:00
		{"2026-03-01T13:00:00Z", "UTC", 12 * 60, 14 * 60, "2026-03-01T14:00:00Z"},
		{"2026-03-01T13:00:00Z", "nowhere", 12 * 60, 14 * 60, "2026-03-01T14:00:00Z"},
		{"2026-03-01T13:00:00Z", "UTC", 0, 0, ""},
		{"2026-03-08T06:30:00Z", "America/New_York", 0, 150, "2026-03-08T07:30:00Z"}, // 2:30 is left out by the clock: 3:30
		{"2026-11-01T05:30:00Z", "America/New_York", 0, 180, "2026-11-01T08:00:00Z"}, // 1:30 comes twice
	} {
		now, err := time.Parse(time.RFC3339, c.now)
		if err != nil {
			t.Fatal(err)
		}
		got := ""
		if end := QuietUntil(now, c.zone, c.from, c.to); !end.IsZero() {
			got = end.UTC().Format(time.RFC3339)
		}
		if got != c.want {
			t.Errorf("%s in %s: %q, want %q", c.now, c.zone, got, c.want)
		}
	}
}

// What is put off for quiet hours is put off to after now, less than two days, and
// to a time that is not quiet; unless the clock is changed there.
func TestQuietUntilEnds(t *testing.T) {
	zones := []string{"UTC", "Asia/Kathmandu", "America/New_York", "Europe/Dublin", "Pacific/Apia"}
	rapid.Check(t, func(t *rapid.T) {
		now := time.Unix(rapid.Int64Range(1.6e9, 2.2e9).Draw(t, "now"), 0)
		zone := rapid.SampledFrom(zones).Draw(t, "zone")
		from, to := rapid.IntRange(0, 1439).Draw(t, "from"), rapid.IntRange(0, 1439).Draw(t, "to")
		end := QuietUntil(now, zone, from, to)
		if end.IsZero() {
			return
		}
		if !end.After(now) || end.Sub(now) > 48*time.Hour {
			t.Fatalf("%s to %s", now, end)
		}
		if again := QuietUntil(end, zone, from, to); !again.IsZero() && again.Sub(end) > 3*time.Hour {
			t.Fatalf("%s to %s to %s", now, end, again)
		}
	})
}

// However many mails to a domain wait, those that are let go keep to its rate, and
// each that is put off comes back at a time of its own.
func TestDomainRate(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		perSecond := rapid.Float64Range(0.1, 50).Draw(t, "rate")
		n := rapid.IntRange(1, 300).Draw(t, "mails")
		ds := domains{}
		start := time.Unix(1.7e9, 0)
		var waiting, went []time.Time
		for range n {
			waiting = append(waiting, start)
		}
		for asked := 0; len(waiting) > 0; asked++ {
			if asked > 20*n {
				t.Fatalf("%d mails were asked about %d times", n, asked)
			}
			slices.SortFunc(waiting, time.Time.Compare)
			now := waiting[0]
			waiting = waiting[1:]
			if later := ds.later(now, "a@Gmail.example", true, perSecond); later.IsZero() {
				went = append(went, now)
			} else if !later.After(now) {
				t.Fatalf("put off from %s to %s", now, later)
			} else {
				waiting = append(waiting, later)
			}
		}
		took := went[len(went)-1].Sub(went[0]).Seconds()
		if most := took*perSecond + float64(burst(perSecond)) + 0.001; float64(n) > most {
			t.Fatalf("%d mails in %.1f s at %.2f a second", n, took, perSecond)
		}
		if took > 1.5*float64(n)/perSecond+1 {
			t.Fatalf("%d mails took %.1f s at %.2f a second", n, took, perSecond)
		}
	})
}

func TestDomainsAreBounded(t *testing.T) {
	ds := domains{}
	for i := range 3 * maxDomains {
		ds.later(time.Unix(1.7e9+int64(i), 0), fmt.Sprintf("a@%d.example", i), false, 1)
	}
	if len(ds) > maxDomains {
		t.Error(len(ds))
	}
	if at := ds.later(time.Unix(1.7e9, 0), "b@0.example", true, 1); !at.IsZero() {
		t.Error("one of many waits for the others", at)
	}
}

// Quiet hours and a domain's rate put messages off without an attempt.
func TestPutOff(t *testing.T) {
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		b := newBench(t, d)
		b.clock = time.Date(2026, 3, 1, 16, 0, 0, 0, time.UTC) // 21:30 in Kolkata
		to := b.destination(func(d *Destination) {
			d.Kind, d.Limits = Email, Limits{QuietFrom: 21 * 60, QuietTo: 8 * 60, PerDomain: 1}
		})
		b.put(Message{Destination: to.ID, Key: "quiet", Receiver: "a@one.example", Zone: "Asia/Kolkata"},
			Message{Destination: to.ID, Key: "now", Receiver: "a@one.example"},
			Message{Destination: to.ID, Key: "p1", Receiver: "b@two.example"}, Message{Destination: to.ID, Key: "p2", Receiver: "c@TWO.example"})
		b.run()
		b.is("now", Sent)
		b.until("one of the domain is sent", func() bool { return b.delivery("p1").State == Sent || b.delivery("p2").State == Sent })
		b.until("it is put off", func() bool { return b.delivery("quiet").Due.After(b.time()) })
		if got := b.delivery("quiet"); got.Attempts != 0 || got.Due.UTC().Format("15:04") != "02:30" {
			t.Errorf("%+v", got)
		}
		b.pass(2 * time.Second)
		b.is("p1", Sent)
		b.is("p2", Sent)
		b.pass(11 * time.Hour)
		b.is("quiet", Sent)
	})
}

// A destination that asks for less gets nothing until then, and others go on.
func TestBusy(t *testing.T) {
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		b := newBench(t, d)
		b.fake.answer = func(p *Parcel) Outcome {
			if string(p.Body)[0] == 'x' {
				return Outcome{Failure: "status_429", Status: 429, Busy: true, Wait: time.Hour}
			}
			return Outcome{}
		}
		x := b.destination(func(d *Destination) { d.Limits.AtOnce = 1 })
		y := b.destination(nil)
		b.put(Message{Destination: x.ID, Key: "x1"}, Message{Destination: x.ID, Key: "x2"}, Message{Destination: y.ID, Key: "y"})
		b.run()
		b.is("y", Sent)
		b.until("x1 was tried", func() bool { return b.delivery("x1").Attempts+b.delivery("x2").Attempts == 1 })
		tried, other := b.delivery("x1"), b.delivery("x2")
		if tried.Attempts == 0 {
			tried, other = other, tried
		}
		if wait := tried.Due.Sub(b.time()); wait.Round(time.Millisecond) != time.Hour {
			t.Errorf("waits %s", wait)
		}
		b.put(Message{Destination: y.ID, Key: "y2"})
		b.is("y2", Sent)
		if other = b.delivery(map[string]string{ID(7, "x1"): "x1", ID(7, "x2"): "x2"}[other.ID]); other.Attempts != 0 {
			t.Error("the second was tried though the first was told to wait")
		}
	})
}

// A destination's rate.
func TestRate(t *testing.T) {
	b := newBench(t, dbtest.SQLite(t))
	to := b.destination(func(d *Destination) { d.Limits.PerSecond = 20 })
	for i := range 11 {
		b.put(Message{Destination: to.ID, Key: fmt.Sprint(i)})
	}
	began := time.Now()
	b.run()
	b.attempts(11)
	if took := time.Since(began); took < 450*time.Millisecond {
		t.Errorf("11 messages at 20 a second took %s", took)
	}
}
