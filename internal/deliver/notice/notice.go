// Package notice writes what people are told in the form of any destination: a
// mail with text and HTML, a signed webhook's event, a message on a chat network.
// A room that tells people says what in a Notice, finds the destinations by
// deliver.Find and puts a Message for each into the outbox:
//
//	found, err := deliver.Find(ctx, tx, workspace, rule.Destinations...)
//	for _, d := range found {
//		m, err := notice.Message(d, n, rule.Receiver) // an address, where d.Kind is deliver.Email
//		m.Zone = zone                                 // where it may wait for the end of quiet hours
//		messages = append(messages, m)
//	}
//	err = store.Put(ctx, tx, messages...)
package notice

import (
	"fmt"
	"strings"
	"time"
	"unicode"

	"github.com/dhvani/dhvani/internal/deliver"
	"github.com/dhvani/dhvani/internal/deliver/email"
	"github.com/dhvani/dhvani/internal/deliver/webhook"
)

// Fact is a line of a notice: a name and a value.
type Fact = webhook.Fact

// Link is a button of a notice. Its address begins with https:// or http://.
type Link = webhook.Link

// Notice is what people are told. Its texts are plain; what is too long is cut.
type Notice struct {
	Key  string    // names the decision that it follows from; the same key is told once to each destination and receiver
	Kind string    // what it says, such as insight.opened
	At   time.Time // of what it tells

	Title string
	Text  string // lines are kept; an empty one divides paragraphs
	Facts []Fact
	Links []Link

	Language string // of the texts, such as pt-BR, for mails
	Why      string // why the reader gets it, in small print below a mail; "" for nothing
	Receiver string // name of who a mail goes to
	Leave    Link   // stands below a mail, and in its header: its address asks whether to end such mails, and ends them by a POST (RFC 8058)
	Source   string // a reference to the workspace, for webhooks; "" for /dhvani
	Subject  string // id of what it is about, for webhooks
	Data     any    // what webhooks get; nil: the texts, facts and links
}

// Message writes a notice for a destination. receiver is whom a mail goes to; the
// other kinds of destination are the receiver themselves.
func Message(d *deliver.Destination, n Notice, receiver string) (m deliver.Message, err error) {
	n = n.clean()
	switch {
	case n.Key == "" || n.Kind == "" || n.Title == "":
		return m, fmt.Errorf("write a notice: it has no key, no kind or no title")
	case d.Kind != deliver.Email:
		receiver = ""
	case receiver == "":
		return m, fmt.Errorf("write a notice: a mail needs a receiver")
	}
	m = deliver.Message{Workspace: d.Workspace, Destination: d.ID, Kind: n.Kind, Receiver: receiver}
	m.Key = strings.Join([]string{"notice", n.Key, d.ID, strings.ToLower(receiver)}, "\x00")
	switch d.Kind {
	case deliver.Email:
		m.Body, err = mail(n, d)
	case deliver.Webhook:
		m.Body, err = event(n, deliver.ID(m.Workspace, m.Key)).Body()
	default:
		m.Body, err = webhook.Render(d, webhook.Notice{Title: n.Title, Text: n.Text, Facts: n.Facts, Links: n.Links})
	}
	if err != nil {
		return deliver.Message{}, fmt.Errorf("write a notice of kind %s: %w", n.Kind, err)
	}
	return m, nil
}

// How much of a notice is written. Chat networks get less.
const (
	maxTitle = 200
	maxText  = 20_000
	maxFact  = 1000
	maxFacts = 50
	maxLinks = 10
	maxURL   = 2000
)

