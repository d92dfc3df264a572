package api

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"
	"golang.org/x/sync/semaphore"

	"github.com/dhvani/dhvani/internal/language"
	"github.com/dhvani/dhvani/internal/web"
	"github.com/dhvani/dhvani/internal/workspace"
)

// Analyzer analyses texts.
type Analyzer interface {
	Analyze(text string) language.Analysis
}

const (
	// maxTexts is the largest body of texts: 1,000 of 20,000 characters, of which
	// few are longer than a byte.
	maxTexts = 32 << 20
	// textsWait is how long a request waits while others' texts fill the memory
	// that there is for them.
	textsWait = 10 * time.Second
)

func (s *server) language() {
	op := operation(http.MethodPost, "/language/analyze", "analyze-texts", "Language, sentiment, topics, intent, urgency and personal data of texts", workspace.ScopeRead, "Language")
	op.Description += fmt.Sprintf(" Nothing is stored and nothing leaves the server. The items are in the order of the texts. Models look at the first %d bytes of a text; personal data is looked for in all of it. "+
		"`from` and `to` are offsets in bytes of the text in UTF-8, not in characters: `from` is included, `to` is not.", language.MaxBytes)
	op.MaxBodyBytes, op.BodyReadTimeout = maxTexts, 30*time.Second
	op.Errors = append(op.Errors, http.StatusRequestEntityTooLarge, http.StatusUnsupportedMediaType)
	op.Middlewares = huma.Middlewares{s.boundTexts(semaphore.NewWeighted(maxTexts))}
	huma.Register(s.huma, op, s.analyze)
}

// boundTexts lets a request pass when its body finds room beside those of others
// that are being read and analysed.
func (s *server) boundTexts(room *semaphore.Weighted) func(huma.Context, func(huma.Context)) {
	return func(ctx huma.Context, next func(huma.Context)) {
		r, _ := humago.Unwrap(ctx)
		if e := r.Header.Get("Content-Encoding"); e != "" && !strings.EqualFold(e, "identity") {
			s.refuse(ctx, web.NewProblem(http.StatusUnsupportedMediaType, "texts must come without Content-Encoding: they are not taken compressed"))
			return
		}
		size := r.ContentLength
		if size < 0 || size > maxTexts { // unknown, or will be refused once it is read so far
			size = maxTexts
		}
		waiting, stop := context.WithTimeout(ctx.Context(), textsWait)
		defer stop()
		if room.Acquire(waiting, size) != nil {
			s.refuse(ctx, web.NewProblem(http.StatusServiceUnavailable, "too many texts are being analysed at the moment").RetryAfter(textsWait))
			return
		}
		defer room.Release(size)
		next(ctx)
	}
}

type analyzeInput struct {
	Body struct {
		Texts []string `json:"texts" nullable:"false" maxItems:"1000" maxLength:"20000" doc:"The texts, one for each item of the answer."`
	}
}

type analyzed struct {
	Items []language.Answer `json:"items"`
}

func (s *server) analyze(ctx context.Context, in *analyzeInput) (*body[analyzed], error) {
	analyzer := s.Analyzer(entry(ctx).Workspace)
	out := analyzed{Items: []language.Answer{}}
	for _, text := range in.Body.Texts {
		if err := ctx.Err(); err != nil {
			return nil, s.fail(ctx, err)
		}
		out.Items = append(out.Items, analyzer.Analyze(text).Answer())
	}
	return &body[analyzed]{out}, nil
}
