package main

import (
	"context"
	"fmt"
	"log/slog"

	"github.com/dhvani/dhvani/internal/app"
)

type salvageCommand struct{ placeFlags }

func (c salvageCommand) Run(ctx context.Context) error {
	o := c.options()
	o.Logger = slog.New(slog.DiscardHandler)
	if err := app.Salvage(ctx, o, func(text string) { fmt.Println(text) }); err != nil {
		return err
	}
	fmt.Println("Start Dhvani as usual; dhvani verify checks everything.")
	return nil
}
