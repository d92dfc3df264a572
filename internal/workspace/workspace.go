// Package workspace holds the shops and who may reach them: workspaces with
// their settings, write keys and secret keys, staff accounts, and the secret
// with which a shop vouches for its users. Directory is the same in memory: it
// answers for a key without asking the database, and follows what other
// processes change.
package workspace

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"sync/atomic"
	"time"
	"unicode"
	"unicode/utf8"

	"golang.org/x/sync/semaphore"

	"github.com/dhvani/dhvani/internal/db"
)

// ErrNotFound says that there is no such workspace, key or account.
var ErrNotFound = errors.New("not found")

// Invalid is the reason why a value is refused, or already taken, written for
// the person who gave it.
type Invalid string

func (i Invalid) Error() string { return string(i) }

// Workspace is a shop.
type Workspace struct {
	Number    int64 // the key of all its rows; never leaves the program
	ID        string
	Name      string
	CreatedAt int64 // microseconds
	Settings
}

// Settings are what a shop decides about itself.
type Settings struct {
	// AllowedOrigins lists the web origins (https://shop.example) whose pages may
	// send events with a write key. Empty allows all.
	AllowedOrigins []string
	// Country is the ISO 3166 code, such as IN, by which phone numbers written
	// without a country are read; may be empty.
	Country string
}

// Created is a new workspace with its first keys. The secret key has every
// scope and cannot be shown again.
type Created struct {
	Workspace Workspace
	WriteKey  string
	SecretKey string
}

// Store reads and changes workspaces, keys and accounts.
type Store struct {
	db        *db.DB
	seal      *seal
	sealFault error                     // the seal is not the database's own: errSealMissing, errSealOther
	directory atomic.Pointer[Directory] // told of changes, where there is one
	hashing   *semaphore.Weighted       // bounds the memory of password hashing
}

// New returns the store on a database. The file at sealKey holds the key that
// seals the workspaces' secrets. It is made together with the first store on a
// database; where it is missing afterwards, or is another, what it sealed does
// not open, and whatever needs the right one is refused. Processes that share a
// database need the same file.
func New(ctx context.Context, d *db.DB, sealKey string) (*Store, error) {
	s, fault, err := sealOf(ctx, d, sealKey)
	if err != nil {
		return nil, err
	}
	return &Store{db: d, seal: s, sealFault: fault, hashing: semaphore.NewWeighted(2)}, nil
}

// change commits fn together with the directory's next version, and has this
// process's directory read it.
func (s *Store) change(ctx context.Context, fn func(tx *db.Tx) error) error {
	err := s.db.Update(ctx, func(tx *db.Tx) error {
		if err := fn(tx); err != nil {
			return err
		}
		_, err := nextNumber(ctx, tx, "directory_version")
		return err
	})
	if d := s.directory.Load(); d != nil && err == nil {
		d.changed()
	}
	return err
}

// nextNumber raises a counter that is kept in meta.
func nextNumber(ctx context.Context, tx *db.Tx, name string) (int64, error) {
	var n int64
	err := tx.QueryRow(ctx, `UPDATE meta SET value = CAST(CAST(value AS BIGINT) + 1 AS TEXT) WHERE name = $1
		RETURNING CAST(value AS BIGINT)`, name).Scan(&n)
	if err != nil {
		return 0, fmt.Errorf("raise %s: %w", name, err)
	}
	return n, nil
}

// NewModel returns a model that nothing has used, for a new workspace or for a
// replay of an old one.
func NewModel(ctx context.Context, tx *db.Tx) (int64, error) {
	return nextNumber(ctx, tx, "last_model")
}

// Create makes a workspace with one write key and one secret key. The error is
// an Invalid where the name is not usable or taken.
func (s *Store) Create(ctx context.Context, name string) (Created, error) {
	name, err := checkName(name)
	if err != nil {
		return Created{}, err
	}
	if s.sealFault == errSealMissing { // nobody could open its secret
		return Created{}, errSealMissing
	}
	w := Workspace{ID: token("ws_", 10), Name: name, CreatedAt: time.Now().UnixMicro(), Settings: Settings{AllowedOrigins: []string{}}}
	secret := s.seal.seal(w.ID, newIdentitySecret())
	write := newKey(KeyOptions{Kind: WriteKey, Label: "first write key"})
	full := newKey(KeyOptions{Kind: SecretKey, Label: "first secret key", Scopes: AllScopes})
	err = s.change(ctx, func(tx *db.Tx) error {
		model, err := NewModel(ctx, tx)
		if err != nil {
			return err
		}
		err = tx.QueryRow(ctx, `INSERT INTO workspace (id, name, model, identity_secret, created_at)
			VALUES ($1, $2, $3, $4, $5) RETURNING number`, w.ID, w.Name, model, secret, w.CreatedAt).Scan(&w.Number)
		if err != nil {
			return err
		}
		return errors.Join(insertKey(ctx, tx, w.Number, write), insertKey(ctx, tx, w.Number, full))
	})
	if db.IsConflict(err) {
		return Created{}, Invalid(fmt.Sprintf("a workspace with the name %q exists already", name))
	}
	if err != nil {
		return Created{}, fmt.Errorf("create a workspace: %w", err)
	}
	return Created{Workspace: w, WriteKey: write.secret, SecretKey: full.secret}, nil
}

