package customer

import (
	"strings"
	"unicode"

	"github.com/nyaruka/phonenumbers"

	"github.com/dhvani/dhvani/internal/event"
)

// Kinds of identifier besides event.UserProfile, event.AnonymousProfile and the
// names of networks.
const (
	Email = "email"
	Phone = "phone"

	// aliasKind is the previous id of an alias call; it is never shown.
	aliasKind = "alias"
)

// maxHolders is how many profiles may hold an identifier verified before it
// counts as shared by strangers.
const maxHolders = 25

const (
	maxEmail  = 254 // bytes, RFC 5321
	maxHandle = 100
)

// normalEmail trims and lower-cases an e-mail address, or returns "".
func normalEmail(s string) string {
	s = strings.ToLower(strings.TrimSpace(s))
	at := strings.IndexByte(s, '@')
	if at < 1 || at == len(s)-1 || strings.Count(s, "@") > 1 || len(s) > maxEmail || hasSpace(s) {
		return ""
	}
	return s
}

// normalPhone writes a phone number in E.164, reading one without a country
// code as of the region (ISO 3166, "" for none), or returns "".
func normalPhone(s, region string) string {
	if len(s) < 4 || len(s) > 40 {
		return ""
	}
	if region == "" {
		region = "ZZ" // unknown: only numbers that begin with + parse
	}
	n, err := phonenumbers.Parse(s, region)
	if err != nil || !phonenumbers.IsValidNumber(n) {
		return ""
	}
	return phonenumbers.Format(n, phonenumbers.E164)
}

// normalHandle returns a channel's handle without @ in lower case, or "".
func normalHandle(s string) string {
	s = strings.ToLower(strings.TrimPrefix(strings.TrimSpace(s), "@"))
	if s == "" || len(s) > maxHandle || hasSpace(s) || strings.Contains(s, "/") {
		return ""
	}
	return s
}

// normalNetwork returns the name of a network as a kind of identifier, or "".
func normalNetwork(s string) string {
	s = strings.ToLower(strings.TrimSpace(s))
	switch s {
	case "twitter":
		return "x"
	case Email, Phone, aliasKind, event.UserProfile, event.AnonymousProfile:
		return "" // have rules of their own
	}
	if s == "" || len(s) > 32 || hasSpace(s) || strings.ContainsAny(s, ":/") {
		return ""
	}
	return s
}

// networks are the traits that are taken for handles.
var networks = map[string]bool{
	"bluesky": true, "facebook": true, "instagram": true, "line": true, "linkedin": true, "mastodon": true,
	"messenger": true, "reddit": true, "signal": true, "telegram": true, "tiktok": true, "twitter": true,
	"viber": true, "wechat": true, "whatsapp": true, "x": true,
}

// region returns an ISO 3166 code, or "" for anything else.
func region(s string) string {
	if len(s) != 2 {
		return ""
	}
	return strings.ToUpper(s)
}

func hasSpace(s string) bool {
	return strings.ContainsFunc(s, func(r rune) bool { return unicode.IsSpace(r) || unicode.IsControl(r) })
}
