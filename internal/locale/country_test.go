package locale

import "testing"

func TestCountry(t *testing.T) {
	for _, c := range []struct {
		lang       Lang
		code, want string
	}{
		{English, "IN", "India"}, {Hindi, "IN", "भारत"}, {"bn", "BD", "বাংলাদেশ"}, {"ne", "NP", "नेपाल"}, {"pt-BR", "DE", "Alemanha"}, {"es", "BR", "Brasil"},
		{English, "Narnia", "Narnia"}, {English, "ZZZ", "ZZZ"}, {English, "", ""}, {English, "419", "419"},
	} {
		if got := For(c.lang, nil).Country(c.code); got != c.want {
			t.Errorf("%s in %s is %q, want %q", c.code, c.lang, got, c.want)
		}
	}
}
