package eventlog

import (
	"context"
	"fmt"
	"time"
)

const (
	repairEvery  = time.Second
	probeTimeout = 3 * time.Second
)

// breakDown is called when an embedded engine did not store a frame for another
// reason than the log's limit. Its store refuses everything from then on. Where
// the disk only has no room, another engine takes its place; where it failed,
// what the kernel still has in memory may not be what the disk has, so the
// process must end and read it again.
func (l *Log) breakDown(e *engine, t *trouble) {
	if l.engine.Load() != e || !l.halted.CompareAndSwap(nil, t) {
		return
	}
	close(e.broken)
	l.o.Logger.Error("the log could not be written; nothing is accepted", "reason", t.cause, "error", t.text)
	if t.cause == causeIO {
		l.fail(fmt.Errorf("the log's disk failed, and a failed fsync may have lost what was written before it: %s", t.text))
		return
	}
	select {
	case <-l.closing:
	default:
		l.work.Go(func() { l.repair(e) })
	}
}

// fail delivers an error that the process cannot go on with.
func (l *Log) fail(err error) {
	select {
	case l.failed <- err:
	default:
	}
}

// repair opens the log again and again until a write succeeds. Where the store
// hangs, or comes back as another or without what it had acknowledged, only a
// person can help.
func (l *Log) repair(broken *engine) {
	err := broken.shutdown()
	for err == nil {
		select {
		case <-l.closing:
			return
		case <-time.After(repairEvery):
		}
		var e *engine
		if e, err = l.reopen(); e != nil {
			l.use(e)
			l.halted.Store(nil)
			l.o.Logger.Info("the log is open again")
			return
		}
	}
	l.fail(fmt.Errorf("the log cannot be opened anew: %w", err))
}

// use makes an engine the log's, and listens for the faults of its disk.
func (l *Log) use(e *engine) {
	l.engine.Store(e)
	l.work.Go(func() {
		select {
		case t := <-e.fault:
			l.breakDown(e, t)
		case <-e.broken:
		case <-l.closing:
		}
	})
}

// reopen returns an engine that can write, or nil where it is worth trying
// again. Its error is final.
func (l *Log) reopen() (*engine, error) {
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	o := l.o
	o.inspected = true // no crash came between; and what was acknowledged is known
	e, err := openEngine(ctx, o)
	if err != nil {
		l.o.Logger.Warn("the log cannot be opened yet", "error", err)
		return nil, nil
	}
	for _, c := range l.committers {
		s, last := e.streams[c.shard], l.Last(c.shard)
		if s.id != l.ids[c.shard] || s.last < last {
			e.shutdown()
			return nil, fmt.Errorf("it is not the log that was written: its last message is %d, and %d was acknowledged", s.last, last)
		}
	}
	for _, c := range l.committers {
		probing, cancel := context.WithTimeout(ctx, probeTimeout)
		sequence, err := e.probe(probing, c.shard)
		cancel()
		if err != nil {
			l.o.Logger.Warn("the log cannot be written yet", "error", err)
			return nil, e.shutdown()
		}
		c.tracker.add(sequence, nil, time.Now())
	}
	return e, nil
}
