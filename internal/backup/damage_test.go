package backup

import (
	"errors"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/dhvani/dhvani/internal/db"
	"github.com/dhvani/dhvani/internal/eventlog"
)

// sampleFile returns a backup of a full place.
func sampleFile(t testing.TB) (path string, source *place) {
	source = newPlace(t, "sqlite")
	source.fill()
	path, _ = source.backUp()
	source.close()
	return path, source
}

// wantRefused restores a file into an empty folder: it must be refused, and the
// folder stay as it was.
func wantRefused(t *testing.T, path, what, because string) {
	t.Helper()
	target := newPlace(t, "sqlite")
	_, err := target.restore(path, nil)
	if err == nil || !strings.Contains(err.Error(), because) {
		t.Errorf("%s: the error is %v, want one with %q", what, err, because)
	}
	target.wantNothing(what)
}

// wantNothing fails where the data folder holds anything.
func (p *place) wantNothing(when string) {
	p.t.Helper()
	entries, err := os.ReadDir(p.data)
	if err != nil || len(entries) > 0 {
		p.t.Errorf("%s: the folder holds %v (%v)", when, entries, err)
	}
}

// A flipped bit anywhere in the file is found before anything is made.
func TestFlippedBits(t *testing.T) {
	path, _ := sampleFile(t)
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	flipped := filepath.Join(t.TempDir(), "flipped")
	places := []int{0, 3, 4, 5, len(whole) - 1, len(whole) - 32, len(whole) - 33, len(whole) - 40, len(whole) - 41}
	for len(places) < 200 {
		places = append(places, rand.IntN(len(whole)))
	}
	for _, at := range places {
		b := append([]byte(nil), whole...)
		b[at] ^= 1 << rand.IntN(8)
		if err := os.WriteFile(flipped, b, 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := Open(t.Context(), flipped, nil); !errors.Is(err, ErrDamaged) {
			t.Errorf("byte %d of %d was changed: %v", at, len(whole), err)
		}
	}
	wantRefused(t, flipped, "a flipped bit", "the backup is damaged")
}

// A file that is cut off anywhere is refused.
func TestTruncated(t *testing.T) {
	path, _ := sampleFile(t)
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	cut := filepath.Join(t.TempDir(), "cut")
	for _, size := range []int{0, 1, 3, 4, 8, 39, 40, 41, 100, len(whole) / 2, len(whole) - 41, len(whole) - 40, len(whole) - 1} {
		if err := os.WriteFile(cut, whole[:size], 0o600); err != nil {
			t.Fatal(err)
		}
		wantRefused(t, cut, "cut off", "the backup is damaged")
	}
	if err := os.WriteFile(cut, append(whole, 0), 0o600); err != nil {
		t.Fatal(err)
	}
	wantRefused(t, cut, "with a byte more", "the backup is damaged")
	wantRefused(t, filepath.Join(t.TempDir(), "none"), "no file", "no such file")
}

// edit changes the parts of a backup while they are copied.
type edit struct {
	header  func(h *header)
	rows    func(table string, rows []byte) []byte
	trailer func(h *header, t *trailer)
}

// rewrite copies a backup, edited, with checksums that are right.
func rewrite(t *testing.T, path string, e edit) string {
	t.Helper()
	p, err := openPass(path, new(counter), func(int64, int64) {})
	if err != nil {
		t.Fatal(err)
	}
	defer p.close()
	to := filepath.Join(t.TempDir(), "edited")
	f, err := os.Create(to)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	w, err := newWriter(f)
	if err != nil {
		t.Fatal(err)
	}
	var h *header
	err = p.blocks.walk(t.Context(), visitor{
		header: func(old *header) error {
			h = old
			changed := *old
			if e.header != nil {
				e.header(&changed)
			}
			return w.json(headerBlock, changed)
		},
		message: func(m eventlog.Message) error {
			return w.block(messageBlock, func(b []byte) []byte { return appendMessage(b, m) })
		},
		rows: func(table int, rows []byte) error {
			if e.rows != nil {
				rows = e.rows(h.Tables[table].Name, rows)
			}
			return w.block(rowsBlock, func(b []byte) []byte { return append(append(b, byte(table)), rows...) })
		},
		end: func(old trailer) error {
			if e.trailer != nil {
				e.trailer(h, &old)
			}
			return w.json(endBlock, old)
		},
	})
	if err == nil {
		_, err = w.finish()
	}
	if err != nil {
		t.Fatal(err)
	}
	return to
}

// Backups of other programs are told apart from damage.
func TestOtherVersions(t *testing.T) {
	path, _ := sampleFile(t)
	add := func(i int, c column) edit {
		return edit{header: func(h *header) {
			h.Tables = append([]table(nil), h.Tables...)
			h.Tables[i].Columns = append(append([]column(nil), h.Tables[i].Columns...), c)
		}, rows: func(string, []byte) []byte { return nil }, trailer: func(_ *header, t *trailer) { clear(t.Rows) }}
	}
	for _, c := range []struct {
		what, because string
		edit          edit
	}{
		{"a newer format", "made by a newer Dhvani", edit{header: func(h *header) { h.Version = formatVersion + 1 }}},
		{"a newer program is needed", "needs Dhvani 99.1 or newer", edit{header: func(h *header) { h.Minimum = "99.1" }}},
		{"no backup", "not a backup of Dhvani", edit{header: func(h *header) { h.Format = "other" }}},
		{"an unknown column", "the column event.mood", add(3, column{"mood", "int"})},
		{"an unknown table", "the table moods", edit{header: func(h *header) { h.Tables = append(h.Tables, table{Name: "moods", Columns: []column{{"id", "int"}}}) },
			trailer: func(_ *header, t *trailer) { t.Rows = append(t.Rows, 0) }}},
		{"a table that a backup never holds", "the table seen_run", edit{header: func(h *header) {
			h.Tables = append(h.Tables, table{Name: "seen_run", Columns: []column{{"shard", "int"}}})
		},
			trailer: func(_ *header, t *trailer) { t.Rows = append(t.Rows, 0) }}},
		{"a kind that cannot be", "a kind that cannot be", add(0, column{"x", "real"})},
		{"a cursor that cannot be", "a cursor that cannot be", edit{header: func(h *header) { h.Shards = []shard{{Sequence: 1 << 41}} }}},
		{"another cursor", "message", edit{header: func(h *header) { h.Shards = []shard{{Sequence: 1}} }}},
		{"fewer rows", "instead of", edit{trailer: func(_ *header, t *trailer) { t.Rows[3]-- }}},
		{"fewer messages", "instead of", edit{trailer: func(_ *header, t *trailer) { t.Messages-- }}},
		{"half a row", "a row that cannot be read", edit{rows: func(_ string, rows []byte) []byte { return rows[:len(rows)-1] }}},
	} {
		wantRefused(t, rewrite(t, path, c.edit), c.what, c.because)
	}
}

// Where a restore fails half way it takes back what it made.
func TestHalfWay(t *testing.T) {
	path, _ := sampleFile(t)
	// An order twice breaks a key late, after most tables are loaded.
	twice := rewrite(t, path, edit{
		rows: func(table string, rows []byte) []byte {
			if table == "orders" {
				rows = append(rows[:len(rows):len(rows)], rows...)
			}
			return rows
		},
		trailer: func(h *header, t *trailer) {
			for i := range h.Tables {
				if h.Tables[i].Name == "orders" {
					t.Rows[i] *= 2
				}
			}
		},
	})
	for _, store := range stores {
		t.Run(store, func(t *testing.T) {
			target := newPlace(t, store)
			if _, err := target.restore(twice, nil); !db.IsConflict(err) {
				t.Fatalf("the error is %v", err)
			}
			target.wantNothing("after a failure")
			if _, err := target.restore(path, nil); err != nil {
				t.Errorf("the place is not empty after a failure: %v", err)
			}
		})
	}
}

// Only an empty place is restored into.
func TestNotEmpty(t *testing.T) {
	path, _ := sampleFile(t)
	for _, name := range []string{db.FileName, db.FileName + "-wal", logFolder} {
		target := newPlace(t, "sqlite")
		if err := os.WriteFile(filepath.Join(target.data, name), []byte("x"), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := target.restore(path, nil); err == nil || !strings.Contains(err.Error(), "it holds "+name) {
			t.Errorf("into a folder with %s: %v", name, err)
		}
		if b, err := os.ReadFile(filepath.Join(target.data, name)); string(b) != "x" {
			t.Errorf("%s was touched: %q %v", name, b, err)
		}
	}
	target := newPlace(t, "postgres")
	target.open()
	target.createWorkspace()
	before := target.rowCount("workspace")
	target.close()
	target.data = t.TempDir()
	if _, err := target.restore(path, nil); err == nil || !strings.Contains(err.Error(), "the database is not empty") {
		t.Errorf("into a database with a workspace: %v", err)
	}
	target.wantNothing("refused")
	target.open()
	if after := target.rowCount("workspace"); after != before {
		t.Errorf("%d workspaces became %d", before, after)
	}
}

// What cannot be unpacked is told in plain words; that the disk fails is not.
func TestUnpackedErrors(t *testing.T) {
	path := &os.PathError{Op: "read", Path: "backup", Err: errors.New("input/output error")}
	for _, c := range []struct {
		err  error
		want string
	}{
		{errors.New("sequence decoder not defined"), "its bytes cannot be unpacked"},
		{io.ErrUnexpectedEOF, "unexpected EOF"},
		{path, path.Error()},
	} {
		if _, err := (unpacked{iotest.ErrReader(c.err)}).Read(make([]byte, 1)); err == nil || err.Error() != c.want {
			t.Errorf("%v becomes %v", c.err, err)
		}
	}
}
