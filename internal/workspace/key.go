package workspace

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"database/sql"
	"encoding/base32"
	"fmt"
	"strings"
	"time"

	"github.com/dhvani/dhvani/internal/db"
)

// Kind tells write keys from secret keys.
type Kind string

// The kinds of key. A write key is public: it stands in web pages, may only
// send events, and what these say about identity is a claim. A secret key is
// the shop's server's.
const (
	WriteKey  Kind = "write"
	SecretKey Kind = "secret"
)

var prefixes = map[Kind]string{WriteKey: "wk_", SecretKey: "sk_"}

// keyBytes of randomness (160 bits) make the 32 characters after the prefix.
const keyBytes = 20

// KeyOptions say what a new key is for.
type KeyOptions struct {
	Kind      Kind
	Label     string // for people, at most 100 characters
	Scopes    Scopes // of a secret key
	RateLimit int    // events a second, 0 for no limit
}

// FirstLabel is the label of the keys that a workspace is made with.
const FirstLabel = "first"

// Key describes a key without giving it away.
type Key struct {
	ID string
	KeyOptions
	Public    string // a write key as it is; of a secret key the first letters
	CreatedAt int64  // microseconds
	RevokedAt int64  // microseconds, 0 while it is valid
}

// madeKey is a new key together with its text.
type madeKey struct {
	Key
	secret string
}

func newKey(o KeyOptions) madeKey {
	k := madeKey{Key: Key{ID: token("key_", 10), KeyOptions: o, CreatedAt: time.Now().UnixMicro()}, secret: token(prefixes[o.Kind], keyBytes)}
	k.Public = k.secret
	if o.Kind == SecretKey {
		k.Public = k.secret[:8]
	}
	return k
}

// token returns a prefix and n random bytes in lower-case base32: no character
// of it needs quoting in a URL, a header or the user part of Basic.
func token(prefix string, n int) string {
	b := make([]byte, n)
	rand.Read(b)
	return prefix + strings.ToLower(base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString(b))
}

// wellFormed reports whether s could be a key: what is not needs no look-up.
func wellFormed(s string) bool {
	if len(s) != 3+keyBytes*8/5 || s[:3] != prefixes[WriteKey] && s[:3] != prefixes[SecretKey] {
		return false
	}
	return strings.Trim(s[3:], "abcdefghijklmnopqrstuvwxyz234567") == ""
}

// CreateKey makes a key and returns it with its text, which is shown only
// now. The error is an Invalid where the options do not make sense.
func (s *Store) CreateKey(ctx context.Context, workspace int64, o KeyOptions, also ...func(ctx context.Context, tx *db.Tx, made Key) error) (Key, string, error) {
	if err := o.check(); err != nil {
		return Key{}, "", err
	}
	k := newKey(o)
	err := s.change(ctx, func(tx *db.Tx) error {
		var n int64
		err := tx.QueryRow(ctx, "SELECT number FROM workspace WHERE number = $1", workspace).Scan(&n)
		if db.IsNone(err) {
			return ErrNotFound
		}
		if err != nil {
			return err
		}
		if err := insertKey(ctx, tx, workspace, k); err != nil {
			return err
		}
		for _, f := range also {
			if err := f(ctx, tx, k.Key); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return Key{}, "", fmt.Errorf("create a key of workspace %d: %w", workspace, err)
	}
	return k.Key, k.secret, nil
}

func (o KeyOptions) check() error {
	switch {
	case prefixes[o.Kind] == "":
		return Flaw{"key_kind", "a key's kind is write or secret"}
	case o.Kind == WriteKey && o.Scopes != 0:
		return Flaw{"key_write_scopes", "a write key has no scopes: it may only send events"}
	case o.Kind == SecretKey && (o.Scopes == 0 || !AllScopes.Has(o.Scopes)):
		return Flaw{"key_scopes", Invalid("a secret key needs at least one scope of: " + AllScopes.String())}
	case o.RateLimit < 0:
		return Flaw{"key_rate", "a rate limit is a number of events a second, or 0 for none"}
	case !isLabel(o.Label):
		return Flaw{"key_label", "a key's label has at most 100 characters, none of control"}
	}
	return nil
}

func insertKey(ctx context.Context, tx *db.Tx, workspace int64, k madeKey) error {
	hash := sha256.Sum256([]byte(k.secret))
	_, err := tx.Exec(ctx, `INSERT INTO api_key (id, workspace, kind, label, public, hash, scopes, rate_limit, created_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)`,
		k.ID, workspace, string(k.Kind), k.Label, k.Public, hash[:], k.Scopes.String(), k.RateLimit, k.CreatedAt)
	return err
}

// Keys returns a workspace's keys, revoked ones too, oldest first.
func (s *Store) Keys(ctx context.Context, workspace int64) ([]Key, error) {
	var out []Key
	err := s.db.View(ctx, func(tx *db.Tx) error {
		return tx.Each(ctx, `SELECT id, kind, label, public, scopes, rate_limit, created_at, coalesce(revoked_at, 0)
			FROM api_key WHERE workspace = $1 ORDER BY created_at, id`, []any{workspace}, func(rows *sql.Rows) error {
			var k Key
			var scopes string
			err := rows.Scan(&k.ID, &k.Kind, &k.Label, &k.Public, &scopes, &k.RateLimit, &k.CreatedAt, &k.RevokedAt)
			if err == nil {
				k.Scopes, err = ParseScopes(scopes)
			}
			out = append(out, k)
			return err
		})
	})
	if err != nil {
		return nil, fmt.Errorf("keys of workspace %d: %w", workspace, err)
	}
	return out, nil
}

// RevokeKey ends a key for good: it is refused within a second by every process
// on the database. To revoke it again changes nothing.
func (s *Store) RevokeKey(ctx context.Context, workspace int64, id string, also ...Also) error {
	err := s.change(ctx, func(tx *db.Tx) error {
		err := one(tx.Exec(ctx, "UPDATE api_key SET revoked_at = coalesce(revoked_at, $1) WHERE workspace = $2 AND id = $3",
			time.Now().UnixMicro(), workspace, id))
		if err != nil {
			return err
		}
		return runAlso(ctx, tx, also)
	})
	if err != nil {
		return fmt.Errorf("revoke a key of workspace %d: %w", workspace, err)
	}
	return nil
}
