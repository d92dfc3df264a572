package email

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"mime"
	"strings"

	"github.com/emersion/go-message"
	"github.com/emersion/go-message/textproto"
)

// Report is what a mail server, or a mailbox provider, says of one mail that was
// sent before.
type Report struct {
	Event     Event
	ID        string // of our message, "" where the report does not show one
	Recipient string // "" where it is not told
	Status    string // such as 5.1.1 (RFC 3463), "" for a complaint
}

// Event is what a report tells.
type Event string

// The events.
const (
	Bounced   Event = "bounced"   // it did not arrive, and will not
	Delayed   Event = "delayed"   // it did not arrive yet
	Delivered Event = "delivered" // it arrived, as somebody asked to be told
	Complaint Event = "complaint" // the receiver called it junk
)

// Failure names a report in a word, for deliver.Store.Return.
func (r Report) Failure() string {
	if r.Status == "" {
		return string(r.Event)
	}
	return string(r.Event) + "_" + r.Status
}

// ErrNoReport says that a mail is not a report that machines can read.
var ErrNoReport = errors.New("the mail is no report")

const (
	maxReport     = 2 << 20 // bytes
	maxParts      = 16
	maxRecipients = 100
)

// ParseReport reads a mail that came back: a delivery status notification (RFC
// 3464, RFC 6533) or a report of a complaint (ARF, RFC 5965). There is a Report for
// each recipient that it tells of.
func ParseReport(r io.Reader) ([]Report, error) {
	whole, err := message.ReadWithOptions(io.LimitReader(r, maxReport), &message.ReadOptions{MaxHeaderBytes: 1 << 20})
	if whole == nil || err != nil && !message.IsUnknownCharset(err) && !message.IsUnknownEncoding(err) {
		return nil, fmt.Errorf("%w: %v", ErrNoReport, err)
	}
	kind, params, err := whole.Header.ContentType()
	parts := whole.MultipartReader()
	if err != nil || !strings.EqualFold(kind, "multipart/report") || parts == nil {
		return nil, ErrNoReport
	}
	defer parts.Close()
	var out []Report
	var id string
	for range maxParts {
		part, err := parts.NextPart()
		if part == nil || err != nil && !message.IsUnknownCharset(err) && !message.IsUnknownEncoding(err) {
			break // what was read so far may be enough
		}
		kind, _, _ := part.Header.ContentType()
		switch strings.ToLower(kind) {
		case "message/delivery-status", "message/global-delivery-status":
			out = append(out, statuses(part.Body)...)
		case "message/feedback-report":
			out = append(out, complaint(part.Body)...)
		case "message/rfc822", "text/rfc822-headers", "message/global", "message/global-headers":
			if id == "" {
				id = originalID(part.Body)
			}
		}
	}
	if len(out) == 0 {
		return nil, fmt.Errorf("%w: a report of type %q without what it reports", ErrNoReport, clean(params["report-type"]))
	}
	for i := range out {
		out[i].ID = id
	}
	return out, nil
}

// statuses reads the groups of fields of a delivery status: the first is of the
// mail, each other of one recipient.
func statuses(r io.Reader) (out []Report) {
	groups := bufio.NewReader(r)
	for n := 0; n <= maxRecipients; n++ {
		h, err := textproto.ReadHeader(groups)
		if h.Len() > 0 && h.Has("Action") {
			if s, ok := status(h); ok {
				out = append(out, s)
			}
		}
		if err != nil || h.Len() == 0 && ended(groups) {
			break
		}
	}
	return out
}

func ended(r *bufio.Reader) bool {
	_, err := r.Peek(1)
	return err != nil
}

func status(h textproto.Header) (Report, bool) {
	s := Report{Recipient: addressIn(first(h.Get("Original-Recipient"), h.Get("Final-Recipient"))), Status: code(h.Get("Status"))}
	switch strings.ToLower(strings.TrimSpace(comment(h.Get("Action")))) {
	case "failed":
		s.Event = Bounced
	case "delayed":
		s.Event = Delayed
	case "delivered", "relayed", "expanded":
		s.Event = Delivered
	default:
		return s, false
	}
	return s, true
}

// complaint reads a feedback report. Its recipient is often left out on purpose.
func complaint(r io.Reader) []Report {
	h, _ := textproto.ReadHeader(bufio.NewReader(r))
	switch strings.ToLower(strings.TrimSpace(h.Get("Feedback-Type"))) {
	case "abuse", "fraud", "virus", "other", "opt-out":
		return []Report{{Event: Complaint, Recipient: addressIn(first(h.Get("Original-Rcpt-To"), h.Get("Removal-Recipient")))}}
	}
	return nil // "not-spam", and reports of authentication
}

// originalID finds our message's id in the headers of the mail that came back.
func originalID(r io.Reader) string {
	h, _ := textproto.ReadHeader(bufio.NewReader(r))
	return MessageOf(h.Get("Message-Id"))
}

// MessageOf returns the id of the message whose mail has a Message-ID, "" where it is
// none of ours.
func MessageOf(messageID string) string {
	local, _, _ := strings.Cut(strings.Trim(messageID, " \t<>"), "@")
	if !strings.HasPrefix(local, "msg_") || len(local) > 64 || strings.Trim(local, "abcdefghijklmnopqrstuvwxyz0123456789_") != "" {
		return ""
	}
	return local
}

func first(texts ...string) string {
	for _, t := range texts {
		if strings.TrimSpace(t) != "" {
			return t
		}
	}
	return ""
}

// addressIn takes the address out of "rfc822; name@host".
func addressIn(field string) string {
	if kind, rest, ok := strings.Cut(field, ";"); ok && !strings.ContainsAny(kind, "@<") {
		field = rest
	}
	field = strings.Trim(comment(field), " \t<>")
	if decoded, err := new(mime.WordDecoder).DecodeHeader(field); err == nil {
		field = decoded
	}
	if !isAddress(field) {
		return ""
	}
	return field
}

// comment cuts off a comment in brackets.
func comment(field string) string {
	before, _, _ := strings.Cut(field, "(")
	return strings.TrimSpace(before)
}

// code takes the three numbers out of a status.
func code(field string) string {
	field = comment(field)
	if word, _, ok := strings.Cut(field, " "); ok {
		field = word
	}
	if strings.Trim(field, "0123456789.") != "" || strings.Count(field, ".") != 2 || len(field) > 11 || field[0] == '.' {
		return ""
	}
	return field
}
