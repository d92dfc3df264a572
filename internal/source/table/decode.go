package table

import (
	"errors"
	"io"
	"strings"

	"github.com/dhvani/dhvani/internal/source/file"
)

// maxRows is how many rows one order may have.
const maxRows = 1000

// Decoder turns a table into units of events: an order with all of its rows, a
// customer, a review.
type Decoder struct {
	preset *Preset
	o      Options
	header []string
	column map[Field][]int
	rows   *Reader
	ahead  *Row // was read and is not taken
}

// NewDecoder reads the first row, which names the columns. An empty mapping means
// what the preset proposes. The error is io.EOF where the table is empty.
func NewDecoder(r io.Reader, p *Preset, m Mapping, o Options) (*Decoder, error) {
	rows, err := NewReader(r)
	if err != nil {
		return nil, err
	}
	first, err := rows.Next()
	if err != nil {
		return nil, err
	}
	d := &Decoder{preset: p, o: o, header: first.Cells, rows: rows, column: map[Field][]int{}}
	if len(m) == 0 {
		m = p.Propose(d.header)
	}
	for i, f := range m {
		if f != None && i < len(d.header) {
			d.column[f] = append(d.column[f], i)
		}
	}
	return d, nil
}

// Header returns the names of the columns.
func (d *Decoder) Header() []string { return d.header }

// Next returns the next unit; the error at the end is io.EOF.
func (d *Decoder) Next() (file.Unit, error) {
	rows, err := d.group()
	if err != nil {
		return file.Unit{}, err
	}
	last := rows[len(rows)-1]
	u := file.Unit{Line: rows[0].Line, End: last.Number}
	for _, r := range rows {
		u.Rows = append(u.Rows, r.Cells)
	}
	var events []string
	switch {
	case last.Broken:
		err = Flaw{Code: "broken"}
	case len(rows) > maxRows:
		err = Flaw{Code: "too_long"}
	default:
		t := &translation{d: d, rows: u.Rows}
		switch d.preset.Kind {
		case Orders:
			events, err = t.order()
		case Customers:
			events, err = t.customer()
		default:
			events, err = t.review()
		}
	}
	var flaw Flaw
	switch {
	case errors.As(err, &flaw):
		u.Reason = flaw
	case err != nil:
		return file.Unit{}, err
	default:
		u.Events = events
	}
	return u, nil
}

// group returns the rows of the next unit. Those of an order follow one another:
// they have its number, or none. Of more than maxRows only one more is kept.
func (d *Decoder) group() ([]Row, error) {
	first, err := d.next()
	if err != nil {
		return nil, err
	}
	rows := []Row{first}
	if d.preset.Kind != Orders || first.Broken {
		return rows, nil
	}
	id := d.text(first.Cells, OrderID)
	for id != "" {
		row, err := d.next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, err
		}
		if next := d.text(row.Cells, OrderID); row.Broken || next != "" && next != id {
			d.ahead = &row
			break
		}
		if len(rows) > maxRows {
			rows[maxRows] = row
		} else {
			rows = append(rows, row)
		}
	}
	return rows, nil
}

func (d *Decoder) next() (Row, error) {
	if r := d.ahead; r != nil {
		d.ahead = nil
		return *r, nil
	}
	return d.rows.Next()
}

// text returns a row's first cell of a field that is not empty.
func (d *Decoder) text(cells []string, f Field) string {
	for _, i := range d.column[f] {
		if i < len(cells) {
			if t := clean(cells[i]); t != "" {
				return t
			}
		}
	}
	return ""
}

// AppendReject writes the rows of a unit that was not taken, with the reason in a
// column of its own; the first time after the names of the columns.
func (d *Decoder) AppendReject(b []byte, r file.Reject, first bool) []byte {
	width := len(d.header)
	if width > 0 && d.header[width-1] == ReasonColumn {
		width-- // a table of rejects, imported again
	}
	line := func(cells []string, last string) {
		out := make([]string, width+1)
		copy(out[:width], cells)
		out[width] = last
		b = AppendRow(b, out...)
	}
	if first {
		b = append(b, "\ufeff"...) // so that spreadsheets read it as UTF-8
		line(d.header, ReasonColumn)
	}
	for _, cells := range r.Rows {
		line(cells, r.Reason)
	}
	return b
}

// Suffix is what the name of a file of rejects ends with.
func (*Decoder) Suffix() string { return ".rejects.csv" }

// name returns the name of the column that holds a field.
func (d *Decoder) name(f Field) string {
	if c := d.column[f]; len(c) > 0 {
		return strings.TrimSpace(d.header[c[0]])
	}
	return ""
}
