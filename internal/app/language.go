package app

import (
	"github.com/dhvani/dhvani/internal/api"
	"github.com/dhvani/dhvani/internal/language"
)

// analyzer returns what analyses a workspace's texts.
func (a *App) analyzer(int64) api.Analyzer { return language.Base() }
