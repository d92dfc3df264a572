package torture_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
)

const (
	// latencyReach is how much longer a normal client may wait at the 99th
	// percentile while thousands of connections do nothing good.
	latencyReach = 2
	// flatReach is how much memory the program may gain while the connections stay,
	// over minutes; eachReach is how much a connection may cost at any time.
	flatReach = 64 << 20
	eachReach = 384 << 10
	openFiles = 12_000
)

// Thousands of clients that write a byte now and then, that never read their
// answers or only stay connected do not slow down a normal client, and what
// they cost does not grow.
func TestSlowClients(t *testing.T) {
	allowOpenFiles(t)
	p := newProgram(t)
	p.start()
	ws, l := p.createWorkspace("slow"), newLedger(t)
	p.addReviews(ws, l)
	span := time.Duration(either(3, 300)) * time.Second
	before := p.normalClient(ws, l, min(span, 30*time.Second))
	alone := p.memory()

	ctx, cancel := context.WithCancel(t.Context())
	var all crowd
	kinds := []func(context.Context, net.Conn, *bufio.Reader) error{ // most only stay: they are slow, and no flood
		stayIdle, slowWriter(ws), stayIdle, slowHeaders, stayIdle, neverRead(ws), stayIdle, slowWriter(ws), stayIdle, stayIdle,
	}
	n := either(1200, 5000)
	for i := range n {
		all.wg.Go(func() { all.keep(ctx, *p.addr.Load(), kinds[i%len(kinds)]) })
	}
	t.Cleanup(func() { cancel(); all.wg.Wait() })
	all.waitOpen(t, n)
	pause(time.Duration(either(1, 20)) * time.Second) // the rush of their first requests
	start := p.memory()
	first := p.normalClient(ws, l, span/2)
	middle := p.memory()
	second := p.normalClient(ws, l, span/2)
	end := p.memory()
	connected := all.open.Load()
	cancel()
	all.wg.Wait()

	v := p.compare(ws, l, l.first(l.count()))
	v.fault, v.cycles = "slow clients", 1
	during := max(quantile(first, 0.99), quantile(second, 0.99))
	t.Logf("%s; %d connections; normal p99 %s before, %s meanwhile; memory %d MB before, %d at the start, %d in the middle, %d at the end",
		v, connected, quantile(before, 0.99), during, alone>>20, start>>20, middle>>20, end>>20)
	// The short form has few samples and runs beside other tests.
	if long && during > latencyReach*quantile(before, 0.99) {
		t.Errorf("a normal client waits %s at the 99th percentile, and %s without the others", during, quantile(before, 0.99))
	}
	// In seconds the answers that nobody reads are still being written, and the
	// garbage collector has hardly run.
	if long && end > middle+flatReach {
		t.Errorf("memory grew from %d to %d MB", middle>>20, end>>20)
	}
	if most := alone + int64(n)*eachReach; max(start, middle, end) > most {
		t.Errorf("memory was %d, %d and %d MB, over the %d MB that so many connections may cost", start>>20, middle>>20, end>>20, most>>20)
	}
}

// allowOpenFiles lets the test and the program have enough connections.
func allowOpenFiles(t *testing.T) {
	t.Helper()
	var limit syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil {
		t.Fatal(err)
	}
	limit.Cur, limit.Max = max(limit.Cur, openFiles), max(limit.Max, openFiles)
	if err := syscall.Setrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil {
		t.Skipf("LEFT OUT, not allowed to open %d files: %v", openFiles, err)
	}
}

// addReviews stores opinions with long texts, so that a list of them is an
// answer of a few hundred KB.
func (p *program) addReviews(ws created, l *ledger) {
	p.t.Helper()
	const reviews = 200
	b := []byte(`{"batch":[`)
	ids := l.send(reviews)
	for i, id := range ids {
		if i > 0 {
			b = append(b, ',')
		}
		b = fmt.Appendf(b, `{"type":"track","event":"Product Reviewed","userId":"%s","messageId":"%s","properties":{"product_id":"p1","review_id":"%s","rating":4,"review_body":"%s"}}`,
			userOf(id), id, id, strings.Repeat("As described. ", 150))
	}
	status, err := p.post(p.t.Context(), "/v1/batch", ws.SecretKey, append(b, "]}"...))
	if err != nil || status != http.StatusOK {
		p.t.Fatalf("%d, %v", status, err)
	}
	l.acknowledge(ids)
	p.settle(ws)
}

// normalEvery is the rate of the normal client.
const normalEvery = 10 * time.Millisecond

