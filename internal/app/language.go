package app

import (
	"context"
	"fmt"
	"net/http"
	"time"

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

// trainLanguage trains a workspace's own model and says whether it is used.
func (a *App) trainLanguage(ctx context.Context, in NamedKey, tell func(Step)) error {
	w, err := one(ctx, a.workspaces, in.Workspace)
	if err != nil {
		return err
	}
	began := time.Now()
	n, err := a.models.Train(ctx, w.Number, feedback.Store{DB: a.database}, func(what string) { tell(Step{What: what}) })
	if err != nil {
		return fmt.Errorf("%s: %w", w.Name, err)
	}
	compared := fmt.Sprintf("%s: learnt from %d texts in %.1f s. On the newest %d rated texts its macro-F1 is %.3f, that of the base model %.3f: a difference of %+.3f (95 %% interval %+.3f to %+.3f).",
		w.Name, n.Train, time.Since(began).Seconds(), n.Test, n.Own, n.Base, n.Better(), n.Low, n.High)
	if !n.Used {
		tell(Step{Result: compared + "\nThat is not shown to be better, so it is not used."})
		return nil
	}
	tell(Step{Result: compared + "\nIt reads this workspace's texts from now on; dhvani replay lets it read those that are there."})
	return nil
}

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
