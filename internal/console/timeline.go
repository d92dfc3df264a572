package console

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"time"

	"github.com/dhvani/dhvani/internal/console/ui"
	"github.com/dhvani/dhvani/internal/customer"
	"github.com/dhvani/dhvani/internal/event"
	"github.com/dhvani/dhvani/internal/feedback"
)

// timelineView is a part of what happened to a customer.
type timelineView struct {
	group  string // all where ""
	day    string // jumped to, 2026-07-14
	id     string // of the customer
	cursor string
	days   []timelineDay
	next   string
}

type timelineDay struct {
	heading string
	items   []happening
}

// happening is one thing that happened, or several of a kind one after another.
type happening struct {
	ui.TimelineInfo
	said  []feedback.Said
	alike string // what may be told as one: product or page
	n     int
}

const timelineLimit = 60

func (c *Console) readTimeline(r *http.Request, v *ui.Viewer, id event.ID) (timelineView, error) {
	t := timelineView{group: r.FormValue("show"), day: r.FormValue("day"), cursor: r.FormValue("before"), id: id.String()}
	switch t.group {
	case "", customer.Said, customer.Bought, customer.Browsed:
	default:
		t.group = ""
	}
	cursor := t.cursor
	if day, err := time.ParseInLocation(time.DateOnly, t.day, v.L.Zone); err != nil {
		t.day = ""
	} else if cursor == "" {
		cursor = customer.TimelineBefore(day.AddDate(0, 0, 1).UnixMicro())
	}
	page, err := c.Customers.Timeline(r.Context(), v.Actor.Workspace, id, cursor, timelineLimit, customer.TimelineFilter{Group: t.group})
	if errors.Is(err, customer.ErrInvalid) { // a cursor of another list
		t.cursor = ""
		page, err = c.Customers.Timeline(r.Context(), v.Actor.Workspace, id, "", timelineLimit, customer.TimelineFilter{Group: t.group})
	}
	if err != nil {
		return t, err
	}
	t.next = page.Next
	for i := range page.Items {
		t.add(v, &page.Items[i])
	}
	return t, nil
}

// add adds an item below the others.
func (t *timelineView) add(v *ui.Viewer, it *customer.Item) {
	at := timeOf(it.At)
	heading := v.L.Day(at, v.Now)
	if len(t.days) == 0 || t.days[len(t.days)-1].heading != heading {
		t.days = append(t.days, timelineDay{heading: heading})
	}
	day := &t.days[len(t.days)-1]
	h := tell(v, it)
	if n := len(day.items); n > 0 && h.alike != "" && day.items[n-1].alike == h.alike {
		last := &day.items[n-1]
		last.n++
		if last.n < 5 && h.More != "" && !strings.Contains(last.More, h.More) {
			last.More = h.More + ", " + last.More
		}
		switch h.alike {
		case "product":
			last.What = v.T("customer.looked_products", "N", last.n)
		case "page":
			last.What = v.T("customer.looked_pages", "N", last.n)
		}
		return
	}
	day.items = append(day.items, h)
}

// address is the address of the page with this timeline.
func (t timelineView) address(v *ui.Viewer, group, day, before string) string {
	d := customerView{Customer: customer.Customer{ID: t.id}}
	return d.url(v, "show", group, "day", day, "before", before)
}

func (t timelineView) groups(v *ui.Viewer) []ui.Choice {
	all := []ui.Choice{
		{Label: v.T("customer.group_all"), Value: ""}, {Label: v.T("customer.group_said"), Value: customer.Said},
		{Label: v.T("customer.group_bought"), Value: customer.Bought}, {Label: v.T("customer.group_browsed"), Value: customer.Browsed},
	}
	for i := range all {
		all[i].URL, all[i].Current = t.address(v, all[i].Value, t.day, ""), all[i].Value == t.group
	}
	return all
}

// telling is how a verb is told: the message, the icon, and the properties of
// which the first that is there follows.
type telling struct {
	key, icon string
	names     string
}

const productNames = "name title product_name sku product_id"

