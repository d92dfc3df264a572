package app

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/dhvani/dhvani/internal/event"
	"github.com/dhvani/dhvani/internal/language/fitted"
	"github.com/dhvani/dhvani/internal/staff"
	"github.com/dhvani/dhvani/internal/workspace"
)

// Admin answers the commands of the shop's operator: over the socket in the
// data folder when a process runs there, else within the command itself. Who
// can open the socket may do everything.
type admin struct {
	workspaces *workspace.Store
	staff      *staff.Store
	models     *fitted.Models
	sessions   *sessions
	url        func() string // of the console as this process serves it; "" where it does not
}

// The commands' requests and answers.
type (
	// CreateWorkspace asks for a workspace.
	CreateWorkspace struct {
		Name     string `json:"name"`
		Country  string `json:"country,omitempty"`
		Zone     string `json:"time_zone,omitempty"`
		Currency string `json:"currency,omitempty"`
	}
	// NewWorkspace is a workspace with its first keys, shown once.
	NewWorkspace struct {
		ID        string `json:"id"`
		Name      string `json:"name"`
		WriteKey  string `json:"write_key"`
		SecretKey string `json:"secret_key"`
	}
	// WorkspaceInfo is a workspace in a list.
	WorkspaceInfo struct {
		ID        string `json:"id"`
		Name      string `json:"name"`
		CreatedAt int64  `json:"created_at_micros"`
	}
	// CreateKey asks for a key of a workspace, named by id or name.
	CreateKey struct {
		Workspace string `json:"workspace"`
		Kind      string `json:"kind"`
		Label     string `json:"label"`
		Scopes    string `json:"scopes"`
		RateLimit int    `json:"rate_limit"`
	}
	// KeyInfo describes a key; Key itself is there only when it is new.
	KeyInfo struct {
		ID        string `json:"id"`
		Kind      string `json:"kind"`
		Label     string `json:"label"`
		Scopes    string `json:"scopes,omitempty"`
		Public    string `json:"public"`
		RateLimit int    `json:"rate_limit"`
		Revoked   bool   `json:"revoked"`
		Key       string `json:"key,omitempty"`
	}
	// NamedKey names a key of a workspace.
	NamedKey struct {
		Workspace string `json:"workspace"`
		ID        string `json:"id"`
	}
	// AddUser asks for a member of staff.
	AddUser struct {
		Workspace string `json:"workspace"`
		Email     string `json:"email"`
		Name      string `json:"name"`
		Role      string `json:"role"`
		Password  string `json:"password"`
	}
	// ResetUser asks for a link by which a person chooses a new password.
	ResetUser struct {
		Email               string `json:"email"`
		WithoutSecondFactor bool   `json:"without_second_factor"`
		URL                 string `json:"url"` // of the console; "": the running process's own
	}
	// UserLink is the address that lets a person in once.
	UserLink struct {
		URL string `json:"url"`
	}
	// UserInfo is a member of staff in a list.
	UserInfo struct {
		ID           string `json:"id"`
		Email        string `json:"email"`
		Name         string `json:"name"`
		Role         string `json:"role"`
		SecondFactor bool   `json:"second_factor"`
	}
	// MarkErasures asks for the lines of a list of erased customers.
	MarkErasures struct {
		Workspace   string   `json:"workspace"`
		Identifiers []string `json:"identifiers"` // user_id:U or anonymous_id:A
	}
	// ErasureLines are lines of a list of erasures, and the mark of their key.
	ErasureLines struct {
		Key   string   `json:"key"`
		Lines []string `json:"lines"`
	}
	// Session is a key for as long as the process lives.
	Session struct {
		Key       string `json:"key"`
		Workspace string `json:"workspace"`
	}
)

