package table

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"

	"github.com/go-json-experiment/json/jsontext"
)

// object writes a JSON object, without members that are empty.
type object struct{ b []byte }

func (o *object) name(name string) {
	if len(o.b) == 0 {
		o.b = append(o.b, '{')
	} else {
		o.b = append(o.b, ',')
	}
	o.b, _ = jsontext.AppendQuote(o.b, name)
	o.b = append(o.b, ':')
}

// text adds a text. What is not valid is replaced, which AppendQuote also does.
func (o *object) text(name, value string) {
	if value != "" {
		o.name(name)
		o.b, _ = jsontext.AppendQuote(o.b, value)
	}
}

// raw adds JSON.
func (o *object) raw(name, value string) {
	if value != "" {
		o.name(name)
		o.b = append(o.b, value...)
	}
}

func (o *object) empty() bool { return len(o.b) == 0 }

func (o *object) String() string {
	if o.empty() {
		return ""
	}
	return string(o.b) + "}"
}

// messageID is made from what an event is about.
func messageID(source string, parts ...string) string {
	sum := sha256.Sum256(fmt.Appendf(nil, "%q", parts))
	return source + "-" + hex.EncodeToString(sum[:16])
}
