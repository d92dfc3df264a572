package order

import (
	"cmp"
	"math"
	"slices"
	"strings"

	"github.com/dhvani/dhvani/internal/event"
)

// maxRefunds is how many different refunds an order keeps, the first by
// currency and product, so that no sender makes one grow without end.
const maxRefunds = 200

// refund sums what went back in a currency, "" for the order's: as an amount,
// or of a product that came without a price as a quantity. Both are millionths.
type refund struct {
	Currency string `json:"currency,omitzero"`
	Product  string `json:"product,omitzero"`
	Amount   int64  `json:"amount,omitzero"`
	Quantity int64  `json:"quantity,omitzero"`
}

// everything is the amount of a refund, or the quantity of a refunded product,
// that names none. Sums stay there.
const everything = math.MaxInt64

// parseRefund reads an Order Refunded. Nothing means that its amount is unknown.
func parseRefund(p event.Object) []refund {
	currency := strings.ToUpper(p.Text("currency"))
	if len(currency) > maxID {
		return nil
	}
	if a := payable(p); a.Valid {
		return []refund{{Currency: currency, Amount: absolute(a.V)}}
	}
	products := p.Get("products")
	lines := event.ParseArray(products)
	if len(lines) == 0 {
		if (strings.HasPrefix(products, "[") || missing(products)) &&
			missing(p.Get("total")) && missing(p.Get("revenue")) && missing(p.Get("value")) {
			return []refund{{Currency: currency, Amount: everything}}
		}
		return nil
	}
	var out []refund
	for _, raw := range lines {
		line := event.ParseObject(raw)
		price, quantity, id := number(line, "price"), number(line, "quantity"), productID(line)
		switch {
		case price.Valid:
			if !quantity.Valid {
				quantity = known(int64(event.One))
			}
			out = append(out, refund{Currency: currency, Amount: absolute(multiply(price.V, quantity.V))})
		case id != "" && quantity.Valid:
			out = append(out, refund{Currency: currency, Product: id, Quantity: absolute(quantity.V)})
		case id != "" && missing(line.Get("quantity")):
			out = append(out, refund{Currency: currency, Product: id, Quantity: everything})
		}
	}
	return out
}

func missing(raw string) bool { return raw == "" || raw == "null" }

// absolute drops the sign: some write what goes back below zero.
func absolute(n int64) int64 { return max(n, -n) }

// refund adds to what went back.
func (f *facts) refund(b refund) {
	i, found := slices.BinarySearchFunc(f.Refunds, b, func(x, y refund) int {
		return cmp.Or(cmp.Compare(x.Currency, y.Currency), cmp.Compare(x.Product, y.Product))
	})
	if found {
		have := &f.Refunds[i]
		have.Amount, have.Quantity = add(have.Amount, b.Amount), add(have.Quantity, b.Quantity)
		return
	}
	f.Refunds = slices.Insert(f.Refunds, i, b)
	f.Refunds = f.Refunds[:min(len(f.Refunds), maxRefunds)]
}

// refunded is how much of an order in this currency went back, unknown where no
// refund can be told in money. It may be more than the order cost.
func (f *facts) refunded(currency string, items []item) optional {
	if !f.Refunded.Valid {
		return known(0)
	}
	var total optional
	for _, b := range f.Refunds {
		if b.Currency != "" && currency != "" && b.Currency != currency {
			continue
		}
		amount := known(b.Amount)
		if b.Product != "" {
			amount = worth(items, b.Product, b.Quantity)
		}
		if amount.Valid {
			total = known(add(total.V, amount.V))
		}
	}
	return total
}

// worth is what a quantity of a product cost in an order, at most as much of it
// as was bought.
func worth(items []item, product string, quantity int64) optional {
	var bought []item
	for _, it := range items {
		if it.ProductID == product && it.Quantity > 0 {
			it.Quantity = min(it.Quantity, quantity)
			quantity -= it.Quantity
			bought = append(bought, it)
		}
	}
	return sum(bought)
}
