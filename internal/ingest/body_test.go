package ingest_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/dhvani/dhvani/internal/ingest"
)

// spaces is a body of n bytes that counts what is read of it.
type spaces struct{ n, read int }

func (s *spaces) Read(p []byte) (int, error) {
	n := min(len(p), s.n-s.read)
	if n == 0 {
		return 0, io.EOF
	}
	for i := range p[:n] {
		p[i] = ' '
	}
	s.read += n
	return n, nil
}

// allocated returns the bytes that f allocates.
func allocated(f func()) int {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	f()
	runtime.ReadMemStats(&after)
	return int(after.TotalAlloc - before.TotalAlloc)
}

// heap returns the bytes that are in use.
func heap() int {
	var m runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&m)
	return int(m.HeapInuse + m.StackInuse)
}

func TestLargeBodies(t *testing.T) {
	f := start(t, nil)
	bomb := gzipped(batch(strings.Repeat(" ", 60_000_000)))
	exact := batch(good)
	exact += strings.Repeat(" ", 4<<20-len(exact))
	for name, c := range map[string]struct {
		body   io.Reader
		length int64
		status int
		most   int // bytes allocated
	}{
		"4 MB":                    {strings.NewReader(exact), 4 << 20, 200, 20 << 20},
		"4 MB inflated":           {strings.NewReader(gzipped(exact)), -1, 200, 20 << 20},
		"4 MB and one":            {strings.NewReader(exact + " "), -1, 413, 16 << 20},
		"4 MB and one inflated":   {strings.NewReader(gzipped(exact + " ")), -1, 413, 16 << 20},
		"1 GB, as it says":        {&spaces{n: 1 << 30}, 1 << 30, 413, 1 << 20},
		"1 GB, length unknown":    {&spaces{n: 1 << 30}, -1, 413, 16 << 20},
		"bomb":                    {strings.NewReader(bomb), -1, 413, 16 << 20},
		"deep":                    {strings.NewReader(strings.Repeat("[", 100_000) + strings.Repeat("]", 100_000)), -1, 400, 4 << 20},
		"a million tiny elements": {strings.NewReader(batch(strings.Repeat("1,", 1_000_000) + "1")), -1, 413, 16 << 20},
	} {
		t.Run(name, func(t *testing.T) {
			r := httptest.NewRequest("POST", "/v1/batch", c.body)
			r.ContentLength = c.length
			r.SetBasicAuth("wk", "")
			w := httptest.NewRecorder()
			if n := allocated(func() { f.Config.Handler.ServeHTTP(w, r) }); n > c.most {
				t.Errorf("allocated %d bytes, want at most %d", n, c.most)
			}
			if w.Code != c.status {
				t.Errorf("%d %s, want %d", w.Code, w.Body, c.status)
			}
			if s, ok := c.body.(*spaces); ok && s.read > 4<<20+1 {
				t.Errorf("read %d bytes past the limit", s.read-4<<20)
			}
			if n := f.gauge(t); n != 0 {
				t.Errorf("still holds %d bytes", n)
			}
		})
	}
}

