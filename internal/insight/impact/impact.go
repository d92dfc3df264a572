// Package impact estimates what a trouble cost: orders and money that would have come, less those that came all the same.
//
// The truth is a comparison with a world without the trouble, which nobody sees. What is known are the customers who failed,
// how many fail usually and how surely that is known, who got through after all so far, and what was in the carts. From these
// the estimate draws worlds that agree with all of it, and takes the mean of what was lost in them and the 5th and 95th
// percentile. Its draws come from a fixed seed: the same input gives the same output. There is no clock and no database.
package impact

import (
	"cmp"
	"math"
	"math/rand/v2"
	"slices"

	"github.com/dhvani/dhvani/internal/event"
)

// Lost are the orders and the money that a trouble cost so far, net of what was
// recovered, each with a 90 % interval.
type Lost struct {
	Orders float64 `json:"orders"`
	Low    float64 `json:"low"`
	High   float64 `json:"high"`
	Money  []Money `json:"money,omitzero"` // by currency, the most first
}

// Money is an amount with its interval.
type Money struct {
	Currency string           `json:"currency"`
	Amount   event.Millionths `json:"amount"`
	Low      event.Millionths `json:"low"`
	High     event.Millionths `json:"high"`
}

// Usual is what is usual, with the band of a detector around it (detect.Reading): a share, or a number of orders.
type Usual struct {
	Mean, Low, High float64
}

// A detector's band reaches so many standard deviations to each side: 1 or 1.5 of what is not known of the level, 1.8 or 2 of what
// hours and days differ beyond chance, of a share or a count.
const (
	shareBand = 1.7
	countBand = 2
)

// deviation is the standard deviation of the logarithm.
func (u Usual) deviation(band float64) float64 {
	if u.Low <= 0 || u.High <= u.Low {
		return 0.3
	}
	return clamp(math.Log(u.High/u.Low)/2/band, 0.02, 1)
}

// Order is the value of an order.
type Order struct {
	Currency string
	Amount   event.Millionths
}

// worlds are drawn for an estimate.
const worlds = 2000

// few are customers of whom each is drawn; of more, only their sum.
const few = 200

// sums gathers what was lost in each world.
type sums struct {
	orders []float64
	money  map[string][]float64
}

func newSums(currencies []string) *sums {
	s := &sums{orders: make([]float64, worlds), money: make(map[string][]float64)}
	for _, c := range currencies {
		s.money[c] = make([]float64, worlds)
	}
	return s
}

func (s *sums) lost() (out Lost) {
	out.Orders, out.Low, out.High = interval(s.orders)
	for c, xs := range s.money {
		m, low, high := interval(xs)
		out.Money = append(out.Money, Money{Currency: c, Amount: millionths(m), Low: millionths(low), High: millionths(high)})
	}
	slices.SortFunc(out.Money, func(a, b Money) int {
		return cmp.Or(cmp.Compare(b.Amount, a.Amount), cmp.Compare(a.Currency, b.Currency))
	})
	return out
}

// interval is the mean, and the 5th and 95th percentile.
func interval(xs []float64) (mean, low, high float64) {
	for _, x := range xs {
		mean += x / float64(len(xs))
	}
	slices.Sort(xs)
	return mean, xs[len(xs)/20], xs[len(xs)-1-len(xs)/20]
}

func millionths(x float64) event.Millionths {
	return event.Millionths(clamp(math.Round(x), 0, 9e18))
}

// values are what orders are worth where that is not known: those of other orders.
type values struct {
	orders []Order
	mean   map[string]float64 // of an order, by currency; 0 in those of another
	square map[string]float64
}

func newValues(known ...[]Order) *values {
	v := &values{mean: map[string]float64{}, square: map[string]float64{}}
	for _, orders := range known {
		for _, o := range orders {
			if o.Amount > 0 {
				v.orders = append(v.orders, o)
			}
		}
		if len(v.orders) >= 10 {
			break // enough of the better kind
		}
	}
	for _, o := range v.orders {
		x := float64(o.Amount)
		v.mean[o.Currency] += x / float64(len(v.orders))
		v.square[o.Currency] += x * x / float64(len(v.orders))
	}
	return v
}

// draw is one of them.
func (v *values) draw(r *rand.Rand) Order {
	if len(v.orders) == 0 {
		return Order{}
	}
	return v.orders[r.IntN(len(v.orders))]
}

func source() *rand.Rand { return rand.New(rand.NewPCG(0x6468, 0x76616e69)) }

func clamp(x, low, high float64) float64 { return max(low, min(high, x)) }
