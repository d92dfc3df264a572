package watch

import (
	"testing"

	"github.com/dhvani/dhvani/internal/insight"
	"github.com/dhvani/dhvani/internal/insight/cause"
	"github.com/dhvani/dhvani/internal/insight/incident"
)

// leads are the signals that signs are of, as an Insight would list them.
func leads(signs ...incident.Sign) (f found) {
	f.Signs = signs
	for _, x := range signs {
		g := &signal{name: x.Signal, kind: x.Outcome, count: x.Name}
		if len(x.Of) > 0 {
			g.of = x.Of[0]
		}
		f.signals = append(f.signals, g)
	}
	return f
}

// "Parcels are late" over "6.7 % are late, usually 16 %" is no sentence.
func TestAFigureThatContradictsItsSignIsNotTheFirst(t *testing.T) {
	late := incident.Sign{Signal: "delivery", Outcome: insight.DeliveryEnded, Up: true, Excess: -9}
	area := incident.Sign{Signal: "delivery/area=BR 2", Outcome: insight.DeliveryEnded, Up: true, Excess: 4}
	orders := incident.Sign{Signal: "number of orders", Name: insight.Orders, Excess: 2} // fewer came by day, and now it is night
	for _, test := range []struct {
		signs []incident.Sign
		want  string
	}{
		{[]incident.Sign{late, area}, area.Signal},
		{[]incident.Sign{area, late}, area.Signal},
		{[]incident.Sign{late}, late.Signal},
		{[]incident.Sign{orders, area}, orders.Signal},
	} {
		f := leads(test.signs...)
		f.contraryLast()
		if f.Signs[0].Signal != test.want || f.signals[0].name != test.want || len(f.Signs) != len(test.signs) {
			t.Errorf("%s is first, not %s", f.Signs[0].Signal, test.want)
		}
	}
}

// Late parcels are named by all of them, or by the area with the most late ones, which another must have clearly more than; a cause that is sure comes first.
func TestWhatIsNamedStays(t *testing.T) {
	area := func(name string, excess float64) incident.Sign {
		return incident.Sign{Signal: "delivery/area=" + name, Outcome: insight.DeliveryEnded, Up: true, Excess: excess, Of: []cause.Pair{{Dim: "area", Value: name}}}
	}
	all := incident.Sign{Signal: "delivery", Outcome: insight.DeliveryEnded, Up: true, Excess: 30}
	voice := incident.Sign{Signal: "opinion", Outcome: insight.OpinionGiven, Up: true, Excess: 99}
	for name, test := range map[string]struct {
		signs []incident.Sign // the strongest first
		named string
		sure  string // area
		want  string
	}{
		"all of them":                 {[]incident.Sign{area("0", 9), all, area("1", 40)}, "delivery/area=0", "", "delivery"},
		"the worst":                   {[]incident.Sign{area("0", 9), area("2", 12), voice}, "", "", "delivery/area=2"},
		"hardly more":                 {[]incident.Sign{area("0", 9), area("2", 12)}, "delivery/area=0", "", "delivery/area=0"},
		"clearly more":                {[]incident.Sign{area("0", 9), area("2", 14)}, "delivery/area=0", "", "delivery/area=2"},
		"it is sure where it is":      {[]incident.Sign{all, area("0", 9), area("2", 14)}, "delivery", "0", "delivery/area=0"},
		"the figure contradicts that": {[]incident.Sign{area("2", 14), area("0", -20)}, "", "", "delivery/area=2"},
	} {
		f := leads(test.signs...)
		if test.sure != "" {
			f.Sure, f.Causes = true, []cause.Cause{{Pairs: []cause.Pair{{Dim: "area", Value: test.sure}}}}
		}
		f.lead(test.named)
		if f.Signs[0].Signal != test.want || f.signals[0].name != test.want {
			t.Errorf("%s: named by %s, not %s", name, f.Signs[0].Signal, test.want)
		}
	}
}
