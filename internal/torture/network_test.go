package torture_test

import (
	"fmt"
	"os"
	"os/exec"
	"testing"
)

// network is some machines, each a network namespace with an address and a
// link of its own, on one bridge that this machine is on too.
type network struct {
	t      *testing.T
	prefix string // of all names, which have at most 15 letters
	net    string // the first three numbers of all addresses
	here   string // this machine's address
}

// machine is one of a network's.
type machine struct {
	n    *network
	name string
	ip   string
}

// newNetwork leaves the test out where namespaces are not allowed.
func newNetwork(t *testing.T) *network {
	t.Helper()
	needPrograms(t, "ip", "unshare", "hostname")
	needRoot(t)
	pid := os.Getpid()
	n := &network{t: t, prefix: fmt.Sprintf("dt%d", pid), net: fmt.Sprintf("10.%d.%d", 100+pid%100, pid/100%250)}
	n.here = n.net + ".1"
	bridge := n.prefix + "b"
	if out, err := exec.Command("ip", "link", "add", bridge, "type", "bridge").CombinedOutput(); err != nil {
		t.Skipf("LEFT OUT, not allowed to make networks: %s", out)
	}
	t.Cleanup(func() { exec.Command("ip", "link", "del", bridge).Run() })
	run(t, "ip", "addr", "add", n.here+"/24", "dev", bridge)
	run(t, "ip", "link", "set", bridge, "up")
	return n
}

// machine adds one; number is the last of its address, at most 9.
func (n *network) machine(name string, number int) *machine {
	n.t.Helper()
	m := &machine{n: n, name: name, ip: fmt.Sprintf("%s.%d", n.net, 10+number)}
	space, outer, inner := m.space(), m.link(), fmt.Sprintf("%si%d", n.prefix, number)
	run(n.t, "ip", "netns", "add", space)
	n.t.Cleanup(func() { exec.Command("ip", "netns", "del", space).Run() }) // its links go with it
	run(n.t, "ip", "link", "add", outer, "type", "veth", "peer", "name", inner)
	run(n.t, "ip", "link", "set", inner, "netns", space)
	run(n.t, "ip", "link", "set", outer, "master", n.prefix+"b")
	run(n.t, "ip", "link", "set", outer, "up")
	run(n.t, "ip", "-n", space, "addr", "add", m.ip+"/24", "dev", inner)
	run(n.t, "ip", "-n", space, "link", "set", inner, "up")
	run(n.t, "ip", "-n", space, "link", "set", "lo", "up")
	return m
}

func (m *machine) space() string { return m.n.prefix + m.name }
func (m *machine) link() string  { return m.n.prefix + m.name }

// in is what runs a program on the machine, under its name.
func (m *machine) in() []string {
	return []string{"ip", "netns", "exec", m.space(), "unshare", "--uts", "sh", "-c", "hostname " + m.name + ` && exec "$0" "$@"`}
}

// setLink takes the machine's link down or up.
func (m *machine) setLink(state string) {
	m.n.t.Helper()
	run(m.n.t, "ip", "link", "set", m.link(), state)
}
