package language

import (
	"fmt"
	"hash/fnv"
	"sync"
)

// BaseVersion names the base models: what was adapted to others is of no use with
// them. The end of the file holds a checksum of all of it.
var BaseVersion = sync.OnceValue(func() string {
	h := fnv.New64a()
	h.Write(baseModel[max(0, len(baseModel)-1024):])
	return fmt.Sprintf("%x-%016x", len(baseModel), h.Sum64())
})

// LikeliestIntent is what a message most likely wants, whether or not the model is
// confident enough to say so; Unsure where there is nothing to go by.
func (a *Analyzer) LikeliestIntent(given string) string {
	w := works.Get().(*work)
	defer works.Put(w)
	m := a.load()
	w.text.fold(given)
	if len(w.text.tokens) == 0 {
		return Unsure
	}
	w.sum(m)
	var scores [careColumn - intentColumn]float64
	for c := range scores {
		scores[c] = m.meaning.score(w.sums[intentColumn+c], intentColumn+c, w.norm)
	}
	return Intents[top(scores[:])]
}
