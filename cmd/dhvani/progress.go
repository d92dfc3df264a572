package main

import (
	"fmt"
	"os"
	"strings"
	"sync"
	"time"

	"golang.org/x/term"

	"github.com/dhvani/dhvani/internal/source/file"
)

// progress shows how far a long command is: a bar that moves on a terminal, else
// a line from time to time.
type progress struct {
	out      *os.File
	terminal bool
	mu       sync.Mutex // of out
	done     chan struct{}
	wg       sync.WaitGroup

	last             file.Progress
	lastAt           time.Time
	events, byteRate float64 // a second, over the last few
}

func newProgress(out *os.File) *progress {
	return &progress{out: out, terminal: term.IsTerminal(int(out.Fd())), done: make(chan struct{}), lastAt: time.Now()}
}

// watch shows an import until stop is called.
func (p *progress) watch(now func() file.Progress) {
	p.watchText(func(at time.Time) string { return p.text(now(), at) })
}

// watchText shows what text returns until stop is called.
func (p *progress) watchText(text func(at time.Time) string) {
	every := 5 * time.Second
	if p.terminal {
		every = 200 * time.Millisecond
	}
	p.wg.Go(func() {
		tick := time.NewTicker(every)
		defer tick.Stop()
		for {
			select {
			case <-p.done:
				return
			case at := <-tick.C:
				if p.terminal {
					p.print("\r\x1b[K" + text(at))
				} else {
					p.print(text(at) + "\n")
				}
			}
		}
	})
}

func (p *progress) stop() {
	close(p.done)
	p.wg.Wait()
	if p.terminal {
		p.print("\r\x1b[K")
	}
}

// notice says something between two pictures of the bar.
func (p *progress) notice(text string) {
	if p.terminal {
		text = "\r\x1b[K" + text
	}
	p.print(text + "\n")
}

func (p *progress) print(text string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	fmt.Fprint(p.out, text)
}

// smoothing is how long the rates look back.
const smoothing = 3 * time.Second

// text is the picture at a time.
func (p *progress) text(now file.Progress, at time.Time) string {
	if d := at.Sub(p.lastAt); d > 0 {
		share := min(1, d.Seconds()/smoothing.Seconds())
		p.events += share * (float64(now.Sent-p.last.Sent)/d.Seconds() - p.events)
		p.byteRate += share * (float64(now.Bytes-p.last.Bytes)/d.Seconds() - p.byteRate)
	}
	p.last, p.lastAt = now, at
	if now.Waiting {
		return fmt.Sprintf("All is sent; %s events are not yet visible.", thousands(now.Lag))
	}
	var b strings.Builder
	if now.Total > 0 {
		b.WriteString(bar(now.Bytes, now.Total) + "  ")
	} else {
		fmt.Fprintf(&b, "%.1f MB  ", megabytes(now.Bytes))
	}
	fmt.Fprintf(&b, "%s events  %s a second", thousands(now.Sent), thousands(int64(p.events)))
	if left := float64(now.Total - now.Bytes); left > 0 && p.byteRate > 0 {
		fmt.Fprintf(&b, "  %s left", (time.Duration(left/p.byteRate) * time.Second).String())
	}
	if now.Rejected > 0 {
		fmt.Fprintf(&b, "  %s rejected", thousands(now.Rejected))
	}
	return b.String()
}

// bar draws how many of all bytes are done.
func bar(bytes, total int64) string {
	done := min(1, float64(bytes)/float64(max(total, 1)))
	const width = 30
	full := int(done * width)
	return fmt.Sprintf("[%s%s] %3.0f %%  %.1f of %.1f MB", strings.Repeat("=", full), strings.Repeat(" ", width-full),
		100*done, megabytes(bytes), megabytes(total))
}

func megabytes(n int64) float64 { return float64(n) / 1e6 }

// thousands writes a number with commas.
func thousands(n int64) string {
	s := fmt.Sprint(n)
	for i := len(s) - 3; i > 0 && s[i-1] != '-'; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}
