package insight

import (
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"github.com/dhvani/dhvani/internal/event"
)

func TestParseAgent(t *testing.T) {
	for agent, want := range map[string][2]string{
		"Mozilla/5.0 (Linux; Android 14; SM-A155F) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Mobile Safari/537.36":                                                            {"Android 14", "Chrome 142"},
		"Mozilla/5.0 (Linux; Android 13; SAMSUNG SM-S911B) AppleWebKit/537.36 (KHTML, like Gecko) SamsungBrowser/28.0 Chrome/130.0.0.0 Mobile Safari/537.36":                                {"Android 13", "Samsung Internet 28"},
		"Mozilla/5.0 (iPhone; CPU iPhone OS 18_6_2 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.6 Mobile/15E148 Safari/604.1":                                         {"iOS 18", "Safari 18"},
		"Mozilla/5.0 (iPad; CPU OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) CriOS/142.0.0.0 Mobile/15E148 Safari/604.1":                                                 {"iOS 17", "Chrome 142"},
		"Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/22B83 Instagram 390.0.0.28.85 (iPhone15,2; iOS 18_1; en_US)":                {"iOS 18", "Instagram 390"},
		"Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36 Edg/142.0.0.0":                                                     {"Windows", "Edge 142"},
		"Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/26.1 Safari/605.1.15":                                                             {"macOS", "Safari 26"},
		"Mozilla/5.0 (X11; Linux x86_64; rv:144.0) Gecko/20100101 Firefox/144.0":                                                                                                            {"Linux", "Firefox 144"},
		"Mozilla/5.0 (X11; CrOS x86_64 14541.0.0) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36":                                                                    {"ChromeOS", "Chrome 142"},
		"Mozilla/5.0 (Linux; U; Android 12; en-in; Redmi Note 11) AppleWebKit/537.36 (KHTML, like Gecko) Version/4.0 Chrome/112.0.5615.136 Mobile Safari/537.36 XiaoMi/MiuiBrowser/14.12.0": {"Android 12", "Mi Browser 14"},
		"curl/8.5.0": {"", ""}, "": {"", ""},
	} {
		system, version, browser := parseAgent(agent)
		if got := [2]string{strings.TrimSpace(system + " " + major(version)), browser}; got != want {
			t.Errorf("%s: %q, want %q", agent, got, want)
		}
	}
}

func TestMember(t *testing.T) {
	for _, c := range [][2]string{
		{`{"app":{"name":"x"}}`, `{"name":"x"}`}, {`{"page":{"path":"/app"},"app" : {"v":1},"x":2}`, `{"v":1}`}, {`{"channel":"app","x":{}}`, ""},
		{`{"app":{"deep":{}}}`, ""}, {`{"app":3}`, ""}, {`{"myapp":{"v":1}}`, ""}, {`{"app":{"v":1`, ""}, {`app":{}`, ""}, {"", ""},
	} {
		if got := member(c[0], "app"); got != c[1] {
			t.Errorf("%s: %q, want %q", c[0], got, c[1])
		}
	}
}

// Whatever a context holds: what is learnt of it is short text that is stored and
// read back as it was.
func FuzzLearn(f *testing.F) {
	f.Add(`{"os":{"name":"Android","version":"14"},"browser":{"name":"Chrome"},"locale":"hi-IN","campaign":{"source":"a","name":"b"}}`, `{"state":"Delhi","postal_code":"110001","country":"in"}`)
	f.Add(`{"userAgent":"Mozilla/5.0 (iPhone; CPU iPhone OS 18_6 like Mac OS X) Version/18.6 Safari/604.1","app":{"name":"\u0000","version":"\ud800"}}`, `{"zip":"é1"}`)
	f.Fuzz(func(t *testing.T, context, address string) {
		var v values
		e := event.Event{Context: context}
		v.learn(&e)
		v.address(event.ParseObject(address))
		for p, text := range v {
			if utf8.RuneCountInString(text) > 2*maxLabel+1 || strings.ContainsAny(text, "\n@") {
				t.Errorf("%s is %q", dims[p], text)
			}
			if utf8.ValidString(text) {
				continue
			}
			v[p] = strings.ToValidUTF8(text, "\uFFFD")
		}
		if back := parseValues(v.json()); back != v {
			t.Error(cmp.Diff(v, back))
		}
	})
}
