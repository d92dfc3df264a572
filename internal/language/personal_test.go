package language

import (
	"fmt"
	"strings"
	"testing"
	"unicode/utf8"

	"pgregory.net/rapid"
)

// kinds writes the personal data of a text as kind=text.
func kinds(s string) string {
	var out []string
	for _, p := range Personals(s, nil) {
		out = append(out, p.Kind+"="+s[p.From:p.To])
	}
	return strings.Join(out, "; ")
}

func TestPersonals(t *testing.T) {
	for in, want := range map[string]string{
		"": "",
		"write to asha.k+shop@mail.example.in, please": "email=asha.k+shop@mail.example.in",
		"(maria_88@correo.example).":                   "email=maria_88@correo.example",
		"follow @dhvani or a@b":                        "",
		"a@b@c.example":                                "email=b@c.example",
		"pay ravi.k@okaxis or 9876543210@ybl":          "upi=ravi.k@okaxis; upi=9876543210@ybl",
		"my upi id is neha@newbank":                    "upi=neha@newbank",
		"9876543210@anybank":                           "upi=9876543210@anybank",
		"9876543210@x":                                 "",
		"https://example.com/a@b.com/x":                "",
		"see https://u@shop.example/x":                 "",
		"https://shop.example/stop?m=asha@b.com&x":     "email=asha@b.com",
		"https://shop.example/stop/asha@b.com":         "email=asha@b.com",
		// cards
		"card 4111 1111 1111 1111 exp 12/29": "card=4111 1111 1111 1111",
		"5555555555554444":                   "card=5555555555554444",
		"3782-822463-10005":                  "card=3782-822463-10005",
		"4111 1111 1111 1112":                "",
		"order 4111111111111111":             "",
		"४१११ ११११ ११११ ११११":                "card=४१११ ११११ ११११ ११११",
		"আমার কার্ড ৪১১১১১১১১১১১১১১১": "card=৪১১১১১১১১১১১১১১১",
		"30569309025904": "card=30569309025904",
		"36111222000633": "", // a company's CNPJ
		// numbers of states
		"CPF 529.982.247-25":      "cpf=529.982.247-25",
		"meu cpf é 52998224725":   "cpf=52998224725",
		"529.982.247-26":          "",
		"111.111.111-11":          "",
		"CNPJ 11.222.333/0001-81": "",
		"aadhaar 2341 2341 2346":  "aadhaar=2341 2341 2346",
		"234123412346":            "aadhaar=234123412346",
		"234123412347":            "",
		"123412340003":            "",
		"919876543216":            "phone=919876543216", // the check digit is right by chance
		"AWB 234123412346":        "",
		"आधार २३४१ २३४१ २३४६": "aadhaar=२३४१ २३४१ २३४६",
		"PAN ABCPE1234F hai":                 "pan=ABCPE1234F",
		"model ABCXE1234F":                   "",
		"XABCPE1234F":                        "",
		"IBAN ES91 2100 0418 4502 0005 1332": "iban=ES91 2100 0418 4502 0005 1332",
		"GB29NWBK60161331926819 ok":          "iban=GB29NWBK60161331926819",
		"GB29NWBK60161331926818":             "",
		"GB29NWBK60161331926819X":            "",
		"BR1800360305000010009795493C1":      "iban=BR1800360305000010009795493C1",
		// phones
		"call 9876543210 now":   "phone=9876543210",
		"+91 98765 43210":       "phone=+91 98765 43210",
		"(+91) 98765-43210":     "phone=(+91) 98765-43210",
		"919876543210":          "phone=919876543210",
		"098765 43210":          "phone=098765 43210",
		"landline 080-41234567": "phone=080-41234567",
		"९८४१२३४५६७ मा फोन गर्नु": "phone=९८४१२३४५६७",
		"01-4412345":            "phone=01-4412345",
		"977-9841234567":        "phone=977-9841234567",
		"9841234567/9801234567": "phone=9841234567; phone=9801234567",
		"০১৭১২৩৪৫৬৭৮ এ কল দিন": "phone=০১৭১২৩৪৫৬৭৮",
		"01712-345678":                  "phone=01712-345678",
		"+8801712345678":                "phone=+8801712345678",
		"whats (11) 98765-4321":         "phone=(11) 98765-4321",
		"11987654321":                   "phone=11987654321",
		"+55 11 98765-4321":             "phone=+55 11 98765-4321",
		"(21) 2555-1234":                "phone=(21) 2555-1234",
		"mi móvil 612 345 678":          "phone=612 345 678",
		"llámame al 612345678":          "phone=612345678",
		"+34 612 34 56 78":              "phone=+34 612 34 56 78",
		"55 1234 5678":                  "phone=55 1234 5678",
		"+54 9 11 2345-6789":            "phone=+54 9 11 2345-6789",
		"(212) 555-0142, 212-555-0142":  "phone=(212) 555-0142; phone=212-555-0142",
		"+1 212.555.0142":               "phone=+1 212.555.0142",
		"07700 900123 or 020 7946 0958": "phone=07700 900123; phone=020 7946 0958",
		"+44 (0)20 7946 0958":           "phone=+44 (0)20 7946 0958",
		"https://wa.me/919876543210":    "phone=919876543210",
		// none of these
		"order 9876543210":                   "",
		"order no. 9876543210":               "",
		"ऑर्डर नंबर 9876543210":              "",
		"pedido nº 11987654321":              "",
		"#9876543210":                        "",
		"Rs. 9876543210":                     "",
		"₹ 9876543210":                       "",
		"on 12-05-2024 at 10:30, 2024-05-12": "",
		"BR557812349BR stuck":                "",
		"https://x.example/o/9876543210":     "",
		"40-118823 and 55120934":             "",
		"sizes 34 36 38 40 42":               "",
		"R$ 1.340,00 for 2 x 670,00":         "",
		"98765432101234567890123":            "",
		"0800 123 4567":                      "",
		"9876543210.55":                      "",
		// addresses
		"moro na Rua das Flores, 123, apto 45, Centro":                       "address=Rua das Flores, 123, apto 45",
		"rua das flores, 123":                                                "address=rua das flores, 123",
		"Av. Paulista 1578 perto do metrô":                                   "address=Av. Paulista 1578",
		"Rua das Flores, 123, ap 45, São Paulo, 01310-100":                   "address=Rua das Flores, 123, ap 45, São Paulo, 01310-100",
		"Rua do Sol, 9 - Centro - Rio/RJ - CEP 20031-050, ok":                "address=Rua do Sol, 9 - Centro - Rio/RJ - CEP 20031-050",
		"Calle Mayor 5, 28013 Madrid":                                        "address=Calle Mayor 5, 28013 Madrid",
		"vivo en Calle Mayor 5, 28701 San Sebastián de los Reyes y no llega": "address=Calle Mayor 5, 28701 San Sebastián de los Reyes",
		"Av. Reforma 222, Col. Juárez, 06600 México":                         "address=Av. Reforma 222, Col. Juárez, 06600 México",
		"Calle Mayor 5, Pedido 28013":                                        "address=Calle Mayor 5",
		"Calle Mayor 5, pagué 28013 pesos":                                   "address=Calle Mayor 5",
		"Rua das Flores, 123, São Paulo, dia 12":                             "address=Rua das Flores, 123",
		"CEP 01310-100":                                        "address=CEP 01310-100",
		"Calle Mayor 12, 3º B":                                 "address=Calle Mayor 12",
		"I live at 221B Baker Street, London":                  "address=221B Baker Street",
		"Flat 302, Sai Residency, MG Road, Pune 411001 please": "address=Flat 302, Sai Residency, MG Road, Pune 411001",
		"house no 12, road 5, Dhanmondi":                       "address=house no 12, road 5",
		"बাড়ি ১২":                                             "",
		"বাসা ১২, রোড ৫, ধানমন্ডি":                             "address=বাসা ১২, রোড ৫",
		"Gandhi Nagar, Bengaluru, PIN 560001":                  "address=Gandhi Nagar, Bengaluru, PIN 560001",
		"pin code 713101 likhle delivery hoy na":               "",
		"la Plaza de Armas cuesta 35 soles":                    "",
		"costó 10 CUC. Para volver":                            "",
		"mile 70 70 70 70 70 ota":                              "",
		"rua das flores, 3 dias depois":                        "",
		"stuck on MG Road 560001":                              "",
		"order 22 Ngong Rd":                                    "",
		"na rua, 3 dias depois":                                "",
		"rua onde moro tem 2 buracos":                          "",
		"2 km road pe":                                         "",
		"la calle estaba cortada 2 horas":                      "",
		"flat 50% off on all":                                  "",
		"house of 3 rooms near the road":                       "",
	} {
		if got := kinds(in); got != want {
			t.Errorf("%q: %q, want %q", in, got, want)
		}
	}
}

