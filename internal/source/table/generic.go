package table

// Generic are the presets for tables of no known system: they go by the names
// that columns usually have.
var Generic = []*Preset{
	{Name: "orders", Source: "csv", Kind: Orders, Columns: merged(personColumns, orderColumns), StripHash: true},
	{Name: "customers", Source: "csv", Kind: Customers, Columns: merged(personColumns, map[string]Field{
		"id": CustomerID, "created at": CreatedAt, "created": CreatedAt, "registered": CreatedAt, "date registered": CreatedAt, "sign up": CreatedAt,
	})},
	{Name: "reviews", Source: "csv", Kind: Reviews, Columns: merged(personColumns, reviewColumns)},
}

var personColumns = map[string]Field{
	"customer id": CustomerID, "user id": CustomerID, "userid": CustomerID, "customerid": CustomerID, "client id": CustomerID,
	"email": Email, "e mail": Email, "mail": Email, "email address": Email, "customer email": Email, "e mail address": Email,
	"phone": Phone, "mobile": Phone, "phone number": Phone, "mobile number": Phone, "telephone": Phone, "customer phone": Phone, "whatsapp": Phone,
	"name": Name, "full name": Name, "customer name": Name, "customer": Name,
	"first name": FirstName, "firstname": FirstName, "given name": FirstName,
	"last name": LastName, "lastname": LastName, "surname": LastName, "family name": LastName,
	"company": Company, "address": Street, "street": Street, "address1": Street, "address 1": Street, "city": City, "town": City,
	"state": Region, "province": Region, "region": Region, "zip": Postcode, "pin": Postcode, "pin code": Postcode, "pincode": Postcode,
	"postcode": Postcode, "postal code": Postcode, "zip code": Postcode, "country": Country, "country code": Country,
	"language": Language, "locale": Language, "tags": Tags, "birthday": Birthday, "date of birth": Birthday,
	"accepts marketing": EmailConsent, "newsletter": EmailConsent, "marketing": EmailConsent, "accepts email marketing": EmailConsent,
	"accepts sms marketing": PhoneConsent,
}

var orderColumns = map[string]Field{
	"order id": OrderID, "order": OrderID, "order number": OrderID, "order no": OrderID, "order #": OrderID, "id": OrderID, "invoice": OrderID, "invoice no": OrderID, "invoice number": OrderID,
	"bill no": OrderID, "bill number": OrderID, "receipt": OrderID, "receipt no": OrderID, "bill date": PlacedAt, "invoice date": PlacedAt, "receipt date": PlacedAt,
	"date": PlacedAt, "order date": PlacedAt, "created at": PlacedAt, "created": PlacedAt, "placed at": PlacedAt, "date created": PlacedAt, "purchase date": PlacedAt,
	"paid at": PaidAt, "paid date": PaidAt, "shipped at": ShippedAt, "ship date": ShippedAt, "fulfilled at": ShippedAt, "delivered at": DeliveredAt,
	"cancelled at": CancelledAt, "canceled at": CancelledAt, "refunded at": RefundedAt, "status": Status, "order status": Status,
	"currency": Currency, "total": Total, "order total": Total, "amount": Total, "grand total": Total, "subtotal": Subtotal,
	"shipping": Shipping, "shipping total": Shipping, "tax": Tax, "taxes": Tax, "tax total": Tax, "discount": Discount, "discount total": Discount,
	"refund": Refunded, "refunded": Refunded, "refunded amount": Refunded, "coupon": Coupon, "discount code": Coupon,
	"payment method": PaymentMethod, "payment": PaymentMethod, "carrier": Carrier, "courier": Carrier,
	"tracking": Tracking, "tracking number": Tracking, "awb": Tracking,
	"product id": ItemID, "sku": ItemSKU, "product": ItemName, "product name": ItemName, "item": ItemName, "item name": ItemName, "variant": ItemVariant,
	"category": ItemCategory, "quantity": ItemQuantity, "qty": ItemQuantity, "price": ItemPrice, "unit price": ItemPrice, "item price": ItemPrice,
	"line total": ItemTotal, "items": Items, "line items": Items, "products": Items,
}

var reviewColumns = map[string]Field{
	"id": ReviewID, "review id": ReviewID, "date": ReviewedAt, "review date": ReviewedAt, "created at": ReviewedAt, "reviewed at": ReviewedAt,
	"rating": Rating, "stars": Rating, "score": Rating, "title": Title, "review title": Title,
	"body": Text, "text": Text, "review": Text, "comment": Text, "content": Text, "message": Text, "review body": Text,
	"product id": ProductID, "sku": ProductID, "product handle": ProductID, "product": ProductName, "product name": ProductName, "product title": ProductName,
	"order id": OrderID, "order number": OrderID, "order": OrderID, "reviewer": Name, "reviewer name": Name, "author": Name, "reviewer email": Email,
}

// merged returns one map of several; of equal names the later one counts.
func merged(maps ...map[string]Field) map[string]Field {
	out := map[string]Field{}
	for _, m := range maps {
		for name, f := range m {
			out[name] = f
		}
	}
	return out
}
