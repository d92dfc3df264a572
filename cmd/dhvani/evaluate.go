package main

import (
	"fmt"
	"io"
	"os"

	"github.com/dhvani/dhvani/internal/language"
	"github.com/dhvani/dhvani/internal/language/evaluate"
)

type evaluateCommand struct {
	Language evaluateLanguage `cmd:"" help:"Run a model of texts on a labelled file."`
}

type evaluateLanguage struct {
	File        string `help:"The labelled file, gzipped or not: a text a line, as lang, label and text with tabs between; quotes are plain." required:"" type:"path" placeholder:"FILE"`
	Task        string `help:"What the labels are: sentiment, intent or language." enum:"sentiment,intent,language" default:"sentiment"`
	Predictions string `help:"Write gold label, prediction, confidence and text there, a line for each text." type:"path" placeholder:"FILE"`
}

func (evaluateLanguage) Help() string {
	return `Prints JSON: accuracy, macro-F1, precision, recall and F1 by class, the same for each language, each with its 95 % interval, the confusion table, and how far confidence can be believed.`
}

func (c evaluateLanguage) Run() error {
	f, err := os.Open(c.File)
	if err != nil {
		return err
	}
	lines, err := evaluate.Read(f)
	f.Close()
	if err != nil {
		return fmt.Errorf("%s: %w", c.File, err)
	}
	cases, left, err := evaluate.Run(c.Task, lines, evaluate.Part{Analyzer: language.Base(), Task: c.Task}, true)
	if err != nil {
		return fmt.Errorf("%s: %w", c.File, err)
	}
	if c.Predictions != "" {
		if err := writeWhole(c.Predictions, true, func(w io.Writer) error { return evaluate.Write(w, cases) }); err != nil {
			return err
		}
	}
	r := evaluate.NewReport(c.Task, cases, language.OtherIntent, evaluate.NoNodes)
	r.Model, r.Left = "base", left
	return printIndented(r)
}
