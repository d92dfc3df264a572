package process

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"runtime/debug"
	"time"

	"github.com/dhvani/dhvani/internal/db"
	"github.com/dhvani/dhvani/internal/event"
)

// stageError is an error of a Stage. A panic's text can hold what a customer
// wrote, so it goes to the dead events' table and not to the log.
type stageError struct {
	stage string
	panic bool
	err   error
	trace string
}

func (e *stageError) Error() string { return fmt.Sprintf("stage %s: %v", e.stage, e.err) }
func (e *stageError) Unwrap() error { return e.err }

// guard runs a part of a Stage and turns its panic into an error.
func guard(st Stage, f func() error) (err error) {
	defer func() {
		if v := recover(); v != nil {
			cause, ok := v.(error)
			if !ok {
				cause = fmt.Errorf("%v", v)
			}
			err = &stageError{stage: st.Name(), panic: true, err: fmt.Errorf("panic: %w", cause), trace: string(debug.Stack())}
		}
	}()
	if err := f(); err != nil {
		return &stageError{stage: st.Name(), err: err}
	}
	return nil
}

// Apply runs one Stage; its panic is an error.
func Apply(ctx context.Context, tx *db.Tx, st Stage, b *event.Batch) error {
	return guard(st, func() error { return st.Apply(ctx, tx, b) })
}

// Prepare lets the Stages that want to work on a batch before its transaction.
func Prepare(ctx context.Context, stages []Stage, b *event.Batch) error {
	for _, st := range stages {
		if p, ok := st.(Preparer); ok {
			if err := guard(st, func() error { return p.Prepare(ctx, b) }); err != nil {
				return err
			}
		}
	}
	return nil
}

// poisonous reports whether an error comes from what the events hold: a panic,
// or a value that the database refuses. All other errors pass with time.
func poisonous(err error) bool {
	var s *stageError
	return errors.As(err, &s) && s.panic || db.IsData(err)
}

// safe describes an error without what the events hold.
func safe(err error) string {
	var s *stageError
	if !errors.As(err, &s) || !s.panic {
		return db.Safe(err)
	}
	text := "panic"
	if cause := runtime.Error(nil); errors.As(s.err, &cause) {
		text += ": " + cause.Error()
	}
	return text + "\n" + s.trace
}

// maxTries is how often an event is tried alone before it is put aside.
const maxTries = 5

// Isolate applies events lo to hi-1 by try, together if that works. Where it
// fails because of what they hold they are halved, in order, until the poison is
// alone; after five tries it is given to bury, and the others go on. Every other
// error ends it at once, with what came before it applied.
func Isolate(ctx context.Context, lo, hi int, try func(lo, hi int) error, bury func(i int, cause error) error) error {
	err := try(lo, hi)
	if !poisonous(err) {
		return err
	}
	if hi-lo > 1 {
		middle := (lo + hi) / 2
		if err := Isolate(ctx, lo, middle, try, bury); err != nil {
			return err
		}
		return Isolate(ctx, middle, hi, try, bury)
	}
	for tries := 1; tries < maxTries; tries++ {
		if !sleep(ctx, 10*time.Millisecond<<tries) {
			return ctx.Err()
		}
		if err = try(lo, hi); !poisonous(err) {
			return err
		}
	}
	return bury(lo, err)
}
