package incident

import (
	"math"
	"strings"

	"github.com/dhvani/dhvani/internal/event"
	"github.com/dhvani/dhvani/internal/insight/cause"
)

// clean brings a finding into what JSON can hold: the evidence of a long trouble
// grows beyond what a float has room for, and texts come from the shop's events.
func (f *Finding) clean() {
	text(&f.Theme)
	f.Phrase, f.Product = event.Visible(f.Phrase), event.Visible(f.Product)
	for i := range f.Signs {
		s := &f.Signs[i]
		bound(&s.Evidence, &s.Expected, &s.Low, &s.High, &s.Observed, &s.N, &s.Excess)
		text(&s.Signal)
		cleanPairs(s.Of)
	}
	for i := range f.Causes {
		c := &f.Causes[i]
		bound(&c.N, &c.Bad, &c.WasN, &c.WasBad, &c.Rate, &c.Was, &c.Others, &c.Explains, &c.Sure)
		cleanPairs(c.Pairs)
		for _, same := range c.Same {
			cleanPairs(same)
		}
	}
	for i := range f.Reasons {
		f.Reasons[i].Text = event.Visible(f.Reasons[i].Text)
	}
	for i := range f.Changes {
		f.Changes[i].Title = event.Visible(f.Changes[i].Title)
	}
	bound(&f.Lost.Orders, &f.Lost.Low, &f.Lost.High)
}

func cleanPairs(pairs []cause.Pair) {
	for i := range pairs {
		text(&pairs[i].Value)
	}
}

func text(texts ...*string) {
	for _, t := range texts {
		*t = strings.ToValidUTF8(strings.ReplaceAll(*t, "\x00", ""), "\uFFFD")
	}
}

// most stands for what is larger; it leaves room to add up.
const most = 1e300

func bound(numbers ...*float64) {
	for _, n := range numbers {
		if math.IsNaN(*n) {
			*n = 0
		}
		*n = min(max(*n, -most), most)
	}
}