// clean makes texts of what people wrote that every network takes, and leaves out
// links that lead nowhere.
func (n Notice) clean() Notice {
	n.Title = strings.Join(strings.Fields(text(n.Title, maxTitle)), " ")
	n.Text, n.Why = strings.TrimSpace(text(n.Text, maxText)), strings.TrimSpace(text(n.Why, maxFact))
	n.Receiver = text(n.Receiver, maxTitle)
	n.Language, n.Subject, n.Source = text(n.Language, 35), text(n.Subject, maxTitle), text(n.Source, maxTitle)
	facts, links := n.Facts, n.Links
	n.Facts, n.Links = nil, nil
	for _, f := range facts[:min(len(facts), maxFacts)] {
		n.Facts = append(n.Facts, Fact{Name: text(f.Name, maxFact), Value: text(f.Value, maxFact)})
	}
	for _, l := range links {
		if l = cleanLink(l); l.URL != "" && len(n.Links) < maxLinks {
			n.Links = append(n.Links, l)
		}
	}
	n.Leave = cleanLink(n.Leave)
	return n
}

// cleanLink is none where it leads nowhere.
func cleanLink(l Link) Link {
	if !strings.HasPrefix(l.URL, "https://") && !strings.HasPrefix(l.URL, "http://") {
		return Link{}
	}
	return Link{Text: text(l.Text, maxTitle), URL: strings.ReplaceAll(text(l.URL, maxURL), "\n", "")}
}

// text shortens to n characters and takes out what is none.
func text(s string, n int) string {
	s = strings.Map(func(r rune) rune {
		if unicode.IsControl(r) && r != '\n' {
			return -1
		}
		return r
	}, strings.ToValidUTF8(s, "\uFFFD"))
	if r := []rune(s); len(r) > n {
		return string(r[:n-1]) + "…"
	}
	return s
}

// event is what a webhook is told.
func event(n Notice, id string) webhook.Event {
	if n.Source == "" {
		n.Source = "/dhvani"
	}
	if n.Data == nil {
		n.Data = plain(n)
	}
	return webhook.Event{ID: id, Source: n.Source, Type: n.Kind, Subject: n.Subject, Time: n.At, Data: n.Data}
}

type plainData struct {
	Title string      `json:"title"`
	Text  string      `json:"text,omitzero"`
	Facts []plainFact `json:"facts"`
	Links []plainLink `json:"links"`
}

type plainFact struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

type plainLink struct {
	Text string `json:"text"`
	URL  string `json:"url"`
}

// plain is the notice itself, as far as a webhook's event has room.
func plain(n Notice) plainData {
	out := plainData{Title: n.Title, Text: text(n.Text, 4000), Facts: []plainFact{}, Links: []plainLink{}}
	for _, f := range n.Facts[:min(len(n.Facts), 20)] {
		out.Facts = append(out.Facts, plainFact{text(f.Name, 200), text(f.Value, 200)})
	}
	for _, l := range n.Links {
		out.Links = append(out.Links, plainLink{l.Text, l.URL})
	}
	return out
}

// mail is what a person reads in a mail.
func mail(n Notice, d *deliver.Destination) ([]byte, error) {
	page, err := mailHTML(n)
	if err != nil {
		return nil, err
	}
	return email.Mail{Subject: n.Title, Text: mailText(n), HTML: page, Language: n.Language, Name: n.Receiver, Unsubscribe: n.Leave.URL}.Body(d)
}

// mailText is for who reads without HTML: lines end as mails want them.
func mailText(n Notice) string {
	var b strings.Builder
	b.WriteString(n.Title + "\n")
	if n.Text != "" {
		b.WriteString("\n" + n.Text + "\n")
	}
	for i, f := range n.Facts {
		if i == 0 {
			b.WriteString("\n")
		}
		b.WriteString(f.Name + ": " + f.Value + "\n")
	}
	for i, l := range n.Links {
		if i == 0 {
			b.WriteString("\n")
		}
		b.WriteString(l.Text + ":\n" + l.URL + "\n")
	}
	if n.Why != "" || n.Leave.URL != "" {
		b.WriteString("\n-- \n")
	}
	if n.Why != "" {
		b.WriteString(n.Why + "\n")
	}
	if n.Leave.URL != "" {
		b.WriteString(n.Leave.Text + ": " + n.Leave.URL + "\n")
	}
	return strings.ReplaceAll(b.String(), "\n", "\r\n")
}
