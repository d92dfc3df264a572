package locale

import (
	"strings"
	"time"
)

// Date writes 4 Mar 2023.
func (l *Locale) Date(t time.Time) string { return l.fill(l.p.date, t, true) }

// DayMonth writes 4 Mar.
func (l *Locale) DayMonth(t time.Time) string { return l.fill(l.p.dayMonth, t, true) }

// LongDate writes 4 March 2023.
func (l *Locale) LongDate(t time.Time) string { return l.fill(l.p.longDate, t, false) }

// Month writes March 2023.
func (l *Locale) Month(t time.Time) string { return l.fill(l.p.monthYear, t, false) }

// MonthName writes Mar.
func (l *Locale) MonthName(m time.Month) string { return l.p.shortMonths[m-1] }

// Weekday writes Monday.
func (l *Locale) Weekday(d time.Weekday) string { return l.p.days[d] }

// ShortWeekday writes Mon.
func (l *Locale) ShortWeekday(d time.Weekday) string { return l.p.shortDays[d] }

// Time writes 14:37.
func (l *Locale) Time(t time.Time) string {
	t = t.In(l.Zone)
	return l.p.plain(t.Hour(), 2) + ":" + l.p.plain(t.Minute(), 2)
}

// Seconds writes 14:37:05.
func (l *Locale) Seconds(t time.Time) string {
	return l.Time(t) + ":" + l.p.plain(t.In(l.Zone).Second(), 2)
}

// DateTime writes 4 Mar 2023, 14:37.
func (l *Locale) DateTime(t time.Time) string {
	return strings.NewReplacer("{date}", l.Date(t), "{time}", l.Time(t)).Replace(l.p.dateTime)
}

// Day is the heading of a day in a list: "Today, 14 July", "Yesterday, 13 July",
// "2 July", and in another year "2 July 2025".
func (l *Locale) Day(t, now time.Time) string {
	day := l.fill(l.p.longDayMonth, t, false)
	if t.In(l.Zone).Year() != now.In(l.Zone).Year() {
		day = l.LongDate(t)
	}
	switch l.daysBetween(t, now) {
	case 0:
		return l.T("common.day_today", "Date", day)
	case 1:
		return l.T("common.day_yesterday", "Date", day)
	}
	return day
}

// WeekdayDate writes Tuesday 14 July.
func (l *Locale) WeekdayDate(t time.Time) string {
	return strings.Replace(l.fill(l.p.weekdayDate, t, false), "{w}", l.Weekday(t.In(l.Zone).Weekday()), 1)
}

// Ago says when something was, as lists show it: now, 12 s, 4 min; from an hour
// on the time, from another day on the day.
func (l *Locale) Ago(t, now time.Time) string {
	switch d := now.Sub(t); {
	case d < -time.Minute:
		return l.At(t, now)
	case d < 5*time.Second:
		return l.T("common.ago_now")
	case d < time.Minute:
		return l.T("common.ago_seconds", "N", int(d/time.Second))
	case d < time.Hour:
		return l.T("common.ago_minutes", "N", int(d/time.Minute))
	}
	return l.At(t, now)
}

// At writes a moment as short as it stays plain: 14:37 today, else 2 Jun, 14:37,
// and in another year 2 Jun 2025.
func (l *Locale) At(t, now time.Time) string {
	switch {
	case l.daysBetween(t, now) == 0:
		return l.Time(t)
	case t.In(l.Zone).Year() == now.In(l.Zone).Year():
		return strings.NewReplacer("{date}", l.DayMonth(t), "{time}", l.Time(t)).Replace(l.p.dateTime)
	}
	return l.Date(t)
}

// daysBetween returns how many midnights of the reader lie between two moments.
func (l *Locale) daysBetween(t, now time.Time) int {
	day := func(t time.Time) int64 {
		y, m, d := t.In(l.Zone).Date()
		return time.Date(y, m, d, 0, 0, 0, 0, time.UTC).Unix() / 86400
	}
	return int(day(now) - day(t))
}

// fill writes a date by its pattern. A weekday is left for the caller.
func (l *Locale) fill(pattern string, t time.Time, short bool) string {
	y, m, d := t.In(l.Zone).Date()
	month := l.p.months[m-1]
	if short {
		month = l.p.shortMonths[m-1]
	}
	var out strings.Builder
	for pattern != "" {
		before, rest, found := strings.Cut(pattern, "{")
		out.WriteString(before)
		if !found {
			break
		}
		field, after, _ := strings.Cut(rest, "}")
		switch field {
		case "d":
			out.WriteString(l.p.plain(d, 1))
		case "M":
			out.WriteString(month)
		case "y":
			out.WriteString(l.p.plain(y, 1))
		default:
			out.WriteString("{" + field + "}")
		}
		pattern = after
	}
	return out.String()
}
