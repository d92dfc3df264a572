package shop

import (
	"bytes"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"
	"unicode/utf8"

	"context"

	"github.com/dhvani/dhvani/internal/event"
)

var start = time.Date(2026, 3, 1, 9, 0, 0, 0, time.UTC)

// fortnight returns 14 days of events as JSON lines, asked for in steps.
func fortnight(seed uint64, step time.Duration) []byte {
	s := New(seed, start)
	var b bytes.Buffer
	for t := start; !t.After(start.Add(14 * day)); t = t.Add(step) {
		for _, e := range s.Until(t) {
			b.Write(e.JSON(e.At))
			b.WriteByte('\n')
		}
	}
	return b.Bytes()
}

func TestSameSeedSameEvents(t *testing.T) {
	once := fortnight(1, 14*day)
	if !bytes.Equal(once, fortnight(1, time.Hour)) {
		t.Error("the same seed gives other events")
	}
	if bytes.Equal(once, fortnight(2, 14*day)) {
		t.Error("another seed gives the same events")
	}
}

func TestEvents(t *testing.T) {
	verbs, locales, ids := map[string]int{}, map[string]int{}, map[string]bool{}
	n, last := 0, int64(0)
	for line := range strings.Lines(string(fortnight(1, 14*day))) {
		e, err := event.Decode(line, &event.Defaults{ReceivedAt: start.Add(15 * day).UnixMicro(), Flags: event.History})
		if err != nil {
			t.Fatalf("%v: %s", err, line)
		}
		if e.At < last || ids[e.MessageID] {
			t.Fatalf("out of order, or twice: %s", line)
		}
		n, last, ids[e.MessageID] = n+1, e.At, true
		verbs[e.Name]++
		locales[event.ParseObject(e.Context).Text("locale")]++
		if e.Name != "" && e.Type == event.Track && e.Verb() == event.OtherVerb {
			t.Errorf("%q is no word of ours", e.Name)
		}
	}
	if n < 2500 || n > 10_000 || len(locales) != len(voices) {
		t.Errorf("%d events, of %v", n, locales)
	}
	for _, name := range []string{
		"Products Searched", "Checkout Failed", "Order Completed", "Order Delivered", "Order Refunded", "Product Reviewed", "Survey Answered",
		"Live Chat Message Sent", "Social Mention", "Email Replied", "Store Visit",
	} {
		if verbs[name] == 0 {
			t.Errorf("no %s in %v", name, verbs)
		}
	}
}

func TestVoices(t *testing.T) {
	weight, texts := 0, 0
	for _, v := range voices {
		weight += v.weight
		if len(v.glad) != 3 || len(v.flaw) != 2 || len(v.cities) == 0 || len(v.names) == 0 {
			t.Errorf("%s has too few words", v.locale)
		}
		for _, text := range append(append([]string{v.meh, v.late, v.pay, v.asks}, v.glad...), v.flaw...) {
			texts++
			if !utf8.ValidString(text) || len(text) < 20 {
				t.Errorf("%s: %q", v.locale, text)
			}
		}
	}
	if weight != 100 || texts < 60 {
		t.Errorf("the voices come to %d %%, with %d texts", weight, texts)
	}
	sum := 0
	for _, n := range rhythm {
		sum += n
	}
	if sum != 100 {
		t.Errorf("the day comes to %d %%", sum)
	}
}

// keys records what came with which key.
type keys struct {
	mu    sync.Mutex
	count map[string]int // key and path -> events
	fail  int
	full  func()
}

func (k *keys) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	k.mu.Lock()
	defer k.mu.Unlock()
	body, _ := io.ReadAll(r.Body)
	key, _, _ := r.BasicAuth()
	if k.fail > 0 {
		k.fail--
		w.WriteHeader(http.StatusServiceUnavailable)
		return
	}
	if bytes.Contains(body, []byte("wk_")) || bytes.Contains(body, []byte("sk_")) {
		k.count["leak"]++
	}
	p, _ := event.DecodePayload(body, event.Defaults{ReceivedAt: time.Now().UnixMicro()})
	k.count[key+r.URL.Path] += len(p.Events)
	if k.full != nil && k.count["wk_1/v1/batch"] > 0 && k.count["sk_1/v1/batch"] > 0 {
		k.full()
	}
}

func TestPlayer(t *testing.T) {
	k := &keys{count: map[string]int{}}
	h := httptest.NewServer(k)
	defer h.Close()
	p := Player{URL: h.URL, WriteKey: "wk_1", SecretKey: "sk_1"}
	s := New(1, start)
	calls, last := 0, 0.0
	if err := p.History(t.Context(), s, start.Add(7*day), func(_ int, done float64) { calls, last = calls+1, done }); err != nil {
		t.Fatal(err)
	}
	if k.count["sk_1/v1/import"] < 1000 || last != 1 || calls < 2 || len(k.count) != 1 {
		t.Fatalf("history: %v in %d steps to %v", k.count, calls, last)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	k.fail, k.full = 1, cancel
	troubles := 0
	p.Live(ctx, s, start.Add(7*day), 50_000, func(error) { troubles++ })
	if k.count["wk_1/v1/batch"] == 0 || k.count["sk_1/v1/batch"] == 0 || k.count["leak"] != 0 || troubles != 1 {
		t.Errorf("live: %v, %d troubles", k.count, troubles)
	}
	k.fail = 1
	if err := p.History(t.Context(), New(1, start), start.Add(day), func(int, float64) {}); err == nil {
		t.Error("a failure went unseen")
	}
}
