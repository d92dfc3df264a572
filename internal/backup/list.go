package backup

import (
	"bufio"
	"bytes"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
)

// A list of erasures is text. Its first line says with which seal key it was
// made, and there is one more for each identifier:
//
//	key <16 hexadecimal digits>
//	<workspace id> <64 hexadecimal digits>
//
// where the digits are a workspace.Marker's marks of its key and of the
// identifier's profile. Empty lines and lines that begin with # mean nothing.

// keyWord begins the line that names the key. No workspace has this id.
const keyWord = "key"

var (
	errNoKey    = errors.New("the list of erasures does not say which seal key it was made with: it must begin with the line \"key ...\" that dhvani erasures add writes into a new list. Make a new list, and add the erased customers to it")
	errOtherKey = errors.New("the list of erasures was made with another seal key, so it names nobody that could be found with this one: give the seal.key that it was made with, in the data folder or by --seal-key")
)

// readList returns the marks of a list that was made with a key, by workspace id.
func readList(r io.Reader, key string) (map[string]map[string]bool, error) {
	marks := map[string]map[string]bool{}
	lines := bufio.NewScanner(r)
	keyed := false
	for n := 1; lines.Scan(); n++ {
		line := strings.TrimSpace(lines.Text())
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		id, mark, _ := strings.Cut(line, " ")
		mark = strings.ToLower(strings.TrimSpace(mark))
		switch {
		case id == keyWord && isHex(mark, 8):
			if mark != key {
				return nil, errOtherKey
			}
			keyed = true
			continue
		case !isHex(mark, 32):
			return nil, fmt.Errorf("line %d of the list of erasures is not a workspace's id and 64 hexadecimal digits", n)
		case !keyed:
			return nil, errNoKey
		}
		if marks[id] == nil {
			marks[id] = map[string]bool{}
		}
		marks[id][mark] = true
	}
	if err := lines.Err(); err != nil {
		return nil, fmt.Errorf("read the list of erasures: %w", err)
	}
	if !keyed {
		return nil, errNoKey
	}
	return marks, nil
}

// isHex reports whether a text is n bytes in hexadecimal digits.
func isHex(text string, n int) bool {
	b, err := hex.DecodeString(text)
	return err == nil && len(b) == n
}

// AddErasures adds lines to a list, which it makes where it is missing, and
// returns when they are on disk. A list that is no such list, or was made with
// another key than the one of this mark, is refused and stays as it is.
func AddErasures(path, key string, lines []string) error {
	if target, err := filepath.EvalSymlinks(path); err == nil {
		path = target
	}
	folder, err := os.Open(filepath.Dir(path))
	if err != nil {
		return err
	}
	defer folder.Close()                                                     // gives the lock back
	if err := syscall.Flock(int(folder.Fd()), syscall.LOCK_EX); err != nil { // two that add at a time follow one another
		return fmt.Errorf("lock the folder of the list: %w", err)
	}
	text, err := os.ReadFile(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		text = []byte(keyWord + " " + key + "\n")
	case err != nil:
		return err
	default:
		if _, err := readList(bytes.NewReader(text), key); err != nil {
			return fmt.Errorf("%s stays as it is: %w", path, err)
		}
	}
	if !bytes.HasSuffix(text, []byte("\n")) {
		text = append(text, '\n')
	}
	text = append(text, strings.Join(lines, "\n")+"\n"...)
	if _, err := readList(bytes.NewReader(text), key); err != nil {
		return err
	}
	return replaceFile(path, text, folder)
}

// replaceFile writes a file anew, which only this user can read where it is new.
func replaceFile(path string, text []byte, folder *os.File) error {
	f, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+"-*") // mode 0600
	if err != nil {
		return err
	}
	defer os.Remove(f.Name()) // where it was not renamed
	_, err = f.Write(text)
	if info, e := os.Stat(path); e == nil {
		err = errors.Join(err, f.Chmod(info.Mode().Perm()))
	}
	if err := errors.Join(err, f.Sync(), f.Close()); err != nil {
		return err
	}
	if err := os.Rename(f.Name(), path); err != nil {
		return err
	}
	return folder.Sync()
}
