package file

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// Keeper holds how far an import came and what was not taken, so that an import
// that was interrupted goes on.
type Keeper interface {
	Place() (Place, error) // where to begin
	Refuse([]Reject) error // in the order of the file
	// Save holds a place, together with what was refused before it.
	Save(Place) error
	End() error // the import is complete
}

// Place is a place in a file. Its zero value is the beginning.
type Place struct {
	Offset int64 `json:"offset"` // the End of a Unit
	Line   int64 `json:"line"`
}

// fileKeeper is the Keeper of commands.
type fileKeeper struct {
	place *place
	out   *rejects
}

func (k *fileKeeper) Place() (Place, error)      { return k.place.at.Place, nil }
func (k *fileKeeper) Refuse(list []Reject) error { return k.out.write(list) }
func (k *fileKeeper) End() error                 { return k.place.remove() }
func (k *fileKeeper) Save(at Place) error {
	k.place.at.Place = at
	return k.place.save(k.out)
}

// place is how far an import came. It saves work after an interruption; that
// nothing is lost or stored twice does not depend on it.
type place struct {
	path string // of its file; empty: not kept
	at   position
}

// position is what is kept: everything before it was answered by the server.
type position struct {
	Place
	Rejects     string `json:"rejects"`
	RejectBytes int64  `json:"reject_bytes"`
}

// name chooses the file for a target and a file as it is now: a file that
// changes is imported from the beginning.
func (p *place) name(folder, target, path string, info os.FileInfo) {
	sum := sha256.Sum256(fmt.Appendf(nil, "%q %q %d %d", target, path, info.Size(), info.ModTime().UnixNano()))
	p.path = filepath.Join(folder, "import-"+hex.EncodeToString(sum[:12])+".json")
}

// load reads the position and reports whether there is one.
func (p *place) load() bool {
	var at position
	text, err := os.ReadFile(p.path)
	if err != nil || json.Unmarshal(text, &at) != nil || at.Offset <= 0 {
		return false
	}
	p.at = at
	return true
}

// save writes the position, on disk when it returns. The rejects before it are
// on disk first.
func (p *place) save(out *rejects) error {
	if p.path == "" || p.at.Offset == 0 {
		return nil
	}
	if err := out.sync(); err != nil {
		return err
	}
	p.at.Rejects, p.at.RejectBytes = out.path, out.size
	text, err := json.Marshal(p.at)
	if err != nil {
		return err
	}
	if err := p.write(text); err != nil {
		return fmt.Errorf("keep how far the import came: %w", err)
	}
	return nil
}

func (p *place) write(text []byte) error {
	if err := os.MkdirAll(filepath.Dir(p.path), 0o700); err != nil {
		return err
	}
	f, err := os.CreateTemp(filepath.Dir(p.path), "import-*.new")
	if err != nil {
		return err
	}
	_, err = f.Write(text)
	err = errors.Join(err, f.Sync(), f.Close())
	if err == nil {
		err = os.Rename(f.Name(), p.path)
	}
	if err != nil {
		os.Remove(f.Name())
	}
	return err
}

// remove ends it: the import is complete.
func (p *place) remove() error {
	if p.path == "" {
		return nil
	}
	if err := os.Remove(p.path); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

// rejects is the file of the lines that were not taken. It is made with the
// first of them.
type rejects struct {
	decoder  Decoder
	path     string
	size     int64 // up to where its lines are known to belong there
	fallback bool  // where path cannot be written, its name in the current folder can
	file     *os.File
}

func (r *rejects) write(list []Reject) error {
	if len(list) == 0 {
		return nil
	}
	if err := r.open(); err != nil {
		return fmt.Errorf("write the lines that were not taken: %w", err)
	}
	var text []byte
	for _, one := range list {
		text = r.decoder.AppendReject(text, one, r.size == 0 && len(text) == 0)
	}
	n, err := r.file.Write(text)
	r.size += int64(n)
	return err
}

// open opens the file and cuts what an interrupted import wrote after its last
// saved position: those lines come again.
func (r *rejects) open() (err error) {
	if r.file != nil {
		return nil
	}
	r.file, err = os.OpenFile(r.path, os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil && r.fallback {
		r.path = filepath.Base(r.path)
		r.file, err = os.OpenFile(r.path, os.O_CREATE|os.O_WRONLY, 0o600)
	}
	if err != nil {
		return err
	}
	info, err := r.file.Stat()
	if err != nil {
		return err
	}
	r.size = min(r.size, info.Size())
	if err := r.file.Truncate(r.size); err != nil {
		return err
	}
	_, err = r.file.Seek(r.size, 0)
	return err
}

func (r *rejects) sync() error {
	if r.file == nil {
		return nil
	}
	return r.file.Sync()
}

func (r *rejects) close() {
	if r.file != nil {
		r.file.Close()
	}
}
