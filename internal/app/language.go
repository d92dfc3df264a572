package app

import (
	"net/http"

	"github.com/dhvani/dhvani/internal/api"
	"github.com/dhvani/dhvani/internal/feedback"
	"github.com/dhvani/dhvani/internal/language"
	"github.com/dhvani/dhvani/internal/language/fitted"
)

// analyzers gives what understands a workspace's texts.
func (a *App) analyzers(workspace int64) feedback.Analyzer { return a.models.For(workspace) }

// analyzer is the same for the api.
func (a *App) analyzer(workspace int64) api.Analyzer { return a.models.For(workspace) }

// baseModel understands the texts of any workspace.
func baseModel(int64) feedback.Analyzer { return language.Base() }

// OwnModel is a workspace's own language model.
type OwnModel struct {
	Data []byte `json:"data"` // as fitted.Open takes it; empty where there is none in use
}

func (a *admin) ownModel(r *http.Request, in NamedKey) (OwnModel, error) {
	w, err := a.workspace(r, in.Workspace)
	if err != nil {
		return OwnModel{}, err
	}
	data, err := a.models.Data(r.Context(), w.Number)
	return OwnModel{data}, err
}

// OpenModel returns what understands the texts of the workspace whose model it is.
func OpenModel(m OwnModel) (*language.Analyzer, error) {
	if len(m.Data) == 0 {
		return language.Base(), nil
	}
	return fitted.Open(m.Data)
}
