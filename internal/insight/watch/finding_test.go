package watch

import (
	"testing"

	"github.com/dhvani/dhvani/internal/insight"
	"github.com/dhvani/dhvani/internal/insight/incident"
)

// leads are the signals that signs are of, as an Insight would list them.
func leads(signs ...incident.Sign) (f found, signals []*signal) {
	f.Signs = signs
	for _, x := range signs {
		signals = append(signals, &signal{name: x.Signal, kind: x.Outcome, count: x.Name})
	}
	return f, signals
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
		f, signals := leads(test.signs...)
		f.contraryLast(signals)
		if f.Signs[0].Signal != test.want || signals[0].name != test.want || len(f.Signs) != len(test.signs) {
			t.Errorf("%s is first, not %s", f.Signs[0].Signal, test.want)
		}
	}
}
