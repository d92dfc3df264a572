package backup

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/dhvani/dhvani/internal/workspace"
)

// markerOf is the Marker of a seal key in base64.
func markerOf(t *testing.T, key string) *workspace.Marker {
	t.Helper()
	path := filepath.Join(t.TempDir(), "key")
	if err := os.WriteFile(path, []byte(key+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	m, err := workspace.OpenMarker(path)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

const firstKey = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="

func TestReadErasures(t *testing.T) {
	m := markerOf(t, firstKey)
	key := "key " + m.KeyMark() + "\n"
	for _, c := range []struct{ text, because string }{
		{"", "does not say which seal key"},
		{"ws_a " + strings.Repeat("F", 64), "does not say which seal key"},
		{"key 0123456789abcdef\n", "another seal key"},
		{key + "key 0123456789abcdef\n", "another seal key"},
		{"key 0123\n", "line 1"},
		{key, ""},
		{"  # a line\n\n" + key, ""},
		{key + "ws_a " + strings.Repeat("F", 64) + "  \n", ""},
		{key + "ws_a\n", "line 2"},
		{"# x\nws_a " + strings.Repeat("0", 63), "line 2"},
		{"ws_a " + strings.Repeat("z", 64), "line 1"},
		{key + strings.Repeat("x", 1<<20), "too long"},
	} {
		_, err := ReadErasures(strings.NewReader(c.text), m)
		if c.because == "" && err != nil || c.because != "" && (err == nil || !strings.Contains(err.Error(), c.because)) {
			t.Errorf("%.30q: %v", c.text, err)
		}
	}
	if other := markerOf(t, "AQECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="); other.KeyMark() == m.KeyMark() {
		t.Error("two keys have one mark")
	}
}

// What is added is a line of its own in a list that can be read; a file that is
// no list with this key stays as it is.
func TestAddErasures(t *testing.T) {
	const key = "0123456789abcdef"
	head, line := "key "+key+"\n", "ws_a "+strings.Repeat("0", 64)
	for _, c := range []struct{ what, old, want string }{
		{"new", "", head + line + "\n"},
		{"a list", head + line + "\n", head + line + "\n" + line + "\n"},
		{"no newline at its end", "# mine\n" + head + line, "# mine\n" + head + line + "\n" + line + "\n"},
		{"another key", "key 0000000000000000\n", ""},
		{"no key", line + "\n", ""},
		{"binary", "\x7fELF\x00\x01", ""},
		{"torn", head + line[:20], ""},
	} {
		path := filepath.Join(t.TempDir(), "list")
		if c.old != "" {
			if err := os.WriteFile(path, []byte(c.old), 0o640); err != nil {
				t.Fatal(err)
			}
		}
		err := AddErasures(path, key, []string{line})
		if (err == nil) != (c.want != "") {
			t.Errorf("%s: %v", c.what, err)
		}
		if c.want == "" {
			c.want = c.old
		}
		if got, _ := os.ReadFile(path); string(got) != c.want {
			t.Errorf("%s: the list is %q, want %q", c.what, got, c.want)
		}
		if entries, _ := os.ReadDir(filepath.Dir(path)); len(entries) != 1 {
			t.Errorf("%s: left beside it: %v", c.what, entries)
		}
		info, err := os.Stat(path)
		if want := os.FileMode(0o640); err != nil || c.old != "" && info.Mode().Perm() != want || c.old == "" && info.Mode().Perm() != 0o600 {
			t.Errorf("%s: mode %v %v", c.what, info.Mode(), err)
		}
	}
}

// Of several who add at the same time nobody's lines are lost.
func TestAddTogether(t *testing.T) {
	path := filepath.Join(t.TempDir(), "list")
	var wg sync.WaitGroup
	for i := range 20 {
		wg.Go(func() {
			if err := AddErasures(path, "0123456789abcdef", []string{fmt.Sprintf("ws_a %064x", i)}); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	text, err := os.ReadFile(path)
	if n := strings.Count(string(text), "ws_a"); err != nil || n != 20 {
		t.Errorf("%d lines, %v", n, err)
	}
}

// A list of another place's key would leave nobody out.
func TestListOfAnotherKey(t *testing.T) {
	path, _ := sampleFile(t)
	m := markerOf(t, firstKey)
	list, err := ReadErasures(strings.NewReader("key "+m.KeyMark()+"\n"), m)
	if err != nil {
		t.Fatal(err)
	}
	target := newPlace(t, "sqlite")
	if _, err := target.restore(path, list); err == nil || !strings.Contains(err.Error(), "another seal key") {
		t.Errorf("restored: %v", err)
	}
	if entries, _ := os.ReadDir(target.data); len(entries) > 0 {
		t.Errorf("something was made: %v", entries)
	}
}
