package backup

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"

	"github.com/dhvani/dhvani/internal/db"
	"github.com/dhvani/dhvani/internal/event"
	"github.com/dhvani/dhvani/internal/eventlog"
)

// File is a backup that was read and checked as a whole.
type File struct {
	path     string
	size     int64
	header   *header
	trailer  trailer
	progress Progress
}

// Open reads a whole file and checks every part of it, and makes nothing. The
// error says where the file is damaged (ErrDamaged), or which program it needs.
func Open(ctx context.Context, path string, progress Progress) (*File, error) {
	if progress == nil {
		progress = func(string, int64, int64) {}
	}
	f := &File{path: path, progress: progress}
	sum := sha256.New()
	p, err := openPass(path, sum, f.reporter("check"))
	if err != nil {
		return nil, fmt.Errorf("check %s: %w", path, err)
	}
	defer p.close()
	c := checker{}
	if err = p.blocks.walk(ctx, c.visitor()); err == nil {
		_, err = io.Copy(io.Discard, packed{p})
	}
	if err == nil && !bytes.Equal(sum.Sum(nil), p.footer[footerSize-sha256.Size:]) {
		err = fmt.Errorf("%w: it is not what was written, and no block says where", ErrDamaged)
	}
	if errors.Is(err, ErrDamaged) {
		err = fmt.Errorf("%w (%s, block %d, at most %d bytes into the file)", err, c.place(), p.blocks.number, p.read)
	}
	if err != nil {
		return nil, fmt.Errorf("check %s: %w", path, err)
	}
	f.size, f.header, f.trailer = p.size+footerSize, c.h, c.t
	return f, nil
}

func (f *File) reporter(step string) func(done, total int64) {
	return func(done, total int64) { f.progress(step, done, total) }
}

// walk reads the file once more.
func (f *File) walk(ctx context.Context, step string, v visitor) error {
	p, err := openPass(f.path, io.Discard, f.reporter(step))
	if err == nil {
		defer p.close()
		err = p.blocks.walk(ctx, v)
	}
	if err != nil {
		return fmt.Errorf("read %s: %w", f.path, err)
	}
	return nil
}

// Summary says what the file holds.
func (f *File) Summary() Summary {
	s := Summary{CreatedAt: f.header.CreatedAt, Bytes: f.size, Workspaces: len(f.header.Workspaces), Messages: f.trailer.Messages}
	for i, t := range f.header.Tables {
		if t.Name == eventTable {
			s.Events = f.trailer.Rows[i]
		}
	}
	return s
}

// checker reads everything and counts it.
type checker struct {
	h       *header
	columns [][]db.Column
	next    []uint64 // the next message of each shard
	shard   int      // of the newest message
	counted trailer
	t       trailer
	table   int
}

func (c *checker) visitor() visitor {
	return visitor{header: c.header, message: c.message, rows: c.rows, end: c.end}
}

// place says what was read last.
func (c *checker) place() string {
	switch {
	case c.h == nil:
		return "in its header"
	case c.table < 0:
		return "after the header"
	}
	return "in or after the table " + c.h.Tables[c.table].Name
}

func (c *checker) header(h *header) error {
	c.h, c.table = h, -1
	c.counted.Rows = make([]int64, len(h.Tables))
	for i := range h.Tables {
		c.columns = append(c.columns, h.Tables[i].columns())
	}
	for _, s := range h.Shards {
		c.next = append(c.next, s.Sequence+1)
	}
	return nil
}

func (c *checker) message(m eventlog.Message) error {
	if m.Sequence != c.next[m.Shard] || m.Shard < c.shard || m.Sequence > event.MaxSequence {
		return damaged(fmt.Errorf("message %d of shard %d of the log where %d belongs", m.Sequence, m.Shard, c.next[m.Shard]))
	}
	events, err := m.Events(nil)
	if err == nil {
		err = countsAgree(m, events)
	}
	if err != nil {
		return damaged(fmt.Errorf("message %d of shard %d of the log: %w", m.Sequence, m.Shard, err))
	}
	c.shard = m.Shard
	c.next[m.Shard]++
	c.counted.Messages++
	return nil
}

// countsAgree compares a message's counts with its events.
func countsAgree(m eventlog.Message, events []event.Event) error {
	if len(events) > event.MaxIndex+1 {
		return errMessage
	}
	left := map[int64]int64{}
	for i := range events {
		left[events[i].Workspace]++
	}
	for _, n := range m.Counts {
		if left[n.Workspace] -= n.Events; n.Events < 0 || n.Events > math.MaxInt32 {
			return errMessage
		}
	}
	for _, n := range left {
		if n != 0 {
			return errMessage
		}
	}
	return nil
}

func (c *checker) rows(table int, rows []byte) error {
	c.table = table
	columns := c.columns[table]
	values := make([]any, len(columns))
	for len(rows) > 0 {
		var err error
		if rows, err = decodeRow(rows, columns, values); err != nil {
			return damaged(err)
		}
		c.counted.Rows[table]++
	}
	return nil
}

func (c *checker) end(t trailer) error {
	c.t = t
	if t.Messages != c.counted.Messages {
		return damaged(fmt.Errorf("%d messages of the log instead of %d", c.counted.Messages, t.Messages))
	}
	for i, n := range t.Rows {
		if n != c.counted.Rows[i] {
			return damaged(fmt.Errorf("%d rows of the table %s instead of %d", c.counted.Rows[i], c.h.Tables[i].Name, n))
		}
	}
	for _, name := range leading {
		i := slices.IndexFunc(c.h.Tables, func(t table) bool { return t.Name == name })
		if i < 0 || name == eventTable && t.Rows[i] > 0 && len(c.h.Shards) == 0 {
			return damaged(errors.New("the table " + name + " or its cursors are missing"))
		}
	}
	return nil
}
