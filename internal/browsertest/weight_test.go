package browsertest

import "testing"

// What a page loads the first time, compressed and without its fonts, stays small.
func TestWeight(t *testing.T) {
	every(t, func(t *testing.T, b *tab, path string) {
		b.size(1440, 1000)
		b.goTo(path)
		b.at(path)
		b.until("!document.querySelector('[data-chart]') || document.querySelector('.chart-area svg')")
		// Sizes are told of what came from the cache too.
		loaded := ask[map[string]int](b, `Object.fromEntries([...performance.getEntriesByType("navigation"), ...performance.getEntriesByType("resource")]
			.filter(e => !e.name.endsWith(".woff2") && e.initiatorType != "fetch").map(e => [new URL(e.name).pathname, e.encodedBodySize]))`)
		sum, most := 0, 150_000
		for _, bytes := range loaded {
			sum += bytes
		}
		if ask[bool](b, "!!document.querySelector('[data-chart]')") {
			most = 450_000
		}
		if sum < 20_000 || sum > most {
			t.Errorf("the page loads %d bytes, expected at most %d: %v", sum, most, loaded)
		}
		t.Logf("%d bytes", sum)
	})
}
