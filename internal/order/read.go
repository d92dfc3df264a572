package order

import (
	"bytes"
	"cmp"
	"context"
	"database/sql"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"

	"github.com/dhvani/dhvani/internal/db"
	"github.com/dhvani/dhvani/internal/event"
)

// ErrCursor says that a cursor is not one that List gave.
var ErrCursor = errors.New("the cursor is not one that this list gave")

// Store reads orders.
type Store struct{ DB *db.DB }

// Money is an amount in a currency, "" where the orders named none.
type Money struct {
	Currency string `json:"currency"`
	Amount   string `json:"amount"` // decimal
}

// Summary is what a customer bought. Spend is per currency, sorted by it:
// orders that were not cancelled, less what is known to be refunded.
type Summary struct {
	Orders      int     `json:"orders"` // cancelled ones among them
	Cancelled   int     `json:"cancelled"`
	Returns     int     `json:"returns"` // orders returned or refunded, wholly or in part
	Spend       []Money `json:"spend"`
	LastOrderAt string  `json:"last_order_at,omitempty"`
	LastOrderID string  `json:"last_order_id,omitempty"`
}

// Order is one order. Amounts are decimal texts in Currency, times RFC 3339.
type Order struct {
	ID             string   `json:"id"`       // of the row
	OrderID        string   `json:"order_id"` // as the shop names it
	Profile        event.ID `json:"-"`
	At             string   `json:"at"` // placed
	Status         string   `json:"status"`
	Currency       string   `json:"currency"`
	Amount         string   `json:"amount,omitempty"` // what was to be paid, "" where unknown
	Shipping       string   `json:"shipping,omitempty"`
	Tax            string   `json:"tax,omitempty"`
	Discount       string   `json:"discount,omitempty"`
	Refunded       string   `json:"refunded,omitempty"` // of Amount, at most all of it; "" where unknown
	Coupon         string   `json:"coupon,omitempty"`
	PaymentMethod  string   `json:"payment_method,omitempty"`
	CheckoutID     string   `json:"checkout_id,omitempty"`
	ShippedAt      string   `json:"shipped_at,omitempty"`
	Carrier        string   `json:"carrier,omitempty"`
	TrackingNumber string   `json:"tracking_number,omitempty"`
	DeliveredAt    string   `json:"delivered_at,omitempty"`
	DaysLate       *float64 `json:"days_late,omitempty"`
	CancelledAt    string   `json:"cancelled_at,omitempty"`
	ReturnedAt     string   `json:"returned_at,omitempty"`
	Items          []Item   `json:"items"`
}

// Item is a line of an order.
type Item struct {
	ProductID string `json:"product_id"`
	SKU       string `json:"sku,omitempty"`
	Name      string `json:"name,omitempty"`
	Category  string `json:"category,omitempty"`
	Variant   string `json:"variant,omitempty"`
	Price     string `json:"price,omitempty"`
	Quantity  string `json:"quantity"`
}

// spend is what was to be paid of an order and what of that went back, each
// unknown where no event tells.
func (r *row) spend() (amount, refunded optional) {
	amount, refunded = r.amount, r.refunded
	if !amount.Valid {
		amount = r.itemsAmount
	}
	switch {
	case refunded.Valid && amount.Valid:
		refunded.V = min(refunded.V, max(amount.V, 0))
	case refunded.V == everything:
		refunded = optional{}
	}
	return amount, refunded
}

