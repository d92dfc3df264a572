package customer

import (
	"errors"
	"fmt"
	"testing"

	"github.com/dhvani/dhvani/internal/db/dbtest"
	"github.com/dhvani/dhvani/internal/event"
)

func TestAnonymousFollowsItsEarliestUser(t *testing.T) {
	eachShop(t, func(t *testing.T, s *shop) {
		at := func(e event.Event, sec int64) event.Event { e.At = start + sec*1_000_000; return e }
		s.send(at(track("", "a", "x", ""), 1), at(identify("u1", "a", `{}`), 20), at(identify("u2", "a", `{}`), 30))
		if !s.same(anon("a"), user("u1")) || s.same(user("u1"), user("u2")) {
			t.Error("the first user to identify does not own the visitor")
		}
		s.send(at(track("u2", "a", "x", ""), 10)) // late, and earlier than both
		if !s.same(anon("a"), user("u2")) {
			t.Error("a late link that is earlier does not count")
		}
		s.send(at(alias("u3", "a"), 5)) // from a browser
		if !s.same(anon("a"), user("u3")) {
			t.Error("an alias does not link the anonymous id")
		}
	})
}

// Anybody with the write key can claim to have been there first.
func TestVerifiedLinkComesBeforeClaims(t *testing.T) {
	eachShop(t, func(t *testing.T, s *shop) {
		at := func(e event.Event, sec int64) event.Event { e.At = start + sec*1_000_000; return e }
		s.send(at(track("", "a", "Cart Viewed", ""), 40), at(identify("thief", "a", ""), 10))
		if !s.same(anon("a"), user("thief")) {
			t.Fatal("a claim alone does not link")
		}
		s.send(at(verified(identify("u", "a", "")), 50))
		s.send(at(alias("thief", "a"), 1), at(identify("u", "a", ""), 5))
		if !s.same(anon("a"), user("u")) {
			t.Error("a claim takes a visitor from the user that the server linked")
		}
		s.send(at(verified(track("v", "a", "Cart Viewed", "")), 45))
		if !s.same(anon("a"), user("v")) {
			t.Error("of two that are vouched for the earlier does not stand")
		}
	})
}

func TestKnownCustomersJoinOnlyByVerifiedIdentifiers(t *testing.T) {
	mail := `{"email":"a@b.c"}`
	for name, c := range map[string]struct {
		events []event.Event
		same   bool
	}{
		"claimed by both":            {[]event.Event{identify("u1", "", mail), identify("u2", "", mail)}, false},
		"verified by one":            {[]event.Event{verified(identify("u1", "", mail)), identify("u2", "", mail)}, false},
		"verified by both":           {[]event.Event{verified(identify("u1", "", mail)), verified(identify("u2", "", mail))}, true},
		"verified later":             {[]event.Event{identify("u1", "", mail), verified(identify("u2", "", mail)), verified(identify("u1", "", mail))}, true},
		"signed user":                {[]event.Event{verified(identify("u1", "", mail)), {Type: event.Identify, UserID: "u2", Traits: mail, Flags: event.SignedUser}}, false},
		"alias from a browser":       {[]event.Event{track("u1", "", "x", ""), alias("u2", "u1")}, false},
		"verified alias":             {[]event.Event{track("u1", "", "x", ""), verified(alias("u2", "u1"))}, true},
		"alias before its user":      {[]event.Event{verified(alias("u2", "u1")), track("u1", "", "x", "")}, true},
		"on a visitor that follows":  {[]event.Event{verified(identify("", "a", mail)), track("u1", "a", "x", ""), verified(identify("u2", "", mail))}, true},
		"visitor that follows later": {[]event.Event{verified(identify("", "a", mail)), verified(identify("u2", "", mail)), track("u1", "a", "x", "")}, true},
		"through a handle":           {[]event.Event{verified(identify("u1", "", `{"whatsapp":"49301"}`)), verified(track("u2", "", "Social Mention", `{"network":"WhatsApp","handle":"49301"}`))}, true},
		"shared anonymous id":        {[]event.Event{identify("u1", "a", `{}`), identify("u2", "a", `{}`)}, false},
	} {
		t.Run(name, func(t *testing.T) {
			eachShop(t, func(t *testing.T, s *shop) {
				for _, e := range c.events {
					s.send(e)
				}
				if got := s.same(user("u1"), user("u2")); got != c.same {
					t.Errorf("same customer: %v", got)
				}
				all, err := s.Suggestions(ctx, workspace, event.ID{}, "", 10)
				if err != nil {
					t.Fatal(err)
				}
				if want := !c.same && name != "shared anonymous id"; (len(all.Items) == 1) != want {
					t.Errorf("suggestions %+v", all)
				}
			})
		})
	}
}