func (a *admin) routes(mux *http.ServeMux) {
	mux.HandleFunc("POST /admin/workspaces", answer(a.createWorkspace))
	mux.HandleFunc("GET /admin/workspaces", answer(a.listWorkspaces))
	mux.HandleFunc("POST /admin/keys", answer(a.createKey))
	mux.HandleFunc("POST /admin/keys/list", answer(a.listKeys))
	mux.HandleFunc("POST /admin/keys/revoke", answer(a.revokeKey))
	mux.HandleFunc("POST /admin/users", answer(a.addUser))
	mux.HandleFunc("POST /admin/users/list", answer(a.listUsers))
	mux.HandleFunc("POST /admin/users/reset", answer(a.resetUser))
	mux.HandleFunc("POST /admin/erasures", answer(a.markErasures))
	mux.HandleFunc("POST /admin/session", answer(a.session))
	mux.HandleFunc("POST /admin/language/model", answer(a.ownModel))
}

// answer turns a command into a handler. Errors go to the operator as they are.
func answer[In, Out any](f func(*http.Request, In) (Out, error)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		var in In
		if r.Method == http.MethodPost {
			if err := json.NewDecoder(http.MaxBytesReader(w, r.Body, 1<<20)).Decode(&in); err != nil {
				http.Error(w, "the request is not JSON: "+err.Error(), http.StatusBadRequest)
				return
			}
		}
		out, err := f(r, in)
		if err != nil {
			status := http.StatusInternalServerError
			if errors.As(err, new(workspace.Invalid)) || errors.Is(err, workspace.ErrNotFound) {
				status = http.StatusUnprocessableEntity
			}
			http.Error(w, err.Error(), status)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		json.NewEncoder(w).Encode(out)
	}
}

func (a *admin) createWorkspace(r *http.Request, in CreateWorkspace) (NewWorkspace, error) {
	c, err := a.workspaces.Create(r.Context(), in.Name)
	if err == nil && in != (CreateWorkspace{Name: in.Name}) {
		err = a.workspaces.Change(r.Context(), c.Workspace.Number, func(w *workspace.Workspace) error {
			w.Country, w.Zone, w.Currency = in.Country, in.Zone, in.Currency
			return nil
		})
	}
	return NewWorkspace{c.Workspace.ID, c.Workspace.Name, c.WriteKey, c.SecretKey}, err
}

func (a *admin) listWorkspaces(r *http.Request, _ struct{}) ([]WorkspaceInfo, error) {
	list, err := a.workspaces.List(r.Context())
	out := []WorkspaceInfo{}
	for _, w := range list {
		out = append(out, WorkspaceInfo{w.ID, w.Name, w.CreatedAt})
	}
	return out, err
}

func (a *admin) createKey(r *http.Request, in CreateKey) (KeyInfo, error) {
	w, err := a.workspace(r, in.Workspace)
	if err != nil {
		return KeyInfo{}, err
	}
	scopes, err := workspace.ParseScopes(in.Scopes)
	if err != nil {
		return KeyInfo{}, err
	}
	k, secret, err := a.staff.CreateKey(r.Context(), staff.ByOperator(w.Number), workspace.KeyOptions{
		Kind: workspace.Kind(in.Kind), Label: in.Label, Scopes: scopes, RateLimit: in.RateLimit})
	if err != nil {
		return KeyInfo{}, err
	}
	info := keyInfo(k)
	info.Key = secret
	return info, nil
}

func keyInfo(k workspace.Key) KeyInfo {
	return KeyInfo{ID: k.ID, Kind: string(k.Kind), Label: k.Label, Scopes: k.Scopes.String(), Public: k.Public, RateLimit: k.RateLimit, Revoked: k.RevokedAt != 0}
}

func (a *admin) listKeys(r *http.Request, in NamedKey) ([]KeyInfo, error) {
	w, err := a.workspace(r, in.Workspace)
	if err != nil {
		return nil, err
	}
	keys, err := a.workspaces.Keys(r.Context(), w.Number)
	out := []KeyInfo{}
	for _, k := range keys {
		out = append(out, keyInfo(k))
	}
	return out, err
}

