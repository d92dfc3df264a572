package console

import (
	"encoding/json"
	"errors"
	"math"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/dhvani/dhvani/internal/console/ui"
	"github.com/dhvani/dhvani/internal/customer"
	"github.com/dhvani/dhvani/internal/event"
	"github.com/dhvani/dhvani/internal/feedback"
	"github.com/dhvani/dhvani/internal/insight/incident"
	"github.com/dhvani/dhvani/internal/order"
	"github.com/dhvani/dhvani/internal/roster"
	"github.com/dhvani/dhvani/internal/staff"
	"github.com/dhvani/dhvani/internal/web"
)

func (c *Console) customerRoutes() []route {
	return []route{
		{pattern: "GET /w/{workspace}/customers/{id}", right: staff.See, handle: c.customer},
		{pattern: "POST /w/{workspace}/customers/{id}/reveal/{ref}", right: staff.Reveal, handle: c.revealIdentifier},
		{pattern: "POST /w/{workspace}/customers/{id}/merge", right: staff.Decide, handle: c.mergeCustomers},
		{pattern: "POST /w/{workspace}/customers/{id}/refuse", right: staff.Decide, handle: c.refuseMerge},
		{pattern: "POST /w/{workspace}/customers/{id}/unmerge", right: staff.Decide, handle: c.unmergeCustomer},
	}
}

func (c *Console) desk() *customer.Desk {
	return &customer.Desk{Store: c.Customers, Act: c.Pipeline.Act}
}

// customerView is all that a customer's page shows.
type customerView struct {
	troubles []*incident.Insight // that hit them and are not over
	customer.Customer
	id          event.ID
	card        roster.Row
	bought      order.Summary
	orders      []order.Order
	olderOrders string
	opinions    []feedback.Item // newest first
	cart        cart
	timeline    timelineView
	suggestions []suggested
	done        string
}

// suggested is another customer who may be the same.
type suggested struct {
	customer.Suggestion
	other event.ID
	card  roster.Row
}

const (
	shownOrders   = 6
	shownOpinions = 100
)

// customerID reads the id in a page's address.
func customerID(r *http.Request) (event.ID, error) {
	id, err := event.ParseID(r.PathValue("id"))
	if err != nil {
		return id, customer.ErrNotFound
	}
	return id, nil
}

func (c *Console) customer(w http.ResponseWriter, r *http.Request, v *ui.Viewer) error {
	id, err := customerID(r)
	if err != nil {
		return err
	}
	ctx, ws := r.Context(), v.Actor.Workspace
	d := customerView{done: r.FormValue("done")}
	if d.timeline, err = c.readTimeline(r, v, id); err != nil {
		return err
	}
	if v.Part && r.Header.Get("HX-Target") == "older" {
		return render(w, r, http.StatusOK, timelinePart(v, d.timeline))
	}
	if d.Customer, err = c.Customers.Get(ctx, ws, id); err != nil {
		return err
	}
	if d.id, err = event.ParseID(d.ID); err != nil {
		return err
	}
	if d.bought, err = c.Orders.Summary(ctx, ws, d.ProfileIDs); err != nil {
		return err
	}
	d.orders, d.olderOrders, err = c.Orders.List(ctx, ws, d.ProfileIDs, r.FormValue("orders"), shownOrders)
	if errors.Is(err, order.ErrCursor) { // of another list
		d.orders, d.olderOrders, err = c.Orders.List(ctx, ws, d.ProfileIDs, "", shownOrders)
	}
	if err != nil {
		return err
	}
	if d.opinions, _, err = c.Feedback.List(ctx, ws, feedback.Filter{Profiles: d.ProfileIDs, Limit: shownOpinions}); err != nil {
		return err
	}
	if d.cart, err = c.readCart(ctx, ws, id); err != nil {
		return err
	}
	if d.troubles, err = c.Incidents.Of(ctx, ws, d.ProfileIDs); err != nil {
		return err
	}
	return c.finishCustomer(w, r, v, &d)
}