// A visitor whose verified address joined its user with another takes the join
// along when it turns out to be somebody else's.
func TestJoinMovesWithTheVisitor(t *testing.T) {
	s := newShop(t, dbtest.SQLite(t))
	for i := range 8 { // whichever of the ids is the smaller
		u1, u2, u3, a := fmt.Sprint("x", i), fmt.Sprint("y", i), fmt.Sprint("z", i), fmt.Sprint("a", i)
		mail := fmt.Sprintf(`{"email":"m%d@x.y"}`, i)
		s.send(verified(identify("", a, mail)), identify(u1, a, "{}"), verified(identify(u3, "", mail)), track(u2, "", "x", ""))
		if !s.same(user(u1), user(u3)) {
			t.Fatal("not joined")
		}
		early := identify(u2, a, "{}")
		early.At = start
		s.send(early)
		if s.same(user(u1), user(u3)) || s.same(user(u1), user(u2)) || !s.same(user(u2), user(u3)) || s.get(user(u1)).ID != user(u1).String() {
			t.Error("the join stayed behind")
		}
	}
}

func TestSharedIdentifierJoinsNobody(t *testing.T) {
	eachShop(t, func(t *testing.T, s *shop) {
		till := func(i int) event.Event {
			return verified(identify(fmt.Sprint("u", i), "", `{"email":"till@shop.example"}`))
		}
		for i := range maxHolders {
			s.send(till(i))
		}
		if !s.same(user("u0"), user("u24")) {
			t.Fatal("25 holders are not joined")
		}
		s.send(till(25), till(26))
		for i := range 27 {
			if c := s.get(user(fmt.Sprint("u", i))); len(c.Profiles) != 1 || len(c.Merges) != 0 {
				t.Fatalf("u%d is still joined: %d profiles", i, len(c.Profiles))
			}
		}
		if all, err := s.Suggestions(ctx, workspace, event.ID{}, "", 10); err != nil || len(all.Items) != 0 {
			t.Error(err, all)
		}
	})
}

// staff applies what a method of the Store decided.
func (s *shop) staff(e event.Event, err error) {
	s.t.Helper()
	if err != nil {
		s.t.Fatal(err)
	}
	s.send(e)
}

func TestUnmergeGivesBack(t *testing.T) {
	eachShop(t, func(t *testing.T, s *shop) {
		s.send(verified(identify("u1", "a1", `{"email":"a@b.c","name":"One"}`)), track("", "a1", "Cart Viewed", ""))
		s.send(verified(identify("u2", "a2", `{"email":"a@b.c","name":"Two"}`)), track("", "a2", "Product Viewed", `{"name":"Mug"}`))
		before := names(s.get(user("u1")))
		s.staff(s.Unmerge(ctx, workspace, anon("a2"), event.ID{}, "acc", start+100_000_000))
		one, two := s.get(user("u1")), s.get(user("u2"))
		if got := names(one); got != "user_id:u1! email:a@b.c! anonymous_id:a1" {
			t.Error(got)
		}
		if got := names(two); got != "user_id:u2! email:a@b.c! anonymous_id:a2" || string(two.Traits["name"]) != `"Two"` || string(one.Traits["name"]) != `"One"` {
			t.Error(got, two.Traits, one.Traits)
		}
		line, err := s.Timeline(ctx, workspace, user("u2"), "", 10, TimelineFilter{})
		if err != nil || len(line.Items) != 3 || line.Items[0].Kind != "staff" || line.Items[1].Summary != "Viewed Mug" {
			t.Error(err, line)
		}
		s.send(verified(identify("u2", "", `{"email":"a@b.c"}`)))
		if s.same(user("u1"), user("u2")) {
			t.Error("joined again by what had joined them")
		}
		if _, err := s.Unmerge(ctx, workspace, user("u1"), user("u1"), "acc", start); !errors.Is(err, ErrNoMerge) {
			t.Error(err)
		}
		s.staff(s.Merge(ctx, workspace, user("u2"), user("u1"), "acc", start+200_000_000))
		c := s.get(user("u1"))
		if names(c) != before || c.Merges[0].Kind != staffKind || c.Merges[0].By != "acc" {
			t.Error(names(c), c.Merges)
		}
		if _, err := s.Merge(ctx, workspace, user("u2"), user("u1"), "acc", start); !errors.Is(err, ErrInvalid) {
			t.Error(err)
		}
	})
}

