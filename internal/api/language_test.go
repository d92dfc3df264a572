package api

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/dhvani/dhvani/internal/language"
	"github.com/dhvani/dhvani/internal/workspace"
)

// length analyses a text as that many bytes of a threat.
type length struct{ texts atomic.Int64 }

func (l *length) Analyze(text string) language.Analysis {
	l.texts.Add(1)
	return language.Analysis{Language: "en", Probabilities: [3]float64{1. / 3, 1. / 3, 1. / 3},
		Care: []language.Flag{{Kind: "threat", Confidence: 1, Words: []language.Span{{From: 0, To: len(text)}}}}}
}

func serveTexts(l *length) http.Handler {
	h, _ := New(Options{
		Logger: slog.New(slog.DiscardHandler), Analyzer: func(int64) Analyzer { return l },
		Keys: func(key string) (*workspace.Entry, bool) {
			scopes := map[string]workspace.Scopes{"sk_r": workspace.ScopeRead, "sk_i": workspace.ScopeIngest}[key]
			return &workspace.Entry{Workspace: 1, Scopes: scopes}, scopes != 0
		},
	})
	return h
}

func post(h http.Handler, key string, body io.Reader) *httptest.ResponseRecorder {
	r := httptest.NewRequest("POST", "/api/v1/language/analyze", body)
	r.Header.Set("Authorization", "Bearer "+key)
	r.Header.Set("Content-Type", "application/json")
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

func textsOf(texts ...string) io.Reader {
	b, _ := json.Marshal(map[string][]string{"texts": texts})
	return strings.NewReader(string(b))
}

func TestAnalyze(t *testing.T) {
	w := post(serveTexts(&length{}), "sk_r", textsOf("ab", "", "é"))
	item := func(n int) string {
		return fmt.Sprintf(`{"language":"en","sentiment":"","sentiment_scores":{"negative":0.333333333,"neutral":0.333333333,"positive":0.333333333},"score":0,"topics":[],"aspects":[],`+
			`"intent":"","intent_confidence":0,"care":[{"flag":"threat","confidence":1,"words":[{"from":0,"to":%d}]}],"urgency":{"grade":0,"reasons":[]},"personal":[]}`, n)
	}
	if want := `{"items":[` + item(2) + "," + item(0) + "," + item(2) + "]}"; w.Code != 200 || strings.TrimSpace(w.Body.String()) != want {
		t.Errorf("%d %s\nwant %s", w.Code, w.Body, want)
	}
}

// One server: each request leaves its room to the next.
func TestAnalyzeLimits(t *testing.T) {
	many := make([]string, 1001)
	l := &length{}
	h := serveTexts(l)
	for name, c := range map[string]struct {
		key    string
		body   io.Reader
		status int
		says   string
		texts  int64
	}{
		"none":                  {"sk_r", textsOf([]string{}...), 200, `{"items":[]}`, 0},
		"as many as may be":     {"sk_r", textsOf(many[:1000]...), 200, `"items"`, 1000},
		"one too many":          {"sk_r", textsOf(many...), 422, "<= 1000", 0},
		"as long as may be":     {"sk_r", textsOf(strings.Repeat("ক", 20_000)), 200, "60000", 1},
		"one too long":          {"sk_r", textsOf("", strings.Repeat("ক", 20_001)), 422, "body.texts[1]", 0},
		"all as long as may be": {"sk_r", textsOf(strings.Split(strings.Repeat(strings.Repeat("a", 20_000)+" ", 1000), " ")[:1000]...), 200, "20000", 1000},
		"a body too large":      {"sk_r", strings.NewReader(`{"texts":["` + strings.Repeat("a", maxTexts) + `"]}`), 413, "too large", 0},
		"of unknown length":     {"sk_r", io.MultiReader(textsOf("a")), 200, `"to":1`, 1},
		"not UTF-8":             {"sk_r", strings.NewReader("{\"texts\":[\"caf\xe9\"]}"), 400, "not valid UTF-8", 0},
		"null":                  {"sk_r", strings.NewReader(`{"texts":null}`), 422, "body.texts", 0},
		"a text that is null":   {"sk_r", strings.NewReader(`{"texts":[null]}`), 422, "body.texts[0]", 0},
		"not JSON":              {"sk_r", strings.NewReader("{"), 400, "JSON", 0},
		"without texts":         {"sk_r", strings.NewReader("{}"), 422, "texts", 0},
		"another field":         {"sk_r", strings.NewReader(`{"texts":[],"text":"a"}`), 422, "body.text", 0},
		"not texts":             {"sk_r", strings.NewReader(`{"texts":[1]}`), 422, "body.texts[0]", 0},
		"no such key":           {"sk_x", textsOf("a"), 401, "", 0},
		"no scope to read":      {"sk_i", textsOf("a"), 403, "", 0},
	} {
		l.texts.Store(0)
		w := post(h, c.key, c.body)
		if got := w.Body.String(); w.Code != c.status || !strings.Contains(got, c.says) || l.texts.Load() != c.texts {
			t.Errorf("%s: %d, %d texts, %.300s", name, w.Code, l.texts.Load(), got)
		}
		if w.Code >= 400 && w.Header().Get("Content-Type") != "application/problem+json" {
			t.Errorf("%s: answered as %s", name, w.Header().Get("Content-Type"))
		}
	}
}

// A compressed body is told as such.
func TestAnalyzeCompressed(t *testing.T) {
	for encoding, status := range map[string]int{"gzip": 415, "br": 415, "identity": 200} {
		r := httptest.NewRequest("POST", "/api/v1/language/analyze", textsOf("a"))
		r.Header.Set("Authorization", "Bearer sk_r")
		r.Header.Set("Content-Type", "application/json")
		r.Header.Set("Content-Encoding", encoding)
		w := httptest.NewRecorder()
		serveTexts(&length{}).ServeHTTP(w, r)
		if w.Code != status || status != 200 && !strings.Contains(w.Body.String(), "Content-Encoding") {
			t.Errorf("%s: %d %s", encoding, w.Code, w.Body)
		}
	}
}

// Who sends JSON under another name, as curl does by itself, is told which header to send.
func TestWithoutContentType(t *testing.T) {
	r := httptest.NewRequest("POST", "/api/v1/language/analyze", textsOf("a"))
	r.Header.Set("Authorization", "Bearer sk_r")
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	w := httptest.NewRecorder()
	serveTexts(&length{}).ServeHTTP(w, r)
	if w.Code != 415 || !strings.Contains(w.Body.String(), `"detail":"send the body as JSON with the header Content-Type: application/json"`) {
		t.Errorf("%d %s", w.Code, w.Body)
	}
}

// A filter that would be passed over is refused.
func TestUnknownFilters(t *testing.T) {
	for query, says := range map[string]string{
		"topic=foo": "one of checkout", "topic=product,delivery": "topic must be", "topic=product&topic=delivery": "more than once",
		"language=xx": "language must be", "language=HI-latn": "hi-Latn", "care=foo": "care", "sentiment=bad": "sentiment", "tpic=x": "there is no parameter",
	} {
		for _, path := range []string{"feedback", "feedback/overview", "topics"} {
			r := httptest.NewRequest("GET", "/api/v1/"+path+"?"+query, nil)
			r.Header.Set("Authorization", "Bearer sk_r")
			w := httptest.NewRecorder()
			serveTexts(&length{}).ServeHTTP(w, r)
			if w.Code != 422 || !strings.Contains(w.Body.String(), says) {
				t.Errorf("%s?%s: %d %s", path, query, w.Code, w.Body)
			}
		}
	}
}

// Who has gone is analysed no further.
func TestAnalyzeForNobody(t *testing.T) {
	l := &length{}
	r := httptest.NewRequest("POST", "/api/v1/language/analyze", textsOf(make([]string, 9)...))
	ctx, cancel := context.WithCancel(r.Context())
	cancel()
	r.Header.Set("Authorization", "Bearer sk_r")
	r.Header.Set("Content-Type", "application/json")
	serveTexts(l).ServeHTTP(httptest.NewRecorder(), r.WithContext(ctx))
	if n := l.texts.Load(); n != 0 {
		t.Errorf("%d texts", n)
	}
}

// Who reads the document learns what offsets count.
func TestAnalyzeIsDescribed(t *testing.T) {
	_, doc := New(Options{Logger: slog.New(slog.DiscardHandler)})
	op := doc.Paths["/api/v1/language/analyze"].Post
	if !strings.Contains(op.Description, "offsets in bytes") || op.RequestBody.Content["application/json"] == nil || op.Responses["200"] == nil || op.Responses["413"] == nil {
		t.Errorf("%+v", op)
	}
}
