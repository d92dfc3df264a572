package api

import (
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/dhvani/dhvani/internal/web"
	"github.com/dhvani/dhvani/internal/workspace"
)

const keysTag = "Keys"

func (s *server) keys() {
	huma.Register(s.huma, operation(http.MethodGet, "/keys", "list-keys", "The workspace's keys, without the secret parts", workspace.ScopeAdmin, keysTag), s.listKeys)
	create := operation(http.MethodPost, "/keys", "create-key", "Make a key; its text is shown this once", workspace.ScopeAdmin, keysTag)
	create.DefaultStatus = http.StatusCreated
	huma.Register(s.huma, create, s.createKey)
	revoke := operation(http.MethodDelete, "/keys/{id}", "revoke-key", "End a key for good, within a second everywhere", workspace.ScopeAdmin, keysTag)
	revoke.Errors = append(revoke.Errors, http.StatusNotFound)
	huma.Register(s.huma, revoke, s.revokeKey)
}

type key struct {
	ID        string     `json:"id"`
	Kind      string     `json:"kind" enum:"write,secret"`
	Label     string     `json:"label"`
	Scopes    []string   `json:"scopes"`
	Public    string     `json:"public" doc:"A write key as it is; of a secret key the first letters."`
	RateLimit int        `json:"rate_limit" doc:"Events a second; 0 for no limit."`
	CreatedAt time.Time  `json:"created_at"`
	RevokedAt *time.Time `json:"revoked_at,omitempty"`
	Key       string     `json:"key,omitempty" doc:"The whole key, only in the answer that made it."`
}

func keyOf(k workspace.Key) key {
	out := key{
		ID: k.ID, Kind: string(k.Kind), Label: k.Label, Scopes: k.Scopes.Names(), Public: k.Public,
		RateLimit: k.RateLimit, CreatedAt: utc(k.CreatedAt),
	}
	if k.RevokedAt != 0 {
		at := utc(k.RevokedAt)
		out.RevokedAt = &at
	}
	return out
}

type keyList struct {
	Items []key `json:"items"`
}

func (s *server) listKeys(ctx context.Context, _ *struct{}) (*body[keyList], error) {
	keys, err := s.Workspaces.Keys(ctx, entry(ctx).Workspace)
	if err != nil {
		return nil, s.fail(ctx, err)
	}
	out := keyList{Items: []key{}}
	for _, k := range keys {
		out.Items = append(out.Items, keyOf(k))
	}
	return &body[keyList]{out}, nil
}

type newKey struct {
	Body struct {
		Kind      string   `json:"kind" enum:"write,secret"`
		Label     string   `json:"label,omitempty" maxLength:"100"`
		Scopes    []string `json:"scopes,omitempty" doc:"Of a secret key: ingest, read, write, admin. A key cannot give what it has not."`
		RateLimit int      `json:"rate_limit,omitempty" minimum:"0" doc:"Events a second; 0 for no limit."`
	}
}

func (s *server) createKey(ctx context.Context, in *newKey) (*body[key], error) {
	var scopes workspace.Scopes
	for _, name := range in.Body.Scopes {
		one, err := workspace.ParseScopes(name)
		if err != nil {
			return nil, s.fail(ctx, err)
		}
		scopes |= one
	}
	if !entry(ctx).Allows(scopes) {
		return nil, s.fail(ctx, web.NewProblem(http.StatusForbidden, "a key cannot give scopes that it has not: "+entry(ctx).Scopes.String()))
	}
	k, secret, err := s.Staff.CreateKey(ctx, actor(ctx), workspace.KeyOptions{
		Kind: workspace.Kind(in.Body.Kind), Label: in.Body.Label, Scopes: scopes, RateLimit: in.Body.RateLimit})
	if err != nil {
		return nil, s.fail(ctx, err)
	}
	out := keyOf(k)
	out.Key = secret
	return &body[key]{out}, nil
}

type keyID struct {
	ID string `path:"id" maxLength:"100"`
}

func (s *server) revokeKey(ctx context.Context, in *keyID) (*struct{}, error) {
	return nil, s.fail(ctx, s.Staff.RevokeKey(ctx, actor(ctx), in.ID))
}
