package incident_test

import (
	"strings"
	"testing"
	"time"

	"github.com/dhvani/dhvani/internal/event"
	"github.com/dhvani/dhvani/internal/insight"
	"github.com/dhvani/dhvani/internal/insight/cause"
	"github.com/dhvani/dhvani/internal/insight/impact"
	"github.com/dhvani/dhvani/internal/insight/incident"
	"github.com/dhvani/dhvani/internal/locale"
)

// told is an Insight with a kind and a sure cause.
func told(k incident.Kind, edit func(f *incident.Finding), pairs ...cause.Pair) *incident.Insight {
	in := &incident.Insight{OpenedAt: start.Add(time.Minute), Finding: incident.Finding{
		Kind: k, Since: start.UnixMicro(), Sure: true, Causes: []cause.Cause{{Pairs: pairs, Explains: .94}},
		Signs: []incident.Sign{{Signal: "x", Outcome: insight.CheckoutEnded, Observed: .9, Expected: .021}}, Hit: 18, Back: 2,
		Lost: impact.Lost{Orders: 9.4, Money: []impact.Money{{Currency: "INR", Amount: 9000 * event.One}}},
	}}
	if edit != nil {
		edit(&in.Finding)
	}
	return in
}

func TestTitle(t *testing.T) {
	product := func(f *incident.Finding) { f.Product = "Indigo stole" }
	good := func(f *incident.Finding) { f.Good = true }
	count := func(n insight.Name, observed float64) func(f *incident.Finding) {
		return func(f *incident.Finding) {
			f.Signs = []incident.Sign{{Signal: string(n), Name: n, Observed: observed, Expected: 8.25}}
		}
	}
	unsure := told(incident.Payment, nil, pair("device", "Android"), pair("method", "upi"))
	unsure.Finding.Sure, unsure.Finding.Signs[0].Of = false, []cause.Pair{pair("method", "upi")}
	en := locale.For(locale.English, time.UTC)
	for _, c := range []struct {
		in   *incident.Insight
		want string
	}{
		{told(incident.Payment, nil, pair("device", "Android"), pair("method", "upi")), "UPI payments fail on Android"},
		{unsure, "UPI payments fail"},
		{told(incident.Payment, nil, pair("method", "cash_on_delivery"), pair("region", "Kerala")), "Cash on delivery payments fail in Kerala"},
		{told(incident.Payment, nil, pair("method", "my_wallet")), "My wallet payments fail"},
		{told(incident.Checkout, nil), "Checkouts fail"},
		{told(incident.Checkout, nil, pair("campaign", "sale\u202egnp")), "Checkouts fail from salegnp"},
		{told(incident.Checkout, nil, pair("method", "upi")), "UPI payments fail"},
		{told(incident.Payment, nil), "Payments fail"},
		{told(incident.Checkout, nil, pair("browser", "Chrome 126"), pair("buyer", "new"), pair("country", "IN")), "Checkouts fail on Chrome 126 in India for new customers"},
		{told(incident.Orders, count(insight.Orders, 2)), "Fewer orders than usual since 14:12"},
		{told(incident.Orders, count(insight.Orders, 0)), "No orders since 14:12"},
		{told(incident.Orders, count(insight.Visits, 3)), "Fewer visitors than usual since 14:12"},
		{told(incident.Traffic, func(f *incident.Finding) { f.Good, f.Product = true, "Brass lamp" }, pair("campaign", "instagram"), pair("product", "bra-03")),
			"Many visitors come to Brass lamp from instagram"},
		{told(incident.Traffic, count(insight.Visits, 30)), "Many more visitors than usual"},
		{told(incident.Traffic, count(insight.Orders, 30)), "More orders than usual since 14:12"},
		{told(incident.Traffic, count(insight.Checkouts, 30)), "More checkouts than usual since 14:12"},
		{told(incident.Delivery, nil, pair("area", "IN 1"), pair("carrier", "Delhivery")), "Parcels are late in postcodes IN 1… with Delhivery"},
		{told(incident.Product, product, pair("product", "sto-01"), pair("variant", "sto-01/lot 27")), "Indigo stole, lot 27: customers complain about quality"},
		{told(incident.Product, nil, pair("lot", "lot 27")), "lot 27: customers complain about quality"},
		{told(incident.Product, func(f *incident.Finding) { f.Good, f.Product = true, "Indigo stole" }), "Indigo stole: customers are full of praise"},
		{told(incident.Price, product, pair("product", "sto-01"), pair("topic", "price")), "Indigo stole: customers complain about the price"},
		{told(incident.Search, nil, pair("query", "red kurta")), "Searches for “red kurta” find nothing"},
		{told(incident.Topic, func(f *incident.Finding) { f.Theme = "topic packaging" }), "Packaging: more complaints than usual"},
		{told(incident.Topic, good, pair("topic", "service"), pair("channel", "chat")), "Service: more praise than usual by Chat"},
		{told(incident.Score, nil), "Customers complain more than usual"},
		{told(incident.Phrase, func(f *incident.Finding) { f.Phrase = "broken zip" }), "Many write “broken zip”"},
		{told(incident.Reviews, product), "Indigo stole: a flood of ratings"},
	} {
		if got := incident.Title(en, c.in, c.in.OpenedAt); got != c.want {
			t.Errorf("%q, want %q", got, c.want)
		}
	}
	hindi := locale.For(locale.Hindi, time.UTC)
	if got, want := incident.Title(hindi, told(incident.Payment, nil, pair("device", "Android"), pair("method", "upi")), time.Time{}), "Android पर UPI से भुगतान नहीं हो रहे"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
}

