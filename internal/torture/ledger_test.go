package torture_test

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"sync"
	"testing"
)

// ledger is a test's own record: which events were sent and which of them were
// acknowledged. An acknowledgement counts once it is on disk.
type ledger struct {
	t    *testing.T
	file *os.File

	mu           sync.Mutex
	sent         map[string]bool
	acknowledged []string // in the order of their acknowledgement
}

func newLedger(t *testing.T) *ledger {
	t.Helper()
	f, err := os.Create(filepath.Join(t.TempDir(), "acknowledged"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	return &ledger{t: t, file: f, sent: map[string]bool{}}
}

// send makes up events, records that they are sent, and returns their ids.
func (l *ledger) send(n int) []string {
	ids := make([]string, n)
	for i := range ids {
		ids[i] = fmt.Sprintf("k-%016x", rand.Uint64())
	}
	l.record(ids)
	return ids
}

// sendAs makes up an event of a user, of whom userOf gives the name.
func (l *ledger) sendAs(user string) []string {
	ids := []string{fmt.Sprintf("k-%014x%s", rand.Uint64()>>8, user[1:])}
	l.record(ids)
	return ids
}

func (l *ledger) record(sent []string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, id := range sent {
		l.sent[id] = true
	}
}

// acknowledge records that events were acknowledged, and forces that to disk.
func (l *ledger) acknowledge(ids []string) {
	var text []byte
	for _, id := range ids {
		text = append(append(text, id...), '\n')
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if _, err := l.file.Write(text); err != nil {
		l.t.Error(err)
	}
	if err := l.file.Sync(); err != nil {
		l.t.Error(err)
	}
	l.acknowledged = append(l.acknowledged, ids...)
}

// count returns how many events were acknowledged so far.
func (l *ledger) count() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.acknowledged)
}

// first returns the events that were acknowledged first.
func (l *ledger) first(n int) []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.acknowledged[:n:n]
}

// wasSent reports whether an event is one of ours.
func (l *ledger) wasSent(id string) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.sent[id]
}

// eventOf returns the event of an id; the same id always gives the same event.
func eventOf(id string) string {
	return `{"type":"track","event":"Product Viewed","userId":"` + userOf(id) + `","messageId":"` + id + `","properties":` + propertiesOf(id) + `}`
}

// userOf spreads the events over 256 users.
func userOf(id string) string { return "u" + id[len(id)-2:] }

// propertiesOf holds the id too, so that a stored event can be told to be
// what was sent.
func propertiesOf(id string) string { return `{"product_id":"p1","check":"` + id + `"}` }

// bodyOf packs events into a request.
func bodyOf(ids []string) []byte {
	b := []byte(`{"batch":[`)
	for i, id := range ids {
		if i > 0 {
			b = append(b, ',')
		}
		b = append(b, eventOf(id)...)
	}
	return append(b, "]}"...)
}
