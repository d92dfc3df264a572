package insight

import (
	"cmp"
	"context"
	"database/sql"
	"fmt"
	"strings"
	"time"

	"github.com/dhvani/dhvani/internal/db"
	"github.com/dhvani/dhvani/internal/event"
)

// tell lets a trail learn what an event says, and makes its outcomes.
func (w *watched) tell(ctx context.Context, tx *db.Tx, t *told, x *trail, known acquaintances, z zones) error {
	verified := t.e.Has(event.Verified)
	if orderLater(t.verb) && !verified && x.has(isVouched) {
		return nil // the shop's server tells of this order; anybody can claim the rest
	}
	switch t.verb {
	case event.CheckoutFailed:
		x.shopping(t)
		x.dims.at(known, t.e)
		o := Outcome{Kind: CheckoutEnded, Subject: x.id, Again: x.has(hasFailed) || x.has(hasEnded), Bad: 1, Amount: x.value, Currency: x.currency}
		d := x.dims
		d.buyer(known, t.e, "new")
		d.set(inReason, word(t.p.First("reason", "error", "error_code")))
		d.set(inStep, short(strings.ToLower(t.p.First("step", "checkout_step"))))
		x.state |= hasFailed
		w.outcome(t.e, o, d)
	case event.OrderCompleted:
		x.shopping(t)
		if verified {
			x.state |= isVouched
		}
		if x.has(hasEnded) {
			return nil
		}
		x.dims.at(known, t.e)
		x.dims.buyer(known, t.e, "new")
		w.outcome(t.e, Outcome{Kind: CheckoutEnded, Subject: x.id, Again: x.has(hasFailed), Amount: x.value, Currency: x.currency}, x.dims)
		x.state |= hasEnded
	case event.OrderShipped:
		x.dims.address(t.p)
		x.dims.set(inCarrier, short(t.p.First("carrier", "shipping_carrier", "tracking_company")))
		if promise := t.p.First("promised_by", "promised_at", "promised", "estimated_delivery", "expected_delivery", "delivery_date"); promise != "" && x.promise >= 0 && !x.has(isDelivered) {
			at, err := z.promise(ctx, tx, t.e.Workspace, promise)
			if err != nil {
				return err
			}
			x.promise = at
		}
		if late(t.e) {
			x.state |= isHistory
		} else {
			x.state &^= isHistory
		}
	case event.OrderDelivered:
		x.dims.address(t.p)
		x.dims.fill(inCarrier, short(t.p.First("carrier", "shipping_carrier", "tracking_company")))
		w.delivered(t, x)
	case event.OrderReturned, event.OrderRefunded, event.OrderCancelled:
		w.sentBack(t, x)
	default:
		x.shopping(t)
	}
	return nil
}

// shopping takes what an event of a checkout, or the order, says.
func (x *trail) shopping(t *told) {
	p := t.p
	x.dims.learn(t.e)
	if m := word(p.First("payment_method", "paymentMethod")); m != "" {
		x.dims[inMethod] = m
	}
	for _, name := range [...]string{"shipping_address", "shippingAddress", "address"} {
		if a := p.Object(name); a != nil {
			x.dims.address(a)
			break
		}
	}
	for _, name := range [...]string{"total", "value", "revenue"} {
		if m, ok := p.Number(name); ok && m > 0 && int64(m) <= maxMoney {
			x.value = int64(m)
			break
		}
	}
	if c := strings.ToUpper(p.Text("currency")); len(c) == 3 {
		x.currency = c
	}
	if list := p.Array("products"); len(list) > 0 {
		x.goods(list)
	}
}

// maxItems is how many products of an order a trail knows.
const maxItems = 8

// goods takes the products of an order: the dearest one is its dimensions'.
func (x *trail) goods(list []string) {
	x.items = nil
	var dearest event.Millionths
	for i, raw := range list[:min(len(list), 100)] {
		p := event.ParseObject(raw)
		it := trailItem{product(p), short(p.First("variant", "lot", "size")), short(p.Text("category"))}
		if price, _ := p.Number("price"); i == 0 || price > dearest {
			dearest = price
			x.dims.item(it)
		}
		if len(list) > 1 && len(x.items) < maxItems && it.Product != "" {
			x.items = append(x.items, it)
		}
	}
}

