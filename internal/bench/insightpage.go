package bench

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/dhvani/dhvani/internal/db"
	"github.com/dhvani/dhvani/internal/insight"
	"github.com/dhvani/dhvani/internal/insight/watch"
	"github.com/dhvani/dhvani/internal/workspace"
)

// PageReport says how long it takes until an open page shows a trouble: from the answer to the event at which a run of the detectors over the
// stored outcomes, one by one and after the fact, first alarms, to the message of the page's stream with the new row.
type PageReport struct {
	Samples int      `json:"samples"`
	Unseen  int      `json:"not_seen"` // pages that did not show it within 30 s of the last event
	Early   int      `json:"earlier"`  // pages that showed it before that event was answered; they count as 0
	Events  float64  `json:"events_until_alarm_median"`
	Delay   *Latency `json:"answered_to_page_ms"`
}

// pageShop is a shop whose checkouts begin to fail.
type pageShop struct {
	ID        string `json:"id"`
	SecretKey string `json:"secret_key"`
	sent      []sentEvent
	shown     time.Time // when the page did
}

// sentEvent is an event by its own time, and when it was answered: then it is in the log.
type sentEvent struct {
	at       int64
	answered time.Time
}

const (
	pageHistory = 400 // checkouts in four weeks
	pageEvery   = 120 * time.Millisecond
	pageLeast   = 12 // failures in each shop, for the run after the fact, which does not count how many come
	pageMost    = 60 // failures until one gives up
	pageWithin  = 30 * time.Second
	pageBeside  = 2 // shops in trouble at the same time
	pageMail    = "bench@example.com"
	pageSecret  = "a bench of insight 2026"
)

// pages runs a server and lets a trouble happen in each of many shops, each with its list of incidents open.
func (b Insight) pages(ctx context.Context) (r *PageReport, err error) {
	dir, err := os.MkdirTemp("", "dhvani-page")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	s, err := b.serve(ctx, dir)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, s.stop()) }()
	shops := make([]*pageShop, b.Runs)
	for i := range shops {
		if shops[i], err = s.shop(ctx, b.rand(6000, i), i); err != nil {
			return nil, fmt.Errorf("make shop %d: %w", i+1, err)
		}
	}
	pause(ctx, 15*time.Second) // what is usual is learnt when no more history comes
	p := &Pages{URL: s.url, Email: pageMail, Password: pageSecret, client: &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}}
	if err := p.signIn(ctx); err != nil {
		return nil, fmt.Errorf("sign in: %w", err)
	}
	var mu sync.Mutex
	if stopped := each(ctx, len(shops), pageBeside, func(k int) {
		if failed := shops[k].fails(ctx, p, b.rand(6001, k)); failed != nil {
			mu.Lock()
			defer mu.Unlock()
			err = errors.Join(err, fmt.Errorf("shop %d: %w", k+1, failed))
		}
	}); stopped != nil || err != nil {
		return nil, errors.Join(stopped, err)
	}
	if err := s.stop(); err != nil {
		return nil, err
	}
	return report(ctx, dir, shops)
}

// report compares with the run after the fact.
func report(ctx context.Context, dir string, shops []*pageShop) (r *PageReport, err error) {
	d, err := db.Open(ctx, db.Options{Data: dir})
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, d.Close()) }()
	store, err := workspace.New(ctx, d, filepath.Join(dir, "seal.key"))
	if err != nil {
		return nil, err
	}
	r = &PageReport{Delay: &Latency{}}
	var events []float64
	for i, s := range shops {
		ws, err := store.Get(ctx, s.ID)
		if err != nil {
			return nil, err
		}
		var first *insight.Outcome
		err = d.View(ctx, func(tx *db.Tx) error {
			first, err = watch.Offline(ctx, tx, &insight.Store{DB: d}, ws, 0)
			return err
		})
		if err != nil {
			return nil, fmt.Errorf("look again at shop %d: %w", i+1, err)
		}
		if first == nil {
			return nil, fmt.Errorf("in shop %d nothing alarms after the fact", i+1)
		}
		k := slices.IndexFunc(s.sent, func(x sentEvent) bool { return x.at == first.At })
		if k < 0 {
			return nil, fmt.Errorf("shop %d alarms at an event that was not sent", i+1)
		}
		switch late := s.shown.Sub(s.sent[k].answered); {
		case s.shown.IsZero():
			r.Unseen++
			r.Delay.Record(pageWithin)
		case late < 0:
			r.Early++
			r.Delay.Record(0)
		default:
			r.Delay.Record(late)
		}
		r.Samples++
		events = append(events, float64(k+1))
	}
	r.Events = quantile(events, 0.5)
	return r, nil
}

// served is a server of this program.
type served struct {
	program, dir, url string
	process           *exec.Cmd
	once              sync.Once
	ended             error
}

