package dbtest

import (
	"bytes"
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
)

// Cluster is a PostgreSQL cluster in a temporary folder, reached over a socket
// there or over the network.
type Cluster struct {
	// Address is that of a database without tables.
	Address string

	bin, dir string
	listen   string               // options by which the server listens
	attr     *syscall.SysProcAttr // whom it runs as
}

// StartCluster makes and starts a cluster and returns its address and how to
// remove it.
func StartCluster() (address string, stop func(), err error) {
	c, err := NewCluster("")
	if err != nil {
		return "", nil, err
	}
	return c.Address, c.Remove, nil
}

// NewCluster makes a cluster and starts it. What it commits is synced to disk.
// It listens on an IP address of this machine, if one is given, and lets in
// everybody who reaches it there.
func NewCluster(ip string) (*Cluster, error) {
	bin, err := programs()
	if err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp("", "dhvpg")
	if err != nil {
		return nil, err
	}
	c := &Cluster{
		Address: "postgres:///postgres?user=dhvani&host=" + url.QueryEscape(dir), bin: bin, dir: dir, listen: "-c listen_addresses=''",
	}
	if c.attr, err = unprivileged(dir); err == nil {
		err = c.run("initdb", "-D", c.data(), "-U", "dhvani", "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8", "--no-sync")
	}
	if err == nil && ip != "" {
		err = c.listenOn(ip)
	}
	if err == nil {
		err = c.Start()
	}
	if err != nil {
		c.Remove()
		return nil, err
	}
	return c, nil
}

func (c *Cluster) listenOn(ip string) error {
	l, err := net.Listen("tcp", net.JoinHostPort(ip, "0"))
	if err != nil {
		return err
	}
	address := l.Addr().(*net.TCPAddr)
	l.Close()
	c.Address = fmt.Sprintf("postgres://dhvani@%s/postgres?sslmode=disable", address)
	c.listen = fmt.Sprintf("-c listen_addresses='%s' -c port=%d", ip, address.Port)
	rules, err := os.OpenFile(filepath.Join(c.data(), "pg_hba.conf"), os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	_, err = rules.WriteString("host all all samenet trust\n")
	return errors.Join(err, rules.Close())
}

func (c *Cluster) data() string { return filepath.Join(c.dir, "data") }

// Start starts the cluster and returns once it accepts connections.
func (c *Cluster) Start() error {
	opts := fmt.Sprintf("%s -c unix_socket_directories='%s' -c max_connections=200 -c shared_buffers=128MB", c.listen, c.dir)
	return c.run("pg_ctl", "-D", c.data(), "-l", filepath.Join(c.dir, "log"), "-o", opts, "-w", "start")
}

// Crash ends the cluster as a crash does: without a checkpoint.
func (c *Cluster) Crash() error { return c.run("pg_ctl", "-D", c.data(), "-m", "immediate", "stop") }

// Remove ends the cluster and removes it.
func (c *Cluster) Remove() {
	_ = c.Crash() // it may not run
	os.RemoveAll(c.dir)
}

// Freeze stops all processes of the cluster; Thaw lets them go on. Connections
// stay open and nobody answers.
func (c *Cluster) Freeze() error {
	server, err := c.server()
	if err != nil {
		return err
	}
	if err := syscall.Kill(server, syscall.SIGSTOP); err != nil {
		return err
	}
	for state := ""; state != "T"; { // then it starts no more processes
		if state, _, err = processState(server); err != nil {
			return err
		}
	}
	return c.signalChildren(server, syscall.SIGSTOP)
}

// Thaw ends a Freeze.
func (c *Cluster) Thaw() error {
	server, err := c.server()
	if err != nil {
		return err
	}
	if err := syscall.Kill(server, syscall.SIGCONT); err != nil {
		return err
	}
	return c.signalChildren(server, syscall.SIGCONT)
}

// server is the process that starts all others.
func (c *Cluster) server() (int, error) {
	text, err := os.ReadFile(filepath.Join(c.data(), "postmaster.pid"))
	if err != nil {
		return 0, err
	}
	first, _, _ := strings.Cut(string(text), "\n")
	return strconv.Atoi(first)
}

func (c *Cluster) signalChildren(server int, s syscall.Signal) error {
	all, err := filepath.Glob("/proc/[0-9]*")
	if err != nil {
		return err
	}
	for _, folder := range all {
		pid, _ := strconv.Atoi(filepath.Base(folder))
		if _, parent, err := processState(pid); err == nil && parent == server {
			_ = syscall.Kill(pid, s) // it may have ended
		}
	}
	return nil
}

// processState reads a process's state, such as T for stopped, and its parent.
func processState(pid int) (state string, parent int, err error) {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return "", 0, err
	}
	rest := strings.Fields(string(stat[bytes.LastIndexByte(stat, ')')+1:])) // pid (name) state parent ...
	if len(rest) < 2 {
		return "", 0, fmt.Errorf("the state of process %d is %q", pid, stat)
	}
	parent, err = strconv.Atoi(rest[1])
	return rest[0], parent, err
}

func (c *Cluster) run(name string, args ...string) error {
	p := exec.Command(filepath.Join(c.bin, name), args...)
	p.SysProcAttr, p.Dir = c.attr, c.dir
	var out bytes.Buffer
	p.Stdout, p.Stderr = &out, &out
	if name == "pg_ctl" { // the server keeps what it inherits open
		p.Stdout, p.Stderr = nil, nil
	}
	if err := p.Run(); err != nil {
		return fmt.Errorf("%s: %w: %s", name, err, out.Bytes())
	}
	return nil
}

func programs() (string, error) {
	if p, err := exec.LookPath("initdb"); err == nil {
		return filepath.Dir(p), nil
	}
	found, _ := filepath.Glob("/usr/lib/postgresql/*/bin/initdb")
	if len(found) == 0 {
		return "", fmt.Errorf("initdb was not found")
	}
	return filepath.Dir(found[len(found)-1]), nil
}

// unprivileged gives the folder to a user that PostgreSQL agrees to run as.
func unprivileged(dir string) (*syscall.SysProcAttr, error) {
	if os.Getuid() != 0 {
		return nil, nil
	}
	for _, name := range []string{"postgres", "nobody"} {
		u, err := user.Lookup(name)
		if err != nil {
			continue
		}
		uid, _ := strconv.Atoi(u.Uid)
		gid, _ := strconv.Atoi(u.Gid)
		if err := os.Chown(dir, uid, gid); err != nil {
			return nil, err
		}
		return &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}}, nil
	}
	return nil, fmt.Errorf("no unprivileged user to run PostgreSQL as")
}
