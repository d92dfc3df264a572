package bench

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/dhvani/dhvani/internal/language"
)

// model holds 8 MB from its first text on, and makes two pieces of memory of each.
type model struct {
	held []byte
	out  []*[64]byte
}

func (m *model) Analyze(string) language.Analysis {
	if m.held == nil {
		m.held = make([]byte, 8<<20)
	}
	m.out = []*[64]byte{new([64]byte)}
	return language.Analysis{}
}

func TestTexts(t *testing.T) {
	for _, l := range append(slices.Clone(language.Languages), language.Other) {
		if len(textsByLanguage[l]) < 2 {
			t.Errorf("%s has %d texts", l, len(textsByLanguage[l]))
		}
		for _, text := range textsByLanguage[l] {
			if n := len(strings.Fields(text)); n < 19 || n > 21 {
				t.Errorf("%s: %d words: %s", l, n, text)
			}
		}
	}
	m := &model{}
	r, err := Texts(t.Context(), m, time.Millisecond)
	if err != nil || len(r.Languages) != 10 || r.PerSecond <= 0 || r.Texts < 10*40 {
		t.Fatalf("%+v %v", r, err)
	}
	if r.Models < 8<<20 || r.Models > 9<<20 {
		t.Errorf("8 MB are measured as %d bytes", r.Models)
	}
	if r.PerCPU <= 0 || r.Allocations < 2 || r.Allocations > 3 {
		t.Errorf("%v allocations, %v in a second", r.Allocations, r.PerCPU)
	}
	if text, err := json.Marshal(r); err != nil || !strings.Contains(string(text), `"models_mb":8`) {
		t.Errorf("%s %v", text, err)
	}
}

func BenchmarkTexts(b *testing.B) {
	for _, l := range append(slices.Clone(language.Languages), language.Other) {
		b.Run(l, func(b *testing.B) {
			a := language.Base()
			a.Analyze("")
			b.ReportAllocs()
			i := 0
			for b.Loop() {
				a.Analyze(textsByLanguage[l][i%2])
				i++
			}
		})
	}
}
