package db_test

import (
	"context"
	"database/sql"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/dhvani/dhvani/internal/db"
	"github.com/dhvani/dhvani/internal/db/dbtest"
)

var update = flag.Bool("update", false, "keep this version's schema")

// While nodes are upgraded one after another, those of the version before work
// on the new schema: what it asked must still be possible, and what it inserted
// must still be enough. "make statements" keeps what each version asks.
func TestOlderVersionsWorkOnThisSchema(t *testing.T) {
	url := dbtest.Postgres(t)
	d, err := db.Open(t.Context(), db.Options{URL: url})
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	h, err := sql.Open("pgx", url)
	if err != nil {
		t.Fatal(err)
	}
	defer h.Close()
	now := columns(t, h)
	if *update {
		text := strings.Join(slices.Sorted(lines(now)), "\n") + "\n"
		if err := os.WriteFile(filepath.Join("testdata", db.Version+".schema"), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	kept, _ := filepath.Glob("testdata/*.statements")
	if len(kept) == 0 {
		t.Fatal("no version's statements are kept: make statements")
	}
	for _, file := range kept {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".statements"), func(t *testing.T) {
			old := readSchema(t, strings.TrimSuffix(file, ".statements")+".schema")
			for _, flaw := range breaks(old, now) {
				t.Error(flaw)
			}
			runs(t, h, file)
		})
	}
}

// column is what a table says of one of its columns.
type column struct {
	kind     string
	required bool // an insert must name it
}

func lines(m map[string]column) func(yield func(string) bool) {
	return func(yield func(string) bool) {
		for name, c := range m {
			if !yield(fmt.Sprintf("%s %s %v", name, c.kind, c.required)) {
				return
			}
		}
	}
}

func columns(t *testing.T, h *sql.DB) map[string]column {
	t.Helper()
	rows, err := h.Query(`SELECT table_name || '.' || column_name, data_type, is_nullable = 'NO' AND column_default IS NULL AND is_identity = 'NO'
		FROM information_schema.columns WHERE table_schema = current_schema() AND table_name <> 'goose_db_version'`)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	out := map[string]column{}
	for rows.Next() {
		var name string
		var c column
		if err := rows.Scan(&name, &c.kind, &c.required); err != nil {
			t.Fatal(err)
		}
		out[name] = c
	}
	return out
}

func readSchema(t *testing.T, file string) map[string]column {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]column{}
	for line := range strings.Lines(string(text)) {
		f := strings.Fields(line)
		out[f[0]] = column{strings.Join(f[1:len(f)-1], " "), f[len(f)-1] == "true"}
	}
	return out
}

// breaks lists what the new schema does to programs that know the old one.
func breaks(old, now map[string]column) (out []string) {
	tables := map[string]bool{}
	for name, c := range old {
		tables[strings.Split(name, ".")[0]] = true
		n, ok := now[name]
		switch {
		case !ok:
			out = append(out, name+" is gone")
		case n.kind != c.kind:
			out = append(out, fmt.Sprintf("%s was %s and is %s", name, c.kind, n.kind))
		case n.required && !c.required:
			out = append(out, name+" must be given now")
		}
	}
	for name, c := range now {
		if _, known := old[name]; !known && c.required && tables[strings.Split(name, ".")[0]] {
			out = append(out, name+" is new and must be given")
		}
	}
	return out
}

// runs lets PostgreSQL parse and plan every statement of a version.
func runs(t *testing.T, h *sql.DB, file string) {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for line := range strings.Lines(string(text)) {
		var query string
		if err := json.Unmarshal([]byte(line), &query); err != nil {
			t.Fatal(err)
		}
		s, err := h.PrepareContext(context.Background(), query)
		if err != nil {
			t.Errorf("%v: %s", err, query)
			continue
		}
		s.Close()
		n++
	}
	if n < 100 {
		t.Errorf("only %d statements", n)
	}
}

func TestBreaks(t *testing.T) {
	old := map[string]column{"a.x": {"bigint", true}, "a.y": {"text", false}, "b.z": {"text", false}}
	now := map[string]column{"a.x": {"text", true}, "a.y": {"text", true}, "a.n": {"text", true}, "a.m": {"text", false}, "c.n": {"text", true}}
	got := breaks(old, now)
	slices.Sort(got)
	want := []string{"a.n is new and must be given", "a.x was bigint and is text", "a.y must be given now", "b.z is gone"}
	if !slices.Equal(got, want) {
		t.Errorf("%q", got)
	}
}