// finishCustomer reads who else may be the same, and what they are called.
func (c *Console) finishCustomer(w http.ResponseWriter, r *http.Request, v *ui.Viewer, d *customerView) error {
	ctx, ws := r.Context(), v.Actor.Workspace
	ids := []event.ID{d.id}
	found, err := c.Customers.Suggestions(ctx, ws, d.id, "", 5)
	if err != nil {
		return err
	}
	for _, s := range found.Items {
		other := s.A
		if other == d.ID {
			other = s.B
		}
		if id, err := event.ParseID(other); err == nil {
			ids = append(ids, id)
			d.suggestions = append(d.suggestions, suggested{Suggestion: s, other: id})
		}
	}
	cards, err := c.roster().ByIDs(ctx, ws, ids)
	if err != nil {
		return err
	}
	d.card = cards[d.id]
	for i := range d.suggestions {
		d.suggestions[i].card = cards[d.suggestions[i].other]
	}
	return render(w, r, http.StatusOK, customerPage(v, *d))
}

// revealIdentifier answers with a whole identifier.
func (c *Console) revealIdentifier(w http.ResponseWriter, r *http.Request, v *ui.Viewer) error {
	id, err := customerID(r)
	if err != nil {
		return err
	}
	ref, err := event.ParseID(r.PathValue("ref"))
	if err != nil {
		return customer.ErrNotFound
	}
	i, err := c.desk().Reveal(r.Context(), v.Actor, id, ref)
	if err != nil {
		return err
	}
	return render(w, r, http.StatusOK, ui.Revealed(v, i.Value))
}

func (c *Console) mergeCustomers(w http.ResponseWriter, r *http.Request, v *ui.Viewer) error {
	return c.decideCustomer(w, r, v, "merged", func(id, other event.ID) error { return c.desk().Merge(r.Context(), v.Actor, id, other) })
}

func (c *Console) refuseMerge(w http.ResponseWriter, r *http.Request, v *ui.Viewer) error {
	return c.decideCustomer(w, r, v, "refused", func(id, other event.ID) error { return c.desk().Refuse(r.Context(), v.Actor, id, other) })
}

func (c *Console) unmergeCustomer(w http.ResponseWriter, r *http.Request, v *ui.Viewer) error {
	return c.decideCustomer(w, r, v, "unmerged", func(id, target event.ID) error {
		return c.desk().Unmerge(r.Context(), v.Actor, id, target)
	})
}

// decideCustomer does what a form asks with a customer and the id in its field
// "other", and goes back to the customer's page.
func (c *Console) decideCustomer(w http.ResponseWriter, r *http.Request, v *ui.Viewer, done string, do func(id, other event.ID) error) error {
	id, err := customerID(r)
	if err != nil {
		return err
	}
	other, err := event.ParseID(r.PostFormValue("other"))
	if err != nil {
		return customer.ErrNotFound
	}
	err = do(id, other)
	if errors.Is(err, customer.ErrInvalid) || errors.Is(err, customer.ErrNoMerge) {
		return web.NewProblem(http.StatusConflict, "") // it was decided meanwhile
	}
	if err != nil {
		return err
	}
	http.Redirect(w, r, v.URL("customers", id.String())+"?done="+done, http.StatusSeeOther)
	return nil
}

// name is what the customer is called.
func (d *customerView) name(v *ui.Viewer) string { return nameOf(v, d.card.Name, d.id) }

// url is the address of the page with some values.
func (d *customerView) url(v *ui.Viewer, pairs ...string) string {
	values := url.Values{}
	for i := 0; i+1 < len(pairs); i += 2 {
		if pairs[i+1] != "" {
			values.Set(pairs[i], pairs[i+1])
		}
	}
	out := v.URL("customers", d.ID)
	if len(values) > 0 {
		out += "?" + values.Encode()
	}
	return out
}

// timeOf reads a time that a room wrote.
func timeOf(text string) time.Time {
	t, _ := time.Parse(time.RFC3339Nano, text)
	return t
}

// inShop reports whether the customer did something within five minutes.
func (d *customerView) inShop(v *ui.Viewer) bool {
	return v.Now.Sub(timeOf(d.LastSeen)) < 5*time.Minute
}

