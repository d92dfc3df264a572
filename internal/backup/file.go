package backup

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/go-json-experiment/json"
	"github.com/klauspost/compress/zstd"

	"github.com/dhvani/dhvani/internal/eventlog"
)

// Progress is told how much of the file a step has read, in bytes. It is called
// often and must be quick.
type Progress func(step string, done, total int64)

// pass is one reading of a file, from its beginning.
type pass struct {
	file   *os.File
	size   int64 // of the file without its footer
	read   int64
	footer []byte
	sum    io.Writer // gets what is read
	report func(done, total int64)
	unzip  *zstd.Decoder
	blocks blockReader
}

// openPass looks at both ends of the file and begins to read it. What is read
// goes to sum too.
func openPass(path string, sum io.Writer, report func(done, total int64)) (*pass, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	p := &pass{file: file, sum: sum, report: report}
	if err = p.ends(); err == nil {
		p.unzip, err = unpack(packed{p})
	}
	if err != nil {
		file.Close()
		return nil, err
	}
	p.blocks.from = unpacked{p.unzip}
	return p, nil
}

// unpack reads a Zstandard stream within bounds of memory.
func unpack(from io.Reader) (*zstd.Decoder, error) {
	return zstd.NewReader(from, zstd.WithDecoderConcurrency(1), zstd.WithDecoderLowmem(true), zstd.WithDecoderMaxWindow(8*window))
}

// unpacked says in plain words that the stream is none, for which the decoder has
// words of its own.
type unpacked struct{ from io.Reader }

func (u unpacked) Read(b []byte) (int, error) {
	n, err := u.from.Read(b)
	var path *os.PathError
	if err != nil && err != io.EOF && !errors.Is(err, io.ErrUnexpectedEOF) && !errors.As(err, &path) {
		err = errors.New("its bytes cannot be unpacked")
	}
	return n, err
}

// ends checks the file's first and last bytes.
func (p *pass) ends() error {
	info, err := p.file.Stat()
	if err != nil {
		return err
	}
	var first [4]byte
	if _, err := p.file.ReadAt(first[:], 0); err != nil && err != io.EOF {
		return err
	}
	if binary.LittleEndian.Uint32(first[:]) != zstdMagic {
		return fmt.Errorf("%w, or no backup of Dhvani at all: it does not begin like one", ErrDamaged)
	}
	p.size = info.Size() - footerSize
	p.footer = make([]byte, footerSize)
	if p.size > 0 {
		if _, err := p.file.ReadAt(p.footer, p.size); err != nil {
			return err
		}
	}
	if binary.LittleEndian.Uint32(p.footer) != skippable || binary.LittleEndian.Uint32(p.footer[4:]) != sha256.Size {
		return fmt.Errorf("%w: its end is missing or damaged (it has %d bytes)", ErrDamaged, info.Size())
	}
	return nil
}

// packed reads the file up to its footer.
type packed struct{ *pass }

func (p packed) Read(b []byte) (int, error) {
	if p.read >= p.size {
		return 0, io.EOF
	}
	n, err := p.file.Read(b[:min(int64(len(b)), p.size-p.read)])
	if _, err := p.sum.Write(b[:n]); err != nil {
		return 0, err
	}
	p.pass.read += int64(n)
	p.report(p.pass.read, p.size)
	return n, err
}

func (p *pass) close() {
	p.unzip.Close()
	p.file.Close()
}

// visitor is given the parts of a backup in their order. What it has no function
// for is skipped.
type visitor struct {
	header  func(h *header) error
	message func(m eventlog.Message) error
	rows    func(table int, rows []byte) error // of one block
	end     func(t trailer) error
}

// errEnough ends a walk without an error.
var errEnough = errors.New("enough was read")

// walk reads blocks and gives them to the visitor. What it says of a damaged
// file wraps ErrDamaged; the visitor's own errors come back as they are.
func (r *blockReader) walk(ctx context.Context, v visitor) error {
	w := walker{visitor: v}
	for {
		if err := ctx.Err(); err != nil {
			return err
		}
		kind, content, err := r.next()
		switch {
		case err == io.EOF && w.ended:
			return nil
		case err != nil:
			return damaged(err)
		}
		if err := w.block(kind, content); err == errEnough {
			return nil
		} else if err != nil {
			return err
		}
	}
}

func damaged(err error) error {
	var path *os.PathError
	switch {
	case errors.As(err, &path): // the disk does not give the file
		return err
	case err == io.EOF:
		err = io.ErrUnexpectedEOF
	}
	return fmt.Errorf("%w: %w", ErrDamaged, err)
}

// walker knows what may come next.
type walker struct {
	visitor
	h      *header
	inRows bool
	table  int
	ended  bool
}

func (w *walker) block(kind byte, content []byte) error {
	switch {
	case w.h == nil && kind == headerBlock:
		h, err := decodeHeader(content)
		if err != nil {
			return err
		}
		w.h = h
		return call(w.header, h)
	case w.h == nil || w.ended:
	case kind == messageBlock && !w.inRows:
		m, err := decodeMessage(content, len(w.h.Shards))
		if err != nil {
			return damaged(err)
		}
		return call(w.message, m)
	case kind == rowsBlock:
		table, rows, err := rowsTable(content, len(w.h.Tables))
		if err != nil || table < w.table {
			return damaged(errRow)
		}
		w.inRows, w.table = true, table
		if w.rows == nil {
			return nil
		}
		return w.rows(table, rows)
	case kind == endBlock:
		var t trailer
		if err := json.Unmarshal(content, &t); err != nil || len(t.Rows) != len(w.h.Tables) {
			return damaged(errors.New("a trailer that cannot be read"))
		}
		w.ended = true
		return call(w.end, t)
	}
	return damaged(fmt.Errorf("a block of kind %q where it cannot be", kind))
}

func call[T any](f func(T) error, v T) error {
	if f == nil {
		return nil
	}
	return f(v)
}
