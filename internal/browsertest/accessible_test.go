package browsertest

import (
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"testing"
)

// axeSource is axe-core, which npm brings for tests alone.
const axeSource = "../../web/node_modules/axe-core/axe.min.js"

// finding is what axe-core has against a page.
type finding struct {
	ID, Impact, Help string
	Nodes            []struct {
		HTML           string
		FailureSummary string
	}
}

// accessible fails the test where axe-core finds something serious or critical on
// the page as it is now (WCAG 2.2 A and AA, and best practices).
func (p *tab) accessible(axe string) {
	p.t.Helper()
	ask[bool](p, axe+"; true")
	found := ask[string](p, `axe.run(document, {resultTypes: ["violations"]}).then(r => JSON.stringify(r.violations.filter(v => v.impact == "serious" || v.impact == "critical").map(v => ({ID: v.id, Impact: v.impact, Help: v.help, Nodes: v.nodes.slice(0, 4).map(n => ({HTML: n.html.slice(0, 240), FailureSummary: n.failureSummary}))}))))`)
	var findings []finding
	if err := json.Unmarshal([]byte(found), &findings); err != nil {
		p.t.Fatal(err)
	}
	for _, f := range findings {
		var places strings.Builder
		for _, n := range f.Nodes {
			fmt.Fprintf(&places, "\n\t%s\n\t\t%s", n.HTML, strings.ReplaceAll(n.FailureSummary, "\n", " "))
		}
		p.t.Errorf("%s: %s (%s): %s%s", p.where(), f.ID, f.Impact, f.Help, places.String())
	}
}

// axe returns the source of axe-core, or leaves the test out.
func axe(t *testing.T) string {
	t.Helper()
	data, err := os.ReadFile(axeSource)
	if err != nil {
		t.Skip("LEFT OUT, no axe-core: run npm ci in web")
	}
	return string(data)
}

// Every component passes in both themes; the pages are walked by TestAccessibility.
func TestComponentsAccessible(t *testing.T) {
	source := axe(t)
	s := newIslands(t)
	for _, theme := range []string{"light", "dark"} {
		t.Run(theme, func(t *testing.T) {
			b := open(t, s.URL)
			b.scheme(theme)
			b.goTo("/w/w1/live")
			b.until("document.querySelectorAll('#chart svg path').length > 40")
			b.accessible(source)
			b.press("Show as table")
			b.keys("?")
			b.until("document.getElementById('keys').open")
			b.accessible(source)
		})
	}
}
