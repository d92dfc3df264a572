package workspace

import (
	"testing"
	"time"
)

func TestHours(t *testing.T) {
	kolkata, err := time.LoadLocation("Asia/Kolkata")
	if err != nil {
		t.Fatal(err)
	}
	h := Hours{Holidays: []Holiday{{Date: "2026-01-26"}}}
	for day := time.Monday; day <= time.Saturday; day++ {
		h.Week[day] = []Shift{{From: 600, To: 840}, {From: 960, To: 1440}}
	}
	const form = "Mon 2006-01-02 15:04"
	for at, want := range map[string]string{ // when it opens next; "" where it is open
		"Fri 2026-01-23 09:59": "Fri 2026-01-23 10:00",
		"Fri 2026-01-23 10:00": "",
		"Fri 2026-01-23 14:00": "Fri 2026-01-23 16:00",
		"Fri 2026-01-23 23:59": "",
		"Sun 2026-01-25 12:00": "Tue 2026-01-27 10:00", // Monday is a holiday
		"Mon 2026-01-26 12:00": "Tue 2026-01-27 10:00",
	} {
		now, err := time.ParseInLocation(form, at, kolkata)
		if err != nil {
			t.Fatal(err)
		}
		next, ok := h.Opens(now)
		if open := h.Open(now); open != (want == "") || !open && (!ok || next.Format(form) != want) {
			t.Errorf("%s: open %t, opens %s", at, open, next.Format(form))
		}
	}
	if _, ok := (Hours{}).Opens(time.Now()); ok || (Hours{}).Set() {
		t.Error("a shop without hours opens")
	}
}
