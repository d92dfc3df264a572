// Package workspace holds the shops and who may reach them: workspaces with
// their settings, write keys and secret keys, and the secret
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

	"github.com/dhvani/dhvani/internal/db"
)

// ErrNotFound says that there is no such workspace or key.
var ErrNotFound = errors.New("not found")

// Invalid is the reason why a value is refused, or already taken, written for
// the person who gave it.
type Invalid string

func (i Invalid) Error() string { return string(i) }

// Flaw is an Invalid with a name, by which a page says it in the reader's language.
type Flaw struct {
	Code string
	Invalid
}

// Unwrap lets errors.As find the Invalid.
func (f Flaw) Unwrap() error { return f.Invalid }

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
	// Zone is the IANA name of the shop's time zone, such as Asia/Kolkata, by
	// which its days begin and its hours are meant; empty: UTC.
	Zone string
	// Currency is the ISO 4217 code that its figures are shown in; may be empty.
	Currency string
	// Hours are when the shop is open.
	Hours Hours
}

// Location returns the shop's time zone.
func (s Settings) Location() *time.Location {
	place, err := time.LoadLocation(s.Zone)
	if err != nil {
		return time.UTC
	}
	return place
}

// Created is a new workspace with its first keys. The secret key has every
// scope and cannot be shown again.
type Created struct {
	Workspace Workspace
	WriteKey  string
	SecretKey string
}

// Store reads and changes workspaces and keys.
type Store struct {
	db        *db.DB
	seal      *seal
	sealFault error                     // the seal is not the database's own: errSealMissing, errSealOther
	directory atomic.Pointer[Directory] // told of changes, where there is one
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
	return &Store{db: d, seal: s, sealFault: fault}, nil
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
// an Invalid where the name is not usable or taken. also is done in the same
// transaction.
func (s *Store) Create(ctx context.Context, name string, also ...func(ctx context.Context, tx *db.Tx, created Created) error) (Created, error) {
	name, err := checkName(name)
	if err != nil {
		return Created{}, err
	}
	if s.sealFault == errSealMissing { // nobody could open its secret
		return Created{}, errSealMissing
	}
	w := Workspace{ID: token("ws_", 10), Name: name, CreatedAt: time.Now().UnixMicro(), Settings: Settings{AllowedOrigins: []string{}}}
	secret := s.seal.seal(w.ID, newIdentitySecret())
	write := newKey(KeyOptions{Kind: WriteKey, Label: FirstLabel})
	full := newKey(KeyOptions{Kind: SecretKey, Label: FirstLabel, Scopes: AllScopes})
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
		if err := errors.Join(insertKey(ctx, tx, w.Number, write), insertKey(ctx, tx, w.Number, full)); err != nil {
			return err
		}
		for _, f := range also {
			if err := f(ctx, tx, Created{Workspace: w, WriteKey: write.secret, SecretKey: full.secret}); err != nil {
				return err
			}
		}
		return nil
	})
	if db.IsConflict(err) {
		return Created{}, Invalid(fmt.Sprintf("a workspace with the name %q exists already", name))
	}
	if err != nil {
		return Created{}, fmt.Errorf("create a workspace: %w", err)
	}
	return Created{Workspace: w, WriteKey: write.secret, SecretKey: full.secret}, nil
}

const workspaceColumns = "number, id, name, allowed_origins, country, time_zone, currency, hours, created_at"

