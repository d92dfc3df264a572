package train

import (
	"bytes"
	"testing"

	"github.com/dhvani/dhvani/internal/language/evaluate"
)

func TestClassifier(t *testing.T) {
	var lines []evaluate.Line
	for label, texts := range map[string][]string{
		"opening":  {"when do you open", "opening hours on sunday", "are you open tomorrow", "what time do you close"},
		"location": {"where is your shop", "address please", "which metro station is near your shop", "how do I get to you"},
	} {
		for _, text := range texts {
			lines = append(lines, evaluate.Line{Language: "en", Label: label, Text: text})
		}
	}
	c, err := Classify(lines)
	if err != nil {
		t.Fatal(err)
	}
	var file bytes.Buffer
	if err := c.Write(&file); err != nil {
		t.Fatal(err)
	}
	read, err := ReadClassifier(bytes.NewReader(file.Bytes()))
	if err != nil {
		t.Fatal(err)
	}
	for text, want := range map[string]string{"do you open on saturday": "opening", "please send the address of the shop": "location"} {
		before, after := c.Guess(text), read.Guess(text)
		if after.Label != want || before.Label != want || before.Confidence-after.Confidence > 0.02 {
			t.Errorf("%s: %+v, read again %+v", text, before, after)
		}
	}
	for name, b := range map[string][]byte{"half": file.Bytes()[:file.Len()/2], "nothing": nil, "text": []byte("opening\twhen")} {
		if _, err := ReadClassifier(bytes.NewReader(b)); err == nil {
			t.Errorf("%s was read", name)
		}
	}
	if _, err := Classify(lines[:1]); err == nil {
		t.Error("one label was learnt")
	}
}
