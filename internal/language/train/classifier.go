package train

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"

	"github.com/klauspost/compress/zstd"

	"github.com/dhvani/dhvani/internal/language"
	"github.com/dhvani/dhvani/internal/language/evaluate"
)

// Classifier tells labels of somebody's own, such as the intents of a help desk,
// by the method of the base models.
type Classifier struct {
	labels []string
	linear *linear
}

// classifierBits is how many bits of a feature's hash tell its bucket.
const classifierBits = 18

// maxLabels bounds the memory of a Classifier: 1 MB for each label.
const maxLabels = 200

// Classify learns the labels of labelled texts. It is deterministic. The error says
// what is wrong with the texts.
func Classify(lines []evaluate.Line) (*Classifier, error) {
	var labels []string
	for _, l := range lines {
		if l.Label == "" {
			return nil, fmt.Errorf("line %d: the text has no label", l.Number)
		}
		labels = append(labels, l.Label)
	}
	slices.Sort(labels)
	if labels = slices.Compact(labels); len(labels) < 2 || len(labels) > maxLabels {
		return nil, fmt.Errorf("there are %d labels: it takes 2 to %d", len(labels), maxLabels)
	}
	o := settingsOf(language.IntentTask)
	o.classes, o.seeds = len(labels), 8
	samples := make([]sample, len(lines))
	for i, l := range lines {
		samples[i] = sampleOf(language.IntentTask, l.Text)
		samples[i].targets = make([]float32, len(labels))
		samples[i].targets[slices.Index(labels, l.Label)] = 1
	}
	return &Classifier{labels, fit(samples, o)}, nil
}

// Guess implements evaluate.Model.
func (c *Classifier) Guess(text string) evaluate.Guess {
	scores := make([]float32, len(c.labels))
	s := sampleOf(language.IntentTask, text)
	c.linear.score(s.features, nil, nil, scores)
	probabilities(scores, true)
	best := slices.Index(scores, slices.Max(scores))
	return evaluate.Guess{Label: c.labels[best], Confidence: float64(scores[best])}
}

// classifierHead stands at the beginning of the file of a Classifier.
type classifierHead struct {
	Format string    `json:"format"`
	Labels []string  `json:"labels"`
	Bias   []float32 `json:"bias"`
	Scale  []float32 `json:"scale"` // of each label's weights
}

const classifierFormat = "dhvani classifier 1"

// Write writes a Classifier, compressed.
func (c *Classifier) Write(w io.Writer) error {
	z, err := zstd.NewWriter(w, zstd.WithEncoderConcurrency(1))
	if err != nil {
		return err
	}
	l := c.linear.weightsOf()
	head := classifierHead{classifierFormat, c.labels, l.Bias, nil}
	columns := make([][]byte, len(l.Weights))
	for i, weights := range l.Weights {
		most := float32(0)
		for _, v := range weights {
			most = max(most, v, -v)
		}
		scale := max(most/127, math.SmallestNonzeroFloat32)
		head.Scale = append(head.Scale, scale)
		columns[i] = make([]byte, len(weights))
		for j, v := range weights {
			columns[i][j] = byte(int8(math.Round(float64(v / scale))))
		}
	}
	if err := json.NewEncoder(z).Encode(head); err != nil {
		return err
	}
	for _, column := range columns {
		if _, err := z.Write(column); err != nil {
			return err
		}
	}
	return z.Close()
}

var errClassifier = errors.New("this is not a model that dhvani train language wrote with labels of its own")

// ReadClassifier reads what Write wrote.
func ReadClassifier(r io.Reader) (*Classifier, error) {
	z, err := zstd.NewReader(r, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxMemory(512<<20))
	if err != nil {
		return nil, errClassifier
	}
	defer z.Close()
	var head classifierHead
	d := json.NewDecoder(io.LimitReader(z, 1<<20))
	if d.Decode(&head) != nil || head.Format != classifierFormat || len(head.Labels) > maxLabels || len(head.Bias) != len(head.Labels) || len(head.Scale) != len(head.Labels) {
		return nil, errClassifier
	}
	rest := io.MultiReader(d.Buffered(), z)
	if newline := make([]byte, 1); readFull(rest, newline) != nil || newline[0] != '\n' {
		return nil, errClassifier
	}
	m := &linear{len(head.Labels), make([]float32, len(head.Labels)<<classifierBits), head.Bias}
	column := make([]byte, 1<<classifierBits)
	for i := range head.Labels {
		if readFull(rest, column) != nil {
			return nil, errClassifier
		}
		for j, v := range column {
			m.weights[j*m.classes+i] = float32(int8(v)) * head.Scale[i]
		}
	}
	return &Classifier{head.Labels, m}, nil
}

func readFull(r io.Reader, b []byte) error {
	_, err := io.ReadFull(r, b)
	return err
}
