// Package impact estimates what a trouble cost.
package impact

import "github.com/dhvani/dhvani/internal/event"

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
