package torture_test

import (
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// natsServer is one NATS server of a cluster, on a machine of its own.
type natsServer struct {
	t       *testing.T
	machine *machine
	exe     string
	config  string
	cmd     *exec.Cmd
	ended   chan struct{}
	log     lockedBuffer
}

// natsCluster builds NATS from the version that this module has and starts
// three servers. Its address is for --nats.
func natsCluster(t *testing.T, n *network) (servers []*natsServer, address string) {
	t.Helper()
	exe := filepath.Join(t.TempDir(), "nats-server")
	run(t, "go", "build", "-o", exe, "github.com/nats-io/nats-server/v2")
	var routes, clients []string
	for i := range 3 {
		m := n.machine(fmt.Sprintf("n%d", i+1), i+1)
		servers = append(servers, &natsServer{t: t, machine: m, exe: exe})
		routes = append(routes, `"nats://`+m.ip+`:6222"`)
		clients = append(clients, "nats://"+m.ip+":4222")
	}
	for _, s := range servers {
		folder := t.TempDir()
		s.config = filepath.Join(folder, "nats.conf")
		text := fmt.Sprintf(`server_name: %s
listen: "%s:4222"
http: "%[2]s:8222"
max_payload: 8MB
jetstream { store_dir: %[3]q, sync_interval: always }
cluster { name: torture, listen: "%[2]s:6222", routes: [%[4]s] }
`, s.machine.name, s.machine.ip, filepath.Join(folder, "store"), strings.Join(routes, ", "))
		if err := os.WriteFile(s.config, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		s.start()
	}
	for _, s := range servers {
		s.waitHealthy()
	}
	return servers, strings.Join(clients, ",")
}

func (s *natsServer) start() {
	s.t.Helper()
	args := append(s.machine.in(), s.exe, "-c", s.config)
	cmd, ended := exec.Command(args[0], args[1:]...), make(chan struct{})
	cmd.Stdout, cmd.Stderr = &s.log, &s.log
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if err := cmd.Start(); err != nil {
		s.t.Fatal(err)
	}
	s.cmd, s.ended = cmd, ended
	go func() {
		cmd.Wait()
		close(ended)
	}()
	s.t.Cleanup(func() {
		cmd.Process.Kill()
		<-ended
	})
}

// kill ends the server with SIGKILL.
func (s *natsServer) kill() {
	s.cmd.Process.Kill()
	<-s.ended
}

// waitHealthy waits until the server has all that the others have.
func (s *natsServer) waitHealthy() {
	s.t.Helper()
	client := &http.Client{Timeout: time.Second}
	defer client.CloseIdleConnections()
	for deadline := time.Now().Add(readyWithin); !answersOK(client, "http://"+s.machine.ip+":8222/healthz"); pause(50 * time.Millisecond) {
		select {
		case <-s.ended:
			s.t.Fatalf("NATS server %s ended: %s", s.machine.name, s.log.String())
		default:
		}
		if time.Now().After(deadline) {
			s.t.Fatalf("NATS server %s is not healthy in %s: %s", s.machine.name, readyWithin, s.log.String())
		}
	}
}
