package locale

// pattern is what the Unicode CLDR says of a language. Source: CLDR 48 (ICU 78),
// the locales en (months), en-GB (dates), en-IN (lakhs), hi, bn, ne, pt-BR and es.
type pattern struct {
	name string // of the language, in itself

	zero           rune   // the digit 0; the others follow it
	group, decimal string // signs
	indian         bool   // groups of 3, then of 2
	minGroup       int    // digits before the first group sign that it needs
	percent        string // what follows the number
	compact        []compact

	before, between bool // a currency's sign stands before the number; a space between
	tight           bool // a sign of one character that is no letter stands without that space

	months, shortMonths [12]string
	days, shortDays     [7]string // from Sunday

	// Dates: d day, M month, y year, w weekday; anything else is itself.
	date, dayMonth, longDate, longDayMonth, monthYear, weekdayDate, dateTime string
}

// compact is a unit of short numbers: from this size on, with this word.
type compact struct {
	size float64
	word string
}

var western = []compact{{1e9, "B"}, {1e6, "M"}, {1e3, "K"}}

var patterns = map[Lang]*pattern{
	English: {
		name: "English", zero: '0', group: ",", decimal: ".", percent: "%", compact: western,
		before: true, tight: true,
		months:      [12]string{"January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November", "December"},
		shortMonths: [12]string{"Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"},
		days:        [7]string{"Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"},
		shortDays:   [7]string{"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"},
		date:        "{d} {M} {y}", dayMonth: "{d} {M}", longDate: "{d} {M} {y}", longDayMonth: "{d} {M}", monthYear: "{M} {y}",
		weekdayDate: "{w} {d} {M}", dateTime: "{date}, {time}",
	},
	Hindi: {
		name: "हिन्दी", zero: '0', group: ",", decimal: ".", indian: true, percent: "%",
		compact: []compact{{1e9, " अ॰"}, {1e7, " क॰"}, {1e5, " लाख"}, {1e3, " हज़ार"}},
		before:  true, tight: true,
		months:      [12]string{"जनवरी", "फ़रवरी", "मार्च", "अप्रैल", "मई", "जून", "जुलाई", "अगस्त", "सितंबर", "अक्टूबर", "नवंबर", "दिसंबर"},
		shortMonths: [12]string{"जन॰", "फ़र॰", "मार्च", "अप्रैल", "मई", "जून", "जुल॰", "अग॰", "सित॰", "अक्टू॰", "नव॰", "दिस॰"},
		days:        [7]string{"रविवार", "सोमवार", "मंगलवार", "बुधवार", "गुरुवार", "शुक्रवार", "शनिवार"},
		shortDays:   [7]string{"रवि", "सोम", "मंगल", "बुध", "गुरु", "शुक्र", "शनि"},
		date:        "{d} {M} {y}", dayMonth: "{d} {M}", longDate: "{d} {M} {y}", longDayMonth: "{d} {M}", monthYear: "{M} {y}",
		weekdayDate: "{w}, {d} {M}", dateTime: "{date}, {time}",
	},
	Bengali: {
		name: "বাংলা", zero: '০', group: ",", decimal: ".", indian: true, percent: "%",
		compact: []compact{{1e7, " কো"}, {1e5, " লা"}, {1e3, " হা"}},
		before:  false, tight: true,
		months:      [12]string{"জানুয়ারি", "ফেব্রুয়ারি", "মার্চ", "এপ্রিল", "মে", "জুন", "জুলাই", "আগস্ট", "সেপ্টেম্বর", "অক্টোবর", "নভেম্বর", "ডিসেম্বর"},
		shortMonths: [12]string{"জানু", "ফেব", "মার্চ", "এপ্রি", "মে", "জুন", "জুল", "আগ", "সেপ", "অক্টো", "নভে", "ডিসে"},
		days:        [7]string{"রবিবার", "সোমবার", "মঙ্গলবার", "বুধবার", "বৃহস্পতিবার", "শুক্রবার", "শনিবার"},
		shortDays:   [7]string{"রবি", "সোম", "মঙ্গল", "বুধ", "বৃহস্পতি", "শুক্র", "শনি"},
		date:        "{d} {M}, {y}", dayMonth: "{d} {M}", longDate: "{d} {M}, {y}", longDayMonth: "{d} {M}", monthYear: "{M} {y}",
		weekdayDate: "{w} {d} {M}", dateTime: "{date}, {time}",
	},
	Nepali: {
		name: "नेपाली", zero: '०', group: ",", decimal: ".", indian: true, percent: "%",
		compact: []compact{{1e9, " अरब"}, {1e7, " करोड"}, {1e5, " लाख"}, {1e3, " हजार"}},
		before:  true, between: true,
		months:      [12]string{"जनवरी", "फेब्रुअरी", "मार्च", "अप्रिल", "मे", "जुन", "जुलाई", "अगस्ट", "सेप्टेम्बर", "अक्टोबर", "नोभेम्बर", "डिसेम्बर"},
		shortMonths: [12]string{"जनवरी", "फेब्रुअरी", "मार्च", "अप्रिल", "मे", "जुन", "जुलाई", "अगस्ट", "सेप्टेम्बर", "अक्टोबर", "नोभेम्बर", "डिसेम्बर"},
		days:        [7]string{"आइतबार", "सोमबार", "मङ्गलबार", "बुधबार", "बिहिबार", "शुक्रबार", "शनिबार"},
		shortDays:   [7]string{"आइत", "सोम", "मङ्गल", "बुध", "बिहि", "शुक्र", "शनि"},
		date:        "{y} {M} {d}", dayMonth: "{M} {d}", longDate: "{y} {M} {d}", longDayMonth: "{M} {d}", monthYear: "{y} {M}",
		weekdayDate: "{M} {d}, {w}", dateTime: "{date}, {time}",
	},
	Portuguese: {
		name: "Português", zero: '0', group: ".", decimal: ",", percent: "%",
		compact: []compact{{1e9, " bi"}, {1e6, " mi"}, {1e3, " mil"}},
		before:  true, between: true,
		months:      [12]string{"janeiro", "fevereiro", "março", "abril", "maio", "junho", "julho", "agosto", "setembro", "outubro", "novembro", "dezembro"},
		shortMonths: [12]string{"jan.", "fev.", "mar.", "abr.", "mai.", "jun.", "jul.", "ago.", "set.", "out.", "nov.", "dez."},
		days:        [7]string{"domingo", "segunda-feira", "terça-feira", "quarta-feira", "quinta-feira", "sexta-feira", "sábado"},
		shortDays:   [7]string{"dom.", "seg.", "ter.", "qua.", "qui.", "sex.", "sáb."},
		date:        "{d} de {M} de {y}", dayMonth: "{d} de {M}", longDate: "{d} de {M} de {y}", longDayMonth: "{d} de {M}", monthYear: "{M} de {y}",
		weekdayDate: "{w}, {d} de {M}", dateTime: "{date}, {time}",
	},
	Spanish: {
		name: "Español", zero: '0', group: ".", decimal: ",", minGroup: 2, percent: "\u00a0%",
		compact: []compact{{1e6, " M"}, {1e3, " mil"}},
		before:  false, between: true,
		months:      [12]string{"enero", "febrero", "marzo", "abril", "mayo", "junio", "julio", "agosto", "septiembre", "octubre", "noviembre", "diciembre"},
		shortMonths: [12]string{"ene", "feb", "mar", "abr", "may", "jun", "jul", "ago", "sept", "oct", "nov", "dic"},
		days:        [7]string{"domingo", "lunes", "martes", "miércoles", "jueves", "viernes", "sábado"},
		shortDays:   [7]string{"dom", "lun", "mar", "mié", "jue", "vie", "sáb"},
		date:        "{d} {M} {y}", dayMonth: "{d} {M}", longDate: "{d} de {M} de {y}", longDayMonth: "{d} de {M}", monthYear: "{M} de {y}",
		weekdayDate: "{w}, {d} de {M}", dateTime: "{date}, {time}",
	},
}

