package console

import (
	"fmt"
	"net/http"
	"slices"
	"time"

	"github.com/dhvani/dhvani/internal/console/ui"
	"github.com/dhvani/dhvani/internal/web"
	"github.com/dhvani/dhvani/internal/workspace"
)

// maxShifts is how many shifts of a day the form asks for; it shows two, or one
// more than there are.
const maxShifts = 4

var holidayFields = map[string]string{"holiday_date": "date", "holiday_twice": "date", "holiday_name": "name"}

func (c *Console) hoursPage(w http.ResponseWriter, r *http.Request, v *ui.Viewer) error {
	notice(r, v)
	return render(w, r, http.StatusOK, hoursPage(v, nil, nil))
}

func (c *Console) setHours(w http.ResponseWriter, r *http.Request, v *ui.Viewer) error {
	var week [7][]workspace.Shift
	for day := range week {
		for i := range maxShifts {
			from, to := r.PostFormValue(shiftField(day, i, "from")), r.PostFormValue(shiftField(day, i, "to"))
			if from == "" && to == "" {
				continue
			}
			week[day] = append(week[day], workspace.Shift{From: minutes(from, -1), To: minutes(to, 0)})
		}
	}
	for day := range week {
		for i, s := range week[day] {
			if s.To == 0 { // midnight ends the day
				week[day][i].To = 24 * 60
			}
		}
	}
	err := c.Staff.SetHours(r.Context(), v.Actor, week)
	if f := refused(r, v, err, nil); f != nil {
		v.Workspace.Hours.Week = week
		return render(w, r, http.StatusUnprocessableEntity, hoursPage(v, f, nil))
	}
	if err != nil {
		return err
	}
	saved(w, r, v, "hours")
	return nil
}

// minutes reads what an input of type time sends, as minutes from midnight.
func minutes(text string, none int) int {
	t, err := time.Parse("15:04", text)
	if err != nil {
		return none
	}
	return t.Hour()*60 + t.Minute()
}

func shiftField(day, i int, end string) string { return fmt.Sprintf("d%d-%d-%s", day, i, end) }

func (c *Console) addHoliday(w http.ResponseWriter, r *http.Request, v *ui.Viewer) error {
	days := append(slices.Clone(v.Workspace.Hours.Holidays), workspace.Holiday{Date: r.PostFormValue("date"), Name: r.PostFormValue("name")})
	err := c.Staff.SetHolidays(r.Context(), v.Actor, days)
	if f := refused(r, v, err, holidayFields); f != nil {
		return render(w, r, http.StatusUnprocessableEntity, hoursPage(v, nil, f))
	}
	if err != nil {
		return err
	}
	saved(w, r, v, "hours")
	return nil
}

func (c *Console) removeHoliday(w http.ResponseWriter, r *http.Request, v *ui.Viewer) error {
	days := slices.Clone(v.Workspace.Hours.Holidays)
	left := slices.DeleteFunc(days, func(d workspace.Holiday) bool { return d.Date == r.PathValue("date") })
	if len(left) == len(v.Workspace.Hours.Holidays) {
		return web.NewProblem(http.StatusNotFound, "")
	}
	if err := c.Staff.SetHolidays(r.Context(), v.Actor, left); err != nil {
		return err
	}
	saved(w, r, v, "hours")
	return nil
}

// weekdays are the days of a week as it is lived: from Monday.
var weekdays = []time.Weekday{1, 2, 3, 4, 5, 6, 0}

// shownShifts are a day's shifts and room for more: two, or one more than there
// are.
func shownShifts(v *ui.Viewer, day time.Weekday) []workspace.Shift {
	shifts := v.Workspace.Hours.Week[day]
	return append(slices.Clone(shifts), make([]workspace.Shift, max(2, min(maxShifts, len(shifts)+1))-len(shifts))...)
}

// openNow says whether the shop is open, and till when it is not.
func openNow(v *ui.Viewer) string {
	now, hours := v.Now.In(v.Workspace.Location()), v.Workspace.Hours
	if !hours.Set() {
		return v.T("settings.hours_unset")
	}
	if hours.Open(now) {
		return v.T("settings.open_now")
	}
	at, ok := hours.Opens(now)
	if !ok {
		return v.T("settings.closed_long")
	}
	local := *v.L
	local.Zone = v.Workspace.Location()
	return v.T("settings.closed_now", "Day", local.WeekdayDate(at), "Time", local.Time(at))
}

// holidayDate writes a holiday's date for the reader.
func holidayDate(v *ui.Viewer, d workspace.Holiday) string {
	t, err := time.ParseInLocation(time.DateOnly, d.Date, v.L.Zone)
	if err != nil {
		return d.Date
	}
	return v.L.Weekday(t.Weekday()) + ", " + v.L.LongDate(t)
}
