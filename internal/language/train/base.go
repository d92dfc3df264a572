// Package train makes the models of package language: the base models from the
// texts of its corpus and from public sets whose licences allow that, and what a
// workspace's own ratings add to them.
package train

import (
	"fmt"
	"io/fs"
	"sync"

	"github.com/dhvani/dhvani/internal/language"
)

// Figures on texts of a kind that the models did not learn from, by name.
type Figures map[string]float64

// tasks are how each is learnt.
var tasks = map[language.Task]settings{
	language.SentimentTask: {softmax: true, epochs: 12, rate: 0.3, decay: 1.2e-3, drop: 0.4, seeds: 3},
	language.TopicTask:     {epochs: 14, rate: 0.3, decay: 3e-4, drop: 0.25, seeds: 2},
	language.IntentTask:    {softmax: true, epochs: 20, rate: 0.3, decay: 1e-4, drop: 0.25, seeds: 2},
	language.CareTask:      {epochs: 12, rate: 0.3, decay: 1e-4, drop: 0.25, seeds: 2},
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
// fold where the name says so, else of the tenth that is held out.
func Base(own fs.FS, folder string, say func(string)) (*language.Model, Figures, error) {
	items, heldOut, err := load(own, folder)
	if err != nil {
		return nil, nil, err
	}
	say(fmt.Sprintf("%d texts to learn from, %d held out", len(items), len(heldOut)))
	sentiment, groups := sentimentSamples(items)
	samples := map[language.Task][]sample{
		language.SentimentTask: sentiment,
		language.TopicTask:     topicSamples(items),
		language.IntentTask:    intentSamples(items, publicIntents),
		language.CareTask:      careSamples(items),
		language.LanguageTask:  languageSamples(items),
	}
	m := language.NewModel()
	t := language.Tuning{Priors: priors}
	figures := Figures{}
	for task := language.SentimentTask; task <= language.LanguageTask; task++ {
		o := settingsOf(task)
		var whole *linear
		var wg sync.WaitGroup
		wg.Go(func() { whole = fit(samples[task], o) })
		wg.Wait()
		m.Set(task, whole.weightsOf())
		if task != language.LanguageTask {
			o.seeds = 1
			scores := outOfFold(samples[task], o)
			switch task {
			case language.SentimentTask:
				tuneSentiment(&t, items, groups, sentiment, scores, figures)
			case language.TopicTask:
				tuneTopics(&t, samples[task], scores, figures)
			case language.IntentTask:
				tuneIntent(&t, items, samples[task], scores, figures)
			case language.CareTask:
				tuneCare(&t, samples[task], scores, figures)
			}
		}
		say(task.Labels()[0] + "... learnt from " + fmt.Sprint(len(samples[task])) + " texts")
	}
	m.Tune(t)
	tuneAspects(m, &t, heldOut, figures)
	m.Tune(t)
	return m, figures, nil
}
