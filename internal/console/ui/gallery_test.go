package ui

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/a-h/templ"

	"github.com/dhvani/dhvani/internal/console/assets"
	"github.com/dhvani/dhvani/internal/locale"
	"github.com/dhvani/dhvani/internal/staff"
	"github.com/dhvani/dhvani/internal/workspace"
)

// sample is a viewer of the demo's shop.
func sample(lang locale.Lang, theme string) *Viewer {
	zone := time.FixedZone("IST", 5*3600+1800)
	v := &Viewer{
		L: locale.For(lang, zone), Theme: theme, Nonce: "n0nce", Path: "/w/tantu/live", Now: time.Date(2026, 7, 14, 14, 38, 0, 0, zone), Demo: true,
		Person:    staff.Person{Account: "a1", Name: "Mira Sen", Email: "mira@tantu.example", Roles: map[int64]workspace.Role{1: workspace.Owner}},
		Workspace: workspace.Workspace{ID: "tantu", Number: 1, Name: "Tantu Handloom"},
	}
	v.Actor = v.Person.In(1)
	return v
}

// component is one entry of the gallery.
type component struct {
	name string
	make func(*Viewer) templ.Component
	want string // a part of what it renders
}

func gallery() []component {
	text := func(s string) templ.Component { return Text(s) }
	voice := OpinionInfo{
		ID: "o1", URL: "/o/1", Mood: MoodBad, Who: "Rekha Sharma", WhoURL: "/c/1", Channel: "Chat", Icon: "message-circle",
		Text: "पेमेंट तीन बार फेल हुआ, पैसे कट गए <script>", Lang: "hi", Score: "1 of 5",
	}
	minutes := make([]string, 40)
	good, bad, neutral := make([]float64, 40), make([]float64, 40), make([]float64, 40)
	low, high := make([]float64, 40), make([]float64, 40)
	for i := range minutes {
		minutes[i] = fmt.Sprintf("14:%02d", i)
		good[i], neutral[i], bad[i] = 8+6*math.Sin(float64(i)/4), 3, 2+float64(max(0, i-24))
		low[i], high[i] = 1, 5
	}
	wave := Chart{ID: "wave", Kind: Wave, Label: "Voices per minute", Column: "Time", Ticks: minutes, Series: []Series{
		{Name: "Positive", Tone: Good, Values: good}, {Name: "Neutral", Tone: Neutral, Values: neutral}, {Name: "Negative", Tone: Bad, Values: bad}},
		Usual: &Band{Name: "Usual negative", Low: low, High: high}, Marks: []Moment{{At: 18, Label: "Release 4.18"}, {At: 24, Label: "Incident opens", Bad: true}}}
	share := Chart{ID: "success", Kind: Line, Unit: "%", Label: "Checkout success", Column: "Time", Ticks: minutes, Size: "short",
		Series: []Series{{Name: "Success", Tone: Bad, Values: scaled(good, 0.01, 0.7), Low: scaled(good, 0.01, 0.66), High: scaled(good, 0.01, 0.74), Last: "82%"}}}
	stack := Chart{ID: "split", Kind: Stack, Unit: "%", Label: "Mood by day", Column: "Day", Ticks: minutes[:12], Links: make([]string, 12), Series: []Series{
		{Name: "Negative", Tone: Bad, Values: scaled(bad[:12], 0.1, 0)}, {Name: "Neutral", Tone: Neutral, Values: scaled(neutral[:12], 0.1, 0)}, {Name: "Positive", Tone: Good, Values: scaled(good[:12], 0.02, 0)}}}
	return []component{
		{"stats", func(v *Viewer) templ.Component {
			return with(Stats(""), Stat(StatInfo{Label: "Voices today", Value: v.L.Int(1284), Spark: good, Foot: "+9% on a usual Tuesday"}),
				Stat(StatInfo{Label: "NPS, 30 days", Value: "41", Interval: &Interval{Min: -100, Max: 100, Value: 41, Low: 36, High: 46, Label: "41"}, Foot: "36 to 46", Side: "n 612"}),
				Stat(StatInfo{Label: "Checkout success", Value: "82.1", Unit: "%", Bad: true, Interval: &Interval{Max: 100, Value: 82.1, Low: 79, High: 85, UsualLow: 93, UsualHigh: 96, Bad: true, Label: "82"}, Foot: "usual 93 to 96%", Side: "n 1,196"}),
				Stat(StatInfo{Label: "First answer", None: "–", Foot: "nothing yet"}))
		}, `class="stat-value is-bad"`},
		{"opinion", func(v *Viewer) templ.Component {
			o := voice
			o.At, o.Chips, o.Does = v.Now.Add(-12*time.Second), join(ChipLang("hi", "हिन्दी"), MoodChip(v, MoodBad, false), Chip("Payment", "")), text("Reply")
			return with(Panel(PanelInfo{Title: "What they say", Ruled: true, Side: StreamState(v)}), Opinion(v, o))
		}, `&lt;script&gt;`},
		{"timeline", func(v *Viewer) templ.Component {
			return with(Panel(PanelInfo{Title: "Timeline"}), TimelineDay(v.L.Day(v.Now, v.Now)),
				TimelineRow(v, TimelineInfo{At: v.Now, Icon: "circle-x", Mood: MoodBad, What: "Checkout failed", More: "three times", Value: "₹6,480"}))
		}, `dot-bad`},
		{"wave", func(v *Viewer) templ.Component {
			return with(Panel(PanelInfo{Title: "Voices per minute", Side: MoodLegend(v, "Usual")}), ChartView(v, wave))
		}, `&#34;kind&#34;:&#34;wave&#34;`},
		{"line", func(v *Viewer) templ.Component {
			return with(Panel(PanelInfo{Title: "Checkout success"}), ChartView(v, share))
		}, `<th scope="col" class="num" data-extra>`},
		{"stack", func(v *Viewer) templ.Component { return with(Panel(PanelInfo{Title: "Mood"}), ChartView(v, stack)) }, `<caption`},
		{"bars", func(v *Viewer) templ.Component {
			return with(Panel(PanelInfo{Title: "Topics"}), SplitBar(52, 22, 26, "52 bad"), Bar(0.41, MoodNone, "41%"))
		}, `class="gap"`},
		{"empty", func(v *Viewer) templ.Component {
			return with(Panel(PanelInfo{}), with(Empty("No opinions yet", "They appear here within a second."), text("Connect the shop")))
		}, `headline`},
		{"banner", func(v *Viewer) templ.Component { return Banner("bad", "UPI payments time out.", "17.9% fail.") }, `banner-bad`},
		{"fields", func(v *Viewer) templ.Component {
			return with(Panel(PanelInfo{Title: "Form"}), Field(FieldInfo{Name: "name", Label: "Name", Value: `"x"`, Help: "As shoppers know it"}),
				Field(FieldInfo{Name: "zone", Label: "Zone", Error: "Not a time zone"}), Select(FieldInfo{Name: "cur", Label: "Currency", Value: "INR"}, []Choice{{Label: "Rupee", Value: "INR"}}),
				TextArea(FieldInfo{Name: "note", Label: "Note"}), Tick("a", "1", "Remember me", "On this device", true, false), Switch("s", "Strict", "", true))
		}, `aria-invalid="true"`},
		{"filters", func(v *Viewer) templ.Component {
			return join(Segmented("Range", []Choice{{Label: "60 min", URL: "?r=1", Current: true}, {Label: "Today", URL: "?r=2"}}), FilterMenu("Channel", "All", true, []Choice{{Label: "Chat", URL: "?c=chat", Side: "12"}}),
				SearchInput("q", "", "Search", nil), with(FilterForm(v, "Spend", "All", false, "/x", [][2]string{{"a", "b"}}), text("")), with(MenuButton("More", "ellipsis"), text("")))
		}, `aria-current="true"`},
		{"table", func(v *Viewer) templ.Component {
			return join(SortLink(v, "Spent", "?s=1", "desc"), Pager(v, "?b", "?a", "1 to 50"), Skeleton(v, 3))
		}, `rel="next"`},
		{"reveal", func(v *Viewer) templ.Component {
			return join(Masked(v, "+91 98•••• ••12", "/reveal"), Revealed(v, "+91 9812345612"), Snippet(v, "Page", "<script>"))
		}, `hx-post="/reveal"`},
		{"overlays", func(v *Viewer) templ.Component {
			return join(Toast(v, ToastInfo{Text: "Merged", UndoURL: "/undo"}), with(Confirm(v, ConfirmInfo{ID: "c1", Page: "/keys", Class: "btn", Title: "Revoke this key?", Text: "It stops at once.", Do: "Revoke", URL: "/revoke"}), text("Revoke")),
				with(Drop(v, DropInfo{Action: "/import", Name: "file", Accept: ".csv", Title: "Drop a file", Text: "CSV"}), text("")))
		}, `hx-swap-oob`},
		{"failure", func(v *Viewer) templ.Component {
			return join(FailureToast(v, Failure{Status: 403, Key: "forbidden"}), FailurePart(v, Failure{Key: "internal"}, "/again"))
		}, `role="alert"`},
	}
}

