package table

import (
	"strconv"
	"strings"
	"time"

	"github.com/dhvani/dhvani/internal/event"
)

// translation turns the rows of one unit into events.
type translation struct {
	d      *Decoder
	rows   [][]string
	who    identity
	events []string
}

// identity is whom a unit is about.
type identity struct{ user, anonymous, email, phone string }

func (w identity) String() string { return w.user + "\n" + w.anonymous }

// first returns the first cell of a field, of the first row that has one.
func (t *translation) first(f Field) string {
	for _, cells := range t.rows {
		if s := t.d.text(cells, f); s != "" {
			return s
		}
	}
	return ""
}

// identify finds out whom the unit is about: the customer's id in the shop
// system, else the e-mail address, else the phone number. Guests have the id 0.
func (t *translation) identify() {
	w := identity{email: strings.ToLower(t.first(Email)), phone: t.first(Phone)}
	if !strings.Contains(w.email, "@") || len(w.email) > 254 {
		w.email = ""
	}
	id := event.Identifier(t.first(CustomerID))
	if id == "0" || len(id) > 200 {
		id = ""
	}
	switch digits := onlyDigits(w.phone); {
	case id != "":
		w.user = id
	case w.email != "":
		w.user = w.email
	case len(digits) >= 7 && len(digits) <= 15:
		w.user = "phone:" + digits
	}
	t.who = w
}

func onlyDigits(s string) string {
	return strings.Map(func(r rune) rune {
		if r >= '0' && r <= '9' {
			return r
		}
		return -1
	}, s)
}

// emit adds an event; body holds its members beside those that all have.
func (t *translation) emit(kind string, at time.Time, id []string, body func(o *object)) {
	o := &object{}
	o.text("type", kind)
	o.text("messageId", messageID(t.d.preset.Source, id...))
	o.text("userId", t.who.user)
	if t.who.user == "" {
		o.text("anonymousId", t.who.anonymous)
	}
	o.text("timestamp", event.FormatTime(at.UnixMicro()))
	body(o)
	t.events = append(t.events, o.String())
}

// context says where the event comes from, and what it says about consent.
func (t *translation) context(o *object, consent bool) {
	library := &object{}
	library.text("name", "dhvani-import")
	library.text("version", t.d.preset.Name)
	c := &object{}
	c.raw("library", library.String())
	if granted, ok := truth(t.first(EmailConsent)); ok && consent {
		c.raw("consent", `{"categoryPreferences":{"marketing":`+strconv.FormatBool(granted)+`}}`)
	}
	o.raw("context", c.String())
}

// track adds a track event of the unit.
func (t *translation) track(name string, at time.Time, about string, properties *object) {
	t.emit("track", at, []string{name, about, t.who.String()}, func(o *object) {
		o.text("event", name)
		o.raw("properties", properties.String())
		t.context(o, false)
	})
}

// person adds an identify with what the unit says about the customer, where it
// says anything.
func (t *translation) person(at time.Time, about string, more func(traits *object)) {
	traits := &object{}
	for _, f := range [...]struct {
		name  string
		field Field
	}{
		{"firstName", FirstName}, {"lastName", LastName}, {"company", Company}, {"language", Language}, {"tags", Tags}, {"birthday", Birthday},
	} {
		traits.text(f.name, t.first(f.field))
	}
	name := t.first(Name)
	if name == "" {
		name = strings.TrimSpace(t.first(FirstName) + " " + t.first(LastName))
	}
	traits.text("name", name)
	traits.text("email", t.who.email)
	traits.text("phone", t.who.phone)
	traits.raw("address", t.address())
	if granted, ok := truth(t.first(PhoneConsent)); ok {
		traits.raw("smsMarketing", strconv.FormatBool(granted))
	}
	if more != nil {
		more(traits)
	}
	if t.who.user == "" || traits.empty() {
		return
	}
	text := traits.String()
	t.emit("identify", at, []string{"identify", about, t.who.String(), text, t.first(EmailConsent)}, func(o *object) {
		o.raw("traits", text)
		t.context(o, true)
	})
}

func (t *translation) address() string {
	a := &object{}
	a.text("street", t.first(Street))
	a.text("city", t.first(City))
	a.text("state", t.first(Region))
	a.text("postalCode", t.first(Postcode))
	country := t.first(Country)
	if len(country) == 2 {
		country = strings.ToUpper(country)
	}
	a.text("country", country)
	return a.String()
}

// customer translates a row of a table of customers.
func (t *translation) customer() ([]string, error) {
	t.identify()
	if t.who.user == "" {
		return nil, Flaw{Code: "no_customer"}
	}
	created, _, err := t.time(CreatedAt)
	if err != nil {
		return nil, err
	}
	t.person(t.d.o.AsOf, "", func(traits *object) {
		if !created.IsZero() {
			traits.text("createdAt", event.FormatTime(created.UnixMicro()))
		}
		for _, i := range t.d.column[Trait] {
			if i < len(t.rows[0]) {
				traits.text(strings.Join(strings.Fields(t.d.header[i]), "_"), clean(t.rows[0][i]))
			}
		}
	})
	return t.events, nil
}

// review translates a row of a table of reviews.
func (t *translation) review() ([]string, error) {
	at, ok, err := t.time(ReviewedAt)
	if err != nil {
		return nil, err
	}
	if !ok {
		return nil, Flaw{Code: "no_time", Column: t.d.name(ReviewedAt)}
	}
	rating, text, title := t.first(Rating), t.first(Text), t.first(Title)
	if rating != "" {
		n, ok := amount(rating, t.d.o.Comma)
		if !ok || n < 0 || n > 5*event.One {
			return nil, Flaw{Code: "bad_rating", Column: t.d.name(Rating)}
		}
		if rating = n.String(); n == 0 {
			rating = ""
		}
	}
	if rating == "" && text == "" && title == "" {
		return nil, Flaw{Code: "no_opinion"}
	}
	t.identify()
	about := strings.Join([]string{t.first(ReviewID), t.first(ProductID), t.first(ProductName), at.String(), text}, "\n")
	if t.who.user == "" {
		t.who.anonymous = messageID("review", about, t.first(Name))
	}
	t.person(at, about, nil)
	p := &object{}
	p.text("review_id", t.first(ReviewID))
	product := t.first(ProductID)
	if product == "" {
		product = t.first(ProductName)
	}
	p.text("product_id", product)
	p.text("name", t.first(ProductName))
	p.text("order_id", t.orderID())
	p.raw("rating", rating)
	p.text("review_title", title)
	p.text("review_body", text)
	t.track("Product Reviewed", at, about, p)
	return t.events, nil
}

// time reads a time; ok is false where there is none.
func (t *translation) time(f Field) (at time.Time, ok bool, err error) {
	text := t.first(f)
	if text == "" {
		return time.Time{}, false, nil
	}
	at, ok = moment(text, &t.d.o)
	if !ok {
		return at, false, Flaw{Code: "bad_time", Column: t.d.name(f)}
	}
	return at, true, nil
}

// money reads an amount; "" where there is none.
func (t *translation) money(f Field) (string, error) {
	text := t.first(f)
	if text == "" {
		return "", nil
	}
	n, ok := amount(text, t.d.o.Comma)
	if !ok {
		return "", Flaw{Code: "bad_amount", Column: t.d.name(f)}
	}
	return n.String(), nil
}