func TestUnmergeOfALink(t *testing.T) {
	eachShop(t, func(t *testing.T, s *shop) {
		s.send(identify("u", "a", `{}`), track("", "a", "x", ""), identify("u2", "a", `{}`))
		s.staff(s.Unmerge(ctx, workspace, user("u"), anon("a"), "acc", start+50_000_000))
		if !s.same(anon("a"), user("u2")) {
			t.Error("the visitor does not go to the next user")
		}
		s.staff(s.Unmerge(ctx, workspace, user("u2"), event.ID{}, "acc", start+60_000_000))
		if c := s.get(anon("a")); c.ID != anon("a").String() {
			t.Error("the visitor is not on its own")
		}
		s.staff(s.Merge(ctx, workspace, anon("a"), user("u"), "acc", start+70_000_000))
		if c := s.get(anon("a")); c.ID != user("u").String() || c.Merges[0].Kind != staffKind {
			t.Error("staff could not give the visitor back", c.Merges)
		}
		if _, err := s.Unmerge(ctx, workspace, user("u2"), event.ID{}, "acc", start); !errors.Is(err, ErrNoMerge) {
			t.Error(err)
		}
		if _, err := s.Unmerge(ctx, workspace, user("u"), user("u2"), "acc", start); !errors.Is(err, ErrNotFound) {
			t.Error(err)
		}
	})
}

func TestUnmergeInTheMiddle(t *testing.T) {
	s := newShop(t, dbtest.SQLite(t))
	s.send(verified(identify("u1", "", `{"emails":["a@x.y"]}`)), verified(identify("u2", "", `{"emails":["a@x.y","b@x.y"]}`)),
		verified(identify("u3", "", `{"emails":["b@x.y","c@x.y"]}`)), verified(identify("u4", "", `{"emails":["c@x.y"]}`)))
	c := s.get(user("u1"))
	if len(c.Profiles) != 4 || len(c.Merges) != 3 {
		t.Fatal(len(c.Profiles), c.Merges)
	}
	id, _ := event.ParseID(c.Merges[1].ID) // by b@x.y
	s.staff(s.Unmerge(ctx, workspace, user("u4"), id, "acc", start+90_000_000))
	if !s.same(user("u1"), user("u2")) || !s.same(user("u3"), user("u4")) || s.same(user("u2"), user("u3")) {
		t.Error("the wrong sides")
	}
	s.send(verified(identify("u5", "", `{"emails":["a@x.y","c@x.y"]}`))) // would join both sides again
	if s.same(user("u2"), user("u3")) {
		t.Error("joined through a third")
	}
	page, err := s.Suggestions(ctx, workspace, user("u5"), "", 10)
	if err != nil || len(page.Items) != 0 {
		t.Error("a refused join is suggested", err, page)
	}
}

func TestSuggestions(t *testing.T) {
	eachShop(t, func(t *testing.T, s *shop) {
		for i := range 6 { // three pairs
			s.send(identify(fmt.Sprint("u", i), "", fmt.Sprintf(`{"email":"m%d@x.y","name":"n"}`, i/2)))
		}
		s.send(identify("", "v", `{"email":"own@x.y"}`), identify("u0", "v", `{"email":"own@x.y"}`)) // one customer already
		var seen []string
		cursor := ""
		for {
			page, err := s.Suggestions(ctx, workspace, event.ID{}, cursor, 1)
			if err != nil {
				t.Fatal(err)
			}
			for _, g := range page.Items {
				seen = append(seen, g.Evidence.Value)
			}
			if cursor = page.Next; cursor == "" {
				break
			}
		}
		if fmt.Sprint(seen) != "[m0@x.y m1@x.y m2@x.y]" {
			t.Error(seen)
		}
		s.staff(s.Refuse(ctx, workspace, user("u0"), user("u1"), "acc", start+90_000_000))
		s.staff(s.Merge(ctx, workspace, user("u2"), user("u3"), "acc", start+91_000_000))
		page, err := s.Suggestions(ctx, workspace, event.ID{}, "", 9)
		if err != nil || len(page.Items) != 1 || page.Items[0].Evidence.Value != "m2@x.y" {
			t.Error(err, page)
		}
		if page, err = s.Suggestions(ctx, workspace, user("u0"), "", 9); err != nil || len(page.Items) != 0 {
			t.Error(err, page)
		}
		if _, err = s.Suggestions(ctx, workspace, event.ID{}, "?", 9); !errors.Is(err, ErrInvalid) {
			t.Error(err)
		}
		s.send(verified(identify("u0", "", `{"email":"m0@x.y"}`)), verified(identify("u1", "", `{"email":"m0@x.y"}`)))
		if s.same(user("u0"), user("u1")) {
			t.Error("refused and joined nevertheless")
		}
	})
}
