package backup

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"hash"
	"hash/crc32"
	"io"

	"github.com/klauspost/compress/zstd"
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

const blockHead = 8 // bytes of length and checksum

// The skippable frame at the end of the file.
const (
	skippable  = 0x184D2A50 // one of the magic numbers that Zstandard sets apart
	footerSize = 8 + sha256.Size
	zstdMagic  = 0xFD2FB528
)

// window is what a reader must keep in memory to unpack.
const window = 1 << 20

// writer packs blocks into a file.
type writer struct {
	to    io.Writer
	hash  hash.Hash
	bytes int64
	zip   *zstd.Encoder
	open  []byte // the block at hand
}

func newWriter(to io.Writer) (*writer, error) {
	w := &writer{to: to, hash: sha256.New()}
	var err error
	w.zip, err = zstd.NewWriter(packing{w}, zstd.WithEncoderConcurrency(1), zstd.WithWindowSize(window), zstd.WithLowerEncoderMem(true))
	return w, err
}

// packing counts and hashes what goes into the file.
type packing struct{ *writer }

func (p packing) Write(b []byte) (int, error) {
	n, err := p.to.Write(b)
	p.hash.Write(b[:n])
	p.writer.bytes += int64(n)
	return n, err
}

// block writes one block, whose content fill appends.
func (w *writer) block(kind byte, fill func([]byte) []byte) error {
	w.open = append(w.open[:0], make([]byte, blockHead)...)
	w.open = fill(append(w.open, kind))
	content := w.open[blockHead:]
	if len(content) > maxBlock {
		return fmt.Errorf("a row or message of %d bytes is too large for a backup", len(content))
	}
	binary.LittleEndian.PutUint32(w.open, uint32(len(content)))
	binary.LittleEndian.PutUint32(w.open[4:], crc32.Checksum(content, castagnoli))
	_, err := w.zip.Write(w.open)
	return err
}

// finish ends the file and returns its size.
func (w *writer) finish() (int64, error) {
	if err := w.zip.Close(); err != nil {
		return 0, err
	}
	footer := binary.LittleEndian.AppendUint32(nil, skippable)
	footer = binary.LittleEndian.AppendUint32(footer, sha256.Size)
	n, err := w.to.Write(w.hash.Sum(footer))
	return w.bytes + int64(n), err
}

// abandon lets go of the memory.
func (w *writer) abandon() {
	w.zip.Reset(io.Discard)
	_ = w.zip.Close() // into nowhere
}

// blockReader reads blocks from an unpacked stream.
type blockReader struct {
	from   io.Reader
	number int64 // of the block read last
	buffer bytes.Buffer
}

// next returns the next block; its content is good until the next call. The
// error is io.EOF after the last.
func (r *blockReader) next() (kind byte, content []byte, err error) {
	var head [blockHead]byte
	switch _, err := io.ReadFull(r.from, head[:]); {
	case err == io.EOF:
		return 0, nil, io.EOF
	case err != nil:
		return 0, nil, err
	}
	r.number++
	size := binary.LittleEndian.Uint32(head[:])
	if size < 1 || size > maxBlock {
		return 0, nil, fmt.Errorf("a block of %d bytes", size)
	}
	r.buffer.Reset()
	if _, err := io.CopyN(&r.buffer, r.from, int64(size)); err != nil { // grows with what is there, not with what is promised
		if err == io.EOF {
			err = io.ErrUnexpectedEOF
		}
		return 0, nil, err
	}
	b := r.buffer.Bytes()
	if crc32.Checksum(b, castagnoli) != binary.LittleEndian.Uint32(head[4:]) {
		return 0, nil, errors.New("a block has another checksum")
	}
	return b[0], b[1:], nil
}
