package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/dhvani/dhvani/internal/app"
	"github.com/dhvani/dhvani/internal/language/train"
)

type trainCommand struct {
	Language trainLanguage `cmd:"" help:"Train a model of texts: a workspace's own of how its customers feel, or one of labels in a file."`
}

type trainLanguage struct {
	placeFlags
	Workspace string `help:"The workspace's name or id; not needed where there is one only."`
	File      string `help:"Learn the labels of this file instead, gzipped or not: a text a line, as lang, label and text with tabs between." type:"path" placeholder:"FILE"`
	Task      string `help:"With --file: intent, the only one that there is; its labels may be any of your own." enum:"intent" default:"intent"`
	Out       string `help:"With --file or --corpus: where to write the model." type:"path" placeholder:"FILE"`
	Corpus    string `help:"Train the base models from this folder instead, as internal/language/corpus is." type:"path" placeholder:"DIR"`
	Sets      string `help:"With --corpus: the folder of the public sets, as NAME.train.tsv.gz." type:"path" placeholder:"DIR"`
}

func (trainLanguage) Help() string {
	return `Learns from opinions that have both a rating and a text, and from what staff corrected. The newest fifth of the ratings, at least 300, only judge the new model: it is used from then on if its macro-F1 is better than the base model's with 95 % certainty, and else not.

Texts that are there already are read anew by dhvani replay.`
}

func (c trainLanguage) Run(ctx context.Context) error {
	if err := c.check(); err != nil {
		return err
	}
	if c.Corpus != "" {
		return c.base()
	}
	if c.File == "" {
		return follow(ctx, c.placeFlags, "/admin/language/train", app.NamedKey{Workspace: c.Workspace}, stepPrinter{})
	}
	lines, err := readLabelled(c.File)
	if err != nil {
		return err
	}
	m, err := train.Classify(lines)
	if err != nil {
		return fmt.Errorf("%s: %w", c.File, err)
	}
	if err := writeWhole(c.Out, true, func(w io.Writer) error { return m.Write(w) }); err != nil {
		return err
	}
	fmt.Printf("Learnt from %s texts.\n", thousands(int64(len(lines))))
	return nil
}

// check refuses flags that do not go together.
func (c trainLanguage) check() error {
	switch {
	case c.Workspace != "" && (c.File != "" || c.Corpus != ""), c.File != "" && c.Corpus != "":
		return errors.New("--workspace, --file and --corpus are different things to learn from: give one")
	case c.Corpus != "" || c.Sets != "":
		if c.Corpus == "" || c.Sets == "" || c.Out == "" {
			return errors.New("--corpus, --sets and --out go together")
		}
	case (c.File == "") != (c.Out == ""):
		return errors.New("--file and --out go together")
	}
	return cmp.Or(notOver(c.Out, c.File, c.Corpus, c.Sets), notOver(c.Out+".md", c.Corpus, c.Sets))
}

// base trains the base models, and writes their card beside them.
func (c trainLanguage) base() error {
	texts := os.DirFS(c.Corpus)
	m, figures, err := train.Base(texts, c.Sets, func(step string) { fmt.Fprintln(os.Stderr, step) })
	if err != nil {
		return err
	}
	if err := writeWhole(c.Out, true, m.Write); err != nil {
		return err
	}
	return writeWhole(c.Out+".md", true, func(w io.Writer) error { return train.Card(w, texts, figures) })
}
