package table

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/dhvani/dhvani/internal/event"
)

func (t *translation) orderID() string {
	id := t.first(OrderID)
	if t.d.preset.StripHash {
		id = strings.TrimPrefix(id, "#")
	}
	return id
}

// order translates the rows of an order into what happened to it.
func (t *translation) order() ([]string, error) {
	id := t.orderID()
	if id == "" || len(id) > 200 {
		return nil, Flaw{Code: "no_order", Column: t.d.name(OrderID)}
	}
	at, ok, err := t.time(PlacedAt)
	if err != nil {
		return nil, err
	}
	if !ok {
		return nil, Flaw{Code: "no_time", Column: t.d.name(PlacedAt)}
	}
	t.identify()
	if t.who.user == "" {
		t.who.anonymous = "order-" + t.d.preset.Source + "-" + id
	}
	about := id + "\n" + strconv.FormatInt(at.UnixMicro(), 10)
	state := outcomeOf(t.first(Status))
	if state == unplaced || slices.Contains(t.d.preset.Unplaced, fold(t.first(Status))) {
		return nil, Flaw{Code: "unplaced", Column: t.d.name(Status)}
	}
	properties, err := t.describe(id)
	if err != nil {
		return nil, err
	}
	t.person(at, about, nil)
	if state == failed {
		properties.text("step", "payment")
		properties.text("reason", "payment failed")
		t.track("Checkout Failed", at, about, properties)
		return t.events, nil
	}
	t.track("Order Completed", at, about, properties)
	return t.events, t.fate(id, about, at, state)
}

// describe returns the properties of the order itself.
func (t *translation) describe(id string) (*object, error) {
	p := &object{}
	p.text("order_id", id)
	for _, f := range [...]struct {
		name  string
		field Field
	}{{"total", Total}, {"subtotal", Subtotal}, {"shipping", Shipping}, {"tax", Tax}, {"discount", Discount}} {
		m, err := t.money(f.field)
		if err != nil {
			return nil, err
		}
		p.raw(f.name, strings.TrimPrefix(m, map[bool]string{true: "-"}[f.field == Discount])) // some write it below zero
	}
	p.text("currency", t.currency())
	p.text("coupon", t.first(Coupon))
	p.text("payment_method", t.first(PaymentMethod))
	p.text("email", t.who.email)
	p.text("phone", t.who.phone)
	products, err := t.products()
	if err != nil {
		return nil, err
	}
	p.raw("products", products)
	return p, nil
}

func (t *translation) currency() string {
	if c := strings.ToUpper(t.first(Currency)); len(c) == 3 {
		return c
	}
	return t.d.o.Currency
}

// products writes the lines of the order as a JSON array.
func (t *translation) products() (string, error) {
	var lines []string
	for _, cells := range t.rows {
		p := Product{
			ID: t.d.text(cells, ItemID), SKU: t.d.text(cells, ItemSKU), Name: t.d.text(cells, ItemName), Variant: t.d.text(cells, ItemVariant),
			Category: t.d.text(cells, ItemCategory), Quantity: t.d.text(cells, ItemQuantity), Price: t.d.text(cells, ItemPrice), Total: t.d.text(cells, ItemTotal),
		}
		list := []Product{p}
		for _, i := range t.d.column[Items] {
			if i < len(cells) && t.d.preset.Products != nil {
				list = append(list, t.d.preset.Products(clean(cells[i]))...)
			} else if i < len(cells) {
				list = append(list, listed(clean(cells[i]))...)
			}
		}
		for _, p := range list {
			line, err := t.product(p)
			if err != nil {
				return "", err
			}
			if line != "" {
				lines = append(lines, line)
			}
		}
	}
	if len(lines) == 0 {
		return "", nil
	}
	return "[" + strings.Join(lines, ",") + "]", nil
}

