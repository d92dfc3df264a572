package app

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"syscall"
	"time"
)

// ErrInUse says that another process works with the data folder; it listens on
// the socket in it.
var ErrInUse = errors.New("the data folder is in use by another Dhvani process")

const (
	lockFile   = "lock"
	socketFile = "dhvani.sock"
)

// A command holds the folder for a moment, and a process that starts listens a
// moment after it has the lock: who meets them waits.
const (
	lockWait  = 10 * time.Second
	lockRetry = 20 * time.Millisecond
)

// lockFolder makes the data folder and takes it for this process. The lock goes
// with the process, however it ends. The error is ErrInUse where a process
// listens on the folder's socket, and after ten seconds.
func lockFolder(ctx context.Context, dir string) (*os.File, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("make the data folder: %w", err)
	}
	f, err := os.OpenFile(filepath.Join(dir, lockFile), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, fmt.Errorf("lock the data folder: %w", err)
	}
	for deadline := time.Now().Add(lockWait); ; {
		err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
		if err == nil {
			return f, nil
		}
		if !errors.Is(err, syscall.EWOULDBLOCK) {
			f.Close()
			return nil, fmt.Errorf("lock the data folder: %w", err)
		}
		if c, err := dialSocket(dir); err == nil {
			c.Close()
			f.Close()
			return nil, ErrInUse
		}
		select {
		case <-ctx.Done():
			f.Close()
			return nil, ctx.Err()
		case <-time.After(lockRetry):
		}
		if time.Now().After(deadline) {
			f.Close()
			return nil, ErrInUse
		}
	}
}

// The path of a socket may have about 100 bytes only. Through the folder's open
// descriptor any folder can be reached, where the system has /proc.
func socketPath(dir string) (path string, done func(), err error) {
	path = filepath.Join(dir, socketFile)
	if len(path) < 100 {
		return path, func() {}, nil
	}
	f, err := os.Open(dir)
	if err != nil {
		return "", nil, err
	}
	return fmt.Sprintf("/proc/self/fd/%d/%s", f.Fd(), socketFile), func() { f.Close() }, nil
}

// listenSocket listens on the folder's socket, for this user's processes only.
func listenSocket(dir string) (net.Listener, error) {
	path, done, err := socketPath(dir)
	if err != nil {
		return nil, fmt.Errorf("listen on the folder's socket: %w", err)
	}
	defer done()
	os.Remove(filepath.Join(dir, socketFile)) // left by a crash: the lock is ours
	old := syscall.Umask(0o177)
	l, err := net.Listen("unix", path)
	syscall.Umask(old)
	if err != nil {
		return nil, fmt.Errorf("listen on the folder's socket: %w", err)
	}
	l.(*net.UnixListener).SetUnlinkOnClose(false) // by then the path may be gone
	return l, nil
}

func dialSocket(dir string) (net.Conn, error) {
	path, done, err := socketPath(dir)
	if err != nil {
		return nil, err
	}
	defer done()
	return net.Dial("unix", path)
}
