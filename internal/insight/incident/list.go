package incident

import (
	"context"
	"database/sql"
	"encoding/base64"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/dhvani/dhvani/internal/db"
	"github.com/dhvani/dhvani/internal/event"
)

// ErrCursor says that a cursor is not one that this list gave.
var ErrCursor = errors.New("the cursor is not one that this list gave")

// Filter says which Insights to list; what is empty does not filter.
type Filter struct {
	States   []State
	Good     *bool // good news alone, or troubles alone
	Told     *bool // those that people were told of alone, or those of the console alone
	Kinds    []Kind
	Least    Severity
	Owner    string // who looks after it: the account that it was given to, else who acknowledged it; Nobody
	From, To time.Time
	Cursor   string
	Limit    int // 0: 50
}

// Nobody is the Owner of a Filter for what nobody looks after.
const Nobody = "nobody"

func (f *Filter) where(workspace int64) (string, []any, error) {
	where, args := []string{"workspace = $1"}, []any{workspace}
	add := func(format string, values ...any) {
		var marks []any
		for _, v := range values {
			args = append(args, v)
			marks = append(marks, "$"+strconv.Itoa(len(args)))
		}
		where = append(where, fmt.Sprintf(format, marks...))
	}
	in := func(column string, n int, value func(i int) string) {
		if n == 0 {
			return
		}
		var marks []string
		var values []any
		for i := range n {
			marks = append(marks, "%s")
			values = append(values, value(i))
		}
		add(column+" IN ("+strings.Join(marks, ", ")+")", values...)
	}
	in("state", len(f.States), func(i int) string { return string(f.States[i]) })
	in("kind", len(f.Kinds), func(i int) string { return string(f.Kinds[i]) })
	if f.Good != nil {
		add("good = %s", bit(*f.Good))
	}
	if f.Told != nil {
		add("told = %s", bit(*f.Told))
	}
	if f.Least > NoSeverity {
		add("severity >= %s", int(f.Least))
	}
	const after = "CASE owner WHEN '' THEN acknowledged_by ELSE owner END = %s"
	if f.Owner == Nobody {
		add(after, "")
	} else if f.Owner != "" {
		add(after, f.Owner)
	}
	if !f.From.IsZero() {
		add("opened_at >= %s", f.From.UnixMicro())
	}
	if !f.To.IsZero() {
		add("opened_at < %s", f.To.UnixMicro())
	}
	if f.Cursor != "" {
		at, id, err := parseCursor(f.Cursor)
		if err != nil {
			return "", nil, err
		}
		add("(opened_at < %s OR opened_at = %s AND id < %s)", at, at, id)
	}
	return strings.Join(where, " AND "), args, nil
}

func cursorOf(at int64, id string) string {
	return base64.RawURLEncoding.EncodeToString([]byte(strconv.FormatInt(at, 36) + " " + id))
}

func parseCursor(c string) (at int64, id string, err error) {
	text, err := base64.RawURLEncoding.DecodeString(c)
	number, id, ok := strings.Cut(string(text), " ")
	if err == nil && ok && len(id) <= 64 {
		if at, err = strconv.ParseInt(number, 36, 64); err == nil {
			if _, err = event.ParseID(id); err == nil {
				return at, id, nil
			}
		}
	}
	return 0, "", ErrCursor
}

// List lists a workspace's Insights, the newest first, and the cursor of the page
// after, "" where there is none.
func (s *Store) List(ctx context.Context, workspace int64, f Filter) (out []*Insight, next string, err error) {
	if f.Limit <= 0 || f.Limit > 200 {
		f.Limit = 50
	}
	where, args, err := f.where(workspace)
	if err != nil {
		return nil, "", err
	}
	err = s.DB.View(ctx, func(tx *db.Tx) (err error) {
		out, err = each(ctx, tx, where+" ORDER BY opened_at DESC, id DESC LIMIT "+strconv.Itoa(f.Limit+1), args...)
		return err
	})
	if len(out) > f.Limit {
		last := out[f.Limit-1]
		out, next = out[:f.Limit], cursorOf(last.OpenedAt.UnixMicro(), last.ID)
	}
	return out, next, err
}

