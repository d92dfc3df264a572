package bench

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"
	"time"
)

// The same Seed makes the same events, in the number and of the customers that
// are asked for, none of them after the end.
func TestSeedRequests(t *testing.T) {
	s := Seed{Customers: 500, Events: 6000, Days: 30, Until: time.Date(2026, 11, 1, 12, 0, 0, 0, time.UTC), Seed: 7}
	var first bytes.Buffer
	messages, people, names := map[string]bool{}, map[string]bool{}, map[string]int{}
	total := 0
	s.Requests(func(body []byte, n int) bool {
		first.Write(body)
		var q struct {
			Batch []struct{ Type, Event, UserID, AnonymousID, MessageID, Timestamp string }
		}
		if err := json.Unmarshal(body, &q); err != nil {
			t.Fatal(err)
		}
		if len(q.Batch) != n {
			t.Fatalf("%d events, said to be %d", len(q.Batch), n)
		}
		total += n
		for _, e := range q.Batch {
			if at, err := time.Parse(time.RFC3339, e.Timestamp); err != nil || at.After(s.Until) || at.Before(s.Until.AddDate(0, 0, -s.Days)) {
				t.Fatalf("an event of %s (%v)", e.Timestamp, err)
			}
			messages[e.MessageID] = true
			names[e.Type+" "+e.Event]++
			who := e.UserID
			if who == "" {
				who = strings.TrimPrefix(e.AnonymousID, "anon-7-")
			}
			people[who] = true
		}
		return true
	})
	if total != s.Events || len(messages) != s.Events {
		t.Errorf("%d events with %d message ids, expected %d", total, len(messages), s.Events)
	}
	if len(people) != s.Customers {
		t.Errorf("%d customers, expected %d", len(people), s.Customers)
	}
	for _, name := range []string{"identify ", "track Order Completed", "track Product Reviewed", "track Checkout Failed", "track Live Chat Message Sent"} {
		if names[name] == 0 {
			t.Errorf("no %s among %v", name, names)
		}
	}
	var second bytes.Buffer
	s.Requests(func(body []byte, _ int) bool { second.Write(body); return true })
	if !bytes.Equal(first.Bytes(), second.Bytes()) {
		t.Error("the same seed made other events")
	}
}
