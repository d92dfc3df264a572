package watch

import "math/bits"

// sketch keeps about how often each of very many terms was used: never too seldom, now and then too often (count-min with
// conservative update; Cormode and Muthukrishnan, Journal of Algorithms 55(1), 2005, and Estan and Varghese, SIGCOMM 2002).
type sketch struct {
	rows [2][]float32
}

// Widths of a row; a power of two.
const (
	narrowest = 1 << 10
	widest    = 1 << 16
)

func newSketch(width int) *sketch {
	s := &sketch{}
	for i := range s.rows {
		s.rows[i] = make([]float32, width)
	}
	return s
}

// widthFor is how wide a sketch of so many uses should be.
func widthFor(uses float64) int {
	return min(max(1<<bits.Len(uint(min(uses, widest))), narrowest), widest)
}

// columnsFor is the width that fits into so many columns.
func columnsFor(columns int) int {
	return min(max(1<<bits.Len(uint(columns/2)), narrowest), widest)
}

func (s *sketch) width() int { return len(s.rows[0]) }

func (s *sketch) cells(h uint64) (a, b *float32) {
	w := uint64(s.width() - 1)
	return &s.rows[0][h&w], &s.rows[1][h*0x9e3779b97f4a7c15>>32&w]
}

// count is how often a term was used, at most.
func (s *sketch) count(h uint64) float64 {
	a, b := s.cells(h)
	return float64(min(*a, *b))
}

func (s *sketch) add(h uint64, n float32) {
	a, b := s.cells(h)
	is := min(*a, *b) + n
	*a, *b = max(*a, is), max(*b, is)
}

// fold makes it half as wide. What was used by two terms that now share a cell counts for both.
func (s *sketch) fold() {
	half := s.width() / 2
	for i, row := range s.rows {
		s.rows[i] = make([]float32, half)
		for j := range s.rows[i] {
			s.rows[i][j] = row[j] + row[j+half]
		}
	}
}

// take adds what another of the same width holds to what is left of this one.
func (s *sketch) take(o *sketch, fade float32) {
	for i := range s.rows {
		for j, x := range o.rows[i] {
			s.rows[i][j] = s.rows[i][j]*fade + x
		}
	}
}
