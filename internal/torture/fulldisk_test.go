package torture_test

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
	"time"
)

const (
	// notReadyReach is how soon /readyz tells that nothing can be written.
	notReadyReach = time.Second
	// freedReach is how soon a program works again after the disk has room.
	freedReach = 10 * time.Second
)

// fullFor is how long the disk stays full.
const fullFor = time.Second

// A disk that is full makes no false answer: what is acknowledged meanwhile is
// stored. When there is room again the program goes on by itself.
func TestFullDisk(t *testing.T) {
	v := verdict{fault: "full disk"}
	for range either(1, 20) {
		found := fillDisk(t)
		v.cycles += found.cycles
		v.recovery = append(v.recovery, found.recovery...)
		v.acknowledged += found.acknowledged
		v.lost, v.doubled = v.lost+found.lost, v.doubled+found.doubled
	}
	t.Log(v)
}

// fillDisk fills the disk of a new program again and again. Some room is left
// now and then, so that the log and the database fail one after the other.
func fillDisk(t *testing.T) verdict {
	folder := smallDisk(t)
	p := newProgram(t)
	p.data, p.args = filepath.Join(folder, "data"), []string{"--log-size", "24"}
	p.start()
	ws, l := p.createWorkspace("full"), newLedger(t)
	x := p.startLoad(ws, l, 4, 50*time.Millisecond)
	var recovery []time.Duration
	for i := range either(2, 5) {
		pause(500 * time.Millisecond)
		x.rearm()
		filler := fill(t, folder, []int64{0, 256 << 10, 1 << 20, 32 << 10, 0}[i])
		p.failsSoon(x)
		pause(fullFor)
		began := time.Now()
		if err := os.Remove(filler); err != nil {
			t.Fatal(err)
		}
		_, took := p.recovered(began, ws, l)
		recovery = append(recovery, took)
		if tooLong(took, freedReach) {
			t.Errorf("it took %s after there was room, until an event was acknowledged", took)
		}
	}
	x.stop()
	v := p.compare(ws, l, l.first(l.count()))
	v.cycles, v.recovery = len(recovery), recovery
	return v
}

// smallDisk mounts a file system of 80 MB in memory.
func smallDisk(t *testing.T) string {
	t.Helper()
	needPrograms(t, "mount", "umount")
	needRoot(t)
	folder := t.TempDir()
	if out, err := exec.Command("mount", "-t", "tmpfs", "-o", "size=80m", "tmpfs", folder).CombinedOutput(); err != nil {
		t.Skipf("LEFT OUT, not allowed to mount: %s", out)
	}
	t.Cleanup(func() { run(t, "umount", folder) })
	return folder
}

// fill takes all room of a disk but some bytes, and returns the file to remove.
func fill(t *testing.T, folder string, left int64) string {
	t.Helper()
	name := filepath.Join(folder, "filler")
	f, err := os.Create(name)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var size int64
	for _, piece := range []int{1 << 20, 4 << 10} {
		b := make([]byte, piece)
		for err = nil; err == nil; {
			var n int
			n, err = f.Write(b)
			size += int64(n)
		}
		if !errors.Is(err, syscall.ENOSPC) {
			t.Fatal(err)
		}
	}
	if err := f.Truncate(max(size-left, 0)); err != nil {
		t.Fatal(err)
	}
	return name
}

// failsSoon waits until the program says that it is not ready, which must not
// be long after the first request failed.
func (p *program) failsSoon(x *load) {
	p.t.Helper()
	for deadline := time.Now().Add(30 * time.Second); p.ready(); pause(10 * time.Millisecond) {
		if time.Now().After(deadline) {
			p.t.Fatalf("still ready: %s", p.log.String())
		}
	}
	if refused := x.refused.Load(); refused != 0 {
		if after := time.Since(time.Unix(0, refused)); tooLong(after, notReadyReach) {
			p.t.Errorf("ready until %s after a request failed", after)
		}
	}
}
