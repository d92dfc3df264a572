package backup

import (
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/dhvani/dhvani/internal/db"
	"github.com/dhvani/dhvani/internal/eventlog"
)

var (
	errRow     = errors.New("a row that cannot be read")
	errMessage = errors.New("a message of the log that cannot be read")
)

// A block of rows begins with the number of the table in the header. A value is
// 0 for NULL; else 1 and a varint for an integer, and the length plus 1 and the
// bytes for text and bytes.

// value appends what the database returns for one column to a block.
type value struct {
	kind db.Kind
	to   *[]byte
}

// Scan is called by database/sql; text and bytes are copied at once.
func (v *value) Scan(from any) error {
	switch x := from.(type) {
	case nil:
		*v.to = append(*v.to, 0)
		return nil
	case int64:
		if v.kind == db.Int {
			*v.to = binary.AppendVarint(append(*v.to, 1), x)
			return nil
		}
	case string:
		if v.kind == db.Text {
			*v.to = append(binary.AppendUvarint(*v.to, uint64(len(x))+1), x...)
			return nil
		}
	case []byte:
		if v.kind == db.Bytes {
			*v.to = append(binary.AppendUvarint(*v.to, uint64(len(x))+1), x...)
			return nil
		}
	}
	return fmt.Errorf("the database holds a %T in a column of kind %s", from, kindNames[v.kind])
}

// decodeRow reads one row from the front of b into values and returns what
// follows. Bytes share b's memory.
func decodeRow(b []byte, columns []db.Column, values []any) ([]byte, error) {
	for i, c := range columns {
		n, used := binary.Uvarint(b)
		if used <= 0 {
			return nil, errRow
		}
		b = b[used:]
		switch {
		case n == 0:
			values[i] = nil
		case c.Kind == db.Int:
			x, used := binary.Varint(b)
			if n != 1 || used <= 0 {
				return nil, errRow
			}
			values[i], b = x, b[used:]
		case n-1 > uint64(len(b)):
			return nil, errRow
		case c.Kind == db.Text:
			values[i], b = string(b[:n-1]), b[n-1:]
		default:
			values[i], b = b[:n-1:n-1], b[n-1:]
		}
	}
	return b, nil
}

// rowsTable returns which table a block's rows are of, and the rows.
func rowsTable(content []byte, tables int) (int, []byte, error) {
	n, used := binary.Uvarint(content)
	if used <= 0 || n >= uint64(tables) {
		return 0, nil, errRow
	}
	return int(n), content[used:], nil
}

// appendMessage packs a message of the log: shard, sequence, the counts by
// workspace and the records as they are.
func appendMessage(b []byte, m eventlog.Message) []byte {
	b = binary.AppendUvarint(b, uint64(m.Shard))
	b = binary.AppendUvarint(b, m.Sequence)
	b = binary.AppendUvarint(b, uint64(len(m.Counts)))
	for _, c := range m.Counts {
		b = binary.AppendUvarint(b, uint64(c.Workspace))
		b = binary.AppendUvarint(b, uint64(c.Events))
	}
	return append(b, m.Records...)
}

// decodeMessage reads what appendMessage wrote, for a log of so many shards.
// The records share b's memory.
func decodeMessage(b []byte, shards int) (m eventlog.Message, err error) {
	next := func() uint64 {
		v, n := binary.Uvarint(b)
		if n <= 0 {
			err = errMessage
			return 0
		}
		b = b[n:]
		return v
	}
	number, sequence, counts := next(), next(), next()
	if err != nil || number >= uint64(shards) || counts > uint64(len(b)) {
		return m, errMessage
	}
	m = eventlog.Message{Shard: int(number), Sequence: sequence}
	for range counts {
		m.Counts = append(m.Counts, eventlog.Count{Workspace: int64(next()), Events: int64(next())})
		if err != nil {
			return m, err
		}
	}
	m.Records = b
	return m, nil
}
