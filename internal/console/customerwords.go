package console

import (
	"strings"

	"github.com/dhvani/dhvani/internal/console/ui"
	"github.com/dhvani/dhvani/internal/customer"
	"github.com/dhvani/dhvani/internal/event"
	"github.com/dhvani/dhvani/internal/order"
	"github.com/dhvani/dhvani/internal/staff"
)

func identifierIcon(kind string) string {
	switch kind {
	case event.UserProfile:
		return "user"
	case event.AnonymousProfile:
		return "cookie"
	case customer.Email:
		return "mail"
	case customer.Phone:
		return "phone"
	case "whatsapp", "telegram", "messenger", "signal":
		return "message-circle"
	}
	return "at-sign"
}

// identifierText is an identifier that is not masked.
func identifierText(v *ui.Viewer, i customer.Identifier) string {
	switch i.Kind {
	case event.UserProfile:
		return v.T("customer.user", "ID", shortLine(customer.Mask(i.Kind, i.Value), mostLine))
	case event.AnonymousProfile:
		return v.T("customer.browser", "ID", shortID(i.Value))
	}
	return i.Kind + " " + shortLine(customer.Mask(i.Kind, i.Value), mostLine)
}

// shortID is the beginning and the end of a long id.
func shortID(id string) string {
	if r := []rune(id); len(r) > 12 {
		return string(r[:4]) + "…" + string(r[len(r)-2:])
	}
	return id
}

// revealURL is where the whole of an identifier is asked for, "" for who may not.
func (d *customerView) revealURL(v *ui.Viewer, i customer.Identifier) string {
	if !v.May(staff.Reveal) {
		return ""
	}
	return v.URL("customers", d.ID, "reveal", customer.Ref(v.Actor.Workspace, i.Kind, i.Value).String())
}

func consentText(v *ui.Viewer, d customerView, purpose string, yes, stated bool) string {
	switch {
	case purpose == customer.Necessary:
		return v.T("customer.always")
	case !stated:
		return v.T("customer.not_asked")
	case yes:
		return v.T("customer.given_since", "Date", v.L.Date(timeOf(d.ConsentAt[purpose])))
	}
	return v.T("customer.withdrawn", "Date", v.L.Date(timeOf(d.ConsentAt[purpose])))
}

// moneyText is a decimal text as money, "" where it is empty.
func moneyText(v *ui.Viewer, amount, currency string) string {
	m, ok := event.ParseMillionths(amount)
	if !ok {
		return ""
	}
	return v.L.Money(int64(m), currency)
}

func statusKind(status string) string {
	switch status {
	case "delivered":
		return "good"
	case "cancelled", "returned", "refunded":
		return "bad"
	}
	return ""
}

func itemName(it order.Item) string {
	for _, name := range []string{it.Name, it.SKU, it.ProductID} {
		if name != "" {
			return strings.TrimSpace(name + " " + it.Variant)
		}
	}
	return "–"
}

func itemPrice(v *ui.Viewer, it order.Item, currency string) string {
	price := moneyText(v, it.Price, currency)
	if q, ok := event.ParseMillionths(it.Quantity); ok && q != event.One {
		price = strings.TrimSpace(v.L.Decimal(q.Float(), 0) + " × " + price)
	}
	return price
}

// orderPairs are payment, delivery and tracking, as far as they are known.
func orderPairs(v *ui.Viewer, o order.Order) (out [][2]string) {
	add := func(label, value string) {
		if value != "" {
			out = append(out, [2]string{label, value})
		}
	}
	date := func(at string) string {
		if at == "" {
			return ""
		}
		return v.L.Date(timeOf(at))
	}
	if o.PaymentMethod != "" {
		add(v.T("customer.paid_with"), methodName(v, strings.ToLower(o.PaymentMethod)))
	}
	add(v.T("customer.coupon"), o.Coupon)
	add(v.T("customer.shipped_on"), date(o.ShippedAt))
	add(v.T("customer.carrier"), o.Carrier)
	add(v.T("customer.tracking"), o.TrackingNumber)
	delivered := date(o.DeliveredAt)
	if o.DaysLate != nil && *o.DaysLate >= 1 {
		delivered = both(delivered, v.T("customer.late", "N", int(*o.DaysLate)))
	}
	add(v.T("customer.delivered_on"), delivered)
	if o.Refunded != "0" {
		add(v.T("customer.refunded"), moneyText(v, o.Refunded, o.Currency))
	}
	return out
}

func evidenceText(v *ui.Viewer, s suggested) string {
	switch s.Evidence.Kind {
	case "alias":
		return v.T("customer.same_alias")
	case customer.Email, customer.Phone:
		return v.T("customer.same_email", "Value", customer.Mask(s.Evidence.Kind, s.Evidence.Value))
	}
	return v.T("customer.same_email", "Value", s.Evidence.Kind+" "+customer.Mask(s.Evidence.Kind, s.Evidence.Value))
}

func proofText(v *ui.Viewer, s suggested) string {
	switch {
	case s.Evidence.VerifiedA && s.Evidence.VerifiedB:
		return v.T("customer.proof_both")
	case s.Evidence.VerifiedA || s.Evidence.VerifiedB:
		return v.T("customer.proof_one")
	}
	return v.T("customer.proof_none")
}

func mergeIcon(kind string) string {
	if kind == "link" {
		return "cookie"
	}
	return "git-merge"
}

func mergeText(v *ui.Viewer, m customer.Merge) string {
	switch m.Kind {
	case "link":
		return v.T("customer.join_link")
	case "staff":
		return v.T("customer.join_staff")
	case customer.Email:
		return v.T("customer.join_email")
	case customer.Phone:
		return v.T("customer.join_phone")
	case "alias":
		return v.T("customer.join_alias")
	}
	return v.T("customer.join_other", "Kind", m.Kind)
}

// profileText names a profile of the customer.
func (d *customerView) profileText(v *ui.Viewer, id string) string {
	for _, p := range d.Profiles {
		if p.ID == id {
			return identifierText(v, customer.Identifier{Kind: p.Kind, Value: p.Value})
		}
	}
	return shortID(id)
}
