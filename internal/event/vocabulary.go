package event

import "strings"

// Verb is what a track event's name means, for the names that Dhvani acts on.
type Verb uint8

// The commerce vocabulary: Segment's e-commerce, live-chat and e-mail events,
// and the names that Dhvani adds for surveys, failed checkouts, till visits,
// social posts and fulfilment.
const (
	OtherVerb Verb = iota
	ProductsSearched
	ProductListViewed
	ProductListFiltered
	PromotionViewed
	PromotionClicked
	ProductClicked
	ProductViewed
	ProductAdded
	ProductRemoved
	CartViewed
	CheckoutStarted
	CheckoutStepViewed
	CheckoutStepCompleted
	CheckoutFailed
	PaymentInfoEntered
	OrderUpdated
	OrderCompleted
	OrderRefunded
	OrderReturned
	OrderCancelled
	OrderShipped
	OrderDelivered
	CouponEntered
	CouponApplied
	CouponDenied
	CouponRemoved
	WishlistAdded
	WishlistRemoved
	WishlistToCart
	ProductShared
	CartShared
	ProductReviewed
	ChatStarted
	ChatEnded
	ChatSent
	ChatReceived
	EmailDelivered
	EmailOpened
	EmailClicked
	EmailBounced
	EmailMarkedSpam
	EmailReplied
	Unsubscribed
	SurveyShown
	SurveyAnswered
	SurveyDismissed
	StoreVisit
	SocialMention
	ConsentUpdated
	ExperimentViewed
)

var verbs = map[string]Verb{
	"products searched":                  ProductsSearched,
	"product list viewed":                ProductListViewed,
	"product list filtered":              ProductListFiltered,
	"promotion viewed":                   PromotionViewed,
	"promotion clicked":                  PromotionClicked,
	"product clicked":                    ProductClicked,
	"product viewed":                     ProductViewed,
	"product added":                      ProductAdded,
	"product removed":                    ProductRemoved,
	"cart viewed":                        CartViewed,
	"checkout started":                   CheckoutStarted,
	"checkout step viewed":               CheckoutStepViewed,
	"checkout step completed":            CheckoutStepCompleted,
	"checkout failed":                    CheckoutFailed,
	"payment info entered":               PaymentInfoEntered,
	"order updated":                      OrderUpdated,
	"order completed":                    OrderCompleted,
	"order refunded":                     OrderRefunded,
	"order returned":                     OrderReturned,
	"order cancelled":                    OrderCancelled,
	"order canceled":                     OrderCancelled,
	"order shipped":                      OrderShipped,
	"order delivered":                    OrderDelivered,
	"coupon entered":                     CouponEntered,
	"coupon applied":                     CouponApplied,
	"coupon denied":                      CouponDenied,
	"coupon removed":                     CouponRemoved,
	"product added to wishlist":          WishlistAdded,
	"product removed from wishlist":      WishlistRemoved,
	"wishlist product added to cart":     WishlistToCart,
	"product shared":                     ProductShared,
	"cart shared":                        CartShared,
	"product reviewed":                   ProductReviewed,
	"live chat conversation started":     ChatStarted,
	"live chat conversation ended":       ChatEnded,
	"live chat message sent":             ChatSent,
	"live chat message received":         ChatReceived,
	"email delivered":                    EmailDelivered,
	"email opened":                       EmailOpened,
	"email link clicked":                 EmailClicked,
	"email bounced":                      EmailBounced,
	"email marked as spam":               EmailMarkedSpam,
	"email replied":                      EmailReplied,
	"unsubscribed":                       Unsubscribed,
	"survey shown":                       SurveyShown,
	"survey answered":                    SurveyAnswered,
	"survey sent":                        SurveyAnswered, // PostHog's name; source/posthog translates its answers
	"survey dismissed":                   SurveyDismissed,
	"store visit":                        StoreVisit,
	"social mention":                     SocialMention,
	"segment consent preference updated": ConsentUpdated,
	"experiment viewed":                  ExperimentViewed,
}

// byName finds the usual spelling without folding it.
var byName = func() map[string]Verb {
	m := make(map[string]Verb, 2*len(verbs))
	for name, v := range verbs {
		m[name] = v
		words := strings.Fields(name)
		for i, w := range words {
			if w != "as" && w != "from" && w != "to" {
				words[i] = strings.ToUpper(w[:1]) + w[1:]
			}
		}
		m[strings.Join(words, " ")] = v
	}
	return m
}()

// Verb returns what a track event means; names are compared without regard to
// case and surrounding space.
func (e *Event) Verb() Verb {
	if e.Type != Track {
		return OtherVerb
	}
	if v, ok := byName[e.Name]; ok {
		return v
	}
	if len(e.Name) > 64 {
		return OtherVerb
	}
	return verbs[strings.ToLower(strings.TrimSpace(e.Name))]
}

// Channel says where an event happened: "web", "app", "email", "chat",
// "social", "store", "survey", "review", "server" or "staff".
func (e *Event) Channel() string {
	switch v := e.Verb(); v {
	case ChatStarted, ChatEnded, ChatSent, ChatReceived:
		return "chat"
	case EmailDelivered, EmailOpened, EmailClicked, EmailBounced, EmailMarkedSpam, EmailReplied, Unsubscribed:
		return "email"
	case SurveyShown, SurveyAnswered, SurveyDismissed:
		return "survey"
	case ProductReviewed:
		return "review"
	case StoreVisit:
		return "store"
	case SocialMention:
		return "social"
	}
	switch {
	case e.Type == Staff:
		return "staff"
	case e.Type == Screen:
		return "app"
	case e.Type == Page:
		return "web"
	case e.Has(Verified):
		return "server"
	}
	return "web"
}
