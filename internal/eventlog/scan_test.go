package eventlog

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// crashed makes a log of n messages as a crash leaves it, and returns its folder
// and its newest file.
func crashed(t testing.TB, n int) (dir, file string) {
	t.Helper()
	dir = t.TempDir()
	l := open(t, dir, 1<<30)
	for i := range n {
		if err := l.Append(context.Background(), []Chunk{chunk(1, 3, fmt.Sprintf(`{"n":%d,"text":%q}`, i, strings.Repeat("x", 700)))}); err != nil {
			t.Fatal(err)
		}
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(filepath.Join(dir, closedFile)); err != nil {
		t.Fatal(err)
	}
	os.Remove(filepath.Join(dir, "jetstream", "$G", "streams", shardStream(0), "msgs", "index.db"))
	files, _ := filepath.Glob(filepath.Join(dir, "jetstream", "$G", "streams", shardStream(0), "msgs", "*.blk"))
	return dir, files[len(files)-1]
}

func reopen(dir string) (*Log, error) {
	return Open(context.Background(), Options{Dir: dir, MaxBytes: 1 << 30, Logger: slog.New(slog.DiscardHandler)})
}

// Every flipped bit is told, in the last message too, and salvage then loses one
// message at most.
func TestFlippedBitsAreTold(t *testing.T) {
	const messages = 8
	dir, file := crashed(t, messages)
	whole, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	for at := range whole {
		if at > 400 && at < len(whole)-400 && at%7 != 0 {
			continue
		}
		bad := append([]byte(nil), whole...)
		bad[at] ^= 1 << rand.IntN(8)
		if err := os.WriteFile(file, bad, 0o600); err != nil {
			t.Fatal(err)
		}
		var d *Damage
		if _, _, err := scan(dir, 0); !errors.As(err, &d) || d.Offset > at {
			t.Fatalf("a bit flipped at %d of %d is told as %v", at, len(whole), err)
		}
		got := 0
		s, err := Salvage(dir, 0, func(m Message) error { got++; return nil })
		if err != nil || got < messages-1 || s.Messages != got || s.Damaged == 0 || got < messages && s.Newest == messages && s.Lost != 1 {
			t.Fatalf("a bit flipped at %d: %d messages are saved, %+v (%v)", at, got, s, err)
		}
	}
	if _, err := reopen(dir); !errors.As(err, new(*Damage)) {
		t.Errorf("a damaged log was opened: %v", err)
	}
}

// An end that a crash cut short opens as it is, without the message that nobody
// was told of.
func TestTornEndOpens(t *testing.T) {
	dir, file := crashed(t, 3)
	whole, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	list, err := blocks(dir, 0)
	if err != nil {
		t.Fatal(err)
	}
	b := list[len(list)-1]
	b.buf = whole
	var ends []int
	for at := 0; at < len(whole); {
		_, size, _ := b.read(at)
		at += size
		ends = append(ends, at)
	}
	last := ends[len(ends)-2]
	for _, cut := range []int{last, last + 1, last + 21, last + 22, last + 300, len(whole) - 9, len(whole) - 1} {
		for _, zeros := range []int{0, 600, 5000} {
			torn := append(append([]byte(nil), whole[:cut]...), make([]byte, zeros)...)
			if zeros == 600 && cut > len(whole)-500 {
				continue // the zeros lie within one sector, and no disk leaves that
			}
			if err := os.WriteFile(file, torn, 0o600); err != nil {
				t.Fatal(err)
			}
			if _, _, err := scan(dir, 0); err != nil {
				t.Errorf("cut at %d of %d, and %d zeros: %v", cut, len(whole), zeros, err)
			}
		}
	}
	if err := os.WriteFile(file, whole[:len(whole)-5], 0o600); err != nil {
		t.Fatal(err)
	}
	l, err := reopen(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	if l.Last(0) != 2 {
		t.Errorf("the log ends at %d", l.Last(0))
	}
}

// A log that was closed says with which message, and one that ends before it is
// damaged, as is one that lacks a file.
func TestClosedLogThatLacksMessages(t *testing.T) {
	dir, file := crashed(t, 4)
	l, err := reopen(dir)
	if err != nil {
		t.Fatal(err)
	}
	if SalvageID(dir) != l.ID(0) {
		t.Errorf("the files say %q, and the log is %q", SalvageID(dir), l.ID(0))
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	whole, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	damaged := func(what string) {
		t.Helper()
		before, _ := os.ReadFile(file)
		if _, err := reopen(dir); !errors.As(err, new(*Damage)) {
			t.Errorf("%s: opened with %v", what, err)
		}
		if after, _ := os.ReadFile(file); len(after) != len(before) {
			t.Errorf("%s: a refused opening changed the files", what)
		}
	}
	list, _ := blocks(dir, 0)
	b := list[0]
	b.buf = whole
	_, size, _ := b.read(0)
	os.WriteFile(file, whole[:size], 0o600)
	damaged("cut between two messages")
	os.WriteFile(file, append(append([]byte(nil), whole[:size]...), whole[2*size:]...), 0o600)
	damaged("a message is taken out")
	os.WriteFile(file, append([]byte("UUUUUUUU"), whole[8:]...), 0o600)
	damaged("the first bytes are others")
	os.Remove(file)
	damaged("the file is gone")
	os.WriteFile(file, whole, 0o600)
	if l, err = reopen(dir); err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	if _, err := os.Stat(filepath.Join(dir, closedFile)); !errors.Is(err, fs.ErrNotExist) {
		t.Error("a log in use is marked as closed")
	}
}

func FuzzScan(f *testing.F) {
	dir, file := crashed(f, 2)
	whole, _ := os.ReadFile(file)
	f.Add(whole)
	f.Fuzz(func(t *testing.T, data []byte) {
		list, _ := blocks(dir, 0)
		b := list[0]
		b.buf = data
		for at := 0; at < len(data); {
			if at = b.walk(at, func(record) {}); at < len(data) {
				b.torn(at)
				at = b.next(at + 1)
			}
		}
	})
}
