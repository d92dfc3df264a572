package customer

import "testing"

func TestMask(t *testing.T) {
	for _, c := range []struct{ kind, value, want string }{
		{Email, "rekha.s@mail.example", "r•••••@mail.example"},
		{Email, "ab@mail.example", "•••••@mail.example"},
		{Email, "ঋতু@mail.example", "ঋ•••••@mail.example"},
		{Email, "no address", "••••••"},
		{Phone, "+919830012345", "+91 98••• •••45"},
		{Phone, "+4722225555", "+47 22•• ••55"},
		{Phone, "not a number", "••••••••"},
		{"telegram", "rekha_s", "rekha_s"},
		{"whatsapp", "+919830012345", "+91 98••• •••45"},
		{"user_id", "rekha.s@mail.example", "r•••••@mail.example"},
		{"user_id", "20418", "20418"},
		{"", "", ""},
	} {
		if got := Mask(c.kind, c.value); got != c.want {
			t.Errorf("Mask(%q, %q) = %q, want %q", c.kind, c.value, got, c.want)
		}
	}
}
