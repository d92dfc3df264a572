package web

import (
	"errors"
	"net"
	"os"
	"sync"
	"sync/atomic"
	"time"
)

// LimitListener accepts at most n connections at a time; others wait in the
// kernel's queue. A connection costs memory before its first byte is read, and
// an answer until its last byte is taken: a client that takes nothing is cut off
// after 20 seconds, or after one where more than 64 MB of answers wait.
func LimitListener(l net.Listener, n int) net.Listener {
	return &limitListener{Listener: l, slots: make(chan struct{}, n), closed: make(chan struct{})}
}

type limitListener struct {
	net.Listener
	slots  chan struct{}
	once   sync.Once
	closed chan struct{}
	unread atomic.Int64 // bytes of answers that clients have yet to take
}

func (l *limitListener) Accept() (net.Conn, error) {
	select {
	case l.slots <- struct{}{}:
	case <-l.closed:
		return nil, net.ErrClosed
	}
	c, err := l.Listener.Accept()
	if err != nil {
		<-l.slots
		return nil, err
	}
	return &limitConn{Conn: c, unread: &l.unread, free: sync.OnceFunc(func() { <-l.slots })}, nil
}

func (l *limitListener) Close() error {
	l.once.Do(func() { close(l.closed) })
	return l.Listener.Close()
}

type limitConn struct {
	net.Conn
	free   func()
	unread *atomic.Int64
}

const (
	patience     = 20 * time.Second // with a client that takes nothing of its answer
	lessPatience = time.Second      // where many do so
	maxUnread    = 64 << 20
)

// Write goes on for as long as the client takes something now and then.
func (c *limitConn) Write(b []byte) (int, error) {
	c.unread.Add(int64(len(b)))
	defer func() { c.unread.Add(-int64(len(b))) }()
	sent, last := 0, time.Now()
	for {
		c.Conn.SetWriteDeadline(time.Now().Add(lessPatience))
		n, err := c.Conn.Write(b[sent:])
		if sent += n; n > 0 {
			last = time.Now()
		}
		stalled := time.Since(last)
		if !errors.Is(err, os.ErrDeadlineExceeded) || stalled >= patience || stalled >= lessPatience && c.unread.Load() > maxUnread {
			return sent, err
		}
	}
}

func (c *limitConn) Close() error {
	defer c.free()
	return c.Conn.Close()
}
