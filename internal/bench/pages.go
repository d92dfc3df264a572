package bench

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"
)

// Pages measures how long the console's pages take, one request at a time, with
// filters and orders of their own and for many customers.
type Pages struct {
	URL             string // of the server
	Email, Password string // of somebody who may see everything
	Times           int    // requests of each page

	client    *http.Client
	cookies   []*http.Cookie
	workspace string
}

// PageTimes is what a page took, from the request to the last byte.
type PageTimes struct {
	Page    string   `json:"page"`
	Times   *Latency `json:"ms"`
	Bytes   int      `json:"bytes"` // of the largest answer, as it is without compression
	Slowest string   `json:"slowest"`

	slowest time.Duration
}

// page is a page with the queries it is asked with in turn.
type page struct {
	name    string
	path    string   // below the workspace
	queries []string // "" for none
	links   string   // a pattern: instead of path, every such link of the pages of from
	from    []string
}

// words that people search for: names, parts of e-mails, phones, orders, in
// several scripts, common and rare.
var searched = []string{"Rekha", "রুমা", "सुनीता", "gurung", "customer1.777", "u100123", "S1-0000100", "Conceição", "গুপ্ত", "nobody at all", "Jaipur", "+9198"}

func withEach(query string, words []string) []string {
	var out []string
	for _, w := range words {
		out = append(out, query+url.QueryEscape(w))
	}
	return out
}

// pages of a workspace, and what is asked of them.
var pages = []page{
	{name: "Live", path: "live", queries: []string{"", "range=60m", "range=today", "range=7d", "range=30d"}},
	{name: "Customers, sorted", path: "customers", queries: []string{"", "sort=spend", "sort=orders", "sort=name", "sort=first_seen", "sort=rating", "sort=%2Bspend", "sort=%2Blast_seen"}},
	{name: "Customers, filtered", path: "customers", queries: []string{"seen=7", "seen=-60", "orders=3", "orders=0", "spend_min=10000", "spend_min=50000&sort=rating", "rating=bad", "channel=chat&sort=spend", "rating=good&orders=2&sort=name"}},
	{name: "Customers, searched", path: "customers", queries: withEach("q=", searched)},
	{name: "A customer", links: `/customers/[0-9a-zA-Z_-]{8,}`, from: []string{"customers", "customers?sort=spend", "customers?sort=orders", "customers?sort=name"}},
	{name: "Feedback", path: "feedback", queries: []string{"", "range=7d", "range=30d", "range=90d", "mood=bad", "channel=review", "kind=nps", "product=p0"}},
	{name: "Feedback, searched", path: "feedback", queries: withEach("q=", []string{"colour", "রং", "रंग", "entrega", "the", "nothing such", "payment failed"})},
	{name: "Sources", path: "sources", queries: []string{""}},
	{name: "Events", path: "sources/events", queries: []string{""}},
	{name: "Imports", path: "sources/imports", queries: []string{""}},
	{name: "Dead letters", path: "sources/dead", queries: []string{""}},
	{name: "Settings", path: "settings/general", queries: []string{""}},
	{name: "Business hours", path: "settings/hours", queries: []string{""}},
	{name: "People", path: "settings/people", queries: []string{""}},
	{name: "Keys", path: "settings/keys", queries: []string{""}},
	{name: "Account", path: "settings/account", queries: []string{""}},
	{name: "Audit log", path: "settings/audit", queries: []string{""}},
	{name: "Palette", path: "palette", queries: withEach("q=", searched)},
}

