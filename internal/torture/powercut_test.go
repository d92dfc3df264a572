package torture_test

import (
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// What was acknowledged before a snapshot of the data's file system is there
// when a program starts on the snapshot. One form freezes the file system, as
// backups of virtual machines do; freezing writes everything out, so the other
// form takes away what was not forced to the drive, as a power cut does.
func TestPowerCut(t *testing.T) {
	for name, cut := range map[string]bool{"frozen": false, "cut": true} {
		t.Run(name, func(t *testing.T) { snapshots(t, name, cut, either(3, 50)) })
	}
}

func snapshots(t *testing.T, name string, cut bool, n int) {
	d := newDisk(t, int64(either(512, 4096)))
	p := newProgram(t)
	p.data = filepath.Join(d.folder, "data")
	p.start()
	ws, l := p.createWorkspace("power"), newLedger(t)
	v := verdict{fault: "power cut, " + name, cycles: n}
	for range n {
		x := p.startLoad(ws, l, 4, 0)
		pause(time.Duration(100+rand.IntN(400)) * time.Millisecond)
		writeWitness(t, d.folder)
		sure := l.count() // what comes during the copy may be in it or not
		image := filepath.Join(t.TempDir(), "copy")
		if cut {
			d.cutCopy(p.cmd.Process, image)
		} else {
			d.frozenCopy(image)
		}
		x.stop()
		took, found := startOnSnapshot(t, image, ws, l, l.first(sure), cut)
		v.recovery = append(v.recovery, took)
		v.add(found)
	}
	if v.acknowledged < 100*n {
		t.Fatalf("only %d events were acknowledged: the test shows nothing", v.acknowledged)
	}
	v.add(p.compare(ws, l, l.first(l.count()))) // it went on meanwhile
	t.Log(v)
}

// startOnSnapshot starts a program on a snapshot and compares.
func startOnSnapshot(t *testing.T, image string, ws created, l *ledger, acknowledged []string, cut bool) (time.Duration, verdict) {
	t.Helper()
	began := time.Now()
	d := mountImage(t, image)
	defer d.remove()
	checkWitness(t, d.folder, cut)
	p := newProgram(t)
	p.data = filepath.Join(d.folder, "data")
	p.start()
	p.sendUntilTaken(ws, l.send(1)) // not of the record, which is the other program's
	took := time.Since(began)
	return took, p.compare(ws, l, acknowledged)
}

const (
	syncedFile   = "synced"
	unsyncedFile = "unsynced"
	witnessed    = "this was written"
)

// writeWitness writes two files, one of them forced to the drive, by which
// checkWitness sees that a snapshot is what it claims to be.
func writeWitness(t *testing.T, folder string) {
	t.Helper()
	for _, name := range []string{syncedFile, unsyncedFile} {
		os.Remove(filepath.Join(folder, name))
		f, err := os.Create(filepath.Join(folder, name))
		if err == nil {
			_, err = f.WriteString(witnessed)
		}
		if err == nil && name == syncedFile {
			err = f.Sync()
		}
		if err != nil {
			t.Fatal(err)
		}
		f.Close()
	}
}

func checkWitness(t *testing.T, folder string, cut bool) {
	t.Helper()
	synced, _ := os.ReadFile(filepath.Join(folder, syncedFile))
	unsynced, _ := os.ReadFile(filepath.Join(folder, unsyncedFile))
	if string(synced) != witnessed {
		t.Errorf("the snapshot lacks what was forced to the drive")
	}
	if (string(unsynced) == witnessed) == cut {
		t.Errorf("the snapshot has %q of what was not forced to the drive: it shows nothing", unsynced)
	}
}
