package web

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"
)

// serve starts a server on port 0 and returns its address.
func serve(t *testing.T, limit int, h http.HandlerFunc) (*http.Server, string) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := NewServer(h, slog.New(slog.DiscardHandler))
	done := make(chan error, 1)
	go func() { done <- s.Serve(LimitListener(l, limit)) }()
	t.Cleanup(func() {
		s.Close()
		if err := <-done; !errors.Is(err, http.ErrServerClosed) {
			t.Error(err)
		}
	})
	return s, l.Addr().String()
}

func TestShutdownDrains(t *testing.T) {
	entered, finish := make(chan struct{}), make(chan struct{})
	s, addr := serve(t, 10, func(w http.ResponseWriter, r *http.Request) {
		close(entered)
		<-Draining(r.Context()) // a stream without end
		<-finish                // and then work that still counts
		io.WriteString(w, "whole")
	})
	answer := make(chan string, 1)
	go func() {
		resp, err := http.Get("http://" + addr)
		if err != nil {
			answer <- err.Error()
			return
		}
		defer resp.Body.Close()
		b, _ := io.ReadAll(resp.Body)
		answer <- string(b)
	}()
	<-entered
	stopped := make(chan error, 1)
	go func() { stopped <- Shutdown(context.Background(), s) }()
	close(finish)
	if err := <-stopped; err != nil {
		t.Error(err)
	}
	if got := <-answer; got != "whole" {
		t.Errorf("a running request was answered %q", got)
	}
}

func TestShutdownEnds(t *testing.T) {
	entered, cut := make(chan struct{}), make(chan struct{})
	s, addr := serve(t, 10, func(w http.ResponseWriter, r *http.Request) {
		close(entered)
		<-r.Context().Done()
		close(cut)
	})
	go func() {
		if resp, err := http.Get("http://" + addr); err == nil {
			resp.Body.Close()
		}
	}()
	<-entered
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Millisecond)
	defer cancel()
	if err := Shutdown(ctx, s); !errors.Is(err, context.DeadlineExceeded) {
		t.Error(err)
	}
	<-cut
}

func TestLimits(t *testing.T) {
	_, addr := serve(t, 1, func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "hello") })
	dial := func() net.Conn {
		c, err := net.Dial("tcp", addr)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { c.Close() })
		return c
	}
	status := func(c net.Conn, header string) int {
		fmt.Fprintf(c, "GET / HTTP/1.1\r\nHost: x\r\n%s\r\n", header)
		resp, err := http.ReadResponse(bufio.NewReader(c), nil)
		if err != nil {
			return 0
		}
		io.Copy(io.Discard, resp.Body)
		resp.Body.Close()
		return resp.StatusCode
	}
	first, second := dial(), dial()
	if got := status(first, ""); got != 200 {
		t.Fatal(got)
	}
	second.SetDeadline(time.Now().Add(50 * time.Millisecond))
	if got := status(second, ""); got != 0 {
		t.Errorf("a connection over the limit was answered %d", got)
	}
	first.Close()
	second.SetDeadline(time.Now().Add(10 * time.Second))
	if resp, err := http.ReadResponse(bufio.NewReader(second), nil); err != nil || resp.StatusCode != 200 {
		t.Fatalf("a connection that waited was not served: %v", err)
	}
	second.Close()
	if got := status(dial(), "X: "+strings.Repeat("x", 40<<10)+"\r\n"); got != http.StatusRequestHeaderFieldsTooLarge {
		t.Errorf("40 KB of headers were answered %d", got)
	}
}

// Clients that take nothing of large answers are cut off soon where there are
// many, and a slow one that takes a little is not.
func TestUnreadAnswers(t *testing.T) {
	answer := bytes.Repeat([]byte("x"), 24<<20)
	ended := make(chan struct{}, 10)
	_, addr := serve(t, 100, func(w http.ResponseWriter, _ *http.Request) {
		w.Write(answer)
		ended <- struct{}{}
	})
	ask := func() net.Conn {
		c, err := net.Dial("tcp", addr)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { c.Close() })
		fmt.Fprintf(c, "GET / HTTP/1.1\r\nHost: x\r\n\r\n")
		return c
	}
	for range 4 {
		ask()
	}
	<-ended // one is cut off, and then there is room
	<-ended
	resp, err := http.Get("http://" + addr)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if b, err := io.ReadAll(resp.Body); len(b) != len(answer) || err != nil {
		t.Errorf("a client that reads got %d bytes: %v", len(b), err)
	}
}
