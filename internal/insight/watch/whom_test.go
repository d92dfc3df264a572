package watch

import (
	"testing"

	"github.com/dhvani/dhvani/internal/event"
	"github.com/dhvani/dhvani/internal/insight"
	"github.com/dhvani/dhvani/internal/insight/cause"
	"github.com/dhvani/dhvani/internal/insight/incident"
)

// Who fails as a visitor, says who they are and then orders what they could not pay has got through, and nothing of it is lost.
func TestWhoSaysTheirNameGotThrough(t *testing.T) {
	id := func(s string) event.ID { return event.NewID(1, s) }
	minute := int64(60e6)
	since := []insight.Outcome{ // the newest first
		{Kind: insight.CheckoutEnded, At: 5 * minute, Profile: id("somebody else"), Subject: id("their order")},
		{Kind: insight.CheckoutEnded, At: 3 * minute, Profile: id("asha"), Subject: id("order"), Again: true, Amount: 900e6, Currency: "INR"},
		{Kind: insight.CheckoutEnded, At: 2 * minute, Profile: id("visitor 7"), Subject: id("order"), Again: true, Bad: 1, Amount: 900e6, Currency: "INR"},
		{Kind: insight.CheckoutEnded, At: minute, Profile: id("visitor 7"), Subject: id("order"), Bad: 1, Amount: 900e6, Currency: "INR"},
	}
	s, f := newShop(1), &found{Finding: incident.Finding{Signs: []incident.Sign{{Outcome: insight.CheckoutEnded}}}}
	s.hit(cases{kind: insight.CheckoutEnded}, since, 0, f)
	if f.Hit != 1 || f.Back != 1 || f.hits[0].Back != 3*minute {
		t.Errorf("%d hit, %d back: %+v", f.Hit, f.Back, f.hits)
	}
}

// Of checkouts that fail by UPI those are hit who failed by it, also while the cause is not sure, and not who failed when it was over.
func TestWhoIsHit(t *testing.T) {
	failed := func(name, method string, at int64) insight.Outcome {
		return insight.Outcome{Kind: insight.CheckoutEnded, At: at, Profile: event.NewID(1, name), Subject: event.NewID(1, "order of "+name), Bad: 1, Dims: insight.Dims{insight.DimMethod: method}}
	}
	upi := []cause.Pair{{Dim: string(insight.DimMethod), Value: "upi"}}
	since := []insight.Outcome{failed("later", "upi", 40), failed("cem", "card", 30), failed("bob", "upi", 20), failed("ann", "upi", 10)} // the newest first
	f := &found{Finding: incident.Finding{Causes: []cause.Cause{{Pairs: upi}}, Signs: []incident.Sign{{Outcome: insight.CheckoutEnded, Of: upi}}}}
	newShop(1).hit(cases{kind: insight.CheckoutEnded}, since, 1, f)
	if f.Hit != 2 || f.First != 10 {
		t.Errorf("%d are hit: %+v", f.Hit, f.hits)
	}
}
