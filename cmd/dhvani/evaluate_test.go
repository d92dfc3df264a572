package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/dhvani/dhvani/internal/language/evaluate"
)

// output returns what f prints.
func output(t *testing.T, f func() error) string {
	t.Helper()
	stdout := os.Stdout
	defer func() { os.Stdout = stdout }()
	file, err := os.Create(filepath.Join(t.TempDir(), "out"))
	if err != nil {
		t.Fatal(err)
	}
	os.Stdout = file
	if err := f(); err != nil {
		t.Fatal(err)
	}
	b, err := os.ReadFile(file.Name())
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// A model of labels in a file is trained, kept and judged by commands.
func TestTrainAndEvaluate(t *testing.T) {
	dir := t.TempDir()
	path := func(name string) string { return filepath.Join(dir, name) }
	var b strings.Builder
	b.WriteString("lang\tlabel\ttext\n")
	for i := range 60 {
		b.WriteString([]string{"en\tPILLOW\tdo you sell \"soft\" pillows", "en\tEMI\tcan I pay by monthly instalments", "en\tNO_NODES_DETECTED\twho won the cricket match"}[i%3] + strings.Repeat("!", i%5) + "\n")
	}
	if err := os.WriteFile(path("f.tsv"), []byte(b.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	output(t, func() error {
		return trainLanguage{File: path("f.tsv"), Task: "intent", Out: path("m")}.Run(t.Context())
	})
	out := output(t, evaluateLanguage{File: path("f.tsv"), Task: "intent", Model: path("m"), Predictions: path("p")}.Run)
	var r evaluate.Report
	if err := json.Unmarshal([]byte(out), &r); err != nil || r.N != 60 || r.Accuracy.Value != 1 || r.Scope.In != 40 || r.Scope.Rejected.Value != 1 || r.Model != path("m") {
		t.Errorf("%v %s", err, out)
	}
	predicted, err := os.ReadFile(path("p"))
	if err != nil || strings.Count(string(predicted), "\n") != 61 || !strings.Contains(string(predicted), "PILLOW\tPILLOW\t") {
		t.Errorf("%v %s", err, predicted)
	}
	for name, err := range map[string]error{
		"is not a label of this task": evaluateLanguage{File: path("f.tsv"), Task: "intent"}.Run(),
		"goes with":                   evaluateLanguage{File: path("f.tsv"), Task: "sentiment", Model: path("m")}.Run(),
		path("f.tsv"):                 evaluateLanguage{File: path("f.tsv"), Task: "intent", Model: path("f.tsv")}.Run(),
		"no such file":                evaluateLanguage{File: path("none"), Task: "intent"}.Run(),
		"go together":                 trainLanguage{File: path("f.tsv")}.Run(t.Context()),
	} {
		if err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
