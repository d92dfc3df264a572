package shop

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"github.com/dhvani/dhvani/internal/event"
)

var born = time.Date(2026, 11, 22, 9, 0, 0, 0, time.UTC)

// small is a plan of a small shop, under which tests take little time.
func small(spans ...Span) *Plan { return &Plan{Born: born, Scale: .4, Spans: spans} }

// days returns so many days of events before the birth as JSON lines, asked for
// in steps.
func days(seed uint64, n int, step time.Duration, plan *Plan) []byte {
	from := born.Add(-time.Duration(n) * day)
	s := New(seed, from, plan)
	var b []byte
	for t := from; t.Before(born); {
		t = t.Add(step)
		for _, e := range s.Until(t) {
			b = append(e.AppendJSON(b, e.At), '\n')
		}
	}
	return b
}

func TestSameSeedSameEvents(t *testing.T) {
	scene := Span{From: born.Add(-9 * time.Hour), Live: true, Speed: 2, Scene: DyeLot}
	once := days(1, 10, 10*day, small(scene))
	if !bytes.Equal(once, days(1, 10, time.Hour, small(scene))) {
		t.Error("the same seed gives other events when asked for in other steps")
	}
	if bytes.Equal(once, days(2, 10, 10*day, small(scene))) {
		t.Error("another seed gives the same events")
	}
	calm := days(1, 10, 10*day, small())
	if n := bytes.Index(once, []byte(`"timestamp":"2026-11-22T0`)); n < 0 || !bytes.HasPrefix(calm, once[:bytes.LastIndexByte(once[:n], 10)]) {
		t.Error("a scene changes what was before it")
	}
}

func TestEvents(t *testing.T) {
	names, locales, ids := map[string]int{}, map[string]int{}, map[string]bool{}
	n, last := 0, int64(0)
	for line := range strings.Lines(string(days(1, 21, day, small()))) {
		e, err := event.Decode(line, &event.Defaults{ReceivedAt: born.Add(day).UnixMicro(), Flags: event.History})
		if err != nil {
			t.Fatalf("%v: %s", err, line)
		}
		if e.At < last || ids[e.MessageID] {
			t.Fatalf("out of order, or twice: %s", line)
		}
		n, last, ids[e.MessageID] = n+1, e.At, true
		names[e.Name]++
		locales[event.ParseObject(e.Context).Text("locale")]++
		if e.Name != "" && e.Type == event.Track && e.Verb() == event.OtherVerb {
			t.Errorf("%q is no word of ours", e.Name)
		}
	}
	if n < 8000 || n > 60_000 || len(locales) != len(voices) {
		t.Errorf("%d events, of %v", n, locales)
	}
	for _, name := range []string{
		"Products Searched", "Checkout Failed", "Order Completed", "Order Delivered", "Order Refunded", "Product Reviewed", "Survey Answered",
		"Live Chat Message Sent", "Social Mention", "Email Replied", "Store Visit", "Order Cancelled",
	} {
		if names[name] == 0 {
			t.Errorf("no %s in %v", name, names)
		}
	}
}

// TestRhythm holds the shop's day, week and weekly crowd to what is documented.
func TestRhythm(t *testing.T) {
	sum, week := 0.0, 0.0
	for _, n := range rhythm {
		sum += n
	}
	for _, n := range weekdays {
		week += n
	}
	if sum < 99 || sum > 101 || week < 6.9 || week > 7.2 {
		t.Errorf("the day comes to %v %%, the week to %v days", sum, week)
	}
	p := &Plan{Born: born}
	for _, c := range []struct {
		at    time.Time
		crowd bool
	}{
		{born, true}, {born.Add(-time.Hour), true}, {born.Add(-2 * time.Hour), false}, {born.Add(-7 * day), true}, {born.Add(-56 * day), true},
		{born.Add(-3 * day), false}, {born.Add(100 * time.Minute), true}, {born.Add(4 * time.Hour), false},
	} {
		if p.crowd(c.at) != c.crowd {
			t.Errorf("a crowd at %s: %v", c.at, !c.crowd)
		}
	}
	if night, evening := p.at(born.Add(-62*time.Hour+12*time.Hour)).rate, p.at(born.Add(-56*time.Hour+6*time.Hour)).rate; night <= 0 || evening <= 0 {
		t.Errorf("nobody comes: %v %v", night, evening)
	}
}

