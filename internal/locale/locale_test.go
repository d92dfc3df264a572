package locale

import (
	"testing"
	"time"
)

var kolkata = time.FixedZone("IST", 5*3600+1800)

func TestNumbers(t *testing.T) {
	for _, c := range []struct {
		lang     Lang
		home     string
		got      func(*Locale) string
		expected string
	}{
		{English, "", func(l *Locale) string { return l.Int(1234567) }, "1,234,567"},
		{English, "INR", func(l *Locale) string { return l.Int(1234567) }, "12,34,567"},
		{English, "", func(l *Locale) string { return l.Int(-999) }, "−999"},
		{English, "", func(l *Locale) string { return l.Int(-9223372036854775808) }, "−9,223,372,036,854,775,808"},
		{Hindi, "", func(l *Locale) string { return l.Int(100000) }, "1,00,000"},
		{Bengali, "", func(l *Locale) string { return l.Int(-1234567) }, "−১২,৩৪,৫৬৭"},
		{Nepali, "", func(l *Locale) string { return l.Decimal(1234.5, 2) }, "१,२३४.५०"},
		{Portuguese, "", func(l *Locale) string { return l.Decimal(1234.5, 1) }, "1.234,5"},
		{Spanish, "", func(l *Locale) string { return l.Int(1234) }, "1234"},
		{Spanish, "", func(l *Locale) string { return l.Int(12345) }, "12.345"},
		{Spanish, "", func(l *Locale) string { return l.Percent(0.179, 1) }, "17,9\u00a0%"},
		{English, "", func(l *Locale) string { return l.Percent(-0.00001, 1) }, "0.0%"},
		{English, "", func(l *Locale) string { return l.SignedPercent(0.09, 0) }, "+9%"},
		{English, "", func(l *Locale) string { return l.SignedPercent(0.001, 0) }, "0%"},
		{English, "", func(l *Locale) string { return l.Signed(14) + l.Signed(-4) + l.Signed(0) }, "+14−40"},
		{English, "", func(l *Locale) string { return l.Short(9999) }, "9,999"},
		{English, "", func(l *Locale) string { return l.Short(12345) }, "12K"},
		{English, "", func(l *Locale) string { return l.Short(2_000_000) }, "2M"},
		{English, "INR", func(l *Locale) string { return l.Short(312000) }, "3.1L"},
		{Bengali, "", func(l *Locale) string { return l.Short(312000) }, "৩.১ লা"},
		{Spanish, "", func(l *Locale) string { return l.Short(1_200_000) }, "1,2 M"},
		{English, "", func(l *Locale) string { return l.Bytes(512) }, "512\u00a0B"},
		{English, "", func(l *Locale) string { return l.Bytes(4_200_000) }, "4.2\u00a0MB"},
	} {
		if got := c.got(For(c.lang, nil).Home(c.home)); got != c.expected {
			t.Errorf("%s: %q, expected %q", c.lang, got, c.expected)
		}
	}
}

// As Intl.NumberFormat writes them, but for the true minus.
func TestMoney(t *testing.T) {
	for _, c := range []struct {
		lang     Lang
		micros   int64
		currency string
		expected string
	}{
		{English, 312000_000000, "INR", "₹3,12,000"},
		{English, 3022_500000, "INR", "₹3,022.50"},
		{English, 1234567_000000, "USD", "$1,234,567"},
		{English, -1_999999, "USD", "−$2"},
		{English, -4_000, "USD", "$0"},
		{English, 1234_000000, "NPR", "Rs\u00a01,234"},
		{English, 1234_600000, "JPY", "¥1,235"},
		{English, 1_234500, "KWD", "KWD\u00a01.235"},
		{English, 1_234567, "XYZ", "XYZ\u00a01.23"},
		{Hindi, 1234567_500000, "INR", "₹12,34,567.50"},
		{Bengali, 1234567_500000, "BDT", "১২,৩৪,৫৬৭.৫০৳"},
		{Nepali, -1234567_000000, "INR", "−₹\u00a0१२,३४,५६७"},
		{Portuguese, 1234567_500000, "BRL", "R$\u00a01.234.567,50"},
		{Spanish, -1234567_500000, "EUR", "−1.234.567,50\u00a0€"},
		{English, -9223372036854_775808, "EUR", "−€9,223,372,036,854.78"},
	} {
		if got := For(c.lang, nil).Money(c.micros, c.currency); got != c.expected {
			t.Errorf("%s: %q, expected %q", c.lang, got, c.expected)
		}
	}
	if in, out := For(English, nil).Home("INR").Tag(), For(English, nil).Home("EUR").Tag(); in != "en-IN" || out != "en" {
		t.Errorf("tags %q and %q", in, out)
	}
	if got := For(English, nil).MoneyShort(312000_000000, "INR"); got != "₹3.1L" {
		t.Errorf("short: %q", got)
	}
}

