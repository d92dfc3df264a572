// Package train makes the models of package language: the base models from the
// texts of its corpus and from public sets whose licences allow that, and what a
// workspace's own ratings add to them.
package train

import (
	"fmt"
	"io/fs"
	"slices"

	"github.com/dhvani/dhvani/internal/language"
	"github.com/dhvani/dhvani/internal/language/corpus"
)

// Figures on texts of a kind that the models did not learn from, by name.
type Figures map[string]float64

// tasks are how each is learnt.
var tasks = map[language.Task]settings{
	language.SentimentTask: {softmax: true, epochs: 16, rate: 0.15, decay: 6e-4, drop: 0.3, seeds: 3},
	language.TopicTask:     {epochs: 14, rate: 0.3, decay: 3e-4, drop: 0.5, seeds: 3},
	language.IntentTask:    {softmax: true, epochs: 30, rate: 0.5, decay: 3e-4, drop: 0.6, seeds: 3},
	language.CareTask:      {epochs: 12, rate: 0.3, decay: 1e-4, drop: 0.5, seeds: 2},
	language.AspectTask:    {softmax: true, epochs: 10, rate: 0.3, decay: 1e-3, drop: 0.3, seeds: 2},
	language.LanguageTask:  {softmax: true, epochs: 8, rate: 0.3, decay: 1e-4, drop: 0.4, seeds: 2},
}

// settingsOf are the settings of a task, whole.
func settingsOf(t language.Task) settings {
	o := tasks[t]
	o.bits, o.classes = t.Bits(), t.Classes()
	return o
}

// Base trains the base models from the own texts and the public sets in a folder,
// and tells of its progress. The figures are of texts that were left out: out of
// fold or fresh where the name says so, else of the tenth that is held out.
func Base(own fs.FS, sets string, say func(string)) (*language.Model, Figures, error) {
	items, heldOut, err := load(own, sets)
	if err != nil {
		return nil, nil, err
	}
	say(fmt.Sprintf("%d texts to learn from, %d held out", len(items), len(heldOut)))
	more := variants(items)
	say(fmt.Sprintf("%d variants of them", len(more)))
	m := language.NewModel()
	t := language.Tuning{Priors: priors}
	figures := Figures{}
	for task := language.SentimentTask; task <= language.LanguageTask; task++ {
		samples := samplesOf(task, m, items)
		all := slices.Clone(samples)
		for _, s := range samplesOf(task, m, more) {
			s.weight *= variantCounts
			all = append(all, s)
		}
		o := settingsOf(task)
		m.Set(task, fit(all, o).weightsOf())
		unseen := func() [][]float32 { return outOfFold(all, o)[:len(samples)] }
		switch task {
		case language.SentimentTask:
			tuneSentiment(&t, items, samples, unseen(), figures)
		case language.TopicTask:
			tuneTopics(&t, samples, unseen(), figures)
		case language.IntentTask:
			tuneIntent(&t, items, samples, unseen(), figures)
		case language.CareTask:
			tuneCare(&t, items, samples, unseen(), figures)
		}
		say(fmt.Sprintf("%s learnt from %d texts", task, len(all)))
	}
	m.Tune(t)
	measureAspects(m, heldOut, figures)
	folder, err := fs.Sub(own, "fresh")
	if err != nil {
		return nil, nil, err
	}
	fresh, err := corpus.Load(folder)
	if err != nil {
		return nil, nil, err
	}
	measureFresh(m, fresh, figures)
	return m, figures, nil
}

// samplesOf are what a task learns of texts.
func samplesOf(task language.Task, m *language.Model, items []item) (out []sample) {
	switch task {
	case language.SentimentTask:
		out = sentimentSamples(items)
	case language.TopicTask:
		out = topicSamples(items)
	case language.IntentTask:
		out = intentSamples(items, publicIntents)
	case language.CareTask:
		out = careSamples(items)
	case language.AspectTask:
		out = aspectSamples(m, items) // by the topics learnt before
	case language.LanguageTask:
		out = languageSamples(items)
	}
	return out
}
