package workspace

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/dhvani/dhvani/internal/db"
	"github.com/dhvani/dhvani/internal/db/dbtest"
)

func TestAccounts(t *testing.T) {
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		ctx := context.Background()
		s := store(t, d, "")
		w1, w2 := create(t, s, "Apples").Workspace.Number, create(t, s, "Pears").Workspace.Number
		const password = "correct horse"
		a, err := s.AddUser(ctx, w1, NewUser{Email: " Asha@Shop.example", Name: "Asha", Role: Owner, Password: password})
		if err != nil || a.Email != "asha@shop.example" {
			t.Fatal(a, err)
		}
		for _, c := range []struct {
			workspace int64
			user      NewUser
			want      string
		}{
			{w1, NewUser{Email: "asha@shop.example", Role: Agent}, "already: owner"},
			{w2, NewUser{Email: "asha@shop.example", Role: Agent, Password: "another password"}, "exists already"},
			{w1, NewUser{Email: "bo@shop.example", Role: Agent, Password: "nine char"}, "10 to 256"},
			{w1, NewUser{Email: "bo@shop.example", Role: Agent, Password: strings.Repeat("x", 257)}, "10 to 256"},
			{w1, NewUser{Email: "bo@shop.example", Role: "king", Password: password}, "not a role"},
			{w1, NewUser{Email: "Bo <bo@shop.example>", Role: Agent, Password: password}, "not an e-mail"},
		} {
			var invalid Invalid
			if _, err := s.AddUser(ctx, c.workspace, c.user); !errors.As(err, &invalid) || !strings.Contains(err.Error(), c.want) {
				t.Errorf("%s as %s: %v", c.user.Email, c.user.Role, err)
			}
		}
		if _, err := s.AddUser(ctx, 999, NewUser{Email: "bo@shop.example", Role: Agent, Password: password}); !errors.Is(err, ErrNotFound) {
			t.Errorf("unknown workspace: %v", err)
		}
		if b, err := s.AddUser(ctx, w2, NewUser{Email: "asha@shop.example", Role: Agent}); err != nil || b.ID != a.ID {
			t.Fatal(b, err)
		}
		got, err := s.Authenticate(ctx, "ASHA@shop.example", password)
		if err != nil || got.ID != a.ID || got.Name != "Asha" || len(got.Roles) != 2 || got.Roles[w1] != Owner || got.Roles[w2] != Agent {
			t.Fatal(got, err)
		}
		for _, c := range [][2]string{
			{"asha@shop.example", password + " "}, {"bo@shop.example", password}, {"bo@shop.example", ""},
			{"nonsense", password}, {"asha@shop.example", strings.Repeat("x", 1000)},
		} {
			if _, err := s.Authenticate(ctx, c[0], c[1]); !errors.Is(err, ErrCredentials) {
				t.Errorf("%q: %v", c, err)
			}
		}
	})
}

func TestPasswordHash(t *testing.T) {
	ctx := context.Background()
	s := store(t, dbtest.SQLite(t), "")
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
