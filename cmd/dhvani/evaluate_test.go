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
	if err := os.WriteFile(path("bare.tsv"), []byte("\ta\nx\tb\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, err := range map[string]error{
		`line 2: "PILLOW" is not a label of this task`: evaluateLanguage{File: path("f.tsv"), Task: "intent"}.Run(),
		"goes with":                     evaluateLanguage{File: path("f.tsv"), Task: "sentiment", Model: path("m")}.Run(),
		path("f.tsv"):                   evaluateLanguage{File: path("f.tsv"), Task: "intent", Model: path("f.tsv")}.Run(),
		"no such file":                  evaluateLanguage{File: path("none"), Task: "intent"}.Run(),
		"--file and --out go together":  trainLanguage{File: path("f.tsv")}.Run(t.Context()),
		"--corpus, --sets and --out":    trainLanguage{Sets: dir}.Run(t.Context()),
		"give one":                      trainLanguage{File: path("f.tsv"), Out: path("m"), Workspace: "x"}.Run(t.Context()),
		"line 1: the text has no label": trainLanguage{File: path("bare.tsv"), Out: path("m")}.Run(t.Context()),
	} {
		if err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// What is read is not written over, whatever it is called.
func TestOutputIsNotInput(t *testing.T) {
	dir := t.TempDir()
	path := func(name string) string { return filepath.Join(dir, name) }
	const text = "en\tpositive\tgood\nen\tnegative\tbad\n"
	if err := os.WriteFile(path("f.tsv"), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("f.tsv", path("link")); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("f.tsv", path("m.md")); err != nil {
		t.Fatal(err)
	}
	for _, out := range []string{"f.tsv", "link", "./f.tsv", "../" + filepath.Base(dir) + "/f.tsv"} {
		out = dir + "/" + out
		for name, err := range map[string]error{
			"train":       trainLanguage{File: path("f.tsv"), Out: out}.Run(t.Context()),
			"back":        trainLanguage{File: path("link"), Out: out}.Run(t.Context()),
			"corpus":      trainLanguage{Corpus: dir, Sets: t.TempDir(), Out: out}.Run(t.Context()),
			"sets":        trainLanguage{Corpus: t.TempDir(), Sets: dir, Out: out}.Run(t.Context()),
			"card":        trainLanguage{Corpus: dir, Sets: t.TempDir(), Out: path("m")}.Run(t.Context()),
			"predictions": evaluateLanguage{File: path("f.tsv"), Task: "sentiment", Predictions: out}.Run(),
			"model":       evaluateLanguage{File: path("none"), Task: "intent", Model: path("f.tsv"), Predictions: out}.Run(),
		} {
			if err == nil || !strings.Contains(err.Error(), "one of the files to read") {
				t.Errorf("%s, %s: %v", name, out, err)
			}
		}
	}
	if b, err := os.ReadFile(path("f.tsv")); err != nil || string(b) != text {
		t.Errorf("%q, %v", b, err)
	}
}

// Commands that work with what is there make nothing in a mistyped place.
func TestNoPlaceIsMade(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "mistyped")
	place := placeFlags{Data: dir}
	for name, err := range map[string]error{
		"analyze": analyzeCommand{placeFlags: place, Workspace: "x"}.Run(t.Context()),
		"train":   trainLanguage{placeFlags: place}.Run(t.Context()),
		"list":    workspaceList{placeFlags: place}.Run(t.Context()),
		"verify":  verifyCommand{placeFlags: place}.Run(t.Context()),
		"shards":  shardsCommand{placeFlags: place}.Run(t.Context()),
	} {
		if err == nil || !strings.Contains(err.Error(), "there is no Dhvani in the folder "+dir) {
			t.Errorf("%s: %v", name, err)
		}
		if _, err := os.Stat(dir); !os.IsNotExist(err) {
			t.Fatalf("%s made the place: %v", name, err)
		}
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := markDemo(dir); err != nil {
		t.Fatal(err)
	}
	err := workspaceCreate{placeFlags: place, Name: "x"}.Run(t.Context())
	if err == nil || !strings.Contains(err.Error(), "is the demo's") {
		t.Errorf("a shop in the demo's folder: %v", err)
	}
	if err := os.Remove(filepath.Join(dir, demoMark)); err != nil {
		t.Fatal(err)
	}
	output(t, func() error { return workspaceCreate{placeFlags: place, Name: "x"}.Run(t.Context()) })
	if out := output(t, func() error { return workspaceList{placeFlags: place}.Run(t.Context()) }); !strings.Contains(out, "x") {
		t.Error(out)
	}
}