// Summary adds up the orders of the profiles of one customer.
func (s Store) Summary(ctx context.Context, workspace int64, profiles []event.ID) (Summary, error) {
	var sum Summary
	spend := map[string]int64{}
	var last row
	err := s.DB.View(ctx, func(tx *db.Tx) error {
		model, err := tx.Model(ctx, workspace)
		if err != nil {
			return err
		}
		keys := db.NewRows(db.Columns("model int, profile bytes"))
		for _, p := range profiles {
			keys.Add(model, p[:])
		}
		return tx.Lookup(ctx, keys, `
			SELECT o.id, o.order_id, o.placed_at, o.currency, o.amount, o.items_amount, o.refunded, o.cancelled_at,
				o.returned_at, o.refunded_at
			FROM k CROSS JOIN orders o WHERE o.model = k.model AND o.profile = k.profile AND o.draft = 0`,
			func(rows *sql.Rows) error {
				var r row
				var id []byte
				err := rows.Scan(&id, &r.orderID, &r.placedAt, &r.currency, &r.amount, &r.itemsAmount, &r.refunded, &r.cancelledAt,
					&r.returnedAt, &r.refundedAt)
				copy(r.id[:], id)
				sum.Orders++
				if r.returnedAt.Valid || r.refundedAt.Valid {
					sum.Returns++
				}
				if r.cancelledAt.Valid {
					sum.Cancelled++
				} else if amount, refunded := r.spend(); amount.Valid {
					spend[r.currency] = add(spend[r.currency], amount.V-refunded.V)
				}
				if sum.Orders == 1 || last.placedAt < r.placedAt || last.placedAt == r.placedAt && bytes.Compare(last.id[:], r.id[:]) < 0 {
					last = r
				}
				return err
			})
	})
	if err != nil {
		return Summary{}, fmt.Errorf("order summary: %w", err)
	}
	sum.Spend = []Money{}
	for currency, amount := range spend {
		sum.Spend = append(sum.Spend, Money{currency, event.Millionths(amount).String()})
	}
	slices.SortFunc(sum.Spend, func(a, b Money) int { return cmp.Compare(a.Currency, b.Currency) })
	if sum.Orders > 0 {
		sum.LastOrderAt, sum.LastOrderID = event.FormatTime(last.placedAt), last.orderID
	}
	return sum, nil
}

// List returns the orders of the profiles of one customer, drafts left out,
// newest first, after the cursor of an earlier page, and the cursor of the
// next page or "". limit is 1 to 200; anything else is 50.
func (s Store) List(ctx context.Context, workspace int64, profiles []event.ID, cursor string, limit int) ([]Order, string, error) {
	at, id, err := parseCursor(cursor)
	if err != nil {
		return nil, "", err
	}
	if limit < 1 || limit > 200 {
		limit = 50
	}
	out, next := []Order{}, ""
	err = s.DB.View(ctx, func(tx *db.Tx) error {
		model, err := tx.Model(ctx, workspace)
		if err != nil {
			return err
		}
		keys := db.NewRows(db.Columns("model int, profile bytes, at int, id bytes"))
		for _, p := range profiles {
			keys.Add(model, p[:], at, id[:])
		}
		rows, err := page(ctx, tx, keys, limit+1)
		if err != nil {
			return err
		}
		if len(rows) > limit {
			rows = rows[:limit]
			next = formatCursor(rows[limit-1])
		}
		items, err := itemsOf(ctx, tx, rows)
		for _, r := range rows {
			out = append(out, r.order(items[r.id]))
		}
		return err
	})
	if err != nil {
		return nil, "", fmt.Errorf("list orders: %w", err)
	}
	return out, next, nil
}

// page reads the newest orders of each profile before the (at, id) beside it.
// The database gives at least the newest n of all; the rest is cut by List.
func page(ctx context.Context, tx *db.Tx, keys *db.Rows, n int) ([]*row, error) {
	var out []*row
	err := tx.Lookup(ctx, keys, `
		SELECT o.model, o.id, o.order_id, o.profile, o.placed_at, o.currency, o.amount, o.shipping, o.tax, o.discount,
			o.items_amount, o.coupon, o.payment_method, o.checkout_id, o.shipped_at, o.carrier, o.tracking_number,
			o.delivered_at, o.days_late, o.cancelled_at, o.returned_at, o.refunded_at, o.refunded
		FROM k CROSS JOIN orders o WHERE o.model = k.model AND o.profile = k.profile AND o.draft = 0
			AND o.placed_at <= k.at AND (o.placed_at < k.at OR o.id < k.id)
		ORDER BY o.placed_at DESC, o.id DESC LIMIT `+strconv.Itoa(n),
		func(rows *sql.Rows) error {
			r := &row{}
			var rowID, profile []byte
			err := rows.Scan(&r.model, &rowID, &r.orderID, &profile, &r.placedAt, &r.currency, &r.amount, &r.shipping, &r.tax, &r.discount,
				&r.itemsAmount, &r.coupon, &r.paymentMethod, &r.checkoutID, &r.shippedAt, &r.carrier, &r.tracking,
				&r.deliveredAt, &r.daysLate, &r.cancelledAt, &r.returnedAt, &r.refundedAt, &r.refunded)
			copy(r.id[:], rowID)
			copy(r.profile[:], profile)
			out = append(out, r)
			return err
		})
	slices.SortFunc(out, func(a, b *row) int {
		return cmp.Or(cmp.Compare(b.placedAt, a.placedAt), bytes.Compare(b.id[:], a.id[:]))
	})
	return out, err
}

