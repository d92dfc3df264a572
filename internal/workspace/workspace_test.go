package workspace

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/dhvani/dhvani/internal/db"
	"github.com/dhvani/dhvani/internal/db/dbtest"
)

func TestMain(m *testing.M) { dbtest.Main(m) }

// store returns a store on a database, with the key file given or a new one.
func store(t testing.TB, d *db.DB, sealKey string) *Store {
	t.Helper()
	if sealKey == "" {
		sealKey = filepath.Join(t.TempDir(), SealKeyFile)
	}
	s, err := New(context.Background(), d, sealKey)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// set replaces a workspace's settings.
func set(t testing.TB, s *Store, number int64, settings Settings) error {
	return s.Change(t.Context(), number, func(w *Workspace) error { w.Settings = settings; return nil })
}

func create(t testing.TB, s *Store, name string) Created {
	t.Helper()
	c, err := s.Create(context.Background(), name)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestCreateListGet(t *testing.T) {
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		ctx := context.Background()
		s := store(t, d, "")
		b, a := create(t, s, " Basket "), create(t, s, "Apples")
		if !wellFormed(a.WriteKey) || !wellFormed(a.SecretKey) || a.WriteKey == b.WriteKey {
			t.Fatalf("keys: %q %q", a.WriteKey, a.SecretKey)
		}
		got, err := s.List(ctx)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff([]Workspace{a.Workspace, b.Workspace}, got); diff != "" {
			t.Fatal(diff)
		}
		for _, ref := range []string{a.Workspace.ID, "Apples"} {
			if w, err := s.Get(ctx, ref); err != nil || w.Number != a.Workspace.Number {
				t.Fatalf("%s: %+v, %v", ref, w, err)
			}
		}
		if _, err := s.Get(ctx, "Pears"); !errors.Is(err, ErrNotFound) {
			t.Fatalf("unknown workspace: %v", err)
		}
		err = d.View(ctx, func(tx *db.Tx) error {
			m1, err1 := tx.Model(ctx, a.Workspace.Number)
			m2, err2 := tx.Model(ctx, b.Workspace.Number)
			if m1 == m2 {
				t.Errorf("both workspaces have model %d", m1)
			}
			return errors.Join(err1, err2)
		})
		if err != nil {
			t.Fatal(err)
		}
	})
}

func TestNames(t *testing.T) {
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		s := store(t, d, "")
		create(t, s, "Apples")
		for name, want := range map[string]string{
			"Apples":                 `a workspace with the name "Apples" exists already`,
			"  ":                     "1 to 100 characters",
			strings.Repeat("ध", 101): "1 to 100 characters",
			"a\nb":                   "control characters",
			"ws_mine":                "ws_",
		} {
			var invalid Invalid
			if _, err := s.Create(context.Background(), name); !errors.As(err, &invalid) || !strings.Contains(err.Error(), want) {
				t.Errorf("%q: %v", name, err)
			}
		}
		create(t, s, strings.Repeat("ध", 100))
	})
}

func TestSettings(t *testing.T) {
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		ctx := context.Background()
		s := store(t, d, "")
		w := create(t, s, "Apples").Workspace
		err := set(t, s, w.Number, Settings{
			AllowedOrigins: []string{"https://Shop.example:443/", "http://localhost:3000", "https://shop.example"}, Country: "in"})
		if err != nil {
			t.Fatal(err)
		}
		w, err = s.Get(ctx, w.ID)
		if diff := cmp.Diff(Settings{AllowedOrigins: []string{"http://localhost:3000", "https://shop.example"}, Country: "IN"}, w.Settings); err != nil || diff != "" {
			t.Fatal(err, diff)
		}
		for _, bad := range []Settings{
			{Country: "India"}, {Country: "1N"}, {AllowedOrigins: []string{"*"}}, {AllowedOrigins: []string{"https://*.example"}},
			{AllowedOrigins: []string{"https://shop.example/path"}}, {AllowedOrigins: []string{"ftp://shop.example"}},
			{AllowedOrigins: []string{"https://"}}, {AllowedOrigins: []string{"https://a:b@shop.example"}},
		} {
			var invalid Invalid
			if err := set(t, s, w.Number, bad); !errors.As(err, &invalid) {
				t.Errorf("%+v: %v", bad, err)
			}
		}
		if err := set(t, s, 999, Settings{}); !errors.Is(err, ErrNotFound) {
			t.Errorf("unknown workspace: %v", err)
		}
	})
}

func TestKeys(t *testing.T) {
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		ctx := context.Background()
		s := store(t, d, "")
		w, other := create(t, s, "Apples"), create(t, s, "Pears")
		o := KeyOptions{Kind: SecretKey, Label: "till", Scopes: ScopeIngest | ScopeRead, RateLimit: 50}
		key, secret, err := s.CreateKey(ctx, w.Workspace.Number, o)
		if err != nil || !wellFormed(secret) {
			t.Fatal(secret, err)
		}
		if err := s.RevokeKey(ctx, other.Workspace.Number, key.ID); !errors.Is(err, ErrNotFound) {
			t.Fatalf("a key was revoked by another workspace: %v", err)
		}
		for range 2 {
			if err := s.RevokeKey(ctx, w.Workspace.Number, key.ID); err != nil {
				t.Fatal(err)
			}
		}
		keys, err := s.Keys(ctx, w.Workspace.Number)
		if err != nil || len(keys) != 3 {
			t.Fatal(keys, err)
		}
		got := keys[2]
		if got.RevokedAt < got.CreatedAt {
			t.Errorf("revoked at %d", got.RevokedAt)
		}
		got.RevokedAt = 0
		if diff := cmp.Diff(key, got); diff != "" {
			t.Error(diff)
		}
		if keys[0].Kind == SecretKey {
			keys[0], keys[1] = keys[1], keys[0] // made in the same microsecond
		}
		if keys[0].Public != w.WriteKey || keys[1].Scopes != AllScopes {
			t.Errorf("first keys: %+v", keys)
		}
		if text := fmt.Sprintf("%+v", keys); strings.Contains(text, w.SecretKey) || strings.Contains(text, secret) {
			t.Error("the list gives a secret key away")
		}
	})
}

