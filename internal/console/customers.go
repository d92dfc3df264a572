package console

import (
	"errors"
	"fmt"
	"mime"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/dhvani/dhvani/internal/console/ui"
	"github.com/dhvani/dhvani/internal/customer"
	"github.com/dhvani/dhvani/internal/event"
	"github.com/dhvani/dhvani/internal/feedback"
	"github.com/dhvani/dhvani/internal/roster"
	"github.com/dhvani/dhvani/internal/staff"
	"github.com/dhvani/dhvani/internal/web"
)

func (c *Console) customersRoutes() []route {
	return []route{
		{pattern: "GET /w/{workspace}/customers", right: staff.See, handle: c.customers},
		{pattern: "POST /w/{workspace}/customers/export", right: staff.Export, handle: c.exportCustomers},
	}
}

func (c *Console) roster() roster.Store { return roster.Store{DB: c.Customers.DB} }

// customersView is what the list shows.
type customersView struct {
	query    customersQuery
	rows     []customerRow
	count    string
	next     string
	previous string
	further  bool // no row fits so far, and there are more to look at
	any      bool // the shop has customers
}

// customerRow is a customer with what the list adds to the card.
type customerRow struct {
	roster.Row
	contact customer.Contact
	voice   *feedback.Item
}

// customersQuery is the list's address: what is searched, filtered and sorted.
type customersQuery struct {
	text, seen, orders, mood, channel string
	least, most                       string // money, as it was typed
	sort                              roster.Sort
	ascending                         bool
	cursor                            string
}

// counted is how many customers are counted; above it the page says "more than".
const counted = 10_000

func (c *Console) customers(w http.ResponseWriter, r *http.Request, v *ui.Viewer) error {
	q := readCustomersQuery(r.URL.Query())
	ctx, ws := r.Context(), v.Actor.Workspace
	p, err := c.roster().List(ctx, ws, q.filter(v.Now))
	if errors.Is(err, roster.ErrInvalid) && q.cursor != "" {
		leave(w, r, v, q.url(v, func(*customersQuery) {})) // of another list
		return nil
	}
	if err != nil {
		return listProblem(err)
	}
	view := customersView{query: q, next: p.Next, previous: p.Previous, further: len(p.Rows) == 0 && p.Next != ""}
	n, err := c.roster().Count(ctx, ws, counted+1)
	if err != nil {
		return err
	}
	view.any = n > 0
	if view.count = v.T("common.count_customers", "N", n); n > counted {
		view.count = v.T("customers.count_more", "Count", v.L.Int(counted))
	}
	contacts, err := c.roster().Contacts(ctx, ws, p.Rows)
	if err != nil {
		return err
	}
	voices, err := c.voices(r, ws, p.Rows)
	if err != nil {
		return err
	}
	for _, row := range p.Rows {
		view.rows = append(view.rows, customerRow{row, contacts[row.ID], voices[row.LastOpinion.String()]})
	}
	return render(w, r, http.StatusOK, customersPage(v, view))
}

// voices returns the last opinions of customers, by their ids.
func (c *Console) voices(r *http.Request, workspace int64, rows []roster.Row) (map[string]*feedback.Item, error) {
	var ids []event.ID
	for _, row := range rows {
		if !row.LastOpinion.IsZero() {
			ids = append(ids, row.LastOpinion)
		}
	}
	items, err := c.Feedback.ByIDs(r.Context(), workspace, ids)
	out := map[string]*feedback.Item{}
	for i := range items {
		out[items[i].ID] = &items[i]
	}
	return out, err
}

// listProblem says that a list's address makes no sense.
func listProblem(err error) error {
	if errors.Is(err, roster.ErrInvalid) {
		return web.NewProblem(http.StatusUnprocessableEntity, "")
	}
	return err
}

// exportCustomers answers with the list as a file.
func (c *Console) exportCustomers(w http.ResponseWriter, r *http.Request, v *ui.Viewer) error {
	if err := r.ParseForm(); err != nil {
		return web.NewProblem(http.StatusBadRequest, "")
	}
	f := readCustomersQuery(r.PostForm).filter(v.Now)
	name := "customers-" + v.Now.In(v.L.Zone).Format(time.DateOnly) + ".csv"
	w.Header().Set("Content-Type", "text/csv; charset=utf-8")
	w.Header().Set("Content-Disposition", mime.FormatMediaType("attachment", map[string]string{"filename": name}))
	http.NewResponseController(w).SetWriteDeadline(time.Time{}) // a million lines take their time
	out := &begun{ResponseWriter: w}
	err := c.roster().Export(r.Context(), v.Actor, f, out)
	if err != nil && !out.begun {
		w.Header().Del("Content-Disposition")
		return listProblem(err)
	}
	if err != nil {
		panic(http.ErrAbortHandler) // half a file must not look like a whole one
	}
	return nil
}

