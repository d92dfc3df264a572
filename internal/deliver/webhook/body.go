package webhook

import (
	"fmt"
	"net/netip"
	"net/url"
	"strings"
	"time"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/dhvani/dhvani/internal/deliver"
)

// Event is what a webhook is told, as CloudEvents 1.0 writes it.
type Event struct {
	ID      string    `json:"id"`     // the message's: deliver.ID
	Source  string    `json:"source"` // a reference to the workspace
	Type    string    `json:"type"`   // dot.separated
	Subject string    `json:"subject,omitempty"`
	Time    time.Time `json:"time"`
	Data    any       `json:"data"`
}

// maxEvent is what every receiver of CloudEvents must take.
const maxEvent = 64 << 10

// Body writes the event in JSON.
func (e Event) Body() ([]byte, error) {
	e.Time = e.Time.UTC()
	b, err := json.Marshal(struct {
		Version string `json:"specversion"`
		Event
		ContentType string `json:"datacontenttype"`
	}{"1.0", e, "application/json"}, json.Deterministic(true))
	if err == nil && len(b) > maxEvent {
		err = fmt.Errorf("it has %d bytes and may have %d", len(b), maxEvent)
	}
	if err != nil {
		return nil, fmt.Errorf("write an event of type %s: %w", e.Type, err)
	}
	return b, nil
}

// Notice is what people are told on a chat network. Its texts are plain.
type Notice struct {
	Title string
	Text  string
	Facts []Fact
	Links []Link
}

// Fact is a line of a notice.
type Fact struct{ Name, Value string }

// Link is a button of a notice.
type Link struct{ Text, URL string }

// How much of a notice is written; the networks refuse longer ones.
const (
	maxTitle = 140
	maxText  = 2000
	maxFact  = 200
	maxFacts = 10
	maxLinks = 5
)

// cut shortens a text to n characters.
func cut(s string, n int) string {
	if utf8.RuneCountInString(s) <= n {
		return s
	}
	return string([]rune(s)[:n-1]) + "…"
}

func (n Notice) bounded() Notice {
	n.Title, n.Text = cut(strings.TrimSpace(n.Title), maxTitle), cut(strings.TrimSpace(n.Text), maxText)
	n.Facts, n.Links = append([]Fact{}, n.Facts[:min(len(n.Facts), maxFacts)]...), append([]Link{}, n.Links[:min(len(n.Links), maxLinks)]...)
	for i, f := range n.Facts {
		n.Facts[i] = Fact{cut(f.Name, maxFact), cut(f.Value, maxFact)}
	}
	for i, l := range n.Links {
		n.Links[i].Text = cut(l.Text, 60)
	}
	return n
}

// Render writes a notice as a destination's kind reads it.
func Render(d *deliver.Destination, n Notice) ([]byte, error) {
	n = n.bounded()
	var body any
	switch d.Kind {
	case deliver.Slack:
		body = slack(n)
	case deliver.Teams:
		body = teams(n)
	case deliver.Telegram:
		body = telegram(n, d.Settings[ChatSetting])
	default:
		return nil, fmt.Errorf("a destination of kind %s takes no notices", d.Kind)
	}
	return json.Marshal(body, json.Deterministic(true), jsontext.AllowInvalidUTF8(true))
}

type object = map[string]any

// slackEscape keeps Slack from reading what people wrote as links and mentions.
var slackEscape = strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;")

// slack writes blocks, and beside them a text for systems that take Slack's form
// without its blocks.
func slack(n Notice) object {
	text := "*" + slackEscape.Replace(n.Title) + "*"
	blocks := []object{{"type": "header", "text": object{"type": "plain_text", "text": n.Title}}}
	if n.Text != "" {
		text += "\n" + slackEscape.Replace(n.Text)
		blocks = append(blocks, object{"type": "section", "text": object{"type": "plain_text", "text": n.Text}})
	}
	var fields []object
	for _, f := range n.Facts {
		line := slackEscape.Replace(f.Name + ": " + f.Value)
		text += "\n" + line
		fields = append(fields, object{"type": "plain_text", "text": f.Name + ": " + f.Value})
	}
	if len(fields) > 0 {
		blocks = append(blocks, object{"type": "section", "fields": fields})
	}
	var buttons []object
	for _, l := range n.Links {
		text += "\n<" + slackEscape.Replace(l.URL) + "|" + slackEscape.Replace(l.Text) + ">"
		buttons = append(buttons, object{"type": "button", "text": object{"type": "plain_text", "text": l.Text}, "url": l.URL})
	}
	if len(buttons) > 0 {
		blocks = append(blocks, object{"type": "actions", "elements": buttons})
	}
	return object{"text": text, "blocks": blocks}
}

// teams writes an Adaptive Card out of RichTextBlocks, in which nothing is Markdown.
func teams(n Notice) object {
	run := func(text string, bold bool) object {
		r := object{"type": "TextRun", "text": text}
		if bold {
			r["weight"] = "Bolder"
		}
		return r
	}
	title := run(n.Title, true)
	title["size"] = "Large"
	body := []object{{"type": "RichTextBlock", "inlines": []object{title}}}
	if n.Text != "" {
		body = append(body, object{"type": "RichTextBlock", "inlines": []object{run(n.Text, false)}})
	}
	for _, f := range n.Facts {
		body = append(body, object{"type": "RichTextBlock", "spacing": "Small", "inlines": []object{run(f.Name+": ", true), run(f.Value, false)}})
	}
	actions := []object{}
	for _, l := range n.Links {
		actions = append(actions, object{"type": "Action.OpenUrl", "title": l.Text, "url": l.URL})
	}
	card := object{"$schema": "http://adaptivecards.io/schemas/adaptive-card.json", "type": "AdaptiveCard", "version": "1.4", "body": body, "actions": actions}
	return object{"type": "message", "attachments": []object{{"contentType": "application/vnd.microsoft.card.adaptive", "content": card}}}
}

// telegram writes a plain text; what is bold is said beside it, in UTF-16 units.
func telegram(n Notice, chat string) object {
	text := n.Title
	if n.Text != "" {
		text += "\n\n" + n.Text
	}
	for i, f := range n.Facts {
		if i == 0 {
			text += "\n"
		}
		text += "\n" + f.Name + ": " + f.Value
	}
	var buttons [][]object
	for _, l := range n.Links {
		if public(l.URL) {
			buttons = append(buttons, []object{{"text": l.Text, "url": l.URL}})
		} else { // Telegram refuses the whole message
			text += "\n" + l.Text + ": " + l.URL
		}
	}
	const most = 4096
	if units := utf16.Encode([]rune(text)); len(units) > most {
		text = string(utf16.Decode(units[:most-2])) + "…"
	}
	out := object{"chat_id": chat, "text": text, "link_preview_options": object{"is_disabled": true}}
	if n.Title != "" {
		out["entities"] = []object{{"type": "bold", "offset": 0, "length": len(utf16.Encode([]rune(n.Title)))}}
	}
	if len(buttons) > 0 {
		out["reply_markup"] = object{"inline_keyboard": buttons}
	}
	return out
}

// public reports whether an address is on a named host, as those of buttons must be.
func public(address string) bool {
	u, err := url.Parse(address)
	if err != nil || u.Scheme != "https" && u.Scheme != "http" {
		return false
	}
	_, notName := netip.ParseAddr(u.Hostname())
	return notName != nil && strings.Contains(u.Hostname(), ".")
}
