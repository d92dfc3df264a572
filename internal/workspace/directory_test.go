package workspace

import (
	"bytes"
	"context"
	"log/slog"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/dhvani/dhvani/internal/db"
	"github.com/dhvani/dhvani/internal/db/dbtest"
)

func directory(t testing.TB, s *Store) *Directory {
	t.Helper()
	d, err := s.Directory(context.Background(), slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// Two stores on one database stand for two processes.
func TestDirectory(t *testing.T) {
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		ctx := context.Background()
		key := filepath.Join(t.TempDir(), SealKeyFile)
		here, there := store(t, d, key), store(t, d, key)
		dir := directory(t, here)
		c := create(t, here, "Apples")
		n := c.Workspace.Number
		if err := set(t, here, n, Settings{AllowedOrigins: []string{"https://shop.example"}}); err != nil {
			t.Fatal(err)
		}
		identity, err := here.IdentitySecret(ctx, n)
		if err != nil {
			t.Fatal(err)
		}
		want := &Entry{Workspace: n, WorkspaceID: c.Workspace.ID, Write: true, Origins: []string{"https://shop.example"}, IdentitySecret: []byte(identity)}
		got, ok := dir.Lookup(c.WriteKey)
		if !ok {
			t.Fatal("a new write key is unknown")
		}
		want.KeyID = got.KeyID
		if diff := cmp.Diff(want, got); diff != "" {
			t.Error(diff)
		}
		if e, ok := dir.Lookup(c.SecretKey); !ok || e.Write || !e.Allows(AllScopes) {
			t.Fatalf("the secret key: %+v, %t", e, ok)
		}

		other, err := there.Create(ctx, "Pears")
		if err != nil {
			t.Fatal(err)
		}
		if e, ok := dir.Lookup(other.SecretKey); !ok || e.Workspace != other.Workspace.Number {
			t.Fatal("another process's key does not work at once")
		}
		limited, text, err := there.CreateKey(ctx, n, KeyOptions{Kind: SecretKey, Scopes: ScopeRead, RateLimit: 7})
		if err != nil {
			t.Fatal(err)
		}
		if e, ok := dir.Lookup(text); !ok || e.KeyID != limited.ID || e.Scopes != ScopeRead || e.RateLimit != 7 || e.Allows(ScopeRead|ScopeWrite) {
			t.Fatalf("another process's limited key: %+v, %t", e, ok)
		}
		if err := here.RevokeKey(ctx, n, limited.ID); err != nil {
			t.Fatal(err)
		}
		if _, ok := dir.Lookup(text); ok {
			t.Error("a key revoked here still works")
		}
	})
}

func TestRevokedElsewhere(t *testing.T) {
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		key := filepath.Join(t.TempDir(), SealKeyFile)
		here, there := store(t, d, key), store(t, d, key)
		dir := directory(t, here)
		ctx, cancel := context.WithCancel(context.Background())
		var wg sync.WaitGroup
		wg.Go(func() { dir.Run(ctx) })
		defer wg.Wait()
		defer cancel()
		c := create(t, here, "Apples")
		e, ok := dir.Lookup(c.WriteKey)
		if !ok {
			t.Fatal("the key is unknown")
		}
		if err := there.RevokeKey(ctx, c.Workspace.Number, e.KeyID); err != nil {
			t.Fatal(err)
		}
		for began := time.Now(); ; runtime.Gosched() {
			if _, ok := dir.Lookup(c.WriteKey); !ok {
				return
			}
			if time.Since(began) > time.Second {
				t.Fatal("a key revoked by another process works after a second")
			}
		}
	})
}

func TestUnknownKeys(t *testing.T) {
	s := store(t, dbtest.SQLite(t), "")
	dir := directory(t, s)
	c := create(t, s, "Apples")
	for _, key := range []string{
		"", "wk_", c.WriteKey + "a", c.WriteKey[:len(c.WriteKey)-1], strings.ToUpper(c.WriteKey), "xx_" + c.WriteKey[3:], c.WriteKey[:34] + "!",
	} {
		if _, ok := dir.Lookup(key); ok || wellFormed(key) {
			t.Errorf("%q is taken for a key", key)
		}
	}
	const n = 300
	polls := func() time.Time {
		dir.mu.Lock()
		defer dir.mu.Unlock()
		return dir.last
	}
	unknown := token("sk_", keyBytes)
	if _, ok := dir.Lookup(unknown); ok {
		t.Fatal("an unknown key is known")
	}
	before := polls()
	for range n {
		if _, ok := dir.Lookup(unknown); ok {
			t.Fatal("an unknown key is known")
		}
	}
	if polls() != before {
		t.Error("a key known to be unknown asks the database again")
	}
	began := time.Now()
	var wg sync.WaitGroup
	for range n {
		wg.Go(func() {
			if _, ok := dir.Lookup(token("sk_", keyBytes)); ok {
				t.Error("an unknown key is known")
			}
		})
	}
	wg.Wait()
	if took := time.Since(began); took > n*pollGap/2 {
		t.Errorf("%d unknown keys did not share their look-ups: %v", n, took)
	}
	began = time.Now()
	for range 3 {
		<-dir.poll().done
	}
	if took := time.Since(began); took < 2*pollGap {
		t.Errorf("three looks at the database took %v: they have no distance", took)
	}
	now := dir.current.Load()
	for range maxUnknown + 10 {
		now.setUnknown([32]byte([]byte(token("", keyBytes))))
	}
	if len(now.unknown) > maxUnknown {
		t.Errorf("%d unknown keys are remembered", len(now.unknown))
	}
}

func TestDirectoryWithoutDatabase(t *testing.T) {
	d := dbtest.SQLite(t)
	s := store(t, d, "")
	var out bytes.Buffer
	dir, err := s.Directory(context.Background(), slog.New(slog.NewTextHandler(&out, nil)))
	if err != nil {
		t.Fatal(err)
	}
	c := create(t, s, "Apples")
	if err := d.Close(); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		<-dir.poll().done
		if _, ok := dir.Lookup(token("wk_", keyBytes)); ok {
			t.Error("an unknown key is known")
		}
	}
	if _, ok := dir.Lookup(c.WriteKey); !ok {
		t.Error("a key does not survive the loss of the database")
	}
	if len(dir.current.Load().unknown) != 0 {
		t.Error("a key is held to be unknown although nobody could be asked")
	}
	if n := strings.Count(out.String(), "level=ERROR"); n != 1 {
		t.Errorf("the failure was logged %d times:\n%s", n, out.String())
	}
}

func TestDirectoryWithAnotherKeyFile(t *testing.T) {
	d := dbtest.SQLite(t)
	c := create(t, store(t, d, ""), "Apples")
	dir := directory(t, store(t, d, ""))
	if e, ok := dir.Lookup(c.WriteKey); !ok || len(e.IdentitySecret) != 0 {
		t.Errorf("%+v, %t", e, ok)
	}
}

func BenchmarkLookup(b *testing.B) {
	s := store(b, dbtest.SQLite(b), "")
	dir := directory(b, s)
	c := create(b, s, "Apples")
	b.ReportAllocs()
	for b.Loop() {
		if _, ok := dir.Lookup(c.SecretKey); !ok {
			b.Fatal("unknown")
		}
	}
}
