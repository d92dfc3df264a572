package main

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/dhvani/dhvani/internal/language"
	"github.com/dhvani/dhvani/internal/language/evaluate"
	"github.com/dhvani/dhvani/internal/language/train"
)

type evaluateCommand struct {
	Insight  evaluateInsight  `cmd:"" help:"Run the detectors of trouble over a series and print their scores and alerts."`
	Language evaluateLanguage `cmd:"" help:"Run a model of texts on a labelled file."`
}

type evaluateLanguage struct {
	File        string `help:"The labelled file, gzipped or not: a text a line, as lang, label and text with tabs between; quotes are plain." required:"" type:"path" placeholder:"FILE"`
	Task        string `help:"What the labels are: sentiment, intent or language." enum:"sentiment,intent,language" default:"sentiment"`
	Model       string `help:"A model that dhvani train language --file wrote, for the labels that it learnt; without it the base models." type:"path" placeholder:"FILE"`
	Predictions string `help:"Write gold label, prediction, confidence and text there, a line for each text." type:"path" placeholder:"FILE"`
}

func (evaluateLanguage) Help() string {
	return `Prints JSON: accuracy, macro-F1, precision, recall and F1 by class, the same for each language, each with its 95 % interval, the confusion table, and how far confidence can be believed.`
}

func (c evaluateLanguage) Run() error {
	if err := notOver(c.Predictions, c.File, c.Model); err != nil {
		return err
	}
	lines, err := readLabelled(c.File)
	if err != nil {
		return err
	}
	var m evaluate.Model = evaluate.Part{Analyzer: language.Base(), Task: c.Task}
	if c.Model != "" {
		if c.Task != evaluate.Intent {
			return errors.New("--model goes with --task intent")
		}
		if m, err = readModel(c.Model); err != nil {
			return err
		}
	}
	cases, left, err := evaluate.Run(c.Task, lines, m, c.Model == "")
	if err != nil {
		return fmt.Errorf("%s: %w", c.File, err)
	}
	if c.Predictions != "" {
		if err := writeWhole(c.Predictions, true, func(w io.Writer) error { return evaluate.Write(w, cases) }); err != nil {
			return err
		}
	}
	r := evaluate.NewReport(c.Task, cases, language.OtherIntent, evaluate.NoNodes)
	r.Model, r.Left = cmp.Or(c.Model, "base "+language.BaseVersion()), left
	return printIndented(r)
}

func readLabelled(name string) ([]evaluate.Line, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	lines, err := evaluate.Read(f)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return lines, nil
}

func readModel(name string) (evaluate.Model, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	m, err := train.ReadClassifier(f)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return m, nil
}