func TestDates(t *testing.T) {
	at := time.Date(2026, 9, 3, 22, 5, 0, 0, time.UTC) // the 4th, 03:35, in India
	for lang, expected := range map[Lang][4]string{
		English:    {"4 Sep 2026", "4 Sep 2026, 03:35", "September 2026", "Friday 4 September"},
		Hindi:      {"4 सित॰ 2026", "4 सित॰ 2026, 03:35", "सितंबर 2026", "शुक्रवार, 4 सितंबर"},
		Bengali:    {"৪ সেপ, ২০২৬", "৪ সেপ, ২০২৬, ০৩:৩৫", "সেপ্টেম্বর ২০২৬", "শুক্রবার ৪ সেপ্টেম্বর"},
		Nepali:     {"२०२६ सेप्टेम्बर ४", "२०२६ सेप्टेम्बर ४, ०३:३५", "२०२६ सेप्टेम्बर", "सेप्टेम्बर ४, शुक्रबार"},
		Portuguese: {"4 de set. de 2026", "4 de set. de 2026, 03:35", "setembro de 2026", "sexta-feira, 4 de setembro"},
		Spanish:    {"4 sept 2026", "4 sept 2026, 03:35", "septiembre de 2026", "viernes, 4 de septiembre"},
	} {
		l := For(lang, kolkata)
		if got := [4]string{l.Date(at), l.DateTime(at), l.Month(at), l.WeekdayDate(at)}; got != expected {
			t.Errorf("%s: %q, expected %q", lang, got, expected)
		}
	}
}

func TestAgo(t *testing.T) {
	now := time.Date(2026, 7, 14, 9, 7, 0, 0, time.UTC) // 14:37 in India
	en, hi := For(English, kolkata), For(Hindi, kolkata)
	for _, c := range []struct {
		before time.Duration
		en, hi string
	}{
		{2 * time.Second, "now", "अभी"},
		{-2 * time.Second, "now", "अभी"},
		{12 * time.Second, "12 s", "12 सेकंड पहले"},
		{4*time.Minute + 59*time.Second, "4 min", "4 मिनट पहले"},
		{2 * time.Hour, "12:37", "12:37"},
		{15 * time.Hour, "13 Jul, 23:37", "13 जुल॰, 23:37"},
		{300 * 24 * time.Hour, "17 Sep 2025", "17 सित॰ 2025"},
		{-2 * time.Hour, "16:37", "16:37"},
	} {
		if got := en.Ago(now.Add(-c.before), now); got != c.en {
			t.Errorf("%s ago: %q, expected %q", c.before, got, c.en)
		}
		if got := hi.Ago(now.Add(-c.before), now); got != c.hi {
			t.Errorf("%s ago: %q, expected %q", c.before, got, c.hi)
		}
	}
	for before, expected := range map[time.Duration]string{
		time.Minute: "Today, 14 July", 15 * time.Hour: "Yesterday, 13 July", 48 * time.Hour: "12 July", 400 * 24 * time.Hour: "9 June 2025",
	} {
		if got := en.Day(now.Add(-before), now); got != expected {
			t.Errorf("%s before: %q, expected %q", before, got, expected)
		}
	}
}

