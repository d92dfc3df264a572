package detect

import "math"

// ratios are the changes that are looked for: so many times the usual (of a share, its odds). They are spaced so that a change between two of
// them costs little delay, and the last of those down is silence, nearly.
var ratios = [12]float64{1.4, 1.9, 2.7, 4.5, 10, 30, 150, 0.75, 0.55, 0.3, 0.1, 0.001}

// ups is how many of them go up.
const ups = 7

// most keeps sums finite; nothing depends on evidence beyond it. Which ratio is the largest does: a large shop can pass most in a minute, with several.
const (
	most    = 1e30
	largest = 1e200
)

// bank is one e-detector for each of the ratios: the sum of likelihood ratios over all beginnings. The likeliest beginning is that of the largest of
// them, which a CUSUM finds (Hinkley, "Inference about the change-point in a sequence of random variables", Biometrika 57(1), 1970).
type bank struct {
	M [len(ratios)]float64
	W [len(ratios)]float64 // the largest of the ratios
	T [len(ratios)]float64 // when it began, in seconds since 1970
}

// step begins with weight g at the time began (seconds), and multiplies by f.
func (b *bank) step(i int, g, began, f float64) {
	b.M[i] = min((b.M[i]+g)*f, most)
	if b.W[i] <= 1 {
		b.W[i], b.T[i] = 1, began
	}
	b.W[i] = min(b.W[i]*f, largest)
}

// weights of the ratios; those of one direction add up to 1. What fails or stops altogether is the commonest trouble of all.
var weights = [len(ratios)]float64{0.1, 0.1, 0.12, 0.13, 0.13, 0.12, 0.3, 0.15, 0.15, 0.15, 0.15, 0.4}

// evidence of each direction is the weighted mean over its ratios, which is an e-detector again.
func (b *bank) evidence() (up, down float64) {
	for i, m := range b.M[:ups] {
		up += weights[i] * m
	}
	for i, m := range b.M[ups:] {
		down += weights[ups+i] * m
	}
	return up, down
}

// best is the likeliest ratio in a direction, and when it began in seconds.
func (b *bank) best(d Direction) (ratio, began float64) {
	from, to := 0, ups
	if d == Down {
		from, to = ups, len(ratios)
	}
	k := from
	for i := from; i < to; i++ {
		if weights[i]*b.W[i] > weights[k]*b.W[k] {
			k = i
		}
	}
	return ratios[k], b.T[k]
}

// stronger is the direction with more evidence; each has half of what may alarm falsely, hence the halves.
func (b *bank) stronger() (Direction, float64) {
	up, down := b.evidence()
	if down > up {
		return Down, down / 2
	}
	if up > 0 {
		return Up, up / 2
	}
	return Unchanged, 0
}

func finite(xs ...float64) bool {
	for _, x := range xs {
		if math.IsNaN(x) || math.IsInf(x, 0) {
			return false
		}
	}
	return true
}

func (b *bank) valid() bool { return positive(b.M[:]...) && positive(b.W[:]...) && finite(b.T[:]...) }
