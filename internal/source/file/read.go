package file

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"os"
	"strings"
	"sync/atomic"

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

// source reads the lines of a file.
type source struct {
	name   string
	r      *bufio.Reader
	file   *os.File // nil for the standard input
	info   os.FileInfo
	offset int64 // bytes read, inflated
	line   int64 // lines read
	seen   occurrences
}

// newSource reads NDJSON from r, gzipped where the first bytes say so, and
// counts into read the bytes that come from r.
func newSource(name string, r io.Reader, read *atomic.Int64) (*source, error) {
	b := bufio.NewReaderSize(&counter{r, read}, bufferSize)
	if head, _ := b.Peek(2); len(head) == 2 && head[0] == 0x1f && head[1] == 0x8b {
		z, err := gzip.NewReader(b)
		if err != nil {
			return nil, err
		}
		b = bufio.NewReaderSize(z, bufferSize)
	}
	if head, _ := b.Peek(len(mark)); string(head) == mark {
		b.Discard(len(mark)) // so that the first line is the same with it and without
	}
	if head, _ := b.Peek(64); bytes.HasPrefix(bytes.TrimSpace(head), []byte("[")) {
		return nil, errors.New("the file is a JSON array: one event a line is needed, as jq -c '.[]' writes it")
	}
	return &source{name: name, r: b, seen: occurrences{}}, nil
}

const mark = "\ufeff" // of byte order

func (s *source) Close() error {
	if s.file == nil {
		return nil
	}
	return s.file.Close()
}

// next returns the next line without the space around it, or only that it is
// too long. The text is good until the next call. An end that is no end of a
// line ends the last one.
func (s *source) next() (text []byte, long bool, err error) {
	start := s.offset
	text, err = s.r.ReadSlice('\n')
	s.offset += int64(len(text))
	for errors.Is(err, bufio.ErrBufferFull) {
		long = true
		text, err = s.r.ReadSlice('\n')
		s.offset += int64(len(text))
	}
	if errors.Is(err, io.EOF) && s.offset > start {
		err = nil
	}
	if err != nil {
		return nil, false, err
	}
	s.line++
	return bytes.TrimSpace(text), long, nil
}

// batch is one request.
type batch struct {
	body     []byte // {"batch":[...]}
	events   []sent
	rejected []reject
	refused  int // how many of the events the server rejected

	offset, line int64 // where it ends in the file
	done         chan error
}

// sent is an event of a request: its line, and its place in the body.
type sent struct {
	line       int64
	start, end int
}

const (
	bodyHead = `{"batch":[`
	bodyTail = `]}`
)

// batches calls f with the lines after the first skip bytes of the file, in
// requests of at most limit lines, until f returns false or the file ends. The
// lines before are read too: identical lines are counted from the beginning.
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
		text, long, err := s.next()
		if err != nil {
			flush()
			if errors.Is(err, io.EOF) {
				err = nil
			}
			return err
		}
		if len(text) == 0 && !long {
			continue
		}
		e, reason := s.event(text, long)
		if s.offset <= skip {
			continue
		}
		if reason == nil && len(b.body)+len(e)+len(bodyTail)+1 > maxBytes && !flush() {
			return nil
		}
		b.add(s.line, e, text, reason)
		b.offset, b.line = s.offset, s.line
		if len(b.events)+len(b.rejected) >= limit && !flush() {
			return nil
		}
	}
}

// add puts a line into the request, or where there is a reason, among the
// rejects.
func (b *batch) add(line int64, event string, text []byte, reason error) {
	if reason != nil {
		b.rejected = append(b.rejected, reject{Line: line, Reason: reason.Error(), Raw: string(text)})
		return
	}
	if len(b.events) == 0 {
		b.body = append(b.body, bodyHead...)
	} else {
		b.body = append(b.body, ',')
	}
	start := len(b.body)
	b.body = append(b.body, event...)
	b.events = append(b.events, sent{line, start, len(b.body)})
}

// event returns a line as the event to send, or why it cannot be sent. What
// would spoil the whole request is found here, by the server's own rules; all
// else is the server's to say.
func (s *source) event(text []byte, long bool) (string, error) {
	if long {
		return "", tooLong
	}
	e, err := event.Clean(text)
	if err != nil || e[0] != '{' {
		return "", notJSON
	}
	if err := event.CheckSize(e); err != nil {
		return "", err
	}
	if event.ParseObject(e).Text("messageId") != "" {
		return e, nil
	}
	head := strings.TrimRight(e[:len(e)-1], " \t\r\n")
	comma := ","
	if head == "{" {
		comma = ""
	}
	return head + comma + `"messageId":"` + s.seen.messageID(text) + `"}`, nil
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
