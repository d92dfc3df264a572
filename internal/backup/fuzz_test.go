package backup

import (
	"bytes"
	"encoding/binary"
	"hash/crc32"
	"testing"

	"github.com/go-json-experiment/json"
	"github.com/google/go-cmp/cmp"

	"github.com/dhvani/dhvani/internal/db"
	"github.com/dhvani/dhvani/internal/event"
	"github.com/dhvani/dhvani/internal/eventlog"
)

var fuzzColumns = []db.Column{{Name: "n", Kind: db.Int}, {Name: "t", Kind: db.Text}, {Name: "b", Kind: db.Bytes}}

// Any bytes are rows or are not; what is read can be written and read again.
func FuzzRow(f *testing.F) {
	for _, row := range [][]any{{nil, nil, nil}, {int64(0), "", []byte{}}, {int64(-1 << 63), "খুব", []byte{0}}, {int64(1<<63 - 1), "x", make([]byte, 300)}} {
		f.Add(packRow(f, row))
	}
	f.Add([]byte{1, 0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1, 0})
	f.Fuzz(func(t *testing.T, b []byte) {
		row := make([]any, len(fuzzColumns))
		for len(b) > 0 {
			rest, err := decodeRow(b, fuzzColumns, row)
			if err != nil {
				return
			}
			again := make([]any, len(row))
			if left, err := decodeRow(packRow(t, row), fuzzColumns, again); err != nil || len(left) > 0 || !cmp.Equal(row, again) {
				t.Fatalf("%v became %v: %v", row, again, err)
			}
			b = rest
		}
	})
}

func packRow(t testing.TB, row []any) (b []byte) {
	for i, c := range fuzzColumns {
		if err := (&value{c.Kind, &b}).Scan(row[i]); err != nil {
			t.Fatal(err)
		}
	}
	return b
}

// What the database should not return is an error, not another value.
func TestOtherKinds(t *testing.T) {
	for _, v := range []any{1.5, true, "text", []byte("bytes")} {
		var b []byte
		if err := (&value{db.Int, &b}).Scan(v); err == nil {
			t.Errorf("%T was taken for a number", v)
		}
	}
}

// Any bytes are a message of the log or are not.
func FuzzMessage(f *testing.F) {
	e := event.Event{Workspace: 1, Type: event.Track, UserID: "u", MessageID: "m"}
	f.Add(appendMessage(nil, eventlog.Message{Shard: 1, Sequence: 9, Counts: []eventlog.Count{{Workspace: 1, Events: 1}}, Records: event.AppendRecord(nil, &e)}))
	f.Add([]byte{0, 1, 0xff, 0xff, 0xff, 0xff, 0x0f})
	f.Fuzz(func(t *testing.T, b []byte) {
		c := checker{}
		h := &header{Shards: []shard{{}, {Shard: 1, Sequence: 8}}}
		if err := c.header(h); err != nil {
			t.Fatal(err)
		}
		m, err := decodeMessage(b, len(h.Shards))
		if err == nil && c.message(m) == nil {
			again, err := decodeMessage(appendMessage(nil, m), len(h.Shards))
			if err != nil || !cmp.Equal(m, again) {
				t.Fatalf("%+v became %+v: %v", m, again, err)
			}
		}
	})
}

// Any blocks, with checksums that are right, are a backup or are refused; the
// input is a run of kind, length and content.
func FuzzBlocks(f *testing.F) {
	h := header{Format: formatName, Version: 1, Program: "0.1.0", Minimum: "0.1.0", Shards: []shard{{Stream: "s", Sequence: 8}}}
	for _, name := range leading {
		h.Tables = append(h.Tables, newTable(db.Table{Name: name, Columns: fuzzColumns}))
	}
	e := event.Event{Workspace: 1, Type: event.Track, UserID: "u", MessageID: "m"}
	var seed []byte
	add := func(kind byte, content []byte, err error) {
		if err != nil {
			f.Fatal(err)
		}
		seed = append(seed, kind)
		seed = binary.LittleEndian.AppendUint16(seed, uint16(len(content)))
		seed = append(seed, content...)
	}
	text, err := json.Marshal(h)
	add(headerBlock, text, err)
	add(messageBlock, appendMessage(nil, eventlog.Message{Sequence: 9, Counts: []eventlog.Count{{Workspace: 1, Events: 1}}, Records: event.AppendRecord(nil, &e)}), nil)
	add(rowsBlock, append([]byte{3}, packRow(f, []any{int64(7), "x", nil})...), nil)
	text, err = json.Marshal(trailer{Messages: 1, Rows: []int64{0, 0, 0, 1}})
	add(endBlock, text, err)
	f.Add(seed)
	f.Fuzz(func(t *testing.T, b []byte) {
		var stream []byte
		whole := b
		for len(b) >= 3 {
			n := min(int(binary.LittleEndian.Uint16(b[1:])), len(b)-3)
			content := append([]byte{b[0]}, b[3:3+n]...)
			stream = binary.LittleEndian.AppendUint32(stream, uint32(len(content)))
			stream = binary.LittleEndian.AppendUint32(stream, crc32.Checksum(content, castagnoli))
			stream = append(stream, content...)
			b = b[3+n:]
		}
		c := checker{}
		r := blockReader{from: bytes.NewReader(stream)}
		switch err := r.walk(t.Context(), c.visitor()); {
		case err == nil && c.h == nil:
			t.Error("nothing was taken for a backup")
		case err != nil && bytes.Equal(whole, seed):
			t.Error("a backup was refused:", err)
		}
		c.place()
	})
}

// Any bytes in place of the unpacked stream are refused without much memory.
func FuzzStream(f *testing.F) {
	f.Add([]byte{1, 0, 0, 0, 0, 0, 0, 0, 'H'})
	f.Add([]byte{0xff, 0xff, 0xff, 0, 0, 0, 0, 0, 'H'})
	f.Fuzz(func(t *testing.T, b []byte) {
		c := checker{}
		r := blockReader{from: bytes.NewReader(b)}
		if err := r.walk(t.Context(), c.visitor()); err == nil && c.h == nil {
			t.Error("nothing was taken for a backup")
		}
		if got := r.buffer.Cap(); got > 4*len(b)+1<<16 {
			t.Errorf("%d bytes made a buffer of %d", len(b), got)
		}
	})
}
