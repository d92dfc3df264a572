package torture_test

import (
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// point is one place where a drive fails: the n-th time that a thread of the
// program does a call on a file.
type point struct {
	phase   string // start, quiet (an event now and then) or load
	target  string // log or database
	call    string // sync or write
	lasting bool   // it fails from then on, not once
	n       int
}

func (p point) String() string {
	return fmt.Sprintf("%s, %s, %s %d, lasting %t", p.phase, p.target, p.call, p.n, p.lasting)
}

// points goes through all combinations first, and then through later calls.
func points(count int) (out []point) {
	for n := 1; ; n++ {
		for _, lasting := range []bool{false, true} {
			for _, target := range []string{"log", "database"} {
				for _, call := range []string{"sync", "write"} {
					for _, phase := range []string{"load", "quiet", "start"} {
						if out = append(out, point{phase, target, call, lasting, n}); len(out) == count {
							return out
						}
					}
				}
			}
		}
	}
}

// A drive that fails makes no false answer: within a second the program says
// that it is not ready, then it ends, and a start on the mended drive finds
// everything acknowledged.
func TestFailingDrive(t *testing.T) {
	needPrograms(t, "strace")
	all := points(either(24, 100))
	if !long { // each phase, target and call once
		all = []point{all[0], all[9+12], all[7], all[2+12]}
	}
	v := verdict{fault: "EIO"}
	reached := 0
	var noticed []time.Duration
	for _, at := range all {
		t.Run(at.String(), func(t *testing.T) {
			found, took, hit := failAt(t, at)
			if hit {
				reached++
				noticed = append(noticed, took)
			}
			v.acknowledged, v.lost, v.doubled = v.acknowledged+found.acknowledged, v.lost+found.lost, v.doubled+found.doubled
			v.recovery = append(v.recovery, found.recovery...)
		})
	}
	v.cycles = reached
	t.Logf("%s; not ready p50 %s p95 %s after the error; %d of %d points were reached",
		v, quantile(noticed, 0.5), quantile(noticed, 0.95), reached, len(all))
	if reached*4 < len(all)*3 {
		t.Errorf("only %d of %d points were reached: the test shows little", reached, len(all))
	}
}

// failAt runs a new program into one point. It returns how long the error went
// unnoticed, and whether there was one.
func failAt(t *testing.T, at point) (v verdict, noticed time.Duration, hit bool) {
	p := newProgram(t)
	p.start()
	ws, l := p.createWorkspace("eio"), newLedger(t)
	p.acknowledge(ws, l, l.send(50))
	tr := &tracer{t: t, p: p, at: at, out: filepath.Join(t.TempDir(), "trace")}
	var w *watch
	if at.phase == "start" {
		p.kill() // so that a start has something to do
		tr.files()
		p.wrap = append([]string{"strace", "-D"}, tr.arguments()...)
		p.launch()
		w = p.watch()
	} else {
		w = p.watch()
		tr.files()
		tr.attach()
	}
	gap := 10 * time.Millisecond
	if at.phase == "quiet" {
		gap = 100 * time.Millisecond
	}
	x := p.startLoad(ws, l, map[string]int{"load": 4, "quiet": 1, "start": 1}[at.phase], gap)
	when, hit := tr.injected()
	if hit {
		noticed = p.checkNoticed(w, when)
		p.checkEnds()
	}
	tr.detach()
	x.stop()
	w.stop()
	p.kill()

	p.wrap = nil
	began := time.Now()
	p.launch()
	_, took := p.recovered(began, ws, l)
	v = p.compare(ws, l, l.first(l.count()))
	v.recovery = []time.Duration{took}
	return v, noticed, hit
}

// checkNoticed waits until the program says that it is not ready or ends.
func (p *program) checkNoticed(w *watch, injected time.Time) time.Duration {
	p.t.Helper()
	for deadline := injected.Add(5 * time.Second); time.Now().Before(deadline); pause(5 * time.Millisecond) {
		if down := w.downAfter(injected); !down.IsZero() {
			took := down.Sub(injected)
			if tooLong(took, notReadyReach) {
				p.t.Errorf("the error was noticed %s later: %s", took, p.log.String())
			}
			return took
		}
	}
	p.t.Errorf("the error was not noticed: %s", p.log.String())
	return time.Since(injected)
}

// checkEnds waits until the program ends by itself: what a drive did with the
// data that it did not take is not known, only what a new start reads.
func (p *program) checkEnds() {
	p.t.Helper()
	select {
	case <-p.ended:
		if code := p.cmd.ProcessState.ExitCode(); code != 1 {
			p.t.Errorf("it ended with %v: %s", p.cmd.ProcessState, p.log.String())
		}
	case <-time.After(stopWithin):
		p.t.Errorf("it goes on with a drive that failed: %s", p.log.String())
	}
}

// tracer is a strace that makes calls of the program fail.
type tracer struct {
	t     *testing.T
	p     *program
	at    point
	paths []string
	out   string // where strace writes what it sees
}

// files finds the files that the point is about.
func (tr *tracer) files() {
	tr.t.Helper()
	filepath.WalkDir(tr.p.data, func(path string, d fs.DirEntry, err error) error {
		name := filepath.Base(path)
		isLog := strings.HasSuffix(name, ".blk")
		isDatabase := name == "dhvani.db" || name == "dhvani.db-wal"
		if err == nil && (tr.at.target == "log" && isLog || tr.at.target == "database" && isDatabase) {
			tr.paths = append(tr.paths, path)
		}
		return nil // what vanishes meanwhile is not looked for
	})
	if len(tr.paths) == 0 {
		tr.t.Fatalf("no file of the %s was found", tr.at.target)
	}
}

func (tr *tracer) arguments() []string {
	calls := map[string]string{"sync": "fsync,fdatasync", "write": "write,pwrite64"}[tr.at.call]
	when := strconv.Itoa(tr.at.n)
	if tr.at.lasting {
		when += "+"
	}
	out := []string{"-f", "-qq", "-I1", "-ttt", "-o", tr.out, "-e", "trace=" + calls, "-e", "inject=" + calls + ":error=EIO:when=" + when}
	for _, path := range tr.paths {
		out = append(out, "-P", path)
	}
	return out
}

// attach begins to trace the running program.
func (tr *tracer) attach() {
	tr.t.Helper()
	c := exec.Command("strace", append(tr.arguments(), "-p", strconv.Itoa(tr.p.cmd.Process.Pid))...)
	if err := c.Start(); err != nil {
		tr.t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- c.Wait() }()
	for tr.pid() == 0 {
		select {
		case err := <-ended:
			tr.t.Skipf("LEFT OUT, not allowed to trace: %v", err)
		case <-time.After(5 * time.Millisecond):
		}
	}
	tr.t.Cleanup(func() { c.Process.Kill() })
}

// pid is the process that traces the program, 0 where none does.
func (tr *tracer) pid() int {
	text, _ := os.ReadFile(fmt.Sprintf("/proc/%d/status", tr.p.cmd.Process.Pid))
	m := regexp.MustCompile(`TracerPid:\t(\d+)`).FindSubmatch(text)
	if m == nil {
		return 0
	}
	n, _ := strconv.Atoi(string(m[1]))
	return n
}

// detach ends the tracing, where the program still lives.
func (tr *tracer) detach() {
	if pid := tr.pid(); pid != 0 {
		syscall.Kill(pid, syscall.SIGTERM)
	}
	for deadline := time.Now().Add(5 * time.Second); tr.pid() != 0 && time.Now().Before(deadline); {
		pause(5 * time.Millisecond)
	}
}

var injectedLine = regexp.MustCompile(`(?m)^\d+ +(\d+)\.(\d{6}) .*\(INJECTED\)`)

// injected waits for the first error and returns its time.
func (tr *tracer) injected() (time.Time, bool) {
	for deadline := time.Now().Add(6 * time.Second); time.Now().Before(deadline); pause(5 * time.Millisecond) {
		text, _ := os.ReadFile(tr.out)
		if m := injectedLine.FindSubmatch(text); m != nil {
			seconds, _ := strconv.ParseInt(string(m[1]), 10, 64)
			micros, _ := strconv.ParseInt(string(m[2]), 10, 64)
			return time.Unix(seconds, micros*1000), true
		}
	}
	return time.Time{}, false
}
