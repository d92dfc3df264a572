package eventlog

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/minio/highwayhash"
)

// JetStream cuts the files of the embedded log off at the first record that is
// not whole: right for the end of the last one, which a crash may have cut short
// before anybody was answered, and the silent loss of acknowledged messages
// anywhere else. So scan reads them first, in the same way. A file is a run of records (nats-server, server/filestore.go):
//
//	4 bytes   length of the whole record; bit 31 says that it has headers, which ours do not
//	8 bytes   sequence; bits 63 and 62 mark what was erased
//	8 bytes   time
//	2 bytes   length of the subject
//	...       subject, message
//	8 bytes   HighwayHash-64 of all but the lengths, keyed by stream and file
//
// all little endian.
const (
	recordHeader = 22
	recordHash   = 8
	maxRecord    = 32 << 20
	erased       = 3 << 62
	sector       = 512 // bytes that a disk writes together at least
)

// Damage is where a file of the log is not what was written.
type Damage struct {
	File   string
	Offset int
	After  uint64 // sequence of the last whole message before it, 0 for none
	Lacks  uint64 // the newest message, where the files end before it
}

func (d *Damage) Error() string {
	if d.Lacks > 0 {
		return fmt.Sprintf("the log is damaged: %s ends with message %d, and the log was closed with message %d; nothing was changed: dhvani salvage saves what can be read of it", d.File, d.After, d.Lacks)
	}
	return fmt.Sprintf("the log is damaged at byte %d of %s, after message %d; nothing was changed: dhvani salvage saves what can be read of it", d.Offset, d.File, d.After)
}

// record is a message in a file of the log.
type record struct {
	sequence uint64
	data     []byte // of the message
}

// block is one file of a stream.
type block struct {
	path    string
	subject string
	index   int
	hash    *highwayhash.Digest64
	buf     []byte
}

// blocks lists the files of a shard in their order.
func blocks(dir string, shard int) ([]*block, error) {
	stream := shardStream(shard)
	paths, err := filepath.Glob(filepath.Join(dir, "jetstream", "*", "streams", stream, "msgs", "*.blk"))
	if err != nil {
		return nil, err
	}
	var out []*block
	for _, p := range paths {
		index, err := strconv.Atoi(strings.TrimSuffix(filepath.Base(p), ".blk"))
		if err != nil {
			continue
		}
		key := sha256.Sum256(fmt.Appendf(nil, "%s-%d", stream, index))
		h, err := highwayhash.NewDigest64(key[:])
		if err != nil {
			return nil, err
		}
		out = append(out, &block{path: p, subject: shardSubject(shard), index: index, hash: h})
	}
	slices.SortFunc(out, func(a, b *block) int { return a.index - b.index })
	return out, nil
}

// scan reads a shard's files and returns its newest sequence and the file that
// holds it. The error is a *Damage where they are not whole, or lack messages
// between others.
func scan(dir string, shard int) (newest uint64, file string, err error) {
	list, err := blocks(dir, shard)
	if err != nil {
		return 0, "", err
	}
	for i, b := range list {
		if b.buf, err = os.ReadFile(b.path); err != nil {
			return newest, file, fmt.Errorf("read the log: %w", err)
		}
		gap := false
		at := b.walk(0, func(r record) {
			gap = gap || newest > 0 && r.sequence > newest+1
			if !gap && r.sequence > newest {
				newest, file = r.sequence, b.path
			}
		})
		if gap || at < len(b.buf) && (i < len(list)-1 || !b.torn(at)) {
			return newest, file, &Damage{File: b.path, Offset: at, After: newest}
		}
		b.buf = nil
	}
	return newest, file, nil
}

// walk calls f with the whole records from an offset on, and returns where the
// first one is that is not whole, or the length of the file.
func (b *block) walk(at int, f func(record)) int {
	for at < len(b.buf) {
		r, size, ok := b.read(at)
		if !ok {
			return at
		}
		if r.sequence&erased == 0 && r.sequence != 0 {
			f(r)
		}
		at += size
	}
	return at
}

// read returns the record at an offset, if it is whole.
func (b *block) read(at int) (r record, size int, ok bool) {
	rest := b.buf[at:]
	if len(rest) < recordHeader+recordHash {
		return r, 0, false
	}
	length := binary.LittleEndian.Uint32(rest)
	size = int(length &^ (1 << 31))
	subject := int(binary.LittleEndian.Uint16(rest[20:]))
	body := recordHeader + subject
	if length&(1<<31) != 0 || size > maxRecord || size > len(rest) || body+recordHash > size {
		return r, 0, false // our records have no headers
	}
	if !b.sums(rest[:size], body) {
		return r, 0, false
	}
	r = record{binary.LittleEndian.Uint64(rest[4:]), rest[body : size-recordHash]}
	// The subject's length is not summed.
	ours := r.sequence&erased != 0 || r.sequence == 0 || string(rest[recordHeader:body]) == b.subject
	return r, size, ours
}

// sums reports whether a record's hash is right. Our records have no headers, so
// subject and message stand together.
func (b *block) sums(whole []byte, body int) bool {
	if body+recordHash > len(whole) {
		return false
	}
	end := len(whole) - recordHash
	b.hash.Reset()
	b.hash.Write(whole[4:20])
	b.hash.Write(whole[recordHeader:end])
	return bytes.Equal(b.hash.Sum(nil), whole[end:])
}

// torn reports whether what begins at an offset is the end that a crash left: a
// record that was being written and that nobody was told of. It is shorter than
// it says, or a sector of it was never written; and nothing whole follows.
func (b *block) torn(at int) bool {
	rest := b.buf[at:]
	if b.next(at+1) < len(b.buf) || b.sums(rest, recordHeader+len(b.subject)) {
		return false // the latter is whole but for its lengths, which are not summed
	}
	if len(rest) < recordHeader || len(rest) < int(binary.LittleEndian.Uint32(rest)&^(1<<31)) {
		return true
	}
	for s := (at + sector - 1) / sector * sector; s < len(b.buf); s += sector {
		if len(bytes.Trim(b.buf[s:min(s+sector, len(b.buf))], "\x00")) == 0 {
			return true
		}
	}
	return len(bytes.Trim(rest, "\x00")) == 0
}

// next returns the offset of the first whole record at an offset or behind it,
// or the length of the file.
func (b *block) next(at int) int {
	for at < len(b.buf) {
		i := bytes.Index(b.buf[at:], []byte(b.subject))
		if i < 0 {
			break
		}
		if begin := at + i - recordHeader; begin >= 0 {
			if _, _, ok := b.read(begin); ok {
				return begin
			}
		}
		at += i + 1
	}
	return len(b.buf)
}
