package returns

import (
	"context"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"sync"
	"time"

	"github.com/go-json-experiment/json"

	"github.com/dhvani/dhvani/internal/deliver/email"
	"github.com/dhvani/dhvani/internal/outgoing"
)

// envelope is what SNS sends.
type envelope struct {
	Type             string
	MessageID        string `json:"MessageId"`
	TopicARN         string `json:"TopicArn"`
	Subject          string
	Message          string
	Timestamp        string
	SignatureVersion string
	Signature        string
	SigningCertURL   string
	SubscribeURL     string
	Token            string
}

// signed is the text that Amazon signs: names and values in lines, by the names.
func (e *envelope) signed() string {
	pairs := [][2]string{{"Message", e.Message}, {"MessageId", e.MessageID}}
	if e.Type == "Notification" {
		if e.Subject != "" {
			pairs = append(pairs, [2]string{"Subject", e.Subject})
		}
	} else {
		pairs = append(pairs, [2]string{"SubscribeURL", e.SubscribeURL})
	}
	pairs = append(pairs, [2]string{"Timestamp", e.Timestamp})
	if e.Type != "Notification" {
		pairs = append(pairs, [2]string{"Token", e.Token})
	}
	pairs = append(pairs, [2]string{"TopicArn", e.TopicARN}, [2]string{"Type", e.Type})
	var b strings.Builder
	for _, p := range pairs {
		b.WriteString(p[0] + "\n" + p[1] + "\n")
	}
	return b.String()
}

// readSNS checks Amazon's signature, confirms a subscription, and reads what SES tells.
func (s *Store) readSNS(ctx context.Context, body []byte) ([]report, error) {
	var e envelope
	if json.Unmarshal(body, &e) != nil {
		return nil, errGarbage
	}
	at, err := time.Parse(time.RFC3339, e.Timestamp)
	if err != nil || s.now().Sub(at).Abs() > fresh {
		return nil, errForged
	}
	signature, err := decode(e.Signature)
	algorithm, ok := map[string]x509.SignatureAlgorithm{"1": x509.SHA1WithRSA, "2": x509.SHA256WithRSA}[e.SignatureVersion]
	if err != nil || !ok {
		return nil, errForged
	}
	certificate, err := s.certificate(ctx, e.SigningCertURL)
	if err != nil {
		return nil, err
	}
	if err := verify(certificate, algorithm, []byte(e.signed()), signature, s.now()); err != nil {
		return nil, errForged
	}
	switch e.Type {
	case "SubscriptionConfirmation":
		return nil, s.confirm(ctx, e.SubscribeURL)
	case "Notification":
		return readSES([]byte(e.Message))
	}
	return nil, nil
}

// amazonHost are the hosts of SNS.
var amazonHost = regexp.MustCompile(`^sns\.[a-z0-9-]+\.amazonaws\.com(\.cn)?$`)

// amazon reads an address that must be at SNS.
func amazon(text string) (*url.URL, error) {
	u, err := url.Parse(text)
	if err != nil || u.Scheme != "https" || u.User != nil || !amazonHost.MatchString(u.Host) {
		return nil, errForged
	}
	return u, nil
}

// confirm follows the address by which Amazon asks whether a subscription is wanted.
func (s *Store) confirm(ctx context.Context, address string) error {
	u, err := amazon(address)
	if err != nil {
		return err
	}
	_, err = s.fetch(ctx, u)
	return err
}

// fetch reads what is at an address of Amazon's.
func (s *Store) fetch(ctx context.Context, u *url.URL) ([]byte, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, u.String(), nil)
	if err != nil {
		return nil, errForged
	}
	answer, err := s.client().Do(r)
	if err != nil {
		return nil, errors.New("asking Amazon: " + outgoing.Reason(err))
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(io.LimitReader(answer.Body, 64<<10))
	if err == nil && answer.StatusCode != http.StatusOK {
		err = fmt.Errorf("asking Amazon: it answers %d", answer.StatusCode)
	}
	return text, err
}

// certificates are those of Amazon that were fetched.
type certificates struct {
	mu    sync.Mutex
	known map[string]*x509.Certificate
}

const maxCertificates = 32

// certificate returns the one at an address of Amazon's, whose host vouches for it.
func (s *Store) certificate(ctx context.Context, address string) (*x509.Certificate, error) {
	u, err := amazon(address)
	if err != nil || !strings.HasSuffix(u.Path, ".pem") {
		return nil, errForged
	}
	s.amazon.mu.Lock()
	known := s.amazon.known[u.String()]
	s.amazon.mu.Unlock()
	if known != nil {
		return known, nil
	}
	text, err := s.fetch(ctx, u)
	if err != nil {
		return nil, err
	}
	block, _ := pem.Decode(text)
	if block == nil {
		return nil, errForged
	}
	c, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		return nil, errForged
	}
	s.amazon.mu.Lock()
	defer s.amazon.mu.Unlock()
	if s.amazon.known == nil || len(s.amazon.known) >= maxCertificates {
		s.amazon.known = map[string]*x509.Certificate{}
	}
	s.amazon.known[u.String()] = c
	return c, nil
}

// readSES reads a notification of SES, or an event that it publishes.
func readSES(message []byte) (out []report, err error) {
	var n struct {
		Notification string `json:"notificationType"`
		Event        string `json:"eventType"`
		Mail         struct {
			Headers []struct {
				Name  string `json:"name"`
				Value string `json:"value"`
			} `json:"headers"`
			Common struct {
				ID string `json:"messageId"`
			} `json:"commonHeaders"`
		} `json:"mail"`
		Bounce struct {
			Type       string `json:"bounceType"`
			Subtype    string `json:"bounceSubType"`
			Recipients []struct {
				Address string `json:"emailAddress"`
				Status  string `json:"status"`
			} `json:"bouncedRecipients"`
		} `json:"bounce"`
		Complaint struct {
			Recipients []struct {
				Address string `json:"emailAddress"`
			} `json:"complainedRecipients"`
			Kind string `json:"complaintFeedbackType"`
		} `json:"complaint"`
	}
	if json.Unmarshal(message, &n) != nil {
		return nil, nil // a greeting of SES, or of something else at the topic
	}
	id := n.Mail.Common.ID
	for _, h := range n.Mail.Headers {
		if strings.EqualFold(h.Name, "Message-ID") && email.MessageOf(h.Value) != "" {
			id = h.Value
		}
	}
	switch n.Notification + n.Event {
	case "Bounce":
		if n.Bounce.Type != "Permanent" {
			return nil, nil
		}
		otherwise := "5.0.0"
		switch n.Bounce.Subtype {
		case "NoEmail", "Suppressed", "OnAccountSuppressionList":
			otherwise = "5.1.1"
		}
		for _, a := range n.Bounce.Recipients[:min(len(n.Bounce.Recipients), maxReports)] {
			r := told(id, a.Address)
			r.Event, r.Status = email.Bounced, statusOf(a.Status, otherwise)
			out = append(out, r)
		}
	case "Complaint":
		if n.Complaint.Kind == "not-spam" {
			return nil, nil
		}
		for _, a := range n.Complaint.Recipients[:min(len(n.Complaint.Recipients), maxReports)] {
			r := told(id, a.Address)
			r.Event = email.Complaint
			out = append(out, r)
		}
	}
	return out, nil
}
