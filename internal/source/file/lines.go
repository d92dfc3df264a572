package file

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"strings"

	"github.com/dhvani/dhvani/internal/event"
)

// lines decodes the Segment format: one JSON object a line.
type lines struct {
	r      *bufio.Reader
	offset int64 // bytes read, inflated
	line   int64 // lines read
	seen   occurrences
}

func openLines(r io.Reader) (Decoder, error) { return NewLines(r) }

// NewLines reads one event a line in the Segment format.
func NewLines(r io.Reader) (Decoder, error) {
	b := bufio.NewReaderSize(r, bufferSize)
	if head, _ := b.Peek(len(mark)); string(head) == mark {
		b.Discard(len(mark)) // so that the first line is the same with it and without
	}
	if head, _ := b.Peek(64); bytes.HasPrefix(bytes.TrimSpace(head), []byte("[")) {
		return nil, ErrArray
	}
	return &lines{r: b, seen: occurrences{}}, nil
}

// ErrArray says that a file is one JSON array.
var ErrArray = errors.New("the file is a JSON array: one event a line is needed, as jq -c '.[]' writes it")

const mark = "\ufeff" // of byte order

// Next returns the next line that is not empty.
func (s *lines) Next() (Unit, error) {
	for {
		text, long, err := s.next()
		if err != nil {
			return Unit{}, err
		}
		if len(text) == 0 && !long {
			continue
		}
		u := Unit{Line: s.line, End: s.offset}
		e, reason := s.event(text, long)
		if reason != nil {
			u.Reason, u.Raw = reason, string(text)
		} else {
			u.Events = []string{e}
		}
		return u, nil
	}
}

// next returns the next line without the space around it, or only that it is
// too long. The text is good until the next call. An end that is no end of a
// line ends the last one.
func (s *lines) next() (text []byte, long bool, err error) {
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
	if long {
		text = nil
	}
	return bytes.TrimSpace(text), long, nil
}

// event returns a line as the event to send, or why it cannot be sent. What
// would spoil the whole request is found here, by the server's own rules; all
// else is the server's to say.
func (s *lines) event(text []byte, long bool) (string, error) {
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

// AppendReject writes a line of JSON.
func (*lines) AppendReject(b []byte, r Reject, _ bool) []byte {
	line, err := json.Marshal(r)
	if err != nil {
		return b // of texts and a number it cannot fail
	}
	return append(append(b, line...), '\n')
}

// Suffix is what the name of a file of rejects ends with.
func (*lines) Suffix() string { return ".rejects.ndjson" }
