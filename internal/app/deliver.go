package app

import (
	"context"
	"net/url"

	"github.com/dhvani/dhvani/internal/deliver"
	"github.com/dhvani/dhvani/internal/deliver/email"
	"github.com/dhvani/dhvani/internal/deliver/mailbox"
	"github.com/dhvani/dhvani/internal/deliver/webhook"
	"github.com/dhvani/dhvani/internal/insight/incident"
	"github.com/dhvani/dhvani/internal/insight/loop"
	"github.com/dhvani/dhvani/internal/outgoing"
)

// startDeliver sends what rooms put into the outbox.
func (a *App) startDeliver(ctx context.Context) error {
	logger := a.o.Logger.With("component", "deliver")
	if a.o.Demo != nil {
		a.mailbox = mailbox.New(a.o.Now)
		a.background(ctx, a.mailbox.Run)
	}
	a.deliver = a.outbox()
	a.incidents = &incident.Store{DB: a.database, Now: a.o.Now, Act: a.Act, Out: a.deliver, Sealer: a.workspaces, URL: a.publicURL}
	a.loop = &loop.Store{DB: a.database, Now: a.o.Now, Incidents: a.incidents, Out: a.deliver, Stops: a.deliver.Stops, Sealer: a.workspaces, URL: a.publicURL, Act: a.Act}
	pool := deliver.NewPool(deliver.Options{Store: a.deliver, Logger: logger, Metrics: a.registry, May: a.loop.May})
	a.background(ctx, pool.Run)
	return nil
}

// outbox is the way out, with all kinds of destinations.
func (a *App) outbox() *deliver.Store {
	var local *url.URL
	if a.o.LocalWebhook != "" {
		local, _ = url.Parse(a.o.LocalWebhook) // checked before
	}
	var inside outgoing.Inside
	if a.mailbox != nil {
		inside = a.mailbox
	}
	senders := webhook.Senders(local, inside)
	senders[deliver.Email] = email.New(a.o.MailRelay, inside)
	return &deliver.Store{DB: a.database, Sealer: a.workspaces, Senders: senders, Now: a.o.Now}
}
