package customer

import (
	"testing"

	"github.com/dhvani/dhvani/internal/event"
)

// Profiles lead to the customer that they belong to; who is not known is left out.
func TestWhose(t *testing.T) {
	eachShop(t, func(t *testing.T, s *shop) {
		s.send(identify("u", "a", `{"name":"Rekha"}`), track("", "alone", "Product Viewed", `{}`))
		got, err := s.Whose(t.Context(), workspace, []event.ID{user("u"), anon("a"), anon("alone"), user("nobody")})
		if err != nil {
			t.Fatal(err)
		}
		if len(got) != 3 || got[user("u")] != got[anon("a")] || got[anon("alone")] == got[anon("a")] {
			t.Errorf("%v", got)
		}
		if c, err := event.ParseID(s.get(user("u")).ID); err != nil || got[anon("a")] != c {
			t.Errorf("%v is not %v (%v)", got[anon("a")], c, err)
		}
		if none, err := s.Whose(t.Context(), workspace, nil); err != nil || len(none) != 0 {
			t.Errorf("%v, %v", none, err)
		}
	})
}
