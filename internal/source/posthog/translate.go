package posthog

import (
	"strings"

	"github.com/dhvani/dhvani/internal/event"
)

// translate reads one of PostHog's events. The error is an event.Reject.
func translate(raw string, d *event.Defaults) (event.Event, error) {
	if err := event.CheckSize(raw); err != nil {
		return event.Event{}, err
	}
	o := event.ParseObject(raw)
	if o == nil {
		return event.Event{}, event.NotObject
	}
	properties := o.Get("properties")
	if properties == "null" {
		properties = ""
	}
	if properties != "" && properties[0] != '{' {
		return event.Event{}, event.Reject("properties must be an object")
	}
	e := event.Event{
		Type: event.Track, Flags: d.Flags, Source: d.Source, ReceivedAt: d.ReceivedAt,
		MessageID: event.Identifier(o.Text("uuid")), Name: o.Text("event"), Properties: properties,
	}
	p := event.ParseObject(properties)
	setIdentity(&e, o, p)
	switch e.Name {
	case "$identify", "$set":
		e.Type, e.Name = event.Identify, ""
		e.Traits = traits(o, p)
	case "$create_alias", "$merge_dangerously":
		e.Type, e.Name = event.Alias, ""
		e.PreviousID = event.Identifier(p.Text("alias"))
	case "$groupidentify":
		e.Type, e.Name = event.Group, ""
		e.GroupID, e.Traits = event.Identifier(p.Text("$group_key")), object(p.Get("$group_set"))
	case "$pageview":
		e.Type, e.Name = event.Page, p.Text("title")
		e.Properties = event.Merge(members("url", text(p.Get("$current_url"))), properties)
	case "$screen":
		e.Type, e.Name = event.Screen, p.Text("$screen_name")
	}
	e.Context = event.Merge(d.Context, context(p))
	if err := setTime(&e, o, p, d.SentAt); err != nil {
		return event.Event{}, err
	}
	return e, e.Validate()
}

// setIdentity reads whose event it is. A distinct id is a user's, unless the
// client says that it is one of the anonymous ids it makes.
func setIdentity(e *event.Event, o, p event.Object) {
	id := o.Text("distinct_id")
	if id == "" {
		id = p.Text("distinct_id")
	}
	id = event.Identifier(id)
	identified, known := p.Bool("$is_identified")
	profile, stated := p.Bool("$process_person_profile")
	anonymous := known && !identified || stated && !profile || id == p.Text("$device_id")
	switch e.Name {
	case "$identify":
		anonymous = false
		e.AnonymousID = event.Identifier(p.Text("$anon_distinct_id"))
	case "$create_alias", "$merge_dangerously":
		anonymous = false
	case "$groupidentify":
		// Servers make an id up for a group's own event: it is no user.
		anonymous = anonymous || id == "$"+p.Text("$group_type")+"_"+p.Text("$group_key")
	}
	if anonymous {
		e.AnonymousID = id
	} else {
		e.UserID = id
	}
}

// traits returns a person's properties; those set win over those set once.
func traits(o, p event.Object) string {
	all := ""
	for _, name := range [...]string{"$set_once", "$set"} {
		all = event.Merge(all, object(o.Get(name)))
		all = event.Merge(all, object(p.Get(name)))
	}
	return all
}

// context gathers what Segment's format keeps in the context.
func context(p event.Object) string {
	return members(
		"library", members("name", text(p.Get("$lib")), "version", text(p.Get("$lib_version"))),
		"ip", text(p.Get("$ip")),
		"userAgent", text(p.Get("$raw_user_agent")),
		"locale", text(p.Get("$browser_language")),
		"page", members(
			"url", text(p.Get("$current_url")), "path", text(p.Get("$pathname")),
			"referrer", text(p.Get("$referrer")), "title", text(p.Get("title"))),
	)
}

// setTime takes the event's time, or how many milliseconds ago it happened.
func setTime(e *event.Event, o, p event.Object, sentAt int64) error {
	written := o.Text("timestamp")
	if written == "" {
		written = p.Text("timestamp")
	}
	if err := e.SetTime(written, sentAt); err != nil {
		return err
	}
	if offset, ok := o.Number("offset"); ok && written == "" && offset > 0 {
		e.At = e.ReceivedAt - int64(offset)/1000
	}
	return nil
}

// members writes an object of names and raw values, without the empty ones.
func members(pairs ...string) string {
	var b strings.Builder
	for i := 0; i < len(pairs); i += 2 {
		if pairs[i+1] == "" {
			continue
		}
		b.WriteByte("{,"[min(b.Len(), 1)])
		b.WriteString(`"` + pairs[i] + `":` + pairs[i+1])
	}
	if b.Len() == 0 {
		return ""
	}
	b.WriteByte('}')
	return b.String()
}

// text keeps a raw value that is a string.
func text(raw string) string {
	if strings.HasPrefix(raw, `"`) {
		return raw
	}
	return ""
}

// object keeps a raw value that is an object.
func object(raw string) string {
	if strings.HasPrefix(raw, "{") {
		return raw
	}
	return ""
}
