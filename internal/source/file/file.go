// Package file imports a shop's history from a file. It sends the file's events to
// a running Dhvani through POST /v1/import, in the order of the file and a few
// requests at a time, so that history goes through the log like everything else.
//
// A Decoder reads a format. This package's own is that of Segment, one JSON
// object a line; package table has those of tables. Each may be gzipped.
//
// A line without a message id is given one, made from its text and from how
// often that text has come before in the file. So every line has the same
// message id whenever the file is sent, and what is sent twice is stored once.
// That makes everything else simple: a request whose answer was lost is sent
// again, and an import that was interrupted goes on a little before the place
// where it stopped.
package file

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"sync/atomic"
	"time"
)

// Stdin is the path that stands for the standard input.
const Stdin = "-"

// inFlight is how many requests are on their way at once. The log gathers
// requests that wait, so a few fill it; more only need more memory.
const inFlight = 4

// saveEvery is how much work an interruption costs at most.
const saveEvery = time.Second

// Options say what is imported, and to where.
type Options struct {
	Path   string    // of the file, or Stdin
	Input  io.Reader // what Stdin stands for
	URL    string    // of the server, such as http://127.0.0.1:8080
	Key    string    // a secret key with the scopes ingest and read
	Client *http.Client

	// Format decodes the file; nil: one event a line in the Segment format.
	Format Format
	// Keep holds how far the import came and what was not taken, in place of State
	// and Rejects; nil: files do.
	Keep Keeper

	// State is the folder that keeps how far an interrupted import came, for
	// each file and Target; empty: none is kept. Target names the workspace.
	State, Target string
	Again         bool   // from the beginning, whatever State says
	Rejects       string // path for the lines that were not taken; empty: beside the file
	Notice        func(text string)
}

// Result is what an import came to.
type Result struct {
	From       int64 // lines that an earlier, interrupted run had sent
	Sent       int64 // events that the server accepted
	Rejected   int64 // lines that it did not, or that are no events
	RejectFile string

	// Stored and Duplicates count what the workspace gained meanwhile, from
	// other senders too. Counted is false where the key may not read them.
	Stored, Duplicates int64
	Counted            bool
}

// Progress is where an import stands. Total is 0 where it is not known.
type Progress struct {
	Bytes, Total   int64 // of the file as it is stored
	Sent, Rejected int64
	Waiting        bool  // all is sent
	Lag            int64 // events not yet visible, while waiting
}

// Import is one run.
type Import struct {
	o       Options
	limit   int // events of a request
	saved   time.Time
	notices notices

	bytes, total, sent, rejected, lag atomic.Int64
	waiting                           atomic.Bool
}

// New prepares an import.
func New(o Options) *Import {
	if o.Client == nil {
		o.Client = http.DefaultClient
	}
	if o.Notice == nil {
		o.Notice = func(string) {}
	}
	return &Import{o: o, limit: maxEvents, notices: notices{tell: o.Notice}}
}

// Progress may be called at any time, also while Run runs.
func (im *Import) Progress() Progress {
	return Progress{
		Bytes: im.bytes.Load(), Total: im.total.Load(), Sent: im.sent.Load(), Rejected: im.rejected.Load(),
		Waiting: im.waiting.Load(), Lag: im.lag.Load(),
	}
}

// Run imports the file and returns when all of it is visible in the API. Where
// it returns an error, the next Run for the same file and target goes on where
// this one stopped. The error is a *Refused where the server wants none of it.
func (im *Import) Run(ctx context.Context) (Result, error) {
	before, counted, err := im.stats(ctx)
	if err != nil {
		return Result{}, err
	}
	src, err := im.open()
	if err != nil {
		return Result{}, err
	}
	defer src.Close()
	keep := im.o.Keep
	var own *fileKeeper
	if keep == nil {
		if own, err = im.keeper(src); err != nil {
			return Result{}, err
		}
		defer own.out.close()
		keep = own
	}
	at, err := keep.Place()
	if err != nil {
		return Result{}, err
	}
	res := Result{From: at.Line, Counted: counted}
	err = im.sendAll(ctx, src, at, keep)
	res.Sent, res.Rejected = im.sent.Load(), im.rejected.Load()
	if res.Rejected > 0 && own != nil {
		res.RejectFile = own.out.path
	}
	if err != nil {
		return res, err
	}
	if counted {
		after, err := im.await(ctx)
		if err != nil {
			return res, err
		}
		res.Stored, res.Duplicates = after.Stored-before.Stored, after.Duplicate-before.Duplicate
	}
	return res, keep.End()
}