// product writes a line of the order; "" where it names no product.
func (t *translation) product(p Product) (string, error) {
	if p.ID == "0" {
		p.ID = ""
	}
	if p.ID == "" && p.SKU == "" && p.Name == "" {
		return "", nil
	}
	o := &object{}
	o.text("product_id", first(p.ID, p.SKU, p.Name))
	o.text("sku", p.SKU)
	o.text("name", p.Name)
	o.text("variant", p.Variant)
	o.text("category", p.Category)
	quantity := event.One
	if p.Quantity != "" {
		n, ok := amount(p.Quantity, t.d.o.Comma)
		if !ok {
			return "", Flaw{Code: "bad_amount", Column: t.d.name(ItemQuantity)}
		}
		quantity = n
	}
	price := p.Price
	if price == "" && p.Total != "" && quantity > 0 {
		total, ok := amount(p.Total, t.d.o.Comma)
		if !ok {
			return "", Flaw{Code: "bad_amount", Column: t.d.name(ItemTotal)}
		}
		price = divided(total, quantity).String()
	} else if price != "" {
		n, ok := amount(price, t.d.o.Comma)
		if !ok {
			return "", Flaw{Code: "bad_amount", Column: t.d.name(ItemPrice)}
		}
		price = n.String()
	}
	o.raw("price", price)
	o.raw("quantity", quantity.String())
	return o.String(), nil
}

// divided is an amount of each of so many pieces, rounded to the cent-hundredth
// so that no long fraction is shown.
func divided(total, pieces event.Millionths) event.Millionths {
	const step = 100 // millionths
	each := float64(total) / pieces.Float()
	return event.Millionths((each+step/2)/step) * step
}

func first(texts ...string) string {
	for _, t := range texts {
		if t != "" {
			return t
		}
	}
	return ""
}

// listed reads a cell of products as people write them: "Kantha stole x 2, Dabu
// saree". A comma may belong to a name, so only where every part counts its
// pieces is it a separator.
func listed(cell string) []Product {
	separators := []string{"\n", ";", "|", ","}
	for _, s := range separators {
		if !strings.Contains(cell, s) {
			continue
		}
		var out []Product
		for part := range strings.SplitSeq(cell, s) {
			p, counted := counted(part)
			if !counted && s == "," {
				out = nil
				break
			}
			if p.Name != "" {
				out = append(out, p)
			}
		}
		if out != nil {
			return out
		}
	}
	p, _ := counted(cell)
	if p.Name == "" {
		return nil
	}
	return []Product{p}
}

// counted reads "Kantha stole x 2", "2 x Kantha stole" or "2× Kantha stole".
func counted(text string) (Product, bool) {
	text = strings.TrimSpace(text)
	for _, x := range []string{" × ", "× ", " x", "x ", " ×"} {
		if i := strings.LastIndex(text, x); i > 0 {
			if n, err := strconv.Atoi(strings.TrimSpace(text[i+len(x):])); err == nil && n > 0 && n < 100_000 {
				return Product{Name: strings.TrimSpace(text[:i]), Quantity: strconv.Itoa(n)}, true
			}
		}
		if i := strings.Index(text, x); i > 0 {
			if n, err := strconv.Atoi(strings.TrimSpace(text[:i])); err == nil && n > 0 && n < 100_000 {
				return Product{Name: strings.TrimSpace(text[i+len(x):]), Quantity: strconv.Itoa(n)}, true
			}
		}
	}
	return Product{Name: text}, false
}

// fate adds what became of the order after it was placed. What has no time of
// its own happened at the latest time that is known of the order.
func (t *translation) fate(id, about string, placed time.Time, state outcome) error {
	latest := placed
	at := map[Field]time.Time{}
	for _, f := range []Field{PaidAt, ShippedAt, DeliveredAt, CancelledAt, RefundedAt} {
		when, ok, err := t.time(f)
		if err != nil {
			return err
		}
		if !ok {
			continue
		}
		at[f] = when
		if when.After(latest) {
			latest = when
		}
	}
	happened := func(f Field) time.Time {
		if when, ok := at[f]; ok {
			return when
		}
		return latest
	}
	order := func() *object {
		p := &object{}
		p.text("order_id", id)
		return p
	}
	if _, ok := at[ShippedAt]; ok {
		p := order()
		p.text("carrier", t.first(Carrier))
		p.text("tracking_number", t.first(Tracking))
		t.track("Order Shipped", at[ShippedAt], about, p)
	}
	if _, ok := at[DeliveredAt]; ok {
		t.track("Order Delivered", at[DeliveredAt], about, order())
	}
	if _, ok := at[CancelledAt]; ok || state == cancelled {
		t.track("Order Cancelled", happened(CancelledAt), about, order())
	}
	back, err := t.money(Refunded)
	if err != nil {
		return err
	}
	back = strings.TrimPrefix(back, "-")
	if _, ok := at[RefundedAt]; back != "" && back != "0" || state == refunded || ok {
		p := order()
		if back != "0" {
			p.raw("total", back)
		}
		p.text("currency", t.currency())
		t.track("Order Refunded", happened(RefundedAt), about, p)
	}
	return nil
}