// stats are the figures at the top.
func (d *customerView) stats(v *ui.Viewer) []ui.StatInfo {
	orders := ui.StatInfo{Label: v.T("customer.orders"), Value: v.L.Int(int64(d.bought.Orders))}
	if d.bought.Returns > 0 {
		orders.Foot = v.T("customer.returned", "N", d.bought.Returns)
	}
	spent := ui.StatInfo{Label: v.T("customer.spent"), None: v.T("customer.none")}
	if d.bought.Orders > 0 {
		spent.None = ""
		spent.Value, spent.Whole = figureMoney(v, d.card.Spend, d.card.Currency)
		spent.Foot = v.T("customer.per_order", "Amount", v.L.Money(d.card.Spend/max(d.card.Orders, 1)/1e6*1e6, d.card.Currency))
	}
	first := timeOf(d.FirstSeen)
	n, unit := span(v.Now.Sub(first))
	since := ui.StatInfo{Label: v.T("customer.since"), Value: v.L.Int(int64(n)), Foot: v.L.Month(first.In(v.L.Zone))}
	switch unit {
	case "years":
		since.Unit = v.T("customer.unit_years", "N", n)
	case "months":
		since.Unit = v.T("customer.unit_months", "N", n)
	case "days":
		since.Unit = v.T("customer.unit_days", "N", n)
	default:
		since.Value, since.None, since.Foot = "", v.T("customer.today"), v.L.Time(first)
	}
	opinions := ui.StatInfo{Label: v.T("customer.opinions"), Value: v.L.Int(d.card.Opinions)}
	recent := 0
	for _, o := range d.opinions {
		if v.Now.Sub(timeOf(o.At)) < 30*24*time.Hour {
			recent++
		}
	}
	if d.card.Opinions > 0 {
		opinions.Foot = v.T("customer.recent", "N", recent)
		opinions.URL = v.URL("feedback") + "?customer=" + d.ID
	}
	held := ui.StatInfo{Label: v.T("customer.cart"), None: v.T("customer.cart_empty")}
	if d.cart.items > 0 {
		held.None, held.Foot = "", v.T("customer.cart_items", "N", d.cart.items)
		held.Value, held.Whole = figureMoney(v, d.cart.amount, d.cart.currency)
	}
	if d.cart.failed > 0 {
		held.Foot, held.FootBad = v.T("customer.failed", "N", d.cart.failed), true
	}
	return []ui.StatInfo{orders, spent, since, d.lastScore(v), opinions, held}
}

// figureMoney is an amount as a large figure: short where the whole, which comes
// too then, would not fit.
func figureMoney(v *ui.Viewer, amount int64, currency string) (value, whole string) {
	value = v.L.Money(amount, currency)
	if utf8.RuneCountInString(value) <= 10 {
		return value, ""
	}
	return v.L.MoneyShort(amount, currency), value
}

// span is a time in the largest unit that fits.
func span(age time.Duration) (n int, unit string) {
	switch days := int(age.Hours() / 24); {
	case days >= 730:
		return days / 365, "years"
	case days >= 60:
		return days * 12 / 365, "months"
	case days >= 1:
		return days, "days"
	}
	return 0, ""
}

// lastScore is the last NPS, else CSAT, else rating, with the one before it.
func (d *customerView) lastScore(v *ui.Viewer) ui.StatInfo {
	for _, kind := range []string{feedback.NPS, feedback.CSAT, feedback.Rating, feedback.CES} {
		var found []feedback.Item
		for _, o := range d.opinions {
			if o.Kind == kind && o.Rating != nil {
				found = append(found, o)
			}
		}
		if len(found) == 0 {
			continue
		}
		o := found[0]
		s := ui.StatInfo{
			Label: v.T("customer.last_score", "Kind", v.L.Word("common.kind", kind)), Value: v.L.Decimal(*o.Rating, 0),
			Unit: v.T("customer.of_most", "Most", v.L.Int(o.Scale)), Bad: o.Mood == feedback.Bad, Foot: v.L.Date(timeOf(o.At)),
		}
		if len(found) > 1 {
			s.Foot = v.T("customer.was", "Value", v.L.Decimal(*found[1].Rating, 0), "When", v.L.Date(timeOf(found[1].At)))
		}
		return s
	}
	return ui.StatInfo{Label: v.T("customer.last_score", "Kind", v.L.Word("common.kind", feedback.NPS)), None: v.T("customer.none")}
}

