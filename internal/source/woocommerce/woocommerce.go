// Package woocommerce knows the tables of orders and customers that shops on
// WooCommerce export as CSV. WooCommerce itself exports reports only (Analytics,
// Orders and Customers); whole orders are written by its extensions, of which
// this knows Import Export Suite, with its columns line_item_1 to line_item_N,
// and Customer/Order/Coupon Export, with one column line_items or a row for each
// item. Times are the shop's own.
package woocommerce

import (
	"regexp"
	"strings"

	"github.com/dhvani/dhvani/internal/source/table"
)

// Presets are the exports.
func Presets() []*table.Preset {
	return []*table.Preset{orders, orderReport, customers, customerReport}
}

var lineItem = regexp.MustCompile(`^line item \d+$`)

var orders = &table.Preset{
	Name: "woocommerce-orders", Source: "woocommerce", Kind: table.Orders, StripHash: true,
	Signs: []string{"order id", "order number", "status", "billing first name"},
	Columns: map[string]table.Field{
		"order number": table.OrderID, "order number formatted": table.OrderID,
		"order date": table.PlacedAt, "date": table.PlacedAt, "date created": table.PlacedAt,
		"paid date": table.PaidAt, "date paid": table.PaidAt, "status": table.Status,
		"order total": table.Total, "order subtotal": table.Subtotal, "shipping total": table.Shipping, "tax total": table.Tax,
		"discount total": table.Discount, "order currency": table.Currency, "currency": table.Currency, "refunded total": table.Refunded, "total refunded": table.Refunded,
		"payment method": table.PaymentMethod, "payment method title": table.None, "coupons": table.None,
		"customer id": table.CustomerID, "customer user": table.None,
		"customer email": table.Email, "billing email": table.Email, "billing phone": table.Phone,
		"billing first name": table.FirstName, "billing last name": table.LastName, "billing full name": table.Name, "billing company": table.Company,
		"billing address 1": table.Street, "billing city": table.City, "billing state": table.Region, "billing postcode": table.Postcode, "billing country": table.Country,
		"line items": table.Items, "item product id": table.ItemID, "item sku": table.ItemSKU, "item name": table.ItemName, "item quantity": table.ItemQuantity, "item total": table.ItemTotal,
	},
	Column: func(name string) table.Field {
		if lineItem.MatchString(name) {
			return table.Items
		}
		return table.None
	},
	Products: products,
	Unplaced: []string{"pending", "wc pending"},
}

// orderReport is Analytics, Orders. It has no e-mail addresses: its orders
// belong to nobody until other events name their customers.
var orderReport = &table.Preset{
	Name: "woocommerce-order-report", Source: "woocommerce", Kind: table.Orders, StripHash: true,
	Signs: []string{"order #", "status", "product(s)", "items sold"},
	Columns: map[string]table.Field{
		"date": table.PlacedAt, "order #": table.OrderID, "status": table.Status, "customer": table.Name,
		"product(s)": table.Items, "coupon(s)": table.Coupon, "n. revenue": table.Total, "net sales": table.Total,
	},
	Products: reported,
}

var customers = &table.Preset{
	Name: "woocommerce-customers", Source: "woocommerce", Kind: table.Customers,
	Signs: []string{"billing first name", "billing email"},
	Columns: map[string]table.Field{
		"customer id": table.CustomerID, "id": table.CustomerID, "email": table.Email, "user email": table.Email, "billing email": table.Email,
		"first name": table.FirstName, "last name": table.LastName, "billing first name": table.FirstName, "billing last name": table.LastName,
		"billing phone": table.Phone, "billing company": table.Company, "billing address 1": table.Street, "billing city": table.City,
		"billing state": table.Region, "billing postcode": table.Postcode, "billing country": table.Country,
		"date registered": table.CreatedAt, "user registered": table.CreatedAt,
	},
}

// customerReport is Analytics, Customers.
var customerReport = &table.Preset{
	Name: "woocommerce-customer-report", Source: "woocommerce", Kind: table.Customers,
	Signs: []string{"username", "last active", "email", "total spend"},
	Columns: map[string]table.Field{
		"name": table.Name, "sign up": table.CreatedAt, "date registered": table.CreatedAt, "email": table.Email,
		"country / region": table.Country, "country": table.Country, "city": table.City, "region": table.Region, "postal code": table.Postcode,
	},
}

// itemStart is where a product begins in a cell of several: they are separated
// by semicolons, which may also stand in a product's own values.
var itemStart = regexp.MustCompile(`;\s*(?:id|name):`)

// products reads "id:3|name:Kantha stole|product_id:21|sku:KS|quantity:2|total:40.00",
// one product or several.
func products(cell string) []table.Product {
	var out []table.Product
	for cell != "" {
		one := cell
		if at := itemStart.FindStringIndex(cell); at != nil {
			one, cell = cell[:at[0]], strings.TrimLeft(cell[at[0]+1:], " ")
		} else {
			cell = ""
		}
		if p := product(one); p != (table.Product{}) {
			out = append(out, p)
		}
	}
	return out
}

func product(text string) table.Product {
	var p table.Product
	for part := range strings.SplitSeq(text, "|") {
		name, value, ok := strings.Cut(part, ":")
		if !ok {
			continue
		}
		value = strings.TrimSpace(value)
		switch strings.TrimSpace(name) {
		case "product_id":
			p.ID = value
		case "sku":
			p.SKU = value
		case "name":
			p.Name = value
		case "quantity", "qty":
			p.Quantity = value
		case "total":
			p.Total = value
		}
	}
	return p
}

var reportedItem = regexp.MustCompile(`(\d+)\s*[×x]\s*(.+?)(?:,\s*(?:$|\d+\s*[×x]\s)|$)`)

// reported reads "2× Kantha stole, 1× Dabu saree".
func reported(cell string) []table.Product {
	var out []table.Product
	for cell != "" {
		m := reportedItem.FindStringSubmatchIndex(cell)
		if m == nil {
			break
		}
		out = append(out, table.Product{Quantity: cell[m[2]:m[3]], Name: strings.TrimSpace(cell[m[4]:m[5]])})
		cell = strings.TrimLeft(cell[m[5]:], ", ")
	}
	return out
}
