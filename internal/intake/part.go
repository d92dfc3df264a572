package intake

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/klauspost/compress/zstd"

	"github.com/dhvani/dhvani/internal/db"
	"github.com/dhvani/dhvani/internal/staff"
)

const (
	partBytes = 512 << 10 // of a file, before they are compressed
	// MaxUpload is how large a file may be that comes through a browser; larger
	// ones are for the command dhvani import.
	MaxUpload = 500_000_000
)

// Both are safe for use by many at once.
var (
	packer, _   = zstd.NewWriter(nil, zstd.WithEncoderConcurrency(1), zstd.WithEncoderLevel(zstd.SpeedDefault))
	unpacker, _ = zstd.NewReader(nil, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxMemory(16<<20))
)

// Upload takes a file, to be looked at and started.
func (s *Store) Upload(ctx context.Context, by staff.Actor, name string, r io.Reader) (Job, error) {
	if err := by.Need(staff.Import); err != nil {
		return Job{}, err
	}
	j := newJob(by, name)
	err := s.DB.Update(ctx, func(tx *db.Tx) error {
		_, err := tx.Exec(ctx, "INSERT INTO import_job (workspace, id, created_at, account, name, size, state, settings) VALUES ($1, $2, $3, $4, $5, 0, 'uploading', '{}')",
			j.Workspace, j.ID, j.CreatedAt, j.Account, j.Name)
		return err
	})
	if err == nil {
		err = s.receive(ctx, by, &j, r)
	}
	if err != nil {
		cleanup := s.DB.Update(context.WithoutCancel(ctx), func(tx *db.Tx) error { return forget(ctx, tx, &j) })
		return Job{}, errors.Join(fmt.Errorf("upload: %w", err), cleanup)
	}
	return j, nil
}

// receive stores the parts of a file as they arrive.
func (s *Store) receive(ctx context.Context, by staff.Actor, j *Job, r io.Reader) error {
	buf := make([]byte, partBytes)
	for part := 0; ; part++ {
		n, err := io.ReadFull(r, buf)
		last := errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF)
		if err != nil && !last {
			return err
		}
		if j.Size += int64(n); j.Size > MaxUpload {
			return ErrTooLarge
		}
		if part == 0 && isBinary(buf[:min(n, 4096)]) {
			return ErrBinary
		}
		data := packer.EncodeAll(buf[:n], nil)
		err = s.DB.Update(ctx, func(tx *db.Tx) error {
			if n > 0 {
				if err := insertPart(ctx, tx, j, "file", part, data); err != nil {
					return err
				}
			}
			if !last {
				return nil
			}
			if j.Size == 0 {
				return ErrEmpty
			}
			j.State = Ready
			if _, err := tx.Exec(ctx, "UPDATE import_job SET state = 'ready', size = $1 WHERE workspace = $2 AND id = $3", j.Size, j.Workspace, j.ID); err != nil {
				return err
			}
			return staff.Record(ctx, tx, by, "import.uploaded", j.ID, "")
		})
		if err != nil || last {
			return err
		}
	}
}

// isBinary tells what is no text by its first bytes: a workbook, a PDF, a picture,
// or what holds signs that no text has. UTF-16 and gzip are for others to read.
func isBinary(head []byte) bool {
	for _, sign := range []string{"PK\x03\x04", "%PDF-", "\xd0\xcf\x11\xe0", "\x89PNG", "\xff\xd8\xff"} {
		if bytes.HasPrefix(head, []byte(sign)) {
			return true
		}
	}
	for _, sign := range []string{"\x1f\x8b", "\xff\xfe", "\xfe\xff"} {
		if bytes.HasPrefix(head, []byte(sign)) {
			return false
		}
	}
	var zeros, controls int
	for _, c := range head {
		switch {
		case c == 0:
			zeros++
		case c < '\t' || c > '\r' && c < ' ':
			controls++
		}
	}
	return zeros < len(head)/10 && controls > len(head)/50
}

func insertPart(ctx context.Context, tx *db.Tx, j *Job, kind string, part int, data []byte) error {
	_, err := tx.Exec(ctx, "INSERT INTO import_part (workspace, job, kind, part, data) VALUES ($1, $2, $3, $4, $5)", j.Workspace, j.ID, kind, part, data)
	return err
}

// parts reads what is stored of an import, a part at a time.
type parts struct {
	ctx  context.Context // of the reader's user: io.Reader has none
	db   *db.DB
	job  *Job
	kind string
	next int
	data []byte
}

func (p *parts) Read(b []byte) (int, error) {
	for len(p.data) == 0 {
		var packed []byte
		err := p.db.View(p.ctx, func(tx *db.Tx) error {
			return tx.QueryRow(p.ctx, "SELECT data FROM import_part WHERE workspace = $1 AND job = $2 AND kind = $3 AND part = $4",
				p.job.Workspace, p.job.ID, p.kind, p.next).Scan(&packed)
		})
		if db.IsNone(err) {
			return 0, io.EOF
		}
		if err == nil {
			p.data, err = unpacker.DecodeAll(packed, p.data[:0])
		}
		if err != nil {
			return 0, fmt.Errorf("read part %d of an import: %w", p.next, err)
		}
		p.next++
	}
	n := copy(b, p.data)
	p.data = p.data[n:]
	return n, nil
}

// Rejects returns what an import did not take, as a file to be mended and
// imported again, and the ending of its name.
func (s *Store) Rejects(ctx context.Context, by staff.Actor, id string) (r io.Reader, suffix string, err error) {
	j, err := s.Job(ctx, by, id) // asks for the right
	if err != nil {
		return nil, "", err
	}
	if j.rejectParts == 0 {
		return nil, "", ErrNotFound
	}
	err = s.DB.Update(ctx, func(tx *db.Tx) error { return staff.Record(ctx, tx, by, "import.rejects", id, "") })
	if err != nil {
		return nil, "", err
	}
	suffix = ".rejects.csv"
	if j.Settings.Format == Events {
		suffix = ".rejects.ndjson"
	}
	return &parts{ctx: ctx, db: s.DB, job: &j, kind: "rejects"}, suffix, nil
}

// How long is kept what people left behind: a file that was not imported, and
// what an import did not take.
const (
	keepFiles   = 7 * 24 * time.Hour
	keepRejects = 30 * 24 * time.Hour
)

// tidy forgets them.
func (s *Store) tidy(ctx context.Context, now time.Time) error {
	return s.DB.Update(ctx, func(tx *db.Tx) error {
		for _, q := range [...]string{
			"DELETE FROM import_part WHERE (workspace, job) IN (SELECT workspace, id FROM import_job WHERE created_at < $1 AND state IN ('uploading', 'ready', 'failed')) AND kind = 'file'",
			"UPDATE import_job SET state = 'cancelled', ended_at = created_at WHERE created_at < $1 AND state IN ('uploading', 'ready')",
		} {
			if _, err := tx.Exec(ctx, q, now.Add(-keepFiles).UnixMicro()); err != nil {
				return err
			}
		}
		old := now.Add(-keepRejects).UnixMicro()
		if _, err := tx.Exec(ctx, "DELETE FROM import_part WHERE (workspace, job) IN (SELECT workspace, id FROM import_job WHERE created_at < $1 AND reject_parts > 0) AND kind = 'rejects'", old); err != nil {
			return err
		}
		_, err := tx.Exec(ctx, "UPDATE import_job SET reject_parts = 0 WHERE created_at < $1 AND reject_parts > 0", old)
		return err
	})
}
