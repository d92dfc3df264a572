package train

import (
	"cmp"
	"math"
	"slices"
	"strings"

	"github.com/dhvani/dhvani/internal/language"
	"github.com/dhvani/dhvani/internal/language/corpus"
)

// publicIntents is how much a message of a public set counts beside an own one.
const publicIntents = 0.3

// priors are what is added to the scores of the sentiments in languages whose texts
// are nearly all own ones. A third of these is neutral; of what customers write of
// a purchase or a stay, a tenth or less is: ln(0.1/0.33) is -1.2.
var priors = map[string][3]float64{"en": {0, -0.8, 0}, "pt": {0, -1, 0}, "es": {0, -1.4, 0}}

// tuneSentiment fits the temperature to the texts of all folds, where those of each
// language count as often as the priors say.
func tuneSentiment(t *language.Tuning, items []item, samples []sample, scores [][]float32, figures Figures) {
	weights, groups := make([]float64, len(samples)), make([]string, len(samples))
	n := 0
	for _, x := range items {
		if x.Kind != "opinions" {
			continue
		}
		prior := priors[x.Language]
		groups[n] = cmp.Or(x.set, x.Language)
		class := slices.Index(samples[n].targets, 1)
		weights[n] = math.Exp(prior[class])
		for c := range scores[n] {
			scores[n][c] += float32(prior[c])
		}
		n++
	}
	best := math.Inf(1)
	for scale := 0.5; scale < 2; scale += 0.02 {
		loss := 0.0
		for i, s := range scores {
			loss -= weights[i] * math.Log(max(softmax(s, scale)[slices.Index(samples[i].targets, 1)], 1e-9))
		}
		if loss < best {
			best, t.Temperature = loss, scale
		}
	}
	figures["sentiment out of fold: ECE"] = calibrationError(samples, scores, weights, t.Temperature)
	figures["sentiment out of fold: n"] = float64(n)
	byGroup := map[string]*[3][3]float64{}
	for i, s := range scores {
		if byGroup[groups[i]] == nil {
			byGroup[groups[i]] = &[3][3]float64{}
		}
		byGroup[groups[i]][slices.Index(samples[i].targets, 1)][slices.Index(s, slices.Max(s))] += weights[i]
	}
	squares := 0.0
	for name, c := range byGroup {
		figures["sentiment out of fold: F1, "+name] = macroF1(*c)
		all, called, there := 0.0, 0.0, 0.0
		for gold := range c {
			for guess, n := range c[gold] {
				all += n
				if gold == 0 {
					there += n
				}
				if guess == 0 {
					called += n
				}
			}
		}
		squares += (called - there) * (called - there) / all / all
	}
	figures["sentiment out of fold: error of the share of negative ones"] = math.Sqrt(squares / float64(len(byGroup)))
}

func softmax(scores []float32, scale float64) []float64 {
	top, sum := slices.Max(scores), 0.0
	out := make([]float64, len(scores))
	for c, v := range scores {
		out[c] = math.Exp(float64(v-top) * scale)
		sum += out[c]
	}
	for c := range out {
		out[c] /= sum
	}
	return out
}

func macroF1(confusion [3][3]float64) (f1 float64) {
	for c := range confusion {
		all := 0.0
		for d := range confusion {
			all += confusion[c][d] + confusion[d][c]
		}
		f1 += 2 * confusion[c][c] / max(all, 1) / 3
	}
	return f1
}

// calibrationError is the expected calibration error in ten bins (Guo et al., 2017).
func calibrationError(samples []sample, scores [][]float32, weights []float64, scale float64) (ece float64) {
	var confidence, right, n [10]float64
	total := 0.0
	for i, s := range scores {
		p := softmax(s, scale)
		best := slices.Index(p, slices.Max(p))
		bin := min(int(p[best]*10), 9)
		confidence[bin] += weights[i] * p[best]
		right[bin] += weights[i] * float64(samples[i].targets[best])
		n[bin] += weights[i]
		total += weights[i]
	}
	for bin := range n {
		ece += math.Abs(confidence[bin]-right[bin]) / total
	}
	return ece
}

// tuneTopics takes for each topic the probability with the best F1.
func tuneTopics(t *language.Tuning, samples []sample, scores [][]float32, figures Figures) {
	t.Topics = make([]float64, len(language.Topics))
	for c, topic := range language.Topics {
		best := 0.0
		for at := 0.2; at < 0.8; at += 0.02 {
			right, called, there := 0.0, 0.0, 0.0
			for i, s := range scores {
				p := 1 / (1 + math.Exp(-float64(s[c])))
				if samples[i].targets[c] == 1 {
					there++
				}
				if p >= at {
					called++
					right += float64(samples[i].targets[c])
				}
			}
			if f1 := 2 * right / (called + there); f1 > best {
				best, t.Topics[c] = f1, at
			}
		}
		figures["topic out of fold: F1, "+topic] = best
	}
}

