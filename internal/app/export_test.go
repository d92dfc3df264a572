package app

import (
	"github.com/dhvani/dhvani/internal/deliver"
	"github.com/dhvani/dhvani/internal/feedback"
	"github.com/dhvani/dhvani/internal/insight/incident"
)

// Opinions is the store that pages work with.
func (a *App) Opinions() feedback.Store { return a.opinions() }

// Incidents is the store that pages and the API work with.
func (a *App) Incidents() *incident.Store { return a.incidents }

// Outbox is the store that pages and the API work with.
func (a *App) Outbox() *deliver.Store { return a.deliver }