// sendAll sends everything after a place, and moves the place on as far as
// everything before it is acknowledged.
func (im *Import) sendAll(ctx context.Context, src *source, at Place, keep Keeper) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	queue := make(chan *batch, inFlight-1) // and the one that is waited for
	var readErr error
	go func() {
		defer close(queue)
		readErr = src.batches(at.Offset, im.limit, func(b *batch) bool {
			select {
			case queue <- b:
			case <-ctx.Done():
				return false
			}
			go func() { b.done <- im.send(ctx, b) }()
			return true
		})
	}()
	for {
		select {
		case b, more := <-queue:
			if !more {
				if readErr != nil {
					readErr = fmt.Errorf("%s cannot be read on after line %d: %w", src.name, at.Line, readErr)
				}
				// The reader stops too where ctx ends.
				return errors.Join(readErr, ctx.Err(), keep.Save(at))
			}
			if err := <-b.done; err != nil {
				return errors.Join(err, keep.Save(at))
			}
			if err := im.commit(b, &at, keep); err != nil {
				return err
			}
		case <-ctx.Done():
			return errors.Join(ctx.Err(), keep.Save(at))
		}
	}
}

// commit takes note of an acknowledged batch; those before it are.
func (im *Import) commit(b *batch, at *Place, keep Keeper) error {
	if err := keep.Refuse(b.rejected); err != nil {
		return err
	}
	im.sent.Add(int64(len(b.events) - b.refused))
	im.rejected.Add(int64(len(b.rejected)))
	at.Offset, at.Line = b.offset, b.line
	if time.Since(im.saved) < saveEvery {
		return nil
	}
	im.saved = time.Now()
	return keep.Save(*at)
}

// open opens the file.
func (im *Import) open() (*source, error) {
	format := im.o.Format
	if format == nil {
		format = openLines
	}
	if im.o.Path == Stdin {
		return newSource("the standard input", im.o.Input, &im.bytes, format)
	}
	f, err := os.Open(im.o.Path)
	if err != nil {
		return nil, err
	}
	info, err := f.Stat()
	if err == nil && info.IsDir() {
		err = fmt.Errorf("%s is a folder", im.o.Path)
	}
	if err != nil {
		f.Close()
		return nil, err
	}
	im.total.Store(info.Size())
	src, err := newSource(im.o.Path, f, &im.bytes, format)
	if err != nil {
		f.Close()
		return nil, err
	}
	src.file, src.info = f, info
	return src, nil
}

// keeper returns the files that keep how far the import came and what was not
// taken.
func (im *Import) keeper(src *source) (*fileKeeper, error) {
	p := &place{}
	p.at.Rejects = im.o.Rejects
	switch suffix := src.decoder.Suffix(); {
	case p.at.Rejects != "":
	case src.file == nil:
		p.at.Rejects = "stdin" + suffix
	default:
		p.at.Rejects = im.o.Path + suffix
	}
	if src.file != nil && im.o.State != "" {
		full, err := filepath.Abs(im.o.Path)
		if err != nil {
			return nil, err
		}
		p.name(im.o.State, im.o.Target, full, src.info)
		if !im.o.Again && p.load() {
			im.o.Notice(fmt.Sprintf("Going on after line %d, where the last import of this file stopped; --again begins again.", p.at.Line))
		}
	}
	return &fileKeeper{place: p, out: &rejects{
		decoder: src.decoder, path: p.at.Rejects, size: p.at.RejectBytes, fallback: im.o.Rejects == "" && im.o.Path != Stdin,
	}}, nil
}
