package console

import (
	"math"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/dhvani/dhvani/internal/console/ui"
	"github.com/dhvani/dhvani/internal/deliver"
	"github.com/dhvani/dhvani/internal/insight/letter"
	"github.com/dhvani/dhvani/internal/locale"
	"github.com/dhvani/dhvani/internal/staff"
	"github.com/dhvani/dhvani/internal/web"
)

func (c *Console) weeklyRoutes() []route {
	const settings = "/w/{workspace}/settings/letter"
	return []route{
		{pattern: "GET /w/{workspace}/letter", right: staff.See, handle: c.weekly},
		{pattern: "GET " + settings, right: staff.Configure, handle: c.weeklySettings},
		{pattern: "POST " + settings, right: staff.Configure, handle: c.saveWeekly},
		{pattern: "POST " + settings + "/send", right: staff.Configure, handle: c.sendWeekly},
	}
}

// weeklyPage is the letter of a week.
type weeklyPage struct {
	*letter.Letter
	l           *locale.Locale // by the shop's clock
	shop        string
	first, last string // addresses of the weeks before and after, "" where there is none
}

// weekly shows the letter of a week, of this one as far as it has come.
func (c *Console) weekly(w http.ResponseWriter, r *http.Request, v *ui.Viewer) error {
	zone := v.Workspace.Location()
	this := letter.WeekOf(v.Now.In(zone))
	week := this
	if asked := r.URL.Query().Get("week"); asked != "" {
		named, ok := letter.Named(asked, zone)
		if !ok || named.From.After(this.From) {
			return web.NewProblem(http.StatusNotFound, "")
		}
		week = named
	}
	built, err := c.Letters.Build(r.Context(), v.Workspace.Number, week, v.Now, v.L.Lang)
	if err != nil {
		return err
	}
	p := weeklyPage{Letter: built, l: locale.For(v.L.Lang, zone).Home(v.Workspace.Currency), shop: v.Workspace.Name, first: weeklyURL(v, week.Add(-1))}
	if week.From.Before(this.From) {
		p.last = weeklyURL(v, week.Add(1))
	}
	return render(w, r, http.StatusOK, weeklyView(v, p))
}

func weeklyURL(v *ui.Viewer, w letter.Week) string {
	return v.URL("letter") + "?" + url.Values{"week": {w.Name()}}.Encode()
}

// days are the days of the week, and that it is not over.
func (p *weeklyPage) days(v *ui.Viewer) string {
	out := p.Days(p.l)
	if p.Until.Before(p.Week.To) {
		out += " · " + v.T("letter.so_far")
	}
	return out
}

// path is the page of an item, of the same week where the page can show it.
func (p *weeklyPage) path(v *ui.Viewer, it letter.Item) string {
	if it.Path == nil {
		return ""
	}
	out := v.URL(it.Path...)
	if it.Path[0] == "topics" || it.Path[0] == "feedback" {
		out += "?" + url.Values{"from": {p.Week.Name()}, "to": {p.Week.Sunday().Format(time.DateOnly)}}.Encode()
	}
	return out
}

// interval is an item's figure as the page draws it.
func interval(f *letter.Figure) *ui.Interval {
	if f == nil {
		return nil
	}
	out := &ui.Interval{Min: f.Min, Max: f.Max, Value: f.Value, Low: f.Low, High: f.High, Bad: f.Bad, Label: f.Label}
	if f.Known {
		out.UsualLow, out.UsualHigh = f.LastLow, f.LastTop
	}
	return out
}

// stat is a score as a figure.
func (p *weeklyPage) stat(v *ui.Viewer, it letter.Item) ui.StatInfo {
	return ui.StatInfo{Label: it.Title, Value: it.Value, Bad: it.Figure != nil && it.Figure.Bad, Interval: interval(it.Figure), Foot: it.Text, URL: p.path(v, it)}
}

