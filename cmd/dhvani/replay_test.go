package main

import (
	"math"
	"strings"
	"testing"

	"github.com/dhvani/dhvani/internal/app"
)

func TestSpeed(t *testing.T) {
	for _, speed := range []float64{math.NaN(), math.Inf(1), -1} {
		c := replayCommand{placeFlags: placeFlags{Data: t.TempDir()}, AsLive: true, Speed: speed}
		if err := c.Run(t.Context()); err == nil || !strings.Contains(err.Error(), "--speed must be a number such as 10, and not negative") {
			t.Errorf("%v: %v", speed, err)
		}
	}
}

func TestStepTexts(t *testing.T) {
	s := stepPrinter{nothing: "There is no event at or after that time."}
	if got := s.played(&app.Played{}); got != s.nothing {
		t.Error(got)
	}
	if got := s.played(&app.Played{At: 1e15, Events: 1}); !strings.HasPrefix(got, "2001-09-09 01:46:40  1 events") {
		t.Error(got)
	}
	for _, c := range []struct {
		done, total int64
		want        string
	}{{10, 67_402, "Reading: 10 of 67,402"}, {78_000, 67_402, "Reading: 78,000 of 78,000"}} {
		if got := progressText(app.Step{What: "Reading", Done: c.done, Total: c.total}); got != c.want {
			t.Error(got)
		}
	}
}
