package console

import (
	"net/http"
	"strings"

	"github.com/dhvani/dhvani/internal/console/ui"
	"github.com/dhvani/dhvani/internal/language"
	"github.com/dhvani/dhvani/internal/language/fitted"
)

// textsPage tells how texts are understood, and by which model.
func (c *Console) textsPage(w http.ResponseWriter, r *http.Request, v *ui.Viewer) error {
	used, last, err := c.Models.Current(r.Context(), v.Workspace.Number)
	if err != nil {
		return err
	}
	text := v.T("settings.texts_text")
	if c.Writer != nil {
		text = v.T("settings.texts_text_writer")
	}
	return render(w, r, http.StatusOK, textsPage(v, text, used, last))
}

// leastRated is how many texts with a rating a model of the shop's own needs.
const leastRated = 400

// pointsText is a difference of macro-F1 with its 95 % interval, in points.
func pointsText(v *ui.Viewer, m *fitted.Model) string {
	points := func(f float64) string {
		text := v.L.Decimal(100*f, 1)
		if f > 0 {
			text = "+" + text
		}
		return text
	}
	return v.T("settings.texts_points", "Points", points(m.Better()), "Low", points(m.Low), "High", points(m.High))
}

// modelPairs are how a fitted model did against the one that everybody has.
func modelPairs(v *ui.Viewer, m *fitted.Model) [][2]string {
	f1 := func(f float64) string { return v.L.Decimal(100*f, 1) }
	return [][2]string{
		{v.T("settings.texts_difference"), pointsText(v, m)},
		{v.T("settings.texts_scores"), v.T("settings.texts_own_base", "Own", f1(m.Own), "Base", f1(m.Base))},
		{v.T("settings.texts_tested"), v.L.Int(m.Test)},
		{v.T("settings.texts_learnt"), v.L.Int(m.Train)},
		{v.T("settings.texts_trained"), v.L.DateTime(microTime(m.TrainedAt))},
	}
}

// trainCommand trains a model of the shop's own.
func trainCommand(v *ui.Viewer) string { return "dhvani train language --workspace " + v.Workspace.ID }

// readNames are the languages that are told apart, but for those in Latin letters.
func readNames(v *ui.Viewer) string {
	var out []string
	for _, tag := range language.Languages {
		if !strings.Contains(tag, "-") {
			out = append(out, languageName(v, tag))
		}
	}
	return strings.Join(out, ", ")
}

func careNames(v *ui.Viewer) string {
	var out []string
	for _, reason := range language.Care {
		out = append(out, careName(v, reason))
	}
	return capital(strings.Join(out, ", "))
}

// modelError is by how much a share that the model made may be off, at 95 %.
func modelError(v *ui.Viewer) string { return v.L.Percent(1.96*language.ShareError, 0) }
