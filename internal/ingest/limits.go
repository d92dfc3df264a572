package ingest

import (
	"math"
	"net/http"
	"sync"
	"time"

	"golang.org/x/time/rate"

	"github.com/dhvani/dhvani/internal/event"
)

// limits holds the rate limiters of the keys that have a limit.
type limits struct {
	mu  sync.Mutex
	key map[string]*rate.Limiter
}

// allow counts n events of a key. Where they are too many now, its error says
// when to come back, and they do not count.
func (l *limits) allow(k *Key, n int, now time.Time) error {
	if k.RateLimit <= 0 || n == 0 {
		return nil
	}
	r := l.limiter(k).ReserveN(now, n)
	if wait := r.DelayFrom(now); wait > 0 {
		r.CancelAt(now)
		return &failure{status: http.StatusTooManyRequests, text: "too many events a second for this key", retry: wait}
	}
	return nil
}

// limiter returns a key's limiter, with the limit the key has now. A burst as
// large as a request keeps every request possible.
func (l *limits) limiter(k *Key) *rate.Limiter {
	limit, burst := rate.Limit(k.RateLimit), max(k.RateLimit, event.MaxEvents)
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.key == nil {
		l.key = map[string]*rate.Limiter{}
	}
	r := l.key[k.ID]
	if r == nil || r.Limit() != limit {
		r = rate.NewLimiter(limit, burst)
		l.key[k.ID] = r
	}
	return r
}

// seconds is a Retry-After: whole seconds, at least one.
func seconds(d time.Duration) int { return max(1, int(math.Ceil(d.Seconds()))) }
