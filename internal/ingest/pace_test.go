package ingest

import (
	"context"
	"errors"
	"testing"
)

// A workspace has so many turns, one while the log is behind, and others do not
// wait for them.
func TestPaces(t *testing.T) {
	for _, behind := range []bool{false, true} {
		var p paces
		ended, cancel := context.WithCancel(t.Context())
		cancel()
		turns := cap(p.of(1).usual)
		if behind {
			turns = 1
		}
		var leave func()
		for range turns {
			var err error
			if leave, err = p.enter(t.Context(), 1, behind); err != nil {
				t.Fatal(err)
			}
		}
		if _, err := p.enter(ended, 1, behind); !errors.Is(err, context.Canceled) {
			t.Errorf("behind %v: one turn more: %v", behind, err)
		}
		other, err := p.enter(t.Context(), 2, behind)
		if err != nil {
			t.Fatal(err)
		}
		other()
		leave()
		leave()
		if _, err := p.enter(t.Context(), 1, behind); err != nil { // free again, a moment later
			t.Fatal(err)
		}
	}
}
