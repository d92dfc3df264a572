package intake

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"time"

	"github.com/dhvani/dhvani/internal/db"
	"github.com/dhvani/dhvani/internal/source/file"
)

// Runner works on the imports that wait, one at a time, and goes on with those
// whose node is gone.
type Runner struct {
	Store  *Store
	Node   string
	Client *http.Client       // reaches this process's own collection
	Key    func(j Job) string // a key that may import into the job's workspace
	Logger *slog.Logger
	wake   chan struct{}
}

const (
	lease    = 10 * time.Second
	askEvery = time.Second
)

var (
	errCancelled = errors.New("the import was cancelled")
	errLost      = errors.New("another node works on the import")
)

// NewRunner returns a runner of a store's imports, which it is woken by.
func NewRunner(r Runner) *Runner {
	r.wake = make(chan struct{}, 1)
	r.Node += " " + rand.Text() // two processes of one machine are two
	r.Store.Woken = func() {
		select {
		case r.wake <- struct{}{}:
		default:
		}
	}
	return &r
}

// Run works until ctx ends.
func (r *Runner) Run(ctx context.Context) {
	tick := time.NewTicker(askEvery)
	defer tick.Stop()
	var tidied time.Time
	for ctx.Err() == nil {
		if now := time.Now(); now.Sub(tidied) > time.Hour {
			tidied = now
			if err := r.Store.tidy(ctx, now); err != nil && ctx.Err() == nil {
				r.Logger.Warn("old imports could not be tidied up", "error", db.Safe(err))
			}
		}
		j, ok, err := r.claim(ctx)
		if err != nil && ctx.Err() == nil {
			r.Logger.Warn("waiting imports could not be looked up", "error", db.Safe(err))
		}
		if ok {
			r.work(ctx, j)
			continue
		}
		select {
		case <-ctx.Done():
		case <-tick.C:
		case <-r.wake:
		}
	}
}

// claim takes the import that has waited longest.
func (r *Runner) claim(ctx context.Context) (j Job, ok bool, err error) {
	now := time.Now().UnixMicro()
	const open = "(state = 'queued' OR state = 'running' AND until < $1)"
	err = r.Store.DB.View(ctx, func(tx *db.Tx) (err error) {
		j, err = scanJob(tx.QueryRow(ctx, "SELECT "+jobColumns+" FROM import_job WHERE "+open+" ORDER BY started_at, id LIMIT 1", now))
		return err
	})
	if db.IsNone(err) {
		return Job{}, false, nil
	}
	if err != nil {
		return Job{}, false, err
	}
	err = r.Store.DB.Update(ctx, func(tx *db.Tx) error {
		n, err := tx.Exec(ctx, "UPDATE import_job SET state = 'running', node = $2, until = $3 WHERE workspace = $4 AND id = $5 AND "+open,
			now, r.Node, time.Now().Add(lease).UnixMicro(), j.Workspace, j.ID)
		ok = n == 1
		return err
	})
	return j, ok, err
}

// work imports a file, and says in the job's row how it ended. Where this
// process stops, the job goes on with the next one.
func (r *Runner) work(ctx context.Context, j Job) {
	k := &keeper{db: r.Store.DB, node: r.Node, job: &j, base: j}
	im := file.New(file.Options{
		Path: file.Stdin, Input: &parts{ctx: ctx, db: r.Store.DB, job: &j, kind: "file"}, URL: "http://dhvani", Key: r.Key(j), Client: r.Client,
		Format: func(in io.Reader) (file.Decoder, error) {
			d, err := j.Settings.open(in, j.CreatedAt)
			k.decoder = d
			return d, err
		},
		Keep: k,
	})
	k.progress = im.Progress
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	go k.beat(ctx, cancel)
	_, err := im.Run(ctx)
	if err != nil && context.Cause(ctx) != nil {
		err = context.Cause(ctx)
	}
	state, failure := Done, ""
	switch {
	case err == nil:
	case errors.Is(err, errCancelled):
		state = Cancelled
	case errors.Is(err, errLost), errors.Is(err, context.Canceled):
		return
	default:
		state, failure = Failed, failureOf(err)
		r.Logger.Warn("an import failed", "error", db.Safe(err))
	}
	ctx = context.WithoutCancel(ctx)
	err = r.Store.DB.Update(ctx, func(tx *db.Tx) error {
		if err := k.store(ctx, tx); err != nil {
			return err
		}
		return end(ctx, tx, &j, state, failure)
	})
	if err != nil && !errors.Is(err, errLost) {
		r.Logger.Warn("the end of an import could not be written", "error", db.Safe(err))
	}
}

