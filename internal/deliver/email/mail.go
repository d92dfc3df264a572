package email

import (
	"bytes"
	"fmt"
	"strings"
	"time"
	"unicode"

	"github.com/emersion/go-msgauth/dkim"
	"github.com/go-json-experiment/json"
	gomail "github.com/wneessen/go-mail"

	"github.com/dhvani/dhvani/internal/deliver"
)

// Mail is what is written to one person.
type Mail struct {
	Name    string // the receiver's
	Subject string
	Text    string // always: who reads without HTML reads this
	HTML    string // "" where the text is all
	Images  []Image

	Language    string // of the text, such as pt-BR
	Unsubscribe string // address that ends such mails: by a POST where it is https (RFC 8058), else by its page alone; "" where none is asked for
	ReplyTo     string // "" for the destination's
	InReplyTo   string // Message-ID of the mail that this answers
	References  []string
}

// Image is a picture that the HTML shows by src="cid:...".
type Image struct {
	CID  string
	Name string // of the file, which says its type
	Data []byte
}

// stored is a mail in the outbox. The domain of its Message-ID is decided when it
// is put, whatever becomes of the destination's settings.
type stored struct {
	Mail
	Domain string
}

// Body writes a mail for the outbox, to be sent by a destination.
func (m Mail) Body(d *deliver.Destination) ([]byte, error) {
	if strings.TrimSpace(m.Subject) == "" || strings.TrimSpace(m.Text) == "" {
		return nil, fmt.Errorf("write a mail: it has no subject or no text")
	}
	b, err := json.Marshal(stored{m, domainOf(d.Settings[From])}, json.Deterministic(true))
	if err != nil {
		return nil, fmt.Errorf("write a mail: %w", err)
	}
	return b, nil
}

// MessageID returns the Message-ID, without its angle brackets, of a mail with a
// message's id.
func MessageID(id, domain string) string {
	if domain == "" {
		domain = "dhvani.invalid"
	}
	return id + "@" + domain
}

// PostmarkID is the name of the metadata by which Postmark, which gives mails ids of
// its own, tells of ours.
const PostmarkID = "dhvani"

// clean takes out what could begin another header.
func clean(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return ' '
		}
		return r
	}, strings.ToValidUTF8(s, "\uFFFD"))
}

// write writes a mail as it goes over the wire, signed where there is a key.
func write(o *settings, p *deliver.Parcel) ([]byte, error) {
	m, err := compose(o, p)
	if err != nil {
		return nil, err
	}
	var plain, signed bytes.Buffer
	if _, err := m.WriteTo(&plain); err != nil {
		return nil, err
	}
	if o.dkimKey == nil {
		return plain.Bytes(), nil
	}
	err = dkim.Sign(&signed, &plain, &dkim.SignOptions{
		Domain: o.dkimDomain, Selector: o.dkimSelector, Signer: o.dkimKey, HeaderKeys: signedHeaders,
		HeaderCanonicalization: dkim.CanonicalizationRelaxed, BodyCanonicalization: dkim.CanonicalizationRelaxed,
	})
	return signed.Bytes(), err
}

// signedHeaders may not be changed on the way. From is there twice, so that no
// second one can be added.
var signedHeaders = []string{"From", "From", "To", "Subject", "Date", "Message-ID", "Reply-To", "In-Reply-To", "References", "List-Unsubscribe", "List-Unsubscribe-Post",
	"Content-Type", "Content-Transfer-Encoding", "MIME-Version"}

// compose makes a mail. What it is made of does not change between attempts.
func compose(o *settings, p *deliver.Parcel) (*gomail.Msg, error) {
	var s stored
	if err := json.Unmarshal(p.Body, &s); err != nil {
		return nil, fmt.Errorf("read a mail: %w", err)
	}
	if !isAddress(p.Receiver) {
		return nil, fmt.Errorf("the receiver has no address")
	}
	m := gomail.NewMsg(gomail.WithNoDefaultUserAgent(), gomail.WithCharset(gomail.CharsetUTF8), gomail.WithEncoding(gomail.EncodingQP))
	replyTo := o.replyTo
	if isAddress(s.ReplyTo) {
		replyTo = s.ReplyTo
	}
	for _, err := range []error{m.FromFormat(o.name, o.from), m.AddToFormat(clean(s.Name), p.Receiver)} {
		if err != nil {
			return nil, err
		}
	}
	if replyTo != "" {
		if err := m.ReplyTo(replyTo); err != nil {
			return nil, err
		}
	}
	m.Subject(clean(s.Subject))
	m.SetMessageIDWithValue(MessageID(p.ID, s.Domain))
	m.SetDateWithValue(p.CreatedAt.UTC().Truncate(time.Second))
	m.SetGenHeader("Auto-Submitted", "auto-generated") // RFC 3834: nobody's vacation answers it
	for name, value := range map[gomail.Header]string{
		"Content-Language": s.Language, gomail.HeaderInReplyTo: s.InReplyTo, gomail.HeaderReferences: strings.Join(s.References, " "),
	} {
		if value = strings.TrimSpace(clean(value)); value != "" {
			m.SetGenHeader(name, value)
		}
	}
	if strings.HasSuffix(o.host, ".postmarkapp.com") {
		m.SetGenHeader("X-PM-Metadata-"+PostmarkID, p.ID)
	}
	if leave := clean(s.Unsubscribe); strings.HasPrefix(leave, "https://") {
		if err := m.SetListUnsubscribeOneClick(leave); err != nil {
			return nil, err
		}
	} else if leave != "" {
		m.SetListUnsubscribe(leave)
	}
	m.SetBodyString(gomail.TypeTextPlain, s.Text)
	if s.HTML != "" {
		m.AddAlternativeString(gomail.TypeTextHTML, s.HTML)
	}
	for _, i := range s.Images {
		m.EmbedReadSeeker(clean(i.Name), bytes.NewReader(i.Data), gomail.WithFileContentID("<"+clean(i.CID)+">"))
	}
	return m, nil
}
