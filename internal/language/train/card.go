package train

import (
	"fmt"
	"io"
	"io/fs"
	"maps"
	"slices"
	"strings"

	"github.com/dhvani/dhvani/internal/language/corpus"
)

// Card writes the model card of base models: what they learnt from and how well
// they do on what they did not.
func Card(w io.Writer, own fs.FS, figures Figures) error {
	texts, err := corpus.Load(own)
	if err != nil {
		return err
	}
	counts := map[string]int{}
	for _, t := range texts {
		counts[t.Kind]++
	}
	var b strings.Builder
	b.WriteString("# Model card of the base models\n\nWritten by `dhvani train language --corpus internal/language/corpus --sets DIR --out internal/language/base.model`. What the models tell, and what their labels mean, is in docs/language.md and corpus/README.md.\n\n")
	b.WriteString("Linear models (multinomial and binary logistic regression, AdaGrad, dropout of features, averaged over seeds) over hashed words, pairs of words, runs of 2 to 5 letters, consonants of Latin words, negated words and emoji;\none byte for each weight. Languages are told by runs of up to 4 letters.\n\n## Learnt from\n\n| texts | licence | n |\n|---|---|---|\n")
	for _, kind := range slices.Sorted(maps.Keys(counts)) {
		fmt.Fprintf(&b, "| %s written for this project | Apache-2.0 | %d, a tenth held out |\n", kind, counts[kind])
	}
	for _, s := range Sets {
		fmt.Fprintf(&b, "| %s (%s), its training split | %s | |\n", s.Name, s.Source, s.Licence)
	}
	b.WriteString("\n## Figures\n\nOut of fold: five folds, each judged by a model that has not seen it. Neutral texts in en, pt and es count as rarely as they are taken to be (see `priors`).\n\n| figure | |\n|---|---|\n")
	for _, name := range slices.Sorted(maps.Keys(figures)) {
		if v := figures[name]; v == float64(int(v)) {
			fmt.Fprintf(&b, "| %s | %.0f |\n", name, v)
		} else {
			fmt.Fprintf(&b, "| %s | %.3f |\n", name, v)
		}
	}
	b.WriteString(`
## Known weaknesses

- No native speaker has reviewed the texts written for this project. Romanised Bengali and Nepali have the fewest.
- Irony without a sign of it, and praise that is quoted or wished for, are mostly read as they are written.
- Neutral is the weakest sentiment. How many texts are neutral differs between shops: a workspace's own ratings teach its own model.
- A topic that is told in words never seen before is missed; the sentiment towards a topic goes by the words near it.
- Texts of politics and news in Bengali and Nepali are told worse than those of shops.
- The models are not fit to judge persons.
`)
	_, err = io.WriteString(w, b.String())
	return err
}
