package detect

import (
	"math"
	"math/rand/v2"
	"testing"

	"pgregory.net/rapid"
)

// gamma draws from a Gamma distribution (Marsaglia and Tsang, ACM TOMS 26(3), 2000).
func gamma(r *rand.Rand, shape float64) float64 {
	if shape < 1 {
		return gamma(r, shape+1) * math.Pow(r.Float64(), 1/shape)
	}
	d := shape - 1.0/3
	for c := 1 / math.Sqrt(9*d); ; {
		x := r.NormFloat64()
		if v := math.Pow(1+c*x, 3); v > 0 && math.Log(r.Float64()) < x*x/2+d-d*v+d*math.Log(v) {
			return d * v
		}
	}
}

// The promise of a Term: among terms of which no more is known than their rate says, evidence passes c at most once in c times, however long one looks.
func TestTermHoldsItsPromise(t *testing.T) {
	const runs, limit = 20_000, 20
	r := rand.New(rand.NewPCG(31, 1))
	for _, seen := range []float64{1, 3, 20, 200} {
		rate := Known(seen, 2000)
		passed := 0
		for range runs {
			x, y := gamma(r, rate.Shape), gamma(r, rate.Shape*(1-rate.Mean)/rate.Mean)
			p, k := x/(x+y), 0.0
			for n := 1.0; n <= 300; n++ {
				// The next one that holds it, to be quick.
				n += math.Floor(math.Log(r.Float64()) / math.Log1p(-min(max(p, 1e-12), 1-1e-9)))
				if n > 300 {
					break
				}
				if k++; rate.Evidence(k, n) >= limit {
					passed++
					break
				}
			}
		}
		t.Logf("seen %g times: %.4f pass, at most %.4f may", seen, float64(passed)/runs, 1.0/limit)
		if float64(passed)/runs > 1.0/limit+3*math.Sqrt(1.0/limit/runs) {
			t.Errorf("seen %g times: %d of %d pass %d", seen, passed, runs, limit)
		}
	}
}

// What is known to be commoner needs more, and evidence is always a number.
func TestTermEvidence(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		of := rapid.Float64Range(100, 1e6).Draw(t, "of")
		seen := rapid.Float64Range(1, of/10).Draw(t, "seen")
		n := rapid.IntRange(1, 5000).Draw(t, "n")
		k := rapid.IntRange(1, n).Draw(t, "k")
		r := Known(seen, of)
		e := r.Evidence(float64(k), float64(n))
		if math.IsNaN(e) || e < 0 || math.IsInf(e, 0) {
			t.Fatalf("evidence %g", e)
		}
		if commoner := Known(seen*2, of).Evidence(float64(k), float64(n)); commoner > e*1.000001 && e > 1.5 {
			t.Fatalf("evidence %g, and %g of a commoner one", e, commoner)
		}
	})
}

func TestTermGoesOnAndIsOver(t *testing.T) {
	r := rand.New(rand.NewPCG(32, 1))
	term := &Term{Rate: Known(2, 3000), Tests: 1000, Born: start, Since: start}
	at := start
	feed := func(n int, share float64) (last Reading, over bool) {
		for range n {
			at += hour / 60
			k := 0.0
			if r.Float64() < share {
				k = 1
			}
			last = term.Feed(UTC(at), k, 1)
			over = over || last.Phase == Recovered
		}
		return last, over
	}
	if g, _ := feed(60, 0.3); g.Evidence < 1000 || g.Direction != Up {
		t.Fatalf("found %+v", g)
	}
	term.Raise()
	b := term.State()
	var again Term
	if err := again.Restore(b); err != nil || again != *term {
		t.Fatalf("restored %+v, %v", again, err)
	}
	if err := again.Restore(b[:len(b)-1]); err == nil {
		t.Error("a part of a state is taken for one")
	}
	if g, over := feed(200, 0.3); over || g.Phase != Alarm && g.Phase != Growing {
		t.Errorf("it is over while it lasts: %+v", g)
	}
	if g, over := feed(200, 0.001); !over || term.Ep.On || g.Evidence > 1 {
		t.Errorf("it is not over: %+v", g)
	}
}
