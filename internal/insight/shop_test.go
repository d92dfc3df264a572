package insight_test

import (
	"strings"
	"testing"
	"time"

	"github.com/dhvani/dhvani/internal/customer"

	"github.com/dhvani/dhvani/internal/db/dbtest"
	"github.com/dhvani/dhvani/internal/event"
	"github.com/dhvani/dhvani/internal/feedback"
	"github.com/dhvani/dhvani/internal/insight"
	"github.com/dhvani/dhvani/internal/language"
	"github.com/dhvani/dhvani/internal/order"
	"github.com/dhvani/dhvani/internal/shop"
)

// shopEvents are what the demo's shop sends from a time on.
func shopEvents(t testing.TB, plan *shop.Plan, from time.Time, length time.Duration) (events []event.Event) {
	t.Helper()
	for _, e := range shop.New(1, from, plan).Until(from.Add(length)) {
		d := event.Defaults{ReceivedAt: e.At.UnixMicro()}
		if e.Server {
			d.Flags = event.Verified
		}
		x, err := event.Decode(string(e.AppendJSON(nil, e.At)), &d)
		if err != nil {
			t.Fatal(err)
		}
		x.Workspace = 1
		events = append(events, x)
	}
	return events
}

// The demo's orders come from its server, and its scenes from all over: the
// outcomes must show what each scene is about.
func TestOutcomesOfShop(t *testing.T) {
	from := time.Date(2026, 7, 1, 6, 0, 0, 0, time.UTC)
	const quiet, length = 9 * 24 * time.Hour, 90 * time.Minute
	scenes := []string{shop.UPI, shop.DyeLot, shop.Strike, shop.Price}
	plan := &shop.Plan{Born: from.Add(quiet), Spans: []shop.Span{{From: from}}}
	for i, scene := range scenes {
		plan.Spans = append(plan.Spans, shop.Span{From: from.Add(quiet + time.Duration(i)*length), Live: true, Speed: 1, Scene: scene})
	}
	d := dbtest.SQLite(t)
	dbtest.Workspace(t, d, 1)
	events := shopEvents(t, plan, from, quiet+time.Duration(len(scenes))*length)
	stages := []stage{customer.Stage{}, order.Stage{}, feedback.Stage{Analyzers: func(int64) feedback.Analyzer { return language.Base() }}, insight.Live()}
	for len(events) > 0 {
		n := min(len(events), 500)
		fold(t, d, stages, 0, events[:n]...)
		events = events[n:]
	}

	kinds, bare := map[insight.OutcomeKind]int{}, 0
	of := map[string][2]int{} // what a scene is about, among all that it may be about
	for _, o := range outcomes(t, d, 0) {
		kinds[o.Kind]++
		if o.Kind == insight.CheckoutEnded && (o.Dims[insight.DimSystem] == "" || o.Dims[insight.DimMethod] == "" || o.Dims[insight.DimProduct] == "") {
			bare++
		}
		i := int(o.At-from.Add(quiet).UnixMicro()) / int(length.Microseconds())
		if o.At < from.Add(quiet).UnixMicro() || o.Bad < 1 || o.Again {
			continue
		}
		area := o.Dims[insight.DimArea]
		about, isIt := false, false
		switch scenes[min(i, len(scenes)-1)] {
		case shop.UPI:
			about, isIt = o.Kind == insight.CheckoutEnded, o.Dims[insight.DimMethod] == "upi" && o.Dims[insight.DimDevice] == "Android"
		case shop.DyeLot:
			about, isIt = o.Kind == insight.OpinionGiven && o.Dims[insight.DimLot] != "", o.Dims[insight.DimLot] == "lot 27"
		case shop.Strike:
			about, isIt = o.Kind == insight.OpinionGiven && area != "" && strings.Contains(o.Dims[insight.DimTopic], "delivery"), area == "IN 1" || area == "IN 2" || area == "IN 3"
		}
		if about {
			n := of[scenes[i]]
			n[0]++
			if isIt {
				n[1]++
			}
			of[scenes[i]] = n
		}
	}
	if kinds[insight.CheckoutEnded] < 500 || kinds[insight.DeliveryEnded] < 200 || kinds[insight.ReplyWaitedFor] < 20 || bare > 0 {
		t.Errorf("%v, %d checkouts without their device, method or product", kinds, bare)
	}
	for _, scene := range scenes[:3] {
		if n := of[scene]; n[0] < 15 || 10*n[1] < 8*n[0] {
			t.Errorf("%s: %d of %d bad outcomes are what it is about", scene, n[1], n[0])
		}
	}
	var prices []string
	for _, line := range changes(t, d) {
		if strings.HasPrefix(line, "price") {
			prices = append(prices, line)
		}
	}
	if len(prices) != 1 || !strings.Contains(prices[0], "product:sar-01") {
		t.Errorf("prices changed: %q", prices)
	}
}
