package main

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
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
		if left, _ := filepath.Glob(path + ".*"); len(left) > 0 {
			t.Errorf("%s: left: %v", c.what, left)
		}
	}
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v %v", info.Mode(), err)
	}
}

// Two backups to one name do not touch one another: the first one is there as
// it was written, the other one is refused.
func TestWriteTogether(t *testing.T) {
	path := filepath.Join(t.TempDir(), "backup")
	err := writeWhole(path, false, func(w io.Writer) error {
		if _, err := io.WriteString(w, "the "); err != nil {
			return err
		}
		inner := writeWhole(path, false, func(w io.Writer) error {
			if names, _ := filepath.Glob(path + ".unfinished-*"); len(names) != 2 {
				t.Errorf("what is being written is named %v", names)
			}
			_, err := io.WriteString(w, "first")
			return err
		})
		_, err := io.WriteString(w, "second")
		return errors.Join(inner, err)
	})
	if err == nil || !strings.Contains(err.Error(), "is there already") {
		t.Errorf("the second: %v", err)
	}
	if got, _ := os.ReadFile(path); string(got) != "first" {
		t.Errorf("the file holds %q", got)
	}
	if err := writeWhole(os.DevNull, true, func(io.Writer) error { return nil }); err == nil {
		t.Error("a device was replaced")
	}
}
