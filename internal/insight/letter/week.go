package letter

import "time"

// Week is a week of a shop: from a Monday to the next, by the shop's clock.
type Week struct{ From, To time.Time }

// WeekOf returns the week that a moment is in, in the zone of the moment.
func WeekOf(t time.Time) Week {
	y, m, d := t.Date()
	d -= (int(t.Weekday()) + 6) % 7
	return Week{midnight(y, m, d, t.Location()), midnight(y, m, d+7, t.Location())}
}

// midnight is the beginning of a day, which is later than 0:00 where clocks go
// forward at midnight; time.Date may give the evening before.
func midnight(y int, m time.Month, d int, zone *time.Location) time.Time {
	t := time.Date(y, m, d, 0, 0, 0, 0, zone)
	if noon := time.Date(y, m, d, 12, 0, 0, 0, zone); t.Day() != noon.Day() {
		_, t = t.ZoneBounds()
	}
	return t
}

// Add returns the week so many weeks later.
func (w Week) Add(weeks int) Week {
	y, m, d := w.From.Date()
	return WeekOf(time.Date(y, m, d+7*weeks, 12, 0, 0, 0, w.From.Location()))
}

// Name is the date of its Monday, by which it is asked for.
func (w Week) Name() string { return w.From.Format(time.DateOnly) }

// Sunday is its last day.
func (w Week) Sunday() time.Time {
	y, m, d := w.From.Date()
	return time.Date(y, m, d+6, 12, 0, 0, 0, w.From.Location())
}

// Named returns the week of a date in a zone; false where it is no date.
func Named(name string, zone *time.Location) (Week, bool) {
	t, err := time.ParseInLocation(time.DateOnly, name, zone)
	if err != nil || t.Year() < 1990 || t.Year() > 2200 {
		return Week{}, false
	}
	y, m, d := t.Date()
	return WeekOf(time.Date(y, m, d, 12, 0, 0, 0, zone)), true
}
