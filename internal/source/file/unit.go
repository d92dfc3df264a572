package file

import "io"

// Unit is a part of a file that is taken or refused as one: a line, or the rows
// of an order.
type Unit struct {
	Line   int64      // where it begins, from 1
	End    int64      // a measure of how far it reaches, which grows with every unit
	Events []string   // each a JSON object with a message id
	Reason error      // why it is refused; nil where it is not
	Raw    string     // what stands in the file, of a line
	Rows   [][]string // of a table
}

// Decoder reads the units of a file. Whenever it reads the same file it returns
// the same units with the same message ids.
type Decoder interface {
	Next() (Unit, error) // the error at the end is io.EOF
	// AppendReject writes what was not taken, for a file that people mend and
	// import again; first says that it is the file's first.
	AppendReject(b []byte, r Reject, first bool) []byte
	Suffix() string // of the name of that file
}

// Format opens a file that is not gzipped.
type Format func(io.Reader) (Decoder, error)

// Reject is a part of a file that was not taken.
type Reject struct {
	Line   int64      `json:"line"`
	Reason string     `json:"reason"`
	Raw    string     `json:"raw,omitempty"`
	Rows   [][]string `json:"-"`
}
