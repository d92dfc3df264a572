package api

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"github.com/dhvani/dhvani/internal/workspace"
)

const settingsTag = "Workspace"

func (s *server) settings() {
	huma.Register(s.huma, operation(http.MethodGet, "/workspace", "get-workspace", "The workspace and its settings", workspace.ScopeRead, settingsTag), s.getWorkspace)
	huma.Register(s.huma, operation(http.MethodPatch, "/workspace", "change-workspace", "Change settings; what is absent stays", workspace.ScopeAdmin, settingsTag), s.changeWorkspace)
	huma.Register(s.huma, operation(http.MethodGet, "/workspace/identity-secret", "get-identity-secret", "The secret that signs context.identity_token", workspace.ScopeAdmin, settingsTag), s.identitySecret)
	huma.Register(s.huma, operation(http.MethodPost, "/workspace/identity-secret", "rotate-identity-secret", "Make a new secret; tokens signed with the old one end at once", workspace.ScopeAdmin, settingsTag), s.rotateIdentitySecret)
}

type workspaceInfo struct {
	ID             string   `json:"id"`
	Name           string   `json:"name"`
	AllowedOrigins []string `json:"allowed_origins" doc:"Web origins whose pages may send events with a write key. Empty allows all."`
	Country        string   `json:"country" doc:"ISO 3166 code by which phone numbers written without a country are read."`
}

func (s *server) workspaceOf(ctx context.Context) (*body[workspaceInfo], workspace.Workspace, error) {
	w, err := s.Workspaces.Get(ctx, entry(ctx).WorkspaceID)
	if err != nil {
		return nil, w, s.fail(ctx, err)
	}
	return &body[workspaceInfo]{workspaceInfo{w.ID, w.Name, append([]string{}, w.AllowedOrigins...), w.Country}}, w, nil
}

func (s *server) getWorkspace(ctx context.Context, _ *struct{}) (*body[workspaceInfo], error) {
	out, _, err := s.workspaceOf(ctx)
	return out, err
}

type workspaceChange struct {
	Body struct {
		AllowedOrigins *[]string `json:"allowed_origins,omitempty" maxItems:"200"`
		Country        *string   `json:"country,omitempty"`
	}
}

func (s *server) changeWorkspace(ctx context.Context, in *workspaceChange) (*body[workspaceInfo], error) {
	err := s.Staff.Change(ctx, actor(ctx), "workspace.changed", func(w *workspace.Workspace) {
		if in.Body.AllowedOrigins != nil {
			w.AllowedOrigins = *in.Body.AllowedOrigins
		}
		if in.Body.Country != nil {
			w.Country = *in.Body.Country
		}
	}, nil)
	if err != nil {
		return nil, s.fail(ctx, err)
	}
	out, _, err := s.workspaceOf(ctx)
	return out, err
}

type secret struct {
	IdentitySecret string `json:"identity_secret" doc:"Key of the HMAC-SHA256 over the user id, whose lower-case hex is context.identity_token."`
}

func (s *server) identitySecret(ctx context.Context, _ *struct{}) (*body[secret], error) {
	text, err := s.Staff.IdentitySecret(ctx, actor(ctx))
	return &body[secret]{secret{text}}, s.fail(ctx, err)
}

func (s *server) rotateIdentitySecret(ctx context.Context, _ *struct{}) (*body[secret], error) {
	text, err := s.Staff.RotateIdentitySecret(ctx, actor(ctx))
	return &body[secret]{secret{text}}, s.fail(ctx, err)
}
