package console

import (
	"bytes"
	"errors"
	"io"
	"regexp"
	"strings"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/dhvani/dhvani/internal/event"
)

var (
	addressPattern = regexp.MustCompile(`[^\s"'<>@,;:()\\]+@[^\s"'<>@,;:()\\]+\.[\pL\pN-]+`)
	numberPattern  = regexp.MustCompile(`^\+[\d\s().-]{7,}$`)
)

// masked hides e-mail addresses, and what is a phone number by its form, in a
// text of any kind.
func masked(text string) string {
	if numberPattern.MatchString(text) {
		return maskedNumber(text)
	}
	return addressPattern.ReplaceAllStringFunc(text, func(a string) string {
		name, host, _ := strings.Cut(a, "@")
		first := []rune(name)[0]
		return string(first) + "•••@" + host
	})
}

// maskedNumber hides all of a number but its first three and last two digits.
func maskedNumber(text string) string {
	digits := 0
	for _, r := range text {
		if r >= '0' && r <= '9' {
			digits++
		}
	}
	n := 0
	return strings.Map(func(r rune) rune {
		if r < '0' || r > '9' {
			return r
		}
		if n++; n <= 3 && digits > 6 || n > digits-2 {
			return r
		}
		return '•'
	}, text)
}

// phoneNames are members whose values are phone numbers whatever they look like.
var phoneNames = regexp.MustCompile(`(?i)(phone|mobile|whatsapp|^tel$|msisdn)`)

// shownJSON writes JSON with one member a line; unless open, with personal data
// masked. What is no JSON is shown as it is.
func shownJSON(raw string, open bool) string {
	d := jsontext.NewDecoder(strings.NewReader(raw), jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true))
	var out bytes.Buffer
	e := jsontext.NewEncoder(&out, jsontext.WithIndent("  "), jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true))
	names := map[int]string{}
	for {
		t, err := d.ReadToken()
		if errors.Is(err, io.EOF) {
			return strings.TrimSuffix(out.String(), "\n")
		}
		if err != nil { // cut off, or never JSON
			if open {
				return raw
			}
			return masked(raw)
		}
		depth := d.StackDepth()
		kind, n := d.StackIndex(depth)
		switch {
		case t.Kind() == '"' && kind == '{' && n%2 == 1:
			names[depth] = t.String()
			if !open {
				t = jsontext.String(masked(t.String()))
			}
		case open:
		case t.Kind() == '"' && phoneNames.MatchString(names[depth]):
			t = jsontext.String(maskedNumber(t.String()))
		case t.Kind() == '0' && phoneNames.MatchString(names[depth]):
			t = jsontext.String(maskedNumber(t.String()))
		case t.Kind() == '"':
			t = jsontext.String(masked(t.String()))
		}
		if err := e.WriteToken(t); err != nil {
			return masked(raw)
		}
	}
}

// eventJSON writes an event in the Segment format.
func eventJSON(e *event.Event, open bool) string {
	var b strings.Builder
	text := func(name, value string) {
		if value == "" {
			return
		}
		if b.Len() > 0 {
			b.WriteByte(',')
		}
		quoted, _ := jsontext.AppendQuote(nil, value)
		b.WriteString(`"` + name + `":` + string(quoted))
	}
	raw := func(name, value string) {
		if value != "" {
			b.WriteString(`,"` + name + `":` + value)
		}
	}
	text("type", e.Type.String())
	if e.Type == event.Track {
		text("event", e.Name)
	} else {
		text("name", e.Name)
	}
	text("userId", e.UserID)
	text("anonymousId", e.AnonymousID)
	text("previousId", e.PreviousID)
	text("groupId", e.GroupID)
	text("messageId", e.MessageID)
	text("timestamp", event.FormatTime(e.At))
	text("receivedAt", event.FormatTime(e.ReceivedAt))
	text("source", e.Source)
	raw("verified", map[bool]string{true: "true", false: "false"}[e.Has(event.Verified)])
	raw("properties", e.Properties)
	raw("traits", e.Traits)
	raw("context", e.Context)
	return shownJSON("{"+b.String()+"}", open)
}
