// Package shopify knows the tables of orders and customers that Shopify's admin
// exports as CSV.
//
// An order has a row for each of its products; what concerns the whole order
// stands in the first of them. Times carry their zone, zip codes an apostrophe.
// The export has no product ids, so a product goes by its SKU, else by its name.
package shopify

import "github.com/dhvani/dhvani/internal/source/table"

// Presets are the exports.
func Presets() []*table.Preset { return []*table.Preset{orders, customers} }

var orders = &table.Preset{
	Name: "shopify-orders", Source: "shopify", Kind: table.Orders, StripHash: true,
	Signs: []string{"name", "financial status", "created at", "lineitem quantity"},
	Columns: map[string]table.Field{
		"name": table.OrderID, "email": table.Email, "financial status": table.Status,
		"paid at": table.PaidAt, "fulfilled at": table.ShippedAt, "created at": table.PlacedAt, "cancelled at": table.CancelledAt,
		"accepts marketing": table.EmailConsent, "currency": table.Currency,
		"subtotal": table.Subtotal, "shipping": table.Shipping, "taxes": table.Tax, "total": table.Total,
		"discount code": table.Coupon, "discount amount": table.Discount, "refunded amount": table.Refunded, "payment method": table.PaymentMethod,
		"lineitem quantity": table.ItemQuantity, "lineitem name": table.ItemName, "lineitem price": table.ItemPrice, "lineitem sku": table.ItemSKU,
		"billing name": table.Name, "billing street": table.Street, "billing company": table.Company, "billing city": table.City, "billing zip": table.Postcode,
		"billing province": table.Region, "billing country": table.Country,
		"phone": table.Phone, "billing phone": table.Phone, "shipping phone": table.Phone, "shipping name": table.Name,
		"shipping city": table.City, "shipping zip": table.Postcode, "shipping province": table.Region, "shipping country": table.Country,
	},
}

// customers is today's export and the one before it, whose address had no
// "Default Address" before its names.
var customers = &table.Preset{
	Name: "shopify-customers", Source: "shopify", Kind: table.Customers,
	Signs: []string{"first name", "last name", "email", "total orders"},
	Columns: map[string]table.Field{
		"customer id": table.CustomerID, "first name": table.FirstName, "last name": table.LastName, "email": table.Email, "phone": table.Phone,
		"accepts email marketing": table.EmailConsent, "accepts marketing": table.EmailConsent, "accepts sms marketing": table.PhoneConsent,
		"default address company": table.Company, "default address address1": table.Street, "default address city": table.City,
		"default address province code": table.Region, "default address country code": table.Country, "default address zip": table.Postcode,
		"default address phone": table.Phone,
		"company":               table.Company, "address1": table.Street, "city": table.City, "province": table.Region, "country code": table.Country, "zip": table.Postcode,
		"tags": table.Tags,
	},
}
