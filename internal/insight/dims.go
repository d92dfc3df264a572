package insight

import (
	"strings"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/dhvani/dhvani/internal/event"
)

// place is where a dimension stands in values: in the order of the names.
type place int

const (
	inArea place = iota
	inBrowser
	inBuyer
	inCampaign
	inCarrier
	inCategory
	inChannel
	inCountry
	inDevice
	inLanguage
	inLot
	inMethod
	inProduct
	inQuery
	inReason
	inRegion
	inRelease
	inScore
	inStep
	inSystem
	inTopic
	inVariant
	places
)

// dims are the names of the places, sorted.
var dims = [places]Dim{DimArea, DimBrowser, DimBuyer, DimCampaign, DimCarrier, DimCategory, DimChannel, DimCountry, DimDevice, DimLanguage,
	DimLot, DimMethod, DimProduct, DimQuery, DimReason, DimRegion, DimRelease, DimScore, DimStep, DimSystem, DimTopic, DimVariant}

var placeOf = func() map[string]place {
	m := map[string]place{}
	for i, d := range dims {
		m[string(d)] = place(i)
	}
	return m
}()

// values are what is known of dimensions, "" for unknown.
type values [places]string

// set learns a value; what is empty teaches nothing.
func (v *values) set(p place, value string) {
	if value != "" {
		v[p] = value
	}
}

// fill learns a value only where none is known.
func (v *values) fill(p place, value string) {
	if v[p] == "" {
		v[p] = value
	}
}

// json writes the values as an object with sorted names.
func (v *values) json() string {
	b := make([]byte, 0, 256)
	for i, value := range v {
		if value == "" {
			continue
		}
		if b = append(b, ','); len(b) == 1 {
			b[0] = '{'
		}
		b = append(append(append(b, '"'), dims[i]...), '"', ':')
		b, _ = jsontext.AppendQuote(b, value) // what is not UTF-8 is replaced
	}
	if len(b) == 0 {
		return ""
	}
	return string(append(b, '}'))
}

// parseValues reads what json wrote.
func parseValues(text string) (v values) {
	for _, m := range event.ParseObject(text) {
		if p, ok := placeOf[m.Name]; ok {
			v[p] = unquoted(m.Value)
		}
	}
	return v
}

// unquoted is the text of a JSON string, with the space around it.
func unquoted(raw string) string {
	if len(raw) < 2 {
		return ""
	}
	if strings.IndexByte(raw, '\\') < 0 {
		return raw[1 : len(raw)-1]
	}
	b, err := jsontext.AppendUnquote(nil, raw)
	if err != nil {
		return ""
	}
	return string(b)
}

func parseDims(text string) Dims {
	o := event.ParseObject(text)
	d := make(Dims, len(o))
	for _, m := range o {
		d[Dim(m.Name)] = unquoted(m.Value)
	}
	return d
}

// Topics are what an opinion is about: with complaint, and without.
func (d Dims) Topics() (negative, other []string) { return splitTopics(d[DimTopic]) }

func splitTopics(text string) (negative, other []string) {
	bad, rest, _ := strings.Cut(text, "\n")
	split := func(s string) []string {
		if s == "" {
			return nil
		}
		return strings.Split(s, ",")
	}
	return split(bad), split(rest)
}

// joinTopics makes the value of DimTopic from what feedback stores:
// |checkout:negative|price:positive|.
func joinTopics(stored string) string {
	var bad, rest []string
	for part := range strings.SplitSeq(strings.Trim(stored, "|"), "|") {
		switch topic, sentiment, _ := strings.Cut(part, ":"); {
		case topic == "":
		case sentiment == "negative":
			bad = append(bad, topic)
		default:
			rest = append(rest, topic)
		}
	}
	if len(bad)+len(rest) == 0 {
		return ""
	}
	return strings.Join(bad, ",") + "\n" + strings.Join(rest, ",")
}

// short is a value as people write it, in one line, and nothing where it looks
// like an address of somebody.
func short(s string) string {
	if strings.ContainsAny(s, "\n\t\r") || strings.Contains(s, "  ") {
		s = strings.Join(strings.Fields(s), " ")
	}
	if len(s) > maxLabel {
		if r := []rune(s); len(r) > maxLabel {
			s = string(r[:maxLabel])
		}
	}
	if s == rest || s == unknown || strings.Contains(s, "@") {
		return ""
	}
	return s
}
