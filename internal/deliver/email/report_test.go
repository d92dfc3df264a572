package email

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const ourID = "msg_hry3jzbpzmmhad4buvepnh6cgy"

func TestParseReport(t *testing.T) {
	for name, want := range map[string][]Report{
		"postfix.eml":   {{Bounced, ourID, "asha@shop.example", "5.1.1"}},
		"exchange.eml":  {{Bounced, ourID, "asha@shop.example", "5.7.1"}},
		"delayed.eml":   {{Delayed, ourID, "asha@shop.example", "4.4.1"}},
		"several.eml":   {{Bounced, "", "a@one.example", "5.2.2"}, {Delivered, "", "b@one.example", "2.0.0"}},
		"complaint.eml": {{Complaint, ourID, "", ""}},
	} {
		f, err := os.Open(filepath.Join("testdata", name))
		if err != nil {
			t.Fatal(err)
		}
		got, err := ParseReport(f)
		f.Close()
		if diff := cmp.Diff(want, got); err != nil || diff != "" {
			t.Errorf("%s: %v %s", name, err, diff)
		}
	}
	if got := (Report{Event: Bounced, Status: "5.1.1"}).Failure(); got != "bounced_5.1.1" {
		t.Error(got)
	}
}

func TestNoReport(t *testing.T) {
	for _, text := range []string{
		"", "Subject: hello\r\n\r\nI am on holiday.\r\n",
		"Content-Type: multipart/report; boundary=x\r\n\r\n--x\r\n\r\nhello\r\n--x--\r\n",
		"Content-Type: multipart/report; boundary=x; report-type=feedback-report\r\n\r\n--x\r\nContent-Type: message/feedback-report\r\n\r\nFeedback-Type: not-spam\r\n\r\n--x--\r\n",
	} {
		if got, err := ParseReport(strings.NewReader(text)); !errors.Is(err, ErrNoReport) {
			t.Errorf("%q: %v %v", text, got, err)
		}
	}
}

// What strangers send never stops us, and what is made of it is bounded and plain.
func FuzzParseReport(f *testing.F) {
	samples, err := filepath.Glob("testdata/*.eml")
	if err != nil || len(samples) < 5 {
		f.Fatal(samples, err)
	}
	for _, name := range samples {
		text, err := os.ReadFile(name)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(string(text))
	}
	f.Fuzz(func(t *testing.T, text string) {
		reports, err := ParseReport(strings.NewReader(text))
		if (err == nil) != (len(reports) > 0) || len(reports) > maxParts*(maxRecipients+1) {
			t.Fatalf("%d reports, %v", len(reports), err)
		}
		for _, r := range reports {
			if r.Event == "" || strings.ContainsAny(r.ID+r.Status+r.Recipient, "\r\n\x00") || len(r.ID) > 64 || len(r.Recipient) > 254 || len(r.Status) > 11 {
				t.Fatalf("%+v", r)
			}
			if r.Recipient != "" && !isAddress(r.Recipient) {
				t.Fatalf("%+v", r)
			}
		}
	})
}
