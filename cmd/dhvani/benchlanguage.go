package main

import (
	"context"
	"fmt"
	"os"
	"time"

	"github.com/dhvani/dhvani/internal/bench"
	"github.com/dhvani/dhvani/internal/language"
)

type benchLanguage struct {
	Duration time.Duration `help:"How long to analyse." default:"5s"`
	JSON     bool          `help:"Only the JSON, without words about it."`
}

func (c benchLanguage) Run(ctx context.Context) error {
	r, err := bench.Texts(ctx, language.Base(), c.Duration)
	if err != nil {
		return err
	}
	if !c.JSON {
		fmt.Fprintf(os.Stderr, "%s texts of twenty words a second on one core, %.2f allocations each; the models take %d MB.\n",
			thousands(int64(r.PerSecond)), r.Allocations, r.Models>>20)
	}
	return printIndented(r)
}
