package shop

import (
	"slices"
	"time"
)

// Plan says how many shoppers come and which scene is played, at any time. It is
// all that a simulation needs beside its seed.
type Plan struct {
	Born  time.Time // when the demo began; its past ends there
	Spans []Span    // in order of time
	Scale float64   // how large the shop is; 0 is 1
}

// Span is a time from which on other rules hold.
type Span struct {
	From  time.Time `json:"from"`
	Live  bool      `json:"live"`            // the demo runs
	Speed float64   `json:"speed"`           // how many times as fast as usual
	Scene string    `json:"scene,omitempty"` // "" where all is well
}

const (
	// Past is how much lies behind a shop when its demo begins.
	Past = 60 * day

	// On the weekday and at the hour at which the demo begins the shop has its
	// weekly crowd, in the past too: so a newcomer finds a full shop at any hour,
	// and it is as full as such hours usually are.
	crowdBefore = 60 * time.Minute
	crowdAfter  = 3 * time.Hour
	crowdVisits = 18.0 // a minute

	dayVisits = 460.0 // in all of an ordinary day
)

// rhythm is how the visits of a day spread over the hours in India, in percent.
var rhythm = [24]float64{2.6, 1.5, .9, .6, .5, .8, 1.6, 2.7, 3.7, 4.5, 5.1, 5.5, 5.6, 5.4, 5, 4.6, 4.5, 4.9, 5.6, 6.6, 7.7, 8.3, 7.4, 4.9}

// weekdays is how busy they are, Sunday first.
var weekdays = [7]float64{1.22, .9, .92, .95, .98, 1.04, 1.16}

// festivals are days of 2026 and 2027 before which Indians give presents.
var festivals = []time.Time{
	date(2026, 1, 14), date(2026, 3, 4), date(2026, 4, 14), date(2026, 8, 28), date(2026, 10, 20), date(2026, 11, 8), date(2026, 12, 25),
	date(2027, 1, 14), date(2027, 3, 22), date(2027, 4, 14), date(2027, 8, 17), date(2027, 10, 9), date(2027, 10, 29), date(2027, 12, 25),
}

func date(y int, m time.Month, d int) time.Time { return time.Date(y, m, d, 12, 0, 0, 0, Zone) }

// moment is what the plan says of a minute.
type moment struct {
	Span
	rate  float64 // visits a minute
	speed float64
	since time.Duration // the scene began
}

func (p *Plan) at(t time.Time) moment {
	m := moment{speed: 1}
	i, found := slices.BinarySearchFunc(p.Spans, t, func(s Span, t time.Time) int { return s.From.Compare(t) })
	if !found {
		i--
	}
	if i >= 0 {
		m.Span = p.Spans[i]
		m.since = t.Sub(m.From)
	}
	if m.Live && m.Speed > 0 {
		m.speed = m.Speed
	}
	m.rate = dayVisits / (24 * 60) * season(t) * p.growth(t)
	if m.Live || p.crowd(t) {
		m.rate = crowdVisits * p.growth(t)
	}
	if sc := scenes[m.Scene]; sc.visits > 0 {
		m.rate *= sc.visits
	}
	if p.Scale > 0 {
		m.rate *= p.Scale
	}
	m.rate *= m.speed
	return m
}

// crowd reports whether a time lies in the weekly hours of the crowd.
func (p *Plan) crowd(t time.Time) bool {
	since := t.Sub(p.Born.Add(-crowdBefore)) % (7 * day)
	if since < 0 {
		since += 7 * day
	}
	return since < crowdBefore+crowdAfter
}

// growth is how many come against the day on which the demo began: a little
// more every week.
func (p *Plan) growth(t time.Time) float64 {
	weeks := t.Sub(p.Born).Hours() / (24 * 7)
	return min(1.1, max(.8, 1+weeks*.012))
}

// season is how busy a time is by hour, weekday and festival; 1 on average.
func season(t time.Time) float64 {
	t = t.In(Zone)
	into := float64(t.Minute()) / 60
	hour := rhythm[t.Hour()]*(1-into) + rhythm[(t.Hour()+1)%24]*into
	f := hour / 100 * 24 * weekdays[t.Weekday()]
	for _, d := range festivals {
		if left := d.Sub(t); left > 0 && left < 9*day {
			f *= 1.35
		}
	}
	return f
}
