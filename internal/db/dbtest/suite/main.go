// Command suite runs "go test" with the arguments it is given, on one private
// PostgreSQL cluster for all packages. It prints what "go test" prints and ends
// with the tests that were left out and why, which "go test" keeps to itself.
//
//	go run ./internal/db/dbtest/suite -race ./...
//
// With DHVANI_REQUIRE_ALL=1 a test that is left out for want of a program
// (PostgreSQL, Chromium, npm, strace and others, or the Go module proxy) fails
// the run.
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"regexp"
	"slices"
	"strings"
	"syscall"

	"github.com/dhvani/dhvani/internal/db/dbtest"
)

func main() {
	// An interrupt ends go test, which is in the same group; then we tidy up.
	signal.Notify(make(chan os.Signal, 1), os.Interrupt, syscall.SIGTERM)
	ok, err := run(os.Args[1:], os.Stdout)
	if err != nil {
		fmt.Fprintln(os.Stderr, "suite:", err)
	}
	if err != nil || !ok {
		os.Exit(1)
	}
}

func run(args []string, out io.Writer) (ok bool, err error) {
	if os.Getenv("DHVANI_TEST_POSTGRES") == "" {
		address, stop, err := dbtest.StartCluster()
		if err != nil {
			fmt.Fprintln(out, "PostgreSQL was not found; tests on it are left out:", err)
		} else {
			defer stop()
			os.Setenv("DHVANI_TEST_POSTGRES", address)
		}
	}
	for name, programs := range map[string][]string{
		"Chromium": {"chromium", "chromium-browser", "google-chrome", "headless-shell"}, "npm": {"npm"},
	} {
		if !slices.ContainsFunc(programs, func(p string) bool { _, err := exec.LookPath(p); return err == nil }) {
			fmt.Fprintln(out, name+" was not found; tests with it are left out")
		}
	}
	test := exec.Command("go", append([]string{"test", "-json"}, args...)...)
	test.Stderr = os.Stderr
	pipe, err := test.StdoutPipe()
	if err != nil {
		return false, err
	}
	if err := test.Start(); err != nil {
		return false, err
	}
	r := report{out: out, texts: map[string]*strings.Builder{}, left: map[string][]string{}}
	err = r.read(pipe)
	failed := test.Wait() != nil // what failed is printed
	complete := r.leftOut()
	return !failed && complete, err
}

// report turns the events of "go test -json" back into text.
type report struct {
	out   io.Writer
	texts map[string]*strings.Builder // by test, until it ends
	left  map[string][]string         // tests by the reason why they did not run
}

type testEvent struct{ Action, Package, Test, Output string }

func (r *report) read(in io.Reader) error {
	lines := bufio.NewReader(in)
	for {
		line, err := lines.ReadBytes('\n')
		var e testEvent
		if json.Unmarshal(line, &e) == nil {
			r.add(e)
		} else {
			r.out.Write(line)
		}
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
	}
}

func (r *report) add(e testEvent) {
	if e.Test == "" {
		if e.Output != "PASS\n" {
			io.WriteString(r.out, e.Output)
		}
		return
	}
	id := strings.TrimPrefix(e.Package, "github.com/dhvani/dhvani/") + ": " + e.Test
	text := r.texts[id]
	if text == nil {
		text = &strings.Builder{}
		r.texts[id] = text
	}
	switch e.Action {
	case "output":
		if !strings.HasPrefix(e.Output, "=== ") {
			text.WriteString(e.Output)
		}
	case "skip":
		why := reason(text.String())
		r.left[why] = append(r.left[why], id)
		delete(r.texts, id)
	case "fail":
		io.WriteString(r.out, text.String())
		delete(r.texts, id)
	case "pass":
		delete(r.texts, id)
	}
}

var skipLine = regexp.MustCompile(`(?m)^\s+\w+\.go:\d+: (.*)$`)

// reason finds what a skipped test said last.
func reason(text string) string {
	all := skipLine.FindAllStringSubmatch(text, -1)
	if len(all) == 0 {
		return "no reason was given"
	}
	return all[len(all)-1][1]
}

var program = regexp.MustCompile(`^LEFT OUT, no (PostgreSQL|Chromium|npm|Go module proxy|strace|ip|unshare|losetup|fsfreeze|mkfs\.ext4)\b`)

// leftOut lists the tests that did not run, and reports whether that is fine.
func (r *report) leftOut() bool {
	complete := true
	var reasons []string
	for why := range r.left {
		reasons = append(reasons, why)
	}
	slices.Sort(reasons)
	for _, why := range reasons {
		missing := os.Getenv("DHVANI_REQUIRE_ALL") == "1" && program.MatchString(why)
		complete = complete && !missing
		mark := ""
		if missing {
			mark = "FAIL, all are required: "
		}
		fmt.Fprintf(r.out, "%s%s\n", mark, why)
		for _, test := range r.left[why] {
			fmt.Fprintln(r.out, "    "+test)
		}
	}
	return complete
}
