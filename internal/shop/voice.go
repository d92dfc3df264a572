package shop

import (
	"fmt"
	"slices"
	"strings"
)

// voice is a group of shoppers: where they live, how they are called, and what
// they write. Its texts stand in data/voices, in sections that are named by what
// they say and, where that matters, about which goods:
//
//	[good cloth]   glad about textiles
//	[dellate]      a parcel that came late
type voice struct {
	code, locale, country string
	weight                float64 // of the shoppers
	people                string  // file of their names
	places                []place
	given, family         [][2]string // Latin, and their own script
	searches, missing     []string
	answers               []string // of the shop, in the chat
	texts                 map[string][]string
}

var voices = readVoices([]voice{
	{code: "en", locale: "en-IN", country: "IN", weight: 18, people: "en"},
	{code: "hi", locale: "hi-IN", country: "IN", weight: 23, people: "hi"},
	{code: "hi-Latn", locale: "hi-Latn-IN", country: "IN", weight: 16, people: "hi"},
	{code: "bn", locale: "bn-IN", country: "IN", weight: 13, people: "bn"},
	{code: "bn-Latn", locale: "bn-Latn-IN", country: "IN", weight: 6, people: "bn"},
	{code: "ne", locale: "ne-NP", country: "NP", weight: 5, people: "ne"},
	{code: "ne-Latn", locale: "ne-Latn-NP", country: "NP", weight: 3, people: "ne"},
	{code: "pt", locale: "pt-BR", country: "BR", weight: 9, people: "pt"},
	{code: "es", locale: "es-ES", country: "ES", weight: 7, people: "es"},
})

func pickVoice(r random) *voice {
	weights := make([]float64, len(voices))
	for i, v := range voices {
		weights[i] = v.weight
	}
	return &voices[r.weighted(weights...)]
}

func readVoices(list []voice) []voice {
	for i := range list {
		v := &list[i]
		v.texts = sections("data/voices/" + v.code + ".txt")
		v.searches, v.missing, v.answers = v.texts["searches"], v.texts["missing"], v.texts["answers"]
		names := sections("data/people/" + v.people + ".txt")
		for _, n := range names["given"] {
			v.given = append(v.given, pair(n))
		}
		for _, n := range names["family"] {
			v.family = append(v.family, pair(n))
		}
		for _, line := range v.texts["places"] {
			f := strings.Split(line, "|")
			if len(f) != 3 {
				panic(fmt.Sprintf("place of %s: %s", v.code, line))
			}
			v.places = append(v.places, place{f[0], f[1], f[2], v.country})
		}
	}
	return list
}

// pair splits a name as in Latin letters and in another script.
func pair(s string) [2]string {
	latin, own, found := strings.Cut(s, "|")
	if !found {
		own = latin
	}
	return [2]string{latin, own}
}

// sections reads a file of lines under names in brackets.
func sections(name string) map[string][]string {
	text, err := data.ReadFile(name)
	if err != nil {
		panic(err)
	}
	m, at := map[string][]string{}, ""
	for line := range strings.Lines(string(text)) {
		line = strings.TrimSpace(line)
		switch {
		case line == "" || line[0] == '#':
		case line[0] == '[':
			at = strings.Trim(line, "[]")
		default:
			m[at] = append(m[at], line)
		}
	}
	return m
}

// say draws a text of a section, about goods or about any where goods is empty,
// sometimes with something before or after it.
func (v *voice) say(r random, section, goods string) string {
	text := v.line(r, section, goods)
	if section == "ask" {
		if r.chance(.5) {
			text = join(v.line(r, "askopen", ""), text)
		}
		if r.chance(.15) {
			text = join(text, v.line(r, section, goods))
		}
		return v.loosen(r, text, "")
	}
	mood, known := moods[section]
	if !known {
		return text
	}
	if r.chance(.35) {
		text = join(v.line(r, mood+"open", ""), text)
	}
	if r.chance(.4) {
		text = join(text, v.line(r, mood+"close", ""))
	}
	return v.loosen(r, text, mood)
}

// moods says how the texts of a section begin and end.
var moods = map[string]string{
	"bleed": "bad", "strike": "bad", "dellate": "bad", "payfail": "bad", "upifail": "bad", "pricerise": "bad", "webbad": "", "webgood": "", "delgood": "", "viral": "glad",
}

