package language

// passage is a run of a text's tokens.
type passage struct{ from, to int }

// Texts of more tokens than this are looked through passage by passage for what must
// not be missed: what a few words say is lost among hundreds of others.
const (
	longText       = 24
	longestPassage = 20
)

// passages are the runs of sentences of a long text that are short enough, each
// sentence in one at least; none of others.
func (t *text) passages(out []passage) []passage {
	n := len(t.tokens)
	if n <= longText {
		return out
	}
	for from, last := 0, 0; from < n && last < n; {
		next, to := 0, from
		for to < n {
			end := t.sentence(to)
			if next == 0 {
				next = end
			}
			if end-from > longestPassage && to > from {
				break
			}
			to = end
		}
		if to > last {
			out, last = append(out, passage{from, to}), to
		}
		from = next
	}
	return out
}

// sentence is where the sentence ends that begins at a token, or where it is cut.
func (t *text) sentence(from int) int {
	for i := from; i < len(t.tokens); i++ {
		k := &t.tokens[i]
		if i-from+1 == longestPassage || k.kind == mark && t.runes[k.start] != ',' {
			return i + 1
		}
	}
	return len(t.tokens)
}

// part returns what the tokens of a passage say together, and by what it is damped.
func (w *work) part(p passage) (sums *[maxColumns]int32, norm float64) {
	if p.from == 0 && p.to == len(w.tokens) {
		return &w.sums, w.norm
	}
	sums, features := &w.partSums, 0
	*sums = [maxColumns]int32{}
	for i := p.from; i < p.to; i++ {
		for c := range columnsUsed {
			sums[c] += w.tokens[i][c]
		}
		features += int(w.lengths[i])
	}
	return sums, damp(features)
}
