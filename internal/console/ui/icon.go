package ui

import (
	"context"
	"fmt"
	"io"
	"strings"

	"github.com/a-h/templ"

	"github.com/dhvani/dhvani/internal/console/assets"
)

var iconSprite = assets.URL("icons.svg")

// Icon is a 16 px icon of the set, by its Lucide name; web/src/icons.txt lists
// them. It is decoration: what it means stands beside it, or in the label of what
// holds it. More classes (icon-sm, icon-lg) may follow.
func Icon(name string, classes ...string) templ.Component {
	if !assets.HasIcon(name) {
		name = "circle" // TestIcons finds the name in the sources
	}
	return templ.ComponentFunc(func(_ context.Context, w io.Writer) error {
		_, err := fmt.Fprintf(w, `<svg class="%s" aria-hidden="true"><use href="%s#%s"></use></svg>`,
			templ.EscapeString(strings.Join(append([]string{"icon"}, classes...), " ")), iconSprite, templ.EscapeString(name))
		return err
	})
}

// Mood is how an opinion sounds.
type Mood int

// The moods; MoodNone is for an opinion of which nothing is known.
const (
	MoodNone Mood = iota
	MoodGood
	MoodNeutral
	MoodBad
)

// name is the mood's part of class names and message keys.
func (m Mood) name() string { return [...]string{"none", "good", "neutral", "bad"}[m] }

// Label is the mood in the viewer's language.
func (m Mood) Label(v *Viewer) string {
	switch m {
	case MoodGood:
		return v.T("ui.mood_good")
	case MoodNeutral:
		return v.T("ui.mood_neutral")
	case MoodBad:
		return v.T("ui.mood_bad")
	}
	return ""
}

// Perhaps is the mood of a text where the model is not certain: "perhaps negative".
func (m Mood) Perhaps(v *Viewer) string {
	return v.T("ui.perhaps", "Mood", strings.ToLower(m.Label(v)))
}

// Glyphs are drawn on 16 by 16: a line, and bars that rise above it or hang below.
var glyphShapes = map[Mood]string{
	MoodGood:    `<rect x="1" y="11.5" width="14" height="1.8" rx=".9"/><rect x="3" y="6.5" width="1.8" height="4" rx=".9"/><rect x="7.1" y="4" width="1.8" height="6.5" rx=".9"/><rect x="11.2" y="5.5" width="1.8" height="5" rx=".9"/>`,
	MoodNeutral: `<rect x="1" y="7.1" width="14" height="1.8" rx=".9"/>`,
	MoodBad:     `<rect x="1" y="2.7" width="14" height="1.8" rx=".9"/><rect x="3" y="5.5" width="1.8" height="5" rx=".9"/><rect x="7.1" y="5.5" width="1.8" height="8" rx=".9"/><rect x="11.2" y="5.5" width="1.8" height="3.5" rx=".9"/>`,
}

// Glyph is a mood as a sign: bars above the line, below it, or the line alone.
// Its label is read aloud; beside the word itself use GlyphMute.
func Glyph(v *Viewer, m Mood) templ.Component {
	return glyph(m, fmt.Sprintf(`role="img" aria-label="%s"`, templ.EscapeString(m.Label(v))))
}

// GlyphMute is a Glyph that is decoration.
func GlyphMute(m Mood) templ.Component { return glyph(m, `aria-hidden="true"`) }

func glyph(m Mood, attributes string) templ.Component {
	return templ.ComponentFunc(func(_ context.Context, w io.Writer) error {
		if m == MoodNone {
			return nil
		}
		_, err := fmt.Fprintf(w, `<svg class="glyph glyph-%s" viewBox="0 0 16 16" fill="currentColor" %s>%s</svg>`, m.name(), attributes, glyphShapes[m])
		return err
	})
}

// Waves is the sign of what is live: five bars, which move while the page is connected.
func Waves() templ.Component {
	return templ.Raw(`<svg class="waves" viewBox="0 0 20 14" fill="currentColor" aria-hidden="true"><rect x="0" y="7" width="2" height="7" rx="1"/><rect x="4.5" y="3" width="2" height="11" rx="1"/><rect x="9" y="6" width="2" height="8" rx="1"/><rect x="13.5" y="1" width="2" height="13" rx="1"/><rect x="18" y="4" width="2" height="10" rx="1"/></svg>`)
}

// Logo is Dhvani's mark: letters hang from a line, here a sound wave of five bars.
func Logo() templ.Component {
	return templ.Raw(`<svg class="mark" viewBox="0 0 32 32" aria-hidden="true"><rect class="mark-sheet" width="32" height="32" rx="8"/><rect class="mark-line" x="6" y="8" width="20" height="2" rx="1"/><g class="mark-wave"><rect x="7.5" y="12" width="2" height="7" rx="1"/><rect x="11.25" y="12" width="2" height="12" rx="1"/><rect x="15" y="12" width="2" height="6" rx="1"/><rect x="18.75" y="12" width="2" height="10" rx="1"/><rect x="22.5" y="12" width="2" height="4" rx="1"/></g></svg>`)
}