func scanWorkspace(row interface{ Scan(...any) error }) (Workspace, error) {
	var w Workspace
	var origins, hours string
	err := row.Scan(&w.Number, &w.ID, &w.Name, &origins, &w.Country, &w.Zone, &w.Currency, &hours, &w.CreatedAt)
	if err != nil {
		return w, err
	}
	w.AllowedOrigins = strings.Fields(origins)
	w.Hours, err = parseHours(hours)
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

// Also is done in the transaction of a change, after it: an entry in the audit
// log, most of all.
type Also func(ctx context.Context, tx *db.Tx) error

func runAlso(ctx context.Context, tx *db.Tx, also []Also) error {
	for _, f := range also {
		if err := f(ctx, tx); err != nil {
			return err
		}
	}
	return nil
}

// Change lets edit change a workspace's name and settings as they are now. The
// error is an Invalid where something cannot be used, or edit's own.
func (s *Store) Change(ctx context.Context, workspace int64, edit func(w *Workspace) error, also ...Also) error {
	err := s.change(ctx, func(tx *db.Tx) error {
		query := "SELECT " + workspaceColumns + " FROM workspace WHERE number = $1"
		if tx.Postgres() {
			query += " FOR UPDATE"
		}
		w, err := scanWorkspace(tx.QueryRow(ctx, query, workspace))
		if db.IsNone(err) {
			return ErrNotFound
		}
		if err == nil {
			err = edit(&w)
		}
		if err == nil {
			err = w.check()
		}
		if err != nil {
			return err
		}
		hours, err := w.Hours.text()
		if err != nil {
			return err
		}
		if _, err := tx.Exec(ctx, `UPDATE workspace SET name = $1, allowed_origins = $2, country = $3, time_zone = $4, currency = $5, hours = $6
			WHERE number = $7`, w.Name, strings.Join(w.AllowedOrigins, "\n"), w.Country, w.Zone, w.Currency, hours, workspace); err != nil {
			return err
		}
		return runAlso(ctx, tx, also)
	})
	if db.IsConflict(err) {
		return Flaw{"name_taken", "a workspace with this name exists already"}
	}
	if err != nil {
		return fmt.Errorf("change workspace %d: %w", workspace, err)
	}
	return nil
}

// check brings a workspace's name and settings into the form they are kept in.
func (w *Workspace) check() (err error) {
	if w.Name, err = checkName(w.Name); err != nil {
		return err
	}
	origins := []string{}
	for _, o := range w.AllowedOrigins {
		origin, err := checkOrigin(o)
		if err != nil {
			return err
		}
		origins = append(origins, origin)
	}
	slices.Sort(origins)
	w.AllowedOrigins = slices.Compact(origins)
	const letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
	w.Country, w.Currency = strings.ToUpper(strings.TrimSpace(w.Country)), strings.ToUpper(strings.TrimSpace(w.Currency))
	if w.Country != "" && (len(w.Country) != 2 || strings.Trim(w.Country, letters) != "") {
		return Flaw{"country", "the country must be an ISO 3166 code of two letters, such as IN"}
	}
	if w.Currency != "" && (len(w.Currency) != 3 || strings.Trim(w.Currency, letters) != "") {
		return Flaw{"currency", "the currency must be an ISO 4217 code of three letters, such as INR"}
	}
	if err := CheckZone(w.Zone); err != nil {
		return err
	}
	return w.Hours.check()
}

// CheckZone refuses what is no time zone's IANA name. Empty is allowed.
func CheckZone(zone string) error {
	if _, err := time.LoadLocation(zone); err != nil || zone == "Local" {
		return Flaw{"zone", Invalid(fmt.Sprintf("%q is not a time zone such as Asia/Kolkata", zone))}
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
		return "", Flaw{"name_length", "a workspace's name has 1 to 100 characters"}
	case !utf8.ValidString(name) || strings.ContainsFunc(name, unicode.IsControl):
		return "", Flaw{"name_control", "a workspace's name holds no control characters"}
	case strings.HasPrefix(name, "ws_"):
		return "", Flaw{"name_id", "a workspace's name cannot begin as its id does, with ws_"}
	}
	return name, nil
}

// isLabel reports whether a text is fit for a short name that people read.
func isLabel(s string) bool {
	return utf8.ValidString(s) && utf8.RuneCountInString(s) <= 100 && !strings.ContainsFunc(s, unicode.IsControl)
}

// checkOrigin returns an origin as browsers send it.
func checkOrigin(s string) (string, error) {
	u, err := url.Parse(strings.ToLower(strings.TrimSpace(s)))
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Hostname() == "" ||
		u.User != nil || u.Path != "" && u.Path != "/" || u.RawQuery != "" || u.Fragment != "" || strings.ContainsAny(u.Host, "* ") {
		return "", Flaw{"origin", Invalid(fmt.Sprintf("%q is not an origin such as https://shop.example", s))}
	}
	host := u.Host
	if port := u.Port(); port == "" || u.Scheme == "https" && port == "443" || u.Scheme == "http" && port == "80" {
		host = strings.TrimSuffix(host, ":"+port) // the default port is not sent
	}
	return u.Scheme + "://" + host, nil
}

// Read returns the workspace with a number, within a transaction.
func Read(ctx context.Context, tx *db.Tx, number int64) (Workspace, error) {
	w, err := scanWorkspace(tx.QueryRow(ctx, "SELECT "+workspaceColumns+" FROM workspace WHERE number = $1", number))
	if db.IsNone(err) {
		err = ErrNotFound
	}
	if err != nil {
		return Workspace{}, fmt.Errorf("workspace %d: %w", number, err)
	}
	return w, nil
}