// feelings is the chart of ratings over time, each as a share of its scale.
func (d *customerView) feelings(v *ui.Viewer) (ui.Chart, int) {
	moods := []ui.Mood{ui.MoodGood, ui.MoodNeutral, ui.MoodBad}
	series := []ui.Series{{Tone: ui.Good}, {Tone: ui.Neutral}, {Tone: ui.Bad}} // told apart by shape too
	for i, m := range moods {
		series[i].Name = m.Label(v)
	}
	chart := ui.Chart{ID: "feelings", Kind: ui.Dots, Label: v.T("customer.feelings"), Unit: "%", Size: "short", Column: v.T("common.date")}
	for _, o := range slices.Backward(d.opinions) {
		if o.Rating == nil || o.Scale < 2 {
			continue
		}
		low := 1.0
		if o.Scale == 10 {
			low = 0
		}
		share := (*o.Rating - low) / (float64(o.Scale) - low)
		if o.Inverted {
			share = 1 - share
		}
		at := timeOf(o.At)
		chart.Ticks = append(chart.Ticks, v.L.DayMonth(at.In(v.L.Zone)))
		chart.Names = append(chart.Names, v.L.DateTime(at))
		for i, m := range moods {
			value := math.NaN()
			if m == moodOf(o.Mood) {
				value = share
			}
			series[i].Values = append(series[i].Values, value)
		}
	}
	low, high := 0.0, 1.0
	chart.Series, chart.Min, chart.Max = series, &low, &high
	return chart, len(chart.Ticks)
}

// detail is a trait as it is shown.
type detail struct{ name, value, from string }

// details are the traits that are no identifiers.
func (d *customerView) details(v *ui.Viewer) (out []detail) {
	for _, t := range d.TraitSources {
		switch t.Name {
		case "email", "emails", "phone", "phones":
			continue
		}
		value := traitText(t.Value)
		if value == "" {
			continue
		}
		key := "customer.from_browser"
		if strings.HasSuffix(t.Source, "/server") {
			key = "customer.from_server"
		}
		from := v.T("customer.from_browser", "Date", v.L.Date(timeOf(t.At)))
		if key == "customer.from_server" {
			from = v.T("customer.from_server", "Date", v.L.Date(timeOf(t.At)))
		}
		out = append(out, detail{v.L.Word("customer.trait", t.Name), value, from})
	}
	return out
}

// traitText writes a trait's value for people: a text as it is, the texts of an
// object or list one after the other.
func traitText(raw json.RawMessage) string {
	var value any
	if json.Unmarshal(raw, &value) != nil {
		return ""
	}
	var parts []string
	var walk func(v any, depth int)
	walk = func(v any, depth int) {
		switch v := v.(type) {
		case string:
			parts = append(parts, customer.Mask("", v))
		case float64:
			parts = append(parts, strconv.FormatFloat(v, 'f', -1, 64))
		case bool:
			parts = append(parts, strconv.FormatBool(v))
		case []any:
			for _, e := range v {
				if depth < 2 {
					walk(e, depth+1)
				}
			}
		case map[string]any:
			for _, name := range slices.Sorted(keys(v)) {
				if depth < 2 {
					walk(v[name], depth+1)
				}
			}
		}
	}
	walk(value, 0)
	out := strings.Join(parts, ", ")
	if r := []rune(out); len(r) > 160 {
		out = string(r[:159]) + "…"
	}
	return out
}

func keys(m map[string]any) func(func(string) bool) {
	return func(yield func(string) bool) {
		for k := range m {
			if !yield(k) {
				return
			}
		}
	}
}
