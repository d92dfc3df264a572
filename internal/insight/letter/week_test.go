package letter_test

import (
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/dhvani/dhvani/internal/insight/letter"
)

// Weeks lie one after the other without a gap, also where clocks change at midnight,
// and a letter is always of a week that is over when it goes.
func TestWeeks(t *testing.T) {
	var zones []*time.Location
	for _, name := range []string{"UTC", "Asia/Kolkata", "Asia/Kathmandu", "America/Sao_Paulo", "America/Havana", "Africa/Cairo", "Pacific/Apia", "Australia/Lord_Howe"} {
		z, err := time.LoadLocation(name)
		if err != nil {
			t.Fatal(err)
		}
		zones = append(zones, z)
	}
	rapid.Check(t, func(t *rapid.T) {
		zone := rapid.SampledFrom(zones).Draw(t, "zone")
		at := time.Unix(rapid.Int64Range(1_000_000_000, 1_900_000_000).Draw(t, "at"), 0).In(zone)
		w := letter.WeekOf(at)
		if at.Before(w.From) || !at.Before(w.To) || w.From.Weekday() != time.Monday || w.Sunday().Weekday() != time.Sunday {
			t.Fatalf("%s is in %v", at, w)
		}
		if next := w.Add(1); !next.From.Equal(w.To) || !next.Add(-1).From.Equal(w.From) {
			t.Fatalf("%v is followed by %v", w, next)
		}
		if named, ok := letter.Named(w.Name(), zone); !ok || !named.From.Equal(w.From) {
			t.Fatalf("%s is %v", w.Name(), named)
		}
		set := letter.Settings{Weekday: time.Weekday(rapid.IntRange(0, 6).Draw(t, "weekday")), Hour: rapid.IntRange(0, 23).Draw(t, "hour")}
		of, due := set.Due(at)
		if due.After(at) || at.Sub(due) > 7*24*time.Hour+2*time.Hour || of.To.After(due.Add(2*time.Hour)) || due.Sub(of.To) > 7*24*time.Hour+2*time.Hour {
			t.Fatalf("at %s the letter of %v was due at %s", at, of, due)
		}
	})
	for _, bad := range []string{"", "2026-13-01", "0001-01-01", "last"} {
		if _, ok := letter.Named(bad, time.UTC); ok {
			t.Errorf("%q is a week", bad)
		}
	}
}
