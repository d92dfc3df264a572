package bench

import (
	"context"
	"encoding/json"
	"maps"
	"math"
	"runtime"
	"slices"
	"time"

	"github.com/dhvani/dhvani/internal/language"
)

// TextsReport says what it takes to analyse texts of twenty words, on one core.
type TextsReport struct {
	Texts       int64
	PerSecond   float64
	PerCPU      float64 // in each second of processor time: more, where others keep the machine busy
	Allocations float64 // of a text
	Bytes       float64 // likewise
	FirstText   time.Duration
	Models      int64              // bytes of memory that stay in use after the first text
	Languages   map[string]float64 // texts a second
}

// MarshalJSON rounds.
func (r *TextsReport) MarshalJSON() ([]byte, error) {
	round := func(x float64, places float64) float64 { return math.Round(x*places) / places }
	languages := map[string]float64{}
	for l, n := range r.Languages {
		languages[l] = round(n, 1)
	}
	return json.Marshal(struct {
		Texts       int64              `json:"texts"`
		PerSecond   float64            `json:"per_second"`
		PerCPU      float64            `json:"per_processor_second"`
		Micros      float64            `json:"microseconds"`
		Allocations float64            `json:"allocations"`
		Bytes       float64            `json:"bytes"`
		FirstText   float64            `json:"first_text_ms"`
		Models      float64            `json:"models_mb"`
		Languages   map[string]float64 `json:"languages_per_second"`
	}{
		r.Texts, round(r.PerSecond, 1), round(r.PerCPU, 1), round(1e6/r.PerSecond, 10), round(r.Allocations, 100), round(r.Bytes, 1),
		round(float64(r.FirstText.Microseconds())/1000, 10), round(float64(r.Models)/(1<<20), 10), languages,
	})
}

// textAnalyzer analyses texts.
type textAnalyzer interface {
	Analyze(text string) language.Analysis
}

// Texts analyses texts of all languages in turn for as long as it may, on one core.
func Texts(ctx context.Context, a textAnalyzer, d time.Duration) (*TextsReport, error) {
	r := &TextsReport{Languages: map[string]float64{}}
	before := inUse()
	start := time.Now()
	a.Analyze(textsByLanguage["en"][0])
	r.FirstText = time.Since(start)
	r.Models = inUse() - before
	var m0, m1 runtime.MemStats
	runtime.ReadMemStats(&m0)
	cpu := processorTime()
	each := d / time.Duration(len(textsByLanguage))
	for _, l := range slices.Sorted(maps.Keys(textsByLanguage)) {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		texts := textsByLanguage[l]
		n, start := int64(0), time.Now()
		took := time.Duration(0)
		for took < each || n == 0 {
			for range 20 {
				for _, text := range texts {
					a.Analyze(text)
				}
			}
			n += int64(20 * len(texts))
			took = time.Since(start)
		}
		r.Languages[l] = float64(n) / took.Seconds()
		r.Texts += n
	}
	cpu = max(processorTime()-cpu, 1)
	runtime.ReadMemStats(&m1)
	r.PerCPU = float64(r.Texts) / cpu.Seconds()
	// Every language counts alike: the mean time of a text.
	micros := 0.0
	for _, n := range r.Languages {
		micros += 1 / n
	}
	r.PerSecond = float64(len(r.Languages)) / micros
	r.Allocations = float64(m1.Mallocs-m0.Mallocs) / float64(r.Texts)
	r.Bytes = float64(m1.TotalAlloc-m0.TotalAlloc) / float64(r.Texts)
	return r, nil
}

// inUse is the memory that is reachable.
func inUse() int64 {
	var m runtime.MemStats
	runtime.GC()
	runtime.GC() // what pools held
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}
