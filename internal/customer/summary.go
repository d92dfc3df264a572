package customer

import (
	"fmt"
	"strings"

	"github.com/dhvani/dhvani/internal/event"
)

// words are the kind of a verb on a timeline and the beginning of its summary,
// with the properties of which the first that is there follows.
type words struct {
	kind, text string
	names      []string
}

var product = []string{"name", "title", "product_name", "sku", "product_id"}

var verbWords = map[event.Verb]words{
	event.ProductsSearched:      {"search", "Searched for", []string{"query"}},
	event.ProductListViewed:     {"product", "Viewed the list", []string{"category", "list_id"}},
	event.ProductListFiltered:   {"product", "Filtered the list", []string{"category", "list_id"}},
	event.PromotionViewed:       {"promotion", "Saw the promotion", []string{"name", "promotion_id"}},
	event.PromotionClicked:      {"promotion", "Clicked the promotion", []string{"name", "promotion_id"}},
	event.ProductClicked:        {"product", "Clicked", product},
	event.ProductViewed:         {"product", "Viewed", product},
	event.ProductAdded:          {"cart", "Added to the cart:", product},
	event.ProductRemoved:        {"cart", "Removed from the cart:", product},
	event.CartViewed:            {"cart", "Viewed the cart", nil},
	event.CartShared:            {"cart", "Shared the cart", nil},
	event.CheckoutStarted:       {"checkout", "Started checkout", nil},
	event.CheckoutStepViewed:    {"checkout", "Saw checkout step", []string{"step"}},
	event.CheckoutStepCompleted: {"checkout", "Completed checkout step", []string{"step"}},
	event.CheckoutFailed:        {"checkout", "Checkout failed:", []string{"reason", "step"}},
	event.PaymentInfoEntered:    {"checkout", "Entered payment details", nil},
	event.OrderUpdated:          {"order", "Order changed:", []string{"order_id"}},
	event.OrderCompleted:        {"order", "Ordered", []string{"order_id"}},
	event.OrderRefunded:         {"order", "Refunded", []string{"order_id"}},
	event.OrderReturned:         {"order", "Returned", []string{"order_id"}},
	event.OrderCancelled:        {"order", "Cancelled", []string{"order_id"}},
	event.OrderShipped:          {"order", "Shipped", []string{"order_id"}},
	event.OrderDelivered:        {"order", "Delivered", []string{"order_id"}},
	event.CouponEntered:         {"coupon", "Entered the coupon", []string{"coupon_name", "coupon_id"}},
	event.CouponApplied:         {"coupon", "Used the coupon", []string{"coupon_name", "coupon_id"}},
	event.CouponDenied:          {"coupon", "Coupon denied:", []string{"coupon_name", "coupon_id"}},
	event.CouponRemoved:         {"coupon", "Removed the coupon", []string{"coupon_name", "coupon_id"}},
	event.WishlistAdded:         {"wishlist", "Added to the wish list:", product},
	event.WishlistRemoved:       {"wishlist", "Removed from the wish list:", product},
	event.WishlistToCart:        {"wishlist", "Moved from the wish list to the cart:", product},
	event.ProductShared:         {"product", "Shared", product},
	event.ProductReviewed:       {"review", "Reviewed", product},
	event.ChatStarted:           {"chat", "Chat started", nil},
	event.ChatEnded:             {"chat", "Chat ended", nil},
	event.ChatSent:              {"chat", "Chat message:", []string{"message", "text", "body"}},
	event.ChatReceived:          {"chat", "Chat message:", []string{"message", "text", "body"}},
	event.EmailDelivered:        {"email", "E-mail delivered:", []string{"email_subject", "subject"}},
	event.EmailOpened:           {"email", "Opened the e-mail", []string{"email_subject", "subject"}},
	event.EmailClicked:          {"email", "Clicked in the e-mail", []string{"email_subject", "subject", "link_url"}},
	event.EmailBounced:          {"email", "E-mail bounced:", []string{"email_subject", "subject"}},
	event.EmailMarkedSpam:       {"email", "Marked an e-mail as spam", nil},
	event.EmailReplied:          {"email", "Replied by e-mail:", []string{"text", "subject"}},
	event.Unsubscribed:          {"email", "Unsubscribed from e-mail", nil},
	event.SurveyShown:           {"survey", "Was shown survey", []string{"survey_name", "$survey_name", "survey_id", "$survey_id"}},
	event.SurveyAnswered:        {"survey", "Answered survey", []string{"survey_name", "$survey_name", "survey_id", "$survey_id"}},
	event.SurveyDismissed:       {"survey", "Dismissed survey", []string{"survey_name", "$survey_name", "survey_id", "$survey_id"}},
	event.StoreVisit:            {"store", "Visited the store", []string{"store_name", "store_id"}},
	event.SocialMention:         {"social", "Wrote on", []string{"network"}},
	event.ConsentUpdated:        {"consent", "Changed consent", nil},
	event.ExperimentViewed:      {"experiment", "Took part in", []string{"experiment_name", "experiment_id"}},
}

