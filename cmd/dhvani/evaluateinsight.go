package main

import (
	"fmt"
	"io"
	"os"

	"github.com/dhvani/dhvani/internal/insight/evaluate"
)

type evaluateInsight struct {
	File string `arg:"" help:"A CSV file, a row for each time and value, with or without a header; - for standard input." type:"path"`
	Kind string `help:"What the values are. A rate may have in a third column of how many it is the share." enum:"auto,count,rate,level" default:"auto"`
}

func (evaluateInsight) Help() string {
	return `Runs the detectors over a series as if it came in live, and prints the same rows with a score from 0 to 1 and an alert, 1 at the first row of a new alarm. Times are as 2006-01-02T15:04:05Z or 2006-01-02 15:04:05, or seconds or milliseconds since 1970, in any distance; smaller numbers count hours. Missing values are empty. Seasons by day and week are found while the series runs.`
}

func (c evaluateInsight) Run() error {
	var in io.Reader = os.Stdin
	if c.File != "-" {
		f, err := os.Open(c.File)
		if err != nil {
			return err
		}
		defer f.Close()
		in = f
	}
	if err := evaluate.Run(in, os.Stdout, c.Kind); err != nil {
		return fmt.Errorf("%s: %w", c.File, err)
	}
	return nil
}
