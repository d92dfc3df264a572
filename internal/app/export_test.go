package app

import "github.com/dhvani/dhvani/internal/feedback"

// Opinions is the store that pages work with.
func (a *App) Opinions() feedback.Store { return a.opinions() }
