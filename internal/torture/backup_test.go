package torture_test

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/dhvani/dhvani/internal/db/dbtest"
)

// A backup of a program under load, which is killed afterwards: restored in
// another place, on the same database or the other one, it has everything that
// was acknowledged before the backup began, once.
func TestBackupUnderLoad(t *testing.T) {
	stores := []string{"SQLite", "PostgreSQL"}
	for _, from := range stores {
		t.Run("from "+from, func(t *testing.T) {
			place := func(store string) *program {
				p := newProgram(t)
				if store == "PostgreSQL" {
					p.postgres = dbtest.Postgres(t)
				}
				return p
			}
			p := place(from)
			p.start()
			ws, l := p.createWorkspace("backup"), newLedger(t)
			p.preload(ws, l, either(10_000, 1_000_000))
			x := p.startLoad(ws, l, 4, 0)
			pause(200 * time.Millisecond)
			for cycle := range either(1, 10) {
				before := l.count()
				file := filepath.Join(t.TempDir(), "backup")
				if out, err := p.command("backup", file); err != nil {
					t.Fatalf("backup: %v: %s", err, out)
				}
				if cycle == either(1, 10)-1 {
					x.stop()
					p.kill()
				}
				for _, to := range stores {
					q := place(to)
					began := time.Now()
					if out, err := q.command("restore", file); err != nil {
						t.Fatalf("restore: %v: %s", err, out)
					}
					q.start()
					took := time.Since(began)
					v := q.compare(ws, l, l.first(before))
					v.fault, v.cycles, v.recovery = "backup of "+from+" restored into "+to, cycle+1, []time.Duration{took}
					t.Log(v)
				}
			}
		})
	}
}

// A backup that is cut off by a kill is no file, and the next one is made.
func TestBackupKilled(t *testing.T) {
	p := newProgram(t)
	p.start()
	ws, l := p.createWorkspace("killed"), newLedger(t)
	p.preload(ws, l, either(20_000, 200_000))
	file := filepath.Join(t.TempDir(), "backup")
	done := make(chan string)
	go func() {
		out, err := p.command("backup", file)
		if err == nil {
			out = nil // it was quicker
		}
		done <- string(out)
	}()
	pause(60 * time.Millisecond)
	p.kill()
	said := <-done
	names, err := filepath.Glob(file + "*")
	if err != nil {
		t.Fatal(err)
	}
	if whole := len(names) == 1 && names[0] == file; whole == (said != "") || !whole && len(names) > 0 {
		t.Errorf("the backup said %q and left %v", said, names)
	}
	p.start()
	if out, err := p.command("backup", "--force", file); err != nil {
		t.Errorf("backup: %v: %s", err, out)
	}
	if out, err := p.command("backup", file); err == nil || !strings.Contains(string(out), "is there already") {
		t.Errorf("a backup was written over: %v: %s", err, out)
	}
	p.stop()
}

// A restore that finds too little room says so and leaves nothing behind; one
// that says that it worked has everything.
func TestRestoreOnFullDisk(t *testing.T) {
	folder := smallDisk(t)
	p := newProgram(t)
	p.start()
	ws, l := p.createWorkspace("full"), newLedger(t)
	p.preload(ws, l, 10_000)
	p.acknowledge(ws, l, l.send(100))
	file := filepath.Join(t.TempDir(), "backup")
	if out, err := p.command("backup", file); err != nil {
		t.Fatalf("backup: %v: %s", err, out)
	}
	p.stop()
	q := newProgram(t)
	failed, worked := 0, 0
	for left := int64(128 << 10); left < 12<<20; left += int64(either(2<<20, 64<<10)) {
		filler := fill(t, folder, left)
		q.data = filepath.Join(folder, "data")
		out, err := q.command("restore", file)
		if err == nil {
			worked++
			if n := len(q.stored(ws)); n != l.count() {
				t.Errorf("%d bytes were free: it said that it worked, and %d of %d events are there", left, n, l.count())
			}
		} else if failed++; !gone(q.data) {
			t.Errorf("%d bytes were free: it failed (%s) and left the folder", left, out)
		}
		if err := errors.Join(os.RemoveAll(q.data), os.Remove(filler)); err != nil {
			t.Fatal(err)
		}
	}
	if failed == 0 || worked == 0 {
		t.Errorf("%d restores failed and %d worked: nothing is shown", failed, worked)
	}
	t.Logf("restore on a full disk: %d failed, %d worked", failed, worked)
}

func gone(path string) bool {
	_, err := os.Stat(path)
	return errors.Is(err, fs.ErrNotExist)
}
