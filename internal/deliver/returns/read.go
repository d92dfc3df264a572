package returns

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/hmac"
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"errors"
	"net/http"
	"net/mail"
	"strconv"
	"strings"
	"time"

	"github.com/go-json-experiment/json"

	"github.com/dhvani/dhvani/internal/deliver/email"
)

// report is what is told of one mail. Where it is known who tells it, its recipient
// counts as well as its id.
type report struct {
	email.Report
	known bool
}

// fresh is how old what is signed may be: sources try again for long, and hearing
// of the same mail twice does nothing.
const fresh = 24 * time.Hour

const maxReports = 2000 // of one call

// read checks that a call is from its source, and reads it.
func (s *Store) read(ctx context.Context, source Source, key string, header http.Header, body []byte) ([]report, error) {
	switch source {
	case Mail:
		return readMail(body)
	case SES:
		return s.readSNS(ctx, body)
	case SendGrid:
		return readSendGrid(key, header, body, s.now())
	case Mailgun:
		return readMailgun(key, body, s.now())
	}
	return readPostmark(body)
}

// readMail reads a report as a mail server writes it. Anybody can write to the
// address at which reports arrive, so only a message's id counts in them.
func readMail(body []byte) (out []report, err error) {
	list, err := email.ParseReport(bytes.NewReader(body))
	if errors.Is(err, email.ErrNoReport) {
		return nil, nil // somebody's answer
	}
	for _, r := range list {
		if r.ID != "" && (r.Event == email.Bounced || r.Event == email.Complaint) {
			out = append(out, report{Report: r})
		}
	}
	return out, err
}

// publicKey reads SendGrid's verification key.
func publicKey(text string) (*ecdsa.PublicKey, error) {
	der, err := decode(text)
	if err != nil {
		return nil, err
	}
	key, err := x509.ParsePKIXPublicKey(der)
	if err != nil {
		return nil, err
	}
	if k, ok := key.(*ecdsa.PublicKey); ok {
		return k, nil
	}
	return nil, errors.New("it is no ECDSA key")
}

func readSendGrid(key string, header http.Header, body []byte, now time.Time) (out []report, err error) {
	public, err := publicKey(key)
	if err != nil {
		return nil, err
	}
	at := header.Get("X-Twilio-Email-Event-Webhook-Timestamp")
	signature, err := decode(header.Get("X-Twilio-Email-Event-Webhook-Signature"))
	sum := sha256.Sum256(append([]byte(at), body...))
	if err != nil || !recent(at, now) || !ecdsa.VerifyASN1(public, sum[:], signature) {
		return nil, errForged
	}
	var events []struct {
		Event  string `json:"event"`
		Type   string `json:"type"`
		Email  string `json:"email"`
		Status string `json:"status"`
		Reason string `json:"reason"`
		SMTP   string `json:"smtp-id"`
	}
	if json.Unmarshal(body, &events) != nil {
		return nil, errGarbage
	}
	for _, e := range events[:min(len(events), maxReports)] {
		r := told(e.SMTP, e.Email)
		switch {
		case e.Event == "spamreport", e.Event == "dropped" && strings.EqualFold(e.Reason, "Spam Reporting Address"):
			r.Event = email.Complaint
		case e.Event == "bounce" && e.Type == "blocked":
			r.Event, r.Status = email.Bounced, "5.7.1"
		case e.Event == "bounce":
			r.Event, r.Status = email.Bounced, statusOf(e.Status, "5.0.0")
		case e.Event == "dropped" && (strings.EqualFold(e.Reason, "Bounced Address") || strings.EqualFold(e.Reason, "Invalid")):
			r.Event, r.Status = email.Bounced, "5.1.1"
		default:
			continue
		}
		out = append(out, r)
	}
	return out, nil
}

func readMailgun(key string, body []byte, now time.Time) ([]report, error) {
	var b struct {
		Signature struct {
			Timestamp string `json:"timestamp"`
			Token     string `json:"token"`
			Signature string `json:"signature"`
		} `json:"signature"`
		Data struct {
			Event     string `json:"event"`
			Severity  string `json:"severity"`
			Reason    string `json:"reason"`
			Recipient string `json:"recipient"`
			Message   struct {
				Headers struct {
					ID string `json:"message-id"`
				} `json:"headers"`
			} `json:"message"`
			Status struct {
				Code     float64 `json:"code"`
				Enhanced string  `json:"enhanced-code"`
			} `json:"delivery-status"`
		} `json:"event-data"`
	}
	if json.Unmarshal(body, &b) != nil {
		return nil, errGarbage
	}
	signed := hmac.New(sha256.New, []byte(key))
	signed.Write([]byte(b.Signature.Timestamp + b.Signature.Token))
	signature, err := hex.DecodeString(b.Signature.Signature)
	if err != nil || !recent(b.Signature.Timestamp, now) || !hmac.Equal(signature, signed.Sum(nil)) {
		return nil, errForged
	}
	r := told(b.Data.Message.Headers.ID, b.Data.Recipient)
	switch {
	case b.Data.Event == "complained", b.Data.Event == "failed" && b.Data.Reason == "suppress-complaint":
		r.Event = email.Complaint
	case b.Data.Event == "failed" && b.Data.Reason == "suppress-bounce":
		r.Event, r.Status = email.Bounced, "5.1.1"
	case b.Data.Event == "failed" && b.Data.Severity == "permanent":
		r.Event, r.Status = email.Bounced, statusOf(b.Data.Status.Enhanced, "5.0.0")
	default:
		return nil, nil
	}
	return []report{r}, nil
}

// postmarkStatus are the kinds of bounce that are final.
var postmarkStatus = map[string]string{
	"HardBounce": "5.1.1", "BadEmailAddress": "5.1.3", "ManuallyDeactivated": "5.7.1", "Blocked": "5.7.1", "SpamNotification": "5.7.1", "DMARCPolicy": "5.7.1",
	"VirusNotification": "5.7.1",
}

func readPostmark(body []byte) ([]report, error) {
	var b struct {
		RecordType string            `json:"RecordType"`
		Type       string            `json:"Type"`
		Email      string            `json:"Email"`
		Metadata   map[string]string `json:"Metadata"`
	}
	if json.Unmarshal(body, &b) != nil {
		return nil, errGarbage
	}
	r := told(b.Metadata[email.PostmarkID], b.Email)
	status, final := postmarkStatus[b.Type]
	switch {
	case b.RecordType == "SpamComplaint" || b.Type == "SpamComplaint":
		r.Event = email.Complaint
	case b.RecordType == "Bounce" && final:
		r.Event, r.Status = email.Bounced, status
	default:
		return nil, nil
	}
	return []report{r}, nil
}

// told begins a report of a source that is known.
func told(id, recipient string) report {
	r := report{known: true}
	r.ID = email.MessageOf(id)
	if a, err := mail.ParseAddress(recipient); err == nil {
		r.Recipient = a.Address
	}
	return r
}

// statusOf takes the enhanced status of a final failure out of what a source says.
func statusOf(text, otherwise string) string {
	text = strings.TrimSpace(text)
	if !strings.HasPrefix(text, "5.") || len(text) > 11 || strings.Count(text, ".") != 2 || strings.Trim(text, "0123456789.") != "" {
		return otherwise
	}
	return text
}

// recent reports whether a time in seconds since 1970 is not long ago.
func recent(seconds string, now time.Time) bool {
	n, err := strconv.ParseInt(seconds, 10, 64)
	return err == nil && now.Sub(time.Unix(n, 0)).Abs() < fresh
}
