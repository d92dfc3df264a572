package detect

import (
	"math/rand/v2"
	"testing"
)

// poolOf makes two shares with four weeks of history, and a pool of both.
func poolOf(r *rand.Rand) (a, b *Share, p *Pool, at int64) {
	a, b, p = &Share{}, &Share{}, &Pool{}
	at = 1_735_862_400 * 1e6
	for range 28 * 24 * 4 {
		at += hour / 4
		a.Feed(UTC(at), drawn(r, 5, 0.04), 5)
		b.Feed(UTC(at), drawn(r, 2, 0.1), 2)
	}
	a.Calm()
	b.Calm()
	return a, b, p, at
}

func drawn(r *rand.Rand, n int, p float64) (k float64) {
	for range n {
		if r.Float64() < p {
			k++
		}
	}
	return k
}

// Two signs that are weak each are found sooner together.
func TestPoolIsSoonerThanItsMembers(t *testing.T) {
	const limit = 100
	sooner, runs := 0, 60
	for seed := range runs {
		r := rand.New(rand.NewPCG(uint64(seed), 7))
		a, b, p, at := poolOf(r)
		pool, alone := 0, 0
		for i := 1; i < 4000 && (pool == 0 || alone == 0); i++ {
			at += 60 * 1e6
			ka, kb := drawn(r, 1, 0.1), drawn(r, 1, 0.22)
			ra, rb := a.Feed(UTC(at), ka, 1), b.Feed(UTC(at), kb, 1)
			p.Take(a, ka, 1, 0.5)
			p.Take(b, kb, 1, 0.5)
			if alone == 0 && max(ra.Evidence, rb.Evidence) >= limit {
				alone = i
			}
			if pool == 0 && p.Reading().Evidence >= limit {
				pool = i
			}
		}
		if pool != 0 && (alone == 0 || pool <= alone) {
			sooner++
		}
	}
	if sooner < runs*2/3 {
		t.Errorf("the pool is sooner in %d of %d runs", sooner, runs)
	}
}

// In usual weeks a pool passes its limit as rarely as it promises.
func TestPoolIsQuietWhileAllIsUsual(t *testing.T) {
	passed, weeks := 0, 0
	for seed := range 20 {
		r := rand.New(rand.NewPCG(uint64(seed), 8))
		a, b, p, at := poolOf(r)
		for range 4 * 7 * 24 * 12 {
			at += 5 * 60 * 1e6
			ka, kb := drawn(r, 2, 0.04), drawn(r, 1, 0.1)
			a.Feed(UTC(at), ka, 2)
			b.Feed(UTC(at), kb, 1)
			p.Take(a, ka, 2, 0.5)
			p.Take(b, kb, 1, 0.5)
			if p.Reading().Evidence >= 20 {
				passed++
				p.Calm()
			}
		}
		weeks += 4
	}
	if passed > 6 { // 20 months at one in 20 each are 1 expected
		t.Errorf("evidence of 20 was passed %d times in %d quiet weeks", passed, weeks)
	}
}

func TestPoolRestores(t *testing.T) {
	a, _, p, at := poolOf(rand.New(rand.NewPCG(1, 2)))
	a.Feed(UTC(at+1e6), 1, 1)
	p.Take(a, 1, 1, 1)
	var q Pool
	if err := q.Restore(p.State()); err != nil || q != *p {
		t.Errorf("restored %v, %v", q.Reading(), err)
	}
	if err := q.Restore(a.State()); err == nil {
		t.Error("a share's state was taken")
	}
}
