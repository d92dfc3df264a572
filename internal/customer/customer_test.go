package customer

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/dhvani/dhvani/internal/archive"
	"github.com/dhvani/dhvani/internal/db"
	"github.com/dhvani/dhvani/internal/db/dbtest"
	"github.com/dhvani/dhvani/internal/event"
)

func TestMain(m *testing.M) { dbtest.Main(m) }

var ctx = context.Background()

const (
	workspace = 7
	model     = 70
	start     = 1_760_000_000_000_000 // microseconds
)

// shop is a database with one workspace, in Germany.
type shop struct {
	t testing.TB
	*Store
	sent       int
	perSegment uint64 // events in a segment of the archive: few, so that a timeline spans several
}

func newShop(t testing.TB, d *db.DB) *shop {
	t.Helper()
	err := d.Update(ctx, func(tx *db.Tx) error {
		_, err := tx.Exec(ctx, `INSERT INTO workspace (number, id, name, model, country, identity_secret, created_at)
			VALUES ($1, 'w', 'Shop', $2, 'de', $3, 0)`, workspace, model, []byte{1})
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return &shop{t: t, Store: &Store{DB: d}, perSegment: 50}
}

// eachShop runs a test on a fresh shop in each database.
func eachShop(t *testing.T, f func(t *testing.T, s *shop)) {
	dbtest.Run(t, func(t *testing.T, d *db.DB) { f(t, newShop(t, d)) })
}

// send applies events in one batch, as they are stored by the process.
func (s *shop) send(events ...event.Event) {
	s.t.Helper()
	for i := range events {
		e := &events[i]
		s.sent++
		e.Workspace, e.Model, e.Position = workspace, model, event.NewPosition(0, uint64(s.sent), 0)
		if e.MessageID == "" {
			e.MessageID = fmt.Sprint("m", s.sent)
		}
		if e.Source == "" {
			e.Source = "segment"
		}
		if e.At == 0 {
			e.At = start + int64(s.sent)*1_000_000
		}
	}
	err := s.DB.Update(ctx, func(tx *db.Tx) error {
		if err := s.archive(tx, events); err != nil {
			return err
		}
		return Stage{}.Apply(ctx, tx, &event.Batch{Events: events})
	})
	if err != nil {
		s.t.Fatal(err)
	}
}

func (s *shop) archive(tx *db.Tx, events []event.Event) error {
	for segment, some := range bySegment(events, s.perSegment) {
		if err := archive.Insert(ctx, tx, segment, some); err != nil {
			return err
		}
	}
	return nil
}

func bySegment(events []event.Event, each uint64) map[int64][]event.Event {
	out := map[int64][]event.Event{}
	for _, e := range events {
		segment := int64(e.Position.Sequence() / each)
		out[segment] = append(out[segment], e)
	}
	return out
}

func user(id string) event.ID { return event.ProfileID(workspace, event.UserProfile, id) }
func anon(id string) event.ID { return event.ProfileID(workspace, event.AnonymousProfile, id) }

func identify(u, a, traits string) event.Event {
	return event.Event{Type: event.Identify, UserID: u, AnonymousID: a, Traits: traits}
}

func track(u, a, name, properties string) event.Event {
	return event.Event{Type: event.Track, UserID: u, AnonymousID: a, Name: name, Properties: properties}
}

func alias(u, previous string) event.Event {
	return event.Event{Type: event.Alias, UserID: u, PreviousID: previous}
}

func verified(e event.Event) event.Event {
	e.Flags |= event.Verified
	return e
}

func (s *shop) get(id event.ID) Customer {
	s.t.Helper()
	c, err := s.Get(ctx, workspace, id)
	if err != nil {
		s.t.Fatal(err)
	}
	return c
}

// same reports whether two profiles are one customer.
func (s *shop) same(a, b event.ID) bool {
	s.t.Helper()
	return s.get(a).ID == s.get(b).ID
}

func names(c Customer) string {
	var out []string
	for _, i := range c.Identifiers {
		v := i.Kind + ":" + i.Value
		if i.Verified {
			v += "!"
		}
		out = append(out, v)
	}
	return strings.Join(out, " ")
}

func TestCustomerIsPutTogether(t *testing.T) {
	eachShop(t, func(t *testing.T, s *shop) {
		s.send(
			event.Event{Type: event.Page, AnonymousID: "a1", Name: "Home", At: start,
				Context: `{"consent":{"categoryPreferences":{"Analytics":true,"Advertising":true}}}`},
			identify("u1", "a1", `{"email":" Ada@Example.org","phone":"030 901820","name":"Ada","plan":"free","telegram":"@AdaL","phones":["+44 20 7946 0958","12"],"emails":["ada@work.example","no"],"id":"u2"}`),
		)
		s.send(verified(identify("u1", "", `{"email":"ada@example.org","plan":"gold"}`)))
		s.send(track("", "a1", "Checkout Started", `{"email":"guest@example.org","phone":"+4930901821"}`),
			track("u1", "", "Social Mention", `{"network":"Twitter","author_handle":"@Ada"}`))
		c := s.get(anon("a1"))
		want := "user_id:u1! email:ada@example.org! email:ada@work.example email:guest@example.org phone:+442079460958 phone:+4930901820 phone:+4930901821 telegram:adal x:ada anonymous_id:a1"
		if got := names(c); got != want {
			t.Errorf("identifiers\n got %s\nwant %s", got, want)
		}
		if c.ID != user("u1").String() || c.Events != 5 || c.FirstSeen != event.FormatTime(start) || c.LastSeen != event.FormatTime(start+5_000_000) {
			t.Errorf("%s %d %s %s", c.ID, c.Events, c.FirstSeen, c.LastSeen)
		}
		if string(c.Traits["plan"]) != `"gold"` || string(c.Traits["name"]) != `"Ada"` || string(c.Traits["id"]) != `"u2"` {
			t.Errorf("traits %s", c.Traits)
		}
		for _, src := range c.TraitSources {
			if want := map[string]string{"plan": "segment/server", "name": "segment/browser"}[src.Name]; want != "" && src.Source != want {
				t.Errorf("%s comes from %s", src.Name, src.Source)
			}
		}
		if diff := cmp.Diff(map[string]bool{Analytics: true, Marketing: true}, c.Consent); diff != "" {
			t.Error(diff)
		}
		if len(c.Merges) != 1 || c.Merges[0].Kind != linkKind || len(c.Profiles) != 2 {
			t.Errorf("%+v %+v", c.Merges, c.Profiles)
		}
		for kind, value := range map[string]string{"user_id": "u1", "anonymous_id": "a1", "email": "ADA@example.org", "phone": "(030) 901820", "telegram": "adal", "twitter": "@ADA"} {
			if found, err := s.Find(ctx, workspace, kind, value); err != nil || len(found) != 1 || found[0].ID != c.ID {
				t.Errorf("find %s: %v %v", kind, err, found)
			}
		}
		if found, err := s.Find(ctx, workspace, "user_id", "u2"); err != nil || len(found) != 0 {
			t.Error("a trait named id counts as an identifier", err)
		}
		if _, err := s.Find(ctx, workspace, "email", "nobody"); !errors.Is(err, ErrInvalid) {
			t.Error(err)
		}
		if _, err := s.Get(ctx, workspace, user("nobody")); !errors.Is(err, ErrNotFound) {
			t.Error(err)
		}
	})
}

func TestTraitsLastWriteByEventTime(t *testing.T) {
	eachShop(t, func(t *testing.T, s *shop) {
		at := func(e event.Event, sec int64) event.Event { e.At = start + sec*1_000_000; return e }
		s.send(at(identify("u", "a", `{"size":"M","gone":1,"kept":{"x":[1,2]}}`), 10))
		s.send(at(identify("u", "", `{"size":"L","gone":null}`), 30))
		s.send(at(identify("u", "", `{"size":"S","gone":2}`), 20)) // late
		s.send(at(identify("", "a", `{"size":"XL","other":true}`), 25))
		c := s.get(user("u"))
		got := fmt.Sprintf("%s", c.Traits)
		if want := fmt.Sprintf("%s", map[string]string{"size": `"L"`, "kept": `{"x":[1,2]}`, "other": "true"}); got != want {
			t.Errorf("got %s want %s", got, want)
		}
	})
}

func TestTraitLimits(t *testing.T) {
	eachShop(t, func(t *testing.T, s *shop) {
		traits := func(from, to int) string {
			var parts []string
			for i := from; i < to; i++ {
				parts = append(parts, fmt.Sprintf(`"t%03d":%d`, i, i))
			}
			return "{" + strings.Join(parts, ",") + "}"
		}
		s.send(identify("u", "", traits(100, 350)))
		s.send(identify("u", "", traits(0, 50)), identify("u", "", `{"big":"`+strings.Repeat("x", maxTraitValue)+`"}`))
		c := s.get(user("u"))
		if len(c.Traits) != maxTraits || c.Traits["t000"] == nil || c.Traits["t249"] == nil || c.Traits["t250"] != nil || c.Traits["big"] != nil {
			t.Errorf("%d traits", len(c.Traits))
		}
	})
}

func TestConsent(t *testing.T) {
	with := func(preferences string) string { return `{"consent":{"categoryPreferences":` + preferences + `}}` }
	for name, c := range map[string]struct {
		events []event.Event
		want   map[string]bool
	}{
		"synonyms":       {[]event.Event{{Context: with(`{"Targeting":false,"C0002":true,"Strictly Necessary":true,"unknown":true}`)}}, map[string]bool{Marketing: false, Analytics: true, Necessary: true}},
		"consent mode":   {[]event.Event{{Context: with(`{"ad_storage":"granted","ad_user_data":"denied","analytics_storage":"granted"}`)}}, map[string]bool{Marketing: false, Analytics: true}},
		"empty denies":   {[]event.Event{{Context: with(`{}`)}}, map[string]bool{Necessary: true, Analytics: false, Personalisation: false, Marketing: false}},
		"last stated":    {[]event.Event{{Context: with(`{"Marketing":true}`), At: 20}, {Context: with(`{"Marketing":false}`), At: 10}}, map[string]bool{Marketing: true}},
		"denial at tie":  {[]event.Event{{Context: with(`{"Marketing":true}`), At: 20}, {Context: with(`{"Marketing":false}`), At: 20}}, map[string]bool{Marketing: false}},
		"gpc":            {[]event.Event{{Context: `{"gpc":true}`}}, map[string]bool{Marketing: false}},
		"elsewhere":      {[]event.Event{{Context: `{"page":{"consent":{"categoryPreferences":{}}}}`}}, map[string]bool{}},
		"not an object":  {[]event.Event{{Context: `{"consent":"yes"}`}, {Context: with(`[1]`)}}, map[string]bool{}},
		"preference set": {[]event.Event{{Name: "Segment Consent Preference Updated", Properties: `{"consent":{"categoryPreferences":{"Functional":true}}}`}}, map[string]bool{Personalisation: true}},
	} {
		t.Run(name, func(t *testing.T) {
			s := newShop(t, dbtest.SQLite(t))
			for _, e := range c.events {
				e.Type, e.UserID = event.Track, "u"
				if e.Name == "" {
					e.Name = "x"
				}
				s.send(e)
			}
			if diff := cmp.Diff(c.want, s.get(user("u")).Consent); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestOptOutOutlivesConsent(t *testing.T) {
	eachShop(t, func(t *testing.T, s *shop) {
		s.send(track("u", "", "Unsubscribed", "{}"), track("u", "", "Email Marked as Spam", "{}"))
		e := track("u", "", "x", "")
		e.Context = `{"consent":{"categoryPreferences":{"Marketing":true}}}`
		s.send(e)
		c := s.get(user("u"))
		if diff := cmp.Diff([]OptOut{{Email, event.FormatTime(start + 2_000_000)}}, c.OptOuts); diff != "" || !c.Consent[Marketing] {
			t.Error(diff, c.Consent)
		}
	})
}

func TestNormalIdentifiers(t *testing.T) {
	for _, c := range [][3]string{
		{Email, " A@B.c ", "a@b.c"}, {Email, "a@b@c", ""}, {Email, "@b", ""}, {Email, "a@", ""}, {Email, "a b@c", ""}, {Email, strings.Repeat("a", 250) + "@b.cc", ""},
		{Phone, "+49 (30) 901820", "+4930901820"}, {Phone, "030 901820", "+4930901820"}, {Phone, "12", ""}, {Phone, "not a number", ""}, {Phone, "+1 555", ""},
		{"handle", "@Ada", "ada"}, {"handle", "https://x.example/ada", ""}, {"handle", "a da", ""},
		{"network", "Twitter", "x"}, {"network", "email", ""}, {"network", "user_id", ""}, {"network", "Mastodon", "mastodon"},
	} {
		got := map[string]func() string{
			Email: func() string { return normalEmail(c[1]) }, Phone: func() string { return normalPhone(c[1], "DE") },
			"handle": func() string { return normalHandle(c[1]) }, "network": func() string { return normalNetwork(c[1]) },
		}[c[0]]()
		if got != c[2] {
			t.Errorf("%s %q: %q, want %q", c[0], c[1], got, c[2])
		}
	}
}

// A visitor that only a user's events name is an identifier of that user from
// then on; an id that only an alias names as a user is none.
func TestNamedVisitorIsAnIdentifier(t *testing.T) {
	eachShop(t, func(t *testing.T, s *shop) {
		s.send(
			event.Event{Type: event.Identify, UserID: "u", AnonymousID: "a", At: start},
			event.Event{Type: event.Alias, UserID: "u", PreviousID: "old", Flags: event.Verified, At: start + 1},
		)
		c, err := s.Get(ctx, workspace, user("u"))
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, i := range c.Identifiers {
			got = append(got, i.Kind+":"+i.Value)
		}
		if fmt.Sprint(got) != "[user_id:u anonymous_id:a anonymous_id:old]" || len(c.Merges) != 0 {
			t.Errorf("%v, merges %v", got, c.Merges)
		}
	})
}