// Intents are answered down to the confidence at which this share of the answers to
// own texts is right, and this share of those out of scope gets an answer.
const (
	intentPrecision = 0.93
	intentAccepted  = 0.13
)

func tuneIntent(t *language.Tuning, items []item, samples []sample, scores [][]float32, figures Figures) {
	var own []int // indexes of samples of own texts
	var languages []string
	n := 0
	for _, x := range items {
		if x.Kind == "messages" && x.Label != "" {
			if x.set == "" {
				own, languages = append(own, n), append(languages, x.Language)
			}
			n++
		}
	}
	best := math.Inf(1)
	for scale := 0.3; scale < 3; scale += 0.05 {
		loss := 0.0
		for _, i := range own {
			loss -= math.Log(max(softmax(scores[i], scale)[slices.Index(samples[i].targets, 1)], 1e-9))
		}
		if loss < best {
			best, t.IntentScale = loss, scale
		}
	}
	other := slices.Index(language.Intents, language.OtherIntent)
	type answer struct {
		p     float64
		right bool
		class int // the true one
	}
	var answers []answer // of messages that are called in scope
	inScope, outOfScope := 0.0, 0.0
	right, all := map[string]float64{}, map[string]float64{}
	for at, i := range own {
		p := softmax(scores[i], t.IntentScale)
		class, guess := slices.Index(samples[i].targets, 1), slices.Index(p, slices.Max(p))
		all[languages[at]]++
		if class == guess {
			right[languages[at]]++
		}
		if class == other {
			outOfScope++
		} else {
			inScope++
		}
		if guess != other {
			answers = append(answers, answer{p[guess], guess == class, class})
		}
	}
	for l, n := range all {
		figures["intent out of fold: accuracy, "+l] = right[l] / n
	}
	slices.SortFunc(answers, func(a, b answer) int { return cmp.Compare(b.p, a.p) })
	rights, answered, accepted := 0.0, 0.0, 0.0
	t.Intent = 1
	for _, a := range answers {
		if a.class == other {
			accepted++
		} else {
			answered++
		}
		if a.right {
			rights++
		}
		if precision := rights / (answered + accepted); precision >= intentPrecision && accepted <= intentAccepted*outOfScope {
			t.Intent = a.p
			figures["intent out of fold: precision"] = precision
			figures["intent out of fold: in scope answered"] = answered / inScope
			figures["intent out of fold: out of scope accepted"] = accepted / outOfScope
		}
	}
}

// measureAspects measures the sentiment towards topics on texts that are held out.
func measureAspects(m *language.Model, heldOut []item, figures Figures) {
	a := language.With(m)
	var confusion [3][3]float64
	labels := language.AspectTask.Labels()
	for _, x := range heldOut {
		if x.Kind != "opinions" {
			continue
		}
		for _, topic := range a.Analyze(x.Text.Text).Topics {
			if gold, ok := x.Topics[topic.Name]; ok {
				confusion[slices.Index(labels, gold)][slices.Index(labels, string(topic.Sentiment))]++
				figures["aspect held out: n"]++
			}
		}
	}
	figures["aspect held out: F1"] = macroF1(confusion)
}

// measureFresh measures on texts whose writers saw nothing of what is learnt from.
func measureFresh(m *language.Model, fresh []corpus.Text, figures Figures) {
	a := language.With(m)
	share := map[string][2]float64{}
	count := func(name string, yes bool) {
		c := share[name]
		if c[1]++; yes {
			c[0]++
		}
		share[name] = c
	}
	for _, x := range fresh {
		r := a.Analyze(x.Text)
		switch {
		case x.Kind == "languages" && len(strings.Fields(x.Text)) >= 5:
			count("language right", r.Language == x.Language)
			count("language right, "+x.Language, r.Language == x.Language)
		case x.Kind == "messages":
			answered := r.Intent != language.Unsure && r.Intent != language.OtherIntent
			count("intent likeliest right, "+x.Language, a.LikeliestIntent(x.Text) == x.Label)
			count("intent likeliest right", a.LikeliestIntent(x.Text) == x.Label)
			if answered {
				count("intent precision of answers", r.Intent == x.Label)
			}
			if x.Label == language.OtherIntent {
				count("intent out of scope accepted", answered)
			} else {
				count("intent in scope answered", answered)
			}
			count("care ordinary messages flagged", len(r.Care) > 0)
		case x.Kind == "care" && x.Label == corpus.None:
			count("care look-alikes flagged", len(r.Care) > 0)
		case x.Kind == "care":
			count("care missed", len(r.Care) == 0)
		}
	}
	for name, c := range share {
		figures["fresh: "+name] = c[0] / c[1]
	}
}
