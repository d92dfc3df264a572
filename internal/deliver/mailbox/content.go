package mailbox

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"io"
	"mime"
	"slices"
	"strings"

	"github.com/emersion/go-message"
	"github.com/go-json-experiment/json"
)

// Content is what a letter holds.
type Content struct {
	Headers  [][2]string // as they came
	Text     string
	HTML     string // pictures of the mail itself are in it as data: addresses
	Pictures []Picture
	Others   []string // names of the other parts
}

// Picture is a part of a mail that can be shown.
type Picture struct {
	Name string
	URL  string // data:
}

const maxParts = 50

// Open reads a letter. What cannot be read is left out.
func (l *Letter) Open() Content {
	if !l.Mail() {
		c := Content{Text: l.JSON()}
		for name, values := range l.header {
			for _, v := range values {
				c.Headers = append(c.Headers, [2]string{name, v})
			}
		}
		slices.SortFunc(c.Headers, func(a, b [2]string) int { return strings.Compare(a[0], b[0]) })
		return c
	}
	var c Content
	whole, err := message.Read(bytes.NewReader(l.raw))
	if whole == nil || err != nil && !readable(err) {
		c.Text = strings.ToValidUTF8(string(l.raw), "\uFFFD")
		return c
	}
	for f := whole.Header.Fields(); f.Next(); {
		value, err := f.Text()
		if err != nil {
			value = f.Value()
		}
		c.Headers = append(c.Headers, [2]string{f.Key(), strings.ToValidUTF8(value, "\uFFFD")})
	}
	pictures := map[string]string{}
	parts := 0
	whole.Walk(func(_ []int, part *message.Entity, err error) error {
		if parts++; parts > maxParts || err != nil && !readable(err) {
			return io.EOF
		}
		c.take(part, pictures)
		return nil
	})
	c.HTML = embed(c.HTML, pictures)
	return c
}

func readable(err error) bool {
	return message.IsUnknownCharset(err) || message.IsUnknownEncoding(err)
}

// take adds a part of a mail, once its own parts are taken by themselves.
func (c *Content) take(part *message.Entity, pictures map[string]string) {
	kind, params, err := part.Header.ContentType()
	if err != nil || strings.HasPrefix(kind, "multipart/") {
		return
	}
	body, err := io.ReadAll(io.LimitReader(part.Body, maxLetter))
	if err != nil {
		return
	}
	_, disposition, _ := part.Header.ContentDisposition()
	name := disposition["filename"]
	if name == "" {
		name = params["name"]
	}
	if decoded, err := new(mime.WordDecoder).DecodeHeader(name); err == nil {
		name = decoded
	}
	text := strings.ToValidUTF8(string(body), "\uFFFD")
	switch {
	case kind == "text/plain" && c.Text == "" && name == "":
		c.Text = strings.ReplaceAll(text, "\r\n", "\n")
	case kind == "text/html" && c.HTML == "" && name == "":
		c.HTML = text
	case slices.Contains([]string{"image/png", "image/jpeg", "image/gif", "image/webp", "image/svg+xml"}, kind):
		at := "data:" + kind + ";base64," + base64.StdEncoding.EncodeToString(body)
		if cid := strings.Trim(part.Header.Get("Content-Id"), "<> "); cid != "" {
			pictures[cid] = at
		}
		c.Pictures = append(c.Pictures, Picture{Name: name, URL: at})
	default:
		c.Others = append(c.Others, fmt.Sprintf("%s (%s)", name, kind))
	}
}

// embed puts a mail's pictures where its HTML names them, and lets its links open
// pages of their own.
func embed(html string, pictures map[string]string) string {
	if html == "" {
		return ""
	}
	for cid, at := range pictures {
		html = strings.ReplaceAll(html, "cid:"+cid, at)
	}
	const base = `<base target="_blank">`
	if before, after, ok := strings.Cut(html, "<head>"); ok {
		return before + "<head>" + base + after
	}
	return base + html
}

// subject reads what a mail is about.
func subject(raw []byte) string {
	m, err := message.Read(bytes.NewReader(raw))
	if m == nil || err != nil && !readable(err) {
		return ""
	}
	text, err := m.Header.Text("Subject")
	if err != nil {
		text = m.Header.Get("Subject")
	}
	return strings.ToValidUTF8(text, "\uFFFD")
}

// titleOf finds in a webhook's body what it is about: in a CloudEvent, or in a
// message as Slack or Teams take it.
func titleOf(body []byte) string {
	var b struct {
		Type        string `json:"type"`
		Subject     string `json:"subject"`
		Text        string `json:"text"`
		Attachments []struct {
			Content struct {
				Body []struct {
					Inlines []struct {
						Text string `json:"text"`
					} `json:"inlines"`
				} `json:"body"`
			} `json:"content"`
		} `json:"attachments"`
	}
	if json.Unmarshal(body, &b) != nil {
		return ""
	}
	if len(b.Attachments) > 0 && len(b.Attachments[0].Content.Body) > 0 {
		for _, run := range b.Attachments[0].Content.Body[0].Inlines {
			return run.Text
		}
	}
	if b.Text != "" {
		line, _, _ := strings.Cut(b.Text, "\n")
		return strings.Trim(line, "*")
	}
	return strings.TrimSpace(b.Type + " " + b.Subject)
}
