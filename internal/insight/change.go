package insight

import (
	"context"
	"crypto/rand"
	"database/sql"
	"encoding/hex"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/go-json-experiment/json"

	"github.com/dhvani/dhvani/internal/db"
	"github.com/dhvani/dhvani/internal/event"
	"github.com/dhvani/dhvani/internal/staff"
)

// Change is something that the shop changed.
type Change struct {
	ID     string            `json:"id"`
	At     int64             `json:"at"`
	Kind   string            `json:"kind"` // deploy, price, stock, campaign or other
	Title  string            `json:"title"`
	Source string            `json:"source"`      // api or staff, or events where it was seen in them
	Of     map[string]string `json:"of,omitzero"` // dimensions' values: {"product": "sar-01"}
}

// The kinds of changes.
const (
	Deploy        = "deploy"
	PriceChange   = "price"
	StockChange   = "stock"
	CampaignStart = "campaign"
	OtherChange   = "other"
)

// ChangeKinds are all of them.
var ChangeKinds = []string{Deploy, PriceChange, StockChange, CampaignStart, OtherChange}

// InputError says what is wrong with what somebody asked for, in words for them.
type InputError string

func (e InputError) Error() string { return string(e) }

// Bounds of a change that somebody tells of.
const (
	maxTitle   = 200 // characters
	maxOf      = 128 // bytes
	oldestTold = 400 * 24 * time.Hour
	mostAhead  = 5 * time.Minute // by which the clock of who tells may be fast
)

// AddChange keeps a change that the shop tells of. It returns it with its id. A
// time a little ahead of now is taken as now.
func (s *Store) AddChange(ctx context.Context, by staff.Actor, c Change, now time.Time) (Change, error) {
	if err := by.Need(staff.Answer); err != nil {
		return c, err
	}
	c.Title = strings.Join(strings.Fields(event.Visible(c.Title)), " ")
	switch n := utf8.RuneCountInString(c.Title); {
	case n == 0:
		return c, InputError("the title is empty")
	case n > maxTitle:
		return c, InputError(fmt.Sprintf("the title has more than %d characters", maxTitle))
	case !slices.Contains(ChangeKinds, c.Kind):
		return c, InputError("kind is one of " + strings.Join(ChangeKinds, ", "))
	}
	for name, value := range c.Of {
		switch { // prices are told of by events alone
		case name != string(DimRelease) && name != string(DimProduct) && name != string(DimCampaign):
			return c, InputError("of may name release, product and campaign")
		case value == "" || len(value) > maxOf || !utf8.ValidString(value) || strings.ContainsRune(value, 0):
			return c, InputError(fmt.Sprintf("what of names has 1 to %d bytes", maxOf))
		}
	}
	switch at := time.UnixMicro(c.At); {
	case at.Before(now.Add(-oldestTold)):
		return c, InputError("at is more than 400 days ago")
	case at.After(now.Add(mostAhead)):
		return c, InputError("at is ahead: tell of a change when it takes effect")
	case at.After(now):
		c.At = now.UnixMicro()
	}
	var id [16]byte
	rand.Read(id[:])
	c.ID = hex.EncodeToString(id[:])
	err := s.DB.Update(ctx, func(tx *db.Tx) error {
		if err := writeChanges(ctx, tx, by.Workspace, c); err != nil {
			return err
		}
		return staff.Record(ctx, tx, by, "change.told", c.ID, c.Kind)
	})
	if err != nil {
		return c, fmt.Errorf("keep a change: %w", err)
	}
	return c, nil
}

// writeChanges stores changes, with titles that are fit to be shown; one that is there already stays as it is.
func writeChanges(ctx context.Context, tx *db.Tx, workspace int64, list ...Change) error {
	rows := db.NewRows(db.Columns("workspace int, id text, at int, kind text, title text, source text, concerns text"))
	for _, c := range list {
		of := "{}"
		if len(c.Of) > 0 {
			text, err := json.Marshal(c.Of, json.Deterministic(true))
			if err != nil {
				return fmt.Errorf("write a change: %w", err)
			}
			of = string(text)
		}
		rows.Add(workspace, c.ID, c.At, c.Kind, event.Visible(c.Title), c.Source, of)
	}
	return tx.Insert(ctx, "change", rows, "ON CONFLICT (workspace, id) DO NOTHING")
}

// mostChanges bounds what one reading returns.
const mostChanges = 1000

// Changes reads what the shop changed from a time until before another, the newest
// first, at most a thousand.
func (s *Store) Changes(ctx context.Context, tx *db.Tx, workspace, from, to int64) ([]Change, error) {
	list, err := readChanges(ctx, tx, "workspace = $1 AND at >= $2 AND at < $3", mostChanges, workspace, from, to)
	if err != nil {
		return nil, fmt.Errorf("read changes: %w", err)
	}
	return list, nil
}

// ListChanges is a page of changes, the newest first, and the cursor of the next one.
func (s *Store) ListChanges(ctx context.Context, by staff.Actor, from, to int64, cursor string, limit int) (list []Change, next string, err error) {
	if err := by.Need(staff.See); err != nil {
		return nil, "", err
	}
	where, args := "workspace = $1 AND at >= $2 AND at < $3", []any{by.Workspace, from, to}
	if cursor != "" {
		var at int64
		var id string
		raw, err := hex.DecodeString(cursor)
		if err == nil {
			_, err = fmt.Sscanf(string(raw), "%d %s", &at, &id)
		}
		if err != nil {
			return nil, "", InputError("the cursor is not one that a list gave")
		}
		where, args = where+" AND (at, id) < ($4, $5)", append(args, at, id)
	}
	err = s.DB.View(ctx, func(tx *db.Tx) (err error) {
		list, err = readChanges(ctx, tx, where, limit+1, args...)
		return err
	})
	if err != nil {
		return nil, "", fmt.Errorf("list changes: %w", err)
	}
	if len(list) > limit {
		list = list[:limit]
		last := list[limit-1]
		next = hex.EncodeToString(fmt.Appendf(nil, "%d %s", last.At, last.ID))
	}
	return list, next, nil
}

func readChanges(ctx context.Context, tx *db.Tx, where string, limit int, args ...any) ([]Change, error) {
	list := []Change{}
	err := tx.Each(ctx, "SELECT id, at, kind, title, source, concerns FROM change WHERE "+where+fmt.Sprintf(" ORDER BY at DESC, id DESC LIMIT %d", limit), args, func(r *sql.Rows) error {
		var c Change
		var of string
		if err := r.Scan(&c.ID, &c.At, &c.Kind, &c.Title, &c.Source, &of); err != nil {
			return err
		}
		for _, m := range event.ParseObject(of) {
			if c.Of == nil {
				c.Of = map[string]string{}
			}
			c.Of[m.Name] = unquoted(m.Value)
		}
		list = append(list, c)
		return nil
	})
	return list, err
}

// seenChanges stores changes that were seen in events, by workspace.
func seenChanges(ctx context.Context, tx *db.Tx, by map[int64][]Change) error {
	for _, workspace := range slices.Sorted(maps.Keys(by)) {
		if err := writeChanges(ctx, tx, workspace, by[workspace]...); err != nil {
			return err
		}
	}
	return nil
}
