package torture_test

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/dhvani/dhvani/internal/db/dbtest"
)

const (
	// gapReach is how long a shard may not be written, at the 95th percentile.
	gapReach = 10 * time.Second
	// deathReach and leaveReach are how soon another node owns the shards of one
	// that died, and of one that was stopped.
	deathReach = 10 * time.Second
	leaveReach = time.Second
)

// nodes are two Dhvani nodes, three NATS servers and PostgreSQL, each on a
// machine and a link of its own.
type nodes struct {
	t        *testing.T
	programs []*program
	machines []*machine // of the programs
	nats     []*natsServer
}

func startNodes(t *testing.T) *nodes {
	t.Helper()
	return startNodesOn(t, newNetwork(t))
}

// startNodesOn starts them on a network, with more arguments for serve.
func startNodesOn(t *testing.T, n *network, args ...string) *nodes {
	t.Helper()
	c, err := dbtest.NewCluster(n.here)
	if err != nil {
		t.Skipf("LEFT OUT, no PostgreSQL: %v", err)
	}
	t.Cleanup(c.Remove)
	x := &nodes{t: t}
	var address string
	x.nats, address = natsCluster(t, n)
	seal := filepath.Join(t.TempDir(), "seal.key")
	for i := range 2 {
		m := n.machine(fmt.Sprintf("d%d", i+1), 5+i)
		p := newProgram(t)
		p.postgres, p.wrap, p.listen = c.Address, m.in(), m.ip+":8080"
		p.seal, p.args = seal, append([]string{"--nats", address}, args...)
		p.start()
		x.programs, x.machines = append(x.programs, p), append(x.machines, m)
	}
	return x
}

// NATS servers and nodes die, freeze and lose their links, one at a time.
func TestNodes(t *testing.T) {
	x := startNodes(t)
	ws, l := x.programs[0].createWorkspace("nodes"), newLedger(t)
	x.checkOwners()
	g := startGapLoad(x.programs, ws, l)
	var recovery, ofShard, ofAll []time.Duration
	n := either(3, 100)
	for i := range n {
		pause(500 * time.Millisecond)
		began := time.Now()
		what, mend := x.breakOne(i)
		pause(time.Duration(either(1500, 1000+rand.IntN(7000))) * time.Millisecond)
		mended := time.Now()
		mend()
		x.waitWhole(g, mended)
		recovery = append(recovery, time.Since(mended))
		shard, all := g.since(began)
		ofShard, ofAll = append(ofShard, shard), append(ofAll, all)
		t.Logf("%s: gap of a shard %s, of all %s", what, shard.Round(time.Millisecond), all.Round(time.Millisecond))
	}
	g.stop()
	x.programs[1].stop()
	v := x.programs[0].compare(ws, l, l.first(l.count()))
	v.fault, v.cycles, v.recovery = "NATS servers and nodes", n, recovery
	t.Logf("%s; write gap of a shard p50 %s p95 %s, of all p50 %s p95 %s",
		v, quantile(ofShard, 0.5), quantile(ofShard, 0.95), quantile(ofAll, 0.5), quantile(ofAll, 0.95))
	if p95 := quantile(ofShard, 0.95); tooLong(p95, gapReach) {
		t.Errorf("a shard is not written for %s at the 95th percentile", p95)
	}
}

// breakOne breaks one machine in one of six ways, in turn, and returns how to
// mend it.
func (x *nodes) breakOne(turn int) (what string, mend func()) {
	s, i := x.nats[rand.IntN(len(x.nats))], rand.IntN(len(x.programs))
	p, m := x.programs[i], x.machines[i]
	switch turn % 6 {
	case 0:
		s.kill()
		return "kill -9 of NATS server " + s.machine.name, s.start
	case 1:
		p.kill()
		return "kill -9 of node " + m.name, p.launch
	case 2:
		m.setLink("down")
		return "link down of node " + m.name, func() { m.setLink("up") }
	case 3:
		s.machine.setLink("down")
		return "link down of NATS server " + s.machine.name, func() { s.machine.setLink("up") }
	case 4:
		s.cmd.Process.Signal(syscall.SIGSTOP)
		return "freeze of NATS server " + s.machine.name, func() { s.cmd.Process.Signal(syscall.SIGCONT) }
	default:
		p.cmd.Process.Signal(syscall.SIGSTOP)
		return "freeze of node " + m.name, func() { p.cmd.Process.Signal(syscall.SIGCONT) }
	}
}

// waitWhole waits until every part works again and every shard was written
// since a moment.
func (x *nodes) waitWhole(g *gapLoad, since time.Time) {
	x.t.Helper()
	for _, p := range x.programs {
		p.waitReady()
	}
	for _, s := range x.nats {
		s.waitHealthy()
	}
	for deadline := time.Now().Add(readyWithin); !g.allSince(since); pause(10 * time.Millisecond) {
		if time.Now().After(deadline) {
			x.t.Fatalf("some shard is not written: %s", x.programs[0].log.String())
		}
	}
}

// checkOwners measures how soon shards have another owner after their node
// died, and after it was stopped.
func (x *nodes) checkOwners() {
	x.t.Helper()
	leaver, heir := x.programs[0], x.machines[1].name
	for _, c := range []struct {
		name  string
		leave func()
		reach time.Duration
	}{
		{"died", leaver.kill, deathReach},
		{"was stopped", leaver.stop, leaveReach},
	} {
		x.waitOwners(func(owned map[string]int) bool { return len(owned) == 2 && owned[""] == 0 })
		c.leave()
		began := time.Now()
		x.waitOwners(func(owned map[string]int) bool { return owned[heir] == shards })
		took := time.Since(began)
		x.t.Logf("the shards of a node that %s have another owner after %s", c.name, took.Round(time.Millisecond))
		if tooLong(took, c.reach) {
			x.t.Errorf("%s is more than %s", took, c.reach)
		}
		leaver.start()
	}
}

// waitOwners asks the second node who owns how many shards, until it is so.
func (x *nodes) waitOwners(so func(owned map[string]int) bool) {
	x.t.Helper()
	for deadline := time.Now().Add(readyWithin); ; pause(20 * time.Millisecond) {
		out, err := x.programs[1].command("shards", "--json")
		var list []struct{ Node string }
		if err == nil {
			err = json.Unmarshal(out, &list)
		}
		owned := map[string]int{}
		for _, s := range list {
			owned[s.Node]++
		}
		if err == nil && so(owned) {
			return
		}
		if time.Now().After(deadline) {
			x.t.Fatalf("the shards' owners are %v: %v: %s", owned, err, out)
		}
	}
}