func (b Insight) serve(ctx context.Context, dir string) (*served, error) {
	s := &served{program: b.Program, dir: dir, process: exec.CommandContext(ctx, b.Program, "serve", "--data", dir, "--listen", "127.0.0.1:0", "--log-level", "error")}
	out, err := s.process.StderrPipe()
	if err != nil {
		return nil, err
	}
	if err := s.process.Start(); err != nil {
		return nil, err
	}
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		if _, url, ok := strings.Cut(lines.Text(), "listens on "); ok {
			s.url = url
			go func() {
				for lines.Scan() {
				}
			}()
			return s, nil
		}
	}
	return nil, errors.Join(fmt.Errorf("the server did not start"), s.stop())
}

func (s *served) stop() error {
	s.once.Do(func() {
		s.ended = errors.Join(s.process.Process.Signal(os.Interrupt), s.process.Wait())
	})
	return s.ended
}

// run runs another command of the program in the same data folder.
func (s *served) run(ctx context.Context, in string, args ...string) ([]byte, error) {
	c := exec.CommandContext(ctx, s.program, append(args, "--data", s.dir)...)
	c.Stdin = strings.NewReader(in)
	out, err := c.Output()
	if err != nil {
		return nil, fmt.Errorf("%s: %w", strings.Join(args[:2], " "), err)
	}
	return out, nil
}

// shop makes a shop with four weeks of history, in which the same person works.
func (s *served) shop(ctx context.Context, r *rand.Rand, i int) (*pageShop, error) {
	out, err := s.run(ctx, "", "workspace", "create", "--json", "--name", fmt.Sprintf("Shop %d", i+1))
	if err != nil {
		return nil, err
	}
	p := &pageShop{}
	if err := json.Unmarshal(out, p); err != nil {
		return nil, err
	}
	if _, err := s.run(ctx, pageSecret+"\n", "user", "add", "--workspace", p.ID, "--email", pageMail, "--role", "owner"); err != nil {
		return nil, err
	}
	var b strings.Builder
	b.WriteString(`{"batch":[`)
	now := time.Now().UTC()
	for k := range pageHistory {
		if k > 0 {
			b.WriteByte(',')
		}
		at := now.Add(-28*24*time.Hour + 28*24*time.Hour/pageHistory*time.Duration(k) - time.Hour)
		b.WriteString(checkoutEvent(r, fmt.Sprintf("h%d-%d", i, k), r.Float64() < 0.04, at))
	}
	b.WriteString(`]}`)
	return p, NewAPI(s.url, p.SecretKey).call(ctx, http.MethodPost, "/v1/import", b.String(), nil)
}

func checkoutEvent(r *rand.Rand, id string, fails bool, at time.Time) string {
	name := "Order Completed"
	if fails {
		name = "Checkout Failed"
	}
	return fmt.Sprintf(`{"type":"track","event":%q,"messageId":%q,"userId":"u-%s","timestamp":%q,"properties":{"order_id":"o-%s","total":1250,"currency":"INR","payment_method":%q,"reason":"timeout"}}`,
		name, id, id, at.Format(time.RFC3339Nano), id, methods[pick(r, methodShare[:])])
}

// fails opens the page, lets customers fail until it shows that, and notes when.
func (p *pageShop) fails(ctx context.Context, as *Pages, r *rand.Rand) error {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	q, err := http.NewRequestWithContext(ctx, http.MethodGet, as.URL+"/w/"+p.ID+"/incidents/stream", nil)
	if err != nil {
		return err
	}
	for _, c := range as.cookies {
		q.AddCookie(&http.Cookie{Name: c.Name, Value: c.Value})
	}
	answer, err := as.client.Do(q)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		return &refusal{answer.StatusCode, "no stream"}
	}
	ready, shown := make(chan struct{}), make(chan time.Time, 1)
	go func() {
		began := false
		lines := bufio.NewScanner(answer.Body)
		lines.Buffer(nil, 1<<20)
		for lines.Scan() {
			switch text := lines.Text(); {
			case !began && strings.Contains(text, "incidents-list"):
				began = true
				close(ready)
			case strings.Contains(text, "<tr data-row"):
				shown <- time.Now()
				return
			}
		}
	}()
	select {
	case <-ready:
	case <-time.After(pageWithin):
		return errors.New("the page shows nothing")
	case <-ctx.Done():
		return ctx.Err()
	}
	return p.send(ctx, as, r, shown)
}

// send lets customers fail one after the other.
func (p *pageShop) send(ctx context.Context, as *Pages, r *rand.Rand, shown <-chan time.Time) error {
	api := NewAPI(as.URL, p.SecretKey)
	for k := range pageMost {
		now := time.Now().UTC().Truncate(time.Microsecond)
		if err := api.call(ctx, http.MethodPost, "/v1/track", checkoutEvent(r, fmt.Sprintf("f%d-%s", k, p.ID), true, now), nil); err != nil {
			return err
		}
		p.sent = append(p.sent, sentEvent{now.UnixMicro(), time.Now()})
		select {
		case p.shown = <-shown:
		case <-time.After(pageEvery):
		case <-ctx.Done():
			return ctx.Err()
		}
		if k+1 >= pageLeast && !p.shown.IsZero() {
			return nil
		}
	}
	select {
	case p.shown = <-shown:
	case <-time.After(pageWithin):
	case <-ctx.Done():
	}
	return ctx.Err()
}