// begun notes whether an answer has begun.
type begun struct {
	http.ResponseWriter
	begun bool
}

func (b *begun) Write(p []byte) (int, error) {
	b.begun = true
	return b.ResponseWriter.Write(p)
}

func readCustomersQuery(q url.Values) customersQuery {
	out := customersQuery{
		text: strings.TrimSpace(q.Get("q")), seen: q.Get("seen"), orders: q.Get("orders"), mood: q.Get("rating"), channel: q.Get("channel"),
		least: strings.TrimSpace(q.Get("spend_min")), most: strings.TrimSpace(q.Get("spend_max")), cursor: q.Get("cursor"),
	}
	by, up := strings.CutPrefix(q.Get("sort"), "+")
	if out.sort = roster.Sort(by); !slices.Contains(roster.Sorts, out.sort) {
		out.sort, up = roster.LastSeen, false
	}
	out.ascending = up
	out.text = searched(out.text, 200, 200)
	out.mood = oneOf(out.mood, string(feedback.Good), string(feedback.Neutral), string(feedback.Bad), roster.NoRating)
	out.channel = oneOf(out.channel, feedback.Survey, feedback.Review, feedback.Chat, feedback.Social, feedback.Email, feedback.InStore)
	out.least, out.most = inOrder(out.least, out.most)
	if n, err := strconv.Atoi(strings.TrimPrefix(out.seen, "-")); err != nil || n < 1 || n > 3650 {
		out.seen = ""
	}
	if n, err := strconv.ParseInt(out.orders, 10, 64); err != nil || n < 0 {
		out.orders = ""
	}
	return out
}

// values writes the query; what is as usual is left out.
func (q customersQuery) values() [][2]string {
	by := string(q.sort)
	if q.ascending {
		by = "+" + by
	}
	if by == string(roster.LastSeen) {
		by = ""
	}
	all := [][2]string{{"q", q.text}, {"seen", q.seen}, {"orders", q.orders}, {"spend_min", q.least}, {"spend_max", q.most},
		{"rating", q.mood}, {"channel", q.channel}, {"sort", by}, {"cursor", q.cursor}}
	return slices.DeleteFunc(all, func(p [2]string) bool { return p[1] == "" })
}

// without are the values but those of some names, for the forms that set these.
func (q customersQuery) without(names ...string) [][2]string {
	return slices.DeleteFunc(q.values(), func(p [2]string) bool { return p[0] == "cursor" || slices.Contains(names, p[0]) })
}

// url is the address of the list with a change; a change begins at the first page.
func (q customersQuery) url(v *ui.Viewer, change func(*customersQuery)) string {
	q.cursor = ""
	change(&q)
	values := url.Values{}
	for _, p := range q.values() {
		values.Set(p[0], p[1])
	}
	if len(values) == 0 {
		return v.URL("customers")
	}
	return v.URL("customers") + "?" + values.Encode()
}

func (q customersQuery) filtered() bool {
	return q.seen+q.orders+q.mood+q.channel+q.least+q.most != ""
}

// filter is what the query asks for.
func (q customersQuery) filter(now time.Time) roster.Filter {
	f := roster.Filter{Query: q.text, Mood: q.mood, Channel: q.channel, Sort: q.sort, Ascending: q.ascending, Cursor: q.cursor, Limit: 50}
	days := func(s string) int64 {
		n, _ := strconv.Atoi(s)
		// The whole minute, so that the address of a page stays good for its cursor.
		return now.Truncate(time.Minute).AddDate(0, 0, -n).UnixMicro()
	}
	if gone, ok := strings.CutPrefix(q.seen, "-"); ok {
		f.SeenTo = days(gone)
	} else if q.seen != "" {
		f.SeenFrom = days(q.seen)
	}
	switch q.orders {
	case "":
	case "0":
		f.OrdersMax = -1
	default:
		f.OrdersMin, _ = strconv.ParseInt(q.orders, 10, 64)
	}
	for _, a := range []struct {
		text string
		to   *int64
	}{{q.least, &f.SpendMin}, {q.most, &f.SpendMax}} {
		if m, ok := event.ParseMillionths(a.text); ok {
			*a.to = int64(m)
		}
	}
	return f
}

// nameOf is what a customer is called, where their name is not known by their id.
func nameOf(v *ui.Viewer, name string, id event.ID) string {
	if name != "" {
		return customer.Mask("", name) // some shops have an address there
	}
	text := id.String()
	return v.T("customers.visitor", "Code", text[len(text)-4:])
}

