package staff

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base32"
	"errors"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"golang.org/x/sync/semaphore"

	"github.com/dhvani/dhvani/internal/db"
	"github.com/dhvani/dhvani/internal/workspace"
)

// ErrNotFound says that there is no such account, session or link.
var ErrNotFound = errors.New("not found")

// Store reads and changes accounts, sessions and links, and the settings of
// workspaces where a person changes them.
type Store struct {
	db         *db.DB
	workspaces *workspace.Store
	now        func() time.Time
	hashing    *semaphore.Weighted // bounds the memory of password hashing
}

// New returns the store on a database, beside the one of workspaces on it. now
// is the clock; nil: the machine's.
func New(d *db.DB, w *workspace.Store, now func() time.Time) *Store {
	if now == nil {
		now = time.Now
	}
	return &Store{db: d, workspaces: w, now: now, hashing: semaphore.NewWeighted(2)}
}

// flaw is a reason for a refusal, for the person who asked; code names it for
// pages in other languages.
func flaw(code, english string) error {
	return workspace.Flaw{Code: code, Invalid: workspace.Invalid(english)}
}

var encoding = base32.StdEncoding.WithPadding(base32.NoPadding)

// random returns a prefix and n random bytes in lower-case base32.
func random(prefix string, n int) string {
	b := make([]byte, n)
	rand.Read(b)
	return prefix + strings.ToLower(encoding.EncodeToString(b))
}

// tokenBytes of randomness (160 bits) are in every token: nobody guesses one, so
// that a plain hash keeps it.
const tokenBytes = 20

// hashOf is what is stored of a token or a recovery code.
func hashOf(token string) []byte {
	h := sha256.Sum256([]byte(token))
	return h[:]
}

// one turns a change of no row into ErrNotFound.
func one(rows int64, err error) error {
	if err == nil && rows == 0 {
		return ErrNotFound
	}
	return err
}

// cleanText brings a text of one line into the form it is kept in: at most n
// characters, none of control.
func cleanText(s string, n int) string {
	s = strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || r == utf8.RuneError {
			return -1
		}
		return r
	}, strings.TrimSpace(s))
	if r := []rune(s); len(r) > n {
		s = string(r[:n])
	}
	return s
}

// lock keeps other changes of a workspace's people waiting until the
// transaction ends.
func lock(ctx context.Context, tx *db.Tx, number int64) error {
	query := "SELECT number FROM workspace WHERE number = $1"
	if tx.Postgres() {
		query += " FOR UPDATE"
	}
	err := tx.QueryRow(ctx, query, number).Scan(&number)
	if db.IsNone(err) {
		return ErrNotFound
	}
	return err
}
