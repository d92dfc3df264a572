package deliver

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/dhvani/dhvani/internal/db"
	"github.com/dhvani/dhvani/internal/staff"
	"github.com/dhvani/dhvani/internal/workspace"
)

// box seals by not sealing; broken says that the key is lost.
type box struct{ broken bool }

func (b *box) Seal(owner, secret string) ([]byte, error) { return []byte(owner + "|" + secret), nil }

func (b *box) Open(owner string, sealed []byte) (string, error) {
	rest, ok := strings.CutPrefix(string(sealed), owner+"|")
	if !ok || b.broken {
		return "", errors.New("sealed with another key")
	}
	return rest, nil
}

// fake is a sender that answers as a test says, and knows what it was given.
type fake struct {
	mu     sync.Mutex
	answer func(p *Parcel) Outcome
	sent   map[string]int // by workspace and id
	now    int
	most   int // at the same time
	order  []string
	ended  chan string
}

func newFake() *fake { return &fake{sent: map[string]int{}, ended: make(chan string, 100_000)} }

func (f *fake) Check(d *Destination) error {
	if d.Settings["bad"] != "" {
		return workspace.Invalid("bad")
	}
	d.Address = d.Settings["at"]
	return nil
}

func (f *fake) Trial(*Destination, string, time.Time) ([]byte, error) { return []byte("trial"), nil }

func (f *fake) Send(ctx context.Context, d *Destination, p *Parcel) Outcome {
	f.mu.Lock()
	f.now++
	f.most = max(f.most, f.now)
	f.sent[fmt.Sprintf("%d %s", p.Workspace, p.ID)]++
	f.order = append(f.order, string(p.Body))
	answer := f.answer
	f.mu.Unlock()
	var out Outcome
	if answer != nil {
		out = answer(p)
	}
	f.mu.Lock()
	f.now--
	f.mu.Unlock()
	f.ended <- p.ID
	return out
}

// set-up of a test: a store on a database, with a clock that a test moves.
type bench struct {
	*Store
	t     *testing.T
	fake  *fake
	box   *box
	by    staff.Actor
	pools []*Pool

	mu    sync.Mutex
	clock time.Time
}

func newBench(t *testing.T, d *db.DB) *bench {
	b := &bench{t: t, fake: newFake(), box: &box{}, by: staff.ByOperator(7), clock: time.Now()}
	b.Store = &Store{DB: d, Sealer: b.box, Now: b.time,
		Senders: map[Kind]Sender{Webhook: b.fake, Email: b.fake}}
	return b
}

func (b *bench) time() time.Time {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.clock
}

func (b *bench) pass(d time.Duration) {
	b.mu.Lock()
	b.clock = b.clock.Add(d)
	b.mu.Unlock()
	for _, p := range b.pools {
		p.Wake()
		p.mu.Lock()
		for _, l := range p.lanes {
			poke(l.wake)
		}
		p.mu.Unlock()
	}
}

func (b *bench) destination(change func(*Destination)) *Destination {
	b.t.Helper()
	d := &Destination{Kind: Webhook, Name: "Alerts", Settings: map[string]string{"at": "https://a.example"}}
	if change != nil {
		change(d)
	}
	if err := b.Create(b.t.Context(), b.by, d); err != nil {
		b.t.Fatal(err)
	}
	return d
}

func (b *bench) put(messages ...Message) {
	b.t.Helper()
	for i := range messages {
		if messages[i].Workspace == 0 {
			messages[i].Workspace = 7
		}
		if messages[i].Body == nil {
			messages[i].Body = []byte(messages[i].Key)
		}
	}
	err := b.DB.Update(b.t.Context(), func(tx *db.Tx) error { return b.Put(b.t.Context(), tx, messages...) })
	if err != nil {
		b.t.Fatal(err)
	}
}

// run starts a pool and returns how to stop it.
func (b *bench) run(change ...func(*Options)) (p *Pool, stop func()) {
	o := Options{Store: b.Store, Logger: slog.New(slog.DiscardHandler)}
	for _, f := range change {
		f(&o)
	}
	p = NewPool(o)
	b.pools = append(b.pools, p)
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan struct{})
	go func() { p.Run(ctx); close(ended) }()
	stop = sync.OnceFunc(func() { cancel(); <-ended })
	b.t.Cleanup(stop)
	return p, stop
}

// attempts waits for so many attempts to end.
func (b *bench) attempts(n int) {
	b.t.Helper()
	for range n {
		select {
		case <-b.fake.ended:
		case <-time.After(30 * time.Second):
			b.t.Fatal("nothing was sent")
		}
	}
}

// until waits for what another goroutine writes.
func (b *bench) until(what string, ok func() bool) {
	b.t.Helper()
	for deadline := time.Now().Add(30 * time.Second); !ok(); <-time.After(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			b.t.Fatalf("not in time: %s", what)
		}
	}
}

func (b *bench) delivery(key string) Delivery {
	b.t.Helper()
	d, err := b.Delivery(b.t.Context(), b.by, ID(7, key))
	if err != nil {
		b.t.Fatal(key, err)
	}
	return d
}

func (b *bench) is(key string, s State) {
	b.t.Helper()
	b.until(fmt.Sprintf("%s is %s", key, s), func() bool { return b.delivery(key).State == s })
}