func (a *admin) revokeKey(r *http.Request, in NamedKey) (struct{}, error) {
	w, err := a.workspace(r, in.Workspace)
	if err != nil {
		return struct{}{}, err
	}
	return struct{}{}, a.staff.RevokeKey(r.Context(), staff.ByOperator(w.Number), in.ID)
}

func (a *admin) addUser(r *http.Request, in AddUser) (struct{}, error) {
	w, err := a.workspace(r, in.Workspace)
	if err != nil {
		return struct{}{}, err
	}
	_, err = a.staff.AddUser(r.Context(), w.Number, staff.NewUser{
		Email: in.Email, Name: in.Name, Role: workspace.Role(in.Role), Password: in.Password})
	return struct{}{}, err
}

func (a *admin) listUsers(r *http.Request, in NamedKey) ([]UserInfo, error) {
	w, err := a.workspace(r, in.Workspace)
	if err != nil {
		return nil, err
	}
	people, err := a.staff.Members(r.Context(), staff.ByOperator(w.Number))
	out := []UserInfo{}
	for _, m := range people {
		out = append(out, UserInfo{m.Account, m.Email, m.Name, string(m.Role), m.Second})
	}
	return out, err
}

func (a *admin) resetUser(r *http.Request, in ResetUser) (UserLink, error) {
	base := strings.TrimRight(in.URL, "/")
	if base == "" {
		base = a.url()
	}
	if base == "" {
		base = "http://127.0.0.1:8080" // where a server listens unless told otherwise
	}
	token, err := a.staff.StartReset(r.Context(), in.Email, in.WithoutSecondFactor)
	return UserLink{base + "/reset/" + token}, err
}

// markErasures names customers by marks that only the seal key can tell.
func (a *admin) markErasures(r *http.Request, in MarkErasures) (ErasureLines, error) {
	w, err := a.workspace(r, in.Workspace)
	if err != nil {
		return ErasureLines{}, err
	}
	m, err := a.workspaces.Marker()
	if err != nil {
		return ErasureLines{}, err
	}
	out := ErasureLines{Key: m.KeyMark()}
	for _, identifier := range in.Identifiers {
		kind, value, ok := strings.Cut(identifier, ":")
		if !ok || value == "" || kind != event.UserProfile && kind != event.AnonymousProfile {
			return ErasureLines{}, workspace.Invalid(fmt.Sprintf("%q is not an identifier: write user_id:U or anonymous_id:A", identifier))
		}
		out.Lines = append(out.Lines, w.ID+" "+m.Mark(w.ID, event.ProfileID(w.Number, kind, value)))
	}
	return out, nil
}

func (a *admin) session(r *http.Request, in NamedKey) (Session, error) {
	w, err := a.workspace(r, in.Workspace)
	if err != nil {
		return Session{}, err
	}
	return Session{a.sessions.create(w), w.ID}, nil
}

// workspace finds the one that is meant.
func (a *admin) workspace(r *http.Request, name string) (workspace.Workspace, error) {
	return one(r.Context(), a.workspaces, name)
}

// one finds the workspace that is named, or the only one there is.
func one(ctx context.Context, s *workspace.Store, name string) (workspace.Workspace, error) {
	if name != "" {
		return named(ctx, s, name)
	}
	list, err := s.List(ctx)
	if err != nil {
		return workspace.Workspace{}, err
	}
	switch len(list) {
	case 0:
		return workspace.Workspace{}, workspace.Invalid("there is no workspace yet: make one with dhvani workspace create --name NAME")
	case 1:
		return list[0], nil
	}
	return workspace.Workspace{}, workspace.Invalid("there are several workspaces: say which one with --workspace NAME")
}

// named finds a workspace that the operator named, by name or id.
func named(ctx context.Context, s *workspace.Store, name string) (workspace.Workspace, error) {
	w, err := s.Get(ctx, name)
	if errors.Is(err, workspace.ErrNotFound) {
		err = workspace.Invalid(fmt.Sprintf("there is no workspace %q: dhvani workspace list shows those that there are", name))
	}
	return w, err
}
