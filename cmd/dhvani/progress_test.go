package main

import (
	"testing"
	"time"

	"github.com/dhvani/dhvani/internal/source/file"
)

func TestProgressText(t *testing.T) {
	start := time.Now()
	p := &progress{lastAt: start}
	for _, c := range []struct {
		after time.Duration
		now   file.Progress
		want  string
	}{
		{3 * time.Second, file.Progress{Bytes: 1e6, Total: 4e6, Sent: 30_000},
			"[=======                       ]  25 %  1.0 of 4.0 MB  30,000 events  10,000 a second  9s left"},
		{6 * time.Second, file.Progress{Bytes: 4e6, Total: 4e6, Sent: 30_000, Rejected: 1200},
			"[==============================] 100 %  4.0 of 4.0 MB  30,000 events  0 a second  1,200 rejected"},
		{7 * time.Second, file.Progress{Waiting: true, Lag: 7}, "All is sent; 7 events are not yet visible."},
	} {
		if got := p.text(c.now, start.Add(c.after)); got != c.want {
			t.Errorf("after %s:\n%s, want\n%s", c.after, got, c.want)
		}
	}
}

func TestThousands(t *testing.T) {
	for n, want := range map[int64]string{0: "0", 999: "999", 1000: "1,000", 1234567: "1,234,567", -1000: "-1,000", -999: "-999"} {
		if got := thousands(n); got != want {
			t.Errorf("%d is written %s", n, got)
		}
	}
}
