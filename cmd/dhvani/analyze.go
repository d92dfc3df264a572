package main

import (
	"context"
	"errors"
	"os"

	"github.com/dhvani/dhvani/internal/app"
	"github.com/dhvani/dhvani/internal/language"
)

type analyzeCommand struct {
	placeFlags
	Workspace string `help:"Read the texts as those of this workspace, named or by its id: with its own model, where it has one in use."`
}

func (analyzeCommand) Help() string {
	return `One text a line on standard input gives one JSON object a line on standard output, in the same order: language, sentiment, sentiment_scores, score, topics, aspects (each topic with its own sentiment and the words that show it), intent, intent_confidence, care, urgency and personal.

"from" and "to" are offsets in bytes of the line, not in characters: "from" is included, "to" is not. Of a line the first 8 KB are looked at.`
}

func (c analyzeCommand) Run(ctx context.Context) error {
	a := language.Base()
	if c.Workspace != "" {
		var m app.OwnModel
		err := call(ctx, c.placeFlags, "POST", "/admin/language/model", app.NamedKey{Workspace: c.Workspace}, &m)
		if err != nil {
			return err
		}
		if a, err = app.OpenModel(m); err != nil {
			return err
		}
	}
	done := make(chan error, 1)
	go func() { done <- analyzeLines(os.Stdin, os.Stdout, a) }()
	select {
	case err := <-done:
		return err
	case <-ctx.Done(): // while a read from a terminal has no end
		return errors.New("stopped")
	}
}
