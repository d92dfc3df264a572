package train

import (
	"math"
	"math/rand/v2"
	"runtime"
	"slices"
	"sync"

	"github.com/dhvani/dhvani/internal/language"
)

// sample is a text as the trainer sees it.
type sample struct {
	features []uint32  // buckets of its features, as often as they occur
	amounts  []float32 // how much each counts; nil for 1
	targets  []float32 // for each class 1 where it is right, else 0
	weight   float32
	offset   []float32 // what another model scores; nil for none
	fold     int       // 0 to folds-1
}

// settings of the trainer of one task.
type settings struct {
	bits    int
	classes int
	softmax bool    // exactly one class is right; otherwise each is for itself
	epochs  int     // times that each text is seen
	rate    float64 // of learning, at the beginning
	decay   float64 // L2, for each step that a weight takes part in
	drop    float64 // share of the features that is left out of each step
	seeds   int     // models that are averaged
}

// linear is a linear model: the score of a class is the sum of the weights of a
// text's features over the square root of their number, and the bias.
type linear struct {
	classes int
	weights []float32 // bucket by class
	bias    []float32
}

// fit fits logistic regressions by AdaGrad (Duchi, Hazan and Singer, 2011) with
// dropout of features. It is deterministic: every seed has its own order.
func fit(samples []sample, o settings) *linear {
	models := make([]*linear, o.seeds)
	each(o.seeds, func(seed int) { models[seed] = fitOne(samples, o, uint64(seed)) })
	out := models[0]
	for _, m := range models[1:] {
		add(out.weights, m.weights)
		add(out.bias, m.bias)
	}
	for _, list := range [][]float32{out.weights, out.bias} {
		for i := range list {
			list[i] /= float32(o.seeds)
		}
	}
	return out
}

func add(to, from []float32) {
	for i, v := range from {
		to[i] += v
	}
}

// rightEnough is how far a probability may be off before there is something to learn.
const rightEnough = 0.001

func fitOne(samples []sample, o settings, seed uint64) *linear {
	k := o.classes
	m := &linear{k, make([]float32, k<<o.bits), make([]float32, k)}
	squares, biasSquares := make([]float32, len(m.weights)), make([]float32, k)
	random := rand.New(rand.NewPCG(seed, 1))
	scores, steps := make([]float32, k), make([]float32, k)
	wrong := make([]int, 0, k) // classes that are not right enough already
	kept, amounts := make([]uint32, 0, 8192), make([]float32, 0, 8192)
	order := make([]int, len(samples))
	for i := range order {
		order[i] = i
	}
	dropped := uint64(o.drop * (1 << 32))
	decay := float32(o.decay)
	for epoch := range o.epochs {
		rate := float32(o.rate * (1 - float64(epoch)/float64(o.epochs)))
		random.Shuffle(len(order), func(i, j int) { order[i], order[j] = order[j], order[i] })
		for _, i := range order {
			s := &samples[i]
			kept, amounts = kept[:0], amounts[:0]
			for n, f := range s.features {
				if random.Uint64()>>32 >= dropped {
					kept, amounts = append(kept, f), append(amounts, s.amount(n))
				}
			}
			damp := m.score(kept, amounts, s.offset, scores)
			probabilities(scores, o.softmax)
			wrong = wrong[:0]
			for c := range k {
				d := (scores[c] - s.targets[c]) * s.weight
				if d > -rightEnough && d < rightEnough {
					continue
				}
				wrong = append(wrong, c)
				biasSquares[c] += d * d
				m.bias[c] -= rate * d / sqrt(biasSquares[c]+1e-6)
				steps[c] = d * damp
			}
			for n, f := range kept {
				row, sq := m.weights[int(f)*k:int(f)*k+k], squares[int(f)*k:int(f)*k+k]
				for _, c := range wrong {
					g := steps[c]*amounts[n] + decay*row[c]
					sq[c] += g * g
					row[c] -= rate * g / sqrt(sq[c]+1e-4)
				}
			}
		}
	}
	return m
}

func sqrt(x float32) float32 { return float32(math.Sqrt(float64(x))) }

// amount is how much a feature of the sample counts.
func (s *sample) amount(n int) float32 {
	if s.amounts == nil {
		return 1
	}
	return s.amounts[n]
}

// score scores a text by its features, and returns what their sum is damped by.
func (m *linear) score(features []uint32, amounts, offset, out []float32) float32 {
	clear(out)
	all := float32(1)
	for n, f := range features {
		row, amount := m.weights[int(f)*m.classes:int(f)*m.classes+m.classes], float32(1)
		if amounts != nil {
			amount = amounts[n]
		}
		all += amount
		for c, v := range row {
			out[c] += v * amount
		}
	}
	damp := 1 / sqrt(all)
	for c := range out {
		out[c] = out[c]*damp + m.bias[c]
		if offset != nil {
			out[c] += offset[c]
		}
	}
	return damp
}

// probabilities turns scores into probabilities.
func probabilities(scores []float32, softmax bool) {
	if !softmax {
		for c, v := range scores {
			scores[c] = float32(1 / (1 + math.Exp(-float64(v))))
		}
		return
	}
	top, sum := slices.Max(scores), float32(0)
	for c, v := range scores {
		scores[c] = float32(math.Exp(float64(v - top)))
		sum += scores[c]
	}
	for c := range scores {
		scores[c] /= sum
	}
}

// weightsOf hands a model over to the room that uses it.
func (m *linear) weightsOf() language.Linear {
	l := language.Linear{Bias: m.bias}
	for c := range m.classes {
		column := make([]float32, len(m.weights)/m.classes)
		for i := range column {
			column[i] = m.weights[i*m.classes+c]
		}
		l.Weights = append(l.Weights, column)
	}
	return l
}

// folds is into how many parts texts are cut where a model is judged by texts that
// it did not learn from.
const folds = 5

// outOfFold returns the scores of all samples, each by a model that has not seen it.
func outOfFold(samples []sample, o settings) [][]float32 {
	out := make([][]float32, len(samples))
	o.seeds = 1
	each(folds, func(f int) {
		var rest []sample
		for i := range samples {
			if samples[i].fold != f {
				rest = append(rest, samples[i])
			}
		}
		m := fit(rest, o)
		for i := range samples {
			if samples[i].fold == f {
				out[i] = make([]float32, o.classes)
				m.score(samples[i].features, samples[i].amounts, samples[i].offset, out[i])
			}
		}
	})
	return out
}

// each does something n times, on all cores.
func each(n int, do func(i int)) {
	var wg sync.WaitGroup
	slots := make(chan struct{}, runtime.GOMAXPROCS(0))
	for i := range n {
		slots <- struct{}{}
		wg.Go(func() {
			do(i)
			<-slots
		})
	}
	wg.Wait()
}