var tellings = map[event.Verb]telling{
	event.ProductsSearched: {"searched", "search", "query"}, event.ProductListViewed: {"list_viewed", "layout-list", "category list_id"},
	event.ProductListFiltered: {"list_viewed", "layout-list", "category list_id"}, event.PromotionViewed: {"promotion", "badge-percent", "name promotion_id"},
	event.PromotionClicked: {"promotion", "badge-percent", "name promotion_id"}, event.ProductClicked: {"product_viewed", "eye", productNames},
	event.ProductViewed: {"product_viewed", "eye", productNames}, event.ProductAdded: {"added", "shopping-bag", productNames},
	event.ProductRemoved: {"removed", "shopping-bag", productNames}, event.CartViewed: {"cart_viewed", "shopping-cart", ""},
	event.CartShared: {"shared", "share-2", ""}, event.CheckoutStarted: {"checkout_started", "credit-card", "order_id"},
	event.CheckoutStepViewed: {"checkout_step", "credit-card", "step"}, event.CheckoutStepCompleted: {"checkout_step", "credit-card", "step"},
	event.CheckoutFailed: {"checkout_failed", "circle-x", "reason step"}, event.PaymentInfoEntered: {"payment", "credit-card", "payment_method"},
	event.OrderUpdated: {"order_updated", "package", "order_id"}, event.OrderCompleted: {"order_completed", "package", "order_id"},
	event.OrderRefunded: {"order_refunded", "banknote", "order_id"}, event.OrderReturned: {"order_returned", "package-x", "order_id"},
	event.OrderCancelled: {"order_cancelled", "package-x", "order_id"}, event.OrderShipped: {"order_shipped", "truck", "order_id"},
	event.OrderDelivered: {"order_delivered", "package-check", "order_id"}, event.CouponEntered: {"coupon", "tag", "coupon_name coupon_id"},
	event.CouponApplied: {"coupon", "tag", "coupon_name coupon_id"}, event.CouponDenied: {"coupon", "tag", "coupon_name coupon_id"},
	event.CouponRemoved: {"coupon", "tag", "coupon_name coupon_id"}, event.WishlistAdded: {"wishlist_added", "heart", productNames},
	event.WishlistRemoved: {"wishlist_removed", "heart", productNames}, event.WishlistToCart: {"added", "shopping-bag", productNames},
	event.ProductShared: {"shared", "share-2", productNames}, event.ProductReviewed: {"reviewed", "star", "name title product_name product_id"},
	event.ChatStarted: {"chat_started", "message-circle", ""}, event.ChatEnded: {"chat_ended", "message-circle", ""},
	event.ChatSent: {"chat_said", "message-circle", ""}, event.ChatReceived: {"chat_answered", "message-circle", "message_body text message body"},
	event.EmailDelivered: {"email_delivered", "mail", "email_subject subject"}, event.EmailOpened: {"email_opened", "mail", "email_subject subject"},
	event.EmailClicked: {"email_clicked", "mail", "email_subject subject"}, event.EmailBounced: {"email_bounced", "mail", "email_subject subject"},
	event.EmailMarkedSpam: {"email_spam", "mail", ""}, event.EmailReplied: {"email_replied", "reply", "subject"},
	event.Unsubscribed: {"unsubscribed", "mail", ""}, event.SurveyShown: {"survey_shown", "list-checks", "survey_name survey_id"},
	event.SurveyAnswered: {"survey_answered", "list-checks", "survey_name survey_id"}, event.SurveyDismissed: {"survey_dismissed", "list-checks", "survey_name survey_id"},
	event.StoreVisit: {"store", "store", "store_name store_id"}, event.SocialMention: {"social", "at-sign", "network"},
	event.ConsentUpdated: {"consent", "shield-check", ""}, event.ExperimentViewed: {"experiment", "flask-conical", "experiment_name experiment_id"},
}

