package mailbox

import (
	"context"
	"net"
	"sync"
)

// pipes is a listener that is reached from within the process alone.
type pipes struct {
	waiting chan net.Conn
	closed  chan struct{}
	once    sync.Once
}

func newPipes() *pipes { return &pipes{waiting: make(chan net.Conn), closed: make(chan struct{})} }

// name is the workspace whose mailbox is connected to.
type name string

func (name) Network() string  { return "mailbox" }
func (n name) String() string { return string(n) }

// pipe is the server's end of a connection.
type pipe struct {
	net.Conn
	name name
}

func (p pipe) RemoteAddr() net.Addr { return p.name }

func (p *pipes) dial(ctx context.Context, workspace string) (net.Conn, error) {
	ours, theirs := net.Pipe()
	select {
	case p.waiting <- pipe{theirs, name(workspace)}:
		return ours, nil
	case <-p.closed:
		return nil, net.ErrClosed
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// Accept waits for the next connection.
func (p *pipes) Accept() (net.Conn, error) {
	select {
	case c := <-p.waiting:
		return c, nil
	case <-p.closed:
		return nil, net.ErrClosed
	}
}

// Close ends the waiting.
func (p *pipes) Close() error {
	p.once.Do(func() { close(p.closed) })
	return nil
}

// Addr is nowhere.
func (p *pipes) Addr() net.Addr { return name("") }