// normalClient sends an event at fixed times and returns how long each took
// from then. All of them must be acknowledged.
func (p *program) normalClient(ws created, l *ledger, d time.Duration) []time.Duration {
	p.t.Helper()
	var mu sync.Mutex
	var took []time.Duration
	var wg sync.WaitGroup
	tick := time.NewTicker(normalEvery)
	defer tick.Stop()
	for end := time.Now().Add(d); time.Now().Before(end); {
		due := <-tick.C
		wg.Go(func() {
			ids := l.send(1)
			status, err := p.post(context.Background(), "/v1/batch", ws.WriteKey, bodyOf(ids))
			waited := time.Since(due)
			if err != nil || status != http.StatusOK {
				p.t.Errorf("a normal client's event was not acknowledged: %d, %v", status, err)
				return
			}
			l.acknowledge(ids)
			mu.Lock()
			took = append(took, waited)
			mu.Unlock()
		})
	}
	wg.Wait()
	return took
}

// memory is the program's resident memory in bytes.
func (p *program) memory() int64 {
	p.t.Helper()
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/statm", p.cmd.Process.Pid))
	if err != nil {
		p.t.Fatal(err)
	}
	pages, _ := strconv.ParseInt(strings.Fields(string(text))[1], 10, 64)
	return pages * int64(os.Getpagesize())
}

// crowd is many connections of bad clients.
type crowd struct {
	wg   sync.WaitGroup
	open atomic.Int64
}

// keep holds a connection that behaves in some way, and opens another when the
// program has closed it.
func (c *crowd) keep(ctx context.Context, addr string, behave func(context.Context, net.Conn, *bufio.Reader) error) {
	for ctx.Err() == nil {
		conn, err := (&net.Dialer{Timeout: answerWithin}).DialContext(ctx, "tcp", addr)
		if err == nil {
			stop := context.AfterFunc(ctx, func() { conn.Close() })
			c.open.Add(1)
			_ = behave(ctx, conn, bufio.NewReaderSize(conn, 512)) // it ends when either side has had enough
			c.open.Add(-1)
			stop()
			conn.Close()
		}
		wait(ctx, time.Duration(5+rand.IntN(10))*time.Second)
	}
}

func (c *crowd) waitOpen(t *testing.T, n int) {
	t.Helper()
	for deadline := time.Now().Add(time.Minute); c.open.Load() < int64(n)*95/100; pause(10 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("only %d of %d connections are open", c.open.Load(), n)
		}
	}
}

func wait(ctx context.Context, d time.Duration) {
	select {
	case <-time.After(d):
	case <-ctx.Done():
	}
}

// stayIdle sends one request and then nothing.
func stayIdle(_ context.Context, c net.Conn, r *bufio.Reader) error {
	if _, err := io.WriteString(c, "GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n"); err != nil {
		return err
	}
	_, err := io.Copy(io.Discard, r)
	return err
}

// byteEvery is the pace of those who write slowly.
const byteEvery = time.Second

// slowWriter sends a body byte by byte.
func slowWriter(ws created) func(context.Context, net.Conn, *bufio.Reader) error {
	return func(ctx context.Context, c net.Conn, _ *bufio.Reader) error {
		_, err := fmt.Fprintf(c, "POST /v1/batch HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer %s\r\nContent-Length: 100000\r\n\r\n", ws.SecretKey)
		for err == nil && ctx.Err() == nil {
			wait(ctx, byteEvery)
			_, err = c.Write([]byte("{"))
		}
		return err
	}
}

// slowHeaders sends a header byte by byte.
func slowHeaders(ctx context.Context, c net.Conn, _ *bufio.Reader) error {
	_, err := io.WriteString(c, "GET /healthz HTTP/1.1\r\nHost: x\r\nX-Slow: ")
	for err == nil && ctx.Err() == nil {
		wait(ctx, byteEvery)
		_, err = c.Write([]byte("x"))
	}
	return err
}

// neverRead asks for long lists, one after another, and reads no answer.
func neverRead(ws created) func(context.Context, net.Conn, *bufio.Reader) error {
	return func(ctx context.Context, c net.Conn, _ *bufio.Reader) error {
		_ = c.(*net.TCPConn).SetReadBuffer(4096)
		var err error
		for range 20 {
			if _, err = fmt.Fprintf(c, "GET /api/v1/feedback?limit=200 HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer %s\r\n\r\n", ws.SecretKey); err != nil {
				return err
			}
		}
		for err == nil && ctx.Err() == nil {
			wait(ctx, byteEvery)
			_, err = c.Write([]byte("\r\n")) // fails once the program has closed the connection
		}
		return err
	}
}