// tell says what an item is in the viewer's language. Nothing of its properties
// is shown but what is named here: they may hold addresses.
func tell(v *ui.Viewer, it *customer.Item) happening {
	h := happening{TimelineInfo: ui.TimelineInfo{ID: "event-" + it.ID, At: timeOf(it.At), Icon: "activity", What: it.Name}, n: 1}
	say := func(key, icon, more string) { h.What, h.Icon, h.More = v.L.Word("customer.happened", key), icon, more }
	p := event.ParseObject(string(it.Properties))
	switch it.Type {
	case "page", "screen":
		say("page", "globe", it.Name)
		h.alike = "page"
		return h
	case "identify":
		say("identified", "id-card", "")
		return h
	case "group":
		say("grouped", "users-round", "")
		return h
	case "alias":
		say("aliased", "user-check", "")
		return h
	case "staff":
		say("staff_"+strings.TrimPrefix(it.Name, "customer."), "git-merge", "")
		return h
	}
	if it.Kind == "damaged" {
		say("damaged", "triangle-alert", "")
		return h
	}
	e := event.Event{Type: event.Track, Name: it.Name, Properties: string(it.Properties), UserID: "-", MessageID: it.ID}
	t, ok := tellings[e.Verb()]
	if !ok {
		return h
	}
	say(t.key, t.icon, strings.TrimSpace(p.First(strings.Fields(t.names)...)))
	h.More = shortLine(customer.Mask("", h.More), mostLine)
	h.said = feedback.Opinions(&e)
	h.value(v, e.Verb(), p)
	return h
}

// value fills what stands at the end of the line, and how it sounds.
func (h *happening) value(v *ui.Viewer, verb event.Verb, p event.Object) {
	amount := func(names ...string) {
		for _, name := range names {
			if m, ok := p.Number(name); ok {
				h.Value = v.L.Money(int64(m), strings.ToUpper(p.Text("currency")))
				return
			}
		}
	}
	switch verb {
	case event.ProductViewed, event.ProductClicked:
		h.alike = "product"
	case event.ProductsSearched:
		if n, ok := p.Number("results"); ok && n == 0 {
			h.Value = v.T("customer.no_results")
		}
	case event.ProductAdded, event.ProductRemoved:
		amount("price", "value")
	case event.CheckoutStarted, event.OrderCompleted, event.OrderRefunded:
		amount("total", "revenue", "value")
	case event.PaymentInfoEntered:
		if h.More != "" {
			h.More = methodName(v, strings.ToLower(h.More))
		}
	case event.CheckoutFailed:
		h.Mood = ui.MoodBad
		amount("value", "total")
	case event.OrderCancelled, event.OrderReturned:
		h.Mood = ui.MoodBad
	}
	for _, s := range h.said {
		h.Mood = moodOf(feedback.Mood(s.Mood))
		if s.Rated {
			rating := s.Rating
			h.Value = scoreOf(v, &rating, s.Scale)
			if s.Kind != feedback.Rating {
				h.Value = v.L.Word("common.kind", s.Kind) + " " + h.Value
			}
		}
	}
}

// mostLine is how many characters of a text stand beside others.
const mostLine = 80

// shortLine cuts a text to fit beside others.
func shortLine(s string, most int) string {
	if r := []rune(strings.Join(strings.Fields(s), " ")); len(r) > most {
		return string(r[:most-1]) + "…"
	}
	return s
}

// cart is what lies in a customer's cart.
type cart struct {
	items    int
	amount   int64
	currency string
	failed   int // payments since the last order
}

// cartAge is after how long a cart is left behind.
const cartAge = 7 * 24 * time.Hour

// readCart adds up what was put into the cart since the last order.
func (c *Console) readCart(ctx context.Context, workspace int64, id event.ID) (out cart, err error) {
	t, err := c.Customers.Timeline(ctx, workspace, id, "", 30, customer.TimelineFilter{Group: customer.Bought})
	if err != nil {
		return out, err
	}
	for i := range t.Items {
		it := &t.Items[i]
		if c.Now().Sub(timeOf(it.At)) > cartAge {
			break
		}
		e := event.Event{Type: event.Track, Name: it.Name}
		p := event.ParseObject(string(it.Properties))
		sign := int64(0)
		switch e.Verb() {
		case event.OrderCompleted:
			return out, nil
		case event.CheckoutFailed:
			out.failed++
		case event.ProductAdded:
			sign = 1
		case event.ProductRemoved:
			sign = -1
		}
		if sign == 0 {
			continue
		}
		quantity := int64(1)
		if n, ok := p.Number("quantity"); ok && n >= event.One && n < 1000*event.One {
			quantity = int64(n / event.One)
		}
		price, _ := p.Number("price")
		out.items += int(sign * quantity)
		out.amount += sign * quantity * int64(price)
		if code := strings.ToUpper(p.Text("currency")); code != "" {
			out.currency = code
		}
	}
	return out, nil
}