// texts are what customers write, by section of the voices.
func TestVoices(t *testing.T) {
	sections := []string{
		"places", "searches", "missing", "answers", "occasion", "good", "good cloth", "good brass", "good gift", "but", "but cloth", "meh", "meh cloth", "bad", "bad cloth",
		"bad brass", "bad gift", "size", "delgood", "dellate", "packgood", "packbad", "pricegood", "pricehigh", "servgood", "servbad", "refundbad", "webgood", "webbad",
		"payfail", "upifail", "bleed", "strike", "pricerise", "viral", "ask", "askopen", "gladopen", "gladclose", "badopen", "badclose",
	}
	for _, v := range voices {
		n, seen := 0, map[string]bool{}
		for name, lines := range v.texts {
			for _, line := range lines {
				if key := name + line; seen[key] {
					t.Errorf("%s says %q twice", v.code, line)
				} else {
					seen[key] = true
				}
			}
			n += len(lines)
		}
		for _, name := range sections {
			if len(v.texts[name]) == 0 {
				t.Errorf("%s has nothing to say under [%s]", v.code, name)
			}
		}
		if len(v.texts) != len(sections) {
			t.Errorf("%s has %d sections, not %d", v.code, len(v.texts), len(sections))
		}
		if n < 90 || len(v.given) < 15 || len(v.family) < 10 {
			t.Errorf("%s has only %d lines, %d names", v.code, n, len(v.given))
		}
	}
	weight := 0.0
	for _, v := range voices {
		weight += v.weight
	}
	if weight != 100 {
		t.Errorf("the voices come to %v %%", weight)
	}
}

// TestVariety measures how often customers repeat each other.
func TestVariety(t *testing.T) {
	seen, n := map[string]int{}, 0
	for line := range strings.Lines(string(days(1, 60, 5*day, small()))) {
		p := event.ParseObject(event.ParseObject(strings.TrimSpace(line)).Get("properties"))
		if p.Text("sender") == "agent" {
			continue
		}
		if text := p.First("review_body", "text", "remark"); text != "" {
			seen[text]++
			n++
		}
	}
	if share := float64(len(seen)) / float64(n); n < 2000 || share < .6 {
		t.Errorf("of %d texts only %d differ", n, len(seen))
	}
}

func TestCatalogue(t *testing.T) {
	if len(catalogue) != 120 {
		t.Errorf("%d products", len(catalogue))
	}
	for _, language := range Languages {
		names, about := map[string]string{}, map[string]string{}
		for i := range catalogue {
			p := &catalogue[i]
			name, text := p.Name(language), p.Description(language)
			if other := names[name]; other != "" {
				t.Errorf("%s: %s and %s are both called %s", language, other, p.id, name)
			}
			key := name + text
			if names[name], about[key] = p.id, p.id; len(name) < 5 || len(text) < 20 {
				t.Errorf("%s: %q, %q", p.id, name, text)
			}
		}
	}
	if n := len(byID); n != 120 {
		t.Errorf("%d ids", n)
	}
	for _, id := range append([]string{bestseller, viralProduct}, indigoStoles...) {
		if byID[id] == nil {
			t.Errorf("no product %s", id)
		}
	}
}

// TestPeople holds addresses and numbers to those that belong to nobody.
func TestPeople(t *testing.T) {
	s := New(1, born, small())
	emails := map[string]bool{}
	for i := range 2000 {
		p := s.person(i)
		if !strings.Contains(p.email, "@example.") {
			t.Errorf("%s may be somebody's address", p.email)
		}
		if p.phone != "" && (len(p.phone) != 12 || p.phone[5:9] != "5550" || p.phone[9] != '1') {
			t.Errorf("%s may be somebody's number", p.phone)
		}
		emails[p.email] = true
	}
	if len(emails) < 1900 {
		t.Errorf("2,000 people have only %d addresses", len(emails))
	}
	if other := New(1, born.Add(-day), small()).person(77); other.name != s.person(77).name {
		t.Error("who somebody is depends on when the shop begins")
	}
}
