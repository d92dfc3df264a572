package train

import (
	"cmp"
	"math"
	"slices"

	"github.com/dhvani/dhvani/internal/language"
)

// publicIntents is how much a message of a public set counts beside an own one.
const publicIntents = 0.3

// priors are what is added to the scores of the sentiments in languages whose texts
// are nearly all own ones. A third of these is neutral; of what customers write of
// a purchase, some tenth is: ln(0.1/0.33) is -1.2.
var priors = map[string][3]float64{
	"en": {0, -1.2, 0}, "es": {0, -1.2, 0}, "pt": {0, -1.2, 0},
	"ne": {0, -0.4, 0}, "ne-Latn": {0, -0.8, 0},
}

// tuneSentiment fits the temperature to the texts of all folds, where those of each
// language count as often as the priors say.
func tuneSentiment(t *language.Tuning, items []item, groups []string, samples []sample, scores [][]float32, figures Figures) {
	weights := make([]float64, len(samples))
	n := 0
	for _, x := range items {
		if x.Kind != "opinions" {
			continue
		}
		prior := priors[x.Language]
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
	for _, own := range []bool{true, false} {
		confusion := [3][3]float64{}
		for i, s := range scores {
			if isSet := slices.ContainsFunc(Sets, func(s Set) bool { return s.Name == groups[i] }); isSet != own {
				confusion[slices.Index(samples[i].targets, 1)][slices.Index(s, slices.Max(s))]++
			}
		}
		figures[map[bool]string{true: "sentiment out of fold: F1, own", false: "sentiment out of fold: F1, public"}[own]] = macroF1(confusion)
	}
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

// Intents are answered at the confidence at which this share of the answers is right.
const intentPrecision = 0.8

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
		if precision := rights / (answered + accepted); precision >= intentPrecision {
			t.Intent = a.p
			figures["intent out of fold: precision"] = precision
			figures["intent out of fold: in scope answered"] = answered / inScope
			figures["intent out of fold: out of scope accepted"] = accepted / outOfScope
		}
	}
}

// Of the texts that a person must take at most this share may be missed.
const careMissed = 0.02

func tuneCare(t *language.Tuning, samples []sample, scores [][]float32, figures Figures) {
	t.Care = make([]float64, len(language.Care))
	for c := range language.Care {
		var there []float64
		for i, s := range scores {
			if samples[i].targets[c] == 1 {
				there = append(there, 1/(1+math.Exp(-float64(s[c]))))
			}
		}
		slices.Sort(there)
		t.Care[c] = there[int(careMissed*float64(len(there)))]
	}
	missed, there, flagged, ordinary := 0.0, 0.0, 0.0, 0.0
	for i, s := range scores {
		flag, must := false, slices.Contains(samples[i].targets, 1)
		for c := range s {
			flag = flag || 1/(1+math.Exp(-float64(s[c]))) >= t.Care[c]
		}
		switch {
		case must:
			there++
			if !flag {
				missed++
			}
		default:
			ordinary++
			if flag {
				flagged++
			}
		}
	}
	figures["care out of fold: missed"] = missed / there
	figures["care out of fold: ordinary flagged"] = flagged / ordinary
}

// tuneAspects fits how much the words near a topic count beside the whole text.
func tuneAspects(m *language.Model, t *language.Tuning, heldOut []item, figures Figures) {
	best := 0.0
	for _, all := range []float64{0, 0.15, 0.3, 0.5, 0.8} {
		for _, near := range []float64{0.3, 0.6, 1, 1.5} {
			t.Aspect = [4]float64{all, near, -0.2, 0.2}
			m.Tune(*t)
			type pair struct {
				score float64
				gold  int
			}
			var pairs []pair
			a := language.With(m)
			for _, x := range heldOut {
				if x.Kind != "opinions" {
					continue
				}
				for _, topic := range a.Analyze(x.Text.Text).Topics {
					if gold, ok := x.Topics[topic.Name]; ok {
						pairs = append(pairs, pair{math.Atanh(max(-0.9999, min(0.9999, topic.Score))), slices.Index(language.SentimentTask.Labels(), gold)})
					}
				}
			}
			for low := -1.2; low <= 0; low += 0.1 {
				for high := 0.0; high <= 1.2; high += 0.1 {
					var confusion [3][3]float64
					for _, p := range pairs {
						guess := 1
						if p.score < low {
							guess = 0
						} else if p.score > high {
							guess = 2
						}
						confusion[p.gold][guess]++
					}
					if f1 := macroF1(confusion); f1 > best {
						best = f1
						figures["aspect held out: F1"] = f1
						figures["aspect held out: n"] = float64(len(pairs))
						figures["aspect: whole text"], figures["aspect: near"], figures["aspect: low"], figures["aspect: high"] = all, near, low, high
					}
				}
			}
		}
	}
	t.Aspect = [4]float64{figures["aspect: whole text"], figures["aspect: near"], figures["aspect: low"], figures["aspect: high"]}
}
