package torture_test

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/dhvani/dhvani/internal/app"
	"github.com/dhvani/dhvani/internal/db/dbtest"
	"github.com/dhvani/dhvani/internal/workspace"
)

// long says that the long form of every test runs.
var long = os.Getenv("DHVANI_TORTURE") == "long"

// either returns the number for the form of the tests that runs.
func either(short, inLong int) int {
	if long {
		return inLong
	}
	return short
}

// tooLong reports whether something took longer than it may. The short form
// runs beside other packages' tests, so it allows more.
func tooLong(took, reach time.Duration) bool {
	return took > reach*time.Duration(either(4, 1))
}

func TestMain(m *testing.M) {
	dbtest.Main(m, func() {
		if exe.folder != "" {
			os.RemoveAll(exe.folder)
		}
	})
}

// exe is the program under test, built once.
var exe struct {
	once   sync.Once
	folder string
	path   string
	err    error
}

func buildProgram(t *testing.T) string {
	t.Helper()
	exe.once.Do(func() {
		if exe.folder, exe.err = os.MkdirTemp("", "dhvtorture"); exe.err != nil {
			return
		}
		exe.path = filepath.Join(exe.folder, "dhvani")
		if out, err := exec.Command("go", "build", "-o", exe.path, "../../cmd/dhvani").CombinedOutput(); err != nil {
			exe.err = fmt.Errorf("build the program: %w: %s", err, out)
		}
	})
	if exe.err != nil {
		t.Fatal(exe.err)
	}
	return exe.path
}

// program is the real program on a data folder.
type program struct {
	t        *testing.T
	data     string
	postgres string   // address of its database; empty: SQLite in the data folder
	wrap     []string // a program that runs it, with arguments
	args     []string // more arguments for serve
	seal     string   // its key; empty: in the data folder
	listen   string   // address; empty: a new one on this machine for every start
	http     *http.Client
	inside   *app.App // it runs in this process, where that is needed

	addr  atomic.Pointer[string]
	cmd   *exec.Cmd
	ended chan struct{} // closed when the process is gone
	log   lockedBuffer
}

// answerWithin bounds every request of the tests.
const answerWithin = 20 * time.Second

// newProgram returns a program with a new data folder, not yet started.
func newProgram(t *testing.T) *program {
	buildProgram(t)
	return &program{t: t, data: t.TempDir(), http: &http.Client{
		Timeout:   answerWithin,
		Transport: &http.Transport{MaxIdleConnsPerHost: 64},
	}}
}

// launch starts the process and does not wait until it is ready.
func (p *program) launch() {
	p.t.Helper()
	addr := p.listen
	if addr == "" {
		addr = freeAddress(p.t)
	}
	p.addr.Store(&addr)
	args := append(append([]string{}, p.wrap...), exe.path, "serve", "--data", p.data, "--listen", addr, "--log-level", "warn")
	if p.postgres != "" {
		args = append(args, "--database", p.postgres)
	}
	if p.seal != "" {
		args = append(args, "--seal-key", p.seal)
	}
	args = append(args, p.args...)
	p.cmd = exec.Command(args[0], args[1:]...)
	p.cmd.Stdout, p.cmd.Stderr = &p.log, &p.log
	p.cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if err := p.cmd.Start(); err != nil {
		p.t.Fatal(err)
	}
	cmd, ended := p.cmd, make(chan struct{})
	p.ended = ended
	go func() {
		cmd.Wait()
		close(ended)
	}()
	p.t.Cleanup(func() { // before the folder goes
		cmd.Process.Kill()
		<-ended
	})
}

// sealKey is the file of the key that seals its secrets.
func (p *program) sealKey() string {
	return cmp.Or(p.seal, filepath.Join(p.data, workspace.SealKeyFile))
}

