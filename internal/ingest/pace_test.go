package ingest

import (
	"context"
	"errors"
	"testing"
)

// While the log is behind a workspace has one turn, which others do not wait
// for; else nobody waits.
func TestPaces(t *testing.T) {
	var p paces
	enter := func(workspace int64, behind bool) (func(), error) {
		ctx, cancel := context.WithCancel(t.Context())
		cancel() // so that a turn that is taken is an error
		return p.enter(ctx, workspace, behind)
	}
	for range 3 {
		if _, err := enter(1, false); err != nil {
			t.Fatal(err)
		}
	}
	turn := p.of(1)
	turn <- struct{}{}
	if _, err := enter(1, true); !errors.Is(err, context.Canceled) {
		t.Errorf("a second turn: %v", err)
	}
	leave, err := p.enter(t.Context(), 2, true)
	if err != nil {
		t.Fatal(err)
	}
	leave()
	leave()
	p.of(2) <- struct{}{} // free again, a moment later
	<-turn
	if leave, err = p.enter(t.Context(), 1, true); err != nil {
		t.Fatal(err)
	}
	leave()
}
