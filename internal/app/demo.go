package app

import (
	"context"
	"net/http"
	"slices"

	"github.com/dhvani/dhvani/internal/deliver"
	"github.com/dhvani/dhvani/internal/deliver/email"
	"github.com/dhvani/dhvani/internal/deliver/mailbox"
	"github.com/dhvani/dhvani/internal/deliver/webhook"
	"github.com/dhvani/dhvani/internal/staff"
	"github.com/dhvani/dhvani/internal/workspace"
)

// routeDemo answers what only the demo asks for.
func (a *App) routeDemo(mux *http.ServeMux) {
	if a.mailbox == nil {
		return
	}
	mux.HandleFunc("POST /admin/demo/outgoing", answer(func(r *http.Request, in NamedKey) (struct{}, error) {
		return struct{}{}, a.demoDestinations(r.Context(), in.Workspace)
	}))
}

// demoDestinations gives a shop ways out that end in the demo's mailbox, where it
// has none.
func (a *App) demoDestinations(ctx context.Context, shop string) error {
	list, err := a.chosen(ctx, shop)
	if err != nil {
		return err
	}
	for _, w := range list {
		if err := a.demoDestinationsOf(ctx, w); err != nil {
			return err
		}
	}
	return nil
}

func (a *App) demoDestinationsOf(ctx context.Context, w workspace.Workspace) error {
	by, host := staff.ByOperator(w.Number), mailbox.Host(w.ID)
	there, err := a.deliver.Destinations(ctx, by)
	if err != nil {
		return err
	}
	for _, d := range []*deliver.Destination{
		{Kind: deliver.Email, Name: "Demo mailbox", Settings: map[string]string{
			email.Host: host, email.Port: "25", email.TLS: "none", email.From: "hello@tantu.example", email.FromName: w.Name,
		}},
		{Kind: deliver.Slack, Name: "Demo chat", Secrets: map[string]string{webhook.URLSetting: "http://" + host + "/chat"}},
	} {
		if slices.ContainsFunc(there, func(old *deliver.Destination) bool { return old.Kind == d.Kind && old.Name == d.Name }) {
			continue
		}
		if err := a.deliver.Create(ctx, by, d); err != nil {
			return err
		}
	}
	return nil
}
