package torture_test

import (
	"io"
	"net/http"
	"slices"
	"sync"
	"time"
)

// watch asks a program all the time whether it is ready, and notes when it is
// not. No answer in a second is one too.
type watch struct {
	done chan struct{}
	wg   sync.WaitGroup

	mu    sync.Mutex
	downs []time.Time // when the program was asked and was not ready or gone
}

// watchEvery is how exact a watch is.
const watchEvery = 5 * time.Millisecond

func (p *program) watch() *watch {
	w := &watch{done: make(chan struct{})}
	client := &http.Client{Timeout: time.Second, Transport: &http.Transport{}}
	url := p.url() + "/readyz"
	w.wg.Go(func() {
		defer client.CloseIdleConnections()
		for {
			select {
			case <-w.done:
				return
			case <-time.After(watchEvery):
			}
			if !answersOK(client, url) {
				w.mu.Lock()
				w.downs = append(w.downs, time.Now())
				w.mu.Unlock()
			}
		}
	})
	return w
}

func answersOK(client *http.Client, url string) bool {
	answer, err := client.Get(url)
	if err != nil {
		return false
	}
	defer answer.Body.Close()
	io.Copy(io.Discard, answer.Body)
	return answer.StatusCode == http.StatusOK
}

// downAfter returns when the program was first seen not ready after a moment,
// or a zero time.
func (w *watch) downAfter(moment time.Time) time.Time {
	w.mu.Lock()
	defer w.mu.Unlock()
	if i := slices.IndexFunc(w.downs, moment.Before); i >= 0 {
		return w.downs[i]
	}
	return time.Time{}
}

func (w *watch) stop() {
	close(w.done)
	w.wg.Wait()
}
