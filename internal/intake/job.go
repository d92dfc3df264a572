package intake

import (
	"context"
	"crypto/rand"
	"database/sql"
	"encoding/json"
	"fmt"
	"path"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/dhvani/dhvani/internal/db"
	"github.com/dhvani/dhvani/internal/source/table"
	"github.com/dhvani/dhvani/internal/staff"
)

// State is how far an import is.
type State string

// The states. Uploading is left behind by an upload that broke off.
const (
	Uploading State = "uploading"
	Ready     State = "ready" // to be looked at and started
	Queued    State = "queued"
	Running   State = "running"
	Done      State = "done"
	Failed    State = "failed"
	Cancelled State = "cancelled"
)

// Open reports whether the import is going on.
func (s State) Open() bool { return s == Queued || s == Running }

// Settings say how a file is read.
type Settings struct {
	Format   string        `json:"format"` // Events, or the name of a preset
	Mapping  table.Mapping `json:"mapping,omitempty"`
	Zone     string        `json:"zone,omitempty"` // IANA name
	Currency string        `json:"currency,omitempty"`
	DayFirst bool          `json:"day_first,omitempty"`
	Comma    bool          `json:"comma,omitempty"`
}

// Job is an import.
type Job struct {
	Workspace  int64
	ID         string
	CreatedAt  int64 // microseconds, as are all times
	Account    string
	Name       string
	Size       int64
	State      State
	Cancelling bool
	Settings   Settings
	StartedAt  int64
	EndedAt    int64
	Line       int64 // of the file, up to where it is taken
	Bytes      int64 // of the file
	Sent       int64 // events
	Rejected   int64 // rows, lines or orders
	Failure    string

	reached     int64
	rejectParts int64
}

// Share is how much of the file is read, 0 to 1.
func (j *Job) Share() float64 {
	switch {
	case j.State == Done:
		return 1
	case j.Size == 0:
		return 0
	}
	return min(1, float64(j.Bytes)/float64(j.Size))
}

// Rate is how many events a second were sent, up to a time.
func (j *Job) Rate(now int64) float64 {
	if j.EndedAt > 0 {
		now = j.EndedAt
	}
	if j.StartedAt == 0 || now <= j.StartedAt {
		return 0
	}
	return float64(j.Sent) / (float64(now-j.StartedAt) / 1e6)
}

const jobColumns = `workspace, id, created_at, account, name, size, state, cancelling, settings, started_at, ended_at,
	reached, line, bytes, sent, rejected, reject_parts, failure`

func scanJob(row interface{ Scan(...any) error }) (j Job, err error) {
	var cancelling int64
	var settings string
	err = row.Scan(&j.Workspace, &j.ID, &j.CreatedAt, &j.Account, &j.Name, &j.Size, &j.State, &cancelling, &settings, &j.StartedAt, &j.EndedAt,
		&j.reached, &j.Line, &j.Bytes, &j.Sent, &j.Rejected, &j.rejectParts, &j.Failure)
	if err != nil {
		return j, err
	}
	j.Cancelling = cancelling == 1
	return j, json.Unmarshal([]byte(settings), &j.Settings)
}

// Jobs lists a workspace's imports, the newest first.
func (s *Store) Jobs(ctx context.Context, by staff.Actor, limit int) (list []Job, err error) {
	if err := by.Need(staff.Import); err != nil {
		return nil, err
	}
	err = s.DB.View(ctx, func(tx *db.Tx) error {
		return tx.Each(ctx, "SELECT "+jobColumns+" FROM import_job WHERE workspace = $1 AND state <> 'uploading' ORDER BY created_at DESC, id LIMIT $2",
			[]any{by.Workspace, limit}, func(rows *sql.Rows) error {
				j, err := scanJob(rows)
				list = append(list, j)
				return err
			})
	})
	if err != nil {
		return nil, fmt.Errorf("list imports: %w", err)
	}
	return list, nil
}

// Job returns an import, or ErrNotFound.
func (s *Store) Job(ctx context.Context, by staff.Actor, id string) (j Job, err error) {
	if err := by.Need(staff.Import); err != nil {
		return Job{}, err
	}
	err = s.DB.View(ctx, func(tx *db.Tx) (err error) {
		j, err = job(ctx, tx, by.Workspace, id)
		return err
	})
	return j, err
}

func job(ctx context.Context, tx *db.Tx, workspace int64, id string) (Job, error) {
	j, err := scanJob(tx.QueryRow(ctx, "SELECT "+jobColumns+" FROM import_job WHERE workspace = $1 AND id = $2", workspace, id))
	if db.IsNone(err) {
		return Job{}, ErrNotFound
	}
	return j, err
}

// newJob makes the row of a file that is about to arrive.
func newJob(by staff.Actor, name string) Job {
	return Job{
		Workspace: by.Workspace, ID: "imp_" + strings.ToLower(rand.Text()[:16]), CreatedAt: time.Now().UnixMicro(), Account: by.Account,
		Name: fileName(name), State: Uploading,
	}
}