// Run signs in and measures each page.
func (p *Pages) Run(ctx context.Context) ([]*PageTimes, error) {
	p.client = &http.Client{
		Transport:     &http.Transport{DisableCompression: true},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	if err := p.signIn(ctx); err != nil {
		return nil, fmt.Errorf("sign in: %w", err)
	}
	var out []*PageTimes
	for _, pg := range pages {
		addresses, err := p.addresses(ctx, pg)
		if err != nil {
			return out, fmt.Errorf("%s: %w", pg.name, err)
		}
		t := &PageTimes{Page: pg.name, Times: &Latency{}}
		for i := range max(p.Times, len(addresses)) {
			at := addresses[i%len(addresses)]
			start := time.Now()
			_, body, err := p.get(ctx, at)
			took := time.Since(start)
			if err != nil {
				return out, fmt.Errorf("%s: %w", at, err)
			}
			t.Times.Record(took)
			t.Bytes = max(t.Bytes, len(body))
			if took > t.slowest {
				t.slowest, t.Slowest = took, at
			}
		}
		out = append(out, t)
	}
	return out, nil
}

// addresses returns what to ask for of a page.
func (p *Pages) addresses(ctx context.Context, pg page) ([]string, error) {
	var out []string
	if pg.links == "" {
		for _, q := range pg.queries {
			out = append(out, strings.TrimSuffix("/w/"+p.workspace+"/"+pg.path+"?"+q, "?"))
		}
		return out, nil
	}
	pattern, err := regexp.Compile(`href="(/w/` + regexp.QuoteMeta(p.workspace) + pg.links + `)"`)
	if err != nil {
		return nil, err
	}
	for _, from := range pg.from {
		_, body, err := p.get(ctx, "/w/"+p.workspace+"/"+from)
		if err != nil {
			return nil, err
		}
		for _, m := range pattern.FindAllSubmatch(body, -1) {
			out = append(out, string(m[1]))
		}
	}
	slices.Sort(out)
	out = slices.Compact(out)
	if len(out) == 0 {
		return nil, fmt.Errorf("no links to measure")
	}
	return out, nil
}

func (p *Pages) signIn(ctx context.Context) error {
	form := url.Values{"email": {p.Email}, "password": {p.Password}}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, p.URL+"/signin", strings.NewReader(form.Encode()))
	if err != nil {
		return err
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	answer, err := p.client.Do(r)
	if err != nil {
		return err
	}
	answer.Body.Close()
	if answer.StatusCode != http.StatusSeeOther {
		return &refusal{answer.StatusCode, "expected to be led to the first page"}
	}
	p.cookies = answer.Cookies()
	header, _, err := p.get(ctx, "/") // leads to the first workspace
	if err != nil {
		return err
	}
	to := header.Get("Location")
	parts := strings.Split(to, "/")
	if len(parts) < 3 || parts[1] != "w" {
		return fmt.Errorf("led to %q instead of a workspace", to)
	}
	p.workspace = parts[2]
	return nil
}

func (p *Pages) get(ctx context.Context, path string) (http.Header, []byte, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, p.URL+path, nil)
	if err != nil {
		return nil, nil, err
	}
	for _, c := range p.cookies {
		r.AddCookie(&http.Cookie{Name: c.Name, Value: c.Value})
	}
	r.Header.Set("Accept", "text/html")
	answer, err := p.client.Do(r)
	if err != nil {
		return nil, nil, err
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	if err != nil {
		return nil, nil, err
	}
	if answer.StatusCode >= 400 {
		return nil, nil, &refusal{answer.StatusCode, http.StatusText(answer.StatusCode)}
	}
	return answer.Header, body, nil
}

// Table writes page times as a table of Markdown.
func Table(list []*PageTimes) string {
	var b strings.Builder
	b.WriteString("| page | requests | median ms | p95 ms | slowest ms | slowest request |\n|---|---|---|---|---|---|\n")
	ms := func(d time.Duration) string { return fmt.Sprintf("%.1f", float64(d.Microseconds())/1000) }
	for _, t := range list {
		_, query, _ := strings.Cut(t.Slowest, "?")
		words, _ := url.QueryUnescape(query)
		fmt.Fprintf(&b, "| %s | %d | %s | %s | %s | %s |\n", t.Page, t.Times.n, ms(t.Times.Percentile(50)), ms(t.Times.Percentile(95)), ms(t.slowest), cmp.Or(words, "–"))
	}
	return b.String()
}
