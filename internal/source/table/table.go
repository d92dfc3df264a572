// Package table reads the tables that shops export: CSV in any of the usual
// encodings and separators, of orders, customers or reviews. What a column means
// is said by a Mapping, which a Preset proposes for the exports it knows; the
// rows become events in the Segment format, a unit of file.Unit at a time, so
// that a table of any size needs little memory.
//
// Message ids are made from what the rows say of themselves, so that a table
// that is imported again changes nothing, and a later export of the same shop
// adds only what is new in it.
package table

import (
	"slices"
	"strings"
	"time"
)

// Kind is what the rows of a table are.
type Kind string

// The kinds of table.
const (
	Orders    Kind = "orders"
	Customers Kind = "customers"
	Reviews   Kind = "reviews"
)

// Field is what a column means. Several columns may mean the same: of a row, the
// first that is not empty counts.
type Field string

// The fields. Trait keeps a column as a trait of the customer, under the
// column's own name.
const (
	None Field = ""

	CustomerID   Field = "customer_id"
	Email        Field = "email"
	Phone        Field = "phone"
	Name         Field = "name"
	FirstName    Field = "first_name"
	LastName     Field = "last_name"
	Company      Field = "company"
	Street       Field = "street"
	City         Field = "city"
	Region       Field = "region"
	Postcode     Field = "postcode"
	Country      Field = "country"
	Language     Field = "language"
	Tags         Field = "tags"
	Birthday     Field = "birthday"
	EmailConsent Field = "email_consent"
	PhoneConsent Field = "phone_consent"
	CreatedAt    Field = "created_at"
	Trait        Field = "trait"

	OrderID       Field = "order_id"
	PlacedAt      Field = "placed_at"
	PaidAt        Field = "paid_at"
	ShippedAt     Field = "shipped_at"
	DeliveredAt   Field = "delivered_at"
	CancelledAt   Field = "cancelled_at"
	RefundedAt    Field = "refunded_at"
	Status        Field = "status"
	Currency      Field = "currency"
	Total         Field = "total"
	Subtotal      Field = "subtotal"
	Shipping      Field = "shipping"
	Tax           Field = "tax"
	Discount      Field = "discount"
	Refunded      Field = "refunded"
	Coupon        Field = "coupon"
	PaymentMethod Field = "payment_method"
	Carrier       Field = "carrier"
	Tracking      Field = "tracking_number"
	Items         Field = "items" // several products in one cell
	ItemID        Field = "item_id"
	ItemSKU       Field = "item_sku"
	ItemName      Field = "item_name"
	ItemVariant   Field = "item_variant"
	ItemCategory  Field = "item_category"
	ItemQuantity  Field = "item_quantity"
	ItemPrice     Field = "item_price" // of one piece
	ItemTotal     Field = "item_total" // of all pieces

	ProductID   Field = "product_id"
	ProductName Field = "product_name"
	Rating      Field = "rating"
	Title       Field = "review_title"
	Text        Field = "review_text"
	ReviewID    Field = "review_id"
	ReviewedAt  Field = "reviewed_at"
)

var personFields = []Field{
	CustomerID, Email, Phone, Name, FirstName, LastName, Company, Street, City, Region, Postcode, Country,
	Language, Tags, Birthday, EmailConsent, PhoneConsent,
}

var fields = map[Kind][]Field{
	Customers: append(slices.Clone(personFields), CreatedAt, Trait),
	Orders: append([]Field{
		OrderID, PlacedAt, Status, Currency, Total, Subtotal, Shipping, Tax, Discount, Refunded, Coupon, PaymentMethod,
		PaidAt, ShippedAt, DeliveredAt, CancelledAt, RefundedAt, Carrier, Tracking,
		Items, ItemID, ItemSKU, ItemName, ItemVariant, ItemCategory, ItemQuantity, ItemPrice, ItemTotal,
	}, personFields...),
	Reviews: {
		ReviewID, ReviewedAt, Rating, Title, Text, ProductID, ProductName, OrderID, CustomerID, Email, Phone, Name, FirstName, LastName, Language,
	},
}

// Fields lists what a column of a kind may mean.
func (k Kind) Fields() []Field { return fields[k] }

// Mapping says what each column means, in the order of the columns.
type Mapping []Field

// Missing lists what a mapping must have for its kind and does not: of each
// group that is returned, one field is needed.
func (m Mapping) Missing(k Kind) [][]Field {
	needed := map[Kind][][]Field{
		Orders:    {{OrderID}, {PlacedAt}},
		Customers: {{CustomerID, Email, Phone}},
		Reviews:   {{Rating, Text}, {ReviewedAt}, {ProductID, ProductName, OrderID}},
	}
	var out [][]Field
	for _, group := range needed[k] {
		if !slices.ContainsFunc(group, func(f Field) bool { return slices.Contains(m, f) }) {
			out = append(out, group)
		}
	}
	return out
}

// Check reports whether all fields are ones of the kind.
func (m Mapping) Check(k Kind) bool {
	return !slices.ContainsFunc(m, func(f Field) bool { return f != None && !slices.Contains(k.Fields(), f) })
}

// Options say how cells are read that leave it open.
type Options struct {
	Zone     *time.Location // of times that name none
	Currency string         // of amounts that name none, as ISO 4217
	DayFirst bool           // 03/04/2026 is the 3rd of April
	Comma    bool           // 1.234,50 is a little more than a thousand
	AsOf     time.Time      // when the table was made: the time of what has none
}

// Preset knows the columns of one export.
type Preset struct {
	Name   string // such as "shopify-orders"
	Source string // the shop system; part of message ids
	Kind   Kind
	Signs  []string // columns by which the export is known, in lower case
	// Columns says what a column means by its name in lower case.
	Columns map[string]Field
	// Column does so where a name is a pattern; may be nil.
	Column func(name string) Field
	// Products reads a cell that holds several products; may be nil.
	Products func(cell string) []Product
	// StripHash leaves out the number sign of order numbers, so that #1001 is
	// found as 1001.
	StripHash bool
	Unplaced  []string // statuses, in lower case, of what is no order yet
}

// Product is a line of an order, in the texts of the export.
type Product struct {
	ID, SKU, Name, Variant, Category string
	Quantity, Price, Total           string
}

// Propose returns the preset's mapping for columns.
func (p *Preset) Propose(header []string) Mapping {
	m := make(Mapping, len(header))
	for i, name := range header {
		name = fold(name)
		f := p.Columns[name]
		if f == None && p.Column != nil {
			f = p.Column(name)
		}
		m[i] = f
	}
	return m
}

// Recognise returns the preset by whose signs a table is known, the one with the
// most; nil where it is none's.
func Recognise(presets []*Preset, header []string) *Preset {
	var best *Preset
	have := map[string]bool{}
	for _, h := range header {
		have[fold(h)] = true
	}
	for _, p := range presets {
		all := len(p.Signs) > 0
		for _, s := range p.Signs {
			all = all && have[s]
		}
		if all && (best == nil || len(p.Signs) > len(best.Signs)) {
			best = p
		}
	}
	return best
}

// fold is how names of columns are compared: "Order Number", "order_number" and
// "order-number" are one.
func fold(name string) string {
	name = strings.ToLower(strings.TrimSpace(name))
	return strings.Join(strings.FieldsFunc(name, func(r rune) bool { return r == ' ' || r == '_' || r == '-' || r == '\u00a0' }), " ")
}
