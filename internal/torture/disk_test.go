package torture_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// disk is an ext4 file system in a file, the image, which stands for a drive:
// what the kernel has written to the drive is in the file, and what it holds in
// memory is not.
type disk struct {
	t      *testing.T
	image  string
	loop   string // the loop device
	folder string // where it is mounted
}

// newDisk makes a file system of some MB and mounts it. Without the rights to
// do so the test is left out.
func newDisk(t *testing.T, megabytes int64) *disk {
	t.Helper()
	needPrograms(t, "mkfs.ext4", "losetup", "mount", "umount", "fsfreeze", "cp")
	needRoot(t)
	image := filepath.Join(t.TempDir(), "image")
	f, err := os.Create(image)
	if err == nil {
		err = f.Truncate(megabytes << 20)
	}
	if err != nil {
		t.Fatal(err)
	}
	f.Close()
	run(t, "mkfs.ext4", "-q", "-F", image)
	if out, err := exec.Command("losetup", "--find").CombinedOutput(); err != nil {
		t.Skipf("LEFT OUT, not allowed to use loop devices: %s", out)
	}
	return mountImage(t, image)
}

// mountImage attaches an image and mounts it, which replays its journal.
func mountImage(t *testing.T, image string) *disk {
	t.Helper()
	d := &disk{t: t, image: image, folder: t.TempDir()}
	d.loop = strings.TrimSpace(run(t, "losetup", "--find", "--show", image))
	t.Cleanup(d.remove)
	// The kernel shall not write by itself every 5 s what nobody asked it to.
	run(t, "mount", "-o", "commit=300", d.loop, d.folder)
	return d
}

// remove unmounts the disk and removes its image.
func (d *disk) remove() {
	if d.loop == "" {
		return
	}
	exec.Command("umount", d.folder).Run()
	if err := exec.Command("losetup", "--detach", d.loop).Run(); err != nil {
		d.t.Errorf("detach %s: %v", d.loop, err)
	}
	os.Remove(d.image)
	d.loop = ""
}

// frozenCopy copies the drive while the file system is frozen: a snapshot, for
// which the kernel writes out everything first.
func (d *disk) frozenCopy(to string) {
	d.t.Helper()
	run(d.t, "fsfreeze", "--freeze", d.folder)
	defer run(d.t, "fsfreeze", "--unfreeze", d.folder)
	run(d.t, "cp", "--sparse=always", d.image, to)
}

// cutCopy copies the drive as a power cut leaves it: without what was not yet
// forced to it. The process that writes stands still meanwhile, and a copy
// during which the kernel wrote anything is made again, so that it is the state
// of one moment. Drives that lose what they were told to keep are another matter.
func (d *disk) cutCopy(writer *os.Process, to string) {
	d.t.Helper()
	if err := writer.Signal(syscall.SIGSTOP); err != nil {
		d.t.Fatal(err)
	}
	defer writer.Signal(syscall.SIGCONT)
	for deadline := time.Now().Add(20 * time.Second); ; {
		before := d.written()
		run(d.t, "cp", "--sparse=always", d.image, to)
		if d.written() == before {
			return
		}
		if time.Now().After(deadline) {
			d.t.Fatal("the kernel does not stop writing, so no copy is of one moment")
		}
	}
}

// written tells the writes that the drive has done and those on their way.
func (d *disk) written() string {
	d.t.Helper()
	text, err := os.ReadFile("/sys/block/" + filepath.Base(d.loop) + "/stat")
	if err != nil {
		d.t.Fatal(err)
	}
	f := strings.Fields(string(text)) // see block/stat in the kernel's documentation
	return fmt.Sprint(f[4], f[6], f[8])
}
