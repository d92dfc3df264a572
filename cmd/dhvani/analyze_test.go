package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"runtime"
	"strings"
	"testing"
	"testing/iotest"

	"pgregory.net/rapid"

	"github.com/dhvani/dhvani/internal/language"
)

// echo gives a text back as a topic.
type echo struct{}

func (echo) Analyze(text string) language.Analysis {
	return language.Analysis{Topics: []language.Topic{{Name: text}}}
}

func topics(t interface{ Fatal(...any) }, out string) (texts []string) {
	for line := range strings.Lines(out) {
		var a language.Answer
		if err := json.Unmarshal([]byte(line), &a); err != nil || len(a.Topics) != 1 {
			t.Fatal(line, err)
		}
		texts = append(texts, a.Topics[0])
	}
	return texts
}

// Every line is answered in its place, however it arrives.
func TestAnalyzeLines(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		line := rapid.Custom(func(r *rapid.T) string {
			return strings.Repeat(rapid.StringMatching(`[a-zé😀क]{0,3}`).Draw(r, "line"), rapid.SampledFrom([]int{1, 1, 1, 40, 9000, 30_000}).Draw(r, "times"))
		})
		lines := rapid.SliceOfN(line, 0, 1000).Draw(r, "lines")
		end := rapid.SampledFrom([]string{"\n", "\r\n"}).Draw(r, "end")
		text := strings.Join(lines, end)
		if len(lines) > 0 && (lines[len(lines)-1] == "" || rapid.Bool().Draw(r, "ends")) {
			text += end
		}
		var in io.Reader = strings.NewReader(text)
		if rapid.Bool().Draw(r, "in halves") {
			in = iotest.HalfReader(in)
		}
		var out strings.Builder
		if err := analyzeLines(in, &out, echo{}); err != nil {
			r.Fatal(err)
		}
		got := topics(r, out.String())
		if len(got) != len(lines) {
			r.Fatalf("%d answers to %d lines", len(got), len(lines))
		}
		for i, line := range lines {
			if len(line) > language.MaxBytes {
				line, got[i] = line[:language.MaxBytes-3], got[i][:language.MaxBytes-3]
			}
			if want := strings.ToValidUTF8(line, ""); strings.TrimRight(got[i], "�") != want {
				r.Fatalf("line %d: %.50q (%d), not %.50q (%d)", i, got[i], len(got[i]), want, len(want))
			}
		}
	})
}

// Who asks line by line is answered line by line, also with half a line behind.
func TestAnalyzePauses(t *testing.T) {
	in, ask := io.Pipe()
	answers, out := io.Pipe()
	done := make(chan error, 1)
	go func() { done <- analyzeLines(in, out, echo{}) }()
	r := bufio.NewReader(answers)
	for i := range 20 {
		fmt.Fprintf(ask, "%d\nnext: ", i)
		line, err := r.ReadString('\n')
		want := fmt.Sprintf("next: %d", i)
		if i == 0 {
			want = "0"
		}
		if got := topics(t, line); err != nil || got[0] != want {
			t.Fatal(got, want, err)
		}
	}
	failed := errors.New("gone")
	ask.CloseWithError(failed)
	if line, _ := r.ReadString('\n'); topics(t, line)[0] != "next: " {
		t.Errorf("at last %s", line)
	}
	if err := <-done; !errors.Is(err, failed) {
		t.Error(err)
	}
}

// endless is a line without an end, up to so many bytes.
type endless struct{ left int64 }

func (e *endless) Read(b []byte) (int, error) {
	if e.left <= 0 {
		return 0, io.EOF
	}
	for i := range b {
		b[i] = 'a'
	}
	e.left -= int64(len(b))
	return len(b), nil
}

// Neither long lines nor many fill the memory, and who cannot write stops reading.
func TestAnalyzeIsBounded(t *testing.T) {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	if err := analyzeLines(&endless{256 << 20}, io.Discard, echo{}); err != nil {
		t.Fatal(err)
	}
	runtime.ReadMemStats(&after)
	if used := after.TotalAlloc - before.TotalAlloc; used > 16<<20 {
		t.Errorf("a line of 256 MB took %d MB", used>>20)
	}
	in, ask := io.Pipe()
	go func() {
		for {
			if _, err := io.WriteString(ask, "a\n"); err != nil {
				return
			}
		}
	}()
	full := errors.New("full")
	closed, w := io.Pipe()
	closed.CloseWithError(full)
	if err := analyzeLines(in, w, echo{}); !errors.Is(err, full) {
		t.Error(err)
	}
	in.Close()
}
