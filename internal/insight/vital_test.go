package insight_test

import (
	"math"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/dhvani/dhvani/internal/db/dbtest"
	"github.com/dhvani/dhvani/internal/feedback"
	"github.com/dhvani/dhvani/internal/insight"
)

// Web Vitals are understood as the clients that shops use send them.
func TestVitals(t *testing.T) {
	for _, c := range []struct {
		name, event, properties string
		want                    []string
	}{
		{"PostHog", "$web_vitals", `{"$web_vitals_LCP_value":2000,"$web_vitals_FCP_value":900,"$web_vitals_CLS_value":0}`, []string{"lcp+1 0.4", "cls+1 0", "page+1 0"}},
		{"one object", "Web Vitals", `{"lcp":"2000","ttfb":200.0,"inp":25}`, []string{"lcp+1 0.4", "inp+1 0", "ttfb+1 0.166667", "page+1 0"}},
		{"the web-vitals library", "web-vitals", `{"name":"INP","value":1600,"delta":8,"rating":"poor","id":"v5-1"}`, []string{"inp+1 1", "page+1 0"}},
		{"GA4", "LCP", `{"value":8,"metric_id":"v3-1","metric_value":2000,"metric_delta":8}`, []string{"lcp+1 0.4", "page+1 0"}},
		{"GA4, one name", "Core_Web_Vitals", `{"metric_name":"TTFB","metric_value":200}`, []string{"ttfb+1 0.166667", "page+1 0"}},
		{"seconds", "Web Vital", `{"metric":"lcp","value":2}`, []string{"lcp+1 0.4", "page+1 0"}},
		{"beyond the ends", "Web Vitals", `{"lcp":900000,"cls":0.001,"inp":1,"ttfb":1e9}`, []string{"lcp+1 1", "inp+1 0", "cls+1 0", "ttfb+1 1", "page+1 0"}},
		{"no values", "Web Vitals", `{"lcp":-1,"inp":"fast","ttfb":0,"cls":null,"fcp":12}`, []string{}},
		{"another event", "Vital signs", `{"lcp":2000}`, []string{}},
	} {
		t.Run(c.name, func(t *testing.T) {
			d := dbtest.SQLite(t)
			dbtest.Workspace(t, d, 1)
			watch(t, d, 0, ev("a", "Checkout Started", 0, `{"order_id":"1"}`), ev("a", c.event, 1, c.properties))
			if diff := cmp.Diff(c.want, said(outcomes(t, d, 0))); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// What the shop's server says of pages is not believed, and a page before the
// checkout is none of it.
func TestVitalsElsewhere(t *testing.T) {
	d := dbtest.SQLite(t)
	dbtest.Workspace(t, d, 1)
	watch(t, d, 0, ev("a", "LCP", 0, `{"value":2000}`), ev("a", "Checkout Started", 1, `{"order_id":"1"}`), vouched(ev("a", "LCP", 2, `{"value":2000}`)))
	if got := outcomes(t, d, 0); len(got) > 0 {
		t.Errorf("%v", said(got))
	}
}

// A measure turns a number into how bad it is and back, and more of what is bad is
// worse.
func TestMeasures(t *testing.T) {
	type named struct {
		kind  insight.OutcomeKind
		score string
	}
	all := []named{{insight.PaintTook, ""}, {insight.InputTook, ""}, {insight.LayoutMove, ""}, {insight.ServerTook, ""},
		{insight.RatingGiven, ""}, {insight.RatingGiven, feedback.NPS}, {insight.RatingGiven, feedback.CSAT}, {insight.RatingGiven, feedback.CES}}
	rapid.Check(t, func(t *rapid.T) {
		k := rapid.SampledFrom(all).Draw(t, "kind")
		m, ok := insight.MeasureOf(k.kind, k.score)
		a, b := rapid.Float64Range(0, 1).Draw(t, "a"), rapid.Float64Range(0, 1).Draw(t, "b")
		if !ok || math.Abs(m.Bad(m.Value(a))-a) > 1e-9 {
			t.Fatalf("%v: %v becomes %v and %v", k, a, m.Value(a), m.Bad(m.Value(a)))
		}
		if b-a > 1e-9 && (m.Value(a) < m.Value(b)) == m.Falls() {
			t.Fatalf("%v: %v is %v, %v is %v", k, a, m.Value(a), b, m.Value(b))
		}
		if x := m.Bad(rapid.Float64().Draw(t, "any")); !(x >= 0 && x <= 1) {
			t.Fatalf("%v is as bad as %v", k, x)
		}
	})
	for _, share := range []insight.OutcomeKind{insight.CheckoutEnded, insight.PageDisturbed, insight.ReplyWaitedFor} {
		if _, ok := insight.MeasureOf(share, ""); ok {
			t.Errorf("%s has a measure", share)
		}
	}
}