// moods is the chart of how opinions sounded, week by week.
func (p *weeklyPage) moods(v *ui.Viewer) ui.Chart {
	one := 1.0
	out := ui.Chart{ID: "letter-moods", Kind: ui.Stack, Label: v.T("letter.moods_weeks"), Unit: "%", Max: &one, Column: v.T("letter.week"), Size: "short",
		Format: func(f float64) string { return v.L.Percent(f, 0) }}
	bad, neutral, good := ui.Series{Name: ui.MoodBad.Label(v), Tone: ui.Bad}, ui.Series{Name: ui.MoodNeutral.Label(v), Tone: ui.Neutral}, ui.Series{Name: ui.MoodGood.Label(v), Tone: ui.Good}
	for _, w := range p.Weeks {
		from := saidAt(w.From).In(p.Week.From.Location())
		out.Ticks, out.Names = append(out.Ticks, p.l.DayMonth(from)), append(out.Names, p.l.Date(from))
		all := float64(w.Rated())
		part := func(n int64) float64 {
			if all == 0 {
				return math.NaN()
			}
			return float64(n) / all
		}
		bad.Values, neutral.Values, good.Values = append(bad.Values, part(w.Bad)), append(neutral.Values, part(w.Neutral)), append(good.Values, part(w.Good))
	}
	out.Series = []ui.Series{bad, neutral, good}
	return out
}

// weeklyForm is who gets the letter, and when.
type weeklyForm struct {
	letter.Settings
	ways []deliver.Overview
	form *form
}

var weeklyFields = map[string]string{
	"letter_to": "to", "letter_nobody": "to", "rule_destination": "to", "rule_language": "to", "rule_address": "to", "letter_weekday": "weekday", "letter_hour": "hour",
}

func (c *Console) weeklySettings(w http.ResponseWriter, r *http.Request, v *ui.Viewer) error {
	notice(r, v)
	if r.FormValue("sent") != "" {
		v.Notice = v.T("letter.sent_now")
	}
	set, err := c.Letters.Settings(r.Context(), v.Actor)
	if err != nil {
		return err
	}
	return c.showWeeklySettings(w, r, v, weeklyForm{Settings: set}, http.StatusOK)
}

func (c *Console) showWeeklySettings(w http.ResponseWriter, r *http.Request, v *ui.Viewer, p weeklyForm, status int) (err error) {
	if p.ways, err = c.Outbox.Overviews(r.Context(), v.Actor); err != nil {
		return err
	}
	return render(w, r, status, weeklySettingsView(v, p))
}

func (c *Console) saveWeekly(w http.ResponseWriter, r *http.Request, v *ui.Viewer) error {
	if err := r.ParseForm(); err != nil {
		return web.NewProblem(http.StatusBadRequest, "")
	}
	number := func(name string) int {
		n, err := strconv.Atoi(r.PostFormValue(name))
		if err != nil {
			return -1 // which the room refuses
		}
		return n
	}
	set := letter.Settings{Active: r.PostFormValue("active") == "on", Weekday: time.Weekday(number("weekday")), Hour: number("hour"), To: receivers(r, "to")}
	err := c.Letters.Save(r.Context(), v.Actor, set)
	if f := refused(r, v, err, weeklyFields); f != nil {
		return c.showWeeklySettings(w, r, v, weeklyForm{Settings: set, form: f}, http.StatusUnprocessableEntity)
	}
	if err != nil {
		return err
	}
	saved(w, r, v, "letter")
	return nil
}

// sendWeekly sends the letter of the last whole week to everybody who gets it.
func (c *Console) sendWeekly(w http.ResponseWriter, r *http.Request, v *ui.Viewer) error {
	err := c.Letters.SendNow(r.Context(), v.Actor, v.Workspace)
	if f := refused(r, v, err, weeklyFields); f != nil {
		set, err := c.Letters.Settings(r.Context(), v.Actor)
		if err != nil {
			return err
		}
		return c.showWeeklySettings(w, r, v, weeklyForm{Settings: set, form: f}, http.StatusUnprocessableEntity)
	}
	if err != nil {
		return err
	}
	leave(w, r, v, v.URL("settings", "letter")+"?sent=1")
	return nil
}

// weekdayChoices begin with Monday.
func weekdayChoices(v *ui.Viewer) (out []ui.Choice) {
	for i := range 7 {
		d := time.Weekday((i + 1) % 7)
		out = append(out, ui.Choice{Label: v.L.Weekday(d), Value: strconv.Itoa(int(d))})
	}
	return out
}

func dayHours(v *ui.Viewer) (out []ui.Choice) {
	for h := range 24 {
		out = append(out, ui.Choice{Label: locale.For(v.L.Lang, time.UTC).Time(time.Date(2000, 1, 1, h, 0, 0, 0, time.UTC)), Value: strconv.Itoa(h)})
	}
	return out
}
