package console

import (
	"strings"
	"testing"
	"time"

	"github.com/dhvani/dhvani/internal/console/ui"
	"github.com/dhvani/dhvani/internal/feedback"
	"github.com/dhvani/dhvani/internal/insight"
	"github.com/dhvani/dhvani/internal/locale"
	"github.com/dhvani/dhvani/internal/workspace"
)

func liveSample() *livePage {
	at := time.Date(2026, 7, 14, 14, 0, 0, 0, time.UTC)
	o := &insight.Overview{Range: insight.Hour, Until: at.Add(2 * time.Minute), Since: at, Here: 142, Paying: 31,
		Bounds: []time.Time{at, at.Add(time.Minute), at.Add(2 * time.Minute)},
		Points: []insight.Point{{Good: 3, Bought: 8, Failed: 1}, {Bad: 2, Bought: 2, Failed: 9, UsualBad: insight.Usual{Low: 1, High: 3, N: 8}}},
		Voices: insight.Counted{N: 5}, Orders: insight.Counted{N: 10, Usual: insight.Usual{Low: 8, High: 12, Middle: 10, N: 8}},
		Money: []insight.Money{{Currency: "INR", N: 10, Amount: 31_000_000_000}},
		Steps: []insight.Step{{Name: insight.Visits, Counted: insight.Counted{N: 100}}, {Name: insight.Viewed, Counted: insight.Counted{N: 40},
			Rate: insight.Rate{N: 100, Share: 0.4, Low: 0.31, High: 0.5, Usual: insight.Usual{Low: 0.6, High: 0.7, N: 8}}}},
		Checkout: insight.Rate{N: 20, Share: 0.5, Low: 0.3, High: 0.7, Usual: insight.Usual{Low: 0.93, High: 0.96, N: 8}},
		Methods:  []insight.Method{{Name: "upi", Rate: insight.Rate{N: 20, Share: 0.5, Low: 0.3, High: 0.7}}, {Name: "cash_on_delivery", Rate: insight.Rate{N: 2, Share: 1, Low: 0.3, High: 1}}},
		Failures: []insight.Failure{{Method: "upi", Reason: "upi timeout", N: 10}}, Selling: []insight.Product{{ID: "p", Name: "<Stole>", Pieces: 2, Seen: 9}},
		Searches: 4, NotFound: []insight.Missed{{Text: "<peacock>", N: 2}},
	}
	rating, value := 1.0, 41.0
	return &livePage{Overview: o, Location: time.UTC,
		Scores: []liveScore{
			{feedback.Score{Kind: feedback.NPS, Figures: feedback.Figures{N: 612, Value: &value, Low: &value, High: &value}}, 30},
			{feedback.Score{Kind: feedback.CSAT, Figures: feedback.Figures{}}, 7},
			{feedback.Score{Kind: feedback.Rating, Scale: 5, Figures: feedback.Figures{N: 3, Value: &value, Distribution: map[string]int64{"5": 2, "1": 1}}}, 30},
		},
		Said: []liveVoice{{feedback.Item{ID: "o1", CustomerID: "00000000-0000-8000-8000-000000004c1f", At: "2026-07-14T14:00:00.000Z", Channel: feedback.Review, Kind: feedback.Rating,
			Text: "<script>रंग</script>", Rating: &rating, Scale: 5, Mood: feedback.Bad}, ""}},
	}
}

func liveHTML(t *testing.T, v *ui.Viewer, p *livePage) string {
	t.Helper()
	var b strings.Builder
	if err := liveView(v, p).Render(t.Context(), &b); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// The page in every language: what shoppers wrote is escaped, trouble is marked,
// few answers stand for themselves, and no style or script is in the way.
func TestLivePage(t *testing.T) {
	for _, lang := range locale.Langs {
		v := demoViewer(workspace.Agent, lang)
		html := liveHTML(t, v, liveSample())
		for _, want := range []string{`id="live-now"`, `id="live-stats"`, `id="live-wave"`, `id="live-voices"`, `id="live-funnel"`, `id="live-checkout"`, `id="live-selling"`, `id="live-missed"`,
			"&lt;Stole&gt;", "&lt;peacock&gt;", "&lt;script&gt;", "stat-value is-bad", "UPI timeout", "4c1f", "5 · 5 · 1", "/live/stream?range=60m"} {
			if !strings.Contains(strings.ReplaceAll(html, "৫ · ৫ · ১", "5 · 5 · 1"), want) && !strings.Contains(strings.ReplaceAll(html, "५ · ५ · १", "5 · 5 · 1"), want) {
				t.Errorf("%s: the page lacks %s", lang, want)
			}
		}
		if strings.Contains(html, " style=") || strings.Contains(html, "<Stole>") {
			t.Errorf("%s: the page holds what it must not", lang)
		}
	}
	html := liveHTML(t, demoViewer(workspace.Agent, locale.English), liveSample())
	for _, want := range []string{"<b>142</b> shoppers in the shop now", ", <b>31</b> in checkout", "Cash on delivery", "usually 93 to 96%", "no answers yet", "₹31K", "n 612"} {
		if !strings.Contains(html, want) {
			t.Errorf("the page lacks %s", want)
		}
	}
}

// A shop of which nothing is known is told what to do first, as far as the role may.
func TestLiveEmpty(t *testing.T) {
	empty := &livePage{Overview: &insight.Overview{Range: insight.Today}, Location: time.UTC}
	for role, connects := range map[workspace.Role]bool{workspace.Owner: true, workspace.Agent: false} {
		html := liveHTML(t, demoViewer(role, locale.English), empty)
		if !strings.Contains(html, "Nothing has come in yet") || !strings.Contains(html, "empty=1") || strings.Contains(html, "Connect the shop") != connects {
			t.Errorf("%s sees %s", role, html)
		}
	}
}
