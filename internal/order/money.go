package order

import (
	"database/sql"
	"math"
	"math/bits"

	"github.com/dhvani/dhvani/internal/event"
)

// maxAmount bounds money and quantities: what is beyond 100 billion is a
// mistake and counts as missing.
const maxAmount = int64(100_000_000_000 * event.One)

// maxID is how many bytes an identifier may have; a longer one counts as
// missing.
const maxID = 512

// optional is a number that may be unknown.
type optional = sql.Null[int64]

func known(v int64) optional { return optional{V: v, Valid: true} }

// payable is what the customer pays: total, else revenue with shipping and tax,
// which revenue excludes, else value.
func payable(p event.Object) optional {
	if total := number(p, "total"); total.Valid {
		return total
	}
	if revenue := number(p, "revenue"); revenue.Valid {
		return known(revenue.V + number(p, "shipping").V + number(p, "tax").V)
	}
	return number(p, "value")
}

// item is a product of an order, as often as it was bought.
type item struct {
	ProductID string   `json:"product_id,omitzero"`
	SKU       string   `json:"sku,omitzero"`
	Name      string   `json:"name,omitzero"`
	Category  string   `json:"category,omitzero"`
	Variant   string   `json:"variant,omitzero"`
	Price     optional `json:"price,omitzero"`
	Quantity  int64    `json:"quantity"` // millionths
}

func parseItems(products string) []item {
	var out []item
	for _, raw := range event.ParseArray(products) {
		p := event.ParseObject(raw)
		it := item{
			ProductID: productID(p), SKU: identifier(p, "sku"), Name: p.Text("name"),
			Category: p.Text("category"), Variant: p.Text("variant"), Price: number(p, "price"), Quantity: int64(event.One),
		}
		if q := number(p, "quantity"); q.Valid {
			it.Quantity = q.V
		}
		out = append(out, it)
	}
	return out
}

func productID(p event.Object) string { return identifier(p, "product_id", "productId", "id") }

// sum is what the items cost, unknown where none has a price.
func sum(items []item) optional {
	var total optional
	for _, it := range items {
		if it.Price.Valid {
			total = known(add(total.V, multiply(it.Price.V, it.Quantity)))
		}
	}
	return total
}

func number(p event.Object, name string) optional {
	m, ok := p.Number(name)
	if !ok || int64(m) > maxAmount || int64(m) < -maxAmount {
		return optional{}
	}
	return known(int64(m))
}

func identifier(p event.Object, names ...string) string {
	if t := p.First(names...); len(t) <= maxID {
		return t
	}
	return ""
}

// add is a sum that stays at the largest number where it would wrap around.
func add(a, b int64) int64 {
	switch s := a + b; {
	case b > 0 && s < a:
		return math.MaxInt64
	case b < 0 && s > a:
		return math.MinInt64
	default:
		return s
	}
}

// multiply is a product of millionths, cut to whole ones and to maxAmount.
func multiply(a, b int64) int64 {
	hi, lo := bits.Mul64(uint64(max(a, -a)), uint64(max(b, -b)))
	q := uint64(maxAmount)
	if hi < uint64(event.One) {
		q, _ = bits.Div64(hi, lo, uint64(event.One))
		q = min(q, uint64(maxAmount))
	}
	if (a < 0) != (b < 0) {
		return -int64(q)
	}
	return int64(q)
}
