package eventlog

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"
)

func TestOverloadRefusesWhoHasMostWaiting(t *testing.T) {
	l := open(t, t.TempDir(), 64<<20)
	defer l.Close()
	for workspace, n := range map[int64]int{1: 900, 2: 100, 3: 5} {
		if err := l.Append(context.Background(), []Chunk{chunk(workspace, n, "{}")}); err != nil {
			t.Fatal(err)
		}
	}
	refused := func() (out []int64) {
		for w := range int64(5) {
			var u *Unavailable
			switch err := l.Admit(w); {
			case errors.As(err, &u) && u.RetryAfter >= time.Second && u.RetryAfter <= 5*time.Second:
				out = append(out, w)
			case err != nil:
				t.Fatal(err)
			}
		}
		return out
	}
	tr := l.committers[0].tracker
	age := func(d time.Duration) {
		tr.mu.Lock()
		defer tr.mu.Unlock()
		for s, f := range tr.frames {
			f.at = time.Since(tr.start) - d
			tr.frames[s] = f
		}
	}
	becomes := func(when string, want ...int64) {
		t.Helper()
		until(t, when, func() bool { return slices.Equal(refused(), want) })
	}
	becomes("nobody is refused without need")
	age(61 * time.Second)
	becomes("who has more than the mean, 335, is refused", 1)
	age(55 * time.Second)
	for range 3 {
		l.weigh()
		becomes("it does not flutter", 1)
	}
	age(40 * time.Second)
	becomes("it is over")
	age(61 * time.Second)
	becomes("it begins again", 1)
	l.Applied(0, l.Last(0))
	becomes("all is applied")
	if l.totals.sum != 0 || len(l.totals.events) != 0 {
		t.Fatalf("when all is applied %d events wait", l.totals.sum)
	}
}

func TestNearlyFullLogRefusesEverybody(t *testing.T) {
	ctx := context.Background()
	l := open(t, t.TempDir(), 1<<20)
	defer l.Close()
	big := chunk(1, 10, `{"a":"`+string(make([]byte, 5000))+`"}`)
	fill := func(to float64) {
		t.Helper()
		until(t, "it is as full", func() bool {
			if _, err := l.survey(ctx, 0); err != nil {
				t.Fatal(err)
			}
			c := l.committers[0]
			c.mu.Lock()
			enough := c.filled >= to
			c.mu.Unlock()
			return enough || l.Append(ctx, []Chunk{big}) != nil
		})
	}
	fill(highFill)
	until(t, "who has most waiting is refused", func() bool { return l.Admit(1) != nil && l.Admit(2) == nil && l.Full(0) })
	fill(almostFull)
	until(t, "everybody is refused", func() bool { return l.Admit(2) != nil })
	l.Applied(0, l.Last(0))
	if err := l.Trim(ctx, 0, l.Last(0)); err != nil {
		t.Fatal(err)
	}
	until(t, "there is room again", func() bool { return l.Admit(1) == nil && !l.Full(0) })
}

// What this process wrote is as old as its own clock says, what it reads from
// before as the server's; nothing is older once it is applied.
func TestOldest(t *testing.T) {
	ctx, dir := context.Background(), t.TempDir()
	l := open(t, dir, 64<<20)
	before := time.Now()
	for range 2 {
		if err := l.Append(ctx, []Chunk{chunk(1, 1, "{}")}); err != nil {
			t.Fatal(err)
		}
	}
	first := l.Oldest(0)
	if first.Before(before) || first.After(time.Now()) {
		t.Fatalf("written at %v", first)
	}
	l.Applied(0, 1)
	if second := l.Oldest(0); second.Before(first) {
		t.Fatalf("the second was written at %v, before the first", second)
	}
	l.Close()
	l = open(t, dir, 64<<20)
	defer l.Close()
	l.Applied(0, 1)
	until(t, "its time is read", func() bool {
		at := l.Oldest(0)
		return at.After(before.Add(-time.Millisecond)) && at.Before(l.committers[0].tracker.start)
	})
	l.Applied(0, 2)
	if !l.Oldest(0).IsZero() {
		t.Fatal("something is old when all is applied")
	}
}
