package staff

import (
	"context"
	"errors"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/dhvani/dhvani/internal/db"
	"github.com/dhvani/dhvani/internal/db/dbtest"
	"github.com/dhvani/dhvani/internal/workspace"
)

func TestMain(m *testing.M) { dbtest.Main(m) }

const password = "correct horse"

// place is a store with a clock that only the test moves, and two workspaces.
type place struct {
	*Store
	t             *testing.T
	at            time.Time
	apples, pears int64
	applesID      string
	owner         Person // of apples
}

func run(t *testing.T, f func(t *testing.T, p *place)) {
	dbtest.Run(t, func(t *testing.T, d *db.DB) { f(t, newPlace(t, d)) })
}

func newPlace(t *testing.T, d *db.DB) *place {
	t.Helper()
	w, err := workspace.New(t.Context(), d, filepath.Join(t.TempDir(), workspace.SealKeyFile))
	if err != nil {
		t.Fatal(err)
	}
	p := &place{t: t, at: time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)}
	p.Store = New(d, w, func() time.Time { return p.at })
	for name, number := range map[string]*int64{"Apples": &p.apples, "Pears": &p.pears} {
		c, err := w.Create(t.Context(), name)
		if err != nil {
			t.Fatal(err)
		}
		*number = c.Workspace.Number
		if name == "Apples" {
			p.applesID = c.Workspace.ID
		}
	}
	p.owner = p.add("asha@shop.example", workspace.Owner)
	return p
}

func (p *place) add(email string, role workspace.Role) Person {
	p.t.Helper()
	name, _, _ := strings.Cut(email, "@")
	a, err := p.AddUser(p.t.Context(), p.apples, NewUser{Email: email, Name: name, Role: role, Password: password})
	if err != nil {
		p.t.Fatal(err)
	}
	return a
}

func (p *place) pass(d time.Duration) { p.at = p.at.Add(d) }

func (p *place) signIn(email string) Ticket {
	p.t.Helper()
	t, err := p.SignIn(p.t.Context(), Attempt{Email: email, Password: password, Address: "192.0.2.1", UserAgent: "Browser"})
	if err != nil {
		p.t.Fatal(err)
	}
	return t
}

// code returns the code of an error that a person is told.
func code(err error) string {
	var f workspace.Flaw
	errors.As(err, &f)
	return f.Code
}

func TestAddUser(t *testing.T) {
	run(t, func(t *testing.T, p *place) {
		ctx := t.Context()
		for _, c := range []struct {
			workspace int64
			user      NewUser
			want      string
		}{
			{p.apples, NewUser{Email: "asha@shop.example", Role: workspace.Agent}, "already: owner"},
			{p.pears, NewUser{Email: "asha@shop.example", Role: workspace.Agent, Password: "another password"}, "exists already"},
			{p.apples, NewUser{Email: "bo@shop.example", Role: workspace.Agent, Password: "nine char"}, "10 to 256"},
			{p.apples, NewUser{Email: "bo@shop.example", Role: workspace.Agent, Password: strings.Repeat("x", 257)}, "10 to 256"},
			{p.apples, NewUser{Email: "bo@shop.example", Role: "king", Password: password}, "not a role"},
			{p.apples, NewUser{Email: "Bo <bo@shop.example>", Role: workspace.Agent, Password: password}, "not an e-mail"},
		} {
			var invalid workspace.Invalid
			if _, err := p.AddUser(ctx, c.workspace, c.user); !errors.As(err, &invalid) || !strings.Contains(err.Error(), c.want) {
				t.Errorf("%s as %s: %v", c.user.Email, c.user.Role, err)
			}
		}
		if _, err := p.AddUser(ctx, 999, NewUser{Email: "bo@shop.example", Role: workspace.Agent, Password: password}); !errors.Is(err, ErrNotFound) {
			t.Errorf("unknown workspace: %v", err)
		}
		if b, err := p.AddUser(ctx, p.pears, NewUser{Email: " ASHA@shop.example", Role: workspace.Agent}); err != nil || b.Account != p.owner.Account {
			t.Fatal(b, err)
		}
		got, err := p.Authenticate(ctx, "ASHA@shop.example", password)
		if err != nil || got.Account != p.owner.Account || got.Name != "asha" || len(got.Roles) != 2 || got.Roles[p.apples] != workspace.Owner || got.Roles[p.pears] != workspace.Agent {
			t.Fatal(got, err)
		}
		for _, c := range [][2]string{
			{"asha@shop.example", password + " "}, {"bo@shop.example", password}, {"bo@shop.example", ""},
			{"nonsense", password}, {"asha@shop.example", strings.Repeat("x", 1000)},
		} {
			if _, err := p.Authenticate(ctx, c[0], c[1]); !errors.Is(err, ErrCredentials) {
				t.Errorf("%q: %v", c, err)
			}
		}
	})
}

func TestPasswordHash(t *testing.T) {
	ctx := context.Background()
	s := newPlace(t, dbtest.SQLite(t)).Store
	one, err := s.hashPassword(ctx, "पासवर्ड१२३")
	if err != nil || !strings.HasPrefix(one, "$argon2id$v=19$m=19456,t=2,p=1$") {
		t.Fatal(one, err)
	}
	if two, _ := s.hashPassword(ctx, "पासवर्ड१२३"); one == two {
		t.Error("the salt is not random")
	}
	for _, bad := range []string{"", "plain", "$argon2i$v=19$m=8,t=1,p=1$AAAA$AAAA", "$argon2id$v=19$m=8,t=1,p=0$AAAA$AAAA", "$argon2id$v=19$m=8,t=1,p=1$AAAA$"} {
		if ok, err := s.matches(ctx, "", bad); ok || err == nil {
			t.Errorf("%q: %t, %v", bad, ok, err)
		}
	}
	// Made by the reference program: echo -n password | argon2 somesalt -id -t 2 -m 16 -p 1
	const reference = "$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc"
	if ok, err := s.matches(ctx, "password", reference); !ok || err != nil {
		t.Errorf("the reference hash: %t, %v", ok, err)
	}
	ended, cancel := context.WithCancel(ctx)
	cancel()
	if err := s.hashing.Acquire(ctx, 2); err != nil {
		t.Fatal(err)
	}
	if _, err := s.hashPassword(ended, "long enough"); !errors.Is(err, context.Canceled) {
		t.Errorf("waiting did not end with the request: %v", err)
	}
}

func TestPreferences(t *testing.T) {
	run(t, func(t *testing.T, p *place) {
		ctx := t.Context()
		want := Preferences{Name: "Asha Rao", Language: "hi", Theme: "dark", Zone: "Asia/Kolkata"}
		if err := p.SetPreferences(ctx, p.owner, want); err != nil {
			t.Fatal(err)
		}
		got, err := p.Session(ctx, p.signIn("asha@shop.example").Token)
		if err != nil || (Preferences{got.Name, got.Language, got.Theme, got.Zone}) != want {
			t.Fatal(got, err)
		}
		for _, c := range []struct {
			bad  Preferences
			want string
		}{
			{Preferences{Name: " ", Theme: "dark"}, "person_name"}, {Preferences{Name: "A", Theme: "pink"}, "theme"},
			{Preferences{Name: "A", Zone: "Mars/Olympus"}, "zone"}, {Preferences{Name: "A", Zone: "Local"}, "zone"},
		} {
			if err := p.SetPreferences(ctx, p.owner, c.bad); code(err) != c.want {
				t.Errorf("%+v: %v", c.bad, err)
			}
		}
	})
}
