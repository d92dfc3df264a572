package eventlog

import (
	"fmt"

	"github.com/nats-io/nats.go"
)

// live is before the subjects of what nodes tell one another and nobody stores.
const live = "dhvani.live."

// Publish tells all nodes something, at once and without a promise: who is
// away misses it. Without a cluster there is nobody to tell.
func (l *Log) Publish(subject string, data []byte) error {
	if !l.Shared() {
		return nil
	}
	if err := l.engine.Load().conn.Publish(live+subject, data); err != nil {
		return fmt.Errorf("tell the other nodes: %w", err)
	}
	return nil
}

// Subscribe calls f with what nodes publish, this one too, one after another
// and until stop is called. Without a cluster f is never called.
func (l *Log) Subscribe(subject string, f func([]byte)) (stop func(), err error) {
	if !l.Shared() {
		return func() {}, nil
	}
	s, err := l.engine.Load().conn.Subscribe(live+subject, func(m *nats.Msg) { f(m.Data) })
	if err != nil {
		return nil, fmt.Errorf("listen to the other nodes: %w", err)
	}
	return func() { _ = s.Unsubscribe() }, nil // its error is a closed connection's
}
