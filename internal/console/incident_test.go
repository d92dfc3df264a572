package console

import (
	"math"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/a-h/templ"
	"pgregory.net/rapid"

	"github.com/dhvani/dhvani/internal/console/ui"
	"github.com/dhvani/dhvani/internal/event"
	"github.com/dhvani/dhvani/internal/feedback"
	"github.com/dhvani/dhvani/internal/insight"
	"github.com/dhvani/dhvani/internal/insight/cause"
	"github.com/dhvani/dhvani/internal/insight/impact"
	"github.com/dhvani/dhvani/internal/insight/incident"
	"github.com/dhvani/dhvani/internal/locale"
	"github.com/dhvani/dhvani/internal/workspace"
)

// incidentSample is a page with something of everything, and markup in all that
// others wrote.
func incidentSample(now time.Time) *incidentPage {
	since := now.Add(-26 * time.Minute)
	at := since.UnixMicro()
	in := &incident.Insight{ID: "00000000-0000-8000-8000-000000000047", Number: 47, State: incident.Open, Severity: incident.High, Told: true, OpenedAt: since.Add(41 * time.Second), Version: 7,
		Finding: incident.Finding{Kind: incident.Payment, Theme: "payment/upi", Since: at, First: at, Sure: true, Hit: 214, Back: 9, Voices: 47, Upset: 41,
			Signs: []incident.Sign{{Signal: "checkout/method=upi", Outcome: insight.CheckoutEnded, Of: []cause.Pair{{Dim: "method", Value: "upi"}}, Up: true, Since: at, Low: 0.042, High: 0.068, Observed: 0.179, N: 1196}},
			Causes: []cause.Cause{{Pairs: []cause.Pair{{Dim: "method", Value: "upi"}, {Dim: "product", Value: "p1"}}, Same: [][]cause.Pair{{{Dim: "campaign", Value: "<b>ad</b>"}}}, Rate: 0.316, Was: 0.04, WasN: 900, Others: 0.044, Explains: 0.91, Sure: 0.95},
				{Rate: 0.2, Others: 0.18, Explains: 0.03, Sure: 0.1}},
			Reasons: []incident.Reason{{Text: "<i>upi</i> timeout", N: 131}}, Changes: []incident.Change{{ID: "c", At: at - 420e6, Kind: "deploy", Title: "<b>Release</b> 4.18"}},
			Lost: impact.Lost{Orders: 112, Low: 96, High: 128, Money: []impact.Money{{Currency: "INR", Amount: 312000 * event.One, Low: 268000 * event.One, High: 356000 * event.One}}}}}
	return &incidentPage{Insight: in, names: pairNames{map[string]string{"p1": "<u>Stole</u>"}}, people: map[string]string{"mira": "Mira <Sen>"},
		entries: []incident.Entry{{N: 1, At: in.OpenedAt, What: incident.WasOpened}, {N: 2, At: now, What: incident.WasCommented, Account: "mira", Detail: incident.Detail{Text: "<script>ask</script>"}},
			{N: 3, At: now, What: incident.BecameSure, Detail: incident.Detail{Pairs: []cause.Pair{{Dim: "method", Value: "upi"}}}}, {N: 4, At: now, What: incident.StepDone, Account: "gone", Detail: incident.Detail{Step: "payment_1"}}},
		steps:    []incident.Tick{{Step: incident.Step{ID: "payment_1"}, Done: true, At: now, Account: "mira"}, {Step: incident.Step{ID: "own_1", Text: "<b>Call</b> the bank"}}},
		hits:     []hitRow{{Hit: incident.Hit{Times: 3, Amount: 6480 * int64(event.One), Currency: "INR"}, customer: event.ID{1}, name: "<Rekha>", orders: 14}, {Hit: incident.Hit{Times: 1, Back: at}, name: "erased"}},
		voices:   []voiceRow{{liveVoice: liveVoice{Item: feedback.Item{ID: "o", CustomerID: "00000000-0000-8000-8000-000000004c1f", At: event.FormatTime(at), Channel: "chat", Kind: "text", Text: "<script>पेमेंट</script>", Language: "hi", Mood: feedback.Bad}}}},
		sessions: []session{{row: hitRow{customer: event.ID{1}, name: "<Rekha>"}, items: []happening{{TimelineInfo: ui.TimelineInfo{ID: "e", At: since, Icon: "x", What: "<em>Failed</em>"}}}}},
		series:   incidentSeries{sign: in.Finding.Signs[0], from: since.Add(-30 * time.Minute), to: now, step: time.Minute, slots: []insight.Slot{{At: at - 60e6, N: 40, Bad: 2}, {At: at, N: 40, Bad: 12}, {At: at + 60e6, N: 1, Bad: 1}}}}
}

