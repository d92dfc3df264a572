package backup

import (
	"context"
	"encoding/binary"
	"fmt"

	"github.com/dhvani/dhvani/internal/db"
	"github.com/dhvani/dhvani/internal/event"
)

// dump writes one table's rows.
type dump struct {
	tx      *db.Tx
	w       *writer
	table   int
	columns []db.Column
	rows    int64

	events  *eventColumns // of the events' table, whose checksums are looked at
	sum     event.Summer
	row     []any
	damaged int64
	first   string // which is damaged first
}

func (d *dump) run(ctx context.Context, query string) error {
	rows, err := d.tx.Query(ctx, query)
	if err != nil {
		return err
	}
	defer rows.Close()
	block := d.begin(nil)
	empty := len(block)
	into := make([]any, len(d.columns))
	for i, c := range d.columns {
		into[i] = &value{c.Kind, &block}
	}
	d.row = make([]any, len(d.columns))
	for rows.Next() {
		start := len(block)
		if err := rows.Scan(into...); err != nil {
			return err
		}
		d.rows++
		if d.events != nil {
			d.look(block[start:])
		}
		if len(block) >= fullBlock {
			if err := d.write(block); err != nil {
				return err
			}
			block = d.begin(block)
		}
	}
	if err := rows.Err(); err != nil {
		return err
	}
	if len(block) == empty {
		return nil
	}
	return d.write(block)
}

func (d *dump) begin(block []byte) []byte {
	return binary.AppendUvarint(block[:0], uint64(d.table))
}

func (d *dump) write(block []byte) error {
	return d.w.block(rowsBlock, func(b []byte) []byte { return append(b, block...) })
}

// look checks a stored event's own checksum. A damaged one is kept as it is: its
// checksum goes with it and tells whoever reads it.
func (d *dump) look(row []byte) {
	_, err := decodeRow(row, d.columns, d.row)
	var e event.Event
	if err == nil {
		e, err = d.events.event(d.row)
	}
	if err == nil && d.events.intact(&e, d.row, &d.sum) {
		return
	}
	if d.damaged++; d.first == "" {
		d.first = fmt.Sprintf("position %d (shard %d, sequence %d, index %d)", e.Position, e.Position.Shard(), e.Position.Sequence(), e.Position.Index())
	}
}
