package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/dhvani/dhvani/internal/intake"
	"github.com/dhvani/dhvani/internal/source/file"
	"github.com/dhvani/dhvani/internal/source/table"
)

type importCSV struct {
	importFlags
	Kind     string            `help:"What the table is: shopify-orders, shopify-customers, woocommerce-orders, woocommerce-order-report, woocommerce-customers, woocommerce-customer-report, orders, customers or reviews. By default it is recognised by its columns." placeholder:"KIND"`
	Zone     string            `help:"Time zone of times that name none, such as Asia/Kolkata." default:"UTC" placeholder:"ZONE"`
	Currency string            `help:"Currency of amounts that name none, such as INR." placeholder:"CODE"`
	MonthDay bool              `help:"Read 03/04/2026 as the 4th of March."`
	Comma    bool              `help:"Read 1.234,50 with a decimal comma; otherwise it is found out."`
	Map      map[string]string `help:"What a column means, as COLUMN=FIELD; docs/import.md lists the fields." placeholder:"COLUMN=FIELD"`
	Preview  int               `help:"Show what the first so many rows become, and send nothing." placeholder:"N"`
}

func (c importCSV) Run(ctx context.Context) error {
	o := table.Options{Currency: strings.ToUpper(c.Currency), DayFirst: !c.MonthDay, Comma: c.Comma, AsOf: time.Now().UTC()}
	var err error
	if o.Zone, err = time.LoadLocation(c.Zone); err != nil {
		return fmt.Errorf("there is no time zone %q", c.Zone)
	}
	if c.Kind != "" && intake.PresetNamed(c.Kind) == nil {
		return fmt.Errorf("%q is no kind of table; dhvani import csv --help lists them", c.Kind)
	}
	if info, err := os.Stat(c.File); err == nil {
		o.AsOf = info.ModTime().UTC()
	}
	format := func(r io.Reader) (file.Decoder, error) { return c.open(r, o) }
	if c.Preview > 0 {
		return c.preview(format)
	}
	return c.run(ctx, format, fmt.Sprintf(" %q", []any{c.Kind, c.Zone, c.Currency, c.MonthDay, c.Comma, fmt.Sprint(c.Map)}))
}

// lookBytes of a table are enough to find out what it is.
const lookBytes = 256 << 10

// open finds out what the table is, where that was not said, and reads it.
func (c importCSV) open(r io.Reader, o table.Options) (file.Decoder, error) {
	b := bufio.NewReaderSize(r, lookBytes)
	head, err := b.Peek(lookBytes)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, err
	}
	g, err := intake.Look(strings.NewReader(string(head)))
	if err != nil {
		return nil, errors.New("the file is empty")
	}
	if c.Kind != "" {
		g.Use(intake.PresetNamed(c.Kind))
	}
	for column, field := range c.Map {
		i := slices.Index(g.Header, column)
		if i < 0 {
			return nil, fmt.Errorf("the table has no column %q", column)
		}
		g.Mapping[i] = table.Field(field)
	}
	if !g.Mapping.Check(g.Preset.Kind) {
		return nil, fmt.Errorf("--map names a field that %s do not have; docs/import.md lists them", g.Preset.Kind)
	}
	if missing := g.Mapping.Missing(g.Preset.Kind); len(missing) > 0 {
		return nil, fmt.Errorf("taken for %s, the table lacks a column for %v: say which it is with --map COLUMN=FIELD, or what the table is with --kind", g.Preset.Name, missing[0])
	}
	o.Comma = o.Comma || g.Comma
	fmt.Fprintf(os.Stderr, "The table is read as %s.\n", g.Preset.Name)
	return table.NewDecoder(b, g.Preset, g.Mapping, o)
}

// preview shows what the first rows become.
func (c importCSV) preview(format file.Format) error {
	var in io.Reader = os.Stdin
	if c.File != file.Stdin {
		f, err := os.Open(c.File)
		if err != nil {
			return err
		}
		defer f.Close()
		in = f
	}
	text, err := file.Inflate(in)
	if err != nil {
		return err
	}
	d, err := format(text)
	if err != nil {
		return err
	}
	for range c.Preview {
		u, err := d.Next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		if u.Reason != nil {
			fmt.Printf("line %d: not taken: %v\n", u.Line, u.Reason)
		}
		for _, e := range u.Events {
			fmt.Printf("line %d: %s\n", u.Line, e)
		}
	}
	return nil
}
