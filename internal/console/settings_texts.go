package console

import (
	"net/http"
	"strings"

	"github.com/dhvani/dhvani/internal/console/ui"
	"github.com/dhvani/dhvani/internal/language"
)

// textsPage tells how texts are understood, and by which model.
func (c *Console) textsPage(w http.ResponseWriter, r *http.Request, v *ui.Viewer) error {
	return render(w, r, http.StatusOK, textsPage(v))
}

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
