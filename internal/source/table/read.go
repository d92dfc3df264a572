package table

import (
	"bytes"
	"errors"
	"io"
	"strings"
)

// maxRow is how long a row may be. A row that is longer, most often because a
// quotation mark is missing, ends with its first line.
const maxRow = 128 << 10

// maxColumns is how many cells of a row are read.
const maxColumns = 500

// Row is a row of a table.
type Row struct {
	Line   int64 // where it begins, from 1
	Number int64 // of rows before it, and itself
	Cells  []string
	Broken bool // it could not be read; Cells hold its first line
}

// Reader reads the rows of a CSV text as RFC 4180 has it, forgiving what
// spreadsheets do otherwise: a quotation mark within a cell stands for itself,
// rows may have fewer or more cells than the first, and any of the usual ends of
// line ends one.
type Reader struct {
	r         io.Reader
	separator byte
	buf       []byte
	start     int
	end       error // of the text
	line      int64 // lines before start
	number    int64
}

// NewReader reads text that was written with any of the usual encodings and
// separators.
func NewReader(r io.Reader) (*Reader, error) {
	t := &Reader{r: utf8Text(r)}
	if err := t.fill(16 << 10); err != nil && !errors.Is(err, io.EOF) {
		return nil, err
	}
	if line, rest, ok := bytes.Cut(t.buf, []byte("\n")); ok && len(line) <= 7 && bytes.HasPrefix(bytes.ToLower(line), []byte("sep=")) {
		t.separator = line[4] // spreadsheets write and heed it
		t.start, t.line = len(t.buf)-len(rest), 1
		return t, nil
	}
	t.separator = separatorOf(t.buf)
	return t, nil
}

// separatorOf chooses the separator that the first row has most of.
func separatorOf(text []byte) byte {
	best, most := byte(','), 0
	for _, s := range []byte(",;\t|") {
		cells, _, _ := parse(text, s, true)
		if len(cells) > most {
			best, most = s, len(cells)
		}
	}
	return best
}

// Separator returns what stands between cells.
func (t *Reader) Separator() byte { return t.separator }

// fill reads until so many bytes wait, or returns why there are no more.
func (t *Reader) fill(want int) error {
	if t.start > 0 {
		t.buf = append(t.buf[:0], t.buf[t.start:]...)
		t.start = 0
	}
	for len(t.buf) < want && t.end == nil {
		if cap(t.buf)-len(t.buf) < 4<<10 {
			t.buf = append(make([]byte, 0, max(2*cap(t.buf), 32<<10)), t.buf...)
		}
		n, err := t.r.Read(t.buf[len(t.buf):cap(t.buf)])
		t.buf = t.buf[:len(t.buf)+n]
		t.end = err
	}
	return t.end
}

// Next returns the next row that is not empty. The error at the end is io.EOF.
func (t *Reader) Next() (Row, error) {
	for {
		row, err := t.next()
		if err != nil {
			return Row{}, err
		}
		if !empty(row.Cells) {
			t.number++
			row.Number = t.number
			return row, nil
		}
	}
}

func (t *Reader) next() (Row, error) {
	for want := 16 << 10; ; want = 2 * (len(t.buf) - t.start) {
		waiting := t.buf[t.start:]
		atEnd := t.end != nil
		if len(waiting) == 0 && atEnd {
			return Row{}, t.end
		}
		if cells, n, whole := parse(waiting, t.separator, errors.Is(t.end, io.EOF)); whole {
			return t.take(cells, n, false), nil
		}
		if atEnd && !errors.Is(t.end, io.EOF) {
			return Row{}, t.end
		}
		if atEnd || len(waiting) >= maxRow {
			n := bytes.IndexByte(waiting, '\n') + 1
			if n == 0 {
				n = min(len(waiting), maxRow)
			}
			return t.take([]string{strings.TrimRight(string(waiting[:n]), "\r\n")}, n, true), nil
		}
		_ = t.fill(min(want, maxRow)) // what it says is asked for above
	}
}

// take takes n bytes away as a row.
func (t *Reader) take(cells []string, n int, broken bool) Row {
	row := Row{Line: t.line + 1, Cells: cells, Broken: broken}
	text := t.buf[t.start : t.start+n]
	t.line += int64(bytes.Count(text, []byte("\n")))
	if bytes.IndexByte(text, '\n') < 0 {
		t.line += int64(bytes.Count(text, []byte("\r")))
	}
	t.start += n
	return row
}

// parse reads one row from the beginning of a text, and says how many bytes it
// takes; it is not whole where more text may belong to it.
func parse(text []byte, separator byte, atEnd bool) (cells []string, n int, whole bool) {
	i := 0
	for {
		cell, next, ok := parseCell(text, i, separator, atEnd)
		if !ok {
			return nil, 0, false
		}
		if len(cells) < maxColumns {
			cells = append(cells, cell)
		}
		if next >= len(text) {
			return cells, len(text), atEnd
		}
		switch text[next] {
		case separator:
			i = next + 1
		case '\r':
			if next+1 >= len(text) {
				return cells, len(text), atEnd
			}
			if text[next+1] == '\n' {
				next++
			}
			return cells, next + 1, true
		default:
			return cells, next + 1, true
		}
	}
}

// parseCell reads a cell that begins at i, up to the separator or end of line at
// next.
func parseCell(text []byte, i int, separator byte, atEnd bool) (cell string, next int, ok bool) {
	if i >= len(text) || text[i] != '"' {
		for next = i; next < len(text) && text[next] != separator && text[next] != '\n' && text[next] != '\r'; next++ {
		}
		return string(text[i:next]), next, true
	}
	var b []byte
	for i++; ; i++ {
		k := bytes.IndexByte(text[i:], '"')
		if k < 0 {
			return "", 0, false
		}
		b = append(b, text[i:i+k]...)
		i += k + 1
		if i >= len(text) {
			return string(b), i, atEnd
		}
		switch c := text[i]; c {
		case separator, '\n', '\r':
			return string(b), i, true
		case '"':
			b = append(b, '"')
		default: // a mark within the cell that was not doubled
			b = append(b, '"', c)
		}
	}
}

func empty(cells []string) bool {
	for _, c := range cells {
		if strings.TrimSpace(c) != "" {
			return false
		}
	}
	return true
}
