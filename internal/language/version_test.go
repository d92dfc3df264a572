package language

import (
	"os"
	"strings"
	"testing"
)

// What the model says of a message is what it finds likeliest, where it says anything.
func TestLikeliestIntent(t *testing.T) {
	b, err := os.ReadFile("corpus/messages.en.tsv")
	if err != nil {
		t.Fatal(err)
	}
	a := Base()
	unsure := 0
	for line := range strings.Lines(string(b)) {
		text := line[strings.LastIndex(line, "\t")+1:]
		said, likeliest := a.Analyze(text).Intent, a.LikeliestIntent(text)
		if said == Unsure {
			unsure++
			said = likeliest
		}
		if likeliest == Unsure || said != likeliest {
			t.Errorf("%q: %s, likeliest %s", text, said, likeliest)
		}
	}
	if unsure == 0 {
		t.Error("it is sure of everything")
	}
	if a.LikeliestIntent(" ") != Unsure {
		t.Error("it guesses what nothing wants")
	}
	if len(BaseVersion()) < 20 {
		t.Error(BaseVersion())
	}
}