// fileName is the last part of a path, short and without what cannot be shown.
func fileName(name string) string {
	name = path.Base(strings.ReplaceAll(strings.ToValidUTF8(name, ""), "\\", "/"))
	name = strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f {
			return -1
		}
		return r
	}, name)
	for len(name) > 120 {
		_, size := utf8.DecodeLastRuneInString(name)
		name = name[:len(name)-size]
	}
	if name == "" || name == "." || name == "/" {
		return "file"
	}
	return name
}

// Start puts an import into the queue with the settings that were looked at.
func (s *Store) Start(ctx context.Context, by staff.Actor, id string, set Settings) error {
	if err := by.Need(staff.Import); err != nil {
		return err
	}
	j, err := s.Job(ctx, by, id)
	if err != nil {
		return err
	}
	if _, err := s.decoder(ctx, &j, set); err != nil {
		return err
	}
	text, err := json.Marshal(set)
	if err != nil {
		return err
	}
	err = s.DB.Update(ctx, func(tx *db.Tx) error {
		n, err := tx.Exec(ctx, "UPDATE import_job SET state = 'queued', settings = $1, started_at = $2 WHERE workspace = $3 AND id = $4 AND state = 'ready'",
			string(text), time.Now().UnixMicro(), by.Workspace, id)
		if err == nil && n == 0 {
			err = ErrState
		}
		if err != nil {
			return err
		}
		return staff.Record(ctx, tx, by, "import.started", id, set.Format)
	})
	if err == nil && s.Woken != nil {
		s.Woken()
	}
	return err
}

// Cancel ends an import: at once where it waits, soon where it runs. What was
// sent stays.
func (s *Store) Cancel(ctx context.Context, by staff.Actor, id string) error {
	if err := by.Need(staff.Import); err != nil {
		return err
	}
	return s.DB.Update(ctx, func(tx *db.Tx) error {
		j, err := job(ctx, tx, by.Workspace, id)
		if err != nil {
			return err
		}
		switch j.State {
		case Running:
			_, err = tx.Exec(ctx, "UPDATE import_job SET cancelling = 1 WHERE workspace = $1 AND id = $2", by.Workspace, id)
		case Queued, Ready:
			err = end(ctx, tx, &j, Cancelled, "")
		default:
			return ErrState
		}
		if err != nil {
			return err
		}
		return staff.Record(ctx, tx, by, "import.cancelled", id, "")
	})
}

// end closes an import and lets go of its file.
func end(ctx context.Context, tx *db.Tx, j *Job, state State, failure string) error {
	_, err := tx.Exec(ctx, "UPDATE import_job SET state = $1, failure = $2, ended_at = $3, until = 0, cancelling = 0 WHERE workspace = $4 AND id = $5",
		string(state), failure, time.Now().UnixMicro(), j.Workspace, j.ID)
	if err != nil || state == Failed { // a failed one may be tried again
		return err
	}
	_, err = tx.Exec(ctx, "DELETE FROM import_part WHERE workspace = $1 AND job = $2 AND kind = 'file'", j.Workspace, j.ID)
	return err
}

// Again puts a failed import into the queue once more; it goes on where it
// stopped.
func (s *Store) Again(ctx context.Context, by staff.Actor, id string) error {
	if err := by.Need(staff.Import); err != nil {
		return err
	}
	err := s.DB.Update(ctx, func(tx *db.Tx) error {
		n, err := tx.Exec(ctx, "UPDATE import_job SET state = 'queued', failure = '', ended_at = 0 WHERE workspace = $1 AND id = $2 AND state = 'failed'", by.Workspace, id)
		if err == nil && n == 0 {
			if _, err = job(ctx, tx, by.Workspace, id); err == nil {
				err = ErrState
			}
		}
		if err != nil {
			return err
		}
		return staff.Record(ctx, tx, by, "import.started", id, "")
	})
	if err == nil && s.Woken != nil {
		s.Woken()
	}
	return err
}

// Remove forgets an import that is not going on, with its file and its rejects.
// The events that it brought stay.
func (s *Store) Remove(ctx context.Context, by staff.Actor, id string) error {
	if err := by.Need(staff.Import); err != nil {
		return err
	}
	return s.DB.Update(ctx, func(tx *db.Tx) error {
		j, err := job(ctx, tx, by.Workspace, id)
		if err != nil {
			return err
		}
		if j.State.Open() {
			return ErrState
		}
		if err := forget(ctx, tx, &j); err != nil {
			return err
		}
		return staff.Record(ctx, tx, by, "import.removed", id, "")
	})
}

func forget(ctx context.Context, tx *db.Tx, j *Job) error {
	if _, err := tx.Exec(ctx, "DELETE FROM import_part WHERE workspace = $1 AND job = $2", j.Workspace, j.ID); err != nil {
		return err
	}
	_, err := tx.Exec(ctx, "DELETE FROM import_job WHERE workspace = $1 AND id = $2", j.Workspace, j.ID)
	return err
}
