package insight

import (
	"strings"

	"github.com/dhvani/dhvani/internal/event"
)

// vitalNames are the Web Vitals as browsers' scripts call them.
var vitalNames = map[string]OutcomeKind{"lcp": PaintTook, "inp": InputTook, "cls": LayoutMove, "ttfb": ServerTook}

// vitalKinds are they in the order in which an event's are kept.
var vitalKinds = []struct {
	name string
	kind OutcomeKind
}{{"lcp", PaintTook}, {"inp", InputTook}, {"cls", LayoutMove}, {"ttfb", ServerTook}}

// pageEvent tells what a page's event is about: an error, Web Vitals, or neither.
func pageEvent(name string) (isError, isVital bool) {
	if len(name) > longestPageEvent {
		return false, false
	}
	name = strings.ToLower(strings.TrimSpace(name))
	if pageErrors[name] {
		return true, false
	}
	name = strings.NewReplacer("$", "", "_", "", "-", "", " ", "").Replace(name)
	return false, vitalEvents[name] || vitalNames[name] != ""
}

// vitalEvents are the names of events with Web Vitals, without what stands between
// their words. One that is called like a vital holds that one, as GA4's.
var vitalEvents = map[string]bool{"webvital": true, "webvitals": true, "corewebvital": true, "corewebvitals": true}

// measured makes outcomes of Web Vitals, as PostHog, the web-vitals library, GA4 or the
// shop itself names them, and of the page that was measured.
func (w *watched) measured(e *event.Event, p event.Object) {
	var d values
	d.learn(e)
	one := strings.ToLower(p.First("name", "metric", "metric_name", "metricName"))
	if one == "" {
		one = strings.ToLower(strings.TrimSpace(e.Name))
	}
	any := false
	for _, v := range vitalKinds {
		upper := strings.ToUpper(v.name)
		text := p.First(v.name, upper, "$web_vitals_"+upper+"_value")
		if text == "" && one == v.name {
			text = p.First("metric_value", "metricValue", "value")
		}
		value, ok := event.ParseMillionths(text)
		x := value.Float()
		if !ok || x < 0 || x == 0 && v.kind != LayoutMove { // a page that was prerendered, or came back, took no time
			continue
		}
		if v.kind == PaintTook && x < 30 { // seconds
			x *= 1000
		}
		any = true
		w.outcome(e, Outcome{Kind: v.kind, Bad: vitals[v.kind].Bad(x)}, d)
	}
	if any {
		w.outcome(e, Outcome{Kind: PageDisturbed}, d)
	}
}