func TestDurations(t *testing.T) {
	for d, expected := range map[time.Duration]string{
		0:                        "0\u00a0s",
		420 * time.Millisecond:   "420\u00a0ms",
		12 * time.Second:         "12\u00a0s",
		59*time.Second + 6e8:     "1\u00a0min",
		108 * time.Second:        "1\u00a0min 48\u00a0s",
		3 * time.Hour:            "3\u00a0h",
		25*time.Hour + 7*60*1e9:  "1\u00a0day 1\u00a0h",
		-90 * time.Second:        "1\u00a0min 30\u00a0s",
		48*time.Hour + time.Hour: "2\u00a0days 1\u00a0h",
	} {
		if got := For(English, nil).Duration(d); got != expected {
			t.Errorf("%s: %q, expected %q", d, got, expected)
		}
	}
}

func TestMatch(t *testing.T) {
	for header, expected := range map[string]Lang{
		"": English, "hi-IN,hi;q=0.9,en;q=0.8": Hindi, "bn-BD": Bengali, "ne": Nepali, "pt-PT,pt;q=0.9": Portuguese,
		"es-419": Spanish, "zh-CN": English, "nonsense;;": English, "ja,es;q=0.5": Spanish, "en-IN": English,
	} {
		if got := Match(header); got != expected {
			t.Errorf("%q: %s, expected %s", header, got, expected)
		}
	}
}

func TestPlurals(t *testing.T) {
	for _, c := range []struct {
		lang     Lang
		n        int64
		expected string
	}{
		{English, 0, "other"}, {English, 1, "one"}, {English, 2, "other"}, {English, -1, "one"},
		{Hindi, 0, "one"}, {Bengali, 0, "one"}, {Nepali, 0, "other"}, {Portuguese, 0, "one"}, {Spanish, 0, "other"},
		{Portuguese, 1_000_000, "many"}, {Spanish, 3_000_000, "many"}, {Spanish, 1_000_001, "other"}, {English, 1_000_000, "other"},
	} {
		if got := plural(c.lang, c.n); got != c.expected {
			t.Errorf("%s %d: %s, expected %s", c.lang, c.n, got, c.expected)
		}
	}
}

func TestTexts(t *testing.T) {
	l := For(English, nil)
	for got, expected := range map[string]string{
		l.T("common.save"):                                    "Save",
		l.T("common.count_orders", "N", 1):                    "1 order",
		l.T("common.count_orders", "N", int64(1200)):          "1,200 orders",
		l.T("common.range", "From", 36, "To", "46"):           "36 to 46",
		l.Word("common.channel", "chat"):                      "Chat",
		l.Word("common.channel", "carrier pigeon"):            "carrier pigeon",
		For(Hindi, nil).T("common.of", "Value", 3, "Most", 5): "5 में से 3",
	} {
		if got != expected {
			t.Errorf("%q, expected %q", got, expected)
		}
	}
	for _, broken := range []func(){
		func() { l.T("common.no_such") },
		func() { l.T("common.range", "From", 1) },
	} {
		func() {
			defer func() {
				if recover() == nil {
					t.Error("no panic")
				}
			}()
			broken()
		}()
	}
}

func BenchmarkT(b *testing.B) {
	l := For(English, nil)
	for b.Loop() {
		l.T("common.count_orders", "N", 1200)
	}
}

func TestTextTag(t *testing.T) {
	for _, c := range [][3]string{{"ne", "राम्रो", "ne"}, {"", "राम्रो", "und-Deva"}, {"", "Wow, শাড়ি", "bn"}, {"", "soft", ""}} {
		if got := TextTag(c[0], c[1]); got != c[2] {
			t.Errorf("%s: %q, expected %q", c[1], got, c[2])
		}
	}
}
