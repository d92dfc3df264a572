package language

import (
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"

	"github.com/klauspost/compress/zstd"
)

// Task is something that a model tells of a text.
type Task int

// The tasks.
const (
	SentimentTask Task = iota
	TopicTask
	IntentTask
	CareTask
	AspectTask // the sentiment towards a topic, of the words around it
	LanguageTask
)

// Columns of the tables by task. The table of languages is apart, because it goes
// by spelling.
const (
	sentimentColumn = 0
	topicColumn     = sentimentColumn + 3
	intentColumn    = topicColumn + 13
	careColumn      = intentColumn + 20
	aspectColumn    = careColumn + 5
	columnsUsed     = aspectColumn + 3
)

const (
	meaningBits  = 18
	spellingBits = 16
)

// Bits is how many bits of a feature's hash tell its bucket.
func (t Task) Bits() int {
	if t == LanguageTask {
		return spellingBits
	}
	return meaningBits
}

// Classes is how many classes a task has.
func (t Task) Classes() int { return len(t.Labels()) }

func (t Task) String() string {
	return [...]string{"sentiment", "topics", "intents", "care", "sentiment by topic", "languages"}[t]
}

// Labels are the classes of a task, in their order.
func (t Task) Labels() []string {
	switch t {
	case SentimentTask, AspectTask:
		return []string{string(Negative), string(Neutral), string(Positive)}
	case TopicTask:
		return Topics
	case IntentTask:
		return Intents
	case CareTask:
		return Care
	}
	return spellings
}

// Linear is what a trainer learnt: for each class a weight for each bucket, and a bias.
type Linear struct {
	Weights [][]float32
	Bias    []float32
}

// Model is all that an Analyzer knows.
type Model struct {
	meaning, spelling table
	tuning            Tuning
	cues              cueTable
}

// NewModel returns a model that knows nothing.
func NewModel() *Model {
	return &Model{meaning: newTable(meaningBits, maxColumns), spelling: newTable(spellingBits, 16)}
}

// Tuning is what is fitted after the weights, on texts that they were not learnt from.
type Tuning struct {
	// Priors are added to the scores of the sentiments in a language: own texts have
	// as many neutral ones as others, what customers write has fewer.
	Priors      map[string][3]float64 `json:"priors"`
	Temperature float64               `json:"temperature"` // by which the scores of sentiments are multiplied
	Topics      []float64             `json:"topics"`      // least probability of each topic
	IntentScale float64               `json:"intent_scale"`
	Intent      float64               `json:"intent"`     // least confidence of an intent
	Care        []CareWeights         `json:"care_flags"` // of each flag
	CareBound   float64               `json:"care_bound"` // least probability of a flag
}

// Set takes over what was learnt for a task.
func (m *Model) Set(task Task, l Linear) {
	switch task {
	case LanguageTask:
		m.spelling.set(0, l)
	default:
		m.meaning.set([]int{sentimentColumn, topicColumn, intentColumn, careColumn, aspectColumn}[task], l)
	}
}

// Tune sets what is fitted after the weights.
func (m *Model) Tune(t Tuning) {
	m.tuning = t
	m.cues = cueTable{}
	for flag, f := range t.Care {
		for _, c := range f.Cues {
			m.cues[c.A][c.B][flag] = c.Weight
		}
	}
}

const magic = "dhvani language 1\n"

var errModel = errors.New("this is not a language model of this version of Dhvani")

// ReadModel reads a model that Write wrote.
func ReadModel(r io.Reader) (*Model, error) {
	z, err := zstd.NewReader(r, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxMemory(64<<20))
	if err != nil {
		return nil, err
	}
	defer z.Close()
	head := make([]byte, len(magic)+4)
	if _, err := io.ReadFull(z, head); err != nil || string(head[:len(magic)]) != magic {
		return nil, errModel
	}
	n := head[len(magic):]
	text := make([]byte, int(n[0])|int(n[1])<<8|int(n[2])<<16)
	var tuning Tuning
	if _, err := io.ReadFull(z, text); err != nil || json.Unmarshal(text, &tuning) != nil || !tuning.complete() {
		return nil, errModel
	}
	m := NewModel()
	m.Tune(tuning)
	for _, t := range []*table{&m.meaning, &m.spelling} {
		if t.read(z) != nil {
			return nil, errModel
		}
	}
	return m, nil
}

func (t *Tuning) complete() bool {
	return len(t.Topics) == len(Topics) && t.care() && t.Temperature > 0 && t.IntentScale > 0
}

func (t *Tuning) care() bool {
	for _, f := range t.Care {
		if slices.ContainsFunc(f.Cues, func(c CueWeight) bool { return c.A > c.B || c.B >= careCues }) {
			return false
		}
	}
	return len(t.Care) == len(Care)
}

// Write writes a model, compressed.
func (m *Model) Write(w io.Writer) error {
	z, err := zstd.NewWriter(w, zstd.WithEncoderLevel(zstd.SpeedBestCompression), zstd.WithEncoderConcurrency(1))
	if err != nil {
		return err
	}
	tuning, err := json.Marshal(m.tuning)
	if err != nil {
		return err
	}
	n := len(tuning)
	head := append([]byte(magic), byte(n), byte(n>>8), byte(n>>16), 0)
	if _, err := z.Write(slices.Concat(head, tuning)); err != nil {
		return err
	}
	for _, t := range []*table{&m.meaning, &m.spelling} {
		if err := t.write(z); err != nil {
			return fmt.Errorf("write a language model: %w", err)
		}
	}
	return z.Close()
}

//go:embed base.model
var baseModel []byte

// Tuning is what is fitted after the weights.
func (m *Model) Tuning() Tuning { return m.tuning }
