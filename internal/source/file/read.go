package file

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"sync/atomic"

	"github.com/klauspost/compress/flate"
	"github.com/klauspost/compress/gzip"

	"github.com/dhvani/dhvani/internal/event"
)

const (
	// maxEvents and maxBytes bound a request. A proxy before the server often
	// takes 1 MB (2^20 bytes) at most.
	maxEvents = 500
	maxBytes  = 1_000_000

	bufferSize = 2 * event.MaxEventBytes // longer lines are skipped while they are read
)

const (
	notJSON = event.Reject("the line is not a JSON object")
	tooLong = event.Reject("the line is longer than 32768 bytes")
)

// source reads the units of a file.
type source struct {
	name    string
	decoder Decoder
	file    *os.File // nil for the standard input
	info    os.FileInfo
}

// newSource reads a file of a format from r, gzipped where the first bytes say
// so, and counts into read the bytes that come from r.
func newSource(name string, r io.Reader, read *atomic.Int64, format Format) (*source, error) {
	text, err := Inflate(&counter{r, read})
	if err != nil {
		return nil, err
	}
	d, err := format(text)
	if err != nil {
		return nil, err
	}
	return &source{name: name, decoder: d}, nil
}

// Inflate reads r, gzipped where the first bytes say so.
func Inflate(r io.Reader) (io.Reader, error) {
	b := bufio.NewReaderSize(r, bufferSize)
	if head, _ := b.Peek(2); len(head) == 2 && head[0] == 0x1f && head[1] == 0x8b {
		z, err := gzip.NewReader(b)
		return &unpacked{z}, broken(err)
	}
	return b, nil
}

// ErrBroken says that a gzipped file cannot be unpacked to its end.
var ErrBroken = errors.New("the gzipped file is damaged")

type unpacked struct{ from *gzip.Reader }

func (u *unpacked) Read(b []byte) (int, error) {
	n, err := u.from.Read(b)
	return n, broken(err)
}

// broken tells what is wrong with a file from what keeps it from being read.
func broken(err error) error {
	var corrupt flate.CorruptInputError
	if errors.Is(err, gzip.ErrHeader) || errors.Is(err, gzip.ErrChecksum) || errors.Is(err, io.ErrUnexpectedEOF) || errors.As(err, &corrupt) {
		return fmt.Errorf("%w: %w", ErrBroken, err)
	}
	return err
}

func (s *source) Close() error {
	if s.file == nil {
		return nil
	}
	return s.file.Close()
}

// batch is one request.
type batch struct {
	body     []byte // {"batch":[...]}
	events   []sent
	rejected []Reject
	refused  int // how many of the events the server rejected

	offset, line int64 // where it ends in the file
	done         chan error
}

// sent is an event of a request: its unit, and its place in the body.
type sent struct {
	unit       *Unit
	start, end int
}

const (
	bodyHead = `{"batch":[`
	bodyTail = `]}`
)

// batches calls f with the units that end after a place, in requests of at most
// limit events or one unit, until f returns false or the file ends. The units
// before are read too: identical lines are counted from the beginning.
func (s *source) batches(skip int64, limit int, f func(*batch) bool) error {
	b := &batch{}
	flush := func() bool {
		if len(b.events)+len(b.rejected) == 0 {
			return true
		}
		b.body = append(b.body, bodyTail...)
		b.done = make(chan error, 1)
		full := b
		b = &batch{}
		return f(full)
	}
	for {
		u, err := s.decoder.Next()
		if err != nil {
			flush()
			if errors.Is(err, io.EOF) {
				err = nil
			}
			return err
		}
		if u.End <= skip {
			continue
		}
		size := 0
		for _, e := range u.Events {
			size += len(e) + 1
		}
		if size > 0 && len(b.body)+size+len(bodyTail) > maxBytes && !flush() {
			return nil
		}
		b.add(&u)
		if len(b.events)+len(b.rejected) >= limit && !flush() {
			return nil
		}
	}
}

// add puts a unit into the request, or where there is a reason, among the
// rejects.
func (b *batch) add(u *Unit) {
	b.offset, b.line = u.End, u.Line
	reason := u.Reason
	for _, e := range u.Events {
		if err := event.CheckSize(e); err != nil && reason == nil {
			reason = err
		}
	}
	if reason != nil {
		b.rejected = append(b.rejected, Reject{Line: u.Line, Reason: reason.Error(), Raw: u.Raw, Rows: u.Rows})
		return
	}
	for _, e := range u.Events {
		if len(b.events) == 0 {
			b.body = append(b.body, bodyHead...)
		} else {
			b.body = append(b.body, ',')
		}
		start := len(b.body)
		b.body = append(b.body, e...)
		b.events = append(b.events, sent{u, start, len(b.body)})
	}
}

// counter counts the bytes that are read.
type counter struct {
	r io.Reader
	n *atomic.Int64
}

func (c *counter) Read(p []byte) (int, error) {
	n, err := c.r.Read(p)
	c.n.Add(int64(n))
	return n, err
}
