package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"runtime"
	"strings"
	"unicode/utf8"

	"golang.org/x/sync/errgroup"

	"github.com/dhvani/dhvani/internal/language"
)

type analyzer interface {
	Analyze(text string) language.Analysis
}

// part is some lines, and then what they say.
type part struct {
	lines []string
	bytes int
	json  bytes.Buffer
	done  chan struct{}
}

const (
	partLines = 256
	partBytes = 64 << 10
	// longestLine is what is kept of a line: so much that the analysis sees where
	// to cut it.
	longestLine = language.MaxBytes + utf8.UTFMax
)

func (p *part) analyze(a analyzer) {
	defer close(p.done)
	out := json.NewEncoder(&p.json)
	for _, line := range p.lines {
		out.Encode(a.Analyze(line).Answer())
	}
	p.lines = nil
}

// analyzeLines analyses lines on all cores and writes what they say in their
// order; what was read is written before more is waited for. It holds a bounded
// number of lines at a time.
func analyzeLines(in io.Reader, out io.Writer, a analyzer) error {
	cores := runtime.GOMAXPROCS(0)
	work, order, failed := make(chan *part), make(chan *part, 2*cores), make(chan struct{})
	var g errgroup.Group
	for range cores {
		g.Go(func() error {
			for p := range work {
				p.analyze(a)
			}
			return nil
		})
	}
	g.Go(func() error {
		err := writeParts(order, out)
		if err != nil {
			close(failed)
		}
		return err
	})
	g.Go(func() error {
		defer close(work)
		defer close(order)
		return readParts(in, func(p *part) bool {
			select {
			case order <- p:
				work <- p
				return true
			case <-failed:
				return false
			}
		})
	})
	return g.Wait()
}

// readParts gives parts until the input ends or nobody takes them.
func readParts(in io.Reader, give func(*part) bool) error {
	r := bufio.NewReaderSize(in, partBytes)
	p := &part{done: make(chan struct{})}
	for {
		line, err := readLine(r)
		if err == nil || line != "" {
			p.lines = append(p.lines, line)
			p.bytes += len(line)
		}
		full := len(p.lines) >= partLines || p.bytes >= partBytes
		if len(p.lines) > 0 && (err != nil || full || !hasLine(r)) {
			if !give(p) {
				return nil
			}
			p = &part{done: make(chan struct{})}
		}
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
	}
}

// hasLine reports whether a line can be read without waiting.
func hasLine(r *bufio.Reader) bool {
	b, _ := r.Peek(r.Buffered())
	return bytes.IndexByte(b, '\n') >= 0
}

// readLine reads a line of any length and returns the beginning of it.
func readLine(r *bufio.Reader) (string, error) {
	var line []byte
	for {
		piece, err := r.ReadSlice('\n')
		line = append(line, piece[:min(len(piece), longestLine-len(line))]...)
		if !errors.Is(err, bufio.ErrBufferFull) {
			return strings.TrimSuffix(strings.TrimSuffix(string(line), "\n"), "\r"), err
		}
	}
}

func writeParts(order <-chan *part, out io.Writer) error {
	for p := range order {
		<-p.done
		if _, err := out.Write(p.json.Bytes()); err != nil {
			return err
		}
	}
	return nil
}
