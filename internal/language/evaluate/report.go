package evaluate

import "slices"

// Report is what is said of a labelled file.
type Report struct {
	Task  string `json:"task"`
	Model string `json:"model"`
	Figures
	Languages   map[string]Figures `json:"languages,omitempty"`
	Scope       *Scope             `json:"scope,omitempty"`       // of intents
	Calibration *Calibration       `json:"calibration,omitempty"` // where guesses have a confidence
	Confusion   Confusion          `json:"confusion"`
	Left        int64              `json:"left_out,omitempty"` // lines that have no label for this task
	Note        string             `json:"note"`
}

const note = "value with its 95 % interval: Wilson for shares, percentiles of 2,000 bootstrap resamples with a fixed seed for F1. " +
	"macro_f1 is the mean F1 of the classes that are among the labels of the file, macro_f1_all that of all classes among labels or guesses (scikit-learn's default); " +
	"F1 is 0 where nothing was right. confusion: rows are labels, columns are guesses."

const intentNote = " Guesses are the likeliest label, whether or not the model is confident enough to answer. scope: in_scope is the accuracy over lines whose label is in scope; " +
	"rejected is the share of lines out of scope that the model says are so or is unsure of; answered and precision are of lines in scope; accepted is the share of lines out of scope that get an answer."

// Confusion is how often each label met each guess.
type Confusion struct {
	Labels []string  `json:"labels"`
	Counts [][]int64 `json:"counts"` // a row for each label, a column for each guess
}

// NewReport makes a report of cases, of which there is at least one. outOfScope are
// the labels of what a model should not answer.
func NewReport(task string, cases []Case, outOfScope ...string) Report {
	r := Report{Task: task, Figures: Measure(cases), Languages: byLanguage(cases), Confusion: confusion(cases), Note: note}
	if task == Intent {
		r.Scope = scope(cases, outOfScope)
		r.Note += intentNote
	}
	if task != Language {
		r.Calibration = calibrate(cases)
	}
	return r
}

func confusion(cases []Case) Confusion {
	classes, pairs := numbered(cases)
	c := Confusion{classes, make([][]int64, len(classes))}
	for i := range c.Counts {
		c.Counts[i] = make([]int64, len(classes))
	}
	for _, p := range pairs {
		c.Counts[p.gold][p.guess]++
	}
	return c
}

// Scope says how a model of intents keeps to what it knows.
type Scope struct {
	In        int64   `json:"n_in_scope"`
	Out       int64   `json:"n_out_of_scope"`
	Accuracy  *Figure `json:"in_scope,omitempty"`
	Answered  *Figure `json:"answered,omitempty"`
	Precision *Figure `json:"precision,omitempty"`
	Rejected  *Figure `json:"rejected,omitempty"`
	Accepted  *Figure `json:"accepted,omitempty"`
}

func scope(cases []Case, outOfScope []string) *Scope {
	var s Scope
	var right, answered, rightAnswered, rejected int64
	for _, c := range cases {
		rejects := c.Unsure || slices.Contains(outOfScope, c.Guess)
		if slices.Contains(outOfScope, c.Gold) {
			s.Out++
			if rejects {
				rejected++
			}
			continue
		}
		s.In++
		if c.Gold == c.Guess {
			right++
		}
		if !rejects {
			answered++
			if c.Gold == c.Guess {
				rightAnswered++
			}
		}
	}
	s.Accuracy, s.Answered, s.Precision = share(right, s.In), share(answered, s.In), share(rightAnswered, answered)
	s.Rejected, s.Accepted = share(rejected, s.Out), share(s.Out-rejected, s.Out)
	return &s
}

// Calibration compares confidence with how often guesses are right: ECE is the mean
// distance of the two, over ten bins of equal width weighted by their cases (M. P.
// Naeini et al., AAAI 2015).
type Calibration struct {
	N    int64   `json:"n"`
	ECE  float64 `json:"ece"`
	Bins []Bin   `json:"bins"`
}

// Bin are the cases of one range of confidence.
type Bin struct {
	From       float64 `json:"from"`
	N          int64   `json:"n"`
	Confidence float64 `json:"confidence"` // mean
	Accuracy   float64 `json:"accuracy"`
}

const bins = 10

func calibrate(cases []Case) *Calibration {
	c := Calibration{N: int64(len(cases)), Bins: make([]Bin, bins)}
	for _, one := range cases {
		b := &c.Bins[min(max(int(one.Confidence*bins), 0), bins-1)]
		b.N++
		b.Confidence += one.Confidence
		if one.Gold == one.Guess {
			b.Accuracy++
		}
	}
	for i := range c.Bins {
		b := &c.Bins[i]
		b.From = float64(i) / bins
		if b.N == 0 {
			continue
		}
		c.ECE += max(b.Confidence-b.Accuracy, b.Accuracy-b.Confidence) / float64(c.N)
		b.Confidence /= float64(b.N)
		b.Accuracy /= float64(b.N)
	}
	return &c
}
