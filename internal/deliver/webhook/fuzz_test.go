package webhook

import (
	"testing"
	"time"
)

// How long others ask to wait is never negative and never more than can be said.
func FuzzWait(f *testing.F) {
	f.Add(`{"ok":false,"parameters":{"retry_after":33}}`)
	f.Add("120")
	f.Add("Wed, 21 Oct 2026 07:28:00 GMT")
	f.Add("9223372036854775807")
	f.Fuzz(func(t *testing.T, text string) {
		now := time.Date(2026, 11, 22, 0, 0, 0, 0, time.UTC)
		if a, b := telegramWait([]byte(text)), retryAfter(text, now); a < 0 || b < 0 || a > 24*time.Hour {
			t.Fatal(a, b)
		}
	})
}
