package bench

import (
	"fmt"
	"math/rand/v2"

	"github.com/dhvani/dhvani/internal/event"
)

// shoppers make the events of many shops' customers: of 100 some 70 are browsing, 12 are searches, 9 checkouts (4 begin, 4 become orders,
// a few fail), 4 are parcels that came and 3 opinions.
type shoppers struct {
	r        *rand.Rand
	products int
	past     bool // only what ends somehow comes, so that little history teaches much
	n        int
	open     []parcel // that have not come
}

type parcel struct {
	shop int
	id   int
}

func newShoppers(r *rand.Rand, products int) *shoppers { return &shoppers{r: r, products: products} }

var (
	shopMethods   = []string{"upi", "card", "cash", "wallet", "netbanking", "paylater"}
	shopDevices   = []string{"Android", "iOS", "Windows", "macOS"}
	shopBrowsers  = []string{"Chrome", "Safari", "Firefox", "Edge", "Opera", "Samsung Internet", "UC Browser", "Mi Browser"}
	shopCountries = []string{"IN", "BD", "NP", "LK"}
	shopCarriers  = []string{"Delhivery", "Blue Dart", "India Post", "DTDC", "Ekart", "XpressBees"}
	shopTexts     = []string{"Delivery was very late and nobody answered", "Lovely colour, fits well", "The price is too high for this quality",
		"Payment failed twice at checkout", "Size is too small, I want to return it", "Very good quality, thank you", "The website is slow", "Packaging was torn",
		"Support was friendly and quick", "Was out of stock again", "The offer code did not work", "Nice product"}
)

func one(r *rand.Rand, of []string) string { return of[r.IntN(len(of))] }

// batch is so many events, from all shops.
func (s *shoppers) batch(w *watched, n int) *event.Batch {
	b := &event.Batch{Events: make([]event.Event, 0, n)}
	for range n {
		s.n++
		e := event.Event{Type: event.Track, MessageID: fmt.Sprint("m", s.n), At: w.now, ReceivedAt: w.now, Position: event.NewPosition(0, uint64(s.n), 0)}
		shop := s.r.IntN(len(w.shops))
		id := s.n
		e.UserID = fmt.Sprint("u", s.r.IntN(1_000_000))
		s.fill(&e, id, &shop)
		e.Workspace, e.Model = w.shops[shop].Number, w.models[shop]
		b.Events = append(b.Events, e)
	}
	return b
}

// fill decides what an event is. A parcel goes to the shop that sent it.
func (s *shoppers) fill(e *event.Event, id int, shop *int) {
	product := fmt.Sprintf("p%d", s.r.IntN(s.products))
	e.Context = fmt.Sprintf(`{"os":{"name":%q,"version":"14"},"browser":{"name":%q,"version":"126.0"},"app":{"name":"shop","version":"1.%d"},"locale":"en-%s"}`,
		one(s.r, shopDevices), one(s.r, shopBrowsers), s.r.IntN(6), one(s.r, shopCountries))
	buys := func(name string) {
		e.Name = name
		e.Properties = fmt.Sprintf(`{"order_id":"o%d","total":1250,"currency":"INR","payment_method":%q,"reason":"timeout","shipping_address":{"country":"IN","postal_code":"%d10001"},"products":[{"product_id":%q,"quantity":1,"price":1250}]}`,
			id, one(s.r, shopMethods), 1+s.r.IntN(9), product)
	}
	x := s.r.IntN(1000)
	if s.past {
		x = s.r.IntN(154)
		if s.r.IntN(2) == 0 {
			x = 124 // a review
		}
	}
	switch {
	case x < 40:
		e.Name = "Checkout Started"
		e.Properties = fmt.Sprintf(`{"cart_id":"c%d"}`, id)
	case x < 80:
		buys("Order Completed")
		s.open = append(s.open, parcel{*shop, id})
		if len(s.open) > 100_000 {
			s.open = s.open[1:]
		}
	case x < 84:
		buys("Checkout Failed")
	case x < 124 && len(s.open) > 0:
		k := s.r.IntN(len(s.open))
		p := s.open[k]
		s.open[k] = s.open[len(s.open)-1]
		s.open = s.open[:len(s.open)-1]
		late := 0
		if s.r.IntN(12) == 0 {
			late = 1
		}
		*shop, e.Name, e.Context = p.shop, "Order Delivered", ""
		e.Properties = fmt.Sprintf(`{"order_id":"o%d","carrier":%q,"days_late":%d}`, p.id, one(s.r, shopCarriers), late)
	case x < 154:
		e.Name = "Product Reviewed"
		stars := []int{1, 2, 3, 4, 5, 5, 5, 4, 5, 5}[s.r.IntN(10)]
		e.Properties = fmt.Sprintf(`{"review_id":"r%d","product_id":%q,"rating":%d,"text":"%s, order %d"}`, id, product, stars, one(s.r, shopTexts), id)
	case x < 274:
		e.Name = "Products Searched"
		e.Properties = fmt.Sprintf(`{"query":"kurta","results":%d}`, s.r.IntN(12))
	default:
		e.Name = "Product Viewed"
		e.Properties = fmt.Sprintf(`{"product_id":%q,"name":"Product","price":1250}`, product)
	}
}
