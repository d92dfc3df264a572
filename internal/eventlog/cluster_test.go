package eventlog

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"
)

// serverEnv makes the test program a NATS server: its settings as JSON. So the
// tests can kill and freeze one.
const serverEnv = "DHVANI_TEST_NATS_SERVER"

type serverSettings struct {
	Name, Dir string
	Port      int
	Cluster   int   // port of the routes, 0 for a server alone
	Routes    []int // ports
}

func (s serverSettings) options() *server.Options {
	o := &server.Options{
		ServerName: s.Name, Host: "127.0.0.1", Port: s.Port, NoLog: true, NoSigs: true,
		JetStream: true, StoreDir: s.Dir, SyncAlways: true, MaxPayload: maxPayload,
	}
	if s.Cluster > 0 {
		o.Cluster = server.ClusterOpts{Name: "test", Host: "127.0.0.1", Port: s.Cluster}
	}
	for _, port := range s.Routes {
		o.Routes = append(o.Routes, &url.URL{Scheme: "nats", Host: "127.0.0.1:" + strconv.Itoa(port)})
	}
	return o
}

func TestMain(m *testing.M) {
	text, ok := os.LookupEnv(serverEnv)
	if !ok {
		os.Exit(m.Run())
	}
	var settings serverSettings
	if err := json.Unmarshal([]byte(text), &settings); err != nil {
		panic(err)
	}
	s, err := server.NewServer(settings.options())
	if err != nil {
		panic(err)
	}
	s.Start()
	if !s.ReadyForConnections(20 * time.Second) {
		panic("the server does not start")
	}
	fmt.Println("ready")
	io.Copy(io.Discard, os.Stdin) // it ends with the test
}

// servers are three NATS servers with routes between them, each a process.
type servers struct {
	settings [3]serverSettings
	running  [3]*exec.Cmd
}

func startServers(t *testing.T) *servers {
	t.Helper()
	c, dir, ports := &servers{}, t.TempDir(), freePorts(t, 6)
	for i := range 3 {
		c.settings[i] = serverSettings{
			Name: fmt.Sprint("s", i), Dir: filepath.Join(dir, strconv.Itoa(i)), Port: ports[i], Cluster: ports[3+i], Routes: ports[3:],
		}
		c.start(t, i)
	}
	t.Cleanup(func() {
		for i := range c.running {
			c.kill(i)
		}
	})
	return c
}

func freePorts(t *testing.T, n int) (ports []int) {
	t.Helper()
	for range n {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		defer l.Close()
		ports = append(ports, l.Addr().(*net.TCPAddr).Port)
	}
	return ports
}

func (c *servers) start(t *testing.T, i int) {
	t.Helper()
	text, err := json.Marshal(c.settings[i])
	if err != nil {
		t.Fatal(err)
	}
	p := exec.Command(os.Args[0])
	p.Env = append(os.Environ(), serverEnv+"="+string(text))
	p.Stderr = os.Stderr
	out, err := p.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := p.StdinPipe(); err != nil {
		t.Fatal(err)
	}
	if err := p.Start(); err != nil {
		t.Fatal(err)
	}
	c.running[i] = p
	if line, err := bufio.NewReader(out).ReadString('\n'); err != nil || line != "ready\n" {
		t.Fatalf("server %d said %q, %v", i, line, err)
	}
}

func (c *servers) kill(i int) {
	if p := c.running[i]; p != nil {
		c.running[i] = nil
		p.Process.Kill()
		p.Wait()
	}
}

func (c *servers) signal(i int, s syscall.Signal) { c.running[i].Process.Signal(s) }

// options open a node's log with two shards.
func (c *servers) options() Options {
	var list []string
	for _, s := range c.settings {
		list = append(list, fmt.Sprintf("nats://127.0.0.1:%d", s.Port))
	}
	return Options{MaxBytes: 64 << 20, Logger: slog.New(slog.DiscardHandler), Cluster: &Cluster{URL: strings.Join(list, ","), Replicas: 3, Shards: 2}}
}

func (c *servers) open(t testing.TB) *Log {
	t.Helper()
	l, err := Open(context.Background(), c.options())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	return l
}

// leader is the number of the server that leads a shard.
func (c *servers) leader(t *testing.T, l *Log, shard int) int {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	info, err := l.survey(ctx, shard)
	if err != nil {
		t.Fatal(err)
	}
	n, _ := strconv.Atoi(strings.TrimPrefix(info.Cluster.Leader, "s"))
	return n
}

// until waits for something that others do.
func until(t *testing.T, what string, done func() bool) {
	t.Helper()
	deadline := time.After(60 * time.Second)
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for !done() {
		select {
		case <-tick.C:
		case <-deadline:
			t.Fatal("waited in vain until ", what)
		}
	}
}
