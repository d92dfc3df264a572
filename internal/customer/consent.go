package customer

import (
	"strings"

	"github.com/dhvani/dhvani/internal/event"
)

// Purposes that data is used for, as keys of Customer.Consent.
const (
	Necessary       = "necessary"
	Analytics       = "analytics"
	Personalisation = "personalisation"
	Marketing       = "marketing"
)

var purposes = [...]string{Necessary, Analytics, Personalisation, Marketing}

// marketing is the place of Marketing in purposes.
const marketing = 3

// categories gives the place in purposes of the categories that consent
// managers and Google's Consent Mode use.
var categories = map[string]int{
	"necessary": 0, "essential": 0, "strictly necessary": 0, "required": 0, "security_storage": 0, "functionality_storage": 0, "c0001": 0,
	"analytics": 1, "analytical": 1, "statistics": 1, "performance": 1, "measurement": 1, "analytics_storage": 1, "c0002": 1,
	"personalisation": 2, "personalization": 2, "preferences": 2, "functional": 2, "personalization_storage": 2, "c0003": 2,
	"marketing": 3, "advertising": 3, "advertisement": 3, "targeting": 3, "ads": 3, "social media": 3, "data sharing": 3,
	"ad_storage": 3, "ad_user_data": 3, "ad_personalization": 3, "c0004": 3, "c0005": 3,
}

// stated is what was said about each purpose, packed so that the largest number
// is the last word: the time in microseconds times 2, plus 1 where denied (of
// two words at the same time the denial counts). 0 is never stated.
type stated [len(purposes)]int64

func (s *stated) state(purpose int, at int64, granted bool) {
	v := max(at, 1) << 1
	if !granted {
		v |= 1
	}
	s[purpose] = max(s[purpose], v)
}

func (s *stated) merge(o stated) {
	for i := range s {
		s[i] = max(s[i], o[i])
	}
}

// purposes returns the consent by purpose.
func (s *stated) purposes() map[string]bool {
	m := map[string]bool{}
	for i, v := range s {
		if v != 0 {
			m[purposes[i]] = v&1 == 0
		}
	}
	return m
}

// times returns when each purpose was last spoken of.
func (s *stated) times() map[string]string {
	m := map[string]string{}
	for i, v := range s {
		if v != 0 {
			m[purposes[i]] = event.FormatTime(v >> 1)
		}
	}
	return m
}

// preferences is what one consent object says by purpose: 0 nothing, 1 granted,
// 2 denied. A purpose with several categories is granted where all of them are.
type preferences [len(purposes)]uint8

// readPreferences reads a categoryPreferences object. An empty one denies all
// but what is necessary; unknown categories say nothing.
func readPreferences(raw string) (p preferences) {
	if raw == "" || raw[0] != '{' {
		return p
	}
	o := event.ParseObject(raw)
	if len(o) == 0 {
		return preferences{1, 2, 2, 2}
	}
	for _, m := range o {
		purpose, ok := categories[strings.ToLower(strings.TrimSpace(m.Name))]
		if !ok {
			continue
		}
		switch strings.ToLower(event.ScalarText(m.Value)) {
		case "true", "granted", "1":
			p[purpose] = max(p[purpose], 1)
		case "false", "denied", "0":
			p[purpose] = 2
		}
	}
	return p
}

// readConsent adds what an event says about consent: its context.consent, a
// browser's Global Privacy Control (which forbids marketing), and the
// properties of a preference update.
func (f *fold) readConsent(p *profile, e *event.Event) {
	if strings.Contains(e.Context, `"consent"`) {
		f.prefer(p, e.At, event.ParseObject(e.Context).Object("consent").Get("categoryPreferences"))
	}
	if strings.Contains(e.Context, `"gpc"`) {
		if on, _ := event.ParseObject(e.Context).Bool("gpc"); on {
			p.consent.state(marketing, e.At, false)
			f.anyConsent = true
		}
	}
	if e.Verb() == event.ConsentUpdated {
		o := event.ParseObject(e.Properties)
		f.prefer(p, e.At, o.Get("categoryPreferences"))
		f.prefer(p, e.At, o.Object("consent").Get("categoryPreferences"))
	}
}

func (f *fold) prefer(p *profile, at int64, raw string) {
	if raw == "" {
		return
	}
	said, ok := f.preferences[raw]
	if !ok {
		said = readPreferences(raw)
		f.preferences[raw] = said
	}
	for i, v := range said {
		if v != 0 {
			p.consent.state(i, at, v == 1)
			f.anyConsent = true
		}
	}
}
