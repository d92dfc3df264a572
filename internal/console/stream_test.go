package console

import (
	"context"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/dhvani/dhvani/internal/console/ui"
	"github.com/dhvani/dhvani/internal/staff"
)

// A stream that always has something to send ends too when its viewer's session does.
func TestBusyStreamEndsWithItsSession(t *testing.T) {
	now := time.Now()
	c := &Console{Options: Options{Now: func() time.Time { return now }}}
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	r := httptest.NewRequestWithContext(ctx, "GET", "/", nil) // with no session any more
	sent := 0
	err := c.stream(httptest.NewRecorder(), r, &ui.Viewer{Actor: staff.Actor{Account: "acc"}}, func(context.Context, *stream) error {
		now, sent = now.Add(time.Second), sent+1
		return ctx.Err()
	})
	if err != nil || sent > int(beatEvery/time.Second) {
		t.Errorf("%d parts were sent to who is signed out: %v", sent, err)
	}
}
