package main

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"testing"
)

// A file is there as a whole or not at all, for this user only, and one that is
// there is not lost by a backup that fails.
func TestWriteWhole(t *testing.T) {
	path := filepath.Join(t.TempDir(), "backup")
	write := func(text string, failed error) func(io.Writer) error {
		return func(w io.Writer) error {
			_, err := io.WriteString(w, text)
			return errors.Join(err, failed)
		}
	}
	failed := errors.New("failed")
	if err := os.WriteFile(path+".part", []byte("old"), 0o644); err != nil { // left by a kill
		t.Fatal(err)
	}
	for _, c := range []struct {
		what  string
		force bool
		text  string
		fail  error
		ok    bool
		want  string
	}{
		{"fails at first", false, "half", failed, false, ""},
		{"works", false, "one", nil, true, "one"},
		{"is there", false, "two", nil, false, "one"},
		{"is there and the new one fails", true, "two", failed, false, "one"},
		{"is replaced", true, "three", nil, true, "three"},
	} {
		err := writeWhole(path, c.force, write(c.text, c.fail))
		if (err == nil) != c.ok {
			t.Errorf("%s: %v", c.what, err)
		}
		got, _ := os.ReadFile(path)
		if string(got) != c.want {
			t.Errorf("%s: the file holds %q, want %q", c.what, got, c.want)
		}
		if _, err := os.Stat(path + ".part"); err == nil {
			t.Errorf("%s: a part is left", c.what)
		}
	}
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v %v", info.Mode(), err)
	}
}
