package watch

import (
	"testing"

	"github.com/dhvani/dhvani/internal/event"
	"github.com/dhvani/dhvani/internal/insight"
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
	s, f := newShop(1), &found{}
	s.hit(cases{kind: insight.CheckoutEnded}, since, 0, f)
	if f.Hit != 1 || f.Back != 1 || f.hits[0].Back != 3*minute {
		t.Errorf("%d hit, %d back: %+v", f.Hit, f.Back, f.hits)
	}
}
