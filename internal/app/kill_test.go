package app_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"os/exec"
	"path/filepath"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/dhvani/dhvani/internal/db/dbtest"
)

func TestMain(m *testing.M) { dbtest.Main(m) }

// A killed process loses no acknowledged event and counts none twice. The test
// keeps its own record of what was acknowledged, kills the process with SIGKILL
// again and again under load, and compares in the end.
func TestKill9(t *testing.T) {
	exe := buildProgram(t)
	for name, kills := range map[string]int{"sqlite": 20, "postgres": 5} {
		t.Run(name, func(t *testing.T) {
			var args []string
			if name == "postgres" {
				args = []string{"--database", dbtest.Postgres(t)}
			}
			killUnderLoad(t, &program{t: t, exe: exe, data: t.TempDir(), args: args}, kills)
		})
	}
}

// A command and a server that start at the same moment on a new folder both do
// what they were asked to.
func TestServeAndCreateAtOnce(t *testing.T) {
	exe := buildProgram(t)
	for range 5 {
		p := &program{t: t, exe: exe, data: t.TempDir()}
		var ws created
		var wg sync.WaitGroup
		wg.Go(func() { ws = p.createWorkspace("at once") })
		p.start()
		wg.Wait()
		if status, err := p.post("/v1/track", ws.WriteKey, []byte(`{"event":"E","userId":"u"}`)); err != nil || status != http.StatusOK {
			t.Fatal(status, err)
		}
		p.stop()
	}
}

func killUnderLoad(t *testing.T, p *program, kills int) {
	p.start()
	ws := p.createWorkspace("kill")
	var mu sync.Mutex
	acked := map[string]bool{}
	var bodies [][]byte
	sent := 0
	for range kills {
		var wg sync.WaitGroup
		stop := make(chan struct{})
		for range 4 {
			wg.Go(func() {
				for {
					select {
					case <-stop:
						return
					default:
					}
					ids, body := batch([]int{1, 20, 100}[rand.IntN(3)])
					mu.Lock()
					sent += len(ids)
					mu.Unlock()
					if status, err := p.post("/v1/batch", ws.WriteKey, body); err != nil || status != http.StatusOK {
						return
					}
					mu.Lock()
					for _, id := range ids {
						acked[id] = true
					}
					bodies = append(bodies, body)
					mu.Unlock()
				}
			})
		}
		after := time.NewTimer(time.Duration(100+rand.IntN(500)) * time.Millisecond)
		<-after.C
		p.kill()
		close(stop)
		wg.Wait()
		p.start()
	}
	first := p.settle(ws.SecretKey)
	for _, body := range bodies { // everything acknowledged arrives once more: nothing may be new
		if status, err := p.post("/v1/batch", ws.WriteKey, body); err != nil || status != http.StatusOK {
			t.Fatalf("sent again: status %d, %v", status, err)
		}
	}
	second := p.settle(ws.SecretKey)
	t.Logf("%d kills: sent %d, acknowledged %d, stored %d, after sending all of it again %d", kills, sent, len(acked), first.Stored, second.Stored)
	if len(acked) < 1000 {
		t.Fatalf("only %d events were acknowledged: the test shows nothing", len(acked))
	}
	if first.Stored < int64(len(acked)) {
		t.Errorf("%d acknowledged events are lost", int64(len(acked))-first.Stored)
	}
	if first.Stored > int64(sent) || second.Stored != first.Stored {
		t.Errorf("counted twice: sent %d, stored %d, then %d", sent, first.Stored, second.Stored)
	}
	p.stop()
}

func batch(n int) (ids []string, body []byte) {
	var b bytes.Buffer
	b.WriteString(`{"batch":[`)
	for i := range n {
		id := fmt.Sprintf("k-%016x", rand.Uint64())
		ids = append(ids, id)
		if i > 0 {
			b.WriteByte(',')
		}
		fmt.Fprintf(&b, `{"type":"track","event":"Product Viewed","userId":"u%d","messageId":"%s","properties":{"product_id":"p1"}}`, rand.IntN(300), id)
	}
	b.WriteString("]}")
	return ids, b.Bytes()
}

