package insight_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/dhvani/dhvani/internal/customer"
	"github.com/dhvani/dhvani/internal/db"
	"github.com/dhvani/dhvani/internal/db/dbtest"
	"github.com/dhvani/dhvani/internal/event"
	"github.com/dhvani/dhvani/internal/feedback"
	"github.com/dhvani/dhvani/internal/insight"
	"github.com/dhvani/dhvani/internal/language"
	"github.com/dhvani/dhvani/internal/order"
)

// watch applies events as they come in, a batch of one each.
func watch(t testing.TB, d *db.DB, shard int, events ...event.Event) {
	t.Helper()
	for _, e := range events {
		watchBatch(t, d, shard, e)
	}
}

// parrot reads texts by their first word: bad or good, and the topic after it.
type parrot struct{}

func (parrot) Analyze(text string) language.Analysis {
	mood := map[bool]language.Sentiment{true: language.Negative, false: language.Positive}[strings.HasPrefix(text, "bad")]
	a := language.Analysis{Language: "en", Sentiment: mood, Score: .8}
	for _, topic := range strings.Fields(text)[1:] {
		a.Topics = append(a.Topics, language.Topic{Name: topic, Sentiment: mood})
	}
	return a
}

var position uint64

// stage is a room's.
type stage interface {
	Apply(context.Context, *db.Tx, *event.Batch) error
}

func watchBatch(t testing.TB, d *db.DB, shard int, events ...event.Event) {
	t.Helper()
	fold(t, d, []stage{customer.Stage{}, order.Stage{}, feedback.Stage{Analyzers: func(int64) feedback.Analyzer { return parrot{} }}, insight.Live()}, shard, events...)
}