func itemsOf(ctx context.Context, tx *db.Tx, rows []*row) (map[event.ID][]Item, error) {
	keys := db.NewRows(keyColumns)
	for _, r := range rows {
		keys.Add(r.model, r.id[:])
	}
	items := map[event.ID][]Item{}
	err := tx.Lookup(ctx, keys, `
		SELECT i.id, i.product_id, i.sku, i.name, i.category, i.variant, i.price, i.quantity
		FROM k CROSS JOIN order_item i WHERE i.model = k.model AND i.id = k.id ORDER BY i.id, i.ordinal`,
		func(s *sql.Rows) error {
			var it Item
			var id []byte
			var price optional
			var quantity int64
			err := s.Scan(&id, &it.ProductID, &it.SKU, &it.Name, &it.Category, &it.Variant, &price, &quantity)
			it.Price, it.Quantity = decimal(price), event.Millionths(quantity).String()
			if err == nil {
				items[event.ID(id)] = append(items[event.ID(id)], it)
			}
			return err
		})
	return items, err
}

func (r *row) order(items []Item) Order {
	amount, refunded := r.spend()
	o := Order{
		ID: r.id.String(), OrderID: r.orderID, Profile: r.profile, At: event.FormatTime(r.placedAt), Status: r.status(),
		Currency: r.currency, Amount: decimal(amount), Refunded: decimal(refunded),
		Shipping: decimal(r.shipping), Tax: decimal(r.tax), Discount: decimal(r.discount),
		Coupon: r.coupon, PaymentMethod: r.paymentMethod, CheckoutID: r.checkoutID,
		ShippedAt: moment(r.shippedAt), Carrier: r.carrier, TrackingNumber: r.tracking,
		DeliveredAt: moment(r.deliveredAt), CancelledAt: moment(r.cancelledAt), ReturnedAt: moment(r.returnedAt),
		Items: append([]Item{}, items...),
	}
	if r.daysLate.Valid {
		days := event.Millionths(r.daysLate.V).Float()
		o.DaysLate = &days
	}
	return o
}

// status is the furthest an order has come.
func (r *row) status() string {
	switch {
	case r.cancelledAt.Valid:
		return "cancelled"
	case r.returnedAt.Valid:
		return "returned"
	case r.refundedAt.Valid:
		return "refunded"
	case r.deliveredAt.Valid:
		return "delivered"
	case r.shippedAt.Valid:
		return "shipped"
	}
	return "placed"
}

func decimal(n optional) string {
	if !n.Valid {
		return ""
	}
	return event.Millionths(n.V).String()
}

func moment(t optional) string {
	if !t.Valid {
		return ""
	}
	return event.FormatTime(t.V)
}

func formatCursor(r *row) string {
	return base64.RawURLEncoding.EncodeToString(append(binary.BigEndian.AppendUint64(nil, uint64(r.placedAt)), r.id[:]...))
}

// parseCursor returns where a page begins; the first begins after all orders.
func parseCursor(s string) (at int64, id event.ID, err error) {
	if s == "" {
		return math.MaxInt64, id, nil
	}
	b, err := base64.RawURLEncoding.DecodeString(s)
	if err != nil || len(b) != 24 {
		return 0, id, ErrCursor
	}
	return int64(binary.BigEndian.Uint64(b)), event.ID(b[8:]), nil
}
