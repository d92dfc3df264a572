// Package shop is a shop that does not exist: Tantu Handloom, with what it
// sells, and shoppers who browse, buy, wait for their parcels, and say what
// they think in seven languages. A seed decides everything they do, so the same
// seed gives the same events. A Player sends them to a running Dhvani as the
// pages and the server of a real shop would.
package shop

import (
	"container/heap"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"strconv"
	"strings"
	"time"
)

// Name of the shop.
const Name = "Tantu Handloom"

const shoppers = 300

// Event is what one shopper did, in the simulation's time.
type Event struct {
	At     time.Time
	Server bool // sent by the shop's server; else by a page
	fields map[string]any
}

// JSON writes the event in the Segment format, as of a time.
func (e Event) JSON(at time.Time) []byte {
	e.fields["timestamp"] = at.UTC().Format("2006-01-02T15:04:05.000Z")
	b, err := json.Marshal(e.fields)
	if err != nil {
		panic(err) // strings, numbers and maps of them can be written
	}
	return b
}

// Shop simulates the shop from a time on.
type Shop struct {
	random *rand.Rand
	run    string // part of all ids, so that two simulations do not share any
	steps  queue
	count  int // of events
	orders int
	people []*shopper
}

type shopper struct {
	*voice
	id, anonymous, name, city, email, handle string
	known                                    bool // has an account and is signed in
	marketing                                bool // said yes to it
}

// step is something that will happen: an event, or a decision with new steps.
type step struct {
	at    time.Time
	event *Event
	do    func(at time.Time)
}

// New returns a shop whose first day is the one of start.
func New(seed uint64, start time.Time) *Shop {
	s := &Shop{random: rand.New(rand.NewPCG(seed, 1)), run: strconv.FormatInt(start.Unix(), 36)}
	for i := range shoppers {
		s.people = append(s.people, s.shopper(i))
	}
	s.at(start.UTC().Truncate(24*time.Hour), s.day)
	return s
}

func (s *Shop) shopper(i int) *shopper {
	v, roll := 0, s.random.IntN(100)
	for ; roll >= voices[v].weight; v++ {
		roll -= voices[v].weight
	}
	p := &shopper{voice: &voices[v], id: fmt.Sprintf("cust-%04d", i+1), anonymous: fmt.Sprintf("anon-%016x", s.random.Uint64())}
	p.name, p.city = pick(s, p.names), pick(s, p.cities)
	first, _, _ := strings.Cut(strings.ToLower(p.name), " ")
	first = strings.NewReplacer("í", "i").Replace(first)
	p.email = fmt.Sprintf("%s.%d@example.com", first, i+1)
	p.handle = fmt.Sprintf("%s_%d", first, i+1)
	p.marketing = s.chance(60)
	return p
}

// Until returns the events that happen before a time and were not returned yet,
// in order.
func (s *Shop) Until(t time.Time) []Event {
	var out []Event
	for len(s.steps) > 0 && s.steps[0].at.Before(t) {
		next := heap.Pop(&s.steps).(step)
		if next.event != nil {
			out = append(out, *next.event)
		} else {
			next.do(next.at)
		}
	}
	return out
}

// at lets something happen at a time.
func (s *Shop) at(t time.Time, do func(time.Time)) {
	heap.Push(&s.steps, step{at: t, do: do})
}

// says lets a shopper's event happen at a time; call is a call of the Segment
// format, or the name of a track event.
func (s *Shop) says(t time.Time, p *shopper, server bool, call string, data map[string]any) {
	s.count++
	fields := map[string]any{
		"messageId": fmt.Sprintf("shop-%s-%d", s.run, s.count), "type": "track", "event": call, "properties": data,
		"context": map[string]any{
			"locale": p.locale, "library": map[string]any{"name": "tantu-" + map[bool]string{true: "server", false: "web"}[server], "version": "1.0"},
			"consent": map[string]any{"categoryPreferences": map[string]any{"Analytics": true, "Advertising": p.marketing}},
		},
	}
	if p.known || server {
		fields["userId"] = p.id
	}
	if !server {
		fields["anonymousId"] = p.anonymous
	}
	switch call {
	case "identify":
		delete(fields, "event")
		delete(fields, "properties")
		fields["type"], fields["traits"], fields["anonymousId"] = call, data, p.anonymous
	case "page":
		delete(fields, "event")
		fields["type"], fields["name"] = call, data["title"]
	case "Social Mention": // the network tells the handle, not who it is
		delete(fields, "userId")
		fields["anonymousId"] = "instagram-" + p.handle
	}
	heap.Push(&s.steps, step{at: t, event: &Event{At: t, Server: server, fields: fields}})
}

func (s *Shop) chance(percent int) bool { return s.random.IntN(100) < percent }

// between returns a duration from a to b.
func (s *Shop) between(a, b time.Duration) time.Duration {
	return a + time.Duration(s.random.Int64N(int64(b-a)))
}

func pick[T any](s *Shop, list []T) T { return list[s.random.IntN(len(list))] }

// queue is a heap of steps by time.
type queue []step

func (q queue) Len() int           { return len(q) }
func (q queue) Less(i, j int) bool { return q[i].at.Before(q[j].at) }
func (q queue) Swap(i, j int)      { q[i], q[j] = q[j], q[i] }
func (q *queue) Push(x any)        { *q = append(*q, x.(step)) }
func (q *queue) Pop() any {
	old := *q
	last := old[len(old)-1]
	*q = old[:len(old)-1]
	return last
}
