package feedback

import "math"

// z is the 97.5 % point of the normal distribution: all intervals are of 95 %.
const z = 1.959964

// interval is an estimate with its limits.
type interval struct{ value, low, high float64 }

// within cuts the limits to what is possible, and keeps the value between them.
func (i interval) within(lowest, highest float64) interval {
	i.low = min(max(i.low, lowest), i.value)
	i.high = max(min(i.high, highest), i.value)
	return i
}

// few is how many answers of a kind are too few for the normal approximation
// of the share they are.
const few = 5

// npsInterval is the Net Promoter Score, 100 times the share of promoters less
// that of detractors, of n answers. With p and d those shares, one answer has
// the variance p + d - (p-d)^2 (a multinomial with cov(p,d) = -pd/n). The
// plain interval does badly for small n and shares near 0 or 1: there the
// adjusted Wald interval is used, which adds three quarters of a promoter and
// of a detractor to three more answers (B. Rocks, "Interval estimation for the
// 'Net Promoter Score'", The American Statistician 70(4), 2016).
func npsInterval(promoters, detractors, n int64) interval {
	p, d, m := float64(promoters), float64(detractors), float64(n)
	value := 100 * (p - d) / m
	if n < 30 || min(promoters, detractors, n-promoters, n-detractors) < few {
		p, d, m = p+0.75, d+0.75, m+3
	}
	p, d = p/m, d/m
	half := z * math.Sqrt(max(p+d-(p-d)*(p-d), 0)/m)
	return interval{value, 100 * (p - d - half), 100 * (p - d + half)}.within(-100, 100)
}

// wilson is Wilson's score interval for a share, as fractions of 1 (E. B.
// Wilson, JASA 22, 1927). share times n need not be whole: for the mean of
// numbers between 0 and 1 it is conservative, as their variance is at most
// mean*(1-mean).
func wilson(share float64, n int64) interval {
	m := float64(n)
	centre := (share + z*z/(2*m)) / (1 + z*z/m)
	half := z / (1 + z*z/m) * math.Sqrt(max(share*(1-share)/m+z*z/(4*m*m), 0))
	return interval{share, centre - half, centre + half}.within(0, 1)
}

// meanInterval is a mean of n ratings between lowest and highest, given their
// sum and the sum of their squares: Student's interval from 30 ratings on, else,
// and where all are alike, Wilson's on the scale stretched to 0 to 1. Ratings are
// often nearly all the highest, where Student's interval is too short; so it is
// taken over one more rating at either end of the scale, as Agresti and Caffo do
// for shares (The American Statistician 54(4), 2000). Where the scale is unknown
// (highest 0) there are no ends to lean on: plain Student's is used where there
// is a variance, and otherwise ok is false.
func meanInterval(n int64, sum, squares, lowest, highest float64) (i interval, ok bool) {
	m := float64(n)
	mean := sum / m
	variance := 0.0
	if n > 1 {
		variance = max((squares-sum*mean)/(m-1), 0)
	}
	varied := variance > 1e-9 // less is the rounding of the squares
	if highest == 0 {
		half := student(m-1) * math.Sqrt(variance/m)
		return interval{mean, mean - half, mean + half}, varied
	}
	if n < 30 || !varied {
		width := highest - lowest
		w := wilson((mean-lowest)/width, n)
		return interval{mean, lowest + w.low*width, lowest + w.high*width}.within(lowest, highest), true
	}
	m, sum, squares = m+2, sum+lowest+highest, squares+lowest*lowest+highest*highest
	centre := sum / m
	half := student(m-1) * math.Sqrt((squares-sum*centre)/(m-1)/m)
	return interval{mean, centre - half, centre + half}.within(lowest, highest), true
}

// student is the 97.5 % point of Student's t distribution: exact for 1 and 2
// degrees of freedom, else the expansion of Abramowitz and Stegun 26.7.5, right
// to 0.5 % at 3 degrees and to 0.00001 from 29 on.
func student(degrees float64) float64 {
	switch degrees {
	case 0:
		return math.Inf(1)
	case 1:
		return 12.7062
	case 2:
		return 4.30265
	}
	z3, z5, z7, z9 := math.Pow(z, 3), math.Pow(z, 5), math.Pow(z, 7), math.Pow(z, 9)
	return z + (z3+z)/(4*degrees) +
		(5*z5+16*z3+3*z)/(96*math.Pow(degrees, 2)) +
		(3*z7+19*z5+17*z3-15*z)/(384*math.Pow(degrees, 3)) +
		(79*z9+776*z7+1482*z5-1920*z3-945*z)/(92160*math.Pow(degrees, 4))
}
