package evaluate

import (
	"bufio"
	"fmt"
	"io"
	"runtime"
	"slices"
	"strings"
	"sync"

	"github.com/dhvani/dhvani/internal/language"
)

// Model guesses the label of a text. It may be asked by many at once.
type Model interface {
	Guess(text string) Guess
}

// Guess is the label that a model thinks likeliest, and how sure it is.
type Guess struct {
	Label      string
	Confidence float64
	Unsure     bool // it would rather not say
}

// Analyzer is what analyses texts.
type Analyzer interface {
	Analyze(text string) language.Analysis
}

// Part is the Model of one task within an Analyzer.
type Part struct {
	Analyzer
	Task string
}

// Guess implements Model. A text in which nothing is said is neutral.
func (p Part) Guess(text string) Guess {
	a := p.Analyze(text)
	switch p.Task {
	case Language:
		return Guess{Label: a.Language}
	case Intent:
		g := Guess{a.Intent, a.IntentConfidence, a.Intent == language.Unsure}
		if likeliest, ok := p.Analyzer.(interface{ LikeliestIntent(string) string }); ok && g.Unsure {
			g.Label = likeliest.LikeliestIntent(text)
		}
		return g
	}
	if a.Sentiment == "" {
		return Guess{Label: string(language.Neutral)}
	}
	return Guess{Label: string(a.Sentiment), Confidence: a.Probabilities[slices.Index(language.Sentiments, a.Sentiment)]}
}

// Run lets a model guess the labels of lines, on all cores; left is how many lines
// have no label for the task. With own labels only those of the task are taken.
func Run(task string, lines []Line, m Model, own bool) (cases []Case, left int64, err error) {
	for _, l := range lines {
		gold, ok := l.gold(task)
		if !ok {
			left++
			continue
		}
		if known := known(task); own && known != nil {
			if !slices.Contains(known, gold) {
				return nil, 0, fmt.Errorf("line %d: %q is not a label of this task: they are %s (a line is lang, label and text, or label and text)", l.Number, gold, strings.Join(known, ", "))
			}
			if gold == NoNodes {
				gold = language.OtherIntent
			}
		}
		cases = append(cases, Case{Language: l.Language, Gold: gold, Text: l.Text})
	}
	if len(cases) == 0 {
		return nil, 0, fmt.Errorf("no line has a label for the task %s", task)
	}
	var wg sync.WaitGroup
	cores := runtime.GOMAXPROCS(0)
	for core := range cores {
		wg.Go(func() {
			for i := core; i < len(cases); i += cores {
				g := m.Guess(cases[i].Text)
				cases[i].Guess, cases[i].Confidence, cases[i].Unsure = g.Label, g.Confidence, g.Unsure
			}
		})
	}
	wg.Wait()
	return cases, left, nil
}

// Write writes what was predicted, a line for each case. What a model would rather
// not say is predicted as unsure, with its guess behind the text.
func Write(w io.Writer, cases []Case) error {
	out := bufio.NewWriter(w)
	fmt.Fprint(out, "gold\tpredicted\tconfidence\ttext\tguess\n")
	for _, c := range cases {
		predicted := c.Guess
		if c.Unsure {
			predicted = language.Unsure
		}
		fmt.Fprintf(out, "%s\t%s\t%.6f\t%s\t%s\n", c.Gold, predicted, c.Confidence, c.Text, c.Guess)
	}
	return out.Flush()
}