// The reasons of a failed import, for pages.
const (
	FailedUnreadable = "unreadable"
	FailedRefused    = "refused"
	FailedInternal   = "internal"
)

func failureOf(err error) string {
	var refused *file.Refused
	switch {
	case errors.As(err, &refused):
		return FailedRefused
	case errors.Is(err, ErrEmpty), errors.Is(err, ErrSettings), errors.Is(err, file.ErrArray), errors.Is(err, file.ErrBroken):
		return FailedUnreadable
	}
	return FailedInternal
}

// keeper keeps in the job's row how far it came, together with its rejects.
type keeper struct {
	db       *db.DB
	node     string
	job      *Job
	base     Job // as it was when this node took it
	decoder  file.Decoder
	progress func() file.Progress
	rejects  []byte
	refused  bool // something, ever
}

func (k *keeper) Place() (file.Place, error) {
	return file.Place{Offset: k.base.reached, Line: k.base.Line}, nil
}

func (k *keeper) Refuse(list []file.Reject) error {
	for _, r := range list {
		first := k.base.rejectParts == 0 && !k.refused
		k.rejects = k.decoder.AppendReject(k.rejects, r, first)
		k.refused = true
	}
	return nil
}

// Save writes how far the import came. Its error is errCancelled or errLost where
// it must not go on.
func (k *keeper) Save(at file.Place) error {
	ctx, cancel := context.WithTimeout(context.Background(), lease)
	defer cancel()
	k.job.reached, k.job.Line = at.Offset, at.Line
	if err := k.db.Update(ctx, func(tx *db.Tx) error { return k.store(ctx, tx) }); err != nil {
		return err
	}
	if len(k.rejects) > 0 {
		k.job.rejectParts, k.rejects = k.job.rejectParts+1, nil
	}
	return nil
}

// End has nothing to do: how it ended is written by the runner.
func (k *keeper) End() error { return nil }

func (k *keeper) store(ctx context.Context, tx *db.Tx) error {
	p := k.progress()
	k.job.Sent, k.job.Rejected, k.job.Bytes = k.base.Sent+p.Sent, k.base.Rejected+p.Rejected, max(k.base.Bytes, p.Bytes)
	parts := k.job.rejectParts
	if len(k.rejects) > 0 {
		if err := insertPart(ctx, tx, k.job, "rejects", int(parts), packer.EncodeAll(k.rejects, nil)); err != nil {
			return err
		}
		parts++
	}
	n, err := tx.Exec(ctx, `UPDATE import_job SET reached = $1, line = $2, bytes = $3, sent = $4, rejected = $5, reject_parts = $6, until = $7
		WHERE workspace = $8 AND id = $9 AND state = 'running' AND node = $10`,
		k.job.reached, k.job.Line, k.job.Bytes, k.job.Sent, k.job.Rejected, parts, time.Now().Add(lease).UnixMicro(), k.job.Workspace, k.job.ID, k.node)
	if err != nil {
		return fmt.Errorf("keep how far an import came: %w", err)
	}
	if n == 0 {
		return errLost
	}
	return nil
}

// beat renews the lease while requests wait, and ends the work where it is asked
// for or another node took it.
func (k *keeper) beat(ctx context.Context, stop context.CancelCauseFunc) {
	tick := time.NewTicker(500 * time.Millisecond)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		var cancelling int64
		err := k.db.Update(ctx, func(tx *db.Tx) error {
			return tx.QueryRow(ctx, `UPDATE import_job SET until = $1, bytes = CASE WHEN bytes < $2 THEN $2 ELSE bytes END
				WHERE workspace = $3 AND id = $4 AND state = 'running' AND node = $5 RETURNING cancelling`,
				time.Now().Add(lease).UnixMicro(), k.progress().Bytes, k.base.Workspace, k.base.ID, k.node).Scan(&cancelling)
		})
		switch {
		case db.IsNone(err):
			stop(errLost)
			return
		case err == nil && cancelling == 1:
			stop(errCancelled)
			return
		}
	}
}