func freeAddress(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

// readyWithin is how long a start may take before a test gives up.
const readyWithin = 60 * time.Second

// start starts the process and returns once it is ready.
func (p *program) start() {
	p.t.Helper()
	p.launch()
	p.waitReady()
}

func (p *program) waitReady() {
	p.t.Helper()
	for deadline := time.Now().Add(readyWithin); !p.ready(); pause(5 * time.Millisecond) {
		if p.gone() {
			p.t.Fatalf("it ended while it was to start (%v): %s", p.cmd.ProcessState, p.log.String())
		}
		if time.Now().After(deadline) {
			p.t.Fatalf("not ready in %s: %s", readyWithin, p.log.String())
		}
	}
}

// ready asks once.
func (p *program) ready() bool {
	answer, err := p.http.Get(p.url() + "/readyz")
	if err != nil {
		return false
	}
	defer answer.Body.Close()
	io.Copy(io.Discard, answer.Body)
	return answer.StatusCode == http.StatusOK
}

func (p *program) gone() bool {
	select {
	case <-p.ended:
		return true
	default:
		return false
	}
}

func (p *program) url() string { return "http://" + *p.addr.Load() }

// pause waits for another process, of which no channel tells.
func pause(d time.Duration) { <-time.After(d) }

// kill ends the process with SIGKILL.
func (p *program) kill() {
	p.cmd.Process.Kill()
	<-p.ended
}

// stopWithin is what a clean stop may take.
const stopWithin = 10 * time.Second

// stop ends the process cleanly.
func (p *program) stop() {
	p.t.Helper()
	if p.inside != nil {
		ctx, cancel := context.WithTimeout(context.Background(), stopWithin)
		defer cancel()
		if err := p.inside.Stop(ctx); err != nil {
			p.t.Error(err)
		}
		return
	}
	p.cmd.Process.Signal(syscall.SIGTERM)
	select {
	case <-p.ended:
	case <-time.After(2 * stopWithin):
		p.kill()
		p.t.Fatalf("it did not stop: %s", p.log.String())
	}
	if !p.cmd.ProcessState.Success() {
		p.t.Errorf("stopped with %v: %s", p.cmd.ProcessState, p.log.String())
	}
}

// created is a workspace with its keys.
type created struct {
	ID        string `json:"id"`
	WriteKey  string `json:"write_key"`
	SecretKey string `json:"secret_key"`
}

// createWorkspace runs the operator's command.
func (p *program) createWorkspace(name string) (w created) {
	p.t.Helper()
	out, err := p.command("workspace", "create", "--name", name, "--json")
	if err != nil {
		p.t.Fatalf("workspace create: %v: %s", err, out)
	}
	if err := json.Unmarshal(out, &w); err != nil {
		p.t.Fatal(err)
	}
	return w
}

// command runs a verb on the program's data and returns what it prints; where
// it fails, also what it prints of the error.
func (p *program) command(verb ...string) ([]byte, error) {
	verb = append(verb, "--data", p.data)
	if p.postgres != "" {
		verb = append(verb, "--database", p.postgres)
	}
	c := exec.Command(exe.path, verb...)
	var stderr bytes.Buffer
	c.Stderr = &stderr
	out, err := c.Output()
	if err != nil {
		out = append(out, stderr.Bytes()...)
	}
	return out, err
}

// post sends a body with a key. The error says why the answer was not 200; the
// status is 0 where none came.
func (p *program) post(ctx context.Context, path, key string, body []byte) (status int, err error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, p.url()+path, bytes.NewReader(body))
	if err != nil {
		return 0, err
	}
	r.SetBasicAuth(key, "")
	answer, err := p.http.Do(r)
	if err != nil {
		return 0, err
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if err == nil && answer.StatusCode != http.StatusOK {
		err = fmt.Errorf("%d %s", answer.StatusCode, text)
	}
	return answer.StatusCode, err
}

// get reads an answer of the API into out.
func (p *program) get(path, key string, out any) error {
	r, err := http.NewRequest(http.MethodGet, p.url()+path, nil)
	if err != nil {
		return err
	}
	r.Header.Set("Authorization", "Bearer "+key)
	answer, err := p.http.Do(r)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if err != nil {
		return err
	}
	if answer.StatusCode != http.StatusOK {
		return fmt.Errorf("GET %s: %d %s", path, answer.StatusCode, text)
	}
	return json.Unmarshal(text, out)
}

// lockedBuffer is what a process has written so far.
type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.Write(p)
}

// String returns the end of it, which tells why a test failed.
func (b *lockedBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	const end = 8 << 10
	text := b.b.Bytes()
	return string(text[max(0, len(text)-end):])
}
