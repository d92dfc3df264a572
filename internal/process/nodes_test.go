package process

import (
	"log/slog"
	"strings"
	"testing"

	"github.com/dhvani/dhvani/internal/event"
)

// fakeBus carries between nodes at once.
type fakeBus struct{ subscribers map[string][]func([]byte) }

func (*fakeBus) Shared() bool { return true }

func (b *fakeBus) Publish(subject string, data []byte) error {
	for _, f := range b.subscribers[subject] {
		f(data)
	}
	return nil
}

func (b *fakeBus) Subscribe(subject string, f func([]byte)) (func(), error) {
	b.subscribers[subject] = append(b.subscribers[subject], f)
	return func() {}, nil
}

// Who watches on one node sees what another node stores and rejects, once, of
// their own workspace only; what nobody watches is not told.
func TestTailSeesOtherNodes(t *testing.T) {
	bus := &fakeBus{map[string][]func([]byte){}}
	here, there := NewTail(), NewTail()
	for _, tail := range []*Tail{here, there} {
		stop, err := tail.Connect(bus, slog.New(slog.DiscardHandler))
		if err != nil {
			t.Fatal(err)
		}
		defer stop()
	}
	var traffic int
	bus.Subscribe(subjectSeen, func([]byte) { traffic++ })
	there.Committed(&event.Batch{Events: []event.Event{track(1, "u", "unwatched")}})
	if traffic != 0 {
		t.Error("something was told that nobody watches")
	}
	seen, stop, _ := here.Watch(1)
	defer stop()
	local, stopLocal, _ := there.Watch(1)
	defer stopLocal()
	there.Committed(&event.Batch{Events: []event.Event{track(1, "u", "a"), track(2, "u", "b")}})
	there.rejected(1, &RejectedEvent{Reason: "bad", Raw: "{"})
	there.rejected(2, &RejectedEvent{Reason: "worse"})
	for name, c := range map[string]<-chan Sighting{"there": local, "here": seen} {
		var got []string
		for len(c) > 0 {
			s := <-c
			if s.Rejected != nil {
				got = append(got, s.Rejected.Reason+s.Rejected.Raw)
			} else {
				got = append(got, s.Event.MessageID)
			}
		}
		if strings.Join(got, " ") != "a bad{" {
			t.Errorf("%s: %q", name, got)
		}
	}
	if len(seen) != 0 || traffic != 2 {
		t.Errorf("%d messages between the nodes", traffic)
	}
}