func TestSecretKeysAreNotStored(t *testing.T) {
	dir := t.TempDir()
	d, err := db.Open(context.Background(), db.Options{Data: dir})
	if err != nil {
		t.Fatal(err)
	}
	s := store(t, d, filepath.Join(dir, "key"))
	c := create(t, s, "Apples")
	identity, err := s.IdentitySecret(context.Background(), c.Workspace.Number)
	if err != nil {
		t.Fatal(err)
	}
	if err := d.Close(); err != nil {
		t.Fatal(err)
	}
	file, err := os.ReadFile(filepath.Join(dir, db.FileName))
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(file), c.WriteKey) {
		t.Error("the write key is not where this test looks")
	}
	if strings.Contains(string(file), c.SecretKey) || strings.Contains(string(file), identity) {
		t.Error("the database holds a secret in the open")
	}
}

func TestKeyOptions(t *testing.T) {
	d := dbtest.SQLite(t)
	s := store(t, d, "")
	w := create(t, s, "Apples").Workspace.Number
	for _, o := range []KeyOptions{
		{Kind: "other"}, {Kind: WriteKey, Scopes: ScopeRead}, {Kind: SecretKey}, {Kind: SecretKey, Scopes: 1 << 6},
		{Kind: WriteKey, RateLimit: -1}, {Kind: WriteKey, Label: strings.Repeat("x", 101)},
	} {
		var invalid Invalid
		if _, _, err := s.CreateKey(context.Background(), w, o); !errors.As(err, &invalid) {
			t.Errorf("%+v: %v", o, err)
		}
	}
	if _, _, err := s.CreateKey(context.Background(), 999, KeyOptions{Kind: WriteKey}); !errors.Is(err, ErrNotFound) {
		t.Errorf("unknown workspace: %v", err)
	}
}

func TestScopes(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := Scopes(rapid.Uint8Max(uint8(AllScopes)).Draw(t, "scopes"))
		if got, err := ParseScopes(s.String()); err != nil || got != s {
			t.Fatalf("%q: %v, %v", s.String(), got, err)
		}
		if !AllScopes.Has(s) || s != AllScopes && s.Has(AllScopes) {
			t.Fatalf("%q: Has is wrong", s)
		}
	})
	if _, err := ParseScopes("read,delete"); err == nil || !strings.Contains(err.Error(), "ingest read write admin") {
		t.Error(err)
	}
}

func TestIdentitySecret(t *testing.T) {
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		ctx := context.Background()
		s := store(t, d, "")
		w, other := create(t, s, "Apples").Workspace, create(t, s, "Pears").Workspace
		first, err := s.IdentitySecret(ctx, w.Number)
		if err != nil || !strings.HasPrefix(first, "is_") {
			t.Fatal(first, err)
		}
		second, err := s.RotateIdentitySecret(ctx, w.Number)
		if err != nil || second == first {
			t.Fatal(second, err)
		}
		if got, err := s.IdentitySecret(ctx, w.Number); err != nil || got != second {
			t.Fatal(got, err)
		}
		err = d.Update(ctx, func(tx *db.Tx) error { // as somebody who can only write to the database might
			_, err := tx.Exec(ctx, `UPDATE workspace SET identity_secret = (SELECT identity_secret FROM workspace WHERE number = $1)
				WHERE number = $2`, w.Number, other.Number)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		if got, err := s.IdentitySecret(ctx, other.Number); err == nil {
			t.Errorf("a secret moved to another workspace opens: %s", got)
		}
		if _, err := store(t, d, "").IdentitySecret(ctx, w.Number); err == nil {
			t.Error("a secret opens with another key file")
		}
		for _, err := range []error{errorOf(s.IdentitySecret(ctx, 999)), errorOf(s.RotateIdentitySecret(ctx, 999))} {
			if !errors.Is(err, ErrNotFound) {
				t.Error(err)
			}
		}
	})
}

func errorOf(_ string, err error) error { return err }

func TestSealKeyFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), SealKeyFile)
	const n = 8
	var seals [n]*seal
	var wg sync.WaitGroup
	for i := range n {
		wg.Go(func() {
			var err error
			if seals[i], err = openSeal(path); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	sealed := seals[0].seal("ws_1", "hush")
	for _, s := range seals {
		if got, err := s.open("ws_1", sealed); err != nil || string(got) != "hush" {
			t.Fatalf("those who began together have different keys: %v", err)
		}
	}
	if info, err := os.Stat(path); err != nil || info.Mode() != 0o600 {
		t.Errorf("%v, %v", info.Mode(), err)
	}
	if left, _ := os.ReadDir(filepath.Dir(path)); len(left) != 1 {
		t.Errorf("files left: %v", left)
	}
	if err := os.WriteFile(path, []byte("short"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := openSeal(path); err == nil || !strings.Contains(err.Error(), "32 bytes") {
		t.Errorf("a damaged key file: %v", err)
	}
}