// item takes a product.
func (v *values) item(it trailItem) {
	v[inProduct], v[inLot], v[inCategory], v[inVariant] = it.Product, it.Variant, it.Category, ""
	if it.Product != "" && it.Variant != "" {
		v[inVariant] = it.Product + "/" + it.Variant
	}
}

// delivered makes the outcome of a parcel that came. One of which the shop said
// neither when it would come nor how late it is tells nothing.
func (w *watched) delivered(t *told, x *trail) {
	if x.has(isDelivered) {
		return
	}
	promised := max(x.promise, -x.promise)
	days, known := t.p.Number("days_late")
	if !known && promised == 0 {
		x.state |= isDelivered
		return
	}
	o := Outcome{Kind: DeliveryEnded, Subject: x.id, Again: x.promise < 0, Amount: x.value, Currency: x.currency}
	if known && days > 0 || !known && t.e.At > promised {
		o.Bad = 1
	}
	x.state |= isDelivered
	x.promise = 0
	w.outcome(t.e, o, x.dims)
}

// sentBack makes the outcome of an order that was cancelled or came back.
func (w *watched) sentBack(t *told, x *trail) {
	if x.has(isSentBack) {
		return
	}
	x.state |= isSentBack
	x.promise = 0
	d := x.dims
	if list := t.p.Array("products"); len(list) > 0 {
		one := trail{dims: d}
		one.goods(list)
		d = one.dims
	}
	d[inReason] = word(t.p.First("reason", "cancel_reason", "return_reason"))
	w.outcome(t.e, Outcome{Kind: OrderSentBack, Subject: x.id, Bad: 1, Amount: x.value, Currency: x.currency}, d)
}

// voice makes the outcomes of an opinion, as it stands after the batch.
func (w *watched) voice(e *event.Event, id event.ID, o *opinion, known acquaintances) {
	var d values
	p := event.ParseObject(e.Properties)
	var amount int64
	var currency string
	if o.order != "" {
		if x := w.trails.find(trailKey{e.Workspace, orderName(e.Workspace, o.order)}); x != nil {
			d, amount, currency = x.dims, x.value, x.currency
			if o.product != "" && o.product != d[inProduct] {
				it := trailItem{Product: o.product}
				for _, have := range x.items {
					if have.Product == o.product {
						it = have
					}
				}
				d.item(it)
			}
		}
	}
	d.learn(e)
	if o.product != "" && (d[inProduct] == "" || p.First("variant", "lot") != "") {
		d.item(trailItem{o.product, cmp.Or(short(p.First("variant", "lot")), d[inLot]), cmp.Or(short(p.Text("category")), d[inCategory])})
	}
	if o.rated && o.product != "" {
		d.buyer(known, e, "stranger")
	}
	d[inChannel], d[inLanguage], d[inTopic] = o.channel, o.language, joinTopics(o.topics)
	out := Outcome{Kind: OpinionGiven, Subject: id, Bad: o.bad(), Amount: amount, Currency: currency, Key: sender(e)}
	if o.said != "" {
		out.Words = wordsOf(e.Workspace, o.said)
	}
	w.outcome(e, out, d)
	if o.rated {
		out.Kind, out.Bad, d[inScore] = RatingGiven, 1-o.height(), o.kind
		w.outcome(e, out, d)
	}
}

// zones are the time zones of workspaces.
type zones map[int64]*time.Location

// promise reads until when a parcel was promised: a day is promised until its end
// where the shop is.
func (z zones) promise(ctx context.Context, tx *db.Tx, workspace int64, text string) (int64, error) {
	if z[workspace] == nil {
		keys := db.NewRows(db.Columns("number int"))
		keys.Add(workspace)
		z[workspace] = time.UTC
		err := tx.Lookup(ctx, keys, "SELECT w.time_zone FROM k CROSS JOIN workspace w WHERE w.number = k.number", func(r *sql.Rows) error {
			var name string
			if err := r.Scan(&name); err != nil {
				return err
			}
			if where, err := time.LoadLocation(name); err == nil {
				z[workspace] = where
			}
			return nil
		})
		if err != nil {
			return 0, fmt.Errorf("read the time zone of workspace %d: %w", workspace, err)
		}
	}
	if day, err := time.ParseInLocation(time.DateOnly, text, z[workspace]); err == nil {
		return day.AddDate(0, 0, 1).UnixMicro(), nil
	}
	at, _ := event.ParseTime(text)
	return at, nil
}