// Get returns an Insight.
func (s *Store) Get(ctx context.Context, workspace int64, id string) (in *Insight, err error) {
	err = s.DB.View(ctx, func(tx *db.Tx) (err error) {
		in, err = read(ctx, tx, workspace, id, false)
		return err
	})
	return in, err
}

// Tally is how many Insights there are in a workspace.
type Tally struct {
	Open         int // troubles that people were told of and that are open or acknowledged
	Unseen       int // of those, not acknowledged
	Listed       int // troubles that stand in the console only
	Recovered    int
	Good         int // good news that is live
	Worst        Severity
	NewestUnseen string // id
	Version      int64  // changes with every change of a live one
}

// Tally counts the live Insights, for badges.
func (s *Store) Tally(ctx context.Context, workspace int64) (t Tally, err error) {
	err = s.DB.View(ctx, func(tx *db.Tx) error {
		return tx.Each(ctx, "SELECT id, state, severity, told, good, version FROM insight WHERE workspace = $1 AND "+live+" ORDER BY number", []any{workspace},
			func(rows *sql.Rows) error {
				var id string
				var state State
				var severity Severity
				var told, good int
				var version int64
				if err := rows.Scan(&id, &state, &severity, &told, &good, &version); err != nil {
					return err
				}
				t.Version += version
				switch {
				case good == 1:
					t.Good++
				case state == Recovered:
					t.Recovered++
				case told == 0:
					t.Listed++
				default:
					t.Open++
					t.Worst = max(t.Worst, severity)
					if state == Open {
						t.Unseen++
						t.NewestUnseen = id
					}
				}
				return nil
			})
	})
	if err != nil {
		return t, fmt.Errorf("count incidents: %w", err)
	}
	return t, nil
}

// Timeline lists what happened with an Insight, the oldest first.
func (s *Store) Timeline(ctx context.Context, workspace int64, id string) (out []Entry, err error) {
	err = s.DB.View(ctx, func(tx *db.Tx) (err error) {
		out, err = entries(ctx, tx, workspace, id)
		return err
	})
	return out, err
}

// Hits lists whom an Insight hit, in the order of their profiles, and the cursor
// of the page after.
func (s *Store) Hits(ctx context.Context, workspace int64, id, cursor string, limit int) (out []Hit, next string, err error) {
	var after []byte
	if cursor != "" {
		p, err := event.ParseID(cursor)
		if err != nil {
			return nil, "", ErrCursor
		}
		after = p[:]
	}
	if limit <= 0 || limit > 1000 {
		limit = 50
	}
	err = s.DB.View(ctx, func(tx *db.Tx) (err error) {
		where, args := "", []any(nil)
		if after != nil {
			where, args = "profile > $3", []any{after}
		}
		out, err = hitsOf(ctx, tx, workspace, id, where, args, limit+1)
		return err
	})
	if len(out) > limit {
		out, next = out[:limit], out[limit-1].Profile.String()
	}
	return out, next, err
}

// Of lists the live Insights that hit one of a customer's profiles, the newest first.
func (s *Store) Of(ctx context.Context, workspace int64, profiles []event.ID) (out []*Insight, err error) {
	keys := db.NewRows(db.Columns("workspace int, profile bytes"))
	for i := range profiles {
		keys.Add(workspace, profiles[i][:])
	}
	seen := map[string]bool{}
	err = s.DB.View(ctx, func(tx *db.Tx) error {
		err := tx.Lookup(ctx, keys, "SELECT h.insight FROM k CROSS JOIN insight_hit h WHERE h.workspace = k.workspace AND h.profile = k.profile", func(rows *sql.Rows) error {
			var id string
			err := rows.Scan(&id)
			seen[id] = true
			return err
		})
		if err != nil || len(seen) == 0 {
			return err
		}
		all, err := s.Live(ctx, tx, workspace)
		for i := len(all) - 1; i >= 0; i-- {
			if seen[all[i].ID] {
				out = append(out, all[i])
			}
		}
		return err
	})
	return out, err
}
