package event

import "testing"

func TestVisible(t *testing.T) {
	for given, want := range map[string]string{
		"Release 4.18":                    "Release 4.18",
		"invoice\u202Egpj.exe":            "invoicegpj.exe",
		"\u2066a\u2069\u200F\u061Cb":      "ab",
		"pay\u200Bment\u00AD\uFEFF\u2060": "payment",
		"one\x00two\tthree\u0085four":     "one two three four",
		"ক্\u200Dষ र्\u200Dय नेपाल\u200Cमा":     "ক্\u200Dষ र्\u200Dय नेपाल\u200Cमा",
		"1\u00A0234 \U0001F469\u200D\U0001F52C": "1\u00A0234 \U0001F469\u200D\U0001F52C",
		"bad \xff bytes":                        "bad \uFFFD bytes",
		"\u202E":                                "",
	} {
		if got := Visible(given); got != want {
			t.Errorf("%q is %q, not %q", given, got, want)
		}
	}
}