// kindOfEvent is what sort of event this is for readers of a timeline.
func kindOfEvent(e *event.Event) string {
	if e.Type == event.Track {
		if w, ok := verbWords[e.Verb()]; ok {
			return w.kind
		}
	}
	return e.Type.String()
}

// summary is a short sentence about an event.
func summary(e *event.Event) string {
	switch e.Type {
	case event.Identify:
		return "Identified as " + cut(e.UserID, "a visitor")
	case event.Page, event.Screen:
		return "Viewed " + cut(e.Name, "a page")
	case event.Group:
		return "Joined group " + cut(e.GroupID, "")
	case event.Alias:
		return cut(e.PreviousID, "") + " became " + cut(e.UserID, "")
	case event.Staff:
		return staffWords[e.Name]
	}
	verb := e.Verb()
	w, ok := verbWords[verb]
	if !ok {
		return cut(e.Name, "")
	}
	p := event.ParseObject(e.Properties)
	parts := []string{strings.TrimSuffix(w.text, ":")}
	if name := p.First(w.names...); name != "" {
		parts = []string{w.text, cut(name, "")}
	}
	return strings.Join(append(parts, detail(verb, p)...), " ")
}

var staffWords = map[string]string{
	MergeName:   "Staff merged customers",
	UnmergeName: "Staff took a customer apart",
	RefuseName:  "Staff refused a merge",
}

// detail is what follows the name of a thing: amounts, scores and texts.
func detail(verb event.Verb, p event.Object) []string {
	switch verb {
	case event.OrderCompleted, event.CheckoutStarted, event.OrderRefunded:
		var out []string
		for _, name := range []string{"total", "revenue", "value"} {
			if m, ok := p.Number(name); ok {
				out = append(out, "for "+strings.TrimSpace(money(m)+" "+strings.ToUpper(p.Text("currency"))))
				break
			}
		}
		switch n := len(p.Array("products")); {
		case n == 1:
			out = append(out, "with 1 item")
		case n > 1:
			out = append(out, fmt.Sprintf("with %d items", n))
		}
		return out
	case event.ProductReviewed:
		return scored(p.Text("rating"), "", p.First("review_body", "review_title"))
	case event.SurveyAnswered:
		of := map[string]string{"nps": "10", "csat": "5", "ces": "7", "rating": "5"}[p.Text("kind")]
		if s := p.Text("scale"); s != "" {
			of = s
		}
		return scored(p.First("score", "$survey_response"), of, p.Text("text"))
	case event.SocialMention, event.StoreVisit:
		return scored("", "", p.First("text", "remark", "comment"))
	}
	return nil
}

func scored(score, of, text string) []string {
	out := []string{}
	if score != "" {
		out = append(out, "with "+cut(score, ""))
		if fits(score, of) {
			out = append(out, "of", of)
		}
	}
	if text != "" {
		out = append(out, "\u201c"+cut(text, "")+"\u201d")
	}
	return out
}

// fits reports whether a score can be one of a scale that ends at of.
func fits(score, of string) bool {
	n, ok := event.ParseMillionths(score)
	top, known := event.ParseMillionths(of)
	return ok && known && n >= 0 && n <= top
}

// money writes an amount with at least two decimals.
func money(m event.Millionths) string {
	s := m.String()
	switch i := strings.IndexByte(s, '.'); {
	case i < 0:
		return s + ".00"
	case len(s)-i == 2:
		return s + "0"
	}
	return s
}

// cut returns the first 80 characters of a text, or what stands for an empty one.
func cut(s, empty string) string {
	if s == "" {
		return empty
	}
	n := 0
	for i := range s {
		if n++; n > 80 {
			return s[:i] + "…"
		}
	}
	return s
}
