package main

import (
	"context"
	"fmt"
	"os"

	"github.com/dhvani/dhvani/internal/bench"
)

type benchPages struct {
	URL      string `help:"Address of the server." default:"http://127.0.0.1:8080" placeholder:"URL"`
	Email    string `help:"Who signs in; the first workspace of theirs is measured." required:""`
	Password string `help:"Their password." required:""`
	Times    int    `help:"Requests of each page." default:"40"`
	JSON     bool   `help:"Only the JSON, without the table."`
}

func (c benchPages) Run(ctx context.Context) error {
	list, err := (&bench.Pages{URL: c.URL, Email: c.Email, Password: c.Password, Times: c.Times}).Run(ctx)
	if len(list) > 0 && !c.JSON {
		fmt.Fprint(os.Stderr, bench.Table(list))
	}
	if err != nil {
		return err
	}
	return printIndented(list)
}
