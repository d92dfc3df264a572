package train

import (
	"testing"

	"github.com/dhvani/dhvani/internal/language"
)

// A shop whose customers call good what others call bad teaches its models so, and
// these survive being written and read.
func TestAdapt(t *testing.T) {
	base := language.Base()
	var labelled []Labelled
	for range 40 {
		labelled = append(labelled, Labelled{"this sauce is killer, burns like hell", language.Positive, 1}, Labelled{"far too mild for me", language.Negative, 1},
			Labelled{"", language.Positive, 1}, Labelled{"of no known class", "great", 1})
	}
	a := Adapt(base, labelled)
	b, err := a.MarshalBinary()
	if err != nil {
		t.Fatal(err)
	}
	var read language.Adaption
	if err := read.UnmarshalBinary(b); err != nil {
		t.Fatal(err)
	}
	own := base.Adapted(&read)
	for text, want := range map[string]language.Sentiment{"killer sauce, burns like hell": language.Positive, "too mild": language.Negative} {
		before, after := base.Analyze(text), own.Analyze(text)
		if after.Sentiment != want {
			t.Errorf("%s: %s %v, was %s %v", text, after.Sentiment, after.Probabilities, before.Sentiment, before.Probabilities)
		}
		if again := base.Adapted(Adapt(base, labelled)).Analyze(text); again.Probabilities != after.Probabilities {
			t.Errorf("%s: %v, then %v", text, after.Probabilities, again.Probabilities)
		}
	}
	if err := read.UnmarshalBinary(b[:100]); err == nil {
		t.Error("half an adaption was read")
	}
}