func scaled(in []float64, by, plus float64) []float64 {
	out := make([]float64, len(in))
	for i, f := range in {
		out[i] = f*by + plus
	}
	return out
}

// with renders a component with children.
func with(outer templ.Component, children ...templ.Component) templ.Component {
	return templ.ComponentFunc(func(ctx context.Context, w io.Writer) error {
		return outer.Render(templ.WithChildren(ctx, join(children...)), w)
	})
}

func join(parts ...templ.Component) templ.Component { return templ.Join(parts...) }

var (
	styled    = regexp.MustCompile(`(?i)\sstyle=|<style|\son[a-z]+=|javascript:`)
	scriptTag = regexp.MustCompile(`<script[^>]*>`)
)

// TestGallery renders every component in every language; nothing may need a style
// or script that the content security policy forbids.
func TestGallery(t *testing.T) {
	for _, lang := range locale.Langs {
		v := sample(lang, "system")
		for _, c := range gallery() {
			html := rendered(t, c.make(v))
			if !strings.Contains(html, c.want) {
				t.Errorf("%s in %s lacks %s:\n%s", c.name, lang, c.want, html)
			}
			if found := styled.FindString(html); found != "" {
				t.Errorf("%s in %s holds %q", c.name, lang, found)
			}
		}
		page := rendered(t, with(Page(v, PageInfo{Title: "Live", Crumbs: []Crumb{{"Customers", "/c"}}, Stream: "/s"}), Text("x")))
		if found := styled.FindString(page); found != "" {
			t.Errorf("the page in %s holds %q", lang, found)
		}
		for _, tag := range scriptTag.FindAllString(page, -1) {
			if !strings.Contains(tag, `nonce="n0nce"`) && !strings.Contains(tag, "application/json") {
				t.Errorf("a script without a nonce: %s", tag)
			}
		}
	}
}

