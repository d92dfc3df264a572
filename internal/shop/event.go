package shop

import (
	"encoding/json"
	"strconv"
	"time"
)

// Event is what one shopper did, in the simulation's time.
type Event struct {
	At     time.Time
	Server bool // sent by the shop's server; else by a page
	name   string
	body   object
}

const stampFormat = "2006-01-02T15:04:05.000Z"

// AppendJSON writes the event in the Segment format, as of a time.
func (e *Event) AppendJSON(to []byte, at time.Time) []byte {
	to = append(to, '{')
	to = append(to, e.body...)
	to = append(to, `,"timestamp":"`...)
	to = at.UTC().AppendFormat(to, stampFormat)
	return append(to, `"}`...)
}

// object is the inside of a JSON object, whose members stand in the order in
// which they were added.
type object []byte

func (o object) key(name string) object {
	if len(o) > 0 {
		o = append(o, ',')
	}
	o = append(o, '"')
	o = append(o, name...)
	return append(o, `":`...)
}

// str adds a text, or nothing where it is empty.
func (o object) str(name, text string) object {
	if text == "" {
		return o
	}
	o = o.key(name)
	for i := range len(text) {
		if c := text[i]; c < ' ' || c == '"' || c == '\\' || c >= 0x80 {
			quoted, _ := json.Marshal(text) // a text can always be written
			return append(o, quoted...)
		}
	}
	o = append(o, '"')
	o = append(o, text...)
	return append(o, '"')
}

func (o object) num(name string, n int) object { return strconv.AppendInt(o.key(name), int64(n), 10) }

func (o object) yes(name string, b bool) object { return strconv.AppendBool(o.key(name), b) }

// obj adds an object.
func (o object) obj(name string, inner object) object {
	o = append(o.key(name), '{')
	o = append(o, inner...)
	return append(o, '}')
}

// list adds an array of objects.
func (o object) list(name string, items []object) object {
	o = append(o.key(name), '[')
	for i, it := range items {
		if i > 0 {
			o = append(o, ',')
		}
		o = append(o, '{')
		o = append(o, it...)
		o = append(o, '}')
	}
	return append(o, ']')
}
