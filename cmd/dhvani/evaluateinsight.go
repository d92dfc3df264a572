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
	return `Runs the detectors over a series as if it came in live, and prints the same rows with a score from 0 to 1 and an alert, 1 at the first row of a new alarm. Times are as 2006-01-02T15:04:05Z or 2006-01-02 15:04:05, or seconds or milliseconds since 1970, in any distance; smaller numbers count hours. Missing values are empty. A time before that of a row above counts as that one, and how many there were is said on standard error. The share of a rate is from 0 to 1. Seasons by day and week are found while the series runs.`
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
	late, err := evaluate.Run(in, os.Stdout, c.Kind)
	if late > 0 {
		fmt.Fprintf(os.Stderr, "%s: rows with a time before that of a row above, taken as of that time: %d\n", c.File, late)
	}
	if err != nil {
		return fmt.Errorf("%s: %w", c.File, err)
	}
	return nil
}