// line draws one line: of the section alone or of those about these goods.
func (v *voice) line(r random, section, goods string) string {
	any := v.texts[section]
	own := v.texts[section+" "+goods]
	n := len(any) + len(own)
	if n == 0 {
		return ""
	}
	if i := r.IntN(n); i < len(own) {
		return own[i]
	} else {
		return any[i-len(own)]
	}
}

// judgement is how somebody finds what they bought.
type judgement struct {
	stars, nps int // 1 to 5, 0 to 10
	text       string
}

// judge decides how a person finds a product that came so many days late.
func (p *person) judge(r random, it *product, late int, m moment) judgement {
	mood := r.Float64() * p.kind
	if late > 0 {
		mood -= .2 + .07*float64(late)
	}
	if it.category == "kur" {
		mood -= .04 // does not always fit
	}
	if m.Scene == Price && it.id == bestseller {
		mood -= .2
	}
	j := judgement{stars: 5, nps: 9 + r.IntN(2)}
	switch {
	case mood < .05:
		j = judgement{stars: 1, nps: r.IntN(4)}
	case mood < .09:
		j = judgement{stars: 2, nps: 2 + r.IntN(4)}
	case mood < .17:
		j = judgement{stars: 3, nps: 5 + r.IntN(3)}
	case mood < .4:
		j = judgement{stars: 4, nps: 7 + r.IntN(3)}
	}
	return p.judgeAs(r, it, late, j)
}

// judgeAs finds other words for a judgement.
func (p *person) judgeAs(r random, it *product, late int, j judgement) judgement {
	goods := goodsOf(it)
	var parts []string
	mood := ""
	switch {
	case j.stars >= 4:
		mood = "glad"
		if r.chance(.3) {
			parts = append(parts, p.line(r, "occasion", ""))
		}
		parts = append(parts, p.line(r, "good", goods))
		if r.chance(.55) {
			parts = append(parts, p.line(r, pick(r, []string{"delgood", "packgood", "pricegood", "servgood", "good"}), goods))
		}
		if j.stars == 4 && r.chance(.4) {
			parts = append(parts, p.line(r, "but", goods))
		}
	case j.stars == 3:
		if r.chance(.5) {
			parts = append(parts, p.line(r, "good", goods), p.line(r, "but", goods))
		} else {
			parts = append(parts, p.line(r, "meh", goods))
		}
	default:
		mood = "bad"
		section := []string{"bad", "bad", "packbad", "pricehigh", "servbad", "refundbad"}[r.weighted(5, 4, 1.3, 1.6, 1.6, 1)]
		switch {
		case late > 0 && r.chance(.75):
			section = "dellate"
		case it.category == "kur" && r.chance(.5):
			section = "size"
		}
		parts = append(parts, p.line(r, section, goods))
		if other := p.line(r, pick(r, []string{"bad", "servbad", "refundbad", "packbad"}), goods); r.chance(.35) && !slices.Contains(parts, other) {
			parts = append(parts, other)
		}
		if r.chance(.25) {
			parts = append([]string{p.line(r, "badopen", "")}, parts...)
		}
	}
	if mood != "" && r.chance(.35) {
		parts = append(parts, p.line(r, mood+"close", ""))
	}
	j.text = p.loosen(r, join(slices.Compact(parts)...), mood)
	return j
}

// goodsOf is what a product is in the names of sections.
func goodsOf(it *product) string {
	switch it.category {
	case "bra":
		return "brass"
	case "gif":
		return "gift"
	}
	return "cloth"
}

var emoji = map[string][]string{
	"glad": {"😍", "❤️", "🙏", "👌", "😊", "🥰", "👍", "✨", "💙"},
	"bad":  {"😡", "😞", "👎", "😠", "🙄", "😤", "💔"},
}

// loosen writes as people do: without the last stop, with an emoji, all small.
func (v *voice) loosen(r random, text, mood string) string {
	if r.chance(.3) {
		text = strings.TrimRight(text, ".।")
	}
	if list := emoji[mood]; list != nil && r.chance(.22) {
		text += " " + pick(r, list)
	}
	if (v.code == "en" || strings.HasSuffix(v.code, "-Latn")) && r.chance(.18) {
		text = strings.ToLower(text)
	}
	if mood == "bad" && v.code == "en" && r.chance(.04) {
		text = strings.ToUpper(text)
	}
	return text
}