const workspaceColumns = "number, id, name, allowed_origins, country, created_at"

func scanWorkspace(row interface{ Scan(...any) error }) (Workspace, error) {
	var w Workspace
	var origins string
	err := row.Scan(&w.Number, &w.ID, &w.Name, &origins, &w.Country, &w.CreatedAt)
	w.AllowedOrigins = strings.Fields(origins)
	return w, err
}

// List returns all workspaces by name.
func (s *Store) List(ctx context.Context) ([]Workspace, error) {
	var out []Workspace
	err := s.db.View(ctx, func(tx *db.Tx) error {
		return tx.Each(ctx, "SELECT "+workspaceColumns+" FROM workspace ORDER BY name", nil, func(rows *sql.Rows) error {
			w, err := scanWorkspace(rows)
			out = append(out, w)
			return err
		})
	})
	if err != nil {
		return nil, fmt.Errorf("list workspaces: %w", err)
	}
	return out, nil
}

// Get returns the workspace with an id or a name, or ErrNotFound.
func (s *Store) Get(ctx context.Context, idOrName string) (w Workspace, err error) {
	err = s.db.View(ctx, func(tx *db.Tx) error {
		w, err = scanWorkspace(tx.QueryRow(ctx, "SELECT "+workspaceColumns+" FROM workspace WHERE id = $1 OR name = $1", idOrName))
		return err
	})
	if db.IsNone(err) {
		err = ErrNotFound
	}
	if err != nil {
		return Workspace{}, fmt.Errorf("workspace %q: %w", idOrName, err)
	}
	return w, nil
}

// SetSettings replaces a workspace's settings. The error is an Invalid where
// one of them cannot be used.
func (s *Store) SetSettings(ctx context.Context, workspace int64, set Settings) error {
	var origins []string
	for _, o := range set.AllowedOrigins {
		origin, err := checkOrigin(o)
		if err != nil {
			return err
		}
		origins = append(origins, origin)
	}
	slices.Sort(origins)
	country := strings.ToUpper(set.Country)
	if country != "" && (len(country) != 2 || strings.Trim(country, "ABCDEFGHIJKLMNOPQRSTUVWXYZ") != "") {
		return Invalid("the country must be an ISO 3166 code of two letters, such as IN")
	}
	err := s.change(ctx, func(tx *db.Tx) error {
		return one(tx.Exec(ctx, "UPDATE workspace SET allowed_origins = $1, country = $2 WHERE number = $3",
			strings.Join(slices.Compact(origins), "\n"), country, workspace))
	})
	if err != nil {
		return fmt.Errorf("settings of workspace %d: %w", workspace, err)
	}
	return nil
}

// one turns a change of no row into ErrNotFound.
func one(rows int64, err error) error {
	if err == nil && rows == 0 {
		return ErrNotFound
	}
	return err
}

func checkName(name string) (string, error) {
	name = strings.TrimSpace(name)
	switch {
	case name == "" || utf8.RuneCountInString(name) > 100:
		return "", Invalid("a workspace's name has 1 to 100 characters")
	case !utf8.ValidString(name) || strings.ContainsFunc(name, unicode.IsControl):
		return "", Invalid("a workspace's name holds no control characters")
	case strings.HasPrefix(name, "ws_"):
		return "", Invalid("a workspace's name cannot begin as its id does, with ws_")
	}
	return name, nil
}

// checkOrigin returns an origin as browsers send it.
func checkOrigin(s string) (string, error) {
	u, err := url.Parse(strings.ToLower(strings.TrimSpace(s)))
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Hostname() == "" ||
		u.User != nil || u.Path != "" && u.Path != "/" || u.RawQuery != "" || u.Fragment != "" || strings.ContainsAny(u.Host, "* ") {
		return "", Invalid(fmt.Sprintf("%q is not an origin such as https://shop.example", s))
	}
	host := u.Host
	if port := u.Port(); port == "" || u.Scheme == "https" && port == "443" || u.Scheme == "http" && port == "80" {
		host = strings.TrimSuffix(host, ":"+port) // the default port is not sent
	}
	return u.Scheme + "://" + host, nil
}
