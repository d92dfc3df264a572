package detect

// Pool gathers weak signs of several shares about the same thing: five surveys, three chats and a dip in the funnel. It is one e-detector whose likelihood ratio is the
// product of its members': given the past, what one customer answers and whether another one can pay are independent while all is usual, so the product of ratios
// that each have a mean of at most 1 has one too. The members are thought to begin to go wrong at the same time and by about the same factor of their odds; where
// only one of them does, the pool is slower than that one alone.
//
// A pool has no trouble of its own: who holds it raises its strongest members, and clears it.
type Pool struct {
	Bank bank
	At   int64
}

// Take adds what a member was just fed: the sum k of n values, at a share of the beginnings that part gives it (the parts of all members add up to 1).
func (p *Pool) Take(s *Share, k, n, part float64) {
	if n <= 0 || !finite(k, n) || !s.Base.ready() {
		return
	}
	k = clamp(k, 0, n)
	p.At = max(p.At, s.At)
	g := part * n / (s.Base.pace() * Period)
	began := float64(p.At / 1e6)
	for i := range ups {
		p.Bank.step(i, g, began, factor(s.Hit[i], s.Miss[i], k, n))
	}
}

// Reading is the pool's evidence that its members go wrong.
func (p *Pool) Reading() Reading {
	up, _ := p.Bank.evidence()
	r := Reading{Phase: Quiet, Direction: Up, Evidence: up}
	if up > 0 {
		var began float64
		r.Ratio, began = p.Bank.best(Up)
		r.Since = int64(began) * 1e6
	}
	return r
}

// Calm forgets all evidence.
func (p *Pool) Calm() { p.Bank = bank{} }

// State is the pool as bytes.
func (p *Pool) State() []byte { return store('p', p) }

// Restore makes the pool what it was when State was called. After an error it is as it was.
func (p *Pool) Restore(b []byte) error { return restore('p', b, p) }

func (p *Pool) valid() bool { return p.Bank.valid() }
