package workspace

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/go-json-experiment/json"
)

// Hours are when a shop is open for its customers, in its own time zone.
type Hours struct {
	Week     [7][]Shift `json:"week"` // from Sunday, as time.Weekday counts; nothing: closed
	Holidays []Holiday  `json:"holidays,omitempty"`
}

// Shift is a part of a day, in minutes from midnight; To is at most 24 hours.
type Shift struct {
	From int `json:"from"`
	To   int `json:"to"`
}

// Holiday is a day on which the shop is closed whatever the week says.
type Holiday struct {
	Date string `json:"date"` // 2026-01-26
	Name string `json:"name,omitempty"`
}

const (
	dayMinutes  = 24 * 60
	maxShifts   = 4 // in a day
	maxHolidays = 100
)

// Set reports whether the shop has said when it is open.
func (h Hours) Set() bool {
	return slices.ContainsFunc(h.Week[:], func(day []Shift) bool { return len(day) > 0 })
}

// Holiday returns the holiday that a moment falls on, in the time's own zone.
func (h Hours) Holiday(t time.Time) (Holiday, bool) {
	i := slices.IndexFunc(h.Holidays, func(d Holiday) bool { return d.Date == t.Format(time.DateOnly) })
	if i < 0 {
		return Holiday{}, false
	}
	return h.Holidays[i], true
}

// Open reports whether the shop is open at a moment, given in its zone.
func (h Hours) Open(t time.Time) bool {
	if _, closed := h.Holiday(t); closed {
		return false
	}
	minute := t.Hour()*60 + t.Minute()
	return slices.ContainsFunc(h.Week[t.Weekday()], func(s Shift) bool { return s.From <= minute && minute < s.To })
}

// Opens returns when a shop that is closed at a moment opens next, within a year.
func (h Hours) Opens(t time.Time) (time.Time, bool) {
	y, m, d := t.Date()
	for i := range 366 {
		day := time.Date(y, m, d+i, 12, 0, 0, 0, t.Location()) // noon is on every day, whatever clocks do
		if _, closed := h.Holiday(day); closed {
			continue
		}
		for _, s := range h.Week[day.Weekday()] {
			at := time.Date(y, m, d+i, 0, s.From, 0, 0, t.Location())
			if at.After(t) {
				return at, true
			}
		}
	}
	return time.Time{}, false
}

// check puts shifts and holidays in order and refuses those that cannot be.
func (h *Hours) check() error {
	for day, shifts := range h.Week {
		if len(shifts) > maxShifts {
			return Flaw{"shifts_many", Invalid(fmt.Sprintf("a day has at most %d shifts", maxShifts))}
		}
		slices.SortFunc(shifts, func(a, b Shift) int { return a.From - b.From })
		for i, s := range shifts {
			if s.From < 0 || s.To > dayMinutes || s.From >= s.To {
				return Flaw{"shift_order", Invalid("a shift ends after it begins, on the same day")}
			}
			if i > 0 && s.From < shifts[i-1].To {
				return Flaw{"shifts_overlap", Invalid("the shifts of " + time.Weekday(day).String() + " overlap")}
			}
		}
	}
	if len(h.Holidays) > maxHolidays {
		return Flaw{"holidays_many", Invalid(fmt.Sprintf("at most %d holidays are kept", maxHolidays))}
	}
	slices.SortStableFunc(h.Holidays, func(a, b Holiday) int { return strings.Compare(a.Date, b.Date) })
	for i, d := range h.Holidays {
		if _, err := time.Parse(time.DateOnly, d.Date); err != nil {
			return Flaw{"holiday_date", Invalid("a holiday's date is written 2026-01-26")}
		}
		if i > 0 && d.Date == h.Holidays[i-1].Date {
			return Flaw{"holiday_twice", Invalid("there is a holiday on " + d.Date + " already")}
		}
		if !isLabel(d.Name) {
			return Flaw{"holiday_name", Invalid("a holiday's name has at most 100 characters, none of control")}
		}
	}
	return nil
}

func (h Hours) text() (string, error) {
	if !h.Set() && len(h.Holidays) == 0 {
		return "", nil
	}
	b, err := json.Marshal(h)
	return string(b), err
}

func parseHours(text string) (h Hours, err error) {
	if text != "" {
		err = json.Unmarshal([]byte(text), &h)
	}
	return h, err
}
