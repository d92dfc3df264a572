package customer

import (
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/nyaruka/phonenumbers"
)

// hidden stands for each character that is not shown, at most so many times.
const hidden = "•"

// Mask hides most of an e-mail address or phone number, and of a handle that is
// one; other identifiers stay as they are.
func Mask(kind, value string) string {
	switch {
	case kind == Phone || strings.HasPrefix(value, "+") && normalPhone(value, "") != "":
		return maskPhone(value)
	case kind == Email || normalEmail(value) != "":
		return maskEmail(value)
	}
	return value
}

// Masked reports whether lists hide identifiers like this one.
func Masked(kind, value string) bool { return Mask(kind, value) != value }

func maskEmail(value string) string {
	at := strings.LastIndexByte(value, '@')
	if at < 0 {
		return strings.Repeat(hidden, 6)
	}
	local := value[:at]
	keep := 0
	if n := utf8.RuneCountInString(local); n > 2 {
		_, keep = utf8.DecodeRuneInString(local)
	}
	return local[:keep] + strings.Repeat(hidden, 5) + value[at:]
}

// maskPhone shows the country code, and the first and last two digits.
func maskPhone(value string) string {
	n, err := phonenumbers.Parse(value, "ZZ")
	if err != nil {
		return strings.Repeat(hidden, 8)
	}
	national := strconv.FormatUint(n.GetNationalNumber(), 10)
	code := "+" + strconv.Itoa(int(n.GetCountryCode()))
	if len(national) < 7 {
		return code + " " + strings.Repeat(hidden, len(national))
	}
	middle := len(national) - 4
	return code + " " + national[:2] + strings.Repeat(hidden, middle-middle/2) + " " + strings.Repeat(hidden, middle/2) + national[len(national)-2:]
}

// callingCode is the calling code of a country, without +.
func callingCode(country string) string {
	if c := phonenumbers.GetCountryCodeForRegion(country); c > 0 {
		return strconv.Itoa(c)
	}
	return ""
}