// The page in every language: what others wrote is escaped, and no style or script
// is in the way.
func TestIncidentPage(t *testing.T) {
	now := time.Date(2026, 7, 14, 14, 38, 0, 0, time.UTC)
	for _, lang := range locale.Langs {
		for _, state := range []incident.State{incident.Open, incident.Acknowledged, incident.Recovered, incident.Resolved, incident.Merged} {
			v := demoViewer(workspace.Agent, lang)
			v.Now = now
			p := incidentSample(now)
			p.State = state
			if state == incident.Merged {
				p.into = incidentSample(now).Insight
			}
			for name, view := range map[string]templ.Component{"page": incidentView(v, p), "report": incidentReportView(v, p)} {
				html := renderHTML(t, view)
				for _, bad := range []string{" style=", "<script>ask", "<script>पे", "<b>Release", "<b>ad", "<i>upi", "<u>Stole", "<Rekha>", "<em>Failed", "Mira <Sen>", "<b>Call"} {
					if strings.Contains(html, bad) {
						t.Errorf("%s: the %s of one that is %s holds %s", lang, name, state, bad)
					}
				}
				if !strings.Contains(html, `id="incident-causes"`) || !strings.Contains(html, "&lt;b&gt;Release") {
					t.Errorf("%s: the %s of one that is %s lacks its causes", lang, name, state)
				}
			}
		}
	}
	v := demoViewer(workspace.Agent, locale.English)
	v.Now = now
	html := strings.ReplaceAll(renderHTML(t, incidentView(v, incidentSample(now))), "\u00a0", " ")
	for _, want := range []string{"noticed 41 s after the first sign", "usually 4.2 to 6.8%", "n 1,196, 15.8 to 20.2%", "Open, high", "31.6%", "91%", "very", "9 got through after all", `data-press="a"`, "Everybody", "or &lt;b&gt;ad", "1 of 2 done", `aria-checked="true"`} {
		if !strings.Contains(html, want) {
			t.Errorf("the page lacks %s", want)
		}
	}
	v = demoViewer(workspace.Analyst, locale.English)
	v.Now = now
	for _, tool := range []string{`data-press="a"`, "ask-wrong", "incident-comment", `role="checkbox"`} {
		if strings.Contains(renderHTML(t, incidentView(v, incidentSample(now))), tool) {
			t.Errorf("an analyst, who may only see, is offered %s", tool)
		}
	}
}

// Good news says nothing of who is hit, of what is lost or of mending, on its page, in its report and in the list.
func TestGoodNewsHasNoWordsOfTrouble(t *testing.T) {
	now := time.Date(2026, 7, 14, 14, 38, 0, 0, time.UTC)
	v := demoViewer(workspace.Agent, locale.English)
	v.Now = now
	words := []string{"hit", "lost", "mend", "fail"}
	for _, causes := range []bool{true, false} {
		p := incidentSample(now)
		at := p.Finding.Since
		p.Severity, p.RecoveredAt = incident.NoSeverity, now
		p.Finding = incident.Finding{Kind: incident.Delivery, Theme: "delivery", Good: true, Since: at, First: at, Voices: 12, Sure: true,
			Signs: []incident.Sign{{Signal: "delivery", Outcome: insight.DeliveryEnded, Since: at, Low: 0.12, High: 0.2, Expected: 0.16, Observed: 0.05, N: 304}}}
		if causes {
			p.Finding.Causes = []cause.Cause{{Pairs: []cause.Pair{{Dim: "area", Value: "BR 2"}}, Rate: 0.02, Was: 0.16, WasN: 900, Others: 0.1, Explains: 0.91, Sure: 0.95}}
		}
		p.entries, p.steps, p.hits, p.voices, p.sessions, p.series.sign = p.entries[:1], nil, nil, nil, nil, p.Finding.Signs[0]
		list := incidentsPage{query: incidentsQuery{show: "good"}, rows: []*incident.Insight{p.Insight}}
		for name, view := range map[string]templ.Component{"page": incidentView(v, p), "report": incidentReportView(v, p), "list": incidentsList(v, list)} {
			text := strings.ToLower(regexp.MustCompile(`(?s)<(script|nav|style)\b.*?</(script|nav|style)>|<[^>]*>`).ReplaceAllString(renderHTML(t, view), " "))
			for _, word := range words {
				if i := strings.Index(text, word); i >= 0 {
					t.Errorf("the %s of good news says %q", name, strings.Join(strings.Fields(text[max(i-40, 0):min(i+40, len(text))]), " "))
				}
			}
		}
	}
}