// fold applies a batch.
func fold(t testing.TB, d *db.DB, stages []stage, shard int, events ...event.Event) {
	t.Helper()
	b := event.Batch{Shard: shard}
	for _, e := range events {
		position++
		e.Model, e.Position = 101, event.NewPosition(shard, position, 0)
		if e.ReceivedAt == 0 {
			e.ReceivedAt = e.At
		}
		b.Events = append(b.Events, e)
	}
	err := d.Update(context.Background(), func(tx *db.Tx) error {
		for _, s := range stages {
			if err := s.Apply(context.Background(), tx, &b); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// outcomes reads all outcomes of a shard, page by page.
func outcomes(t testing.TB, d *db.DB, shard int) (out []insight.Outcome) {
	t.Helper()
	err := d.View(context.Background(), func(tx *db.Tx) error {
		var after event.Position
		for {
			page, err := (&insight.Store{DB: d}).Outcomes(context.Background(), tx, 1, shard, after, 3)
			if err != nil || len(page) == 0 {
				return err
			}
			out = append(out, page...)
			after = page[len(page)-1].Position
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// said writes outcomes for people, a line each.
func said(list []insight.Outcome) []string {
	out := []string{}
	for _, o := range list {
		line := fmt.Sprintf("%s+%g %g", o.Kind, float64(o.At-noon.UnixMicro())/60e6, o.Bad)
		if o.Again {
			line += " again"
		}
		if o.History {
			line += " history"
		}
		if o.Amount != 0 {
			line += fmt.Sprintf(" for %d %s", o.Amount/1e6, o.Currency)
		}
		for _, d := range slices.Sorted(func(yield func(insight.Dim) bool) {
			for d := range o.Dims {
				if !yield(d) {
					return
				}
			}
		}) {
			line += fmt.Sprintf(" %s=%s", d, strings.ReplaceAll(o.Dims[d], "\n", ";"))
		}
		out = append(out, line)
	}
	return out
}

// on makes an event a page's, of a phone.
func on(e event.Event) event.Event {
	e.Context = `{"os":{"name":"Android","version":"14"},"browser":{"name":"Chrome","version":"142"},"campaign":{"source":"google","name":"Sarees"},"locale":"hi-IN","app":{"version":"4.17"}}`
	return e
}

// lives is what the shop's server tells of a customer.
func lives(who, traits string) event.Event {
	e := vouched(ev(who, "", 0, ""))
	e.Type, e.Traits = event.Identify, traits
	return e
}

const phone = "browser=Chrome 142 buyer=new campaign=google / sarees"

func TestOutcomes(t *testing.T) {
	const cart = `"products":[{"product_id":"p1","variant":"lot 27","category":"Stoles","price":900},{"product_id":"p2","price":1200}]`
	const address = `"shipping_address":{"city":"Delhi","postal_code":"110001","state":"Delhi","country":"IN"}`
	for _, c := range []struct {
		name   string
		events []event.Event
		want   []string
	}{
		{"an order of the server has the device of its checkout", []event.Event{
			on(ev("a", "Checkout Started", 0, `{"checkout_id":"c","order_id":"o","value":2100,"currency":"INR",`+cart+`}`)),
			on(ev("a", "Payment Info Entered", 1, `{"checkout_id":"c","order_id":"o","payment_method":"UPI"}`)),
			vouched(ev("u", "Order Completed", 2, `{"order_id":"o","total":2190,"currency":"INR","payment_method":"upi",`+address+`}`)),
			vouched(ev("u", "Order Completed", 3, `{"order_id":"o","total":2190,"currency":"INR"}`)),
		}, []string{"checkout+2 0 for 2190 INR area=IN 1 " + phone + " country=IN device=Android method=upi product=p2 region=Delhi release=4.17 system=Android 14"}},
		{"a failure, another, and the order in the end", []event.Event{
			on(ev("a", "Checkout Failed", 0, `{"checkout_id":"c","order_id":"o","step":"payment","reason":"UPI timeout","payment_method":"upi","value":2000,"currency":"INR"}`)),
			on(ev("a", "Checkout Failed", 1, `{"order_id":"o","reason":"declined","payment_method":"card","value":2000}`)),
			vouched(ev("u", "Order Completed", 2, `{"order_id":"o","total":2190,"payment_method":"card"}`)),
			on(ev("a", "Checkout Failed", 1.5, `{"checkout_id":"c","payment_method":"card"}`)),
		}, []string{
			"checkout+0 1 for 2000 INR " + phone + " country=IN device=Android method=upi reason=upi timeout release=4.17 step=payment system=Android 14",
			"checkout+1 1 again for 2000 INR " + phone + " country=IN device=Android method=card reason=declined release=4.17 system=Android 14",
			"checkout+2 0 again for 2190 INR " + phone + " country=IN device=Android method=card release=4.17 system=Android 14",
			"checkout+1.5 1 again for 2190 INR " + phone + " country=IN device=Android method=card release=4.17 system=Android 14",
		}},
		{"ids that come one by one lead to one checkout", []event.Event{
			on(ev("a", "Checkout Started", 0, `{"cart_id":"k"}`)),
			ev("a", "Checkout Step Viewed", 1, `{"cart_id":"k","checkout_id":"c"}`),
			ev("a", "Checkout Failed", 2, `{"checkout_id":"c"}`),
			vouched(ev("u", "Order Completed", 3, `{"checkout_id":"c","order_id":"o"}`)),
			ev("a", "Checkout Failed", 9, `{"cart_id":"k"}`), // the cart is used again
		}, []string{
			"checkout+2 1 " + phone + " country=IN device=Android release=4.17 system=Android 14",
			"checkout+3 0 again " + phone + " country=IN device=Android release=4.17 system=Android 14",
			"checkout+9 1 buyer=new",
		}},
		{"two carts that turn out to be one order's", []event.Event{
			on(ev("a", "Checkout Started", 0, `{"checkout_id":"c"}`)),
			vouched(ev("u", "Order Completed", 1, `{"order_id":"o"}`)),
			ev("a", "Payment Info Entered", 1.5, `{"checkout_id":"c","order_id":"o","payment_method":"upi"}`),
			vouched(ev("u", "Order Delivered", 9, `{"order_id":"o","days_late":2}`)),
		}, []string{"checkout+1 0 buyer=new", "delivery+9 1 " + phone + " country=IN device=Android method=upi release=4.17 system=Android 14"}},
		{"without ids the visit is the checkout", []event.Event{
			on(ev("a", "Checkout Started", 0, `{}`)),
			ev("a", "Checkout Failed", 1, `{"payment_method":"upi"}`),
			ev("a", "Checkout Failed", 2, `{"payment_method":"upi"}`),
			ev("a", "Order Completed", 3, `{"order_id":"1"}`),
			ev("a", "Checkout Failed", 5, `{"payment_method":"upi"}`),
			ev("a", "Checkout Failed", 200, `{"payment_method":"upi"}`),
		}, []string{
			"checkout+1 1 " + phone + " country=IN device=Android method=upi release=4.17 system=Android 14",
			"checkout+2 1 again " + phone + " country=IN device=Android method=upi release=4.17 system=Android 14",
			"checkout+3 0 again " + phone + " country=IN device=Android method=upi release=4.17 system=Android 14",
			"checkout+5 1 buyer=returning method=upi",
			"checkout+200 1 buyer=returning method=upi",
		}},
		{"parcels", []event.Event{
			vouched(ev("u", "Order Completed", 0, `{"order_id":"1"}`)),
			vouched(ev("u", "Order Shipped", 1, `{"order_id":"1","carrier":"Delhivery","promised_by":"2026-07-14","country":"IN","postal_code":"700001"}`)),
			vouched(ev("u", "Order Delivered", 2, `{"order_id":"1"}`)),
			vouched(ev("u", "Order Delivered", 3, `{"order_id":"1"}`)),
			vouched(ev("v", "Order Shipped", 4, `{"order_id":"2","promised_by":"2026-07-14T12:04:30Z"}`)),
			vouched(ev("v", "Order Delivered", 5, `{"order_id":"2"}`)),
			vouched(ev("v", "Order Delivered", 6, `{"order_id":"3"}`)), // nothing was promised
			vouched(ev("v", "Order Delivered", 7, `{"order_id":"4","days_late":1}`)),
		}, []string{"checkout+0 0 buyer=new", "delivery+2 0 area=IN 7 buyer=new carrier=Delhivery country=IN", "delivery+5 1", "delivery+7 1"}},
		{"who lives where", []event.Event{
			lives("u", `{"address":{"city":"Patna","state":"Bihar","postalCode":"800001","country":"IN"}}`),
			vouched(ev("u", "Order Completed", 1, `{"order_id":"1"}`)),
			vouched(ev("u", "Order Completed", 2, `{"order_id":"2","shipping_address":{"country":"NP","postal_code":"44600"}}`)),
		}, []string{"checkout+1 0 area=IN 8 buyer=new country=IN region=Bihar", "checkout+2 0 area=NP 4 buyer=returning country=NP"}},
		{"nobody claims a parcel of the server's order", []event.Event{
			vouched(ev("u", "Order Completed", 0, `{"order_id":"1"}`)), ev("a", "Order Delivered", 1, `{"order_id":"1","days_late":9}`), ev("a", "Order Cancelled", 2, `{"order_id":"1"}`),
			ev("b", "Order Completed", 3, `{"order_id":"2"}`), ev("b", "Order Delivered", 4, `{"order_id":"2","days_late":9}`),
		}, []string{"checkout+0 0 buyer=new", "checkout+3 0 buyer=new", "delivery+4 1 buyer=new"}},
		{"what comes back, once", []event.Event{
			vouched(ev("u", "Order Completed", 0, `{"order_id":"1",`+cart+`}`)),
			vouched(ev("u", "Order Returned", 1, `{"order_id":"1","reason":"Colour runs","products":[{"product_id":"p1","variant":"lot 27"}]}`)),
			vouched(ev("u", "Order Refunded", 2, `{"order_id":"1"}`)),
		}, []string{"checkout+0 0 buyer=new product=p2", "return+1 1 buyer=new lot=lot 27 product=p1 reason=colour runs variant=p1/lot 27"}},
		{"opinions with what is known of their order", []event.Event{
			on(ev("a", "Checkout Started", 0, `{"order_id":"o",`+cart+`}`)),
			ev("a", "Product Reviewed", 1, `{"product_id":"p1","order_id":"o","rating":1,"review_body":"bad quality delivery"}`),
			ev("a", "Product Reviewed", 2, `{"product_id":"p9","variant":"M","rating":"5","review_id":"r"}`),
			ev("a", "Product Reviewed", 3, `{"product_id":"p9","variant":"M","rating":"1","review_id":"r"}`),
			ev("a", "Survey Answered", 4, `{"kind":"nps","score":5,"order_id":"o"}`),
			ev("a", "Social Mention", 5, `{"text":"good service","post_id":"1"}`),
		}, []string{
			"opinion+1 1 browser=Chrome 142 buyer=stranger campaign=google / sarees category=Stoles channel=review country=IN device=Android language=en lot=lot 27 product=p1 release=4.17 system=Android 14 topic=quality,delivery; variant=p1/lot 27",
			"rating+1 1 browser=Chrome 142 buyer=stranger campaign=google / sarees category=Stoles channel=review country=IN device=Android language=en lot=lot 27 product=p1 release=4.17 score=rating system=Android 14 topic=quality,delivery; variant=p1/lot 27",
			"opinion+2 0 buyer=stranger channel=review lot=M product=p9 variant=p9/M", "rating+2 0 buyer=stranger channel=review lot=M product=p9 score=rating variant=p9/M",
			"opinion+4 1 browser=Chrome 142 campaign=google / sarees channel=survey country=IN device=Android product=p2 release=4.17 system=Android 14",
			"rating+4 0.5 browser=Chrome 142 campaign=google / sarees channel=survey country=IN device=Android product=p2 release=4.17 score=nps system=Android 14",
			"opinion+5 0 channel=social language=en topic=;service",
		}},
		{"answers in a chat", []event.Event{
			ev("a", "Live Chat Message Sent", 0, `{"conversation_id":"1","text":"good"}`), ev("a", "Live Chat Message Sent", 2, `{"conversation_id":"1","text":"good"}`),
			vouched(ev("u", "Live Chat Message Received", 3, `{"conversation_id":"1","sender":"bot","text":"hello"}`)),
			vouched(ev("u", "Live Chat Message Received", 9, `{"conversation_id":"1","sender":"agent","text":"hello"}`)),
			vouched(ev("u", "Live Chat Message Received", 9, `{"conversation_id":"1","sender":"agent","text":"more"}`)),
			ev("b", "Live Chat Message Sent", 10, `{"text":"good"}`), ev("b", "Live Chat Conversation Ended", 12, `{}`),
			ev("c", "Live Chat Message Sent", 15, `{"conversation_id":"3","text":"good"}`), ev("d", "Live Chat Message Sent", 20, `{"text":"good"}`),
			ev("x", "Page", 26, ``), ev("x", "Page", 27, ``), ev("d", "Live Chat Message Received", 35, `{"text":"sorry"}`),
		}, []string{
			"opinion+0 0 channel=chat language=en", "opinion+2 0 channel=chat language=en", "reply+9 0 channel=chat", "opinion+10 0 channel=chat language=en",
			"opinion+15 0 channel=chat language=en", "opinion+20 0 channel=chat language=en", "reply+25 1 channel=chat", "reply+35 1 channel=chat"}},
		{"where no answers are seen nobody waits", []event.Event{
			ev("a", "Live Chat Message Sent", 0, `{"text":"good"}`), ev("x", "Page", 26, ``),
		}, []string{"opinion+0 0 channel=chat language=en"}},
		{"pages at checkout", []event.Event{
			ev("a", "JavaScript Error", 0, `{"type":"TypeError"}`), ev("a", "$web_vitals", 0, `{"$web_vitals_LCP_value":9000}`),
			ev("a", "Checkout Started", 1, `{"order_id":"1"}`), ev("a", "JavaScript Error", 2, `{"type":"TypeError"}`), ev("a", "JavaScript Error", 3, `{"type":"TypeError"}`),
			ev("a", "Error", 4, `{"message":"card 4111111111111111"}`), ev("a", "$web_vitals", 5, `{"$web_vitals_LCP_value":2400.5,"$web_vitals_INP_value":501,"$web_vitals_CLS_value":0.2}`),
			ev("a", "Web Vital", 6, `{"name":"LCP","value":4.2}`), ev("a", "Order Completed", 7, `{"order_id":"1"}`), ev("a", "$exception", 8, `{"$exception_type":"late"}`),
			ev("b", "Checkout Started", 9, `{"order_id":"2"}`), ev("b", "$exception", 50, `{"$exception_type":"later"}`),
		}, []string{"page+2 1 reason=typeerror", "page+4 1", "lcp+5 0.452667", "inp+5 0.720802", "cls+5 0.720321", "page+5 0", "lcp+6 0.614078", "page+6 0", "checkout+7 0 buyer=new"}},
		{"searches", []event.Event{
			ev("a", "Products Searched", 0, `{"query":"Blue  Saree","results":0}`), ev("a", "Products Searched", 1, `{"query":"stole","results":4}`),
			ev("a", "Products Searched", 2, `{"query":"me@x.org","results":0}`),
		}, []string{"search+0 1 query=blue saree", "search+1 0", "search+2 1"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			dbtest.Run(t, func(t *testing.T, d *db.DB) {
				dbtest.Workspace(t, d, 1)
				watch(t, d, 3, c.events...)
				if diff := cmp.Diff(c.want, said(outcomes(t, d, 3))); diff != "" {
					t.Error(diff)
				}
				if other := outcomes(t, d, 2); len(other) > 0 {
					t.Errorf("in another shard: %v", said(other))
				}
			})
			if slices.Contains([]string{"opinions with what is known of their order", "without ids the visit is the checkout", "answers in a chat", "pages at checkout"}, c.name) {
				return // these stand as they are after the batch
			}
			d := dbtest.SQLite(t) // all in one batch
			dbtest.Workspace(t, d, 1)
			watchBatch(t, d, 0, c.events...)
			if diff := cmp.Diff(c.want, said(outcomes(t, d, 0))); diff != "" {
				t.Errorf("in one batch: %s", diff)
			}
		})
	}
}

func TestOutcomeHistory(t *testing.T) {
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		dbtest.Workspace(t, d, 1)
		told := ev("a", "Products Searched", 0, `{"query":"x","results":0}`)
		told.ReceivedAt = told.At + int64(61*time.Minute/time.Microsecond)
		imported := ev("a", "Products Searched", 1, `{"query":"x","results":0}`)
		imported.Flags = event.History
		watch(t, d, 0, told, imported, ev("a", "Products Searched", 2, `{"query":"x","results":0}`))
		want := []string{"search+0 1 history query=x", "search+1 1 history query=x", "search+2 1 query=x"}
		if diff := cmp.Diff(want, said(outcomes(t, d, 0))); diff != "" {
			t.Error(diff)
		}
	})
}