func TestSentence(t *testing.T) {
	en := locale.For(locale.English, time.UTC)
	in := told(incident.Payment, nil, pair("device", "Android"), pair("method", "upi"))
	in.Finding.Signs[0].Of = []cause.Pair{pair("method", "upi")}
	want := "Since 14:12, 90% of checkouts fail (UPI), usually 2.1%. 94% of what is unusual comes from Android, UPI. 18 customers are hit. 2 of them got through after all. About 9 orders lost, ₹9,000."
	if got := incident.Sentence(en, in, in.OpenedAt); got != want {
		t.Errorf("%q", got)
	}
	in.Finding.Sure = false
	in.Finding.Signs[0] = incident.Sign{Name: insight.Orders, Observed: 3, Expected: 42}
	in.Finding.Hit, in.Finding.Lost = 0, impact.Lost{}
	if got, want := incident.Sentence(en, in, in.OpenedAt), "Since 14:12, 3 orders an hour, usually 42. The cause is not sure yet."; got != want {
		t.Errorf("%q", got)
	}
}

// Every kind has a title, a sentence and a playbook in every language, with every
// dimension. A text that is missing panics.
func TestEveryTitle(t *testing.T) {
	kinds := []incident.Kind{incident.Checkout, incident.Payment, incident.Orders, incident.Traffic, incident.Delivery, incident.Product, incident.Price,
		incident.Stock, incident.Search, incident.Reviews, incident.Flood, incident.Topic, incident.Score, incident.Phrase, incident.Service, incident.Page, "new"}
	dims := []insight.Dim{"", insight.DimMethod, insight.DimReason, insight.DimStep, insight.DimDevice, insight.DimSystem, insight.DimBrowser, insight.DimRelease,
		insight.DimCountry, insight.DimRegion, insight.DimArea, insight.DimProduct, insight.DimVariant, insight.DimLot, insight.DimCategory, insight.DimCampaign,
		insight.DimCarrier, insight.DimChannel, insight.DimLanguage, insight.DimBuyer, insight.DimQuery, insight.DimTopic}
	for _, lang := range locale.Langs {
		l := locale.For(lang, time.UTC)
		for _, k := range kinds {
			for _, good := range []bool{false, true} {
				for _, d := range dims {
					in := told(k, func(f *incident.Finding) { f.Good = good })
					if d != "" {
						in.Finding.Causes[0].Pairs = []cause.Pair{pair(string(d), "x1/é")}
					}
					if k == incident.Phrase {
						in.Finding.Phrase = "p"
					}
					if incident.Title(l, in, in.OpenedAt) == "" || incident.Sentence(l, in, in.OpenedAt) == "" {
						t.Errorf("%s %s %s", lang, k, d)
					}
				}
			}
		}
		for s := incident.NoSeverity; s <= incident.Critical; s++ {
			incident.SeverityWord(l, s)
		}
	}
}

// What is over is told as over, and with the day to who reads it later.
func TestOver(t *testing.T) {
	en := locale.For(locale.English, time.UTC)
	in := told(incident.Payment, nil, pair("device", "Android"), pair("method", "upi"))
	in.Finding.Signs[0].Of = []cause.Pair{pair("browser", "Chrome 141")}
	in.RecoveredAt = in.OpenedAt.Add(95 * time.Minute)
	if got, want := incident.Over(en, in, in.RecoveredAt), "As usual again since 15:48, after 1\u00a0h 36\u00a0min. 18 customers were hit. 2 of them got through after all. About 9 orders lost, ₹9,000."; got != want {
		t.Errorf("%q", got)
	}
	if got := incident.Title(en, in, in.OpenedAt); got != "UPI payments fail on Android" { // a sure cause says where it is so
		t.Errorf("%q", got)
	}
	if got := incident.Sentence(en, in, in.OpenedAt.AddDate(0, 0, 3)); !strings.HasPrefix(got, "Since 9 Mar, 14:12, 90% of checkouts fail (Chrome 141)") {
		t.Errorf("%q", got)
	}
}
