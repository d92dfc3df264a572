package workspace

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"github.com/dhvani/dhvani/internal/db/dbtest"
	"github.com/dhvani/dhvani/internal/event"
)

// A mark is the same for as long as the seal key is, and nobody else can make it.
func TestMarks(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "key")
	if _, err := OpenMarker(path); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a key that is missing: %v", err)
	}
	if entries, _ := os.ReadDir(dir); len(entries) > 0 {
		t.Errorf("a key was made: %v", entries)
	}
	s, err := New(t.Context(), dbtest.SQLite(t), path)
	if err != nil {
		t.Fatal(err)
	}
	m, err := OpenMarker(path)
	if err != nil {
		t.Fatal(err)
	}
	own, err := s.Marker()
	if err != nil {
		t.Fatal(err)
	}
	profile := event.ProfileID(1, event.UserProfile, "u")
	mark := m.Mark("ws_a", profile)
	if len(mark) != 64 || own.Mark("ws_a", profile) != mark {
		t.Errorf("marks %s and %s", mark, own.Mark("ws_a", profile))
	}
	if _, err := New(t.Context(), dbtest.SQLite(t), filepath.Join(dir, "other")); err != nil {
		t.Fatal(err)
	}
	other, err := OpenMarker(filepath.Join(dir, "other"))
	if err != nil {
		t.Fatal(err)
	}
	for what, m := range map[string]string{
		"workspace": m.Mark("ws_b", profile), "profile": m.Mark("ws_a", event.ProfileID(1, event.UserProfile, "v")), "key": other.Mark("ws_a", profile),
	} {
		if m == mark {
			t.Errorf("another %s gives the same mark", what)
		}
	}
}