// indianEnglish is English where people count in lakhs.
var indianEnglish = func() *pattern {
	p := *patterns[English]
	p.indian = true
	p.compact = []compact{{1e7, "Cr"}, {1e5, "L"}, {1e3, "K"}}
	return &p
}()

// currency is how money of one kind is written.
type currency struct {
	sign   string
	digits int
}

// currencies: the narrow signs of CLDR 48 and the digits of ISO 4217. A currency
// that is not here is written by its code, with two decimals.
var currencies = map[string]currency{
	"INR": {"₹", 2}, "USD": {"$", 2}, "EUR": {"€", 2}, "GBP": {"£", 2}, "BRL": {"R$", 2}, "NPR": {"Rs", 2}, "BDT": {"৳", 2},
	"PKR": {"Rs", 2}, "LKR": {"Rs", 2}, "AUD": {"A$", 2}, "CAD": {"CA$", 2}, "SGD": {"S$", 2}, "MXN": {"MX$", 2}, "ARS": {"ARS", 2},
	"COP": {"COP", 2}, "CLP": {"CLP", 0}, "PEN": {"PEN", 2}, "JPY": {"¥", 0}, "CNY": {"CN¥", 2}, "KRW": {"₩", 0}, "VND": {"₫", 0},
	"PHP": {"₱", 2}, "NGN": {"₦", 2}, "ILS": {"₪", 2}, "UAH": {"₴", 2}, "KZT": {"₸", 2}, "TRY": {"₺", 2}, "PYG": {"₲", 0}, "CRC": {"₡", 2},
	"IDR": {"Rp", 2}, "HUF": {"Ft", 2}, "ISK": {"kr", 0}, "UGX": {"UGX", 0}, "XAF": {"FCFA", 0}, "XOF": {"F CFA", 0}, "RWF": {"RWF", 0},
	"BHD": {"BHD", 3}, "KWD": {"KWD", 3}, "OMR": {"OMR", 3}, "JOD": {"JOD", 3}, "TND": {"TND", 3}, "IQD": {"IQD", 0},
}