// scoreOf is a rating in words: 4 of 5.
func scoreOf(v *ui.Viewer, rating *float64, scale int64) string {
	if rating == nil {
		return ""
	}
	digits := 0
	if *rating != float64(int64(*rating)) {
		digits = 1
	}
	if scale == 0 {
		return v.L.Decimal(*rating, digits)
	}
	return v.T("common.of", "Value", v.L.Decimal(*rating, digits), "Most", v.L.Int(scale))
}

// moment is a time of microseconds.
func moment(at int64) time.Time { return time.UnixMicro(at) }

// choices for the filters of the list.
func (q customersQuery) seenChoices(v *ui.Viewer) (chosen string, out []ui.Choice) {
	options := [][2]string{{"", v.T("customers.any")}, {"1", v.T("customers.seen_1")}}
	for _, n := range []int{7, 30, 90} {
		options = append(options, [2]string{strconv.Itoa(n), v.T("customers.seen_days", "N", n)})
	}
	for _, n := range []int{30, 90} {
		options = append(options, [2]string{fmt.Sprint("-", n), v.T("customers.seen_gone", "N", n)})
	}
	return q.choose(v, q.seen, options, func(q *customersQuery, value string) { q.seen = value })
}

func (q customersQuery) orderChoices(v *ui.Viewer) (chosen string, out []ui.Choice) {
	options := [][2]string{{"", v.T("customers.any")}, {"0", v.T("customers.orders_none")}}
	for _, n := range []int64{1, 2, 5, 10} {
		options = append(options, [2]string{strconv.FormatInt(n, 10), v.T("customers.orders_least", "Count", v.L.Int(n))})
	}
	return q.choose(v, q.orders, options, func(q *customersQuery, value string) { q.orders = value })
}

func (q customersQuery) moodChoices(v *ui.Viewer) (chosen string, out []ui.Choice) {
	options := [][2]string{{"", v.T("customers.any")}}
	for _, m := range []feedback.Mood{feedback.Good, feedback.Neutral, feedback.Bad} {
		options = append(options, [2]string{string(m), moodOf(m).Label(v)})
	}
	options = append(options, [2]string{roster.NoRating, v.T("customers.mood_none")})
	return q.choose(v, q.mood, options, func(q *customersQuery, value string) { q.mood = value })
}

func (q customersQuery) channelChoices(v *ui.Viewer) (chosen string, out []ui.Choice) {
	options := [][2]string{{"", v.T("customers.any")}}
	for _, c := range []string{feedback.Survey, feedback.Review, feedback.Chat, feedback.Social, feedback.Email, feedback.InStore} {
		options = append(options, [2]string{c, v.L.Word("common.channel", c)})
	}
	return q.choose(v, q.channel, options, func(q *customersQuery, value string) { q.channel = value })
}

func (q customersQuery) choose(v *ui.Viewer, current string, options [][2]string, set func(*customersQuery, string)) (chosen string, out []ui.Choice) {
	chosen = current
	for _, o := range options {
		if o[0] == current {
			chosen = o[1]
		}
		out = append(out, ui.Choice{Label: o[1], URL: q.url(v, func(q *customersQuery) { set(q, o[0]) }), Current: o[0] == current})
	}
	return chosen, out
}

// spendChosen is the filter of money in words.
func (q customersQuery) spendChosen(v *ui.Viewer) string {
	switch {
	case q.least != "" && q.most != "":
		return v.T("common.range", "From", q.least, "To", q.most)
	case q.least != "":
		return "≥ " + q.least
	case q.most != "":
		return "≤ " + q.most
	}
	return v.T("customers.any")
}

// sortURL is where a column's head leads: largest first, names from the first;
// the other way round when it sorts already.
func (q customersQuery) sortURL(v *ui.Viewer, by roster.Sort) (address, dir string) {
	up := by == roster.Name
	if q.sort == by {
		dir = "desc"
		if q.ascending {
			dir = "asc"
		}
		up = !q.ascending
	}
	return q.url(v, func(q *customersQuery) { q.sort, q.ascending = by, up }), dir
}

// page is the address of another page of the list, "" where there is none.
func (d customersView) page(v *ui.Viewer, cursor string) string {
	if cursor == "" {
		return ""
	}
	return d.query.url(v, func(q *customersQuery) { q.cursor = cursor })
}

// both joins two short texts of which each may be empty.
func both(a, b string) string {
	if a != "" && b != "" {
		return a + " · " + b
	}
	return a + b
}

// voiceLine is an opinion in one line: its words, else its score.
func voiceLine(v *ui.Viewer, it *feedback.Item) string {
	text := strings.Join(strings.Fields(it.Title+" "+it.Text), " ")
	if text == "" {
		return both(v.L.Word("common.kind", it.Kind), scoreOf(v, it.Rating, it.Scale))
	}
	if r := []rune(text); len(r) > 120 {
		text = string(r[:119]) + "…"
	}
	return text
}