// The list says who looks after an incident, also where that person only took it.
func TestListSaysWhoTookIt(t *testing.T) {
	now := time.Date(2026, 7, 14, 14, 38, 0, 0, time.UTC)
	v := demoViewer(workspace.Agent, locale.English)
	v.Now = now
	for want, who := range map[string][2]string{"Nobody": {}, "Taken by Arun": {"", "arun"}, "Mira": {"mira", "arun"}, "Taken by Support": {"", "dst_chat"}, "Taken by Somebody": {"", "gone"}} {
		in := incidentSample(now).Insight
		in.State, in.Owner, in.AcknowledgedBy = incident.Acknowledged, who[0], who[1]
		list := incidentsPage{rows: []*incident.Insight{in}, people: map[string]string{"mira": "Mira", "arun": "Arun", "dst_chat": "Support"}}
		if html := renderHTML(t, incidentsList(v, list)); !strings.Contains(html, ">"+want+"<") {
			t.Errorf("the list does not say %q", want)
		}
	}
}

// The bell does not head a list that is empty.
func TestBellWithNothingNew(t *testing.T) {
	v := demoViewer(workspace.Agent, locale.English)
	const head = "Nobody has taken these yet"
	if html := renderHTML(t, ui.BellList(v)); strings.Contains(html, head) || !strings.Contains(html, "Nothing new") {
		t.Error(html)
	}
	v.Alerts.Fresh = []ui.Alert{{Title: "UPI payments fail"}}
	if html := renderHTML(t, ui.BellList(v)); !strings.Contains(html, head) || strings.Contains(html, "Nothing new") {
		t.Error(html)
	}
}

func renderHTML(t *testing.T, part templ.Component) string {
	t.Helper()
	var b strings.Builder
	if err := part.Render(t.Context(), &b); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// Points are long enough to say something, few enough to read, and lose nothing.
func TestChartSteps(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		whole := time.Duration(rapid.Int64Range(int64(time.Minute), int64(90*24*time.Hour)).Draw(t, "whole"))
		grain := rapid.SampledFrom([]time.Duration{time.Minute, 15 * time.Minute, 24 * time.Hour}).Draw(t, "grain")
		to := time.Date(2026, 7, 14, 14, 38, 12, 0, time.UTC)
		from := to.Add(-whole)
		var slots []insight.Slot
		sum := 0.0
		for i := range rapid.IntRange(0, 50).Draw(t, "n") {
			x := insight.Slot{At: from.Add(whole * time.Duration(i) / 50).UnixMicro(), N: int64(rapid.IntRange(0, 40).Draw(t, "cases")), Bad: 1}
			slots, sum = append(slots, x), sum+float64(x.N)
		}
		step := stepOf(slots, whole, grain, true)
		if step < grain {
			t.Fatalf("a point lasts %v, less than a slot of %v", step, grain)
		}
		out, begin := together(slots, from, to, step)
		if begin.After(from) || from.Sub(begin) >= step || len(out) > 3*mostPoints && grain <= time.Hour {
			t.Fatalf("%d points of %v from %v", len(out), step, begin)
		}
		got := 0.0
		for _, x := range out {
			got += float64(x.N)
		}
		if got != sum {
			t.Fatalf("%v cases are drawn, there were %v", got, sum)
		}
	})
}

// Intervals hold what they are of, and are narrower the more is known.
func TestIntervals(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		share, n := rapid.Float64Range(0, 1).Draw(t, "share"), float64(rapid.IntRange(1, 100_000).Draw(t, "n"))
		low, high := shareInterval(share, n)
		if !(0 <= low && low <= share+1e-12 && share <= high+1e-12 && high <= 1) {
			t.Fatalf("%v of %v: %v to %v", share, n, low, high)
		}
		if l, h := shareInterval(share, 4*n); h-l > high-low+1e-12 {
			t.Fatalf("four times as many widen %v to %v", high-low, h-l)
		}
		low, high = countInterval(n)
		if !(0 <= low && low <= n && n <= high) {
			t.Fatalf("%v: %v to %v", n, low, high)
		}
	})
	// Breslow and Day, table 2.10: 10 gives 4.80 to 18.39.
	if low, high := countInterval(10); math.Abs(low-4.80) > 0.02 || math.Abs(high-18.39) > 0.02 {
		t.Errorf("10: %v to %v", low, high)
	}
}