func rendered(t *testing.T, c templ.Component) string {
	t.Helper()
	var b bytes.Buffer
	if err := c.Render(t.Context(), &b); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

var iconName = regexp.MustCompile(`(?:\bIcon\(|Icon:\s*|icon:\s*|ChipIcon\(|MenuButton\([^,\n]*, )"([a-z0-9-]+)"`)

// TestIcons finds icons that templates name and the sprite lacks.
func TestIcons(t *testing.T) {
	err := filepath.WalkDir("..", func(p string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(p, ".templ") && (!strings.HasSuffix(p, ".go") || strings.HasSuffix(p, "_templ.go")) {
			return err
		}
		src, err := os.ReadFile(p)
		for _, m := range iconName.FindAllSubmatch(src, -1) {
			if !assets.HasIcon(string(m[1])) {
				t.Errorf("%s: the icon %s is not in web/src/icons.txt", p, m[1])
			}
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestInitials(t *testing.T) {
	for name, want := range map[string]string{
		"Mira Sen": "MS", "रेखा शर्मा": "रेश", "শর্মিলা": "শ", "": "·", "  ": "·", "Ana María de la Cruz": "AC", "ग्राहक": "ग", "4c1f": "4",
	} {
		if got := Initials(name); got != want {
			t.Errorf("Initials(%q) = %q, want %q", name, got, want)
		}
	}
}