// program is the real binary.
type program struct {
	t    *testing.T
	exe  string
	data string
	args []string
	addr string
	cmd  *exec.Cmd
	log  bytes.Buffer
}

func buildProgram(t *testing.T) string {
	t.Helper()
	exe := filepath.Join(t.TempDir(), "dhvani")
	if out, err := exec.Command("go", "build", "-o", exe, "../../cmd/dhvani").CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	return exe
}

func (p *program) start() {
	p.t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		p.t.Fatal(err)
	}
	p.addr = l.Addr().String()
	l.Close()
	p.cmd = exec.Command(p.exe, append([]string{"serve", "--data", p.data, "--listen", p.addr, "--log-level", "warn"}, p.args...)...)
	p.cmd.Stdout, p.cmd.Stderr = &p.log, &p.log
	p.cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if err := p.cmd.Start(); err != nil {
		p.t.Fatal(err)
	}
	p.t.Cleanup(func() { p.cmd.Process.Kill() })
	for deadline := time.Now().Add(30 * time.Second); ; {
		r, err := http.Get("http://" + p.addr + "/readyz")
		if err == nil {
			r.Body.Close()
			if r.StatusCode == http.StatusOK {
				return
			}
		}
		if time.Now().After(deadline) {
			p.t.Fatalf("not ready in 30 s: %s", p.log.String())
		}
		pause(5 * time.Millisecond)
	}
}

// pause waits for another process, of which no channel tells.
func pause(d time.Duration) { <-time.After(d) }

func (p *program) kill() {
	p.cmd.Process.Kill()
	p.cmd.Wait()
}

func (p *program) stop() {
	p.t.Helper()
	began := time.Now()
	p.cmd.Process.Signal(syscall.SIGTERM)
	if err := p.cmd.Wait(); err != nil {
		p.t.Errorf("stopped with %v: %s", err, p.log.String())
	}
	if took := time.Since(began); took > 10*time.Second {
		p.t.Errorf("a clean stop took %s", took)
	}
}

type created struct {
	ID        string `json:"id"`
	WriteKey  string `json:"write_key"`
	SecretKey string `json:"secret_key"`
}

func (p *program) createWorkspace(name string) (w created) {
	p.t.Helper()
	out, err := exec.Command(p.exe, append([]string{"workspace", "create", "--data", p.data, "--name", name, "--json"}, p.args...)...).Output()
	if err != nil {
		p.t.Fatalf("workspace create: %v", err)
	}
	if err := json.Unmarshal(out, &w); err != nil {
		p.t.Fatal(err)
	}
	return w
}

func (p *program) post(path, key string, body []byte) (int, error) {
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://"+p.addr+path, bytes.NewReader(body))
	if err != nil {
		return 0, err
	}
	r.SetBasicAuth(key, "")
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		return 0, err
	}
	defer answer.Body.Close()
	io.Copy(io.Discard, answer.Body)
	return answer.StatusCode, nil
}

func (p *program) get(path, key string, out any) {
	p.t.Helper()
	r, err := http.NewRequest(http.MethodGet, "http://"+p.addr+path, nil)
	if err != nil {
		p.t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+key)
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		p.t.Fatal(err)
	}
	defer answer.Body.Close()
	text, _ := io.ReadAll(answer.Body)
	if answer.StatusCode != http.StatusOK {
		p.t.Fatalf("GET %s: %d %s", path, answer.StatusCode, text)
	}
	if err := json.Unmarshal(text, out); err != nil {
		p.t.Fatalf("GET %s: %v: %s", path, err, text)
	}
}

type counts struct{ Accepted, Stored, Duplicate, Rejected, Lag int64 }

func (p *program) settle(key string) counts {
	p.t.Helper()
	for deadline := time.Now().Add(60 * time.Second); ; {
		var s struct{ Events counts }
		p.get("/api/v1/stats", key, &s)
		if s.Events.Lag == 0 {
			return s.Events
		}
		if time.Now().After(deadline) {
			p.t.Fatalf("not settled in 60 s: %+v %s", s.Events, p.log.String())
		}
		pause(20 * time.Millisecond)
	}
}