// dial opens a connection and sends the text as it is.
func (f *fixture) dial(t testing.TB, text string) net.Conn {
	t.Helper()
	c, err := net.Dial("tcp", f.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	if _, err := io.WriteString(c, text); err != nil {
		t.Fatal(err)
	}
	return c
}

// hungUp reads an answer and reports whether the connection ends after it.
func hungUp(t testing.TB, c net.Conn) (status int, end bool) {
	t.Helper()
	r := bufio.NewReader(c)
	resp, err := http.ReadResponse(r, nil)
	if err != nil {
		t.Fatal(err)
	}
	io.Copy(io.Discard, resp.Body)
	_, err = r.ReadByte()
	return resp.StatusCode, err == io.EOF
}

const head = "POST /v1/batch HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer wk\r\n"

func TestRestOfBodyIsNotRead(t *testing.T) {
	f := start(t, nil)
	// The client sends nothing after the head: an answer shows that nothing was waited for.
	c := f.dial(t, head+"Content-Length: 1073741824\r\n\r\n")
	if status, end := hungUp(t, c); status != 413 || !end {
		t.Errorf("%d, connection ended: %t", status, end)
	}
	c = f.dial(t, head+"Transfer-Encoding: chunked\r\n\r\nffffff\r\n"+strings.Repeat(" ", 4<<20+1))
	if status, end := hungUp(t, c); status != 413 || !end {
		t.Errorf("chunked: %d, connection ended: %t", status, end)
	}
}

func TestSlowSenderIsLeft(t *testing.T) {
	f := start(t, func(o *ingest.Options) { o.BodyTimeout = 20 * time.Millisecond })
	f.log.enter, f.log.leave = make(chan struct{}), make(chan struct{})
	whole := f.dial(t, fmt.Sprintf("%sContent-Length: %d\r\n\r\n%s", head, len(batch(good)), batch(good)))
	<-f.log.enter
	slow := f.dial(t, head+"Content-Length: 1000\r\n\r\n{")
	if status, end := hungUp(t, slow); status != 408 || !end {
		t.Errorf("%d, connection ended: %t", status, end)
	}
	// The deadline, past for both, is the body's: the log may take longer.
	close(f.log.leave)
	resp, err := http.ReadResponse(bufio.NewReader(whole), nil)
	if err != nil || resp.StatusCode != 200 {
		t.Errorf("a slow log ended a request: %v", err)
	}
}

func TestSlowConnectionsHoldNothing(t *testing.T) {
	started := make(chan struct{}, 4000)
	f := start(t, func(o *ingest.Options) {
		o.Now = func() time.Time { started <- struct{}{}; return noon }
	})
	before := heap()
	const connections, sent = 1000, 100
	for range connections {
		f.dial(t, head+"Content-Length: 4000000\r\n\r\n"+strings.Repeat(" ", sent))
	}
	for range connections {
		<-started
	}
	for f.gauge(t) != connections*sent { // what has arrived is what counts
		runtime.Gosched()
	}
	if grown := heap() - before; grown > 48<<20 {
		t.Errorf("%d connections hold %d KB each", connections, grown/connections>>10)
	}
	if status, answer := f.post(t, "/v1/batch", batch(good), basic("wk:")); status != 200 {
		t.Errorf("others are refused: %d %s", status, answer)
	}
}

func TestBodiesShareABudget(t *testing.T) {
	f := start(t, nil)
	f.log.enter, f.log.leave = make(chan struct{}), make(chan struct{})
	body := batch(good)
	body += strings.Repeat(" ", 4<<20-len(body))
	answers := make(chan int)
	for i := range 16 {
		key := []string{"wk", "wk2"}[i%2]
		go func() {
			r, err := http.NewRequest(http.MethodPost, f.URL+"/v1/batch", strings.NewReader(body))
			if err != nil {
				panic(err)
			}
			r.SetBasicAuth(key, "")
			resp, err := f.Client().Do(r)
			if err != nil {
				answers <- 0
				return
			}
			resp.Body.Close()
			answers <- resp.StatusCode
		}()
		<-f.log.enter
	}
	if n := f.gauge(t); n != 64<<20 {
		t.Errorf("%d bytes in flight, want 64 MB", n)
	}
	resp, _ := f.send(t, "POST", "/v1/batch", strings.NewReader(batch(good)), basic("wk:"))
	if resp.StatusCode != 503 || resp.Header.Get("Retry-After") != "1" {
		t.Errorf("over the budget: %d, Retry-After %q", resp.StatusCode, resp.Header.Get("Retry-After"))
	}
	close(f.log.leave)
	for range 16 {
		if status := <-answers; status != 200 {
			t.Errorf("within the budget: %d", status)
		}
	}
	f.log.enter = nil
	if status, _ := f.post(t, "/v1/batch", batch(good), basic("wk:")); status != 200 || f.gauge(t) != 0 {
		t.Errorf("after it: %d, %d bytes in flight", status, f.gauge(t))
	}
}

// One workspace has half of the room, and the others the rest.
func TestAWorkspaceLeavesRoom(t *testing.T) {
	f := start(t, nil)
	const whole = 4<<20 - 100
	for range 8 {
		f.dial(t, head+"Content-Length: 4194304\r\n\r\n"+strings.Repeat(" ", whole))
	}
	for f.gauge(t) != 8*whole {
		runtime.Gosched()
	}
	large := batch(good) + strings.Repeat(" ", 1000)
	if status, _ := f.post(t, "/v1/batch", large, basic("wk:")); status != 503 {
		t.Errorf("who has half of the room got %d", status)
	}
	if status, answer := f.post(t, "/v1/batch", large, basic("wk2:")); status != 200 {
		t.Errorf("another workspace got %d %s", status, answer)
	}
}

// An overloaded log is told to senders before their body is read, or as soon as
// the body says whose it is.
func TestOverload(t *testing.T) {
	f := start(t, nil)
	f.log.overloaded = 1
	inBody := func(key string) string { return strings.Replace(batch(good), "{", `{"writeKey":"`+key+`",`, 1) }
	for name, c := range map[string]struct {
		path, body string
		h          header
		status     int
	}{
		"the key in the headers, and no JSON":     {"/v1/batch", "never looked at", basic("wk:"), 503},
		"a secret key":                            {"/v1/batch", "never looked at", basic("sk:"), 503},
		"history":                                 {"/v1/import", "never looked at", basic("sk:"), 503},
		"the key in the body":                     {"/v1/batch", inBody("wk"), nil, 503},
		"another workspace":                       {"/v1/batch", batch(good), basic("wk2:"), 200},
		"another workspace, with its key in body": {"/v1/batch", inBody("wk2"), nil, 200},
	} {
		resp, answer := f.send(t, "POST", c.path, strings.NewReader(c.body), c.h)
		if resp.StatusCode != c.status || c.status == 503 && resp.Header.Get("Retry-After") != "3" {
			t.Errorf("%s: %d, Retry-After %q: %s", name, resp.StatusCode, resp.Header.Get("Retry-After"), answer)
		}
	}
	if n := len(f.log.events(t)); n != 2 {
		t.Errorf("%d events are stored", n)
	}
}

// Senders who show no key before their body fill a quarter of the room, not all.
func TestStrangersLeaveRoom(t *testing.T) {
	f := start(t, nil)
	const whole = 4<<20 - 100
	for range 4 {
		f.dial(t, strings.Replace(head, "wk", "nobody", 1)+"Content-Length: 4194304\r\n\r\n"+strings.Repeat(" ", whole))
	}
	for f.gauge(t) != 4*whole {
		runtime.Gosched()
	}
	if status, _ := f.post(t, "/v1/batch", strings.Replace(batch(good), "{", `{"writeKey":"wk",`+strings.Repeat(" ", 500), 1), nil); status != 503 {
		t.Errorf("a fifth stranger got %d", status)
	}
	if status, answer := f.post(t, "/v1/batch", batch(good), basic("wk:")); status != 200 {
		t.Errorf("who shows a key got %d %s", status, answer)
	}
}

// Inflated, a body counts as what it has become.
func TestInflatedBodiesCount(t *testing.T) {
	f := start(t, nil)
	f.log.enter, f.log.leave = make(chan struct{}), make(chan struct{})
	body := batch(good) + strings.Repeat(" ", 1<<20)
	done := make(chan int)
	go func() {
		resp, err := f.Client().Post(f.URL+"/v1/batch", "", strings.NewReader(gzipped(strings.Replace(body, "{", `{"writeKey":"wk",`, 1))))
		if err != nil {
			done <- 0
			return
		}
		resp.Body.Close()
		done <- resp.StatusCode
	}()
	<-f.log.enter
	if n, want := f.gauge(t), len(body)+len(`"writeKey":"wk",`); n != want {
		t.Errorf("%d bytes in flight, want %d", n, want)
	}
	close(f.log.leave)
	if status := <-done; status != 200 {
		t.Error(status)
	}
}

// A client that has closed its side may still listen: it must not hear 200 for
// what the log has not answered.
func TestHalfClosedClient(t *testing.T) {
	f := start(t, nil)
	f.log.enter, f.log.leave = make(chan struct{}), make(chan struct{})
	c := f.dial(t, fmt.Sprintf("%sContent-Length: %d\r\n\r\n%s", head, len(batch(good)), batch(good)))
	<-f.log.enter
	if err := c.(*net.TCPConn).CloseWrite(); err != nil {
		t.Fatal(err)
	}
	if status, _ := hungUp(t, c); status != 503 {
		t.Errorf("%d for events that are not stored", status)
	}
}

func TestClientLeaves(t *testing.T) {
	f := start(t, nil)
	f.log.enter, f.log.leave = make(chan struct{}), make(chan struct{})
	ctx, leave := context.WithCancel(t.Context())
	r, _ := http.NewRequestWithContext(ctx, "POST", f.URL+"/v1/batch", strings.NewReader(batch(good)))
	r.SetBasicAuth("wk", "")
	done := make(chan error)
	go func() {
		_, err := f.Client().Do(r)
		done <- err
	}()
	<-f.log.enter
	leave()
	if err := <-done; err == nil {
		t.Error("an answer after leaving")
	}
	f.Close() // waits for the handler, which the log would hold for ever
	if n := f.gauge(t); n != 0 {
		t.Errorf("still holds %d bytes", n)
	}
}