func TestMask(t *testing.T) {
	s := "Sou a Ana, CPF 529.982.247-25, (11) 98765-4321 ou ana@mail.example!"
	if got, want := Mask(s, Personals(s, nil)), "Sou a Ana, CPF [cpf], [phone] ou [email]!"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
	if got := Mask("nothing", nil); got != "nothing" {
		t.Error(got)
	}
}

// Any number with the right check digits is found, any with one digit wrong is not.
func TestCheckDigits(t *testing.T) {
	digit := rapid.IntRange(0, 9)
	rapid.Check(t, func(rt *rapid.T) {
		v := []byte{4}
		for len(v) < 15 {
			v = append(v, byte(digit.Draw(rt, "digit")))
		}
		for c := range byte(10) {
			if luhn(append(v[:15:15], c)) {
				v = append(v, c)
				break
			}
		}
		show := func(v []byte) (s string) {
			for i, d := range v {
				if i > 0 && i%4 == 0 {
					s += " "
				}
				s += fmt.Sprint(d)
			}
			return s
		}
		if s := show(v); kinds("c: "+s+".") != "card="+s {
			rt.Fatalf("%s is not found", s)
		}
		v[1+digit.Draw(rt, "place")] += 1
		for i := range v {
			v[i] %= 10
		}
		if s := show(v); strings.Contains(kinds(s), "card") {
			rt.Fatalf("%s is found", s)
		}
	})
}

