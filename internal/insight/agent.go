package insight

import (
	"strings"

	"github.com/dhvani/dhvani/internal/event"
)

// learn takes what an event's context says of the shopper's device, way and place.
// A context of the shop's server says less of them than that of a page: it only
// fills what is not known.
func (v *values) learn(e *event.Event) {
	if e.Context == "" {
		return
	}
	set := v.set
	if e.Has(event.Verified) {
		set = v.fill
	}
	var system, version, browser, locale, app, library string
	for _, m := range event.ParseObject(e.Context) {
		switch m.Name {
		case "os":
			o := event.ParseObject(m.Value)
			system, version = systemName(o.Text("name")), o.Text("version")
		case "browser":
			o := event.ParseObject(m.Value)
			if name := short(o.Text("name")); name != "" {
				browser = strings.TrimSpace(name + " " + major(o.Text("version")))
			}
		case "userAgent":
			s, sv, b := parseAgent(event.ScalarText(m.Value))
			if system == "" {
				system, version = s, sv
			}
			if browser == "" {
				browser = b
			}
		case "app":
			app = release(event.ParseObject(m.Value))
		case "library":
			library = release(event.ParseObject(m.Value))
		case "campaign":
			set(inCampaign, campaign(event.ParseObject(m.Value)))
		case "location":
			v.fill(inCountry, country(event.ParseObject(m.Value).First("country_code", "country")))
		case "locale":
			locale = event.ScalarText(m.Value)
		}
	}
	if system != "" {
		set(inDevice, system)
		set(inSystem, strings.TrimSpace(system+" "+major(version)))
	}
	set(inBrowser, browser)
	if app == "" && !e.Has(event.Verified) { // a page is of the release that its own script has
		app = library
	}
	set(inRelease, app)
	if i := strings.LastIndexAny(locale, "-_"); i >= 0 && len(locale)-i == 3 {
		v.fill(inCountry, country(locale[i+1:]))
	}
}

// release is a version of an app or script, with its name.
func release(o event.Object) string {
	if v := o.Text("version"); v != "" {
		return short(strings.TrimSpace(o.Text("name") + " " + v))
	}
	return ""
}

// campaign is where a campaign is and what it is called.
func campaign(o event.Object) string {
	return short(strings.Trim(strings.ToLower(o.Text("source")+" / "+o.Text("name")), "/ "))
}

// country is a code of two letters, "" for what is none.
func country(s string) string {
	if len(s) != 2 {
		return ""
	}
	s = strings.ToUpper(s)
	for i := range 2 {
		if s[i] < 'A' || s[i] > 'Z' {
			return ""
		}
	}
	return s
}

// address takes where something is sent to.
func (v *values) address(a event.Object) {
	if a == nil {
		return
	}
	c := country(a.First("country", "country_code", "countryCode"))
	v.set(inCountry, c)
	v.set(inRegion, short(a.First("state", "region", "province", "province_code")))
	code := a.First("postal_code", "postalCode", "postalcode", "zip", "zipcode")
	for _, r := range code { // the first character alone says nothing of a person
		v.set(inArea, strings.TrimSpace(v[inCountry]+" "+strings.ToUpper(string(r))))
		break
	}
}

// major is the number before the first dot.
func major(version string) string {
	for i := range len(version) {
		if version[i] < '0' || version[i] > '9' {
			return short(version[:i])
		}
	}
	return short(version)
}

// systemName is the usual name of an operating system.
func systemName(s string) string {
	switch strings.ToLower(strings.ReplaceAll(s, " ", "")) {
	case "":
		return ""
	case "android":
		return "Android"
	case "ios", "iphoneos", "ipados":
		return "iOS"
	case "windows", "windowsnt", "win32":
		return "Windows"
	case "macos", "macosx", "osx":
		return "macOS"
	case "linux":
		return "Linux"
	case "chromeos", "cros":
		return "ChromeOS"
	}
	return short(s)
}

// agents are names of browsers in user agents, the more particular before those
// that they call themselves as well. "Version" has Safari's number.
var agents = []struct{ token, name string }{
	{"SamsungBrowser/", "Samsung Internet"}, {"EdgA/", "Edge"}, {"EdgiOS/", "Edge"}, {"Edg/", "Edge"}, {"Edge/", "Edge"},
	{"OPR/", "Opera"}, {"OPX/", "Opera"}, {"UCBrowser/", "UC Browser"}, {"MiuiBrowser/", "Mi Browser"}, {"YaBrowser/", "Yandex"},
	{"FBAV/", "Facebook"}, {"Instagram ", "Instagram"}, {"FxiOS/", "Firefox"}, {"Firefox/", "Firefox"}, {"CriOS/", "Chrome"}, {"Chrome/", "Chrome"},
	{"Version/", "Safari"},
}

// parseAgent reads the usual families of a browser's user agent.
func parseAgent(s string) (system, version, browser string) {
	after := func(token string) (string, bool) {
		_, tail, ok := strings.Cut(s, token)
		if i := strings.IndexAny(tail, " ;)"); i >= 0 {
			tail = tail[:i]
		}
		return strings.ReplaceAll(tail, "_", "."), ok
	}
	switch {
	case strings.Contains(s, "Android"):
		system = "Android"
		version, _ = after("Android ")
	case strings.Contains(s, "iPhone OS "), strings.Contains(s, "iPad; CPU OS "):
		system = "iOS"
		if version, _ = after("iPhone OS "); version == "" {
			version, _ = after("CPU OS ")
		}
	case strings.Contains(s, "CrOS "):
		system = "ChromeOS"
	case strings.Contains(s, "Windows NT "):
		system = "Windows"
		if version, _ = after("Windows NT "); version == "10.0" {
			version = "" // 10 and 11 say the same
		}
	case strings.Contains(s, "Mac OS X"):
		system = "macOS" // its version is frozen at 10.15.7
	case strings.Contains(s, "Linux"):
		system = "Linux"
	}
	for _, a := range agents {
		if v, ok := after(a.token); ok {
			if a.name == "Safari" && !strings.Contains(s, "Safari/") {
				continue
			}
			return system, version, strings.TrimSpace(a.name + " " + major(v))
		}
	}
	return system, version, ""
}