// Spans are in order, within the text and on the edges of letters, and what they
// say is true of the text alone.
func checkPersonal(t interface{ Fatalf(string, ...any) }, s string) {
	at := 0
	found := Personals(s, nil)
	for _, p := range found {
		if p.From < at || p.To <= p.From || p.To > len(s) {
			t.Fatalf("%q: %+v", s, found)
		}
		if utf8.ValidString(s) && (!utf8.RuneStart(s[p.From]) || p.To < len(s) && !utf8.RuneStart(s[p.To])) {
			t.Fatalf("%q: %+v cuts a letter", s, p)
		}
		at = p.To
	}
	Mask(s, found)
}

func FuzzPersonals(f *testing.F) {
	for _, s := range []string{"a@b.example 4111 1111 1111 1111", "Rua X, 123 CEP 01310-100", "+91 (98765) 43210/৯৮", "ES91 2100 0418 4502 0005 1332", "Flat 3, MG Road 560001", "1@2@३३३.४\xe0\xa5"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) { checkPersonal(t, s) })
}

func TestPersonalsOfPieces(t *testing.T) {
	pieces := rapid.SampledFrom([]string{"@", ".", "-", " ", "(", ")", "+", ",", "#", "\n", "a", "B", "é", "no", "order", "rua ", "Flat ", "Road", "CEP ", "PIN ", "ybl", "0", "1", "9", "98765", "43210", "4111", "1111", "९", "১", "\xe0", "\xff", "\u00a0", "।"})
	rapid.Check(t, func(rt *rapid.T) {
		checkPersonal(rt, strings.Join(rapid.SliceOfN(pieces, 0, 40).Draw(rt, "pieces"), ""))
	})
}

func BenchmarkPersonals(b *testing.B) {
	for name, s := range map[string]string{
		"none":       "The delivery was very late and the box arrived crushed, but the saree itself is lovely and the shop answered quickly",
		"devanagari": "डिलीवरी बहुत देर से हुई और डिब्बा टूटा हुआ आया लेकिन साड़ी बहुत सुंदर है और दुकान ने जल्दी जवाब दिया धन्यवाद आपका",
		"numbers":    "The delivery was 12 days late and the box of 2 pieces arrived crushed, Rs 1,299 gone, order 55120934 but nice",
		"all":        "ana@mail.example, (11) 98765-4321, CPF 529.982.247-25, 4111 1111 1111 1111, Rua das Flores, 123",
	} {
		b.Run(name, func(b *testing.B) {
			var out []Personal
			b.ReportAllocs()
			for b.Loop() {
				out = Personals(s, out[:0])
			}
		})
	}
}

// Hostile texts take time in proportion to their length: see the time a byte.
func BenchmarkPersonalsHostile(b *testing.B) {
	for name, s := range map[string]string{"at": "a@", "digits": "9", "spaced": "9 ", "street": "Rua ", "house": "flat 1 ", "pin": "Road, 560001 ", "letters": "ES91 "} {
		s = strings.Repeat(s, 1<<16)
		b.Run(name, func(b *testing.B) {
			var out []Personal
			b.SetBytes(int64(len(s)))
			for b.Loop() {
				out = Personals(s, out[:0])
			}
		})
	}
}
